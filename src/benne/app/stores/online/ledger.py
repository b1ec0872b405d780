"""The double-entry ledger, and the loss cover funds of merchants.

Every entry is of one request and adds up to 0; nothing is ever changed or taken away.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    Sequence,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
)

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.kernel import MICROS_PER_DAY
from benne.orders import Entry, FundLimits, Posting

entries = Table(
    "ledger_entries",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("organisation", String, nullable=False),
    Column("order", String, nullable=False),  # empty: of the merchant's fund
    Column("request", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("at", Number, nullable=False),
    Index("ledger_entries_in_time", "organisation", "at"),
    Index("ledger_entries_by_order", "order"),
    sqlite_autoincrement=True,  # a number is never given twice
)
postings = Table(
    "ledger_postings",
    METADATA,
    Column("entry", ForeignKey("ledger_entries.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("account", String, nullable=False),
    Column("owner", String, nullable=False),
    Column("amount_minor", Number, nullable=False),
    Index("ledger_postings_by_account", "account", "owner"),
)
funds = Table(
    "cover_funds",
    METADATA,
    Column("organisation", String, primary_key=True),
    Column("order_minor", Number, nullable=False),
    Column("day_minor", Number, nullable=False),
    Column("total_minor", Number, nullable=False),
    Column("share_permille", Integer, nullable=False),
    Column("opened_at", Number, nullable=False),
)

_SAID = "organisation", "order", "request", "kind", "at"
_ADD = Prepared(insert(entries).returning(entries.c.id), *_SAID)
_NUMBER = Prepared(select(Sequence("ledger_entries_id_seq").next_value()))
_ADD_NUMBERED = Prepared(insert(entries).inline(), "id", *_SAID)
_ADD_POSTING = Prepared(insert(postings), *postings.c.keys())
_BALANCE = select(func.coalesce(func.sum(postings.c.amount_minor), 0)).where(
    postings.c.account == bindparam("name"), postings.c.owner == bindparam("whose")
)


def post(unit: Unit, organisation: str, made: Iterable[Entry]) -> None:
    """Append entries to the unit's own transaction."""
    for entry in made:
        row = {
            "organisation": organisation,
            "order": entry.order,
            "request": entry.request,
            "kind": entry.kind,
            "at": entry.at,
        }
        number = _added(unit, row)
        for place, posting in enumerate(entry.postings, 1):
            unit.put(
                _ADD_POSTING,
                {
                    "entry": number,
                    "number": place,
                    "account": posting.account,
                    "owner": posting.owner,
                    "amount_minor": posting.amount_minor,
                },
            )


def _added(unit: Unit, row: Values) -> int:
    """The number of an entry that was added."""
    if not unit.postgres:
        return int(unit.value(_ADD, row))
    number = int(unit.value(_NUMBER))
    unit.put(_ADD_NUMBERED, {"id": number, **row})
    return number


def asked() -> tuple[Prepared, Values]:
    """What ``post`` will ask for its first entry, for ``Unit.ahead``."""
    return _NUMBER, {}


def balance(unit: Unit, account: str, owner: str) -> int:
    """What stands in an account, in minor units; debits are positive."""
    return int(unit.value(_BALANCE, {"name": account, "whose": owner}))


def trial_balance(unit: Unit) -> dict[str, int]:
    """The sum of each account over all owners; together they are 0."""
    total = func.sum(postings.c.amount_minor).label("total")
    query = select(postings.c.account, total).group_by(postings.c.account)
    return {str(row.account): int(row.total) for row in unit.rows(query)}


def unbalanced(unit: Unit) -> list[int]:
    """The numbers of entries that do not add up to 0, or have no two postings: there are none."""
    total, count = func.sum(postings.c.amount_minor), func.count(postings.c.entry)
    query = (
        select(entries.c.id)
        .select_from(entries.outerjoin(postings, postings.c.entry == entries.c.id))
        .group_by(entries.c.id)
        .having((func.coalesce(total, 1) != 0) | (count < 2))
        .order_by(entries.c.id)
    )
    return [int(row.id) for row in unit.rows(query)]


@dataclass(frozen=True, slots=True)
class Line:
    """One posting of a merchant's, as the daily file has it."""

    entry: int
    at: int
    order: str
    request: str
    kind: str
    account: str
    amount_minor: int


def lines_of(unit: Unit, organisation: str, *, start: int, end: int) -> Iterator[Line]:
    """What was posted for a merchant in ``[start, end)``, in order."""
    e, p = entries.c, postings.c
    query = (
        select(e.id, e.at, e.order, e.request, e.kind, p.account, p.amount_minor)
        .join(postings, p.entry == e.id)
        .where(e.organisation == organisation, e.at >= start, e.at < end)
        .order_by(e.at, e.id, p.number)
    )
    for row in unit.rows(query):
        yield Line(row.id, row.at, row.order, row.request, row.kind, row.account, row.amount_minor)


def opening_balances(unit: Unit, organisation: str, *, before: int) -> dict[str, int]:
    """What stood in each account of a merchant, and of its orders, before an instant."""
    e, p = entries.c, postings.c
    query = (
        select(p.account, func.sum(p.amount_minor).label("total"))
        .join(entries, p.entry == e.id)
        .where(e.organisation == organisation, e.at < before)
        .group_by(p.account)
    )
    return {str(row.account): int(row.total) for row in unit.rows(query)}


def entries_of(unit: Unit, order: str) -> list[Entry]:
    """All that was posted for an order."""
    e, p = entries.c, postings.c
    query = (
        select(e.id, e.request, e.order, e.at, e.kind, p.account, p.owner, p.amount_minor)
        .join(postings, p.entry == e.id)
        .where(e.order == order)
        .order_by(e.id, p.number)
    )
    found: dict[int, tuple[tuple[str, str, int, str], list[Posting]]] = {}
    for row in unit.rows(query):
        head = (row.request, row.order, row.at, row.kind)
        posting = Posting(row.account, row.owner, row.amount_minor)
        found.setdefault(row.id, (head, []))[1].append(posting)
    return [Entry(*head, tuple(parts)) for head, parts in found.values()]


# --- funds -----------------------------------------------------------------------------------


def put_fund(unit: Unit, organisation: str, limits: FundLimits, *, at: int) -> None:
    """Open a merchant's fund, or give it other limits."""
    values = {
        "order_minor": limits.order_minor,
        "day_minor": limits.day_minor,
        "total_minor": limits.total_minor,
        "share_permille": limits.share_permille,
    }
    new = unit.insert(funds)
    unit.run(
        new.on_conflict_do_update(index_elements=["organisation"], set_=values),
        {"organisation": organisation, "opened_at": at, **values},
    )


def fund_limits(unit: Unit, organisation: str, *, lock: bool = False) -> FundLimits | None:
    """A merchant's limits; with ``lock`` nobody else pays out of its fund until the unit ends."""
    query = select(funds).where(funds.c.organisation == organisation)
    row = unit.row(query.with_for_update() if lock and unit.postgres else query)
    if row is None:
        return None
    return FundLimits(row.order_minor, row.day_minor, row.total_minor, row.share_permille)


def paid_out(unit: Unit, organisation: str, *, since: int) -> int:
    """What a fund paid from an instant on."""
    e, p = entries.c, postings.c
    query = (
        select(func.coalesce(func.sum(p.amount_minor), 0))
        .join(entries, p.entry == e.id)
        .where(
            p.account == "cover",
            p.owner == organisation,
            e.organisation == organisation,
            e.kind == "award",
            e.at >= since,
        )
    )
    return int(unit.value(query))


def day_of(at: int) -> int:
    """00:00 UTC of the day of ``at``."""
    return at - at % MICROS_PER_DAY
