"""Groups held apart, thickness of evidence, bands, swaps and table plots."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from benne.kernel import InvalidInput
from benne.monitoring import (
    FeatureTable,
    band_of,
    coverage,
    distribution,
    fairness,
    swap,
    table_plot,
    tradeoff,
    whyless,
)

NAN = np.nan


def test_the_ratio_is_to_the_group_admitted_most() -> None:
    group = np.repeat(["a", "b", "tiny"], [200, 200, 10])
    score = np.concatenate(
        [np.repeat([700, 500], [150, 50]), np.repeat([700, 500], [75, 125]), [900] * 10]
    )
    y = np.tile([0.0, 1.0], 205)
    found = fairness(y, score, group, cutoff=600, pd=np.full(410, 0.5))
    rows = {row["group"]: row for row in found["groups"]}
    assert found["reference"] == "a", "a small group is never the reference"
    assert rows["b"]["ratio"] == pytest.approx(0.375 / 0.75) and rows["b"]["adverse"]
    spread = np.sqrt((1 - 0.375) / (0.375 * 200) + (1 - 0.75) / (0.75 * 200))
    assert rows["b"]["ratio_low"] == pytest.approx(0.5 * np.exp(-1.959964 * spread))
    assert rows["tiny"]["small"] and rows["tiny"]["few_outcomes"]
    assert rows["a"]["expected"] == 0.5 and rows["a"]["seen"] == 0.5
    assert whyless(found) == []


def test_a_group_whose_risk_is_understated_is_seen() -> None:
    rng = np.random.default_rng(0)
    group = np.repeat(["a", "b"], 1000)
    y = (rng.random(2000) < np.where(group == "a", 0.1, 0.2)).astype(float)
    rows = fairness(y, rng.normal(600, 50, 2000), group, cutoff=600, pd=np.full(2000, 0.1))
    p = {row["group"]: row["p_understated"] for row in rows["groups"]}
    assert p["b"] < 1e-4 and p["a"] > 0.01


def test_a_number_of_many_values_is_cut_and_stays_in_order() -> None:
    age = np.arange(400) % 60 + 18.0
    age[:3] = NAN
    found = fairness(np.tile([0.0, 1.0], 200), np.full(400, 700.0), age, cutoff=600)
    names = [row["group"] for row in found["groups"]]
    assert names[0].startswith("up to") and names[3].startswith("over") and names[4] == "(unknown)"


@pytest.mark.parametrize(
    ("y", "score", "group"),
    [([], [], []), ([1.0], [600.0], ["a"]), ([1.0, 0.0], [NAN, NAN], ["a", None]),
     ([NAN, NAN], [500.0, 500.0], ["a", "b"])],
)  # fmt: skip
def test_groups_of_too_little_say_why(y: list[float], score: list[float], group: list[str]) -> None:
    assert whyless(fairness(y, score, group, cutoff=600, pd=[0.1] * len(y))) == []


def test_coverage_counts_those_without_a_score() -> None:
    rng = np.random.default_rng(0)
    score = np.where(np.arange(400) % 4 == 0, NAN, rng.normal(600, 50, 400))
    records = np.repeat([0, 7, 150, 150], 100)
    found = coverage(np.tile([0.0, 1.0], 200), score, records)
    assert found["scored"] == 0.75
    assert [r["name"] for r in found["by_thickness"]] == [
        "0 records", "5 to 9 records", "100 or more records",
    ]  # fmt: skip
    assert [r["observations"] for r in found["by_thickness"]] == [100, 100, 200]
    assert all(r["gini"] == pytest.approx(2 * r["auc"] - 1) for r in found["by_thickness"])
    assert whyless(found) == []


def test_thickness_labels_keep_the_order_given() -> None:
    found = coverage([0, 1], [1, 2], ["thick", "thin"], order=("thin", "thick"))
    assert [r["name"] for r in found["by_thickness"]] == ["thin", "thick"]
    assert whyless(found) == []
    assert whyless(coverage([], [], [])) == []


def test_bands_begin_at_their_edges() -> None:
    assert band_of([549, 550, 699, 700, NAN], (550, 600, 650, 700)).tolist() == [0, 1, 3, 4, -1]
    with pytest.raises(InvalidInput, match="must rise"):
        band_of([1], (600, 550))


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 1.0, NAN]), st.integers(350, 950)), min_size=1, max_size=60
    )
)
@settings(max_examples=60, deadline=None)
def test_every_scored_person_is_in_one_band_and_one_cell(rows: list[tuple[float, int]]) -> None:
    y, score = [r[0] for r in rows], [r[1] for r in rows]
    found = distribution(y, score, edges=(550, 600, 650, 700))
    for split in ("bands", "cells"):
        assert sum(r["observations"] for r in found[split]) == len(rows)
        assert sum(r["share"] for r in found[split]) == pytest.approx(1)
        for r in found[split]:
            assert r["bads"] + r["goods"] + r["unknown"] == r["observations"]
    for s in score:
        assert sum(c["low"] <= s < c["high"] for c in found["cells"]) == 1
    q = found["quantiles"]
    assert q["low"] <= q["p05"] <= q["p25"] <= q["p50"] <= q["p75"] <= q["high"]
    assert whyless(found) == []
    assert whyless(tradeoff(y, score, cutoffs=(100, 600, 1000))) == []


def test_the_trade_off_by_hand() -> None:
    row = tradeoff([0, 1, 0, 1], [700, 600, 500, 400], cutoffs=(600,))["rows"][0]
    assert (row["admitted"], row["bad_rate_admitted"], row["bad_rate_refused"]) == (0.5, 0.5, 0.5)


def test_swaps_by_hand() -> None:
    y = [0, 0, 1, 1, 0, 1]
    score = [700, 650, 500, 450, 620, 400]
    other = [10, 9, 8, 2, 1, 0]
    found = swap(y, score, other, cutoff=600)
    assert found["comparator_cutoff"] == 8
    assert found["admitted"] == found["admitted_by_comparator"] == 0.5
    assert [r["observations"] for r in found["rows"]] == [2, 1, 1, 2]
    assert [r["bads"] for r in found["rows"]] == [0, 0, 1, 2]
    assert sum(r["share"] for r in found["rows"]) == pytest.approx(1)


def test_a_swap_at_a_cutoff_that_admits_no_one_admits_no_one_twice() -> None:
    found = swap([0, 1], [500, 400], [3, 2], cutoff=900)
    assert found["admitted_by_comparator"] == 0
    assert whyless(found) == []
    assert whyless(swap([], [], [], cutoff=600)) == []
    assert whyless(swap([1], [NAN], [1], cutoff=600)) == []


def plot(values: object, **more: object) -> dict[str, object]:
    made = FeatureTable(name="f", values=values, **more)  # type: ignore[arg-type]
    n = len(values)  # type: ignore[arg-type]
    return table_plot(made, np.arange(n) % 2)


def test_bins_hold_everyone_once_in_order() -> None:
    values = np.append(np.arange(100.0), [NAN, NAN, -9.0])
    found = plot(values, points=values * 0.1, specials=(-9.0,))
    rows = found["bins"]
    assert sum(r["observations"] for r in rows) == 103
    assert [r["kind"] for r in rows] == ["range"] * 10 + ["special", "missing"]
    assert rows[0]["name"] == "0 to 9" and rows[-2]["name"] == "Special -9"
    assert rows[0]["points"] == pytest.approx(0.45) and rows[0]["points_high"] == pytest.approx(0.9)
    assert rows[-1]["points"] is None and whyless(found) == []


def test_the_tables_own_edges_are_kept_and_a_value_on_an_edge_lies_above() -> None:
    rows = plot(np.array([0.5, 1.5, 1.5, 2.5, 3.5]), edges=(1.5, 3.0))["bins"]
    assert [(r["name"], r["observations"]) for r in rows] == [
        ("below 1.5", 1), ("1.5 to 3", 3), ("3 and above", 1),
    ]  # fmt: skip


def test_a_constant_feature_has_one_bin() -> None:
    assert [r["name"] for r in plot(np.full(20, 7.0))["bins"]] == ["any value"]


def test_categories_are_named_and_the_rare_ones_joined() -> None:
    values = np.array(
        [f"level {i}" for i in range(20)] * 2 + ["common"] * 30 + [None], dtype=object
    )
    rows = plot(values)["bins"]
    assert rows[0]["name"] == "common"
    assert rows[-1]["name"].endswith("rarer levels") and rows[-1]["observations"] == 18
    assert "Missing" in [r["name"] for r in rows]


def test_a_table_of_two_features_shows_the_cells() -> None:
    first, second = np.repeat([0.0, 1.0], 20), np.tile([0.0, 5.0], 20)
    found = plot(first, other=second, other_name="g", points=first * second)
    assert found["with"] == "g"
    assert sorted(r["points"] for r in found["bins"]) == [0, 0, 0, 5]
    assert sum(r["observations"] for r in found["bins"]) == 40


def test_objects_of_numbers_and_nulls_are_numbers() -> None:
    rows = plot(np.array([1, None, 2.5, 3], dtype=object))["bins"]
    assert rows[-1]["kind"] == "missing"


@pytest.mark.parametrize("values", [np.array([]), np.full(4, NAN), np.array([None, None])], ids=str)
def test_a_plot_of_nothing_says_why(values: np.ndarray) -> None:
    assert whyless(plot(values)) == []
