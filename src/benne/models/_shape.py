"""Additive functions in doubles, on shared grids: what learners make and averages mix.

All of it speaks of log-odds of being *bad*; the artefact turns the sign when it rounds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from benne.models._sheet import Grid, Sheet, weigh
from benne.models._tables import Floats

Pair = tuple[int, int]


@dataclass(frozen=True)
class Shape:
    """``intercept`` + a function of each column + functions of some pairs, in log-odds of bad.

    ``left[c]`` and ``slope[c]`` have shape ``(bins of column c,)``; the value in a range is
    ``left + slope * (v - low)``.  ``pairs[(a, b)]`` has the shape of the two coarse axes.
    """

    grids: tuple[Grid, ...]
    intercept: float
    left: tuple[Floats, ...]
    slope: tuple[Floats, ...]
    pairs: Mapping[Pair, Floats] = field(default_factory=dict)

    def margin(self, sheet: Sheet) -> Floats:
        """Log-odds of bad, shape ``(n,)``."""
        total = np.full(len(sheet), self.intercept)
        for position, codes in enumerate(sheet.codes):
            total += self.left[position][codes]
            steep = self.slope[position]
            if steep.any():
                low = lows(self.grids[position])
                at = np.flatnonzero(steep[codes])
                inner = codes[at]
                total[at] += steep[inner] * (sheet.values[position][at] - low[inner])
        for (a, b), table in self.pairs.items():
            total += table[sheet.coarse_codes[a], sheet.coarse_codes[b]]
        return total


def lows(grid: Grid) -> Floats:
    """The lower edge of each bin, 0 where there is none."""
    low = np.zeros(len(grid.axis))
    low[1 : len(grid.axis.edges) + 1] = grid.axis.edges
    return low


def constant(grids: Sequence[Grid], intercept: float) -> Shape:
    """The shape that says ``intercept`` to everybody."""
    zeros = tuple(np.zeros(len(grid.axis)) for grid in grids)
    return Shape(tuple(grids), intercept, zeros, zeros)


def average(shapes: Sequence[Shape], weights: Sequence[float]) -> Shape:
    """The weighted sum of ``shapes``, which share their grids; weights need not sum to 1."""
    both = list(zip(shapes, weights, strict=True))
    columns = range(len(shapes[0].grids))
    every = {pair for shape in shapes for pair in shape.pairs}
    pairs = {
        pair: np.asarray(sum(w * s.pairs[pair] for s, w in both if pair in s.pairs))
        for pair in sorted(every)
    }
    return Shape(
        grids=shapes[0].grids,
        intercept=float(sum(w * s.intercept for s, w in both)),
        left=tuple(sum(w * s.left[c] for s, w in both) + np.zeros(1) for c in columns),
        slope=tuple(sum(w * s.slope[c] for s, w in both) + np.zeros(1) for c in columns),
        pairs=pairs,
    )


def purified(shape: Shape, sheet: Sheet) -> Shape:
    """The same function with each pair's own main effects moved to the mains, each centred.

    Functional ANOVA on the rows' weights: a pair's weighted mean over each bin of either
    feature is 0, and so is each main's weighted mean.  A typed bin that no row fell in
    (missing, code, unseen) says 0: the mean of everybody.
    """
    left = [part.copy() for part in shape.left]
    pairs: dict[Pair, Floats] = {}
    intercept = shape.intercept
    for (a, b), table in shape.pairs.items():
        joint = joint_weight(sheet, a, b)
        inner, rows, columns = purify(table, joint)
        left[a] += rows[shape.grids[a].to_coarse]
        left[b] += columns[shape.grids[b].to_coarse]
        inner[joint.sum(axis=1) == 0] = 0.0
        inner[:, joint.sum(axis=0) == 0] = 0.0
        pairs[(a, b)] = inner
    for position, grid in enumerate(shape.grids):
        weight = sheet.column_weights[position]
        mean = float(np.average(_alone(shape, left, position, sheet), weights=sheet.weight))
        intercept += mean
        left[position] -= mean
        typed = np.arange(len(grid.axis)) >= grid.axis.ranges
        left[position][typed & (weight == 0)] = 0.0
    return replace(shape, intercept=intercept, left=tuple(left), pairs=pairs)


def _alone(shape: Shape, left: list[Floats], position: int, sheet: Sheet) -> Floats:
    """One column's function at each row, shape ``(n,)``."""
    flat = constant(shape.grids, 0.0)
    lefts, slopes = list(flat.left), list(flat.slope)
    lefts[position], slopes[position] = left[position], shape.slope[position]
    return replace(flat, left=tuple(lefts), slope=tuple(slopes)).margin(sheet)


def joint_weight(sheet: Sheet, a: int, b: int) -> Floats:
    """The weight in each cell of a pair."""
    shape = (len(sheet.grids[a].coarse), len(sheet.grids[b].coarse))
    flat = sheet.coarse_codes[a] * shape[1] + sheet.coarse_codes[b]
    return weigh(flat, sheet.weight, shape[0] * shape[1]).reshape(shape)


def purify(table: Floats, joint: Floats) -> tuple[Floats, Floats, Floats]:
    """``table`` = inner + rows + columns, the inner with weighted means 0 both ways."""
    inner = table.copy()
    rows, columns = np.zeros(table.shape[0]), np.zeros(table.shape[1])
    by_row, by_column = joint.sum(axis=1), joint.sum(axis=0)
    for _ in range(200):
        up = np.divide(
            (inner * joint).sum(axis=1), by_row, out=np.zeros_like(rows), where=by_row > 0
        )
        inner -= up[:, None]
        rows += up
        across = np.divide(
            (inner * joint).sum(axis=0), by_column, out=np.zeros_like(columns), where=by_column > 0
        )
        inner -= across[None, :]
        columns += across
        if max(np.abs(up).max(), np.abs(across).max()) < 1e-12:
            break
    return inner, rows, columns


def calibrated(shape: Shape, offset: float, factor: float) -> Shape:
    """``offset + factor * shape``."""
    scaled = average([shape], [factor])
    return replace(scaled, intercept=scaled.intercept + offset)
