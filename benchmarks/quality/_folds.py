"""Who is looked at together: outer folds, the inner split, and near-duplicate rows."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

FOLDS = 3
REPEATS = 3
NEAR = 0.10
"""How far measures of near-duplicate rows may be apart, as a share of the larger."""

_EQUAL = ("REASON", "JOB", "YOJ", "DEROG", "DELINQ", "NINQ", "CLNO")
_CLOSE = ("LOAN", "MORTDUE", "VALUE", "CLAGE", "DEBTINC")


def outer_fold(bad: np.ndarray, group: np.ndarray, repeat: int) -> np.ndarray:
    """The test fold, 0 to 2, of every row: stratified, groups whole."""
    alone = len(np.unique(group)) == len(group)
    kind = StratifiedKFold if alone else StratifiedGroupKFold
    folds = kind(FOLDS, shuffle=True, random_state=repeat)
    splits = folds.split(bad, bad, None if alone else group)
    fold = np.empty(len(bad), dtype=np.int64)
    for number, (_, test) in enumerate(splits):
        fold[test] = number
    return fold


def inner_split(bad: np.ndarray, group: np.ndarray, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Positions to fit and to judge settings by, three to one, inside a training fold."""
    alone = len(np.unique(group)) == len(group)
    kind = StratifiedKFold if alone else StratifiedGroupKFold
    folds = kind(4, shuffle=True, random_state=100 + seed)
    return next(iter(folds.split(bad, bad, None if alone else group)))


def near_duplicate_pairs(rows: pd.DataFrame) -> np.ndarray:
    """Pairs of hmeq rows that are the same loan told twice, shape ``(pairs, 2)``.

    Equal, nulls too, in reason, job, years on the job, derogatory reports, delinquent lines,
    inquiries and lines; and no further apart than a tenth of the larger, nulls equal, in loan,
    mortgage, value, age of the oldest line and debt to income.  The outcome plays no part.
    """
    numbers = rows.groupby(list(_EQUAL), dropna=False, sort=False).ngroup().to_numpy()
    measures = rows[list(_CLOSE)].to_numpy(dtype=np.float64)
    pairs = []
    order = np.argsort(numbers, kind="stable")
    for block in np.split(order, np.flatnonzero(np.diff(numbers[order])) + 1):
        one, two = np.triu_indices(len(block), 1)
        left, right = measures[block[one]], measures[block[two]]
        missing = np.isnan(left), np.isnan(right)
        larger = np.maximum(np.abs(left), np.abs(right))
        close = np.abs(left - right) <= NEAR * larger
        same = np.where(missing[0] | missing[1], missing[0] & missing[1], close).all(axis=1)
        pairs.append(np.column_stack([block[one[same]], block[two[same]]]))
    return np.sort(np.concatenate(pairs), axis=1)


def near_duplicates(rows: pd.DataFrame) -> np.ndarray:
    """A group number for each row: rows linked by a chain of pairs share one."""
    pairs = near_duplicate_pairs(rows)
    links = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (len(rows),) * 2)
    return connected_components(links, directed=False)[1].astype(np.int64)
