"""What a stranger with a data frame tries: a clear error, or the right result."""

from __future__ import annotations

from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pytest

from benne.kernel import InvalidInput
from benne.models import AdditiveModel, Bins, Column, PointsCard

ROWS = 300


def table() -> tuple[pd.DataFrame, np.ndarray]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(
        {
            "debt": rng.normal(size=ROWS),
            "loans": rng.integers(0, 9, ROWS).astype(float),
            "town": rng.choice(list("xyz"), ROWS),
        }
    )
    bad = rng.random(ROWS) < 1 / (1 + np.exp(1 - frame["debt"]))
    return frame, bad.to_numpy().astype(int)


FRAME, BAD = table()
KNOWN = PointsCard().fit(FRAME, BAD).decision_function(FRAME)


def odd(values: object, row: int = 7) -> np.ndarray:
    """Ones, and ``values`` in one row."""
    made = np.ones(ROWS, dtype=object)
    made[row] = values
    return made


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"y": np.zeros(ROWS)}, "it holds one class, 0.0"),
        ({"y": np.where(np.arange(ROWS) == 7, np.nan, BAD)}, "NaN, or nothing, in 1 rows.*row 7"),
        ({"y": [None, *BAD[1:]]}, "the first of them row 0"),
        ({"y": BAD[:9]}, "inconsistent numbers of samples"),
        ({"y": np.arange(ROWS) % 3}, "Only binary"),
        ({"sample_weight": odd(np.nan).astype(float)}, "sample_weight contains NaN"),
        ({"sample_weight": odd(np.inf).astype(float)}, "sample_weight contains infinity"),
        ({"sample_weight": odd(-1.0).astype(float)}, "must be 0 or more"),
        ({"groups": [None, *map(str, range(ROWS - 1))]}, "row 0 names none"),
        ({"groups": odd("one")}, "of one type; got int, str"),
        ({"X": FRAME.assign(seen=pd.date_range("2020-01-01", periods=ROWS))}, "number of days"),
        ({"X": FRAME.assign(town=[[1]] * ROWS)}, "single values; row 0"),
        ({"X": pd.concat([FRAME, FRAME[["debt"]]], axis=1)}, "debt came twice"),
        ({"X": pl.from_pandas(FRAME).lazy()}, r"collect\(\) it first"),
        ({"X": {"debt": [1, 2, 3], "loans": [1]}}, "all alike"),
        ({"X": FRAME[:0], "y": BAD[:0]}, "at least one row"),
    ],
)
def test_what_cannot_be_learned_from_is_refused_in_words(given, words):
    asked = {"X": FRAME, "y": BAD, **given}
    with pytest.raises(ValueError, match=words):
        PointsCard().fit(**asked)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"columns": ["debt"]}, "write Column"),
        ({"columns": "debt"}, "sequence of Column"),
        ({"columns": [Column("colour")]}, "must have the columns colour; it has debt"),
        ({"columns": [Column("town")]}, "category=True"),
        ({"random_state": -1}, "random_state must be a whole number of 0 or more"),
        ({"random_state": np.random.RandomState(0)}, "random_state must be a whole number"),
        ({"n_threads": 0}, "n_threads must be"),
        ({"n_inner_folds": 2.5}, "n_inner_folds must be"),
        ({"withheld": "history"}, r"write \[\{'history'\}\]"),
    ],
)
def test_parameters_that_mean_nothing_are_refused_in_words(parameters, words):
    for kind in (AdditiveModel, PointsCard):
        with pytest.raises(InvalidInput, match=words):
            kind(**parameters).fit(FRAME, BAD)


def test_bins_without_a_range_are_refused():
    for name in ("fine", "coarse", "knots", "levels", "level_rows"):
        with pytest.raises(InvalidInput, match=f"{name} of Bins must be a whole number"):
            Bins(**{name: 0})


@pytest.mark.parametrize(
    "more",
    [
        {"nothing": np.full(ROWS, np.nan)},
        {"nothing": np.full(ROWS, None)},
        {"nothing": np.full(ROWS, 3.0)},
        {"nothing": np.full(ROWS, "same")},
        {"nothing": [f"only {row}" for row in range(ROWS)]},
    ],
)
def test_a_column_that_tells_nothing_changes_no_score(more):
    frame = FRAME.assign(**more)
    found = PointsCard().fit(frame, BAD).decision_function(frame)
    assert found == pytest.approx(KNOWN, abs=1e-3)


def test_order_and_strangers_among_columns_change_no_score():
    model = PointsCard().fit(FRAME, BAD)
    assert (model.decision_function(FRAME[["town", "loans", "debt"]]) == KNOWN).all()
    assert (model.decision_function(FRAME.assign(stranger=1)) == KNOWN).all()


@pytest.mark.parametrize(
    "bad", [BAD.astype(bool), np.where(BAD == 1, "x bad", "good"), pd.Series(BAD, dtype="Int64")]
)
def test_outcomes_of_any_type_give_the_same_card(bad):
    assert (PointsCard().fit(FRAME, bad).decision_function(FRAME) == KNOWN).all()


def test_numbers_of_any_type_give_the_same_card():
    for kind in ("Float64", "float32", "Int8"):
        frame = FRAME.assign(loans=FRAME["loans"].astype(kind))
        assert (PointsCard().fit(frame, BAD).decision_function(FRAME) == KNOWN).all()
    told = [Column("debt"), Column("loans"), Column("town", category=True)]
    frame = FRAME.assign(loans=[Decimal(int(v)) for v in FRAME["loans"]])
    assert (PointsCard(told).fit(frame, BAD).decision_function(FRAME) == KNOWN).all()


@pytest.mark.parametrize("scale", [1e300, 1e-300, 1e-310])
def test_numbers_of_any_size_are_learned_from(scale):
    frame = FRAME.assign(debt=FRAME["debt"] * scale)
    model = AdditiveModel(learner="spline", n_inner_folds=2).fit(frame, BAD)
    assert np.isfinite(model.decision_function(frame)).all()


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_weights_of_any_size_give_the_same_card(scale):
    model = PointsCard().fit(FRAME, BAD, sample_weight=np.full(ROWS, scale))
    assert (model.decision_function(FRAME) == KNOWN).all()


@pytest.mark.parametrize("rows", [2, 10, 50])
def test_few_rows_give_a_card_of_few_claims(rows):
    bad = np.arange(rows) % 2
    chance = AdditiveModel(n_inner_folds=2).fit(FRAME[:rows], bad).predict_proba(FRAME)
    assert np.isfinite(chance).all()


def test_columns_may_be_many_more_than_a_person_reads():
    rng = np.random.default_rng(1)
    wide = pd.DataFrame(rng.normal(size=(ROWS, 300)), columns=[f"c{i}" for i in range(300)])
    wide["debt"] = FRAME["debt"]
    model = PointsCard(n_inner_folds=2).fit(wide, BAD)
    assert np.corrcoef(model.decision_function(wide), FRAME["debt"])[0, 1] > 0.2
