"""The double-entry ledger of orders: integer minor units, balanced, each entry of a request.

An account is ``name/owner``.  Debits are positive and credits negative, so an entry's postings add
up to zero, and so do all balances.

========== ======== ==================================================================
account    owner    what its balance says
========== ======== ==================================================================
owed       order    what the person owes the merchant (debit)
fund_owed  order    what the person owes the cover fund, which paid the merchant (debit)
cash       merchant what the payment provider took for the merchant (debit)
provider   merchant what the provider gave back twice, until it is set off (debit)
surplus    order    what was taken and must go back to the person (credit)
income     merchant what use, prices, instalments and benefits brought (credit)
damages    merchant what compensation brought (credit)
loss       merchant what was written off (debit)
held       order    the person's money on hold at the provider (debit)
deposit    order    its other side (credit)
waived     order    the deposit that the person need not pay (debit)
credit     merchant its other side (credit)
fund       merchant what the loss cover fund can pay out (debit)
paid_in    merchant what was paid into the fund (credit)
cover      merchant what the fund paid to the merchant (debit)
fund_loss  merchant what the fund will not get back (debit)
========== ======== ==================================================================
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benne.kernel import InvalidInput

ACCOUNTS = (
    "owed", "fund_owed", "cash", "provider", "surplus", "income", "damages", "loss", "held",
    "deposit", "waived", "credit", "fund", "paid_in", "cover", "fund_loss",
)  # fmt: skip
"""Every account's name; ``name/owner`` is an account."""

_MOST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Posting:
    """``amount_minor`` to an account: positive is a debit, negative a credit."""

    account: str
    owner: str
    amount_minor: int

    def __post_init__(self) -> None:
        if self.account not in ACCOUNTS:
            raise InvalidInput(
                f"an account must be one of {', '.join(ACCOUNTS)}; got {self.account!r}."
            )
        if self.amount_minor == 0 or abs(self.amount_minor) > _MOST:
            raise InvalidInput(
                f"a posting must be an int64 other than 0; got {self.amount_minor} to "
                f"{self.account}/{self.owner}."
            )


@dataclass(frozen=True, slots=True)
class Entry:
    """What one request moved: balanced postings, and which kind of movement it was."""

    request: str
    order: str
    at: int
    kind: str
    postings: tuple[Posting, ...]

    def __post_init__(self) -> None:
        total = sum(posting.amount_minor for posting in self.postings)
        if total or len(self.postings) < 2:
            raise InvalidInput(
                f"an entry must have two postings or more that add up to 0; {self.kind} of "
                f"{self.order} has {len(self.postings)}, adding up to {total}."
            )


def moved(
    amount_minor: int, *, debit: tuple[str, str], credit: tuple[str, str]
) -> tuple[Posting, ...]:
    """``amount_minor`` to the ``debit`` account (name, owner), from the ``credit`` account."""
    return Posting(*debit, amount_minor), Posting(*credit, -amount_minor)


def balances(entries: Iterable[Entry]) -> Mapping[tuple[str, str], int]:
    """The balance of every account, by (name, owner), in minor units; debits are positive."""
    found: dict[tuple[str, str], int] = {}
    for entry in entries:
        for posting in entry.postings:
            key = (posting.account, posting.owner)
            found[key] = found.get(key, 0) + posting.amount_minor
    return found


def trial_balance(entries: Iterable[Entry]) -> int:
    """All balances added up: always 0, or money was made or lost."""
    return sum(balances(entries).values())
