"""What orders have at risk, by person and merchant: reserved and released under limits, at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias
from zlib import crc32

from sqlalchemy import (
    Column,
    Index,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    case,
    or_,
    select,
    update,
)

from benne.app.stores.online._prepared import Prepared
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.decisions import SCOPES, Exceeded, Limits, Scope, Used, exceeded
from benne.kernel import MICROS_PER_DAY, Conflict, InvalidInput, NotFound

exposures = Table(
    "exposures",
    METADATA,
    Column("order", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("merchant", String, nullable=False),
    Column("amount_minor", Number, nullable=False),
    Column("at", Number, nullable=False),
    Index("exposures_of_subject", "subject", "merchant"),
)
exposure_totals = Table(
    "exposure_totals",
    METADATA,
    Column("scope", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("total_minor", Number, nullable=False),
    Column("day", Integer, nullable=False),
    Column("day_minor", Number, nullable=False),
)

_SHARES = 16
"""A merchant's total stands in so many rows, by person: its orders wait for each other only where
it has a limit.  Then each order holds them all."""


@dataclass(frozen=True, slots=True)
class Reserved:
    """The order has ``amount_minor`` at risk, under every limit."""

    order: str
    amount_minor: int


Reservation: TypeAlias = Reserved | Exceeded


def reserve(
    unit: Unit,
    *,
    subject: str,
    merchant: str,
    order: str,
    amount_minor: int,
    at: int,
    limits: Limits,
) -> Reservation:
    """Put ``amount_minor`` more of ``order`` at risk, or say which limit is in the way.

    The same order may reserve again (it is extended, or dearer than was thought): the amounts add
    up.  Two orders that race for the last of a limit come one after the other: the rows of their
    scopes are locked, in one order, until the unit ends.  Nothing is changed where a limit is
    exceeded.

    Raises:
        InvalidInput: the amount is below 0.
        Conflict: the order is of another person or merchant.
    """
    if amount_minor < 0:
        raise InvalidInput(f"what is reserved must be 0 or more; got {amount_minor}.")
    keys, day = _keys(subject, merchant), at // MICROS_PER_DAY
    limited = limits.of("merchant") != (None, None)
    used = _locked(unit, keys, order, day=day, shares=_shares(merchant) if limited else None)
    before = _of(unit, order)
    if before is not None and (before.subject, before.merchant) != (subject, merchant):
        raise Conflict(f"order {order} reserves for another person or merchant; use its own.")
    beyond = exceeded(limits, used, amount_minor)
    if beyond is not None:
        return beyond
    held = (0 if before is None else before.amount_minor) + amount_minor
    row = {"order": order, "subject": subject, "merchant": merchant, "amount_minor": held, "at": at}
    unit.put(_HOLD, row)
    _move(unit, keys, amount_minor, newly=amount_minor, day=day)
    return Reserved(order, held)


def release(unit: Unit, order: str, *, amount_minor: int | None = None, at: int) -> int:
    """Take ``amount_minor`` of an order (all, if not stated) out of risk; what remains.

    Raises:
        NotFound: the order has reserved nothing.
        InvalidInput: the amount is below 0, or more than is reserved.
    """
    found = _of(unit, order)
    if found is None:
        raise NotFound(f"order {order} has nothing reserved.")
    keys = _keys(found.subject, found.merchant)
    _locked(unit, keys, order, day=at // MICROS_PER_DAY)
    found = _of(unit, order)  # again, behind the locks
    assert found is not None
    amount = found.amount_minor if amount_minor is None else amount_minor
    if not 0 <= amount <= found.amount_minor:
        raise InvalidInput(
            f"order {order} has {found.amount_minor} reserved; it cannot release {amount}."
        )
    left: int = found.amount_minor - amount
    unit.run(update(exposures).where(exposures.c.order == order).values(amount_minor=left, at=at))
    _move(unit, keys, -amount, newly=0, day=at // MICROS_PER_DAY)
    return left


def used(unit: Unit, *, subject: str, merchant: str, at: int) -> dict[Scope, Used]:
    """What is at risk now and was reserved today, for each scope; it locks nothing."""
    values = _named(_keys(subject, merchant), _shares(merchant))
    return _summed(unit.rows(_WHOLE, values), at // MICROS_PER_DAY)


def erase_subject(unit: Unit, subject: str) -> int:
    """Delete what ended orders left of a person; how many rows there were."""
    gone = exposures.delete().where(exposures.c.subject == subject, exposures.c.amount_minor == 0)
    return unit.run(gone)


_EXPOSURE = Prepared(
    select(exposures.c.subject, exposures.c.merchant, exposures.c.amount_minor).where(
        exposures.c.order == bindparam("of_order")
    )
)


def _held(insert: Callable[..., Any]) -> Any:
    new = insert(exposures)
    told = {name: new.excluded[name] for name in ("amount_minor", "at")}
    return new.on_conflict_do_update(index_elements=["order"], set_=told)


_HOLD = Prepared(_held, *exposures.c.keys())


def _row_of(scope: Scope) -> Any:
    return and_(exposure_totals.c.scope == scope, exposure_totals.c.key == bindparam(f"of_{scope}"))


_OWN_ROWS = or_(*map(_row_of, SCOPES))
_WHOLE_ROWS = or_(
    _row_of("person"),
    _row_of("person_here"),
    and_(
        exposure_totals.c.scope == "merchant",
        exposure_totals.c.key.in_([bindparam(f"share_{number}") for number in range(_SHARES)]),
    ),
)


def _totals(rows: Any) -> Any:
    found = select(*exposure_totals.c).where(rows)
    return found.order_by(exposure_totals.c.scope, exposure_totals.c.key)  # none waits in a ring


_OWN, _WHOLE = Prepared(_totals(_OWN_ROWS)), Prepared(_totals(_WHOLE_ROWS))
_OWN_LOCKED = Prepared(_totals(_OWN_ROWS).with_for_update())
_WHOLE_LOCKED = Prepared(_totals(_WHOLE_ROWS).with_for_update())
_MAKE = Prepared(
    lambda insert: insert(exposure_totals).on_conflict_do_nothing(), *exposure_totals.c.keys()
)
_MOVE = Prepared(
    update(exposure_totals)
    .where(_OWN_ROWS)
    .values(
        total_minor=exposure_totals.c.total_minor + bindparam("more"),
        day_minor=case(
            (exposure_totals.c.day == bindparam("today"), exposure_totals.c.day_minor), else_=0
        )
        + bindparam("newly"),
        day=bindparam("today"),
    )
)
"""Statements are built once: to build one takes longer than to run it."""


def _keys(subject: str, merchant: str) -> dict[Scope, str]:
    """The keys of the rows that an order moves."""
    share = _shares(merchant)[crc32(subject.encode()) % _SHARES]
    return {"person": subject, "person_here": f"{merchant}/{subject}", "merchant": share}


def _shares(merchant: str) -> list[str]:
    return [merchant, *(f"{merchant}#{number}" for number in range(1, _SHARES))]


def _of(unit: Unit, order: str) -> _Exposure | None:
    row = unit.row(_EXPOSURE, {"of_order": order})
    return None if row is None else _Exposure(row.subject, row.merchant, row.amount_minor)


@dataclass(frozen=True, slots=True)
class _Exposure:
    subject: str
    merchant: str
    amount_minor: int


def _locked(
    unit: Unit,
    keys: Mapping[Scope, str],
    order: str,
    *,
    day: int,
    shares: Sequence[str] | None = None,
) -> dict[Scope, Used]:
    """What each scope has at risk, its rows held until the unit ends; makes rows that lack.

    Of the merchant these are the rows of all its ``shares``, where they are given, else the one
    that moves. What ``order`` has at risk is asked in the same journey.

    Rows are held in one order, and who makes one holds by then all of its own that were there: so
    no two units wait for each other.
    """
    values = _named(keys, shares or ())
    own, whole = (_OWN_LOCKED, _WHOLE_LOCKED) if unit.postgres else (_OWN, _WHOLE)
    held = own if shares is None else whole
    wanted = {*keys.items(), *(("merchant", share) for share in shares or ())}
    while True:
        unit.ahead((held, values), (_EXPOSURE, {"of_order": order}))
        rows = unit.rows(held, values)
        missing = wanted - {(row.scope, row.key) for row in rows}
        if not missing:
            return _summed(rows, day)
        for scope, key in sorted(missing):
            row = {"scope": scope, "key": key, "total_minor": 0, "day": day, "day_minor": 0}
            unit.put(_MAKE, row)


def _summed(rows: Iterable[Any], day: int) -> dict[Scope, Used]:
    """What each scope has at risk, and today's part of it, over its rows."""
    total, today = dict.fromkeys(SCOPES, 0), dict.fromkeys(SCOPES, 0)
    for row in rows:
        total[row.scope] += row.total_minor
        today[row.scope] += row.day_minor if row.day == day else 0
    return {scope: Used(total[scope], today[scope]) for scope in SCOPES}


def _named(keys: Mapping[Scope, str], shares: Iterable[str] = ()) -> dict[str, str]:
    return {f"of_{scope}": key for scope, key in keys.items()} | {
        f"share_{number}": share for number, share in enumerate(shares)
    }


def _move(unit: Unit, keys: Mapping[Scope, str], amount: int, *, newly: int, day: int) -> None:
    """Change what the locked rows say."""
    unit.put(_MOVE, {**_named(keys), "more": amount, "newly": newly, "today": day})
