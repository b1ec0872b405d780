"""The feature algebra: what a feature says, apart from how it is computed.

A *row expression* is a kernel expression over a kind's columns and ``as_of``.  An *atom*
aggregates a row expression over the records of one kind that a filter and a window keep.
A *feature* combines atoms by arithmetic.  Everything here is data; the interpreters
(Ibis, in process, and the naive oracle of the tests) live in their own modules.

Windows run over the kind's first instant ``t``:

* ``Past(days)``: ``as_of - days <= t < as_of``; ``Past(None)``: ``t < as_of``;
* ``Ahead(days)``: ``as_of <= t < as_of + days`` (what is already scheduled);
* ``State(by)``: of the records with ``t < as_of``, only the last for each value of the column
  ``by`` (last by ``t``, then ``known_at``, then ``record``); then the filter, then the
  aggregate over those: the sum of each account's latest balance, say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from benne.kernel import Call, Expression, InvalidInput


class Aggregate(StrEnum):
    """How an atom turns records into one value; null where no record is left, but for counts.

    ``COUNT`` and ``DISTINCT`` are 0 over nothing.  ``SUM`` is null over nothing.  All pass over
    null values.  ``MEAN``, ``SPREAD`` (sample standard deviation; null below two values) and
    ``TREND`` (least-squares slope per day over whole days before ``as_of``; null below two
    distinct days) are one division of doubles cast once from exact integers.  ``SHARE`` is the
    share of records for which the value, a condition, is true, among those where it is not
    null.  ``QUANTILE`` is exact and lower: the value at position
    ``floor(q_permille * (n - 1) / 1000)`` of the sorted values.  ``LATEST`` and ``FIRST`` order
    by (instant, ``known_at``, ``record``).  ``DAYS_SINCE_LAST`` and ``DAYS_SINCE_FIRST`` are whole
    days between the record's window instant and ``as_of``.  A double value may only go
    into ``MIN``, ``MAX``, ``LATEST`` and ``FIRST``.
    """

    COUNT = "count"
    SUM = "sum"
    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    SPREAD = "spread"
    DISTINCT = "distinct"
    LATEST = "latest"
    FIRST = "first"
    DAYS_SINCE_LAST = "days_since_last"
    DAYS_SINCE_FIRST = "days_since_first"
    SHARE = "share"
    QUANTILE = "quantile"
    TREND = "trend"


@dataclass(frozen=True, slots=True)
class Past:
    """The ``days`` before ``as_of``, or all time before it."""

    days: int | None = None


@dataclass(frozen=True, slots=True)
class Ahead:
    """What is already scheduled in the ``days`` from ``as_of`` on."""

    days: int


@dataclass(frozen=True, slots=True)
class State:
    """The last record for each value of ``by``, as it stands at ``as_of``."""

    by: str


Window: TypeAlias = Past | Ahead | State


@dataclass(frozen=True, slots=True)
class Atom(Expression):
    """One aggregate over the records of one kind: a leaf of a feature's expression."""

    kind: str
    aggregate: Aggregate
    value: Expression | None = None
    where: Expression | None = None
    window: Window = Past()
    q_permille: int | None = None


def window_of(days: int | None, ahead: int | None, state_by: str | None) -> Window:
    """The window that at most one of the three arguments names."""
    given = [argument for argument in (days, ahead, state_by) if argument is not None]
    if len(given) > 1:
        raise InvalidInput("a window is one of days=, ahead= and state_by=; got more than one.")
    if ahead is not None:
        return Ahead(ahead)
    if state_by is not None:
        return State(state_by)
    return Past(days)


def atom(
    kind: str,
    aggregate: Aggregate,
    value: Expression | None = None,
    *,
    where: Expression | None = None,
    days: int | None = None,
    ahead: int | None = None,
    state_by: str | None = None,
    q_permille: int | None = None,
) -> Atom:
    """An atom; ``days``, ``ahead`` or ``state_by`` choose its window (none: all time before)."""
    return Atom(kind, aggregate, value, where, window_of(days, ahead, state_by), q_permille)


TIES = "tie"
"""The kind of evidence that says who is tied to whom."""


class Ring(StrEnum):
    """Whose values ``Neighbours`` aggregate: never the person's own.

    ``NEAR``: those to whom the person is tied.  ``FAR``: those at the end of a simple path of two
    ties (some may be near as well).  ``COMMUNITY``: the others of the person's community, which
    label propagation finds.
    """

    NEAR = "near"
    FAR = "far"
    COMMUNITY = "community"


@dataclass(frozen=True, slots=True)
class Neighbours(Expression):
    """A value ``of`` the people around a person, aggregated: a feature's whole value.

    Make one with ``neighbours``, which says what it means.
    """

    of: Expression
    aggregate: Aggregate
    ring: Ring = Ring.NEAR
    weighted: bool = False


class Direction(StrEnum):
    """What is expected of the risk as the feature grows."""

    RAISES_RISK = "raises_risk"
    LOWERS_RISK = "lowers_risk"
    EITHER = "either"


@dataclass(frozen=True, slots=True)
class Feature:
    """A number computed from the evidence known at ``as_of``, with all that it means.

    ``value`` is an expression whose leaves are atoms (and constants and ``as_of``), or one
    ``Neighbours``.
    ``resolution`` is the step to which a value is rounded before a score looks at it, in
    ``unit``.  ``lineage`` (the kinds it reads) is computed from ``value``, and so, with the
    kinds' domains, is ``domain``; a feature over two domains is *paired*.
    ``category`` says that the value is text, one of many levels, and not a number.
    """

    name: str
    value: Expression
    unit: str
    resolution: float
    direction: Direction
    says: str
    reason_family: str
    absent: str
    actionable: bool
    tags: frozenset[str] = frozenset()
    category: bool = False

    @property
    def atoms(self) -> tuple[Atom, ...]:
        """The distinct atoms that the value, or that of a neighbour, reads, as they appear."""
        value = self.value.of if isinstance(self.value, Neighbours) else self.value
        return tuple(dict.fromkeys(_atoms(value)))

    @property
    def lineage(self) -> tuple[str, ...]:
        """The kinds that the value reads; first that of the ties, where it reads neighbours."""
        return tuple(dict.fromkeys((*self.own_kinds, *(leaf.kind for leaf in self.atoms))))

    @property
    def own_kinds(self) -> tuple[str, ...]:
        """The kinds of the person's own records that it reads: of neighbours only the ties.

        Their domains are the feature's.
        """
        if isinstance(self.value, Neighbours):
            return (TIES,)
        return tuple(dict.fromkeys(leaf.kind for leaf in self.atoms))


def _atoms(node: Expression) -> Iterator[Atom]:
    if isinstance(node, Atom):
        yield node
    elif isinstance(node, Call):
        for argument in node.arguments:
            yield from _atoms(argument)
