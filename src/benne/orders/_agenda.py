"""What the system itself does next with an order, and when: reminders, deductions, breaches."""

from __future__ import annotations

from dataclasses import dataclass

from benne.kernel import MICROS_PER_DAY
from benne.orders._moves import MOVES_OF
from benne.orders._order import PAUSED, WAITING, Deadline, Order, breaks_at, deadline
from benne.orders._services import Service


@dataclass(frozen=True, slots=True)
class Task:
    """One act of the system.  Its request id follows from the last move: it is done once."""

    at: int
    act: str
    request: str


def next_task(order: Order, service: Service) -> Task | None:
    """The next thing to do, the earliest first; ``None``: nothing until somebody acts."""
    if order.state in PAUSED:
        until = order.pause_until
        tasks = [] if until is None else [_task(order, until, "resume")]
        if order.answer_by is not None:
            tasks.append(_task(order, order.answer_by, "concede"))
    elif order.state in WAITING:
        end = min(order.created_at + service.terms.offer_days * MICROS_PER_DAY, order.due_at)
        tasks = [_task(order, end, "expire")]
    else:
        promise = deadline(order, service)
        tasks = _bill(order, service) if promise is None else _tasks(order, service, promise)
    until = order.consent_held_until
    if until is not None and not order.hold_over:
        tasks.append(_task(order, until, "end_hold"))
    return min(
        (t for t in tasks if (order.state, t.act) in MOVES_OF), key=lambda t: t.at, default=None
    )


def _tasks(order: Order, service: Service, promise: Deadline) -> list[Task]:
    tasks = _reminders(order, service, promise)
    if order.state != "overdue":
        breaks = breaks_at(order, service)
        if order.warned_at is None:
            notice = service.terms.grace_days - service.terms.notice_days
            ahead = promise.at + max(notice, 0) * MICROS_PER_DAY
            tasks.append(_task(order, ahead, "warn"))
        elif breaks is not None:
            tasks.append(_task(order, breaks, "lapse"))
    pulled = _deduction(order, service)
    return tasks if pulled is None else [*tasks, pulled]


def _bill(order: Order, service: Service) -> list[Task]:
    """A merchant that never says what a service cost asks for nothing, and lets go of all."""
    if order.started_at is None or order.completed_at is not None or service.paying == "schedule":
        return []
    end = max(order.due_at, order.returned_at or 0)
    return [_task(order, end + service.terms.claim_within_days * MICROS_PER_DAY, "complete")]


def _reminders(order: Order, service: Service, promise: Deadline) -> list[Task]:
    days = (promise.at - k * MICROS_PER_DAY for k in service.terms.reminders_days)
    last = order.reminded[-1] if order.reminded else order.started_at or 0
    return [_task(order, day, "remind") for day in days if last < day]


def _deduction(order: Order, service: Service) -> Task | None:
    """When money is taken next: at the day it falls due, then again after each failure."""
    if order.pending_minor("charge", "capture") or order.collectable_minor < 1:
        return None
    at = min(due.at for due in order.dues if due.owed_minor)
    charges = [p for p in order.payments if p.does == "charge"]
    failed = sum(p.status == "declined" and p.asked_at >= at for p in charges)
    if failed >= service.terms.deductions_max:
        return None
    if charges:
        at = max(at, charges[-1].asked_at + service.terms.retry_days * MICROS_PER_DAY)
    return _task(order, at, "deduct")


def _task(order: Order, at: int, act: str) -> Task:
    return Task(at, act, f"{act} after {order.moves}")
