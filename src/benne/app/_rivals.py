"""A learner without any limit, to tell what the limits of the score cost."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from benne.models import Column

if TYPE_CHECKING:
    import pyarrow as pa

_VALIDATION_SHARE = 0.15


class Unrestricted:
    """LightGBM over the same columns: any interaction, no monotone direction.

    The number of trees is found by early stopping on a share of the people, then all rows are
    fitted.  Levels of categories are numbered in the order of their counts.
    """

    def __init__(self, columns: Sequence[Column], *, random_state: int = 0) -> None:
        self.columns, self.random_state = tuple(columns), random_state

    def fit(self, features: pa.Table, bad: Any, *, sample_weight: Any, groups: Any) -> Self:
        """Fit to ``features`` and ``bad`` (1 or 0), both with a row each."""
        from lightgbm import LGBMClassifier, early_stopping

        self._levels = {
            column.name: _levels(features, column.name)
            for column in self.columns
            if column.category
        }
        table = self._array(features)
        parameters: dict[str, Any] = {
            "learning_rate": 0.03,
            "num_leaves": 15,
            "min_child_samples": 40,
            "subsample": 0.8,
            "subsample_freq": 1,
            "colsample_bytree": 0.5,
            "reg_lambda": 5.0,
            "cat_smooth": 30.0,
            "n_jobs": 1,
            "deterministic": True,
            "force_row_wise": True,
            "random_state": self.random_state,
            "verbose": -1,
        }
        categories = [i for i, column in enumerate(self.columns) if column.category]
        rng = np.random.default_rng(self.random_state)
        aside = rng.random(int(groups.max()) + 1)[groups] < _VALIDATION_SHARE
        trees = 200
        if min(np.bincount(bad[aside], minlength=2)) >= 5:
            probe = LGBMClassifier(n_estimators=1500, **parameters)
            probe.fit(
                table[~aside], bad[~aside], sample_weight=sample_weight[~aside],
                eval_X=table[aside], eval_y=bad[aside], eval_metric="auc",
                categorical_feature=categories, callbacks=[early_stopping(50, verbose=False)],
            )  # fmt: skip
            trees = max(int(probe.best_iteration_ / (1 - _VALIDATION_SHARE)), 20)
        self._model = LGBMClassifier(n_estimators=trees, **parameters).fit(
            table, bad, sample_weight=sample_weight, categorical_feature=categories
        )
        return self

    def decision_function(self, features: pa.Table) -> NDArray[np.float64]:
        """Log-odds of bad, shape ``(n,)``."""
        margin: NDArray[np.float64] = self._model.predict(self._array(features), raw_score=True)
        return margin

    def _array(self, features: pa.Table) -> NDArray[np.float64]:
        made = np.empty((features.num_rows, len(self.columns)))
        for position, column in enumerate(self.columns):
            values = features[column.name].to_numpy(zero_copy_only=False)
            if column.category:
                known = self._levels[column.name]
                made[:, position] = [known.get(value, np.nan) for value in values]
            else:
                made[:, position] = values.astype(np.float64)
        return made


def _levels(features: pa.Table, name: str) -> dict[Any, int]:
    values, counts = np.unique(features[name].drop_null().to_numpy(), return_counts=True)
    order = np.argsort(-counts, kind="stable")[:254]
    return {values[place]: number for number, place in enumerate(order)}
