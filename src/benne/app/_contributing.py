"""What a merchant pays into its cover fund: in the books once the payment provider took it.

A merchant says how much; the provider is asked for it as for any payment, and only what it says
to have taken can be paid out.  Where no provider is wired, whoever has the scope ``payments`` says
what came, and it must not be the merchant itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from benne.app._orders import fund_of
from benne.app.stores.online import contributions, ledger
from benne.app.stores.online.contributions import Contribution
from benne.kernel import (
    MICROS_PER_DAY,
    Conflict,
    InvalidInput,
    Json,
    NotFound,
    NotPermitted,
    Unavailable,
)
from benne.orders import Fund, Payment, PaymentPort, Receipt, contribution_of, pay_in

if TYPE_CHECKING:
    from benne.app._access import Caller
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit

_ENDS = ".fund"
_SHOWN = 50
_LEASE = 300 * 1_000_000


@dataclass(frozen=True, slots=True)
class FundSeen:
    """A fund, what was asked for it and is not answered, and its latest contributions."""

    fund: Fund
    pending_minor: int
    contributions: tuple[Contribution, ...]


def pay_into_fund(
    bureau: Bureau, unit: Unit, caller: Caller, *, amount_minor: int, request: str
) -> FundSeen:
    """Ask for what the merchant pays into its fund; the same request id asks once.

    Raises:
        NotFound: it has no fund.
        InvalidInput: the amount is not positive.
        Conflict: the request id was used for another amount.
    """
    caller.demand("orders")
    merchant = caller.books
    ledger.fund_limits(unit, merchant, lock=True)
    demand_fund(bureau, unit, merchant)
    before = contributions.of_request(unit, merchant, request)
    if before is not None:
        asked = before.payment.amount_minor
        if asked != amount_minor:
            raise Conflict(f"request id {request!r} paid in {asked} before; use a new id.")
        return _seen(bureau, unit, merchant)
    if amount_minor < 1:
        raise InvalidInput(f"a contribution must be 1 minor unit or more; got {amount_minor}.")
    payment = Payment(f"{bureau.new_id()}{_ENDS}", "contribute", amount_minor, bureau.clock())
    contributions.add(unit, Contribution(merchant, request, payment))
    bureau.note(unit, "fund_asked", {"organisation": merchant, "payment": payment.id})
    return _seen(bureau, unit, merchant)


def show_fund(bureau: Bureau, unit: Unit, caller: Caller) -> FundSeen:
    """The caller's cover fund as it stands.  Raises ``NotFound`` where it has none."""
    caller.demand("orders")
    return _seen(bureau, unit, caller.books)


def demand_fund(bureau: Bureau, unit: Unit, merchant: str) -> Fund:
    """A merchant's fund as it stands.  Raises ``NotFound`` where it has none."""
    fund = fund_of(unit, merchant, at=bureau.clock())
    if fund is None:
        raise NotFound(f"{merchant} has no cover fund; benne fund open makes one.")
    return fund


def _seen(bureau: Bureau, unit: Unit, merchant: str) -> FundSeen:
    return FundSeen(
        demand_fund(bureau, unit, merchant),
        contributions.pending_minor(unit, merchant),
        tuple(contributions.newest(unit, merchant, limit=_SHOWN)),
    )


def is_contribution(payment: str) -> bool:
    """Whether a payment of this id is into a cover fund, and not of an order."""
    return payment.endswith(_ENDS)


def contribution_told(bureau: Bureau, unit: Unit, caller: Caller, receipt: Receipt) -> Payment:
    """What a provider says of a contribution by itself; how that stands now.

    Raises:
        NotFound: there is no contribution of this id.
        NotPermitted: the caller is the merchant whose fund it is.
    """
    made = contributions.find(unit, receipt.payment)
    if made is None:
        raise NotFound("there is no payment of this id.")
    if made.organisation == caller.books:
        raise NotPermitted("who pays into a fund cannot say itself that the money came.")
    return _hear(bureau, unit, receipt=receipt)


def _hear(bureau: Bureau, unit: Unit, *, receipt: Receipt) -> Payment:
    """Book what more was taken."""
    before = contributions.find(unit, receipt.payment, lock=True)
    assert before is not None
    payment, more = before.payment.told(receipt.status, receipt.done_minor)
    if payment == before.payment:
        return payment
    contributions.change(unit, payment)
    merchant = before.organisation
    if more:
        fund = demand_fund(bureau, unit, merchant)
        request = f"told {payment.id} {payment.done_minor}"
        _, entry = pay_in(fund, more, request=request, at=bureau.clock())
        ledger.post(unit, merchant, [entry])
    bureau.note(unit, "fund_paid_in", {"organisation": merchant, "moved": int(more > 0)})
    body: dict[str, Json] = {
        "payment": payment.id,
        "request": before.request,
        "status": payment.status,
        "amount_minor": payment.amount_minor,
        "done_minor": payment.done_minor,
        "balance_minor": ledger.balance(unit, "fund", merchant),
    }
    bureau.tell(unit, merchant, "fund.changed", body)
    return payment


def send_contributions(bureau: Bureau, port: PaymentPort, *, limit: int = 100) -> int:
    """Ask the provider for what merchants pay in; how many were asked for.

    As ``send_payments`` does: outside of any transaction, with the same id until it answers.
    """
    at = bureau.clock()
    with bureau.online.reading() as unit:
        if not contributions.waits(unit, at=at):
            return 0
    with bureau.online.begin() as unit:
        taken = contributions.lease(unit, at=at, until=at + _LEASE, limit=limit)
    for made in taken:
        payment = made.payment.id
        try:
            receipt = _asked(port, made)
            if receipt is not None:
                bureau.online.run(partial(_hear, bureau, receipt=receipt))
        except (Conflict, InvalidInput) as error:  # one that makes no sense holds up no other
            bureau.online.run(partial(_leave, bureau, payment=payment, why=str(error)))
    return len(taken)


def _asked(port: PaymentPort, made: Contribution) -> Receipt | None:
    try:
        receipt = port.look_up(made.payment.id)
        if receipt is None or receipt.status == "pending":
            receipt = port.ask(contribution_of(made.payment, made.organisation))
    except Unavailable:  # of which ``PaymentUnknown`` is one
        return None
    return receipt


def _leave(bureau: Bureau, unit: Unit, *, payment: str, why: str) -> None:
    contributions.ask_again(unit, payment, at=bureau.clock() + MICROS_PER_DAY)
    bureau.note(unit, "payment_stuck", {"payment": payment, "why": why})
