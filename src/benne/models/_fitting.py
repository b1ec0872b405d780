"""How a card is fitted: a story of named steps, each a function of what came before.

Every choice (how smooth, which mixture, how many rounds of pairs) and the calibration is made
on out-of-fold margins of inner folds; the chosen recipe is then fitted once to all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed

from benne.kernel import Json
from benne.models._artefact import Card
from benne.models._folds import fold_of, possible_folds
from benne.models._learners import Boost, Learner, Pairs, Spline, Steps
from benne.models._lower import card_of
from benne.models._shape import Pair, Shape, average, calibrated, constant, purified
from benne.models._sheet import Sheet
from benne.models._tables import Floats, Ints

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Recipe:
    """What may be tried.  ``strengths`` and ``pair_rounds`` are tried in inner folds."""

    learners: tuple[str, ...] = ("spline", "steps")
    strengths: tuple[float, ...] = (100.0, 30.0, 10.0, 3.0, 1.0)
    pair_rounds: tuple[int, ...] = (0, 30, 60, 120, 240)
    steps: Steps = field(default_factory=Steps)
    boost: Boost = field(default_factory=Boost)
    pairs: Pairs = field(default_factory=Pairs)
    folds: int = 5
    monotone: bool = True
    across: bool = False
    seed: int = 0
    threads: int = 1


@dataclass(frozen=True)
class Fitted:
    """A fitted card, the shape it was rounded from, and what was chosen.

    ``out_of_fold`` holds calibrated log-odds of bad, shape ``(n,)``, or ``None`` when there
    were too few rows to make two folds.
    """

    card: Card
    shape: Shape
    out_of_fold: Floats | None
    chosen: dict[str, Json]


def fit_card(sheet: Sheet, recipe: Recipe, name: str) -> Fitted:
    """The card of ``sheet`` by ``recipe``."""
    count = possible_folds(sheet, recipe.folds)
    folds = fold_of(sheet, count, seed=recipe.seed) if count > 1 else None
    menu = _menu(sheet, recipe)
    mains = _out_of_fold_mains(sheet, menu, folds, recipe)
    best = _best_settings(sheet, menu, mains)
    mixture = _mixture(sheet, [mains[k][i] for k, i in best.items()]) if mains else None
    weights = [1.0 / len(best)] * len(best) if mixture is None else mixture
    pairs = _allowed_pairs(sheet, recipe)
    rounds, margin = _pairs_and_margin(sheet, menu, best, weights, pairs, folds, recipe)
    offset, factor = (0.0, 1.0) if margin is None else calibration(sheet, margin)
    start = _mixed(sheet, menu, best, weights, recipe)
    shape = recipe.pairs.path(
        sheet, start, pairs if rounds else (), (max(rounds, 1),), seed=recipe.seed,
        monotone=recipe.monotone,
    )[0]  # fmt: skip
    shape = calibrated(purified(shape, sheet), offset, factor)
    chosen: dict[str, Json] = {
        "folds": count if folds is not None else 0,
        "mixture": {menu[k].name: round(w, 6) for k, w in zip(best, weights, strict=True)},
        "settings": {menu[k].name: menu[k].labels[i] for k, i in best.items()},
        "pair_rounds": rounds,
        "calibration": [offset, factor],
        "rows": len(sheet),
        "bad": int(sheet.bad.sum()),
    }
    return Fitted(
        card_of(shape, sheet, name),
        shape,
        None if margin is None else offset + factor * margin,
        chosen,
    )


@dataclass(frozen=True)
class Dish:
    """A learner with its settings: ``cook`` gives a shape for each label."""

    name: str
    labels: tuple[str, ...]
    cook: Callable[[Sheet, Sequence[int], int], list[Shape]]


def _menu(sheet: Sheet, recipe: Recipe) -> list[Dish]:
    """The learners of ``recipe``; ``steps`` boosts in fewer bags where rows abound."""
    made: list[Dish] = []
    for name in recipe.learners:
        if name == "spline":
            made.append(_spline_dish(recipe))
        else:
            learner: Learner = recipe.steps if name == "steps" else recipe.boost
            made.append(_plain_dish(name, learner, recipe))
    return made


def _spline_dish(recipe: Recipe) -> Dish:
    strengths = recipe.strengths

    def cook(sheet: Sheet, wanted: Sequence[int], seed: int) -> list[Shape]:
        tried = [strengths[i] for i in wanted]
        return Spline().path(sheet, tried, seed=seed, monotone=recipe.monotone)

    return Dish("spline", tuple(map(str, strengths)), cook)


def _plain_dish(name: str, learner: Learner, recipe: Recipe) -> Dish:
    def cook(sheet: Sheet, wanted: Sequence[int], seed: int) -> list[Shape]:
        shape = learner.fit(sheet, seed=seed, monotone=recipe.monotone)
        return [shape for _ in wanted]

    return Dish(name, ("as it is",), cook)


def _each(recipe: Recipe, work: Callable[[Any], Result], items: Sequence[Any]) -> list[Result]:
    """``work`` on each item, whole fits side by side; the order is that of ``items``."""
    if recipe.threads == 1 or len(items) < 2:
        return [work(item) for item in items]
    results: list[Result] = Parallel(n_jobs=recipe.threads, prefer="threads")(
        delayed(work)(item) for item in items
    )
    return results


def _out_of_fold_mains(
    sheet: Sheet, menu: Sequence[Dish], folds: Ints | None, recipe: Recipe
) -> list[list[Floats]]:
    """For each dish and setting, margins by the fits that did not see the row."""
    if folds is None:
        return []
    size = int(folds.max()) + 1

    def one(job: tuple[int, int]) -> list[Floats]:
        k, fold = job
        dish = menu[k]
        inside, outside = sheet.take(folds != fold), sheet.take(folds == fold)
        shapes = dish.cook(inside, range(len(dish.labels)), recipe.seed)
        return [shape.margin(outside) for shape in shapes]

    jobs = [(k, fold) for k in range(len(menu)) for fold in range(size)]
    found = dict(zip(jobs, _each(recipe, one, jobs), strict=True))
    return [
        [
            _gather(folds, [found[(k, fold)][i] for fold in range(size)])
            for i in range(len(d.labels))
        ]
        for k, d in enumerate(menu)
    ]


def _gather(folds: Ints, parts: Sequence[Floats]) -> Floats:
    whole = np.empty(len(folds))
    for fold, part in enumerate(parts):
        whole[folds == fold] = part
    return whole


def log_loss(sheet: Sheet, margin: Floats) -> float:
    """Weighted mean negative log-likelihood of log-odds of bad."""
    return float(np.average(np.logaddexp(0.0, margin) - sheet.bad * margin, weights=sheet.weight))


def _best_settings(
    sheet: Sheet, menu: Sequence[Dish], mains: Sequence[Sequence[Floats]]
) -> dict[int, int]:
    """For each dish, the setting with the least out-of-fold loss (the middle one if unknown)."""
    if not mains:
        return {k: len(dish.labels) // 2 for k, dish in enumerate(menu)}
    return {
        k: int(np.argmin([log_loss(sheet, margin) for margin in mains[k]]))
        for k in range(len(menu))
    }


def _mixture(sheet: Sheet, margins: Sequence[Floats]) -> list[float]:
    """Weights in quarters that sum to 1, by out-of-fold loss; the plain average on a tie."""
    count = len(margins)
    if count == 1:
        return [1.0]
    quarters = [parts for parts in np.ndindex(*[5] * count) if sum(parts) == 4] + [
        tuple([4 / count] * count)
    ]
    scored = [
        (
            round(log_loss(sheet, sum(p / 4 * m for p, m in zip(parts, margins, strict=True))), 9),
            max(parts),
            parts,
        )
        for parts in quarters
    ]
    return [float(part) / 4 for part in min(scored)[2]]


def _mixed(
    sheet: Sheet,
    menu: Sequence[Dish],
    best: dict[int, int],
    weights: Sequence[float],
    recipe: Recipe,
) -> Shape:
    used = [(k, i, w) for (k, i), w in zip(best.items(), weights, strict=True) if w > 0]
    shapes = _each(recipe, lambda u: menu[u[0]].cook(sheet, [u[1]], recipe.seed)[0], used)
    return average(shapes, [w for _, _, w in used]) if used else constant(sheet.grids, 0.0)


def _allowed_pairs(sheet: Sheet, recipe: Recipe) -> list[Pair]:
    """Pairs inside a domain, or any where the form is paired."""
    domains = [grid.column.domain for grid in sheet.grids]
    return [
        (a, b)
        for a, b in combinations(range(len(domains)), 2)
        if recipe.across or domains[a] == domains[b]
    ]


def _pairs_and_margin(
    sheet: Sheet,
    menu: Sequence[Dish],
    best: dict[int, int],
    weights: Sequence[float],
    pairs: Sequence[Pair],
    folds: Ints | None,
    recipe: Recipe,
) -> tuple[int, Floats | None]:
    """How many rounds of pairs pay out of fold, and the out-of-fold margin with them."""
    if folds is None:
        return 0, None
    rounds = recipe.pair_rounds if pairs and max(recipe.pair_rounds) > 0 else (0,)
    tried = [r for r in rounds if r > 0]

    def one(fold: int) -> list[Floats]:
        inside, outside = sheet.take(folds != fold), sheet.take(folds == fold)
        start = _mixed(inside, menu, best, weights, _alone(recipe))
        shapes = [start]
        if tried:
            shapes += recipe.pairs.path(
                inside, start, pairs, tried, seed=recipe.seed, monotone=recipe.monotone
            )
        return [shape.margin(outside) for shape in shapes]

    parts = _each(recipe, one, range(int(folds.max()) + 1))
    margins = [_gather(folds, [part[i] for part in parts]) for i in range(1 + len(tried))]
    chosen = int(np.argmin([round(log_loss(sheet, margin), 9) for margin in margins]))
    return [0, *tried][chosen], margins[chosen]


def _alone(recipe: Recipe) -> Recipe:
    from dataclasses import replace

    return replace(recipe, threads=1)


def calibration(sheet: Sheet, margin: Floats) -> tuple[float, float]:
    """(offset, factor) of the affine map of out-of-fold log-odds with the least log loss.

    Newton's method on two numbers, held by a faint prior at (0, 1); the factor stays in
    [0.05, 3], so that a score never turns round.
    """
    at = np.array([0.0, 1.0])
    inputs = np.column_stack([np.ones(len(margin)), margin])
    prior = np.diag([1e-6, 1.0])
    for _ in range(50):
        chance = 1.0 / (1.0 + np.exp(-np.clip(inputs @ at, -500, 500)))
        slope = inputs.T @ (sheet.weight * (chance - sheet.bad)) + prior @ (at - [0.0, 1.0])
        bend = inputs.T @ (inputs * (sheet.weight * chance * (1 - chance))[:, None]) + prior
        move = np.linalg.solve(bend + 1e-9 * np.eye(2), slope)
        at = at - np.clip(move, -2.0, 2.0)
        if np.abs(move).max() < 1e-10:
            break
    return float(at[0]), float(np.clip(at[1], 0.05, 3.0))
