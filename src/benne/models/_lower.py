"""From rounded doubles to the artefact's integers, and from any predictor to tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from benne.models._artefact import MICRO, Card
from benne.models._shape import Pair, Shape
from benne.models._sheet import Grid, Sheet
from benne.models._tables import Axis, Floats, Ints, Table


@dataclass(frozen=True)
class Design:
    """Numeric inputs for a learner: for each column a block with a row a bin.

    A row's inputs are, column by column, the block's row of its bin, so that whatever a
    learner makes of its inputs is a function of bins.
    """

    blocks: tuple[Floats, ...]

    @property
    def owners(self) -> list[int]:
        """The column that each input belongs to."""
        return [c for c, block in enumerate(self.blocks) for _ in range(block.shape[1])]

    def inputs(self, codes: Sequence[Ints]) -> Floats:
        """The inputs of rows with these bins, shape ``(n, inputs)``."""
        parts = [block[code] for block, code in zip(self.blocks, codes, strict=True)]
        return np.concatenate(parts, axis=1)


Lowered: TypeAlias = "tuple[float, list[Floats], dict[Pair, Floats]]"


def lower(
    predict: Callable[[Floats], Floats], design: Design, pairs: Sequence[Pair] = ()
) -> Lowered:
    """``predict`` as constant + function of each column + function of each pair, exactly.

    Anchored decomposition: with every other column held at its first bin, the change when one
    column moves is its function, and what is left when two move together is the pair's.  It
    is exact for a predictor that is a sum of functions of at most two columns, the two being
    among ``pairs``; a test holds it to 1e-9.
    """
    return lower_each(lambda inputs: [predict(inputs)], design, pairs)[0]


def lower_each(
    predict: Callable[[Floats], Sequence[Floats]], design: Design, pairs: Sequence[Pair] = ()
) -> list[Lowered]:
    """``lower`` for each of the predictors whose answers ``predict`` gives side by side."""
    sizes = [len(block) for block in design.blocks]
    grids = [np.divmod(np.arange(sizes[a] * sizes[b]), sizes[b]) for a, b in pairs]
    counts = [1, *sizes, *[len(rows) for rows, _ in grids]]
    stops = np.cumsum(counts)
    # one row a question, one question a bin or cell, everything else at its first bin
    codes = np.zeros((len(sizes), int(stops[-1])), dtype=np.int64)
    for c, size in enumerate(sizes):
        codes[c, stops[c] : stops[c + 1]] = np.arange(size)
    for k, ((a, b), (rows, columns)) in enumerate(zip(pairs, grids, strict=True)):
        part = slice(stops[len(sizes) + k], stops[len(sizes) + k + 1])
        codes[a, part], codes[b, part] = rows, columns
    return [
        _decomposed(np.split(answers, stops[:-1]), sizes, pairs)
        for answers in _in_stretches(predict, design, codes)
    ]


def _decomposed(answers: Sequence[Floats], sizes: Sequence[int], pairs: Sequence[Pair]) -> Lowered:
    base = float(answers[0][0])
    mains = [answer - base for answer in answers[1 : 1 + len(sizes)]]
    tables = {
        (a, b): answer.reshape(sizes[a], sizes[b]) - base - mains[a][:, None] - mains[b][None, :]
        for (a, b), answer in zip(pairs, answers[1 + len(sizes) :], strict=True)
    }
    return base, mains, tables


def _in_stretches(
    predict: Callable[[Floats], Sequence[Floats]],
    design: Design,
    codes: Ints,
    stretch: int = 50_000,
) -> list[Floats]:
    """Predictions for columns of ``codes``, without holding all inputs at once."""
    parts = [
        predict(design.inputs(list(codes[:, start : start + stretch])))
        for start in range(0, codes.shape[1], stretch)
    ]
    return [np.concatenate(of_one) for of_one in zip(*parts, strict=True)]


def card_of(shape: Shape, sheet: Sheet, name: str) -> Card:
    """The card of a purified, calibrated shape: integers, of being *good*; flat tables go."""
    tables = []
    for position, grid in enumerate(shape.grids):
        table = _single(grid, -shape.left[position], -shape.slope[position])
        mean = np.average(
            table.contributions(_raw_of(sheet, position)), weights=sheet.weight
        ) if table.micro.any() or table.slope is not None else 0.0  # fmt: skip
        if table.micro.any():
            tables.append(Table(table.axes, table.micro, table.slope, round(float(mean))))
    for (a, b), values in shape.pairs.items():
        pair = _double(shape.grids[a], shape.grids[b], -values)
        if pair.micro.any():
            tables.append(pair)
    return Card(name, round(-shape.intercept * MICRO), tuple(tables))


def _raw_of(sheet: Sheet, position: int) -> dict[str, Floats]:
    """Values that find the bins of the sheet's rows again."""
    grid, codes = sheet.grids[position], sheet.codes[position]
    axis = grid.axis
    if axis.column.category:
        texts = np.array([*axis.levels, "\0", None], dtype=object)
        return {axis.feature: texts[codes]}
    typed = np.array([np.nan, *axis.column.specials])
    values = np.where(
        codes >= axis.missing, typed[np.maximum(codes - axis.missing, 0)], sheet.values[position]
    )
    return {axis.feature: values}


def _single(grid: Grid, left: Floats, slope: Floats) -> Table:
    micro = np.rint(left * MICRO).astype(np.int64)
    axis = grid.axis
    if axis.column.category:
        return _fewer_levels(axis, micro)
    ends = np.rint((left + slope * _widths(axis)) * MICRO).astype(np.int64)
    steep = (slope[: axis.ranges] != 0) & (ends[: axis.ranges] != micro[: axis.ranges])
    rise = (ends - micro)[: axis.ranges]
    exact = np.zeros(axis.ranges)
    widths = _widths(axis)[: axis.ranges]
    exact[steep] = rise[steep] / widths[steep]
    keep = _needed(micro[: axis.ranges], exact)
    edges = tuple(edge for edge, kept in zip(axis.edges, keep[1:], strict=True) if kept)
    small = Axis(axis.column, edges)
    entries = np.concatenate([micro[: axis.ranges][keep], micro[axis.ranges :]])
    return Table((small,), entries, exact[keep] if exact.any() else None)


def _widths(axis: Axis) -> Floats:
    """The width of each range, 0 for the outer ones and for typed bins."""
    widths = np.zeros(len(axis))
    if len(axis.edges) > 1:
        widths[1 : len(axis.edges)] = np.diff(axis.edges)
    return widths


def _needed(micro: Ints, slope: Floats) -> list[bool]:
    """Which ranges differ from the one before: the others are not worth an edge."""
    keep = [True]
    for i in range(1, len(micro)):
        same = micro[i] == micro[i - 1] and slope[i] == 0 and slope[i - 1] == 0
        keep.append(not same)
    return keep


def _fewer_levels(axis: Axis, micro: Ints) -> Table:
    return Table((axis,), micro)


def _double(first: Grid, second: Grid, values: Floats) -> Table:
    across = first.column.domain != second.column.domain
    unit = MICRO // 2 if across else MICRO
    micro = np.rint(values * unit).astype(np.int64) * (2 if across else 1)
    rows, micro = _fewer_slices(first.coarse, micro, 0)
    columns, micro = _fewer_slices(second.coarse, micro, 1)
    return Table((rows, columns), micro)


def _fewer_slices(axis: Axis, micro: Ints, along: int) -> tuple[Axis, Ints]:
    """The axis and the cells without the edges between slices that are the same."""
    if axis.column.category:
        return axis, micro
    slices = np.moveaxis(micro, along, 0)
    ranges = slices[: axis.ranges]
    keep = np.r_[True, (ranges[1:] != ranges[:-1]).any(axis=1)]
    edges = tuple(edge for edge, kept in zip(axis.edges, keep[1:], strict=True) if kept)
    fewer = np.concatenate([ranges[keep], slices[axis.ranges :]])
    return Axis(axis.column, edges), np.ascontiguousarray(np.moveaxis(fewer, 0, along))
