"""One cell of the table: choose settings inside the training fold, fit, look at the test fold."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks.quality._folds import FOLDS, inner_split, outer_fold
from benchmarks.quality._measures import measures
from benchmarks.quality._results import Key, Row
from benchmarks.quality._rivals import MORE_TREES, Fold, Method, Settings
from benchmarks.quality._sets import Set

MANY_ROWS = 30_000


@dataclass(frozen=True)
class Cell:
    """One fold of one repeat, and the version of what is measured there."""

    repeat: int
    fold: int
    version: str


def version_of(data: Set, method: Method) -> str:
    """A hash that changes when the set or the method does."""
    return sha256(f"{data.version} {method.version}".encode()).hexdigest()[:12]


def cells(data: Set, method: Method, repeat: int, standing: Mapping[Key, Row]) -> Iterator[Cell]:
    """The folds of ``repeat`` that no row of this version stands for."""
    version = version_of(data, method)
    for fold in range(FOLDS):
        row = standing.get((data.name, method.name, repeat, fold))
        if row is None or row["version"] != version:
            yield Cell(repeat, fold, version)


def measure(data: Set, method: Method, cell: Cell) -> dict[str, object]:
    """The row of results of one cell; seconds are of one processor, not of the clock."""
    fold = outer_fold(data.bad, data.group, cell.repeat)
    train, test = np.flatnonzero(fold != cell.fold), np.flatnonzero(fold == cell.fold)
    given = Fold(
        data.rows.iloc[train], data.bad[train], data.group[train], data.columns,
        seed=10 * cell.repeat + cell.fold,
    )  # fmt: skip
    with threadpool_limits(limits=1):
        chosen_from = tried(data, method)
        settings, trees = choose(given, method, chosen_from)
        begun = time.process_time()
        fitted = method.fit(replace(given, trees=trees), settings)
        fit_seconds = time.process_time() - begun
        rows = data.rows.iloc[test]
        begun = time.process_time()
        probability = fitted.probability(rows)
        score_seconds = time.process_time() - begun
    seen = measures(data.bad[test], probability)
    told: dict[str, Any] = dict(settings)
    if trees is not None:
        told["trees"] = trees
    if hasattr(fitted, "chosen"):
        told["chosen"] = fitted.chosen()
    auc_score = seen["auc"]
    if hasattr(fitted, "score"):
        auc_score = float(roc_auc_score(data.bad[test], -fitted.score(rows)))
    return {
        "set": data.name,
        "method": method.name,
        "repeat": cell.repeat,
        "fold": cell.fold,
        "n_train": len(train),
        "n_test": len(test),
        "auc": seen["auc"],
        "auc_score": auc_score,
        "ks": seen["ks"],
        "brier": seen["brier"],
        "calibration_error": seen["calibration_error"],
        "fit_seconds": fit_seconds,
        "score_seconds": score_seconds,
        "size_bytes": fitted.size_bytes(),
        "settings": json.dumps(told, sort_keys=True),
        "version": cell.version,
    }


def tried(data: Set, method: Method) -> tuple[Settings, ...]:
    """The settings that differ on ``data``: fewer where it is large, or has no directions."""
    if len(data.bad) > MANY_ROWS:
        return method.settings[: method.large]
    directed = any(column.direction for column in data.columns)
    return tuple(s for s in method.settings if directed or s.get("monotone", True))


def choose(given: Fold, method: Method, tried: tuple[Settings, ...]) -> tuple[Settings, int | None]:
    """The settings with the best AUC on one inner split, and the trees for the last fit."""
    if len(tried) == 1:
        return tried[0], None
    inside, aside = inner_split(given.bad, given.group, given.seed)
    watch = given.rows.iloc[aside], given.bad[aside]
    trial = Fold(
        given.rows.iloc[inside], given.bad[inside], given.group[inside], given.columns,
        seed=given.seed, watch=watch, trial=True,
    )  # fmt: skip
    best: tuple[float, Settings, int | None] | None = None
    for settings in tried:
        fitted = method.fit(trial, settings)
        auc = float(roc_auc_score(watch[1], fitted.probability(watch[0])))
        if best is None or auc > best[0]:
            best = auc, settings, fitted.trees
    assert best is not None
    return best[1], None if best[2] is None else max(1, round(best[2] * MORE_TREES))
