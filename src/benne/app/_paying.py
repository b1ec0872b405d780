"""The payment port over HTTP: a provider's program lists what waits, and says what became of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._contributing import contribution_told, is_contribution
from benne.app._orders import act_on_order
from benne.app.stores.online import contributions, orders as store
from benne.kernel import InvalidInput, NotFound
from benne.orders import (
    PAUSED,
    Payment,
    PaymentRequest,
    Receipt,
    contribution_of,
    request_of,
    told_by,
)

if TYPE_CHECKING:
    from benne.app._access import Caller
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit


@dataclass(frozen=True, slots=True)
class PaymentWaits:
    """What a provider is to do; ``number`` and ``person`` are the merchant's own names of the
    order and of whom it is with, ``None`` for what a merchant pays into its own fund."""

    request: PaymentRequest
    number: str | None = None
    person: str | None = None


def list_payments(
    bureau: Bureau, unit: Unit, caller: Caller, *, after: str | None, limit: int
) -> tuple[list[PaymentWaits], str | None]:
    """A page of what waits for the provider, and after what the next one begins, if there is one.

    What a pause or an objection stopped is not in it.  The first page has what merchants pay into
    their funds.

    Raises:
        NotPermitted: the caller has not the scope ``payments``.
    """
    caller.demand("payments")
    at, test = bureau.clock(), caller.mode == "test"
    found = []
    if after is None and not test:
        found = [
            PaymentWaits(contribution_of(made.payment, made.organisation))
            for made in contributions.unanswered(unit, at=at, limit=limit)
        ]
    rows = store.unanswered(unit, at=at, test=test, after=after or "", limit=limit)
    for name, stored in rows:
        payment = stored.order.payment(name)
        stopped = stored.order.state in PAUSED and payment.does in ("charge", "capture")
        if not stopped:
            request = request_of(stored.order, payment)
            found.append(PaymentWaits(request, stored.number, stored.person))
    return found, rows[-1][0] if len(rows) == limit else None


def payment_told(bureau: Bureau, unit: Unit, caller: Caller, receipt: Receipt) -> Payment:
    """A provider's callback, which may come late, twice, or in any order; how the payment stands.

    Raises:
        NotPermitted: the caller has not the scope ``payments``, or pays into its own fund.
        NotFound: there is no such payment.
    """
    caller.demand("payments")
    if is_contribution(receipt.payment):
        return contribution_told(bureau, unit, caller, receipt)
    name, dot, number = receipt.payment.rpartition(".")
    if not dot or not number.isdigit():
        raise NotFound("there is no payment of this id.")
    try:
        told = act_on_order(bureau, unit, caller, name, told_by(receipt, at=bureau.clock()))
    except InvalidInput as error:
        if "has no payment" in str(error):
            raise NotFound("there is no payment of this id.") from error
        raise
    return told.order.payment(receipt.payment)
