"""The learners.  Each takes a sheet and gives a shape that equals its own margin."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from benne.models._designs import TreeInputs, tree_inputs
from benne.models._lower import Design, Lowered, lower, lower_each
from benne.models._shape import Pair, Shape, constant, joint_weight, purify
from benne.models._sheet import Sheet
from benne.models._tables import Floats

_MOST_TRIED = 150


class Learner(Protocol):
    """Whatever fills tables: exact, deterministic in its seed, on one thread."""

    def fit(self, sheet: Sheet, *, seed: int, monotone: bool) -> Shape:
        """The learned shape, on the sheet's own grids."""
        ...


@dataclass(frozen=True, slots=True)
class Steps:
    """Step terms by cyclic boosting in bags: interpret's EBM, main effects only."""

    bags: int = 8
    rate: float = 0.02
    leaf_rows: int = 4
    smoothing_rounds: int = 75

    def fit(self, sheet: Sheet, *, seed: int, monotone: bool) -> Shape:
        """Exact: each input's scores are read off at the design's rows."""
        from interpret.glassbox import ExplainableBoostingClassifier

        made = tree_inputs(sheet, monotone=monotone, nominal=True, seed=seed)
        kinds = ["nominal" if flag else "continuous" for flag in made.flags]
        ebm = ExplainableBoostingClassifier(
            interactions=0,
            outer_bags=self.bags,
            learning_rate=self.rate,
            min_samples_leaf=self.leaf_rows,
            smoothing_rounds=self.smoothing_rounds,
            max_bins=256,
            feature_types=kinds,
            monotone_constraints=made.monotone if any(made.monotone) else None,
            n_jobs=1,
            random_state=seed,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of columns with one value, and of small bags
            ebm.fit(made.rows, sheet.bad.astype(int), sample_weight=sheet.weight)
        return _lowered(sheet, lambda rows: np.asarray(ebm.decision_function(rows)), made.design)


@dataclass(frozen=True, slots=True)
class Boost:
    """Step terms by greedy boosting: LightGBM whose trees each see one column.

    ``share`` of the inputs are open to each tree, so that no column takes all.
    """

    rounds: int = 400
    rate: float = 0.05
    leaves: int = 4
    leaf_rows: int = 20
    ridge: float = 5.0
    share: float = 0.5
    row_share: float = 0.7
    most: int = 30
    bags: int = 1

    def fit(self, sheet: Sheet, *, seed: int, monotone: bool) -> Shape:
        """Exact: a tree's path reads the inputs of one column only."""
        return self.path(sheet, (self.rounds,), seed=seed, monotone=monotone)[0]

    def path(
        self,
        sheet: Sheet,
        rounds: Sequence[int],
        *,
        pairs: Sequence[Pair] = (),
        seed: int,
        monotone: bool,
    ) -> list[Shape]:
        """The shapes after each number of ``rounds``, from one fit.

        With ``pairs``, a path reads one of the strongest of them, on the coarse bins.
        """
        return self.grow(sheet, rounds, pairs=pairs, seed=seed, monotone=monotone).shapes()

    def grow(
        self,
        sheet: Sheet,
        rounds: Sequence[int],
        *,
        pairs: Sequence[Pair] = (),
        seed: int,
        monotone: bool,
    ) -> Run:
        """The same, not yet lowered; ``rounds`` ascend."""
        made = tree_inputs(sheet, coarse=bool(pairs), monotone=monotone, seed=seed)
        base = _log_odds(sheet)
        kept = strongest(sheet, base, pairs, self.most, monotone=monotone, seed=seed)
        singles = [(c,) for c in range(len(sheet.grids))]
        allowed = _inputs_of(made.owners, [*singles, *kept])
        whole = replace(self, rounds=max(rounds))
        bags = tuple(
            _lightgbm(whole, made.rows, sheet, base, allowed, made.monotone, seed + 1000 * bag)
            for bag in range(self.bags)
        )
        flat = constant(sheet.grids, float(base[0]))
        return Run(flat, made.design, tuple(kept), bags, tuple(rounds), coarse=bool(pairs))


@dataclass(frozen=True, slots=True)
class Pairs:
    """Tables of two features on top of a shape: LightGBM whose paths see one pair.

    ``most`` pairs are kept, those whose table moves people most in a first short round.
    """

    most: int = 10
    rounds: int = 150
    rate: float = 0.04
    leaves: int = 4
    leaf_rows: int = 20
    ridge: float = 20.0
    share: float = 0.5
    row_share: float = 0.7

    def fit(
        self, sheet: Sheet, start: Shape, pairs: Sequence[Pair], *, seed: int, monotone: bool
    ) -> Shape:
        """``start`` plus tables of some of ``pairs``."""
        return self.path(sheet, start, pairs, (self.rounds,), seed=seed, monotone=monotone)[0]

    def path(
        self,
        sheet: Sheet,
        start: Shape,
        pairs: Sequence[Pair],
        rounds: Sequence[int],
        *,
        seed: int,
        monotone: bool,
    ) -> list[Shape]:
        """The shapes after each number of ``rounds``, from one fit."""
        if not pairs:
            return [start for _ in rounds]
        made = tree_inputs(sheet, coarse=True, monotone=monotone, seed=seed)
        margin = start.margin(sheet)
        kept = strongest(sheet, margin, pairs, self.most, monotone=monotone, seed=seed)
        allowed = _inputs_of(made.owners, kept)
        whole = replace(self, rounds=max(rounds))
        grown = _lightgbm(whole, made.rows, sheet, margin, allowed, made.monotone, seed)
        run = Run(start, made.design, tuple(kept), (grown,), tuple(rounds), coarse=True)
        return run.shapes()


class Trees(Protocol):
    """What trees add to a margin, from one round up to another."""

    def __call__(self, inputs: Floats, rounds: int | None = None, first: int = 0) -> Floats:
        """Log-odds of bad, shape ``(n,)``, that rounds ``first`` up to ``rounds`` add."""
        ...


@dataclass(frozen=True)
class Run:
    """What boosting in bags added to ``start`` after each of ``rounds``, which ascend.

    The mean of the bags is a function of single columns and of ``pairs``: ``shapes`` lowers it
    into tables, and ``margins`` asks the trees themselves, which is quicker where only that counts.
    """

    start: Shape
    design: Design
    pairs: tuple[Pair, ...]
    bags: tuple[Trees, ...]
    rounds: tuple[int, ...]
    coarse: bool

    def margins(self, sheet: Sheet) -> list[Floats]:
        """Log-odds of bad of rows that were not learned from, shape ``(n,)`` each."""
        codes = sheet.coarse_codes if self.coarse else sheet.codes
        start = self.start.margin(sheet)
        return [start + part for part in self._added(self.design.inputs(codes))]

    def shapes(self) -> list[Shape]:
        """The same as tables."""
        return [
            _grown(self.start, lowered)
            for lowered in lower_each(self._added, self.design, self.pairs)
        ]

    def _added(self, inputs: Floats) -> list[Floats]:
        total = np.zeros(len(inputs))
        parts = []
        for first, last in itertools.pairwise((0, *self.rounds)):
            total = total + sum(bag(inputs, last, first) for bag in self.bags) / len(self.bags)
            parts.append(total)
        return parts


def _grown(start: Shape, lowered: Lowered) -> Shape:
    """``start`` plus what was learned on top of it, as tables."""
    base, mains, tables = lowered
    left = tuple(
        old + (new if len(new) == len(old) else new[grid.to_coarse])
        for old, new, grid in zip(start.left, mains, start.grids, strict=True)
    )
    return replace(start, intercept=start.intercept + base, left=left, pairs=tables)


def strongest(
    sheet: Sheet, start: Floats, pairs: Sequence[Pair], most: int, *, monotone: bool, seed: int
) -> list[Pair]:
    """The ``most`` pairs whose purified tables move people most after a short first fit.

    Where there are more than 150, those of the columns that move people most alone are tried.
    """
    if len(pairs) <= most:
        return list(pairs)
    made = tree_inputs(sheet, coarse=True, monotone=monotone, seed=seed)
    pairs = _of_strong_columns(sheet, start, pairs, made, seed)
    allowed = _inputs_of(made.owners, pairs)
    first = Pairs(rounds=100, rate=0.1)
    predict = _lightgbm(first, made.rows, sheet, start, allowed, made.monotone, seed)
    _, _, tables = lower(predict, made.design, pairs)

    def spread(pair: Pair) -> float:
        joint = joint_weight(sheet, *pair)
        inner, _, _ = purify(tables[pair], joint)
        return float((inner**2 * joint).sum())

    return sorted(sorted(tables, key=lambda pair: (-spread(pair), pair))[:most])


def _of_strong_columns(
    sheet: Sheet, start: Floats, pairs: Sequence[Pair], made: TreeInputs, seed: int
) -> list[Pair]:
    if len(pairs) <= _MOST_TRIED:
        return list(pairs)
    allowed = _inputs_of(made.owners, [(c,) for c in range(len(sheet.grids))])
    first = Boost(rounds=80, rate=0.1)
    predict = _lightgbm(first, made.rows, sheet, start, allowed, made.monotone, seed)
    _, mains, _ = lower(predict, made.design)
    spread = [
        float(np.std(main[codes])) for main, codes in zip(mains, sheet.coarse_codes, strict=True)
    ]
    ranked = sorted(pairs, key=lambda pair: (-spread[pair[0]] - spread[pair[1]], pair))
    return sorted(ranked[:_MOST_TRIED])


def _inputs_of(owners: Sequence[int], sets: Sequence[tuple[int, ...]]) -> list[list[int]]:
    """For each set of columns, the inputs that belong to them."""
    return [[i for i, owner in enumerate(owners) if owner in wanted] for wanted in sets]


def _log_odds(sheet: Sheet) -> Floats:
    share = float(np.average(sheet.bad, weights=sheet.weight))
    return np.full(len(sheet), np.log(share / (1 - share)))


def _lightgbm(
    settings: Boost | Pairs,
    rows: Floats,
    sheet: Sheet,
    start: Floats,
    allowed: list[list[int]],
    monotone: list[int],
    seed: int,
) -> Trees:
    """LightGBM's trees on top of ``start``."""
    import lightgbm

    parameters = {
        "objective": "binary",
        "boost_from_average": False,
        "learning_rate": settings.rate,
        "num_leaves": settings.leaves,
        "min_data_in_leaf": min(settings.leaf_rows, max(1, len(sheet) // 20)),
        "min_sum_hessian_in_leaf": 1e-3,
        "lambda_l2": settings.ridge,
        "feature_fraction": settings.share,
        "bagging_fraction": settings.row_share,
        "bagging_freq": 1,
        "max_bin": 255,
        "min_data_in_bin": 1,
        "interaction_constraints": allowed,
        "monotone_constraints": monotone,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "seed": seed,
        "verbosity": -1,
        "feature_pre_filter": False,
    }
    data = lightgbm.Dataset(
        rows, label=sheet.bad, weight=sheet.weight, init_score=start, params=parameters
    )
    booster = lightgbm.train(parameters, data, num_boost_round=settings.rounds)

    def predict(inputs: Floats, rounds: int | None = None, first: int = 0) -> Floats:
        count = None if rounds is None else rounds - first
        return np.asarray(
            booster.predict(
                inputs, raw_score=True, start_iteration=first, num_iteration=count, num_threads=1
            )
        )

    return predict


def _lowered(
    sheet: Sheet, predict: Callable[[Floats], Floats], design: Design, start: float = 0.0
) -> Shape:
    base, mains, _ = lower(predict, design)
    flat = constant(sheet.grids, start + base)
    return replace(flat, left=tuple(mains))
