"""What it costs to be strict, additive and monotone, in out-of-fold AUC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from benne.models._additive import AdditiveModel
from benne.models._columns import Column
from benne.models._folds import fold_of, possible_folds
from benne.models._inputs import check_training
from benne.models._sheet import Bins, Sheet, make_grids, make_sheet
from benne.models._tables import Floats, Ints


@dataclass(frozen=True, slots=True)
class Prices:
    """Differences in out-of-fold AUC on the same folds; positive where the duty costs.

    ``strictness`` is paired minus strict, ``additivity`` unrestricted trees minus strict and
    ``monotonicity`` strict without directions minus strict.  The four AUCs stand beside them.
    """

    strictness: float
    additivity: float
    monotonicity: float
    strict_auc: float
    paired_auc: float
    free_auc: float
    undirected_auc: float


def prices(
    X: Any,
    y: Any,
    columns: Sequence[Column],
    *,
    sample_weight: Any = None,
    groups: Any = None,
    model: AdditiveModel | None = None,
    n_folds: int = 3,
) -> Prices:
    """The three prices of ``model`` (by default a plain ``AdditiveModel``) on these rows.

    Each variant is fitted ``n_folds`` times without the rows that it is judged on; inner
    choices stay inside.

    Raises:
        InvalidInput: rows that ``AdditiveModel.fit`` would refuse.
    """
    plain = clone(model) if model is not None else AdditiveModel()
    plain.set_params(columns=tuple(columns), form="strict", withheld=())
    told = check_training(clone(plain), X, y, sample_weight, groups, tuple(columns))
    # the grid is only used to cut folds and to feed the unrestricted trees
    grids = make_grids(told.raw, told.columns, told.weight, Bins())
    sheet = make_sheet(told.raw, grids, told.bad, told.weight, told.groups)
    folds = fold_of(sheet, max(2, possible_folds(sheet, n_folds)), seed=plain.random_state or 0)
    directed = any(column.direction for column in columns)

    def auc(**parameters: Any) -> float:
        return _auc(sheet, _margins(clone(plain).set_params(**parameters), told.raw, sheet, folds))

    strict = auc()
    paired = auc(form="paired") if len({c.domain for c in columns}) > 1 else strict
    undirected = auc(monotone=False) if directed and plain.monotone else strict
    free = _auc(sheet, _free_margins(sheet, folds, seed=plain.random_state or 0))
    return Prices(
        strictness=paired - strict,
        additivity=free - strict,
        monotonicity=undirected - strict,
        strict_auc=strict,
        paired_auc=paired,
        free_auc=free,
        undirected_auc=undirected,
    )


def unrestricted(
    X: Any,
    y: Any,
    columns: Sequence[Column],
    folds: Ints,
    *,
    sample_weight: Any = None,
    random_state: int = 0,
) -> Floats:
    """Log-odds of bad, shape ``(n,)``, by LightGBM without any limit on interactions or direction.

    Row ``i`` is judged by trees grown on the other ``folds`` (shape ``(n,)``, numbered from 0);
    leaves and rounds are chosen inside each fold.  A row of fold -1 is learned from and not
    judged: NaN.

    Raises:
        InvalidInput: rows that ``AdditiveModel.fit`` would refuse.
    """
    told = check_training(AdditiveModel(), X, y, sample_weight, None, tuple(columns))
    grids = make_grids(told.raw, told.columns, told.weight, Bins())
    sheet = make_sheet(told.raw, grids, told.bad, told.weight, told.groups)
    return _free_margins(sheet, folds, seed=random_state)


def _auc(sheet: Sheet, margin: Floats) -> float:
    return float(roc_auc_score(sheet.bad, margin, sample_weight=sheet.weight))


def _margins(model: AdditiveModel, raw: Any, sheet: Sheet, folds: Ints) -> Floats:
    margin = np.empty(len(sheet))
    for fold in range(int(folds.max()) + 1):
        inside, outside = folds != fold, folds == fold
        fitted = clone(model).fit(
            {name: values[inside] for name, values in raw.items()},
            sheet.bad[inside].astype(int),
            sample_weight=sheet.weight[inside],
            groups=sheet.groups[inside],
        )
        outer = {name: values[outside] for name, values in raw.items()}
        margin[outside] = fitted.decision_function(outer)
    return margin


_TRIED = ({"num_leaves": 4}, {"num_leaves": 8}, {"num_leaves": 24})


def _free_margins(sheet: Sheet, folds: Ints, *, seed: int) -> Floats:
    """LightGBM without restrictions; its leaves and rounds are chosen inside each fold."""
    margin = np.full(len(sheet), np.nan)
    with threadpool_limits(limits=1):
        for fold in range(int(folds.max()) + 1):
            inside, outside = sheet.take(folds != fold), sheet.take(folds == fold)
            margin[folds == fold] = _free_fit(inside, outside, seed)
    return margin


def _free_fit(inside: Sheet, outside: Sheet, seed: int) -> Floats:
    inner = fold_of(inside, 4, seed=seed) == 0
    learn, judge = inside.take(~inner), inside.take(inner)
    best = (np.inf, 0, 100)
    for number, settings in enumerate(_TRIED):
        grown = _trees(learn, settings, 600, seed)
        for rounds in (100, 200, 400, 600):
            raw = grown.predict(_plain(judge), raw_score=True, num_iteration=rounds)
            loss = float(np.average(np.logaddexp(0, raw) - judge.bad * raw, weights=judge.weight))
            best = min(best, (loss, number, rounds))
    _, number, rounds = best
    final = _trees(inside, _TRIED[number], rounds, seed)
    return np.asarray(final.predict(_plain(outside), raw_score=True))


def _plain(sheet: Sheet) -> Floats:
    """Numbers as they are, NaN where missing; categories by their bin."""
    return np.column_stack(
        [
            codes if grid.column.category else np.where(codes == grid.axis.missing, np.nan, values)
            for grid, codes, values in zip(sheet.grids, sheet.codes, sheet.values, strict=True)
        ]
    ).astype(np.float64)


def _trees(sheet: Sheet, settings: dict[str, int], rounds: int, seed: int) -> Any:
    import lightgbm

    categories = [i for i, grid in enumerate(sheet.grids) if grid.column.category]
    parameters = {
        "objective": "binary", "learning_rate": 0.03, "lambda_l2": 10.0,
        "min_data_in_leaf": min(50, max(5, len(sheet) // 40)), "feature_fraction": 0.7,
        "bagging_fraction": 0.7, "bagging_freq": 1, "deterministic": True,
        "force_row_wise": True, "num_threads": 1, "seed": seed, "verbosity": -1, **settings,
    }  # fmt: skip
    data = lightgbm.Dataset(_plain(sheet), label=sheet.bad, weight=sheet.weight,
                            categorical_feature=categories)  # fmt: skip
    return lightgbm.train(parameters, data, num_boost_round=rounds)
