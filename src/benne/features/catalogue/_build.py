"""How the catalogue's lines become features: shared words, windows and units.

A line of the catalogue names a feature, its value, what we expect of it and what it says to a
person; everything regular is filled in here.  The unit is the last word of the name.  A value
whose atoms run over all time is put under each of several windows by ``Group.each``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from benne.features._algebra import Aggregate, Atom, Direction, Feature, Past, atom
from benne.kernel import Call, Constant, Expression, InvalidInput, as_number

RAISES: Final = Direction.RAISES_RISK
LOWERS: Final = Direction.LOWERS_RISK
EITHER: Final = Direction.EITHER

FACTORS = (
    "payment_history",
    "amounts_owed",
    "length_of_history",
    "new_credit",
    "credit_mix",
)
"""The five factors of a FICO-like score; a feature of one carries the tag ``factor:NAME``."""

UNITS: dict[str, float] = {
    "minor_per_day": 1.0,
    "days_per_day": 0.001,
    "minor": 100.0,
    "days": 1.0,
    "years": 1.0,
    "count": 1.0,
    "share": 0.001,
    "ratio": 0.001,
    "category": 1.0,
}
"""The units there are, as names end in them, and the step to which each is rounded."""

EVER: Final = None
_WITHIN: dict[int | None, tuple[str, str]] = {
    7: ("7d", "in the last 7 days"),
    30: ("30d", "in the last 30 days"),
    90: ("90d", "in the last 90 days"),
    180: ("180d", "in the last 180 days"),
    365: ("365d", "in the last year"),
    730: ("730d", "in the last two years"),
    EVER: ("ever", "so far"),
}
_NEVER_ABSENT = "never absent: 0 where nothing is on record"


def unit_of(name: str) -> str:
    """The unit in which a feature's name ends.

    >>> unit_of("balance_365d_trend_minor_per_day")
    'minor_per_day'

    Raises:
        InvalidInput: the name ends in none of ``UNITS``.
    """
    for unit in UNITS:
        if name.endswith(f"_{unit}"):
            return unit
    raise InvalidInput(f"a feature's name must end in one of {', '.join(UNITS)}; got {name!r}.")


def within(value: Expression, days: int | None) -> Expression:
    """``value`` with each of its all-time atoms put under a window of ``days``."""
    if isinstance(value, Atom):
        return replace(value, window=Past(days)) if value.window == Past() else value
    if isinstance(value, Call):
        return Call(value.operator, tuple(within(part, days) for part in value.arguments))
    return value


def always_known(value: Expression) -> bool:
    """Whether ``value`` can never be null, whatever is known of a person."""
    if isinstance(value, Atom):
        return value.aggregate in (Aggregate.COUNT, Aggregate.DISTINCT)
    if isinstance(value, Constant):
        return value.value is not None
    if isinstance(value, Call) and value.operator in ("add", "subtract", "multiply"):
        return all(map(always_known, value.arguments))
    return False


@dataclass(frozen=True, slots=True)
class Group:
    """What the features of one table share: reason family, absence, tags, actionable or not."""

    family: str
    absent: str
    tags: frozenset[str] = frozenset()
    actionable: bool = True

    def one(
        self,
        name: str,
        value: Expression,
        direction: Direction,
        says: str,
        *,
        step: float | None = None,
        tags: Iterable[str] = (),
        actionable: bool | None = None,
    ) -> tuple[Feature, ...]:
        """The one feature ``name``; ``step`` overrides its unit's resolution."""
        unit = unit_of(name)
        return (
            Feature(
                name=name,
                value=value,
                unit=unit,
                resolution=UNITS[unit] if step is None else step,
                direction=direction,
                says=says,
                reason_family=self.family,
                absent=_NEVER_ABSENT if always_known(value) else self.absent,
                actionable=self.actionable if actionable is None else actionable,
                tags=self.tags | frozenset(tags),
                category=unit == "category",
            ),
        )

    def each(
        self,
        windows: Iterable[int | None],
        name: str,
        value: Expression,
        direction: Direction,
        says: str,
        *,
        step: float | None = None,
        tags: Iterable[str] = (),
        actionable: bool | None = None,
    ) -> tuple[Feature, ...]:
        """A feature for each of ``windows``; ``{w}`` in ``name`` and ``says`` is the window."""
        return tuple(
            feature
            for days in windows
            for feature in self.one(
                name.format(w=_WITHIN[days][0]),
                within(value, days),
                direction,
                says.format(w=_WITHIN[days][1]),
                step=step,
                tags=tags,
                actionable=actionable,
            )
        )


def factor(name: str, family: str, absent: str, *, actionable: bool = True) -> Group:
    """A group of features of one of the five factors of a FICO-like score."""
    if name not in FACTORS:
        raise InvalidInput(f"a factor must be one of {', '.join(FACTORS)}; got {name!r}.")
    return Group(family, absent, frozenset({f"factor:{name}"}), actionable)


# --- atoms, in the words of the catalogue ------------------------------------------------

_Maker: TypeAlias = Callable[..., Atom]


def _maker(aggregate: Aggregate) -> _Maker:
    def make(
        kind: str,
        value: Expression | None = None,
        where: Expression | None = None,
        *,
        days: int | None = None,
        ahead: int | None = None,
        state_by: str | None = None,
        q_permille: int | None = None,
    ) -> Atom:
        return atom(
            kind,
            aggregate,
            value,
            where=where,
            days=days,
            ahead=ahead,
            state_by=state_by,
            q_permille=q_permille,
        )

    return make


total = _maker(Aggregate.SUM)
mean = _maker(Aggregate.MEAN)
smallest = _maker(Aggregate.MIN)
largest = _maker(Aggregate.MAX)
spread = _maker(Aggregate.SPREAD)
distinct = _maker(Aggregate.DISTINCT)
latest = _maker(Aggregate.LATEST)
earliest = _maker(Aggregate.FIRST)
share = _maker(Aggregate.SHARE)
quantile = _maker(Aggregate.QUANTILE)
trend = _maker(Aggregate.TREND)
"""Each takes (kind, value, where, *, days | ahead | state_by)."""


def count(
    kind: str,
    where: Expression | None = None,
    *,
    days: int | None = None,
    ahead: int | None = None,
    state_by: str | None = None,
) -> Atom:
    """How many records; 0 where there is none."""
    return atom(kind, Aggregate.COUNT, where=where, days=days, ahead=ahead, state_by=state_by)


def tally(kind: str, of: Expression, *, state_by: str | None = None) -> Atom:
    """For how many records a condition is true; null where there is no record at all."""
    return atom(kind, Aggregate.SUM, as_number(of), state_by=state_by)


def since_last(kind: str, where: Expression | None = None) -> Atom:
    """Whole days since the last record."""
    return atom(kind, Aggregate.DAYS_SINCE_LAST, where=where)


def since_first(kind: str, where: Expression | None = None) -> Atom:
    """Whole days since the first record."""
    return atom(kind, Aggregate.DAYS_SINCE_FIRST, where=where)
