"""What may be done with an order as it stands: nothing is offered that could only be refused."""

from __future__ import annotations

from collections.abc import Callable

from benne.orders._acts import ACTS
from benne.orders._moves import acts_of
from benne.orders._order import WAITING, Order
from benne.orders._services import Service


def _waits(order: Order) -> bool:
    return any(payment.status == "unconfirmed" for payment in order.payments)


def _mine(order: Order) -> int:
    """What the merchant itself is still owed."""
    return order.owed_minor - order.covered_minor


_APT: dict[str, Callable[[Order, Service], bool]] = {
    "deposit": lambda o, s: o.required_minor > o.held_minor + o.pending_minor("hold"),
    "modify": lambda o, s: o.completed_at is None and s.paying != "schedule",
    "agree": lambda o, s: o.proposed is not None and o.consent_held_until is None,
    "decline": lambda o, s: o.proposed is not None,
    "extend": lambda o, s: o.extensions < s.terms.extensions_max and o.consent_held_until is None,
    "progress": lambda o, s: s.paying == "promise",
    "benefit": lambda o, s: s.paying == "promise",
    "return": lambda o, s: o.goods_out(s),
    "complete": lambda o, s: o.completed_at is None and s.paying != "schedule",
    "deduct": lambda o, s: o.collectable_minor > 0,
    "capture": lambda o, s: o.collectable_minor > 0 and o.held_minor > o.pending_minor("capture"),
    "pay": lambda o, s: o.collectable_minor > 0 or _waits(o),
    "confirm": lambda o, s: _waits(o),
    "refund": lambda o, s: o.paid_minor > 0,
    "reduce": lambda o, s: _mine(o) > 0,
    "end_hold": lambda o, s: o.consent_held_until is not None and not o.hold_over,
    "concede": lambda o, s: o.answer_by is not None,
    "claim": lambda o, s: _mine(o) > 0,
}


def possible(order: Order, service: Service, *, by: str | None = None) -> tuple[str, ...]:
    """The acts that the order's state allows and its amounts do not rule out; ``by`` an actor."""
    return tuple(
        name
        for name in acts_of(order.state)
        if (by is None or by in ACTS[name].by)
        and (name not in _APT or _APT[name](order, service))
        and not (name == "cancel" and by == "person" and order.state not in WAITING)
    )
