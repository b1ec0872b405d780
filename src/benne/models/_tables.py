"""Tables of one or two features: the only thing a score is made of.

A table maps the bin of each of its features to an integer: micro-log-odds of being good
(one millionth of a natural log-odds).  How a value finds its bin, in numpy, in process and in
SQL alike:

1. ``x`` is cast to a double; null and NaN are ``Missing``.
2. ``x`` equal to a declared code is ``Special(code)``.
3. With a resolution ``r``, ``v = floor(x / r + 0.5) * r`` where ``|x| < 2**52 * r``, else
   ``v = x``: one division, one addition, one floor and one product of doubles.
4. The bin is the number of edges ``<= v``: ``Range(low, high)`` holds ``low <= v < high``.
5. The contribution is ``micro[bin]``, or with a slope (only between the outer edges)
   ``micro[bin] + floor(slope[bin] * (v - low) + 0.5)``.

A category's text is looked up among the levels; what is not there is ``Unseen``.
"""

from __future__ import annotations

import itertools
import math
from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benne.kernel import DOMAINS, InvalidInput, Json
from benne.models._columns import Column
from benne.models._read import level, number

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_EXACT = 2.0**52


@dataclass(frozen=True, slots=True)
class Range:
    """Values ``low <= v < high``; infinite at the outer ends."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Missing:
    """Permitted to know, and nothing known."""


@dataclass(frozen=True, slots=True)
class Special:
    """A code that is not a number."""

    code: float


@dataclass(frozen=True, slots=True)
class Category:
    """A level of a category, by its text."""

    level: str


@dataclass(frozen=True, slots=True)
class Unseen:
    """A level that was rare or absent when the table was made."""


Bin: TypeAlias = "Range | Missing | Special | Category | Unseen"


@dataclass(frozen=True)
class Axis:
    """The bins of one feature, in order: ranges or levels, ``Unseen``, ``Missing``, codes.

    ``edges`` are strictly increasing; ``levels`` are used, and edges empty, for a category.
    """

    column: Column
    edges: tuple[float, ...] = ()
    levels: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        name = self.column.name
        if any(not math.isfinite(e) for e in self.edges) or any(
            b <= a for a, b in itertools.pairwise(self.edges)
        ):
            raise InvalidInput(f"the edges of {name!r} must be finite and increasing.")
        if len(set(self.levels)) != len(self.levels):
            raise InvalidInput(f"each level of {name!r} must stand once.")
        if (self.edges and self.column.category) or (self.levels and not self.column.category):
            raise InvalidInput(f"{name!r} must have edges if a number, levels if a category.")

    @property
    def feature(self) -> str:
        """The name of the feature."""
        return self.column.name

    @cached_property
    def bins(self) -> tuple[Bin, ...]:
        """The typed bins, in the order of the table's entries."""
        if self.column.category:
            return (*map(Category, self.levels), Unseen(), Missing())
        ends = (-math.inf, *self.edges, math.inf)
        ranges = tuple(Range(a, b) for a, b in itertools.pairwise(ends))
        return (*ranges, Missing(), *map(Special, self.column.specials))

    @property
    def ranges(self) -> int:
        """How many leading bins are ranges (0 for a category)."""
        return 0 if self.column.category else len(self.edges) + 1

    @property
    def missing(self) -> int:
        """The position of the ``Missing`` bin."""
        return len(self.levels) + 1 if self.column.category else len(self.edges) + 1

    def __len__(self) -> int:
        return self.missing + 1 + len(self.column.specials)

    @cached_property
    def _edge_array(self) -> Floats:
        return np.asarray(self.edges, dtype=np.float64)

    @cached_property
    def _level_codes(self) -> dict[str, int]:
        return {text: position for position, text in enumerate(self.levels)}

    def find(self, values: NDArray[Any]) -> tuple[Ints, Floats]:
        """The bin of each value and the rounded value, both of shape ``(n,)``."""
        if self.column.category:
            return self._find_levels(values), np.zeros(len(values))
        rounded = round_to(values, self.column.resolution)
        codes = count_edges(rounded, self._edge_array)
        missing = np.isnan(values)
        if missing.any():
            codes[missing] = self.missing
        for position, code in enumerate(self.column.specials, start=self.missing + 1):
            codes[values == code] = position
        return codes, rounded

    def _find_levels(self, values: NDArray[Any]) -> Ints:
        codes, unseen, missing = self._level_codes, len(self.levels), self.missing
        return np.fromiter(
            (missing if v is None else codes.get(v, unseen) for v in values.tolist()),
            dtype=np.int64,
            count=len(values),
        )

    def finder(self) -> Callable[[Any], tuple[int, float]]:
        """A function from one value, as it comes, to its bin and its rounded value."""
        missing = self.missing
        if self.column.category:
            codes, unseen = self._level_codes, len(self.levels)

            def find_level(value: Any) -> tuple[int, float]:
                text = level(value)
                return (missing if text is None else codes.get(text, unseen)), 0.0

            return find_level
        specials = {c: missing + 1 + i for i, c in enumerate(self.column.specials)}
        edges, step = self.edges, self.column.resolution
        limit = _EXACT * step if step else 0.0

        def find(value: Any) -> tuple[int, float]:
            x = number(value)
            if x != x:
                return missing, x
            if specials and x in specials:
                return specials[x], x
            if step and -limit < x < limit:
                x = math.floor(x / step + 0.5) * step
            return bisect_right(edges, x), x

        return find

    def as_json(self) -> dict[str, Json]:
        """The axis as plain JSON; the column stands elsewhere by its name."""
        return {
            "feature": self.feature,
            "edges": list(self.edges),
            "levels": list(self.levels),
        }


def round_to(values: Floats, resolution: float | None) -> Floats:
    """``values`` rounded by the rule above, shape ``(n,)``.

    >>> round_to(np.array([0.24, 0.25, -0.25, 1e300]), 0.5).tolist()
    [0.0, 0.5, 0.0, 1e+300]
    """
    if resolution is None:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        rounded: Floats = np.floor(values / resolution + 0.5) * resolution
        return np.where(np.abs(values) < _EXACT * resolution, rounded, values)


def count_edges(values: Floats, edges: Floats) -> Ints:
    """How many of ``edges`` are at most each value; anything for NaN."""
    if len(edges) > 48:
        return np.searchsorted(edges, values, side="right").astype(np.int64)
    count = np.zeros(len(values), dtype=np.uint8)
    for edge in edges:
        count += values >= edge
    return count.astype(np.int64)


@dataclass(frozen=True, eq=False)
class Table:
    """Micro-log-odds of being good, by the bins of one feature or of two.

    ``micro`` has shape ``(bins,)`` or ``(bins of the first, bins of the second)``; ``slope``,
    micro-log-odds per unit of the feature, has shape ``(ranges,)`` and is 0 in the outer
    ranges, or is ``None``.  ``mean_micro`` is the mean over the people it was made from.
    A table of two domains holds even numbers only: each domain gets exactly half.
    """

    axes: tuple[Axis, ...]
    micro: Ints
    slope: Floats | None = None
    mean_micro: int = 0

    def __post_init__(self) -> None:
        shape = tuple(map(len, self.axes))
        name = " x ".join(self.features)
        if len(self.axes) not in (1, 2) or self.micro.shape != shape:
            raise InvalidInput(
                f"the table of {name} must have shape {shape}; got {self.micro.shape}."
            )
        if len(set(self.features)) != len(self.axes):
            raise InvalidInput(f"a table of two features must have two; got {name}.")
        if self.slope is not None and not _slope_fits(self.slope, self.axes):
            raise InvalidInput(
                f"the slopes of {name} must be finite, one a range of a single number, and 0 "
                f"in the outer ranges."
            )
        if len(self.domains) == 2 and (self.micro % 2).any():
            raise InvalidInput(f"the table of {name} spans two domains and must hold even numbers.")
        self.micro.setflags(write=False)

    @property
    def features(self) -> tuple[str, ...]:
        """The names of its features."""
        return tuple(axis.feature for axis in self.axes)

    @property
    def name(self) -> str:
        """The term's name: its features, joined by `` x ``."""
        return " x ".join(self.features)

    @cached_property
    def domains(self) -> tuple[str, ...]:
        """The domain, or the two domains in order, that it speaks for."""
        mine = {axis.column.domain for axis in self.axes}
        return tuple(domain for domain in DOMAINS if domain in mine)

    def contributions(self, raw: Mapping[str, NDArray[Any]]) -> Ints:
        """Micro-log-odds of each row, shape ``(n,)``."""
        codes, rounded = self.axes[0].find(raw[self.axes[0].feature])
        if len(self.axes) == 2:
            others, _ = self.axes[1].find(raw[self.axes[1].feature])
            pair: Ints = self.micro[codes, others]
            return pair
        micro: Ints = self.micro[codes]
        if self.slope is not None:
            slope, low = self._slopes_by_bin
            steep = slope[codes]
            at = np.flatnonzero(steep)
            micro[at] += np.floor(steep[at] * (rounded[at] - low[codes[at]]) + 0.5).astype(np.int64)
        return micro

    @cached_property
    def _slopes_by_bin(self) -> tuple[Floats, Floats]:
        (axis,) = self.axes
        slope, low = np.zeros(len(axis)), np.zeros(len(axis))
        if self.slope is not None:
            slope[: axis.ranges] = self.slope
            low[1 : axis.ranges] = axis.edges
        return slope, low

    def scorer(self) -> Callable[[Mapping[str, Any]], int]:
        """A function from one row to its micro-log-odds, on the standard library alone."""
        finders = [(axis.feature, axis.finder()) for axis in self.axes]
        entries = self.micro.tolist()
        if len(finders) == 2:
            (a, find_a), (b, find_b) = finders
            return lambda row: int(entries[find_a(row.get(a))[0]][find_b(row.get(b))[0]])
        (feature, find) = finders[0]
        if self.slope is None:
            return lambda row: int(entries[find(row.get(feature))[0]])
        slope, low = (part.tolist() for part in self._slopes_by_bin)

        def score(row: Mapping[str, Any]) -> int:
            code, value = find(row.get(feature))
            steep = slope[code]
            return int(
                entries[code] + math.floor(steep * (value - low[code]) + 0.5)
                if steep
                else entries[code]
            )

        return score

    def as_json(self) -> dict[str, Json]:
        """The table as plain JSON."""
        document: dict[str, Json] = {
            "axes": [axis.as_json() for axis in self.axes],
            "micro": self.micro.tolist(),
            "mean_micro": self.mean_micro,
        }
        if self.slope is not None:
            document["slope"] = self.slope.tolist()
        return document


def _slope_fits(slope: Floats, axes: tuple[Axis, ...]) -> bool:
    return (
        len(axes) == 1
        and axes[0].ranges > 0
        and slope.shape == (axes[0].ranges,)
        and bool(np.isfinite(slope).all())
        and slope[0] == 0
        and slope[-1] == 0
    )
