"""What the system does with orders by itself: what falls due, and what the provider is asked."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from benne.app._orders import act_in, service_of
from benne.app.stores.online import orders as store
from benne.kernel import MICROS_PER_DAY, Conflict, InvalidInput, Unavailable
from benne.orders import (
    PAUSED,
    Act,
    Payment,
    PaymentPort,
    SimulatedProvider,
    next_task,
    request_of,
    told_by,
)

if TYPE_CHECKING:
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit
    from benne.app.stores.online.orders import StoredOrder


def payment_port(name: str) -> PaymentPort | None:
    """The provider that ``[service] payments`` names."""
    return SimulatedProvider() if name == "simulated" else None


_LEASE = 300 * 1_000_000
"""For how long a payment that was not answered is left alone."""


def run_due(bureau: Bureau, *, limit: int = 100) -> int:
    """Do what falls due with orders by now, each in a transaction of its own; how much it was.

    Two workers at a time do nothing twice: the request id of a task follows from the task.
    """
    with bureau.online.reading() as unit:
        names = store.due(unit, at=bureau.clock(), limit=limit)
    return sum(bureau.online.run(partial(_do_next, bureau, name=name)) for name in names)


def _do_next(bureau: Bureau, unit: Unit, *, name: str) -> int:
    stored = store.find(unit, name, lock=True)
    if stored is None:
        return 0
    at = max(bureau.clock(), stored.order.last_at)
    task = next_task(stored.order, service_of(stored.order))
    if task is None or task.at > at:
        return 0
    try:
        act_in(bureau, unit, stored, Act(task.request, task.act, at, "system"))
    except (Conflict, InvalidInput) as error:  # one that is stuck must not hold up the others
        store.postpone(unit, name, until=at + MICROS_PER_DAY)
        bureau.note(unit, "order_stuck", {"order": name, "act": task.act, "why": str(error)})
    return 1


def send_payments(
    bureau: Bureau, port: PaymentPort, *, sandbox: PaymentPort | None = None, limit: int = 100
) -> int:
    """Ask the provider for what waits to be asked; how many were.

    What orders made in test mode ask for, ``sandbox`` is asked, and nobody who has real money.
    The provider is asked outside of any transaction, and again, with the same id, until it
    answers: a process that is stopped in between asks once more, and takes nothing twice.
    """
    at = bureau.clock()
    with bureau.online.reading() as unit:
        if not store.waits(unit, at=at):
            return 0
    with bureau.online.begin() as unit:
        taken = store.lease(unit, at=at, until=at + _LEASE, limit=limit)
    for payment, order in taken:
        try:
            _send(bureau, port, sandbox or port, payment=payment, order=order)
        except (Conflict, InvalidInput) as error:  # nor must one that makes no sense
            bureau.online.run(partial(_leave, bureau, payment=payment, order=order, why=str(error)))
    return len(taken)


def _send(
    bureau: Bureau, port: PaymentPort, sandbox: PaymentPort, *, payment: str, order: str
) -> None:
    with bureau.online.reading() as unit:
        stored = store.find(unit, order)
    assert stored is not None
    waits = stored.order.payment(payment)
    if not waits.open:  # it was dropped since it was taken up
        return
    act = _asked(bureau, sandbox if stored.test else port, stored, waits)
    if act is not None:
        bureau.online.run(partial(_hear, bureau, order=order, act=act))


def _leave(bureau: Bureau, unit: Unit, *, payment: str, order: str, why: str) -> None:
    """Ask again in a day for a payment of which the provider said what cannot be."""
    store.ask_again(unit, payment, at=bureau.clock() + MICROS_PER_DAY)
    bureau.note(unit, "payment_stuck", {"order": order, "payment": payment, "why": why})


def _asked(bureau: Bureau, port: PaymentPort, stored: StoredOrder, payment: Payment) -> Act | None:
    """What the provider says; a deduction that it never saw is not begun in a pause."""
    stopped = stored.order.state in PAUSED and payment.does in ("charge", "capture")
    try:
        receipt = port.look_up(payment.id)
        if receipt is None and stopped:
            return _stopped(payment, at=bureau.clock())
        if receipt is None or receipt.status == "pending":
            receipt = port.ask(request_of(stored.order, payment))
    except Unavailable:  # of which ``PaymentUnknown`` is one
        return None
    return told_by(receipt, at=bureau.clock())


def _stopped(payment: Payment, *, at: int) -> Act:
    return Act(
        request=f"told {payment.id} cancelled 0",
        name="told",
        at=at,
        by="provider",
        payment=payment.id,
        status="cancelled",
        amount_minor=0,
    )


def _hear(bureau: Bureau, unit: Unit, *, order: str, act: Act) -> None:
    stored = store.find(unit, order, lock=True)
    assert stored is not None
    act_in(bureau, unit, stored, act)
