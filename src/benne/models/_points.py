"""The classical points card's learner: coarse monotone bins, and a logistic regression on them.

Each feature stands alone.  Its bins' weights of evidence are made monotone (by the column's
direction, or by the direction that fits better where none is given), and the regression gives
each feature one factor, never negative: a feature that would need to turn round gets none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import minimize
from sklearn.isotonic import isotonic_regression

from benne.models._designs import level_odds
from benne.models._folds import fold_of
from benne.models._shape import Shape, constant
from benne.models._sheet import Sheet
from benne.models._tables import Floats


@dataclass(frozen=True, slots=True)
class Points:
    """Weights of evidence on the coarse bins, then one factor a feature."""

    ridge: float = 1.0

    def fit(self, sheet: Sheet, *, seed: int, monotone: bool) -> Shape:
        """The card; bins are always monotone, whatever ``monotone`` says."""
        evidence = [evidence_of(sheet, position) for position in range(len(sheet.grids))]
        inputs = np.column_stack(
            [
                seen_evidence(sheet, position, evidence[position], seed)
                for position in range(len(sheet.grids))
            ]
        )
        intercept, factors = factors_of(inputs, sheet, self.ridge)
        flat = constant(sheet.grids, intercept)
        left = tuple(
            factor * woe[grid.to_coarse]
            for factor, woe, grid in zip(factors, evidence, sheet.grids, strict=True)
        )
        return replace(flat, left=left)


def evidence_of(sheet: Sheet, position: int) -> Floats:
    """Log-odds of bad over everybody's, by coarse bin, monotone over the ranges."""
    grid = sheet.grids[position]
    codes, size = sheet.coarse_codes[position], len(grid.coarse)
    woe = level_odds(codes, sheet.bad, sheet.weight, size)
    ranges = grid.coarse.ranges
    if ranges < 2:
        return woe
    weight = np.bincount(codes, weights=sheet.weight, minlength=size)[:ranges] + 1e-9
    signs = [-grid.column.direction] if grid.column.direction else [1, -1]
    fits = [
        isotonic_regression(woe[:ranges], sample_weight=weight, increasing=sign > 0)
        for sign in signs
    ]
    best = min(fits, key=lambda fit: float(weight @ (woe[:ranges] - fit) ** 2))
    return np.concatenate([best, woe[ranges:]])


def seen_evidence(sheet: Sheet, position: int, woe: Floats, seed: int) -> Floats:
    """The rows' evidence, learned without their own fold where levels are many."""
    codes = sheet.coarse_codes[position]
    if not sheet.grids[position].column.category or len(woe) < 15:
        return woe[codes]
    seen = np.empty(len(codes))
    folds = fold_of(sheet, 5, seed=seed)
    for fold in range(5):
        out = folds == fold
        inside = level_odds(codes[~out], sheet.bad[~out], sheet.weight[~out], len(woe))
        seen[out] = inside[codes[out]]
    return seen


def factors_of(inputs: Floats, sheet: Sheet, ridge: float) -> tuple[float, Floats]:
    """The intercept and the features' factors, each 0 or more."""
    bad, weight = sheet.bad, sheet.weight

    def loss(at: Floats) -> tuple[float, Floats]:
        margin = at[0] + inputs @ at[1:]
        chance = 1.0 / (1.0 + np.exp(-np.clip(margin, -500, 500)))
        off = weight * (chance - bad)
        value = float(weight @ (np.logaddexp(0, margin) - bad * margin))
        slope = np.concatenate([[off.sum()], inputs.T @ off + ridge * at[1:]])
        return value + ridge / 2 * float(at[1:] @ at[1:]), slope

    share = float(np.average(bad, weights=weight))
    start = np.concatenate([[np.log(share / (1 - share))], np.full(inputs.shape[1], 0.5)])
    bounds = [(None, None)] + [(0.0, None)] * inputs.shape[1]
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds,
                     options={"maxiter": 500})  # fmt: skip
    return float(found.x[0]), np.asarray(found.x[1:])
