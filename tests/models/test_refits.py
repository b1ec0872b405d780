"""Points cards refitted on any of some columns."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import spearmanr

from benne.kernel import InvalidInput
from benne.models import Column, PointsCard, PointsRefits, unrestricted

COLUMNS = (
    Column("age", "identity", direction=1),
    Column("late", "history", direction=-1),
    Column("noise", "behaviour"),
    Column("job", "identity", category=True),
)


def people(seed: int, size: int = 700) -> tuple[dict[str, np.ndarray], np.ndarray]:
    rng = np.random.default_rng(seed)
    age, late = rng.uniform(20, 70, size), rng.poisson(1.0, size).astype(float)
    late[rng.random(size) < 0.2] = np.nan
    job = rng.choice(np.array(["clerk", "nurse", "smith"], dtype=object), size)
    risk = -1.5 - (age - 45) / 20 + 0.9 * np.nan_to_num(late) + (job == "smith")
    bad = (rng.random(size) < 1 / (1 + np.exp(-risk))).astype(int)
    return {"age": age, "late": late, "noise": rng.normal(size=size), "job": job}, bad


@pytest.mark.parametrize("kept", [("age", "late", "noise", "job"), ("late",), ("age", "job")])
def test_people_stand_in_the_order_of_a_points_card_of_those_columns(kept):
    table, bad = people(1)
    other, _ = people(2, 300)
    columns = tuple(column for column in COLUMNS if column.name in kept)
    card = PointsCard(columns, n_inner_folds=2)
    card.fit({name: table[name] for name in kept}, bad)
    expected = card.decision_function({name: other[name] for name in kept})
    found = PointsRefits(COLUMNS, table, bad, other)(kept)
    assert spearmanr(found, expected)[0] > 0.9999


def test_no_column_tells_nothing_and_a_stranger_is_refused():
    table, bad = people(1)
    refits = PointsRefits(COLUMNS, table, bad, table)
    assert (refits(()) == 0).all()
    with pytest.raises(InvalidInput, match="'height' is none"):
        refits(("age", "height"))


def test_rows_of_no_fold_are_learned_from_and_not_judged():
    table, bad = people(3)
    fold = np.where(np.arange(len(bad)) < 400, -1, 0)
    found = unrestricted(table, bad, COLUMNS, fold)
    assert np.isnan(found[fold == -1]).all() and np.isfinite(found[fold == 0]).all()
    flipped = unrestricted(table, np.where(fold == 0, 1 - bad, bad), COLUMNS, fold)
    assert (flipped[fold == 0] == found[fold == 0]).all(), "those judged teach nothing"
