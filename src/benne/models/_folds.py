"""Folds that part no person and keep the share of bad alike."""

from __future__ import annotations

import numpy as np

from benne.models._sheet import Sheet
from benne.models._tables import Ints


def fold_of(sheet: Sheet, folds: int, *, seed: int) -> Ints:
    """The fold of each row, shape ``(n,)``: groups whole, stratified by whether any is bad.

    Deterministic in ``seed`` and in the order of the rows.
    """
    _, group = np.unique(sheet.groups, return_inverse=True)
    size = int(group.max()) + 1
    bad = np.bincount(group, weights=sheet.bad, minlength=size) > 0
    rng = np.random.default_rng(seed)
    of_group = np.empty(size, dtype=np.int64)
    for part in (bad, ~bad):
        members = np.flatnonzero(part)
        of_group[rng.permutation(members)] = np.arange(len(members)) % folds
    chosen: Ints = of_group[group]
    return chosen


def possible_folds(sheet: Sheet, wanted: int) -> int:
    """``wanted`` folds, or as many as there are groups with a bad and groups without one."""
    _, group = np.unique(sheet.groups, return_inverse=True)
    bad = np.bincount(group, weights=sheet.bad) > 0
    return int(min(wanted, bad.sum(), (~bad).sum()))
