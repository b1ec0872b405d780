"""The rivals: five learners, their settings, and how each is fitted.

Settings are tried on one inner split of the training fold, the first three of them where the set
has more than 30,000 rows; then one fit with the best on the whole training fold.  What stops
early stops on the inner split, and its number of trees, a tenth more, is used for that last fit.
"""

from __future__ import annotations

import inspect
import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedKFold
from sklearn.preprocessing import TargetEncoder

from benne.models import Column

MANY_LEVELS = 30
MOST_TREES = 600
PATIENCE = 30
MORE_TREES = 1.1

Settings = dict[str, Any]


class Fitted(Protocol):
    """A fitted method."""

    trees: int | None

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """The probability of bad, shape ``(n,)``."""
        ...

    def size_bytes(self) -> int:
        """What it takes to store."""
        ...


@dataclass(frozen=True)
class Fold:
    """What a fit is given: rows, outcomes, groups and the columns' meaning.

    ``watch`` are rows by which a learner may stop early; ``None`` in the last fit, where
    ``trees`` says how many instead.  ``trial`` is true while settings are tried.
    """

    rows: pd.DataFrame
    bad: np.ndarray
    group: np.ndarray
    columns: tuple[Column, ...]
    seed: int
    watch: tuple[pd.DataFrame, np.ndarray] | None = None
    trees: int | None = None
    trial: bool = False
    kept: dict[str, Any] = field(default_factory=dict)

    def once(self, key: str, make: Callable[[], Any]) -> Any:
        """What ``make`` makes, kept for other settings on the same rows."""
        if key not in self.kept:
            self.kept[key] = make()
        return self.kept[key]


@dataclass(frozen=True)
class Method:
    """A learner by name, with at most eight settings, the first ``large`` for large sets."""

    name: str
    settings: tuple[Settings, ...]
    fit: Callable[[Fold, Settings], Fitted]
    version: str
    large: int = 3


class Encoder:
    """Columns as trees like them: few levels as a category, many as their bad rate.

    The rate of a level is smoothed, and learned without the row's own fold while training
    (scikit-learn's ``TargetEncoder``).
    """

    def __init__(self, columns: Sequence[Column], *, seed: int) -> None:
        self.columns, self.seed = tuple(columns), seed

    def fit(self, rows: pd.DataFrame, bad: np.ndarray) -> pd.DataFrame:
        """Learn the levels and return the training rows encoded."""
        names = [column.name for column in self.columns if column.category]
        count = {name: rows[name].nunique() for name in names}
        self.few = {
            name: sorted(rows[name].dropna().unique())
            for name in names
            if count[name] <= MANY_LEVELS
        }
        self.many = [name for name in names if count[name] > MANY_LEVELS]
        made = self._plain(rows)
        if self.many:
            folds = StratifiedKFold(5, shuffle=True, random_state=self.seed)
            self.encoder = TargetEncoder(target_type="binary", cv=folds)
            made[self.many] = self.encoder.fit_transform(self._text(rows), bad)
        return made

    def transform(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Other rows encoded; a level not seen before is missing, or the mean rate."""
        made = self._plain(rows)
        if self.many:
            made[self.many] = self.encoder.transform(self._text(rows))
        return made

    def _plain(self, rows: pd.DataFrame) -> pd.DataFrame:
        made = {}
        for column in self.columns:
            values = rows[column.name]
            if column.name in self.few:
                known = self.few[column.name]
                made[column.name] = pd.Categorical(values.where(values.isin(known)), known)
            elif column.category:
                made[column.name] = np.zeros(len(rows))
            else:
                made[column.name] = values.to_numpy()
        return pd.DataFrame(made)

    def _text(self, rows: pd.DataFrame) -> np.ndarray:
        return rows[self.many].fillna("").to_numpy(dtype=object)


@dataclass
class Encoded:
    """A model over encoded rows."""

    model: Any
    encoder: Encoder
    size: Callable[[], int]
    trees: int | None = None
    text: bool = field(default=False)

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """The probability of bad."""
        made = self.encoder.transform(rows)
        return np.asarray(self.model.predict_proba(as_text(made) if self.text else made))[:, 1]

    def size_bytes(self) -> int:
        """Bytes of the model's own text or binary form."""
        return self.size()


def as_text(rows: pd.DataFrame) -> pd.DataFrame:
    """Categories as plain text, missing ones as a level."""
    made = rows.copy()
    for name in made.columns[made.dtypes == "category"]:
        made[name] = made[name].astype(object).where(made[name].notna(), "(none)").astype(str)
    return made


def encoded(fold: Fold, *, text: bool = False) -> tuple[Encoder, pd.DataFrame]:
    """The fold's encoder and its encoded rows, with categories as text if asked."""

    def make() -> tuple[Encoder, pd.DataFrame]:
        encoder = Encoder(fold.columns, seed=fold.seed)
        return encoder, encoder.fit(fold.rows, fold.bad)

    encoder, rows = fold.once("encoded", make)
    return encoder, as_text(rows) if text else rows


def lightgbm(fold: Fold, settings: Settings) -> Fitted:
    """LightGBM, deterministic, on one thread."""
    from lightgbm import LGBMClassifier, early_stopping

    encoder, rows = encoded(fold)
    model = LGBMClassifier(
        n_estimators=fold.trees or MOST_TREES, subsample=0.8, subsample_freq=1, n_jobs=1,
        deterministic=True, force_row_wise=True, random_state=fold.seed, verbose=-1,
        **{"max_bin": 127, **settings},
    )  # fmt: skip
    watched: dict[str, Any] = {}
    if fold.watch is not None:
        watched = {
            "eval_X": (encoder.transform(fold.watch[0]),),
            "eval_y": (fold.watch[1],),
            "callbacks": [early_stopping(PATIENCE, verbose=False)],
        }
    model.fit(rows, fold.bad, **watched)
    trees = model.best_iteration_ if fold.watch is not None else fold.trees
    return Encoded(model, encoder, lambda: len(model.booster_.model_to_string()), trees)


def xgboost(fold: Fold, settings: Settings) -> Fitted:
    """XGBoost by histograms, on one thread."""
    from xgboost import XGBClassifier

    encoder, rows = encoded(fold)
    model = XGBClassifier(
        n_estimators=fold.trees or MOST_TREES, tree_method="hist", max_bin=128, n_jobs=1,
        enable_categorical=True, subsample=0.8, eval_metric="logloss", random_state=fold.seed,
        early_stopping_rounds=PATIENCE if fold.watch is not None else None, **settings,
    )  # fmt: skip
    watched: dict[str, Any] = {}
    if fold.watch is not None:
        watched = {"eval_set": [(encoder.transform(fold.watch[0]), fold.watch[1])]}
    model.fit(rows, fold.bad, verbose=False, **watched)
    trees = model.best_iteration + 1 if fold.watch is not None else fold.trees
    return Encoded(model, encoder, lambda: len(model.get_booster().save_raw("ubj")), trees)


@dataclass
class Cat:
    """CatBoost, which takes text itself."""

    model: Any
    names: list[str]
    trees: int | None

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """The probability of bad."""
        return np.asarray(self.model.predict_proba(filled(rows, self.names), thread_count=1))[:, 1]

    def size_bytes(self) -> int:
        """Bytes of its own binary form."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "model.cbm"
            self.model.save_model(str(path))
            return path.stat().st_size


def filled(rows: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """Missing levels of the columns ``names`` as a level of their own."""
    made = rows.copy()
    for name in names:
        made[name] = made[name].fillna("").astype(str)
    return made


def catboost(fold: Fold, settings: Settings) -> Fitted:
    """CatBoost with its own encoding of categories, plain boosting, on one thread."""
    from catboost import CatBoostClassifier

    names = [column.name for column in fold.columns if column.category]
    model = CatBoostClassifier(
        iterations=fold.trees or MOST_TREES // 2, learning_rate=settings["learning_rate"],
        boosting_type="Plain", border_count=128, thread_count=1, random_seed=fold.seed,
        allow_writing_files=False, verbose=False, cat_features=names,
        one_hot_max_size=10, max_ctr_complexity=1, depth=settings["depth"],
        l2_leaf_reg=settings["l2_leaf_reg"], rsm=settings["rsm"],
    )  # fmt: skip
    watched: dict[str, Any] = {}
    if fold.watch is not None:
        watched = {
            "eval_set": (filled(fold.watch[0], names), fold.watch[1]),
            "early_stopping_rounds": PATIENCE,
        }
    model.fit(filled(fold.rows, names), fold.bad, **watched)
    trees = model.tree_count_ if fold.watch is not None else fold.trees
    return Cat(model, names, max(trees or 1, 1))


def ebm(fold: Fold, settings: Settings) -> Fitted:
    """interpret's EBM: one bag while settings are tried, six in the last fit."""
    from interpret.glassbox import ExplainableBoostingClassifier

    encoder, rows = encoded(fold, text=True)
    types = ["nominal" if name in encoder.few else "continuous" for name in rows.columns]
    model = ExplainableBoostingClassifier(
        feature_types=types, outer_bags=1 if fold.trial else 6, max_bins=256,
        max_interaction_bins=32, early_stopping_rounds=50, n_jobs=1,
        random_state=fold.seed, **settings,
    )  # fmt: skip
    model.fit(rows, fold.bad)
    return Encoded(model, encoder, lambda: len(json.dumps(model.to_jsonable())), text=True)


@dataclass
class Evidence:
    """Logistic regression on weights of evidence."""

    bins: Any
    model: LogisticRegression
    encoder: Encoder
    trees: int | None = None

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """The probability of bad."""
        made = as_text(self.encoder.transform(rows))
        return self.model.predict_proba(_woe(self.bins, made))[:, 1]

    def size_bytes(self) -> int:
        """Bytes of the splits, their weights and the factors as JSON."""
        tables = []
        for name in self.bins.variable_names:
            binned = self.bins.get_binned_variable(name)
            table = binned.binning_table.build(add_totals=False)
            tables.append([name, table["Bin"].astype(str).tolist(), table["WoE"].tolist()])
        return len(json.dumps([tables, self.model.coef_.tolist()]))


def _woe(bins: Any, rows: pd.DataFrame) -> np.ndarray:
    woe = bins.transform(rows, metric="woe", metric_missing="empirical", metric_special="empirical")
    return np.asarray(woe, dtype=np.float64)


def optbinning_logit(fold: Fold, settings: Settings) -> Fitted:
    """optbinning's optimal bins, then a ridge logistic regression on their weights."""
    encoder, rows = encoded(fold, text=True)
    shape = {key: settings[key] for key in ("prebins", "smallest", "trend")}
    bins, woe = fold.once(repr(shape), lambda: _binned(fold, rows, list(encoder.few), shape))
    model = LogisticRegression(C=settings["C"], max_iter=1000)
    model.fit(woe, fold.bad)
    return Evidence(bins, model, encoder)


def _binned(
    fold: Fold, rows: pd.DataFrame, categories: list[str], shape: Settings
) -> tuple[Any, np.ndarray]:
    """Optimal bins of every column, and the rows' weights of evidence."""
    from optbinning import BinningProcess

    specials = {column.name: list(column.specials) for column in fold.columns if column.specials}
    options = {
        name: {"monotonic_trend": shape["trend"], "time_limit": 5, "solver": "cp"}
        | ({"special_codes": specials[name]} if name in specials else {})
        for name in rows.columns
    }
    bins = BinningProcess(
        list(rows.columns), categorical_variables=categories, max_n_prebins=shape["prebins"],
        min_prebin_size=shape["smallest"], binning_fit_params=options, n_jobs=1,
    )  # fmt: skip
    bins.fit(rows, fold.bad)
    return bins, _woe(bins, rows)


def _forest(leaves: int, smallest: int, ridge: float, share: float, rate: float) -> Settings:
    return {
        "num_leaves": leaves, "min_child_samples": smallest, "reg_lambda": ridge,
        "colsample_bytree": share, "learning_rate": rate,
    }  # fmt: skip


def _levels(depth: int, smallest: float, ridge: float, share: float, rate: float) -> Settings:
    return {
        "max_depth": depth, "min_child_weight": smallest, "reg_lambda": ridge,
        "colsample_bytree": share, "learning_rate": rate,
    }  # fmt: skip


def _oblivious(depth: int, ridge: float, share: float, rate: float) -> Settings:
    return {"depth": depth, "l2_leaf_reg": ridge, "rsm": share, "learning_rate": rate}


def _additive(pairs: int, rate: float, rounds: int, smallest: int, leaves: int) -> Settings:
    return {
        "interactions": pairs, "learning_rate": rate, "max_rounds": rounds,
        "min_samples_leaf": smallest, "max_leaves": leaves,
    }  # fmt: skip


def _bins(prebins: int, smallest: float, trend: str, ridge: float) -> Settings:
    return {"prebins": prebins, "smallest": smallest, "trend": trend, "C": ridge}


SETTINGS: dict[str, tuple[Settings, ...]] = {
    "lightgbm": (
        _forest(15, 40, 5, 0.5, 0.05), _forest(31, 100, 10, 0.7, 0.05),
        _forest(7, 40, 5, 0.5, 0.05), _forest(4, 20, 1, 0.5, 0.05),
        _forest(15, 10, 1, 0.7, 0.05), _forest(31, 10, 1, 0.7, 0.1),
        _forest(7, 100, 20, 0.3, 0.05), _forest(63, 20, 5, 0.5, 0.05),
    ),
    "xgboost": (
        _levels(4, 5, 5, 0.5, 0.05), _levels(5, 20, 10, 0.7, 0.05),
        _levels(3, 5, 5, 0.5, 0.05), _levels(2, 2, 1, 0.5, 0.05),
        _levels(4, 1, 1, 0.7, 0.05), _levels(7, 1, 1, 0.7, 0.1),
        _levels(3, 20, 20, 0.3, 0.05), _levels(6, 3, 5, 0.5, 0.05),
    ),
    "catboost": (
        _oblivious(5, 5, 0.7, 0.1), _oblivious(6, 10, 0.7, 0.1),
        _oblivious(4, 5, 0.7, 0.1), _oblivious(3, 3, 0.5, 0.1),
        _oblivious(6, 2, 1.0, 0.1), _oblivious(2, 3, 0.5, 0.1),
        _oblivious(4, 20, 0.3, 0.1), _oblivious(5, 2, 0.5, 0.05),
    ),
    "ebm": (
        _additive(5, 0.04, 3000, 4, 3), _additive(0, 0.04, 3000, 4, 3),
        _additive(10, 0.04, 3000, 20, 3), _additive(0, 0.04, 3000, 20, 2),
        _additive(5, 0.02, 3000, 10, 2), _additive(10, 0.02, 3000, 4, 2),
        _additive(0, 0.02, 1500, 10, 2), _additive(15, 0.04, 3000, 4, 3),
    ),
    "optbinning": (
        _bins(15, 0.03, "auto_asc_desc", 0.1), _bins(15, 0.03, "auto_asc_desc", 1.0),
        _bins(15, 0.03, "auto_asc_desc", 0.01), _bins(15, 0.03, "auto_asc_desc", 0.001),
        _bins(25, 0.02, "auto", 0.1), _bins(25, 0.02, "auto", 0.01),
        _bins(25, 0.02, "auto", 0.001), _bins(10, 0.06, "auto_asc_desc", 0.1),
    ),
}  # fmt: skip


FITS: dict[str, Callable[[Fold, Settings], Fitted]] = {
    "lightgbm": lightgbm,
    "xgboost": xgboost,
    "catboost": catboost,
    "ebm": ebm,
    "optbinning": optbinning_logit,
}
_MODULES = {"ebm": "interpret"}


def rivals(names: Sequence[str] = tuple(FITS)) -> tuple[Method, ...]:
    """Those of ``names``; a version covers the code of a fit, its settings and its package."""
    limits = repr((MANY_LEVELS, MOST_TREES, PATIENCE, MORE_TREES))
    shared = limits + "".join(map(inspect.getsource, (Encoder, encoded, as_text, filled, _binned)))
    made = []
    for name in names:
        fit = FITS[name]
        told = inspect.getsource(fit) + repr(SETTINGS[name]) + shared
        told += str(import_module(_MODULES.get(name, name)).__version__)
        made.append(Method(name, SETTINGS[name], fit, sha256(told.encode()).hexdigest()[:12]))
    return tuple(made)
