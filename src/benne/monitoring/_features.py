"""Every table of the score, with how many people stand in each bin and what became of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benne.kernel import InvalidInput
from benne.monitoring._calibration import counted, jeffreys_interval
from benne.monitoring._figures import Facts, Floats, Why, figures, floats, labels, outcomes, weights

BINS = 10
PAIR_BINS = 3
LEVELS_MAX = 12
MISSING = "Missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureTable:
    """One table of the score: a feature's values and what each earned, both ``(n,)``.

    ``values`` are numbers (NaN for absent) or text (null for absent).  ``points`` are what the
    table gave each row, in points or log-odds of being good.  A table of two features has
    ``other``, the second one's values.  ``edges`` are the table's own inner edges (a value equal
    to an edge lies above it), used as they are where there are no more than ``BINS``; without
    them, or with more, bins are tenths of the people.  ``specials`` are codes, not sizes.
    ``rows`` are the positions of the people whom the table is about, where not everybody has
    its card; then all arrays are theirs alone.
    """

    name: str
    values: ArrayLike
    points: ArrayLike | None = None
    domain: str = ""
    says: str = ""
    unit: str = ""
    edges: Sequence[float] = ()
    specials: Sequence[float] = ()
    other: ArrayLike | None = None
    other_name: str = ""
    rows: ArrayLike | None = None


@dataclass(frozen=True, slots=True)
class _Bins:
    place: NDArray[np.int64]
    names: tuple[str, ...]
    kinds: tuple[str, ...]


def table_plot(table: FeatureTable, y: ArrayLike, *, weight: ArrayLike | None = None) -> Facts:
    """Per bin of ``table``: exposure, bad rate with its Jeffreys interval, and the points.

    ``points`` is the mean within the bin, ``points_low`` and ``points_high`` the extremes: equal
    in a step, apart in a slope or where a bin joins several of the table's own.
    """
    outcome = outcomes(y)
    heavy = weights(weight, len(outcome))
    if table.rows is not None:
        mine = np.asarray(table.rows, dtype=np.int64)
        outcome, heavy = outcome[mine], heavy[mine]
    n = len(outcome)
    bins = _bins_of(table, n)
    points = None if table.points is None else floats("points", table.points, n)
    rows = []
    for number, (name, kind) in enumerate(zip(bins.names, bins.kinds, strict=True)):
        here = bins.place == number
        if here.any():
            rows.append(figures(name=name, kind=kind, **_bin(here, outcome, heavy, points)))
    head = {"name": table.name, "domain": table.domain, "says": table.says, "unit": table.unit}
    if table.other is not None:
        head["with"] = table.other_name
    none = Why("no observation has a value in this table")
    spread: float | Why = Why("the points of each row were not given")
    if points is not None and rows:
        known = ~np.isnan(points) & (heavy > 0)
        spread = float(np.ptp(points[known])) if known.any() else none
    return {**head, **figures(points_range=spread, bins=rows or none)}


def _bin(here: NDArray[np.bool_], y: Floats, weight: Floats, points: Floats | None) -> Facts:
    known = here & ~np.isnan(y) & (weight > 0)
    n, bads = int(known.sum()), int(y[known].sum())
    none = Why("no known outcome in this bin")
    low, high = jeffreys_interval(*counted(y[known], weight[known])) if n else (none, none)
    ungiven = Why("the points of each row were not given")
    earned = points[here & ~np.isnan(points)] if points is not None else np.empty(0)
    some = len(earned) > 0
    total = float(weight.sum())
    return figures(
        observations=int(here.sum()),
        share=float(weight[here].sum()) / total if total > 0 else Why("all weights are 0"),
        bads=bads,
        bad_rate=np.average(y[known], weights=weight[known]) if n else none,
        bad_rate_low=low,
        bad_rate_high=high,
        points=earned.mean() if some else ungiven,
        points_low=earned.min() if some else ungiven,
        points_high=earned.max() if some else ungiven,
    )


def _bins_of(table: FeatureTable, n: int) -> _Bins:
    first = _one(table.name, table.values, n, table.edges, table.specials, BINS)
    if table.other is None:
        return first
    few = _one(table.name, table.values, n, (), table.specials, PAIR_BINS)
    second = _one(table.other_name, table.other, n, (), (), PAIR_BINS)
    width = len(second.names)
    names = tuple(f"{a} × {b}" for a in few.names for b in second.names)  # noqa: RUF001
    kinds = tuple("pair" for _ in names)
    return _Bins(few.place * width + second.place, names, kinds)


def _one(
    name: str,
    values: ArrayLike,
    n: int,
    edges: Sequence[float],
    specials: Sequence[float],
    count: int,
) -> _Bins:
    array = np.asarray(values)
    if array.shape != (n,):
        raise InvalidInput(f"values of {name} must have shape ({n},); got {array.shape}.")
    if array.dtype.kind == "O" and all(
        item is None or isinstance(item, int | float) for item in array
    ):
        array = np.array([np.nan if item is None else float(item) for item in array])
    return _numbers(array.astype(np.float64), edges, specials, count) if (
        array.dtype.kind in "fiub"
    ) else _levels(array, LEVELS_MAX if count == BINS else PAIR_BINS)  # fmt: skip


def _levels(array: NDArray[np.generic], most: int) -> _Bins:
    text = labels(array)
    levels, sizes = np.unique(text.astype(str), return_counts=True)
    kept = [str(level) for level in levels[np.argsort(-sizes, kind="stable")][:most]]
    kept = [level for level in kept if level != "(unknown)"]
    place = {level: i for i, level in enumerate(kept)} | {"(unknown)": len(kept)}
    codes = np.array([place.get(str(item), len(kept) + 1) for item in text], dtype=np.int64)
    kinds = ("category",) * len(kept)
    rest = len(levels) - len(kept)
    return _Bins(codes, (*kept, MISSING, f"{rest} rarer levels"), (*kinds, "missing", "category"))


def _numbers(
    values: Floats, edges: Sequence[float], specials: Sequence[float], count: int
) -> _Bins:
    missing = np.isnan(values)
    special = (
        np.isin(values, np.asarray(specials, dtype=np.float64))
        if len(specials)
        else ~missing & missing
    )
    usual = values[~missing & ~special]
    cuts = np.asarray(edges, dtype=np.float64)
    if not 0 < len(cuts) < count and len(usual):
        inner = np.quantile(usual, np.linspace(0, 1, count + 1)[1:-1], method="higher")
        cuts = np.unique(inner)
        cuts = cuts[cuts > usual.min()]
    codes = [float(code) for code in specials]
    place = np.searchsorted(cuts, values, side="right")
    place = np.where(missing, len(cuts) + 1 + len(codes), place)
    for i, code in enumerate(codes):
        place = np.where(values == code, len(cuts) + 1 + i, place)
    names = _range_names(cuts, usual)
    kinds = ("range",) * len(names) + ("special",) * len(codes) + ("missing",)
    return _Bins(
        place.astype(np.int64), (*names, *(f"Special {code:g}" for code in codes), MISSING), kinds
    )


def _range_names(cuts: Floats, usual: Floats) -> tuple[str, ...]:
    """Names of the ranges; whole numbers are named by their first and last."""
    whole = bool(len(usual)) and bool((usual == np.round(usual)).all()) and bool(
        (cuts == np.round(cuts)).all()
    )  # fmt: skip
    if not len(cuts):
        return ("any value",)
    if not whole:
        inner = [f"{_short(a)} to {_short(b)}" for a, b in itertools.pairwise(cuts)]
        return (f"below {_short(cuts[0])}", *inner, f"{_short(cuts[-1])} and above")
    ends = [usual.min(), *cuts]
    names = [
        _short(a) if b - 1 <= a else f"{_short(a)} to {_short(b - 1)}"
        for a, b in itertools.pairwise(ends)
    ]
    return (*names, f"{_short(cuts[-1])} and above")


def _short(value: float) -> str:
    """A number as people write it: at most four significant digits, no exponent below 10^15."""
    if value == round(value) and abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"
