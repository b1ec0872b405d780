"""The additive model: what a learner says is exactly what its tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from benne.models import AdditiveModel, Column


def people(n: int = 1500, seed: int = 0) -> tuple[pd.DataFrame, np.ndarray, list[Column]]:
    """A made-up table with every kind of column, and an outcome that needs them."""
    rng = np.random.default_rng(seed)
    age = rng.integers(18, 80, n).astype(float)
    late = rng.poisson(0.7, n).astype(float)
    late[rng.random(n) < 0.03] = 98.0
    debt = rng.lognormal(0, 1, n)
    debt[rng.random(n) < 0.1] = np.nan
    job = rng.choice(["clerk", "cook", "guard", "nurse"], n)
    town = rng.integers(0, 60, n).astype(str)
    odds = (
        -1.0 - 0.03 * (age - 45) + 0.8 * np.minimum(late, 4) * (late < 90) + 0.3 * np.nan_to_num(debt)
        + (job == "cook") * 0.7 + (town.astype(int) % 7 == 0) * 0.8
        + 0.6 * ((late > 1) & (late < 90) & (np.nan_to_num(debt) > 1))
    )  # fmt: skip
    bad = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(int)
    frame = pd.DataFrame({"age": age, "late": late, "debt": debt, "job": job, "town": town})
    columns = [
        Column("age", "identity", 1, resolution=1.0),
        Column("late", "history", -1, resolution=1.0, specials=(98.0,)),
        Column("debt", "history", -1, resolution=0.01),
        Column("job", "identity", category=True),
        Column("town", "behaviour", category=True),
    ]
    return frame, bad, columns


@pytest.mark.parametrize("learner", ["spline", "steps", "boost"])
def test_a_model_is_its_artefact_and_its_parts_add_up(learner):
    frame, bad, columns = people()
    model = AdditiveModel(columns, learner=learner, n_inner_folds=2).fit(frame, bad)
    parts = model.contributions(frame)
    assert np.allclose(model.decision_function(frame), -parts.total_micro / 1e6)
    assert (parts.term_micro.sum(1) == parts.domain_micro.sum(1)).all()
    assert not parts.domain_micro[:, [2, 4]].any()
