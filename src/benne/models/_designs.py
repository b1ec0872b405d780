"""Inputs for tree learners: bins as numbers, codes as flags, many levels as learned odds."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benne.models._folds import fold_of
from benne.models._lower import Design
from benne.models._sheet import Grid, Sheet
from benne.models._tables import Floats, Ints

_FEW_LEVELS = 12
_PRIOR_ROWS = 20.0


@dataclass(frozen=True)
class TreeInputs:
    """A design, the inputs of the training rows, and how each input may be used.

    The training inputs differ from the design's only for categories with many levels, whose
    odds are learned out of fold.  ``monotone`` is +1 where log-odds of bad may only rise.
    """

    design: Design
    rows: Floats
    owners: list[int]
    monotone: list[int]
    flags: list[bool]


def tree_inputs(
    sheet: Sheet,
    *,
    coarse: bool = False,
    monotone: bool = True,
    nominal: bool = False,
    seed: int = 0,
) -> TreeInputs:
    """Inputs for every column of ``sheet``, on the fine bins or on the coarse ones.

    A category of few levels is a flag a level, or with ``nominal`` one input, its bin.
    """
    codes = sheet.coarse_codes if coarse else sheet.codes
    blocks, parts, signs, flags = [], [], [], []
    for position, grid in enumerate(sheet.grids):
        axis = grid.coarse if coarse else grid.axis
        if grid.column.category and len(grid.axis.levels) > _FEW_LEVELS:
            block, rows = _odds_block(sheet, position, coarse=coarse, seed=seed)
            kinds = [False]
        elif grid.column.category:
            block = np.arange(len(axis) * 1.0)[:, None] if nominal else np.eye(len(axis))
            rows, kinds = block[codes[position]], [True] * block.shape[1]
        else:
            block = _number_block(grid, coarse=coarse)
            rows, kinds = block[codes[position]], [False] + [True] * (block.shape[1] - 1)
        blocks.append(block)
        parts.append(rows)
        flags += kinds
        sign = -grid.column.direction if monotone and not grid.column.category else 0
        signs += [0 if flag else sign for flag in kinds]
    design = Design(tuple(blocks))
    return TreeInputs(design, np.concatenate(parts, axis=1), design.owners, signs, flags)


def _number_block(grid: Grid, *, coarse: bool) -> Floats:
    """The range's position, NaN in typed bins; then a flag for each declared code."""
    axis = grid.coarse if coarse else grid.axis
    block = np.zeros((len(axis), 1 + len(grid.column.specials)))
    block[:, 0] = np.where(np.arange(len(axis)) < axis.ranges, np.arange(len(axis)), np.nan)
    for i in range(len(grid.column.specials)):
        block[axis.missing + 1 + i, 1 + i] = 1.0
    return block


def _odds_block(sheet: Sheet, position: int, *, coarse: bool, seed: int) -> tuple[Floats, Floats]:
    """Each level's log-odds of bad, and the rows' own learned without the rows of their fold."""
    grid = sheet.grids[position]
    codes = sheet.coarse_codes[position] if coarse else sheet.codes[position]
    size = len(grid.coarse if coarse else grid.axis)
    whole = level_odds(codes, sheet.bad, sheet.weight, size)
    rows = np.empty(len(codes))
    folds = fold_of(sheet, 5, seed=seed)
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        inside = level_odds(codes[~out], sheet.bad[~out], sheet.weight[~out], size)
        rows[out] = inside[codes[out]]
    return whole[:, None], rows[:, None]


def level_odds(codes: Ints, bad: Floats, weight: Floats, size: int) -> Floats:
    """Log-odds of bad of each bin over everybody's, drawn to 0 by 20 rows' worth of prior."""
    total, mean_weight = float(weight.sum()), float(weight.mean())
    share = min(max(float((weight * bad).sum()) / total, 1e-6), 1 - 1e-6)
    prior = _PRIOR_ROWS * mean_weight
    ill = np.bincount(codes, weights=weight * bad, minlength=size) + prior * share
    well = np.bincount(codes, weights=weight * (1 - bad), minlength=size) + prior * (1 - share)
    odds: Floats = np.log(ill / well) - np.log(share / (1 - share))
    return odds
