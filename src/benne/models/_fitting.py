"""How a card is fitted: a story of named steps, each a function of what came before.

Every choice (how smooth, which mixture, how many rounds of pairs) and the calibration is made
on out-of-fold margins of inner folds; the chosen recipe is then fitted once to all rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import combinations
from typing import Any, TypeVar

import numpy as np
from joblib import Parallel, delayed

from benne.kernel import Json
from benne.models._artefact import Card
from benne.models._folds import fold_of, possible_folds
from benne.models._learners import Boost, Learner, Pairs, Run, Steps
from benne.models._lower import card_of
from benne.models._points import Points
from benne.models._shape import Pair, Shape, average, calibrated, purified
from benne.models._sheet import Sheet
from benne.models._spline import Penalty, Spline
from benne.models._tables import Floats, Ints

Result = TypeVar("Result")
_MOST_LEVELS = 24


PAIR_ROUNDS = (0, 30, 60, 120, 240, 480)
"""How many rounds of pairs may be grown on top of smooth or step terms."""

SMOOTH = tuple((knots, bend) for knots in (6, 10) for bend in (100.0, 30.0, 10.0, 3.0))
"""How many knots, and how strongly bends are held: what smooth terms may choose from."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What may be tried.  ``smooth``, ``boost_rounds`` and ``pair_rounds`` are tried inside."""

    learners: tuple[str, ...] = ("spline", "steps")
    smooth: tuple[tuple[int, float], ...] = SMOOTH
    boost_rounds: tuple[int, ...] = (100, 200, 400, 800, 1200)
    pair_rounds: tuple[int, ...] = PAIR_ROUNDS
    steps: Steps = field(default_factory=Steps)
    boost: Boost = field(default_factory=lambda: Boost(leaves=4, rate=0.03))
    duets: tuple[Boost, ...] = (Boost(leaves=6, rate=0.03),)
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
    inner = _inner_folds(sheet, recipe)
    menu = _menu(recipe)
    tried = _tried_inside(menu, inner, recipe)
    best = _best_settings(menu, inner, tried)
    outside = [[t.margins[i] for t in own] for own, i in zip(tried, best, strict=True)]
    weights = _mixture(inner, outside)
    mixed = [_weighted(parts, weights) for parts in zip(*outside, strict=True)]
    starts = [partial(_start, [own[f] for own in tried], best, weights) for f in range(len(inner))]
    pairs = _allowed_pairs(sheet, recipe)
    rounds, margins = _pairs_inside(inner, starts, mixed, pairs, recipe)
    margin = _gather(len(sheet), inner, margins)
    offset, factor = calibration(sheet, margin) if inner else (0.0, 1.0)
    start = _mixed(sheet, menu, best, weights, recipe)
    grown = recipe.pairs.path(
        sheet, start, pairs, (rounds,), seed=recipe.seed, monotone=recipe.monotone
    )[0] if rounds else start  # fmt: skip
    shape = calibrated(purified(grown, sheet), offset, factor)
    chosen: dict[str, Json] = {
        "card": name,
        "folds": len(inner),
        "mixture": {dish.name: w for dish, w in zip(menu, weights, strict=True)},
        "settings": {dish.name: dish.labels[i] for dish, i in zip(menu, best, strict=True)},
        "pair_rounds": rounds,
        "calibration": [offset, factor],
        "rows": len(sheet),
        "bad": int(sheet.bad.sum()),
    }
    out_of_fold = offset + factor * margin if inner else None
    return Fitted(card_of(shape, sheet, name), shape, out_of_fold, chosen)


def _weighted(parts: Sequence[Floats], weights: Sequence[float]) -> Floats:
    return np.asarray(sum(w * part for w, part in zip(weights, parts, strict=True)))


def _start(own: Sequence[Tried], best: Sequence[int], weights: Sequence[float]) -> Shape:
    """The mixture on one inner fold, on which pairs may be grown."""
    return average([t.shape(i) for t, i in zip(own, best, strict=True)], weights)


def blend(part: Sheet, own: Fitted, pooled: Fitted, rows: Ints) -> Fitted:
    """The card of a segment: its own fit and everybody's, averaged as lost least out of fold.

    ``part`` holds the segment's rows, ``rows`` their places among everybody's.  Both fits share
    their grids, so that the mean is tables again; it is calibrated on the segment alone.
    """
    if own.out_of_fold is None or pooled.out_of_fold is None:
        return own
    everybody = pooled.out_of_fold[rows]
    share = own_share(part, own.out_of_fold, everybody)
    margin = share * own.out_of_fold + (1.0 - share) * everybody
    offset, factor = calibration(part, margin)
    mean = average([own.shape, pooled.shape], [share, 1.0 - share])
    shape = calibrated(purified(mean, part), offset, factor)
    name = str(own.chosen["card"])
    chosen: dict[str, Json] = {
        **own.chosen,
        "own_share": share,
        "calibration": [offset, factor],
    }
    return Fitted(card_of(shape, part, name), shape, offset + factor * margin, chosen)


def own_share(part: Sheet, own: Floats, everybody: Floats) -> float:
    """How much of a segment's own margin loses least out of fold, in quarters."""
    quarters = [k / 4 for k in range(5)]
    return min(
        quarters,
        key=lambda share: round(log_loss(part, share * own + (1.0 - share) * everybody), 9),
    )


@dataclass(frozen=True)
class Inner:
    """One inner fold: the rows a fit may see, and those it is judged on."""

    inside: Sheet
    outside: Sheet
    rows: Ints


def _inner_folds(sheet: Sheet, recipe: Recipe) -> list[Inner]:
    """The inner folds; none where there are too few good or bad people for two."""
    count = possible_folds(sheet, recipe.folds)
    if count < 2:
        return []
    folds = fold_of(sheet, count, seed=recipe.seed)
    return [
        Inner(sheet.take(folds != f), sheet.take(folds == f), np.flatnonzero(folds == f))
        for f in range(count)
    ]


@dataclass(frozen=True)
class Tried:
    """What a learner says of an inner fold, by setting: log-odds of bad of its outside rows."""

    margins: list[Floats]
    shape: Callable[[int], Shape]


@dataclass(frozen=True)
class Dish:
    """A learner with its settings: ``cook`` gives a shape, ``taste`` tries all on an inner fold."""

    name: str
    labels: tuple[str, ...]
    cook: Callable[[Sheet, int], Shape]
    taste: Callable[[Inner], Tried]


def _menu(recipe: Recipe) -> list[Dish]:
    """The learners of ``recipe``."""
    made: list[Dish] = []
    for name in recipe.learners:
        if name == "spline":
            made.append(_spline_dish(recipe))
        elif name in ("boost", "duets"):
            made.append(_boost_dish(name, recipe))
        else:
            learner: Learner = Points() if name == "points" else recipe.steps
            made.append(_plain_dish(name, learner, recipe))
    return made


def _spline_dish(recipe: Recipe) -> Dish:
    """Smooth terms; a setting is how many knots, and how strongly bends are held."""
    settings = recipe.smooth

    def path(sheet: Sheet, wanted: Sequence[int]) -> list[Shape]:
        shapes: dict[int, Shape] = {}
        for knots in sorted({settings[i][0] for i in wanted}):
            own = [i for i in wanted if settings[i][0] == knots]
            held = [Penalty(bend=settings[i][1]) for i in own]
            found = Spline(knots=knots).path(
                sheet, held, seed=recipe.seed, monotone=recipe.monotone
            )
            shapes |= dict(zip(own, found, strict=True))
        return [shapes[i] for i in wanted]

    labels = tuple(f"{knots} knots, bend {bend:g}" for knots, bend in settings)
    return _shaped_dish("spline", labels, path)


def _boost_dish(name: str, recipe: Recipe) -> Dish:
    """``boost``: step terms; ``duets``: step terms and pairs, grown together.

    A setting is a number of rounds, and which of the recipe's learners.  It is chosen by one bag.
    """
    learners = recipe.duets if name == "duets" else (recipe.boost,)
    rounds = recipe.boost_rounds
    settings = [(learner, count) for learner in learners for count in rounds]

    def run(sheet: Sheet, learner: Boost, counts: Sequence[int]) -> Run:
        pairs = _allowed_pairs(sheet, recipe) if name == "duets" else ()
        return learner.grow(sheet, counts, pairs=pairs, seed=recipe.seed, monotone=recipe.monotone)

    def taste(fold: Inner) -> Tried:
        runs = [run(fold.inside, replace(learner, bags=1), rounds) for learner in learners]
        margins = [margin for grown in runs for margin in grown.margins(fold.outside)]
        return Tried(margins, lambda i: runs[i // len(rounds)].shapes()[i % len(rounds)])

    def cook(sheet: Sheet, setting: int) -> Shape:
        learner, count = settings[setting]
        return run(sheet, learner, [count]).shapes()[0]

    labels = [f"{count} rounds, leaves of {learner.leaf_rows}" for learner, count in settings]
    return Dish(name, tuple(labels), cook, taste)


def _plain_dish(name: str, learner: Learner, recipe: Recipe) -> Dish:
    def path(sheet: Sheet, wanted: Sequence[int]) -> list[Shape]:
        shape = learner.fit(sheet, seed=recipe.seed, monotone=recipe.monotone)
        return [shape for _ in wanted]

    return _shaped_dish(name, ("as it is",), path)


def _shaped_dish(
    name: str, labels: tuple[str, ...], path: Callable[[Sheet, Sequence[int]], list[Shape]]
) -> Dish:
    """A learner whose ``path`` gives the shapes of several settings in one go."""

    def taste(fold: Inner) -> Tried:
        shapes = path(fold.inside, range(len(labels)))
        return Tried([shape.margin(fold.outside) for shape in shapes], shapes.__getitem__)

    return Dish(name, labels, lambda sheet, i: path(sheet, [i])[0], taste)


def _each(recipe: Recipe, work: Callable[[Any], Result], items: Sequence[Any]) -> list[Result]:
    """``work`` on each item, whole fits side by side; the order is that of ``items``."""
    if recipe.threads == 1 or len(items) < 2:
        return [work(item) for item in items]
    results: list[Result] = Parallel(n_jobs=recipe.threads, prefer="threads")(
        delayed(work)(item) for item in items
    )
    return results


def _tried_inside(
    menu: Sequence[Dish], inner: Sequence[Inner], recipe: Recipe
) -> list[list[Tried]]:
    """What was tried, by dish and inner fold."""
    jobs = [(dish, fold) for dish in menu for fold in inner]
    found = iter(_each(recipe, lambda job: job[0].taste(job[1]), jobs))
    return [[next(found) for _ in inner] for _ in menu]


def _gather(size: int, inner: Sequence[Inner], parts: Sequence[Floats]) -> Floats:
    whole = np.full(size, np.nan)
    for fold, part in zip(inner, parts, strict=True):
        whole[fold.rows] = part
    return whole


def log_loss(sheet: Sheet, margin: Floats) -> float:
    """Weighted mean negative log-likelihood of log-odds of bad."""
    loss = np.logaddexp(0.0, margin) - sheet.bad * margin
    return float(np.average(loss, weights=sheet.weight))


def _loss(inner: Sequence[Inner], margins: Sequence[Floats]) -> float:
    """Mean out-of-fold loss, rounded so that a tie is a tie."""
    parts = [
        (log_loss(fold.outside, margin), float(fold.outside.weight.sum()))
        for fold, margin in zip(inner, margins, strict=True)
    ]
    return round(sum(a * w for a, w in parts) / sum(w for _, w in parts), 9)


def _best_settings(
    menu: Sequence[Dish], inner: Sequence[Inner], tried: Sequence[Sequence[Tried]]
) -> list[int]:
    """For each dish, the setting with the least out-of-fold loss (the middle one if unknown)."""
    if not inner:
        return [len(dish.labels) // 2 for dish in menu]
    return [
        int(np.argmin([_loss(inner, [t.margins[i] for t in own]) for i in range(len(dish.labels))]))
        for dish, own in zip(menu, tried, strict=True)
    ]


def _mixture(inner: Sequence[Inner], parts: Sequence[Sequence[Floats]]) -> list[float]:
    """Weights in quarters that sum to 1: even, unless others are clearly better out of fold.

    Clearly is by more than one standard error of the mean difference of the rows' losses.
    """
    count = len(parts)
    even = [1.0 / count] * count
    if count == 1 or not inner:
        return even
    margins = [np.concatenate(own) for own in parts]
    bad = np.concatenate([fold.outside.bad for fold in inner])
    weight = np.concatenate([fold.outside.weight for fold in inner])

    def losses(weights: Sequence[float]) -> Floats:
        margin = _weighted(margins, weights)
        return np.asarray(weight * (np.logaddexp(0.0, margin) - bad * margin))

    quarters = [[p / 4 for p in parts] for parts in np.ndindex(*[5] * count) if sum(parts) == 4]
    found = min(quarters, key=lambda weights: round(float(losses(weights).mean()), 9))
    gain = losses(even) - losses(found)
    error = float(gain.std()) / np.sqrt(len(gain))
    return found if float(gain.mean()) > error else even


def _mixed(
    sheet: Sheet,
    menu: Sequence[Dish],
    best: Sequence[int],
    weights: Sequence[float],
    recipe: Recipe,
) -> Shape:
    """The chosen mixture, fitted to all rows."""
    used = [(k, i, w) for k, (i, w) in enumerate(zip(best, weights, strict=True)) if w > 0]
    shapes = _each(recipe, lambda u: menu[u[0]].cook(sheet, u[1]), used)
    return average(shapes, [w for _, _, w in used])


def _allowed_pairs(sheet: Sheet, recipe: Recipe) -> list[Pair]:
    """Pairs inside a domain, or any where the form is paired; no category of many levels."""
    domains = [grid.column.domain for grid in sheet.grids]
    short = [len(grid.coarse.levels) <= _MOST_LEVELS for grid in sheet.grids]
    return [
        (a, b)
        for a, b in combinations(range(len(domains)), 2)
        if short[a] and short[b] and (recipe.across or domains[a] == domains[b])
    ]


def _pairs_inside(
    inner: Sequence[Inner],
    starts: Sequence[Callable[[], Shape]],
    margins: Sequence[Floats],
    pairs: Sequence[Pair],
    recipe: Recipe,
) -> tuple[int, list[Floats]]:
    """How many rounds of pairs pay out of fold, and the margins outside with them."""
    tried = [r for r in recipe.pair_rounds if r > 0]
    if not (pairs and inner and tried):
        return 0, list(margins)

    def one(job: tuple[Inner, Callable[[], Shape]]) -> list[Floats]:
        fold, start = job
        grown = recipe.pairs.path(
            fold.inside, start(), pairs, tried, seed=recipe.seed, monotone=recipe.monotone
        )
        return [shape.margin(fold.outside) for shape in grown]

    grown = _each(recipe, one, list(zip(inner, starts, strict=True)))
    parts = [[margin, *more] for margin, more in zip(margins, grown, strict=True)]
    losses = [_loss(inner, [part[i] for part in parts]) for i in range(1 + len(tried))]
    chosen = int(np.argmin(losses))
    return [0, *tried][chosen], [part[chosen] for part in parts]


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
