"""What follows from a step of an order: ledger, payments, evidence, journal and webhooks."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

import msgspec

from benne.app.stores.online import evidence, ledger, limits, orders as store, owners
from benne.app.stores.online.orders import StoredAct, StoredOrder
from benne.decisions import Exceeded, Limits
from benne.evidence import Arrival, Rules, arrival
from benne.kernel import Conflict, Corrupt, Json, iso
from benne.orders import (
    NOTICES,
    OVER,
    Act,
    EvidenceRow,
    Notice,
    Order,
    Service,
    Step,
    evidence_of,
    next_task,
)

if TYPE_CHECKING:
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit

_encode = msgspec.json.Encoder().encode


def keep_step(
    bureau: Bureau,
    unit: Unit,
    stored: StoredOrder,
    act: Act,
    step: Step,
    service: Service,
    *,
    new: bool = False,
) -> StoredOrder:
    """Store a step and all that follows from it, in the unit's own transaction.

    ``new``: the order itself was not stored yet.  What is tried out, and an order whose person was
    erased, says nothing of anybody, and counts under nobody's limits.
    """
    order, before = step.order, stored.order
    of_somebody = not stored.test and order.subject != ""
    if of_somebody and step.start != "created":
        _follow_exposure(bureau, unit, before, step)
    task = next_task(order, service)
    stored = replace(stored, order=order, next_at=None if task is None else task.at)
    if new:
        store.add(unit, stored)
    else:
        store.change(unit, order, next_at=stored.next_at)
    store.add_act(unit, order.id, _kept(act, step))
    ledger.post(unit, order.merchant, step.entries)
    store.wait_for(unit, order.id, {p.id: p.asked_at for p in step.payments})
    for payment in before.payments:
        if payment.status == "pending" and not order.payment(payment.id).open:
            store.answered(unit, payment.id)
    if of_somebody:
        rows = evidence_of(order, service, step.evidence)
        _furnish(bureau, unit, _within_the_hold(unit, order, rows), at=act.at, step=step)
    moved = len(step.entries)
    said = _Said(act.name, act.by, act.request, act.at, step.notices, moved)
    _tell(bureau, unit, stored, said)
    return stored


def keep_referred(bureau: Bureau, unit: Unit, stored: StoredOrder) -> None:
    """Store a new order that people are to decide, and tell that it waits for them."""
    store.add(unit, stored)
    _tell(bureau, unit, stored, _Said("refer", "system", stored.number, stored.order.last_at))


def reserve_exposure(bureau: Bureau, unit: Unit, order: Order) -> Exceeded | None:
    """Put what an order that is admitted has at risk under the limits, or say which is in the way.

    Two orders that race for the last of a limit come one after the other, and one is refused.
    """
    if order.exposure_minor == 0:
        return None
    found = limits.reserve(
        unit,
        subject=order.subject,
        merchant=order.merchant,
        order=order.id,
        amount_minor=order.exposure_minor,
        at=order.last_at,
        limits=bureau.workspace.service.limits,
    )
    return found if isinstance(found, Exceeded) else None


def _follow_exposure(bureau: Bureau, unit: Unit, before: Order, step: Step) -> None:
    """Release what is no longer at risk; what is again, since money went back, has no limit.

    Raises:
        Conflict: the person agreed to a rise, and a limit is in the way.
    """
    order = step.order
    change = order.exposure_minor - before.exposure_minor
    if change < 0:
        limits.release(unit, order.id, amount_minor=-change, at=order.last_at)
    elif change > 0:
        beyond = limits.reserve(
            unit,
            subject=order.subject,
            merchant=order.merchant,
            order=order.id,
            amount_minor=change,
            at=order.last_at,
            limits=bureau.workspace.service.limits if step.act == "agree" else Limits(),
        )
        if isinstance(beyond, Exceeded):
            raise Conflict(beyond.says)


def _kept(act: Act, step: Step) -> StoredAct:
    said = {
        field.name: getattr(act, field.name)
        for field in fields(act)
        if field.name not in ("request", "at") and getattr(act, field.name) is not None
    }
    return StoredAct(
        request=act.request,
        digest=act.digest,
        act=act.name,
        by=act.by,
        at=act.at,
        start=step.start,
        end=step.end,
        body=_encode(
            {"said": said, "order": step.order, "notices": [n.name for n in step.notices]}
        ),
    )


def _within_the_hold(
    unit: Unit, order: Order, rows: tuple[EvidenceRow, ...]
) -> tuple[EvidenceRow, ...]:
    """What may still become evidence of an order whose consent was revoked.

    Once the hold is over, nothing of it begins: no record is made.  What is known already is kept
    true where that is in the person's favour: paid, settled, retracted, closed.
    """
    until = order.consent_held_until
    if until is None or order.last_at < until:
        return rows
    good = [row for row in rows if row.kind != "order" or order.state in OVER]
    return tuple(
        row
        for row in good
        if owners.owner_of(unit, row.kind, order.merchant, row.record) == row.subject
    )


def _furnish(
    bureau: Bureau, unit: Unit, rows: tuple[EvidenceRow, ...], *, at: int, step: Step
) -> None:
    """The order's life becomes evidence, through the checks that any furnisher's rows pass."""
    workspace = bureau.workspace
    kinds = {kind.name: kind for kind in workspace.kinds}
    rules = Rules(workspace.currency.code, workspace.rights.jurisdiction, at)
    source = step.order.merchant
    arrivals = []
    for row in rows:
        kind = kinds.get(row.kind)
        if kind is None:
            continue
        record: dict[str, Json] = {"record": row.record, "subject": row.subject, "cause": row.cause}
        for name, value in row.values.items():
            instant = kind.column(name).type == "instant"
            record[name] = iso(value) if instant and isinstance(value, int) else value
        made = arrival(record, kind=kind, source=source, rules=rules)
        if not isinstance(made, Arrival):
            raise Corrupt(f"order {step.order.id} cannot be evidence: {made[0]}")
        arrivals.append(made)
    if arrivals:
        evidence.append(
            unit,
            arrivals,
            at=at,
            source=source,
            told=bureau.told,
            mends=True,
        )


@dataclass(frozen=True, slots=True)
class _Said:
    """What is told of an act."""

    act: str
    by: str
    request: str
    at: int
    notices: tuple[Notice, ...] = ()
    moved: int = 0


def _tell(bureau: Bureau, unit: Unit, stored: StoredOrder, said: _Said) -> None:
    """A line in the journal, and a webhook to the merchant."""
    order = stored.order
    line: dict[str, Json] = {
        "order": order.id,
        "act": said.act,
        "by": said.by,
        "state": order.state,
        "request": bureau.hashed(said.request),
        "moved": said.moved,
    }
    bureau.note(unit, "order", line)
    body: dict[str, Json] = {
        "order": order.id,
        "number": stored.number,
        "act": said.act,
        "request": said.request,
        "state": order.state,
        "code": stored.code,
        "mode": "test" if stored.test else "production",
        "owed_minor": order.owed_minor,
        "paid_minor": order.paid_minor,
        "at": iso(said.at),
        "notices": [
            {"notice": n.name, "to": n.to, "says": NOTICES[n.name][1]} for n in said.notices
        ],
    }
    bureau.tell(unit, order.merchant, "order.changed", body)
