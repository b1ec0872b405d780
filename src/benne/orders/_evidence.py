"""What an order says of the person: rows of evidence, as any furnisher would send them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from benne.kernel import MICROS_PER_DAY
from benne.orders._order import Breach, Due, Order, deadline
from benne.orders._services import Service

Cell: TypeAlias = "str | int | None"


@dataclass(frozen=True, slots=True)
class EvidenceRow:
    """One version of one record.  ``cause`` is ``event``, or ``retraction`` of what never was."""

    kind: str
    record: str
    subject: str
    cause: str
    values: Mapping[str, Cell]


def evidence_of(order: Order, service: Service, kinds: tuple[str, ...]) -> tuple[EvidenceRow, ...]:
    """The rows of ``kinds`` that the order, as it stands, makes or corrects.

    An order that was undone, or given back whole, retracts itself: it is no promise kept.  A day
    within the grace counts as in time, so ``due_at`` of the evidence is the end of the grace of
    the first promise that was broken, or else of the last one.
    """
    found: list[EvidenceRow] = []
    undone = order.state in ("cancelled", "refunded")
    if order.started_at is None:
        return ()
    if "order" in kinds:
        found.append(_order_row(order, service, undone=undone))
    if "obligation" in kinds:
        found += [
            _due_row(order, service, number, due, undone=undone)
            for number, due in enumerate(order.dues, 1)
        ]
    if "breach" in kinds:
        found += [
            _breach_row(order, service, number, breach)
            for number, breach in enumerate(order.breaches, 1)
        ]
    return tuple(found)


def _order_row(order: Order, service: Service, *, undone: bool) -> EvidenceRow:
    return EvidenceRow(
        "order",
        order.id,
        order.subject,
        "retraction" if undone else "event",
        {
            "happened_at": order.started_at,
            "service": service.name,
            "merchant": order.merchant,
            "value_minor": order.value_minor,
            "deposit_waived_minor": order.waived_minor,
            "due_at": _due_at(order, service),
            "closed_at": None if order.state == "written_off" else order.closed_at,
            "state": order.state,
        },
    )


def _due_at(order: Order, service: Service) -> int:
    grace = service.terms.grace_days * MICROS_PER_DAY
    broken = [b.at for b in order.breaches if b.dispute != "corrected"]
    if broken:
        return broken[0]
    if order.closed_at is None and (promise := deadline(order, service)) is not None:
        return promise.at + grace
    last = max([order.due_at, *(due.at for due in order.dues)])
    return last + grace


def _due_row(order: Order, service: Service, number: int, due: Due, *, undone: bool) -> EvidenceRow:
    forgiven = due.forgiven_minor == due.amount_minor
    return EvidenceRow(
        "obligation",
        f"{order.id}.due{number}",
        order.subject,
        "retraction" if undone or forgiven else "event",
        {
            "contract": service.contract,
            "due_at": due.at + service.terms.grace_days * MICROS_PER_DAY,
            "due_minor": due.amount_minor - due.forgiven_minor,
            "paid_minor": due.paid_minor,
            "paid_at": due.paid_at,
        },
    )


def _breach_row(order: Order, service: Service, number: int, breach: Breach) -> EvidenceRow:
    return EvidenceRow(
        "breach",
        f"{order.id}.breach{number}",
        order.subject,
        "retraction" if breach.dispute == "corrected" else "event",
        {
            "happened_at": breach.at,
            "industry": service.industry,
            "type": f"{service.name} {breach.type}",
            "amount_minor": breach.amount_minor,
            "settled_at": breach.settled_at,
            "dispute": breach.dispute,
        },
    )
