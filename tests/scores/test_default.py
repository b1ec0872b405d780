"""The probability of default: falling with the score, and stored as data."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, strategies as st

from benne.kernel import Corrupt, InvalidInput
from benne.scores import DefaultTable, default_table

people = st.lists(st.tuples(st.integers(350, 950), st.booleans()), min_size=1, max_size=200)


@given(people)
def test_a_higher_score_never_has_a_higher_probability(some):
    scores = np.array([s for s, _ in some])
    table = default_table(
        scores, np.array([b for _, b in some]), family="sesame", outcome="90 days"
    )
    every = np.arange(300, 1001)
    found = table.probabilities_of_default(every)
    assert (np.diff(found) <= 0).all()
    assert ((found > 0) & (found < 1)).all()
    assert found.tolist() == [table.probability_of_default(int(s)) for s in every]


def test_it_recovers_the_odds_that_made_the_people():
    rng = np.random.default_rng(0)
    scores = rng.integers(400, 900, 200_000)
    truth = 1 / (1 + 30 * 2 ** ((scores - 650) / 40))
    table = default_table(scores, rng.random(len(scores)) < truth, family="sesame", outcome="x")
    for score in (450, 550, 650, 750):
        expected = 1 / (1 + 30 * 2 ** ((score - 650) / 40))
        assert table.probability_of_default(score) == pytest.approx(expected, rel=0.15)


def test_weights_count_as_people():
    scores, bad = np.array([500, 500, 700]), np.array([1, 0, 0])
    heavy = default_table(scores, bad, family="f", outcome="o", weights=np.array([3.0, 1.0, 2.0]))
    plain = default_table(np.array([500] * 4 + [700] * 2), np.array([1, 1, 1, 0, 0, 0]),
                          family="f", outcome="o")  # fmt: skip
    assert heavy == plain


def test_it_reads_back_as_it_was_written():
    table = DefaultTable("sesame", "bad", (350, 600, 700), (0.5, 0.1, 0.01))
    assert DefaultTable.from_json(table.to_json()) == table
    document = json.loads(table.to_json())
    with pytest.raises(InvalidInput, match="schema 1"):
        DefaultTable.from_json(json.dumps({**document, "schema": 2}))
    with pytest.raises(InvalidInput, match="colour"):
        DefaultTable.from_json(json.dumps({**document, "colour": 2}))
    with pytest.raises(Corrupt):
        DefaultTable.from_json(table.to_json()[:-3])


def test_it_refuses_nonsense():
    with pytest.raises(InvalidInput, match="row 1 is 2"):
        default_table(np.array([1, 2]), np.array([0, 2]), family="f", outcome="o")
    with pytest.raises(InvalidInput, match="0 scores"):
        default_table(np.array([]), np.array([]), family="f", outcome="o")
    for scores, chances in [((2, 1), (0.2, 0.1)), ((1, 2), (0.1, 0.2)), ((1,), (0.0,)), ((), ())]:
        with pytest.raises(InvalidInput):
            DefaultTable("f", "o", scores, chances)
