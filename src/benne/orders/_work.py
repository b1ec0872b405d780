"""An act at work: the order as it becomes, and what it posts and asks of the provider."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass, field, replace
from typing import Any

from benne.kernel import Conflict
from benne.orders._acts import Act
from benne.orders._fund import Fund
from benne.orders._ledger import Entry, Posting, moved
from benne.orders._order import Due, Order, Payment, paid_off
from benne.orders._services import Service


@dataclass(slots=True)
class Work:
    """What one act has done so far."""

    order: Order
    act: Act
    service: Service
    fund: Fund | None = None
    answer_by: int | None = None
    entries: list[Entry] = field(default_factory=list)
    asked: list[Payment] = field(default_factory=list)

    def change(self, **values: Any) -> None:
        """Put ``values`` in the order."""
        self.order = replace(self.order, **values)

    def post(self, kind: str, *postings: Posting) -> None:
        """Post an entry, unless it moves nothing."""
        if postings:
            order, act = self.order, self.act
            self.entries.append(Entry(act.request, order.id, act.at, kind, postings))

    def move(self, kind: str, amount_minor: int, *, debit: str, credit: str) -> None:
        """Post ``amount_minor`` from ``credit`` to ``debit``, accounts of the order or merchant."""
        if amount_minor:
            self.post(
                kind,
                *moved(amount_minor, debit=self._account(debit), credit=self._account(credit)),
            )

    def _account(self, name: str) -> tuple[str, str]:
        return name, (self.order.id if name in _OF_ORDER else self.order.merchant)

    def ask(
        self, does: str, amount_minor: int, *, status: str = "pending", at: int | None = None
    ) -> None:
        """Open a payment, which the provider is asked for once the step is stored, or from ``at``
        on."""
        order = self.order
        payment = Payment(
            id=f"{order.id}.{len(order.payments) + 1}",
            does=does,
            amount_minor=amount_minor,
            asked_at=self.act.at if at is None else at,
            status=status,
            confirmed=self.act.by == "person",
        )
        self.change(payments=(*order.payments, payment))
        if status == "pending":
            self.asked.append(payment)

    def put(self, payment: Payment) -> None:
        """Put ``payment`` in the place of the one with its id."""
        self.change(
            payments=tuple(payment if p.id == payment.id else p for p in self.order.payments)
        )


_OF_ORDER = frozenset({"owed", "fund_owed", "surplus", "held", "deposit", "waived"})


def income_of(due: Due) -> str:
    """The account that a due's money is earned in."""
    return "damages" if due.what == "compensation" else "income"


def charge(work: Work, due: Due) -> None:
    """Charge ``due``: the caps hold, or nothing is charged.

    Raises:
        Conflict: compensation beyond the deposit, or other charges beyond the price agreed.
    """
    order = work.order
    if due.what == "compensation":
        had, most, name = order.compensation_minor, order.deposit_minor, "compensation"
    else:
        had, most, name = order.charged_minor, order.price_minor, "charges"
    if had + due.amount_minor > most:
        raise Conflict(
            f"{name} of order {order.id} may be {most} at most; {had} is charged, and "
            f"{due.amount_minor} more was asked; ask for {most - had} or less."
        )
    kind = "compensate" if due.what == "compensation" else "charge"
    work.move(kind, due.amount_minor, debit="owed", credit=income_of(due))
    work.change(dues=(*order.dues, due))


def take(work: Work, amount_minor: int) -> None:
    """Book money that the provider took: to the fund, then the merchant; what is over goes back."""
    order = work.order
    dues, over = paid_off(order.dues, amount_minor, at=work.act.at)
    used = amount_minor - over
    to_fund = min(used, order.covered_minor + order.fund_lost_minor)
    to_merchant = used - to_fund
    back_fund, back = min(to_fund, order.fund_lost_minor), min(to_merchant, order.lost_minor)
    work.move("reinstate", back_fund, debit="fund_owed", credit="fund_loss")
    work.move("reinstate", back, debit="owed", credit="loss")
    work.move("recover", to_fund, debit="cash", credit="fund_owed")
    work.move("recover", to_fund, debit="fund", credit="cash")
    work.move("capture", to_merchant, debit="cash", credit="owed")
    work.move("surplus", over, debit="cash", credit="surplus")
    work.change(
        dues=dues,
        covered_minor=order.covered_minor - (to_fund - back_fund),
        fund_lost_minor=order.fund_lost_minor - back_fund,
        lost_minor=order.lost_minor - back,
        surplus_minor=order.surplus_minor + over,
    )


def forgive(work: Work, amount_minor: int, *, keeping: Container[int] = ()) -> int:
    """Ask for less of what is unpaid, the latest due first; what of the amount is left.

    The dues at the places ``keeping`` stay.
    """
    left = amount_minor
    for place in reversed(range(len(work.order.dues))):
        if place in keeping:
            continue
        due = work.order.dues[place]
        part = min(due.owed_minor, left)
        if part:
            _forgive_part(work, income_of(due), part)
            _put_due(work, place, replace(due, forgiven_minor=due.forgiven_minor + part))
            left -= part
    return left


def _put_due(work: Work, place: int, due: Due) -> None:
    dues = work.order.dues
    work.change(dues=(*dues[:place], due, *dues[place + 1 :]))


def _forgive_part(work: Work, account: str, amount_minor: int) -> None:
    """Take it off what the merchant is owed, then what was written off, then the fund's part."""
    order = work.order
    mine = order.owed_minor - order.covered_minor - order.fund_lost_minor - order.lost_minor
    owed = min(amount_minor, mine)
    lost = min(amount_minor - owed, order.lost_minor)
    funds = min(amount_minor - owed - lost, order.covered_minor)
    gone = amount_minor - owed - lost - funds
    work.move("forgive", owed, debit=account, credit="owed")
    work.move("forgive", lost, debit=account, credit="loss")
    work.move("claw_back", funds, debit=account, credit="fund_owed")
    work.move("claw_back", gone, debit=account, credit="fund_loss")
    work.move("claw_back", funds + gone, debit="fund", credit="cover")
    work.change(
        lost_minor=order.lost_minor - lost,
        covered_minor=order.covered_minor - funds,
        fund_lost_minor=order.fund_lost_minor - gone,
    )


def give_back(work: Work, amount_minor: int) -> None:
    """Give back some of what was paid, the latest due first.

    Raises:
        Conflict: more than was paid and not given back yet.
    """
    order, left = work.order, amount_minor
    if amount_minor > order.paid_minor:
        raise Conflict(
            f"of order {order.id} {order.paid_minor} can be given back at most; got {amount_minor}."
        )
    for place in reversed(range(len(order.dues))):
        due = order.dues[place]
        part = min(due.paid_minor - due.refunded_minor, left)
        if part:
            work.move("give_back", part, debit=income_of(due), credit="surplus")
            _put_due(work, place, replace(due, refunded_minor=due.refunded_minor + part))
            left -= part
    work.change(surplus_minor=order.surplus_minor + amount_minor)
