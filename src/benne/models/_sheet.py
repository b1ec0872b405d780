"""Rows made ready for learning: every column on a grid of bins that all learners share.

Because each learner sees bins of one grid, each lowers into tables on that grid, and tables
of several learners can be averaged entry by entry.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benne.kernel import InvalidInput
from benne.models._columns import Column
from benne.models._read import Raw
from benne.models._tables import Axis, Floats, Ints, round_to


@dataclass(frozen=True, slots=True)
class Bins:
    """How finely a column is cut.

    ``fine`` is the most ranges of one number, ``coarse`` the most bins of a feature in a table
    of two, ``knots`` the most knots of a smooth term, ``levels`` the most levels of a category
    with a bin of its own, ``level_rows`` the fewest rows of such a level.

    Raises:
        InvalidInput: a limit that is not a whole number of 1 or more (2 for ``knots``).
    """

    fine: int = 64
    coarse: int = 32
    knots: int = 10
    levels: int = 1000
    level_rows: int = 5

    def __post_init__(self) -> None:
        for limit in fields(self):
            value, least = getattr(self, limit.name), 2 if limit.name == "knots" else 1
            if not isinstance(value, int) or value < least:
                raise InvalidInput(
                    f"{limit.name} of Bins must be a whole number of {least} or more; "
                    f"got {value!r}."
                )


@dataclass(frozen=True)
class Grid:
    """A column's bins: the fine axis, a coarser one for pairs, and which edges are knots."""

    axis: Axis
    coarse: Axis
    to_coarse: Ints
    knots: Ints

    @property
    def column(self) -> Column:
        """The column that it cuts."""
        return self.axis.column


@dataclass(frozen=True)
class Sheet:
    """Training rows: a bin and a rounded value for each (row, column), with outcome and weight.

    ``codes`` and ``values`` hold an array of shape ``(n,)`` a column; ``bad`` is 0 or 1;
    ``groups`` numbers the people, so that no fold parts one.
    """

    grids: tuple[Grid, ...]
    codes: tuple[Ints, ...]
    values: tuple[Floats, ...]
    bad: Floats
    weight: Floats
    groups: Ints

    def __len__(self) -> int:
        return len(self.bad)

    def take(self, rows: NDArray[Any]) -> Sheet:
        """The sheet of some rows."""
        return replace(
            self,
            codes=tuple(codes[rows] for codes in self.codes),
            values=tuple(values[rows] for values in self.values),
            bad=self.bad[rows],
            weight=self.weight[rows],
            groups=self.groups[rows],
        )

    def keep(self, positions: Sequence[int]) -> Sheet:
        """The sheet of some columns."""
        return replace(
            self,
            grids=tuple(self.grids[i] for i in positions),
            codes=tuple(self.codes[i] for i in positions),
            values=tuple(self.values[i] for i in positions),
        )

    @cached_property
    def coarse_codes(self) -> tuple[Ints, ...]:
        """Each column's coarse bins, shape ``(n,)`` each."""
        return tuple(
            grid.to_coarse[codes] for grid, codes in zip(self.grids, self.codes, strict=True)
        )

    @cached_property
    def column_weights(self) -> tuple[Floats, ...]:
        """The weight in each bin of each column."""
        return tuple(
            weigh(codes, self.weight, len(grid.axis))
            for grid, codes in zip(self.grids, self.codes, strict=True)
        )


def weigh(codes: NDArray[Any], weight: Floats, size: int) -> Floats:
    """The weight in each of ``size`` bins."""
    return np.bincount(codes, weights=weight, minlength=size).astype(np.float64)


def make_sheet(raw: Raw, grids: Sequence[Grid], bad: Floats, weight: Floats, groups: Ints) -> Sheet:
    """The sheet of ``raw`` on ``grids``."""
    found = [grid.axis.find(raw[grid.column.name]) for grid in grids]
    return Sheet(
        grids=tuple(grids),
        codes=tuple(codes for codes, _ in found),
        values=tuple(values for _, values in found),
        bad=bad,
        weight=weight,
        groups=groups,
    )


def make_grids(
    raw: Mapping[str, NDArray[Any]], columns: Sequence[Column], weight: Floats, bins: Bins
) -> tuple[Grid, ...]:
    """A grid a column, from the rows' values alone; the outcome is not looked at."""
    return tuple(
        _category_grid(column, raw[column.name], bins)
        if column.category
        else _number_grid(column, raw[column.name], weight, bins)
        for column in columns
    )


def _category_grid(column: Column, values: NDArray[Any], bins: Bins) -> Grid:
    present = [value for value in values.tolist() if value is not None]
    names, counts = np.unique(np.asarray(present, dtype=str), return_counts=True)
    order = np.lexsort((names, -counts))[: bins.levels]
    fewest = min(bins.level_rows, max(1, len(values) // 100))
    levels = tuple(str(names[i]) for i in order if counts[i] >= fewest)
    axis = Axis(column, levels=levels)
    return Grid(axis, axis, np.arange(len(axis)), np.zeros(0, dtype=np.int64))


def _number_grid(column: Column, values: Floats, weight: Floats, bins: Bins) -> Grid:
    plain = np.isfinite(values) & ~np.isin(values, column.specials)
    kinds, where = np.unique(round_to(values[plain], column.resolution), return_inverse=True)
    mass = weigh(where, weight[plain], len(kinds))
    cuts = _cuts(mass, bins.fine)
    edges = [_plainest(kinds[i - 1], kinds[i]) if i else float(kinds[0]) for i in cuts]
    axis = Axis(column, tuple(edges))
    inside: Floats = np.add.reduceat(mass, cuts) if len(cuts) else mass
    coarse = Axis(column, tuple(edges[i] for i in _cuts(inside, bins.coarse) if i))
    lows = np.array([-np.inf, *edges])
    to_coarse = np.searchsorted(coarse.edges, lows, side="right")
    typed = coarse.missing + np.arange(1 + len(column.specials))
    knots = np.array(_cuts(inside, bins.knots), dtype=np.int64)
    if len(edges) > 1 and len(knots) and knots[-1] < len(edges) - 1:
        knots = np.append(knots, len(edges) - 1)
    return Grid(axis, coarse, np.concatenate([to_coarse, typed]), knots)


def _cuts(mass: Floats, most: int) -> list[int]:
    """Positions that begin a bin of about equal mass, at most ``most``; 0 is the first."""
    if len(mass) <= most:
        return list(range(len(mass)))
    cuts, rest, left = [0], float(mass.sum()), most
    filled = 0.0
    for position, part in enumerate(mass.tolist()):
        if position and filled > 0 and len(cuts) < most and filled + part / 2 >= rest / left:
            cuts.append(position)
            rest, left, filled = rest - filled, left - 1, 0.0
        filled += part
    return cuts


def _plainest(low: float, high: float) -> float:
    """The number with the fewest digits in ``(low, high]``."""
    for digits in range(1, 17):
        short = float(f"{(low + high) / 2:.{digits}g}")
        if low < short <= high:
            return short
    return float(high)
