"""A score from a fitted model: the same promises hold as for one written by hand."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings, strategies as st
from test_card import Clerk
from test_reasons import by_feature

from benne.models import AdditiveModel, Artefact, Column
from benne.scores import (
    card_text,
    default_table,
    family,
    points,
    points_of_row,
    reasons,
)

SESAME = family("sesame")
COLUMNS = (
    Column("years", "identity", 1, resolution=1.0, reason_family="person"),
    Column("late_share", "history", -1, resolution=0.001, reason_family="late"),
    Column("kept_count", "fulfilment", 1, resolution=1.0, reason_family="orders"),
    Column("job", "identity", category=True, reason_family="work"),
)


def people(n: int, seed: int) -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "years": rng.integers(18, 80, n).astype(float),
            "late_share": np.where(rng.random(n) < 0.1, np.nan, rng.integers(0, 1000, n) / 1000),
            "kept_count": rng.integers(0, 12, n).astype(float),
            "job": rng.choice(["clerk", "driver", "cook"], n),
        }
    )
    odds = (
        1.5
        + 0.03 * frame["years"]
        - 4 * frame["late_share"].fillna(0.3)
        + 0.2 * frame["kept_count"]
        - 0.5 * (frame["job"] == "driver")
    )
    bad = rng.random(n) > 1 / (1 + np.exp(-odds))
    return frame, bad.astype(int)


@pytest.fixture(scope="module")
def artefact() -> Artefact:
    frame, bad = people(2_500, 0)
    return AdditiveModel(COLUMNS, n_inner_folds=2).fit(frame, bad).artefact_


def test_a_fitted_score_is_on_the_scale_that_it_says(artefact):
    frame, bad = people(40_000, 1)
    issued = points(artefact.contributions(frame), SESAME)
    total = issued.base + issued.dimensions.sum(axis=1) + issued.limit
    assert (total == issued.score).all()
    assert (issued.limit != 0).mean() < 0.005
    table = default_table(issued.score, bad, family="sesame", outcome="bad")
    for low in (570, 610, 650):
        near = (issued.score >= low - 10) & (issued.score <= low + 10)
        expected = 1 / (1 + np.exp(SESAME.scale.log_odds(low)))
        assert table.probability_of_default(low) == pytest.approx(bad[near].mean(), rel=0.25)
        assert bad[near].mean() == pytest.approx(expected, rel=0.35)


def test_adding_up_its_card_by_hand_gives_the_issued_score(artefact):
    frame, _ = people(60, 2)
    issued = points(artefact.contributions(frame), SESAME)
    clerk = Clerk(card_text(artefact, SESAME))
    for i, row in enumerate(frame.to_dict("records")):
        person = {k: None if v != v else v for k, v in row.items()}
        base, parts, score = clerk.score(person)
        assert (base, score) == (issued.base[i], issued.score[i])
        assert parts == issued.dimensions[i].tolist()


@settings(max_examples=50)
@given(
    years=st.floats(0, 120), late=st.floats(0, 1), kept=st.floats(0, 30), more=st.floats(0, 1),
    name=st.sampled_from(["years", "late_share", "kept_count"]),
)  # fmt: skip
def test_more_of_a_monotone_good_never_lowers_it(artefact, years, late, kept, more, name):
    row = {"years": years, "late_share": late, "kept_count": kept, "job": "clerk"}
    direction = next(c.direction for c in COLUMNS if c.name == name)
    better = {**row, name: row[name] + direction * more * 30}

    def score(some):
        base, parts, limit = points_of_row(artefact.score_one(some), SESAME)
        return base + sum(parts.values()) + limit

    assert score(better) >= score(row)


def test_its_reasons_name_what_is_worse_than_the_average(artefact):
    frame, _ = people(200, 4)
    told = reasons(artefact, artefact.contributions(frame), frame, SESAME)
    for row, some in zip(frame.to_dict("records"), told, strict=True):
        short = by_feature(row, card=artefact)
        assert all(short[reason.feature] > 0 for reason in some)
    assert any(told)
