"""The network block of one cut: ties and values in, aggregates out, in exact integers.

Pure array work on SciPy's sparse matrices.  People are numbered from 0; what is said here of
groups, the floor and rings is defined in ``benne.features._neighbours``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from benne.features._algebra import Aggregate, Neighbours, Ring
from benne.features._neighbours import FLOOR
from benne.kernel import InvalidInput

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Column: TypeAlias = tuple[NDArray[Any], Flags]
_T = TypeVar("_T")

_PATHS_AT_A_TIME = 8_000_000
"""Paths of two ties that are held in memory at a time."""
_MARK = 1 << 44
"""More than the weights of all paths between two people can come to."""
_LAST_MONTH = 1 << 20
_ROUNDS = 6
"""Rounds of label propagation: labels are those of at most so many ties away."""


@dataclass(frozen=True)
class Ties:
    """Who is or was tied to whom at a cut; both ways, sorted by ``person``, then ``other``.

    Arrays of one length.  ``strength`` in permille is 0 where the tie has ended.  ``month`` is the
    number of the UTC month (from 1970) in which the tie came; all lie before the cut.
    """

    people: int
    person: Ints
    other: Ints
    strength: Ints
    month: Ints

    @classmethod
    def both_ways(cls, people: int, person: Ints, other: Ints, strength: Ints, month: Ints) -> Ties:
        """Ties as records state them, each pair once: the stronger and the earlier of two."""
        one, two = (
            _square(people, person, other, strength + 1),
            _square(people, person, other, _LAST_MONTH - month),
        )  # what is stored must not be 0
        strong, early = one.maximum(one.T).tocsr(), two.maximum(two.T).tocsr()
        for matrix in (strong, early):
            matrix.sort_indices()
        return cls(
            people,
            _rows(early.indptr),
            early.indices.astype(np.int64),
            strong.data - 1,
            _LAST_MONTH - early.data,
        )

    @cached_property
    def live(self) -> csr_array:
        """The strengths of the ties that have not ended, shape (people, people)."""
        there = self.strength > 0
        return _square(self.people, self.person[there], self.other[there], self.strength[there])


@dataclass(frozen=True)
class Values:
    """One value of everybody at the cut, shape ``(people,)`` each.

    ``month`` is when the first record that the value reads was known (``NEVER``: none was),
    ``known`` whether the value is not null.  For the pairs ``shared_keys`` (in order), which share
    records, ``shared`` and ``shared_known`` are the value without those.
    """

    value: Ints
    known: Flags
    month: Ints
    shared_keys: Ints
    shared: Ints
    shared_known: Flags

    def of(self, ties: Ties, person: Ints, other: Ints) -> tuple[Ints, Flags]:
        """The value of each ``other`` as ``person`` may see it, and whether there is one."""
        value, known = self.value[other], self.known[other]
        if len(self.shared_keys):
            keys = person * ties.people + other
            place = np.searchsorted(self.shared_keys, keys).clip(max=len(self.shared_keys) - 1)
            apart = self.shared_keys[place] == keys
            value = np.where(apart, self.shared[place], value)
            known = np.where(apart, self.shared_known[place], known)
        return value, known


NEVER = -1
"""The month of what never was."""


@dataclass(frozen=True)
class _Found:
    """Who counts for whom, in order of ``person``; ``weight`` is 1 or more."""

    person: Ints
    other: Ints
    value: Ints
    weight: Ints


@dataclass(frozen=True)
class _Sums:
    """What is added up for each of a range of people; ``none`` says who gets no value."""

    count: Ints
    total: Ints
    largest: Ints
    weight: Ints
    weighted: Ints
    none: Flags

    def finish(self, leaf: Neighbours) -> Column:
        """The numbers of ``leaf`` and whether they are known."""
        known = (self.count >= FLOOR) & ~self.none
        if leaf.aggregate is Aggregate.COUNT:
            return self.count, known
        if leaf.aggregate is Aggregate.SUM:
            return self.total, known
        if leaf.aggregate is Aggregate.MAX:
            return self.largest, known
        over, under = (self.weighted, self.weight) if leaf.weighted else (self.total, self.count)
        return over.astype(np.float64) / np.maximum(under, 1).astype(np.float64), known


def aggregates(
    ties: Ties, values: Sequence[Values], asked: Sequence[tuple[Neighbours, int]], allowed: Flags
) -> list[Column]:
    """For each ``asked`` leaf, with the place of its value: numbers and whether they are known.

    Both have shape ``(people,)``.  ``allowed`` says whose permit covers network use.

    Raises:
        InvalidInput: a sum that does not fit int64.
    """
    made: dict[int, list[Column]] = {}
    label = communities(ties) if any(leaf.ring is Ring.COMMUNITY for leaf, _ in asked) else None
    for place in dict.fromkeys(place for _, place in asked):
        leaves = [leaf for leaf, of in asked if of == place]
        made[place] = _of_one_value(ties, values[place], leaves, allowed, label)
    return [made[place].pop(0) for _, place in asked]


def _of_one_value(
    ties: Ties, value: Values, leaves: list[Neighbours], allowed: Flags, label: Ints | None
) -> list[Column]:
    rings = {leaf.ring for leaf in leaves}
    near = near_of(ties, value, allowed)
    sums = {Ring.NEAR: _summed(near, 0, ties.people)}
    beside = [_inside(near, label, 0, ties.people)]
    if Ring.FAR in rings:
        sums[Ring.FAR], inside = _far(ties, near, value, label)
        beside.append(inside)
    if label is not None and Ring.COMMUNITY in rings:
        sums[Ring.COMMUNITY] = _community(ties, value, allowed, label, beside)
    return [sums[leaf.ring].finish(leaf) for leaf in leaves]


# --- sums ----------------------------------------------------------------------------------


def _summed(found: _Found, low: int, high: int, none: Flags | None = None) -> _Sums:
    """The sums of the people ``low`` up to ``high``, of whom alone ``found`` speaks."""
    size = high - low
    count = np.bincount(found.person - low, minlength=size)
    owner = np.flatnonzero(count)
    start = (np.cumsum(count) - count)[owner]
    _demand_room(found, int(count.max(initial=0)))

    def reduced(by: np.ufunc, numbers: Ints) -> Ints:
        made = np.zeros(size, dtype=np.int64)
        if len(owner):
            made[owner] = by.reduceat(numbers, start)
        return made

    return _Sums(
        count,
        reduced(np.add, found.value),
        reduced(np.maximum, found.value),
        reduced(np.add, found.weight),
        reduced(np.add, found.weight * found.value),
        np.zeros(size, dtype=np.bool_) if none is None else none,
    )


def _demand_room(found: _Found, most: int) -> None:
    """Refuse what might not fit: the bound is crude, and far from what is ever asked."""
    largest = max(abs(int(found.value.max(initial=0))), abs(int(found.value.min(initial=0))))
    if largest * int(found.weight.max(initial=0)) * most >= 2**63:
        raise InvalidInput(
            f"a sum over neighbours must fit int64; {most} neighbours with values up to "
            f"{largest} may not; use a larger unit, or a condition."
        )


def _apart(differing: Ints) -> Flags:
    """Where two sets differ by somebody, and by fewer than the floor."""
    return (differing > 0) & (differing < FLOOR)


# --- near ----------------------------------------------------------------------------------


def near_of(ties: Ties, value: Values, allowed: Flags) -> _Found:
    """The neighbours who count: in closed groups of which nobody is gone."""
    first = value.month[ties.other]
    came = np.flatnonzero(first != NEVER)
    person, other = ties.person[came], ties.other[came]
    group = groups(person, np.maximum(ties.month[came], first[came]))
    number, known = value.of(ties, person, other)
    there = (ties.strength[came] > 0) & known & allowed[other]
    gone = np.bincount(group[~there & (group >= 0)], minlength=int(group.max(initial=0)) + 1) > 0
    counts = (group >= 0) & ~gone[group]
    return _Found(person[counts], other[counts], number[counts], ties.strength[came[counts]])


def groups(person: Ints, month: Ints) -> Ints:
    """The number of the closed group of each arrival, -1 for those still open; shape ``(n,)``.

    ``person`` is sorted.  A person's months are gone through in order, and a group closes at the
    end of the month in which it holds ``FLOOR`` or more.
    """
    made = np.full(len(person), -1, dtype=np.int64)
    if not len(person):
        return made
    span = np.int64(month.max()) + 1
    key = person * span + month
    order = np.argsort(key)
    begins = np.flatnonzero(np.diff(key[order], prepend=-1))
    size = np.diff(begins, append=len(key))
    cell = _groups_of_cells(key[order][begins] // span, size)
    made[order] = np.repeat(cell, size)
    return made


def _groups_of_cells(owner: Ints, size: Ints) -> Ints:
    """As ``groups``, for months of ``owner`` in which ``size`` people came, in order."""
    start = np.flatnonzero(np.diff(owner, prepend=-1))
    months = np.diff(start, append=len(owner))
    number = np.zeros(len(owner), dtype=np.int64)
    held, closed = np.zeros(len(start), dtype=np.int64), np.zeros(len(start), dtype=np.int64)
    going = np.arange(len(start))
    for step in range(int(months.max())):
        going = going[months[going] > step]
        at = start[going] + step
        number[at] = closed[going]
        held[going] += size[at]
        full = going[held[going] >= FLOOR]
        closed[full] += 1
        held[full] = 0
    first = np.repeat(np.cumsum(closed) - closed, months)
    return np.where(number < np.repeat(closed, months), first + number, -1)


# --- far -----------------------------------------------------------------------------------


def _far(ties: Ties, near: _Found, value: Values, label: Ints | None) -> tuple[_Sums, _Inside]:
    """Those at the end of a path of two ties that count, where they differ enough from near.

    Added to a person's own row, the mark makes one product of matrices hold both: ``_MARK`` for
    who is near, and below it the weights of the paths.
    """
    from scipy.sparse import eye_array

    steps = _square(ties.people, near.person, near.other, near.weight)
    first = (steps + _MARK * eye_array(ties.people, dtype=np.int64, format="csr")).tocsr()
    beside = np.bincount(near.person, minlength=ties.people)
    sums, insides = [], []
    for low, high in _chunks(steps):
        paths = first[low:high] @ steps
        person, other = _rows(paths.indptr) + low, paths.indices
        number, known = value.of(ties, person, other)
        far = (paths.data % _MARK > 0) & (person != other) & known
        both = np.bincount(person[far & (paths.data >= _MARK)] - low, minlength=high - low)
        found = _Found(person[far], other[far], number[far], paths.data[far] % _MARK)
        count = np.bincount(found.person - low, minlength=high - low)
        none = _apart(count + beside[low:high] - 2 * both)
        sums.append(_summed(found, low, high, none))
        insides.append(_inside(found, label, low, high))
    return _joined(_Sums, sums), _joined(_Inside, insides)


def _chunks(steps: csr_array) -> Iterator[tuple[int, int]]:
    """Ranges of rows that lead to some ``_PATHS_AT_A_TIME`` paths of two steps each."""
    degree = np.diff(steps.indptr).astype(np.int64)
    ends = np.concatenate([[0], np.cumsum(degree[steps.indices])])[steps.indptr]
    low, size = 0, len(degree)
    while low < size:
        high = int(np.searchsorted(ends, ends[low] + _PATHS_AT_A_TIME, side="right")) - 1
        high = min(max(high, low + 1), low + _PATHS_AT_A_TIME // 8, size)
        yield low, high
        low = high


# --- communities ---------------------------------------------------------------------------


def communities(ties: Ties) -> Ints:
    """The community of each person: a label, shape ``(people,)``, by label propagation.

    Six rounds in which everybody takes the label that most of their ties and they themselves
    hold (after U. N. Raghavan, R. Albert and S. Kumara, "Near linear time algorithm to detect
    community structures in large-scale networks", 2007); of equally many, the one that comes
    first in an order scrambled once.  Nothing is drawn, and nobody waits for another, so that
    the labels depend on the ties alone.  Who is tied to nobody keeps a label of their own.
    """
    size = ties.people
    label = _scrambled(size)
    live = ties.live
    own = np.arange(size)
    person, other = np.concatenate([_rows(live.indptr), own]), np.concatenate([live.indices, own])
    for _ in range(_ROUNDS):
        held, count = np.unique(person * size + label[other], return_counts=True)
        owner = np.flatnonzero(np.diff(held // size, prepend=-1))
        best = np.maximum.reduceat(count * size + (size - 1 - held % size), owner)
        label, before = size - 1 - best % size, label
        if np.array_equal(label, before):
            break
    return label


def _scrambled(size: int) -> Ints:
    """A fixed order of ``0 .. size - 1`` that has nothing to do with who is who."""
    mixed = (np.arange(1, size + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(
        7
    )
    order = np.argsort(mixed, kind="stable")
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size)
    return place


@dataclass(frozen=True)
class _Inside:
    """How many people a ring holds, and how many of them in the person's own community."""

    count: Ints
    inside: Ints


def _inside(found: _Found, label: Ints | None, low: int, high: int) -> _Inside:
    count = np.bincount(found.person - low, minlength=high - low)
    if label is None:
        return _Inside(count, np.zeros_like(count))
    same = found.person[label[found.person] == label[found.other]] - low
    return _Inside(count, np.bincount(same, minlength=high - low))


def _community(
    ties: Ties, value: Values, allowed: Flags, label: Ints, nearer: Sequence[_Inside]
) -> _Sums:
    """The others of a person's community, where they differ enough from each nearer ring."""
    counts = value.known & allowed & (value.month != NEVER)
    number = np.where(counts, value.value, 0)
    one = counts.astype(np.int64)
    count, total = _over(label, one)[label] - one, _over(label, number)[label] - number
    person, other = np.divmod(value.shared_keys, ties.people)
    for at in np.flatnonzero((label[person] == label[other]) & counts[other]):
        gone = not value.shared_known[at]
        count[person[at]] -= int(gone)
        total[person[at]] += (0 if gone else value.shared[at]) - number[other[at]]
    _demand_room(_Found(person, other, number, one), int(count.max(initial=0)))
    none = np.zeros(ties.people, dtype=np.bool_)
    for ring in nearer:
        none |= _apart(count + ring.count - 2 * ring.inside)
    return _Sums(count, total, total, count, total, none)


def _over(label: Ints, numbers: Ints) -> Ints:
    """The sum of ``numbers`` for each label, exactly."""
    made = np.zeros(len(label), dtype=np.int64)
    np.add.at(made, label, numbers)
    return made


# --- matrices ------------------------------------------------------------------------------


def _square(size: int, row: Ints, column: Ints, data: Ints) -> csr_array:
    """A sparse matrix of shape ``(size, size)``; each (row, column) stands once."""
    from scipy.sparse import coo_array

    where = (row.astype(np.int32), column.astype(np.int32))
    return coo_array((data.astype(np.int64), where), shape=(size, size)).tocsr()


def _rows(indptr: NDArray[Any]) -> Ints:
    """The row of each stored number, counted from that of the first."""
    return np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))


def _joined(of: Callable[..., _T], parts: Sequence[_T]) -> _T:
    """The parts of ranges that follow each other, as one."""
    columns = zip(*(_columns(part) for part in parts), strict=True)
    return of(*(np.concatenate(column) for column in columns))


def _columns(part: object) -> tuple[NDArray[Any], ...]:
    assert is_dataclass(part)
    return tuple(getattr(part, field.name) for field in fields(part))
