"""What a person's rights mean for their orders: consent revoked, records kept, all shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.app._orders import act_in, service_of
from benne.app.stores.online import orders as store
from benne.kernel import MICROS_PER_DAY, Conflict, Json, iso
from benne.orders import OVER, Act, Order, Service, evidence_of
from benne.rights import Keep

if TYPE_CHECKING:
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit


def consent_revoked(bureau: Bureau, unit: Unit, consent: str) -> int:
    """End what waits, and let what runs go on under a hold that ends; how many orders it met.

    The hold ends when the last claim on the order would be too late.
    """
    met = 0
    for name in store.under_consent(unit, consent):
        stored = store.find(unit, name, lock=True)
        if stored is None or stored.order.state in OVER:
            continue
        order = stored.order
        at = max(bureau.clock(), order.last_at)
        until = _held_until(order, service_of(order), at=at)
        act = Act(f"revoked {consent}", "hold_consent", at, "system", until=until)
        try:
            act_in(bureau, unit, stored, act)
        except Conflict:  # it was held before
            continue
        met += 1
    return met


def _held_until(order: Order, service: Service, *, at: int) -> int:
    """When the last claim on an order would be too late."""
    terms = service.terms
    days = terms.pay_within_days + terms.grace_days + terms.claim_within_days
    return max(order.due_at, at) + days * MICROS_PER_DAY


def orders_that_hold(unit: Unit, subject: str) -> list[Keep]:
    """What the orders of a person keep from erasure while they run, or wait for the provider.

    They do until their last claim is too late.
    """
    found = []
    for stored in store.of_subject(unit, subject):
        order = stored.order
        if order.settled:
            continue
        service = service_of(order)
        rows = evidence_of(order, service, ("order", "obligation", "breach"))
        records = frozenset((row.kind, order.merchant, row.record) for row in rows)
        found.append(Keep("hold:order", _held_until(order, service, at=order.last_at), records))
    return found


def orders_of_person(unit: Unit, subject: str) -> list[Json]:
    """Every order of a person with all that was done to it, for the person to read."""
    return [
        {
            "order": stored.order.id,
            "merchant": stored.order.merchant,
            "service": stored.order.service,
            "state": stored.order.state,
            "code": stored.code,
            "owed_minor": stored.order.owed_minor,
            "paid_minor": stored.order.paid_minor,
            "acts": [
                {"act": act.act, "by": act.by, "at": iso(act.at), "state": act.end}
                for act in store.acts_of(unit, stored.order.id)
            ],
        }
        for stored in store.of_subject(unit, subject)
    ]
