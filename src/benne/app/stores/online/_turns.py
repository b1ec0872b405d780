"""Writers of one process on SQLite: one after another, and several to one flush of the disk.

SQLite has one writer at a time, and each commit waits until the disk has it.  So whoever is done
while somebody waits hands its open transaction over; the last of them commits for all, and nobody
returns before that.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from sqlite3 import OperationalError
from threading import Event, Lock
from typing import Any

from sqlalchemy import Connection, Engine

from benne.kernel import Unavailable

_SECONDS = 10
_TOGETHER = 16
"""How many units one flush is for at most: the first of them waits for all."""


@dataclass(eq=False)
class _Flush:
    """A transaction that several units share, and what became of it."""

    stack: ExitStack
    connection: Connection
    units: int = 0
    done: Event = field(default_factory=Event)
    error: BaseException | None = None

    @contextmanager
    def part(self) -> Iterator[Connection]:
        """One unit's own part, undone by itself where it raises."""
        driver: Any = self.connection.connection.driver_connection
        self.units += 1
        driver.execute("SAVEPOINT unit")
        try:
            yield self.connection
        except BaseException as error:
            try:
                driver.execute("ROLLBACK TO unit")
                driver.execute("RELEASE unit")
            except OperationalError:  # the database undid all there was, as a full disk makes it
                self.error = error
            raise
        try:
            driver.execute("RELEASE unit")
        except OperationalError as error:
            self.error = Unavailable(f"the store undid this request: {error}; send it again.")
            raise self.error from error

    def end(self) -> None:
        """Commit, or undo all where it is broken; those who wait may go on."""
        broken = self.error
        try:
            self.stack.__exit__(type(broken) if broken else None, broken, None)
        except BaseException as error:
            self.error = error
            raise
        finally:
            self.done.set()


@dataclass(eq=False)
class _Waiting:
    """Who waits for its turn, and whether it may share a flush."""

    shares: bool
    flush: _Flush | None = None
    given: Lock = field(default_factory=Lock)

    def __post_init__(self) -> None:
        self.given.acquire()


class Turns:
    """The turns of one engine: first come, first served.  A turn is handed over, never left."""

    def __init__(self) -> None:
        self._guard, self._taken = Lock(), False
        self._queue: deque[_Waiting] = deque()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """A turn for a transaction of one's own.

        Raises:
            Unavailable: it did not come in ten seconds.
        """
        self._take(shares=False)
        try:
            yield
        finally:
            self._release()

    @contextmanager
    def sharing(self, engine: Engine) -> Iterator[Connection]:
        """A part of a transaction; at the end of the block it is on the disk, or was undone.

        Raises:
            Unavailable: the turn did not come in ten seconds.
        """
        flush = self._take(shares=True) or self._opened(engine)
        try:
            with flush.part() as connection:
                yield connection
        finally:
            self._ended(flush)
            flush.done.wait()
        if flush.error is not None:
            raise flush.error

    def _opened(self, engine: Engine) -> _Flush:
        stack = ExitStack()
        try:
            return _Flush(stack, stack.enter_context(engine.begin()))
        except BaseException:
            self._release()
            raise

    def _ended(self, flush: _Flush) -> None:
        if flush.error is None and flush.units < _TOGETHER and self._handed(flush):
            return
        try:
            flush.end()
        finally:
            self._release()

    def _take(self, *, shares: bool) -> _Flush | None:
        """Wait for a turn; the flush that came with it."""
        mine = _Waiting(shares)
        with self._guard:
            if not self._taken:
                self._taken = True
                return None
            self._queue.append(mine)
        if not mine.given.acquire(timeout=_SECONDS):
            with self._guard:
                if mine in self._queue:
                    self._queue.remove(mine)
                    raise Unavailable(
                        "the store is too busy; nothing of this request was kept; try again."
                    )
        return mine.flush

    def _handed(self, flush: _Flush) -> bool:
        """Whether the next in turn shares, and goes on with ``flush``."""
        with self._guard:
            if not self._queue or not self._queue[0].shares:
                return False
            following = self._queue.popleft()
            following.flush = flush
            following.given.release()
            return True

    def _release(self) -> None:
        with self._guard:
            if self._queue:
                self._queue.popleft().given.release()
            else:
                self._taken = False
