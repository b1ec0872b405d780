"""What is at risk, the price and the deposit, changed: a rise waits for the person to agree."""

from __future__ import annotations

from collections.abc import Callable

from benne.kernel import Conflict, InvalidInput
from benne.orders._order import Amounts
from benne.orders._services import Service
from benne.orders._work import Work


def demand_amounts(amounts: Amounts, service: Service) -> None:
    """Refuse amounts that the service does not allow.

    Raises:
        InvalidInput: a deposit or a price above its cap; less at risk than these come to.
    """
    terms = service.terms
    for name, value, most in (
        ("deposit_minor", amounts.deposit_minor, terms.deposit_max_minor),
        ("price_minor", amounts.price_minor, terms.charge_max_minor),
    ):
        if value > most:
            fits = "0, since there is none" if most == 0 else f"{most} or less"
            raise InvalidInput(f"{name} of {service.name} must be {fits}; got {value}.")
    least = max(amounts.deposit_minor, amounts.price_minor, 1)
    if amounts.value_minor < least:
        raise InvalidInput(
            "value_minor is what the merchant has at risk, the deposit and the price at least, so "
            f"{least} or more here; got {amounts.value_minor}."
        )


def _modify(work: Work) -> None:
    """What only falls is so at once; what rises is asked, in the place of what was asked before."""
    order, act = work.order, work.act
    now = order.amounts
    wanted = Amounts(
        now.value_minor if act.value_minor is None else act.value_minor,
        now.deposit_minor if act.deposit_minor is None else act.deposit_minor,
        now.price_minor if act.price_minor is None else act.price_minor,
    )
    if wanted == now:
        raise Conflict(f"{_named(wanted)} is what order {order.id} says already.")
    if order.completed_at is not None or work.service.paying == "schedule":
        raise Conflict(f"what order {order.id} costs is already final; reduce or refund it.")
    demand_amounts(wanted, work.service)
    if wanted.price_minor < order.benefits_minor:
        raise Conflict(
            f"benefits of {order.benefits_minor} were received; the price cannot fall below that."
        )
    if wanted.value_minor < order.required_minor:
        raise Conflict(
            f"the person put down {order.required_minor}; value_minor cannot fall below that."
        )
    if wanted.above(now):
        _demand_room(work, wanted)
        work.change(proposed=wanted)
    else:
        _put(work, wanted)


def _demand_room(work: Work, wanted: Amounts) -> None:
    """A rise stays under what was decided, and under a consent that is in force."""
    order = work.order
    if order.consent_held_until is not None:
        raise Conflict("consent was revoked: the order goes on as agreed, and nothing may rise.")
    if wanted.value_minor > max(order.cap_minor + order.required_minor, order.value_minor):
        raise Conflict(
            f"order {order.id} was admitted up to {order.cap_minor} beyond what is put down, "
            f"{order.required_minor}; got {wanted.value_minor}; make a new order, which is decided "
            "anew."
        )


def _put(work: Work, amounts: Amounts) -> None:
    order = work.order
    waived = max(amounts.deposit_minor - order.required_minor, 0)
    more = waived - order.waived_minor
    if more > 0:
        work.move("waive", more, debit="waived", credit="credit")
    else:
        work.move("unwaive", -more, debit="credit", credit="waived")
    work.change(
        value_minor=amounts.value_minor,
        deposit_minor=amounts.deposit_minor,
        price_minor=amounts.price_minor,
        waived_minor=waived,
        proposed=None,
    )


def _agree(work: Work) -> None:
    """The person says what they agree to, so that nothing else can come of it."""
    act, wanted = work.act, _proposed(work)
    said = Amounts(act.value_minor or 0, act.deposit_minor or 0, act.price_minor or 0)
    if said != wanted:
        raise Conflict(f"the merchant asks for {_named(wanted)}; got {_named(said)}.")
    _demand_room(work, wanted)
    _put(work, wanted)


def _decline(work: Work) -> None:
    _proposed(work)
    work.change(proposed=None)


def _proposed(work: Work) -> Amounts:
    if work.order.proposed is None:
        raise Conflict(f"nothing was asked to be changed of order {work.order.id}.")
    return work.order.proposed


def _named(amounts: Amounts) -> str:
    return (
        f"value_minor {amounts.value_minor}, deposit_minor {amounts.deposit_minor}, "
        f"price_minor {amounts.price_minor}"
    )


CHANGING_EFFECTS: dict[str, Callable[[Work], None]] = {
    "modify": _modify,
    "agree": _agree,
    "decline": _decline,
}
