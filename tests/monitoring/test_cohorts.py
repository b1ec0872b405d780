"""Vintages, vintage curves and roll rates, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benne.kernel import MICROS_PER_DAY, parse_instant
from benne.monitoring import roll_rates, vintage_curves, vintages, whyless

START = parse_instant("2024-01-01T00:00:00Z")
DAY = MICROS_PER_DAY


def test_vintages_count_every_outcome() -> None:
    as_of = START + np.array([0, 1, 2, 40, 41, 75]) * DAY
    rows = vintages([1, 0, np.nan, 0, 0, np.nan], as_of)["rows"]
    assert [r["cohort"] for r in rows] == ["2024-01", "2024-02", "2024-03"]
    assert [(r["bads"], r["goods"], r["unknown"]) for r in rows] == [
        (1, 1, 1),
        (0, 2, 0),
        (0, 0, 1),
    ]
    assert rows[0]["bad_rate"] == 0.5
    assert rows[2]["bad_rate"] is None and rows[2]["bad_rate_why"]


def test_a_curve_ends_where_its_youngest_has_not_been_watched() -> None:
    as_of = START + np.array([0, 20, 40, 60]) * DAY
    bad_at = np.array([START + 10 * DAY, START + 200 * DAY, 0, 0])
    curves = vintage_curves(as_of, bad_at, observed_until=START + 150 * DAY)["curves"]
    by_name = {c["cohort"]: c["cumulative"] for c in curves}
    assert by_name["2024-01"] == [0.5] * 4
    assert by_name["2024-02"] == [0.0] * 3
    assert by_name["2024-03"] == [0.0] * 3


def test_a_cohort_watched_for_days_only_has_no_curve() -> None:
    curves = vintage_curves([START], [0], observed_until=START + 5 * DAY)["curves"]
    assert curves[0]["cumulative"] is None and curves[0]["cumulative_why"]


def test_roll_rates_by_hand() -> None:
    found = roll_rates(
        entity=["a", "a", "a", "b", "b", "c"],
        period=[1, 2, 3, 1, 3, 1],
        state=["current", "late", "late", "current", "late", "current"],
        states=("current", "late", "lost"),
    )
    assert found["states"] == ["current", "late"]
    assert found["counts"] == [[0, 1], [0, 1]]
    assert found["rows"][0]["to"] == [0.0, 1.0]


def test_roll_rates_do_not_mind_the_order_of_rows() -> None:
    rng = np.random.default_rng(0)
    entity, period = np.repeat(np.arange(20), 6), np.tile(np.arange(6), 20)
    state = rng.choice(["a", "b"], 120)
    mixed = rng.permutation(120)
    assert roll_rates(entity, period, state) == roll_rates(
        entity[mixed], period[mixed], state[mixed]
    )


def test_a_state_that_no_one_leaves_says_so() -> None:
    found = roll_rates(["a", "a"], [1, 2], ["x", "y"])
    assert found["rows"][1]["to"] is None and found["rows"][1]["to_why"]


@pytest.mark.parametrize("n", [0, 1])
def test_too_little_says_why(n: int) -> None:
    none: list[int] = []
    assert whyless(vintages(none, none)) == []
    assert whyless(vintage_curves(none, none, observed_until=START)) == []
    assert whyless(roll_rates(["a"] * n, [1] * n, ["x"] * n)) == []
