"""Open an online store: the engine, its transactions, and what its failures mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    TimeoutError as PoolTimeout,
)

from benne.app.stores.online._migration import migrate
from benne.app.stores.online._turns import Turns
from benne.app.stores.online._unit import Unit
from benne.kernel import InvalidInput, Unavailable

T = TypeVar("T")

_BUSY_MS = 10_000
_TRIES = 3
_AGAIN = ("40001", "40P01")
"""PostgreSQL's states for a serialisation failure and a deadlock."""

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    f"busy_timeout={_BUSY_MS}",
    "foreign_keys=ON",
    "cache_size=-65536",
    "temp_store=MEMORY",
    "wal_autocheckpoint=20000",  # pages of 4 kB; ``Online.settle`` comes long before
)


@dataclass(frozen=True, slots=True)
class Online:
    """An open online store.  Make one with ``Online.open``; safe to share between threads."""

    engine: Engine
    _turns: Turns = field(default_factory=Turns, repr=False, compare=False)

    @classmethod
    def open(cls, url: str, *, pool: int = 6) -> Self:
        """The store at ``url``, made or brought up to date where it must be.

        ``pool`` bounds how many transactions run at a time.

        Raises:
            InvalidInput: ``url`` is no URL of SQLite or PostgreSQL.
            Conflict: a newer Benne wrote the store.
            Unavailable: the database cannot be reached.
        """
        engine = _engine(url, pool)
        try:
            with _meant(engine):
                migrate(engine)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine)

    def close(self) -> None:
        """Give back every connection."""
        self.engine.dispose()

    @contextmanager
    def begin(self) -> Iterator[Unit]:
        """One transaction that may write: committed at the end, rolled back on an error.

        Raises:
            Unavailable: the database is gone, full or too busy; nothing of it stays.
        """
        turn = self._turns.alone() if self._sqlite else nullcontext()
        with turn, _meant(self.engine), _heard(self.engine) as connection:
            unit = Unit(connection)
            yield unit
            unit.commit()

    @property
    def _sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Unit]:
        """One transaction that only reads, and sees the store as of its first look.

        Raises:
            Unavailable: the database is gone.
        """
        options = (
            {"benne_reads": True}
            if self._sqlite
            else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        )
        engine = self.engine.execution_options(**options)
        with _meant(engine), _heard(engine) as connection:
            yield Unit(connection)

    def settle(self) -> None:
        """Bring what SQLite wrote ahead into its file, so that no commit has to.

        Most of it while others write; only what came meanwhile, in a turn of its own.  It waits
        for nobody who reads: what they need stays where it is until the next time.
        """
        if not self._sqlite:
            return
        with _meant(self.engine), closing(self.engine.raw_connection()) as line:
            driver: Any = line.driver_connection
            driver.execute("PRAGMA busy_timeout=0")
            try:
                driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                with self._turns.alone():
                    driver.execute("PRAGMA wal_checkpoint(RESTART)").fetchall()
            finally:
                driver.execute(f"PRAGMA busy_timeout={_BUSY_MS}")

    def run(self, work: Callable[[Unit], T]) -> T:
        """``work(unit)`` in a unit of its own, repeated where the database asks for it.

        On SQLite it may share a flush of the disk with others that wait; no part of them is seen
        to be done before the flush is.

        Raises:
            Unavailable: as ``begin``, or it was asked to repeat three times.
        """
        for left in reversed(range(_TRIES)):
            worked = False
            try:
                with self._short() as connection:
                    unit = Unit(connection)
                    made = work(unit)
                    worked = True
                    unit.commit()
                return made
            except (DBAPIError, PoolTimeout) as error:
                if left and _may_repeat(error, worked=worked):
                    continue
                raise _what_it_means(error, self.engine) from error
        raise AssertionError("unreachable")

    def _short(self) -> AbstractContextManager[Connection]:
        return self._turns.sharing(self.engine) if self._sqlite else self.engine.begin()


def _may_repeat(error: DBAPIError | PoolTimeout, *, worked: bool) -> bool:
    """Whether the database asks for it, or the line was cut before the commit: nothing was kept."""
    if isinstance(error, PoolTimeout):
        return False
    cut = error.connection_invalidated and not worked
    return cut or getattr(error.orig, "sqlstate", None) in _AGAIN


@contextmanager
def _heard(engine: Engine) -> Iterator[Connection]:
    """A transaction on a line that is open: one that idled in the pool may have been cut."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            try:
                connection.exec_driver_sql("SELECT")
                connection.commit()  # to roll back would make the driver forget what it prepared
            except DBAPIError as error:
                if not error.connection_invalidated:
                    raise
                connection.rollback()
        with connection.begin():
            yield connection


def _engine(url: str, pool: int) -> Engine:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InvalidInput(_wrong(url.split(":", 1)[0])) from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        if not parsed.database or parsed.database == ":memory:":
            raise InvalidInput("a store must be a file; got sqlite in memory; name a file.")
        parsed = parsed.set(drivername="sqlite+pysqlite")
        with suppress(OSError):  # what cannot be made is told when it is opened
            Path(str(parsed.database)).touch(mode=0o600)  # it is people's, and nobody else's
        engine = create_engine(
            parsed,
            pool_size=pool,
            max_overflow=0,
            hide_parameters=True,  # no value of a person in an exception
            connect_args={"check_same_thread": False, "timeout": _BUSY_MS / 1000},
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if backend == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        return create_engine(parsed, pool_size=pool, max_overflow=0, hide_parameters=True)
    raise InvalidInput(_wrong(backend))


def _wrong(got: str) -> str:
    return (
        "the store's URL must be sqlite:///FILE or postgresql://USER@HOST/NAME; it starts with "
        f"{got!r}."
    )


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # the driver begins nothing by itself
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get("benne_reads", False)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


# --- what a failure means ------------------------------------------------------------------


@contextmanager
def _meant(engine: Engine) -> Iterator[None]:
    """Turn what a database cannot do now into ``Unavailable``; a bug of ours stays what it is."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        raise _what_it_means(error, engine) from error


class StoreUnavailable(Unavailable):
    """The database cannot be used now.  It says which, and why: for who runs it, not who asks."""


def _what_it_means(error: DBAPIError | PoolTimeout, engine: Engine) -> Exception:
    where = engine.url.render_as_string(hide_password=True)
    if isinstance(error, PoolTimeout):
        return StoreUnavailable(
            f"{where}: every connection is taken; try again, or raise the pool."
        )
    ours = not isinstance(error, OperationalError | InterfaceError)
    if ours and not error.connection_invalidated:
        return error
    said = str(error.orig).strip().splitlines()
    return StoreUnavailable(
        f"{where} cannot be used now: {said[0] if said else type(error.orig).__name__}; nothing "
        "of this request was kept; see to the database, then send the same again."
    )
