"""A merchant's loss cover fund, and the file with which it reconciles its days."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from io import StringIO
from typing import TYPE_CHECKING

from benne.app._contributing import demand_fund
from benne.app.stores.online import clients, contributions, ledger
from benne.kernel import MICROS_PER_DAY, Corrupt, InvalidInput, NotFound, iso
from benne.orders import Fund, FundLimits

if TYPE_CHECKING:
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit


def open_fund(bureau: Bureau, unit: Unit, organisation: str, limits: FundLimits) -> Fund:
    """Open a merchant's fund, or give it other limits; how it stands.

    Raises:
        NotFound: there is no such organisation.
    """
    if clients.find_organisation(unit, organisation) is None:
        raise NotFound(f"there is no organisation {organisation!r}; add it first.")
    ledger.put_fund(unit, organisation, limits, at=bureau.clock())
    bureau.note(unit, "fund_opened", {"organisation": organisation})
    return demand_fund(bureau, unit, organisation)


@dataclass(frozen=True, slots=True)
class Reconciled:
    """A merchant's day: a CSV file, and what stood in each account before and after."""

    csv: str
    opening: dict[str, int]
    closing: dict[str, int]


HEAD = ("entry", "at", "order", "request", "kind", "account", "debit_minor", "credit_minor")


def reconcile(unit: Unit, organisation: str, *, day: int) -> Reconciled:
    """All that was posted for a merchant on the UTC day that begins at ``day``, as a CSV file.

    It starts with the balance of each account, ends with them, and both sides add up.

    Raises:
        InvalidInput: ``day`` is not 00:00 UTC.
    """
    if day % MICROS_PER_DAY:
        raise InvalidInput(f"a day begins at 00:00 UTC; got {iso(day)}.")
    opening = ledger.opening_balances(unit, organisation, before=day)
    closing = dict(opening)
    out = StringIO()
    write = csv.writer(out, lineterminator="\n").writerow
    write(HEAD)
    for account in sorted(opening):
        write(("", iso(day), "", "", "opening", account, *_sides(opening[account])))
    for line in ledger.lines_of(unit, organisation, start=day, end=day + MICROS_PER_DAY):
        closing[line.account] = closing.get(line.account, 0) + line.amount_minor
        words = (line.order, _safe(line.request), line.kind, line.account)
        write((line.entry, iso(line.at), *words, *_sides(line.amount_minor)))
    end = iso(day + MICROS_PER_DAY)
    for account in sorted(closing):
        write(("", end, "", "", "closing", account, *_sides(closing[account])))
    return Reconciled(out.getvalue(), opening, closing)


def _sides(amount: int) -> tuple[int, int]:
    return (amount, 0) if amount >= 0 else (0, -amount)


def _safe(text: str) -> str:
    """A caller's own words, which a spreadsheet must not take for a formula."""
    return f"'{text}" if text[:1] in "=+-@\t\r" else text


def books(unit: Unit) -> dict[str, int]:
    """The trial balance: the sum of each account.

    Raises:
        Corrupt: they do not add up to 0, or an entry does not; or funds got what nobody paid in.
    """
    found = ledger.trial_balance(unit)
    taken = contributions.taken_minor(unit)
    if taken + found.get("paid_in", 0):
        raise Corrupt(
            f"cover funds got {-found.get('paid_in', 0)} by the books, and {taken} by what the "
            "provider took; restore a backup, and tell the makers."
        )
    wrong = ledger.unbalanced(unit)
    if wrong or sum(found.values()):
        raise Corrupt(
            f"the books do not balance: {sum(found.values())} in all, entries {wrong[:5]}; "
            "restore a backup, and tell the makers."
        )
    return found
