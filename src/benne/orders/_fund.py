"""A merchant's loss cover fund: its own account, and its own limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from benne.kernel import Conflict, InvalidInput
from benne.orders._ledger import Entry, moved


@dataclass(frozen=True, slots=True)
class FundLimits:
    """What a fund may pay at most, in minor units, and which share of a loss it takes."""

    order_minor: int
    day_minor: int
    total_minor: int
    share_permille: int = 1000

    def __post_init__(self) -> None:
        for name in ("order_minor", "day_minor", "total_minor"):
            if getattr(self, name) < 0:
                raise InvalidInput(f"{name} must be 0 or more; got {getattr(self, name)}.")
        if not 0 <= self.share_permille <= 1000:
            raise InvalidInput(f"share_permille must be from 0 to 1000; got {self.share_permille}.")


@dataclass(frozen=True, slots=True)
class Fund:
    """A fund as the ledger says it stands: ``balance_minor``, and what it paid so far.

    ``paid_today_minor`` is what it paid in the UTC day of the claim's answer.
    """

    merchant: str
    limits: FundLimits
    balance_minor: int = 0
    paid_today_minor: int = 0
    paid_minor: int = 0

    def award_max(self, *, claimed_minor: int, order_paid_minor: int = 0) -> int:
        """The most that it may pay for a claim, of an order for which it paid already.

        Its share is of the whole loss, however many claims that comes in.
        """
        limits = self.limits
        loss = claimed_minor + order_paid_minor
        return max(
            min(
                claimed_minor,
                loss * limits.share_permille // 1000 - order_paid_minor,
                limits.order_minor - order_paid_minor,
                limits.day_minor - self.paid_today_minor,
                limits.total_minor - self.paid_minor,
                self.balance_minor,
            ),
            0,
        )

    def pay(self, amount_minor: int, *, claimed_minor: int, order_paid_minor: int = 0) -> Fund:
        """The fund after it paid ``amount_minor``.

        Raises:
            Conflict: its limits or its balance do not allow as much.
        """
        most = self.award_max(claimed_minor=claimed_minor, order_paid_minor=order_paid_minor)
        if not 0 < amount_minor <= most:
            raise Conflict(
                f"the cover fund of {self.merchant} may pay {most} for this claim now, by its "
                f"limits and its balance of {self.balance_minor}; got {amount_minor}."
            )
        return replace(
            self,
            balance_minor=self.balance_minor - amount_minor,
            paid_today_minor=self.paid_today_minor + amount_minor,
            paid_minor=self.paid_minor + amount_minor,
        )


def pay_in(fund: Fund, amount_minor: int, *, request: str, at: int) -> tuple[Fund, Entry]:
    """The fund after the provider took what the merchant pays into it, and the entry.

    Raises:
        InvalidInput: the amount is not positive.
    """
    if amount_minor < 1:
        raise InvalidInput(f"a contribution must be 1 minor unit or more; got {amount_minor}.")
    postings = moved(amount_minor, debit=("fund", fund.merchant), credit=("paid_in", fund.merchant))
    entry = Entry(request, "", at, "pay_in", postings)
    return replace(fund, balance_minor=fund.balance_minor + amount_minor), entry
