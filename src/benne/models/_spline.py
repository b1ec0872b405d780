"""Logistic regression on piecewise-linear terms, smooth and monotone where asked.

A number enters as ramps between neighbouring knots: its curve is the sum of its rises, so
that ``rise >= 0`` is ``monotone``.  The penalty is

    bend * (sum of squared differences of neighbouring rises)
    + rise * (sum of squared rises) + flag * (sum of squared flags),

which draws each curve to a straight line in rank, and each flag (missing, code, level) to 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from benne.models._designs import level_odds
from benne.models._folds import fold_of
from benne.models._shape import Shape, constant
from benne.models._sheet import Grid, Sheet
from benne.models._tables import Floats, Ints

_FEW_LEVELS = 12
_MOST_INPUTS = 500
_BLOCK_ROWS = 8192
_LEAST_WIDTH = 1e-290
_ENOUGH = 1e-6  # a step that gains less of the loss ends the search


@dataclass(frozen=True, slots=True)
class Penalty:
    """How strongly curves are held: their bends, their rises, and the flags."""

    bend: float = 30.0
    rise: float = 2.0
    flag: float = 8.0


@dataclass(frozen=True, slots=True)
class Spline:
    """Smooth terms: penalised piecewise-linear logistic regression."""

    penalty: Penalty = Penalty()
    knots: int = 10

    def fit(self, sheet: Sheet, *, seed: int, monotone: bool) -> Shape:
        """The penalised maximum-likelihood curves."""
        return self.path(sheet, (self.penalty,), seed=seed, monotone=monotone)[0]

    def path(
        self, sheet: Sheet, penalties: Sequence[Penalty], *, seed: int, monotone: bool
    ) -> list[Shape]:
        """The shapes for each of ``penalties``, each begun where the last one ended."""
        terms = _terms(sheet, self.knots, monotone=monotone)
        rows = _Rows(sheet, terms, seed)
        weights = np.zeros(1 + sum(term.size for term in terms))
        share = float(np.average(sheet.bad, weights=sheet.weight))
        weights[0] = np.log(share / (1 - share))
        shapes = []
        for penalty in penalties:
            weights = _solve(rows, terms, penalty, weights)
            shapes.append(_shape(sheet, terms, weights))
        return shapes


@dataclass(frozen=True)
class _Term:
    """One column's inputs: ``block`` has a row a bin, plus ramps that need the value itself."""

    position: int
    knots: Floats  # values of the knots; ramps lie between neighbours
    block: Floats  # flags by bin, shape (bins, flags)
    odds: bool  # a single input: the level's learned odds
    sign: int  # +1: rises must be >= 0, -1: <= 0

    @property
    def ramps(self) -> int:
        return max(len(self.knots) - 1, 0)

    @property
    def size(self) -> int:
        return self.ramps + int(self.block.shape[1])


def _terms(sheet: Sheet, knots: int, *, monotone: bool) -> list[_Term]:
    most = min(knots, max(3, _MOST_INPUTS // max(1, len(sheet.grids))))
    return [_term(sheet, position, most, monotone=monotone) for position in range(len(sheet.grids))]


def _term(sheet: Sheet, position: int, most: int, *, monotone: bool) -> _Term:
    grid = sheet.grids[position]
    weight = sheet.column_weights[position]
    axis = grid.axis
    if grid.column.category:
        if len(axis.levels) > _FEW_LEVELS:
            odds = level_odds(sheet.codes[position], sheet.bad, sheet.weight, len(axis))
            return _Term(position, np.zeros(0), odds[:, None], True, 0)
        return _Term(position, np.zeros(0), _flags(weight, range(len(axis))), False, 0)
    knots = _apart(np.asarray(axis.edges, dtype=np.float64)[_thin(grid.knots, most)])
    flags = _flags(weight, range(axis.missing, len(axis)))
    sign = -grid.column.direction if monotone else 0
    return _Term(position, knots, flags, False, sign)


def _thin(knots: Ints, most: int) -> Ints:
    if len(knots) <= most:
        return knots
    kept: Ints = knots[np.unique(np.linspace(0, len(knots) - 1, most).round().astype(int))]
    return kept


def _apart(knots: Floats) -> Floats:
    """``knots`` less those so near the one before that a double cannot hold a slope between."""
    kept: Floats = knots[np.r_[True, np.diff(knots) > _LEAST_WIDTH]] if len(knots) else knots
    return kept


def _flags(weight: Floats, bins: Sequence[int]) -> Floats:
    used = [b for b in bins if weight[b] > 0]
    block = np.zeros((len(weight), len(used)))
    for i, b in enumerate(used):
        block[b, i] = 1.0
    return block


class _Rows:
    """The inputs of the rows, made a stretch at a time so that memory stays small."""

    def __init__(self, sheet: Sheet, terms: Sequence[_Term], seed: int) -> None:
        self.sheet, self.terms = sheet, terms
        self.odds = {term.position: _out_of_fold(sheet, term, seed) for term in terms if term.odds}
        size = len(sheet) * (1 + sum(term.size for term in terms))
        self._kept = (
            [self._make(rows) for rows in self._stretches()] if size <= 12_000_000 else None
        )

    def _stretches(self) -> list[slice]:
        n = len(self.sheet)
        return [slice(i, min(i + _BLOCK_ROWS, n)) for i in range(0, n, _BLOCK_ROWS)]

    def __iter__(self) -> Iterator[tuple[slice, Floats]]:
        for i, rows in enumerate(self._stretches()):
            yield rows, self._kept[i] if self._kept is not None else self._make(rows)

    def _make(self, rows: slice) -> Floats:
        parts = [np.ones((rows.stop - rows.start, 1))]
        for term in self.terms:
            codes = self.sheet.codes[term.position][rows]
            if term.odds:
                parts.append(self.odds[term.position][rows, None])
                continue
            if term.ramps:
                axis = self.sheet.grids[term.position].axis
                values = self.sheet.values[term.position][rows]
                parts.append(_ramps(np.where(codes < axis.ranges, values, -np.inf), term.knots))
            parts.append(term.block[codes])
        return np.concatenate(parts, axis=1)


def _ramps(values: Floats, knots: Floats) -> Floats:
    """From 0 at or below each knot to 1 at or above the next, shape ``(n, knots - 1)``."""
    inner = np.clip(values, knots[0], knots[-1])[:, None]
    return np.clip((inner - knots[:-1]) / np.diff(knots), 0.0, 1.0)


def _out_of_fold(sheet: Sheet, term: _Term, seed: int) -> Floats:
    codes, size = sheet.codes[term.position], len(sheet.grids[term.position].axis)
    folds = fold_of(sheet, 5, seed=seed)
    odds = np.empty(len(sheet))
    for fold in range(int(folds.max()) + 1):
        out = folds == fold
        odds[out] = level_odds(codes[~out], sheet.bad[~out], sheet.weight[~out], size)[codes[out]]
    return odds


def _penalty(terms: Sequence[_Term], penalty: Penalty) -> Floats:
    """The penalty's matrix; the intercept is free."""
    size = 1 + sum(term.size for term in terms)
    matrix = np.zeros((size, size))
    start = 1
    for term in terms:
        stop = start + term.ramps
        inner = matrix[start:stop, start:stop]
        inner += penalty.rise * np.eye(term.ramps)
        if term.ramps > 1:
            step = np.diff(np.eye(term.ramps), axis=0)
            inner += penalty.bend * (step.T @ step)
        flags = np.arange(stop, stop + term.block.shape[1])
        matrix[flags, flags] += 0.1 * penalty.flag if term.odds else penalty.flag
        start = stop + len(flags)
    matrix[np.arange(size), np.arange(size)] += 1e-6
    return matrix


def _solve(rows: _Rows, terms: Sequence[_Term], weights_of: Penalty, start: Floats) -> Floats:
    """Projected Newton (Bertsekas 1982): rises on their bound that would leave it stand still."""
    penalty = _penalty(terms, weights_of)
    signs = np.concatenate(
        [
            [0.0],
            *[np.r_[np.full(t.ramps, float(t.sign)), np.zeros(t.block.shape[1])] for t in terms],
        ]
    )
    weights = _project(start, signs)
    value = _value(rows, weights, penalty)
    for _ in range(50):
        slope, bend = _slope_and_bend(rows, weights, penalty)
        free = ~((signs != 0) & (weights == 0) & (slope * signs > 0))
        move = np.zeros_like(weights)
        move[free] = -np.linalg.solve(bend[np.ix_(free, free)], slope[free])
        length = 1.0
        while True:
            trial = _project(weights + length * move, signs)
            found = _value(rows, trial, penalty)
            if found <= value + 1e-12 or length < 1e-6:
                break
            length /= 2
        gain = value - found
        weights, value = trial, found
        if gain <= _ENOUGH * (1 + abs(value)):
            break
    return weights


def _project(weights: Floats, signs: Floats) -> Floats:
    wrong = weights * signs < 0
    projected: Floats = np.where(wrong, 0.0, weights)
    return projected


def _value(rows: _Rows, weights: Floats, penalty: Floats) -> float:
    """Penalised negative log-likelihood."""
    value = 0.5 * float(weights @ (penalty @ weights))
    for part, inputs in rows:
        margin = inputs @ weights
        bad, weight = rows.sheet.bad[part], rows.sheet.weight[part]
        value += float(np.sum(weight * (np.logaddexp(0.0, margin) - bad * margin)))
    return value


def _slope_and_bend(rows: _Rows, weights: Floats, penalty: Floats) -> tuple[Floats, Floats]:
    """The slope and the bend of ``_value``."""
    slope, bend = penalty @ weights, penalty.copy()
    for part, inputs in rows:
        margin = inputs @ weights
        bad, weight = rows.sheet.bad[part], rows.sheet.weight[part]
        chance = 1.0 / (1.0 + np.exp(-np.clip(margin, -500, 500)))
        slope = slope + inputs.T @ (weight * (chance - bad))
        root = np.sqrt(weight * chance * (1 - chance))
        heavy = inputs * root[:, None]
        bend += heavy.T @ heavy
    return slope, bend


def _shape(sheet: Sheet, terms: Sequence[_Term], weights: Floats) -> Shape:
    flat = constant(sheet.grids, float(weights[0]))
    left, slope, start = list(flat.left), list(flat.slope), 1
    for term in terms:
        own = weights[start : start + term.size]
        left[term.position], slope[term.position] = _curve(sheet.grids[term.position], term, own)
        start += term.size
    return replace(flat, left=tuple(left), slope=tuple(slope))


def _curve(grid: Grid, term: _Term, own: Floats) -> tuple[Floats, Floats]:
    """Left values and slopes of one column's bins."""
    axis = grid.axis
    flags = term.block @ own[term.ramps :]
    slope = np.zeros(len(axis))
    if not term.ramps:
        return flags, slope
    edges = np.asarray(axis.edges)
    rises = own[: term.ramps]
    left = np.zeros(len(axis))
    left[1 : len(edges) + 1] = _ramps(edges, term.knots) @ rises
    between = np.searchsorted(term.knots, edges, side="right") - 1
    inside = (between >= 0) & (between < term.ramps)
    steep = np.where(inside, (rises / np.diff(term.knots))[np.clip(between, 0, term.ramps - 1)], 0)
    slope[1 : len(edges) + 1] = steep
    return left + flags, slope
