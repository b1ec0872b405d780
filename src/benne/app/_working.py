"""What the service does beside answering: jobs, webhooks, corrections, sealing, forgetting."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from threading import Event
from typing import TYPE_CHECKING

from benne.app._again import rescore_corrected
from benne.app._contributing import send_contributions
from benne.app._erasing import erase_waiting, retain_some
from benne.app._jobs import Render, work_on_jobs
from benne.app._journal import seal
from benne.app._order_work import run_due, send_payments
from benne.app._webhooks import Poster, deliver_due
from benne.app.stores.online import duties, keys, outbox
from benne.kernel import MICROS_PER_DAY, Unavailable
from benne.orders import SimulatedProvider

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.orders import PaymentPort

_LOG = logging.getLogger("benne")
_SEAL_EVERY = 400_000
_FORGET_EVERY = 600 * 1_000_000
_ASK_EVERY = 60 * 1_000_000
_LEASE = 600 * 1_000_000
_TOLD_DAYS = 30


@dataclass
class Worker:
    """Works beside the answers; any number may, in any processes, on one store.

    ``name`` tells it from the others, ``post`` posts webhooks, ``render`` writes answers;
    ``payments`` takes money for orders (``None``: what is to be paid waits), ``sandbox`` makes
    believe for those of tests.
    """

    service: Service
    name: str
    post: Poster
    render: Render
    payments: PaymentPort | None = None
    sandbox: PaymentPort = field(default_factory=SimulatedProvider)
    _forgot_at: int = 0
    _sealed_at: int = 0
    _retained_at: int = 0

    def step(self) -> int:
        """Do what is due now, a bit of each; how much was done, 0 when there is nothing."""
        return sum(duty() for duty in self._duties())

    def run(self, ended: Event, idle_seconds: float) -> None:
        """Work until ``ended`` is set; what a step could not do, a later one does.

        One thing that is broken stops none of the others.  A fault is logged with where it was
        met, and not with what it says.
        """
        while not ended.is_set():
            done = 0
            try:
                for duty in self._duties():
                    done += _tried(duty)
            except Unavailable:
                _LOG.warning("the store cannot be used now; trying again")
            if not done:
                ended.wait(idle_seconds)

    def _duties(self) -> Iterator[Callable[[], int]]:
        """All that there is to do, in order; each says how much of it was done."""
        service = self.service
        yield partial(work_on_jobs, service, self.name, self.render)
        yield partial(run_due, service)
        if self.payments is not None:
            yield partial(send_payments, service, self.payments, sandbox=self.sandbox)
            yield partial(send_contributions, service, self.payments)
        yield partial(rescore_corrected, service, service.kept_models)
        yield partial(deliver_due, service, self.post)
        now = service.clock()
        if now >= self._sealed_at + _SEAL_EVERY:
            self._sealed_at = now
            yield partial(self._seal, now)
        if now >= self._forgot_at + _FORGET_EVERY:
            self._forgot_at = now
            yield partial(self._forget, now)
            yield partial(erase_waiting, service)
        if now >= self._retained_at + _ASK_EVERY:
            yield partial(self._retain, now)  # it is in no hurry: the answers beside it are

    def _seal(self, now: int) -> int:
        self.service.online.settle()
        seal(self.service.online, self.service.signer, at=now)
        return 0

    def _retain(self, now: int) -> int:
        """Delete some of what is past its horizon, if it is time and nobody else does.

        A round begins once a day, and goes on from where the last worker was.
        """
        with self.service.online.begin() as unit:
            after = duties.take(unit, "retention", at=now, until=now + _LEASE)
        if after is None:
            self._retained_at = now
            return 0
        _, last = retain_some(self.service, after=after)
        with self.service.online.begin() as unit:
            duties.put(unit, "retention", after=last, next_at=0 if last else now + MICROS_PER_DAY)
        return 0

    def _forget(self, now: int) -> int:
        with self.service.online.begin() as unit:
            keys.forget(unit, at=now)
            outbox.forget(unit, before=now - _TOLD_DAYS * MICROS_PER_DAY)
        return 0


def _tried(duty: Callable[[], int]) -> int:
    """How much of ``duty`` was done; 0 where it failed, which is logged.

    Raises:
        Unavailable: the store cannot be used, and so nothing can be done.
    """
    try:
        return duty()
    except Unavailable:
        raise
    except Exception as error:  # noqa: BLE001 (one broken thing must not stop all others)
        where = "".join(traceback.format_tb(error.__traceback__))
        _LOG.error("%s in the worker\n%s", type(error).__name__, where)
        return 0
