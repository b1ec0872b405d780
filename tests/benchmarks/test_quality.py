"""The quality benchmark's own arithmetic: folds, resuming, intervals, and that nothing leaks."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.quality import _folds, _inference, _measures, _page, _results, _run  # noqa: E402
from benchmarks.quality._benne import own  # noqa: E402
from benchmarks.quality._rivals import SETTINGS, Encoded, Encoder, Fold, Method  # noqa: E402
from benchmarks.quality._sets import SETS, Set, declared, load  # noqa: E402
from benchmarks.quality.contract import allowed, pair_gains  # noqa: E402
from benne.models import Column  # noqa: E402

PROTECTED = {
    "SEX", "MARRIAGE", "MARITAL_STATUS", "NACIONALITY", "STATE_OF_BIRTH", "CITY_OF_BIRTH",
    "personal_status_sex", "foreign_worker",
}  # fmt: skip


def row(**changed: object) -> dict[str, object]:
    told = dict.fromkeys(_results.COLUMNS, 0) | {
        "set": "german", "method": "ebm", "auc": 0.75, "settings": '{"a": 1}', "version": "v1",
        "n_train": 666, "n_test": 334,
    }  # fmt: skip
    return told | changed


def small_set(groups: int = 40, size: int = 120) -> Set:
    rng = np.random.default_rng(0)
    group = rng.integers(0, groups, size)
    bad = (rng.random(size) < 0.3).astype(np.int64)
    rows = pd.DataFrame({"a": rng.normal(size=size) + bad, "b": rng.choice(["X", "Y"], size)})
    columns = (Column("a"), Column("b", category=True))
    return Set("small", rows.astype({"b": object}), bad, group, columns)


class Told:
    """A fitted method that ranks by one column."""

    trees = 10

    def __init__(self, factor: float) -> None:
        self.factor = factor

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        return 1 / (1 + np.exp(-self.factor * rows["a"].to_numpy()))

    def size_bytes(self) -> int:
        return 8


def test_folds_keep_groups_whole_and_cover_everybody() -> None:
    data = small_set()
    fold = _folds.outer_fold(data.bad, data.group, 0)
    assert set(fold) == {0, 1, 2}
    assert pd.Series(fold).groupby(data.group).nunique().max() == 1
    assert not np.array_equal(fold, _folds.outer_fold(data.bad, data.group, 1))
    inside, aside = _folds.inner_split(data.bad, data.group, 0)
    assert not set(data.group[inside]) & set(data.group[aside])


def test_near_duplicates_are_linked_by_chains_and_nulls_are_equal() -> None:
    rows = pd.DataFrame(
        {
            **dict.fromkeys(("REASON", "JOB"), "A"),
            **dict.fromkeys(("YOJ", "DEROG", "DELINQ", "NINQ", "CLNO"), 1.0),
            "LOAN": [100.0, 109.0, 119.0, 200.0],
            **dict.fromkeys(("MORTDUE", "VALUE", "CLAGE"), 10.0),
            "DEBTINC": np.nan,
        }
    )
    assert _folds.near_duplicate_pairs(rows).tolist() == [[0, 1], [1, 2]]
    assert len(set(_folds.near_duplicates(rows))) == 2
    rows.loc[1, "DEBTINC"] = 5.0
    assert len(_folds.near_duplicate_pairs(rows)) == 0


def test_a_method_sees_no_row_of_the_test_fold_and_is_judged_inside() -> None:
    data = small_set()
    seen: list[tuple[Fold, dict[str, object]]] = []

    def fit(fold: Fold, settings: dict[str, object]) -> Told:
        seen.append((fold, settings))
        return Told(float(settings["factor"]))

    method = Method("told", ({"factor": -1.0}, {"factor": 1.0}), fit, "1")
    cell = next(_run.cells(data, method, 0, {}))
    made = _run.measure(data, method, cell)
    test = _folds.outer_fold(data.bad, data.group, 0) == 0
    for fold, _ in seen:
        assert not set(fold.rows.index) & set(np.flatnonzero(test))
        assert not set(fold.group) & set(data.group[test])
    assert [settings["factor"] for _, settings in seen] == [-1.0, 1.0, 1.0]
    assert seen[-1][0].trees == 11
    assert made["auc"] > 0.5
    assert set(made) == set(_results.COLUMNS)


def test_a_cell_stands_until_its_set_or_method_changes() -> None:
    data = small_set()
    method = Method("told", ({},), lambda *_: Told(1.0), "1")
    standing = {
        ("small", "told", 0, fold): {"version": _run.version_of(data, method)} for fold in (0, 2)
    }
    assert [cell.fold for cell in _run.cells(data, method, 0, standing)] == [1]
    changed = Method("told", ({},), lambda *_: Told(1.0), "2")
    assert len(list(_run.cells(data, changed, 0, standing))) == 3
    other = Set(data.name, data.rows, 1 - data.bad, data.group, data.columns)
    assert len(list(_run.cells(other, method, 0, standing))) == 3


def test_results_are_appended_read_and_tidied(tmp_path: Path) -> None:
    path = tmp_path / "results" / "quality.csv"
    assert _results.read(path) == {}
    _results.append(path, row(set="hmeq"))
    _results.append(path, row(auc=0.7, settings='{"a": "1,2"}'))
    _results.append(path, row(auc=0.8, version="v2"))
    with path.open("a", encoding="utf-8") as file:
        file.write("german,ebm,0,1,666")  # a run that died in the middle of a line
    before = _results.read(path)
    assert before[("german", "ebm", 0, 0)]["auc"] == "0.8"
    assert len(before) == 2
    _results.tidy(path, SETS)
    assert list(_results.read(path)) == [("german", "ebm", 0, 0), ("hmeq", "ebm", 0, 0)]
    with pytest.raises(ValueError, match="must have the columns"):
        _results.append(path, {"set": "german"})


def test_the_interval_is_the_corrected_one() -> None:
    found = _inference.corrected_difference(np.array([0.0, 0.01, 0.02]), 0.5)
    spread = math.sqrt((1 / 3 + 0.5) * 0.0001)
    assert found.mean == pytest.approx(0.01)
    assert found.high - found.mean == pytest.approx(4.302652729911275 * spread)
    assert math.isnan(_inference.corrected_difference(np.array([0.1]), 0.5).high)
    assert _inference.margin(20_000) == 0.002
    assert _inference.margin(19_999) == 0.015


def test_measures_of_a_perfect_and_a_blind_forecast() -> None:
    bad = np.array([0, 0, 1, 1])
    best = _measures.measures(bad, bad.astype(float))
    assert best == {"auc": 1.0, "ks": 1.0, "brier": 0.0, "calibration_error": 0.0}
    blind = _measures.measures(bad, np.full(4, 0.5))
    assert blind["auc"] == 0.5
    assert blind["ks"] == 0.0


def test_an_encoder_learns_levels_from_training_rows_alone() -> None:
    rng = np.random.default_rng(0)
    rows = pd.DataFrame(
        {"few": rng.choice(["X", "Y"], 300), "many": rng.integers(0, 60, 300).astype(str)}
    ).astype(object)
    columns = (Column("few", category=True), Column("many", category=True))
    encoder = Encoder(columns, seed=0)
    bad = rng.integers(0, 2, 300)
    encoder.fit(rows, bad)
    made = encoder.transform(
        pd.DataFrame({"few": ["X", "Z"], "many": ["none", None]}, dtype=object)
    )
    assert made["few"].isna().tolist() == [False, True]
    assert made["many"].to_numpy() == pytest.approx(bad.mean())


def test_every_rival_has_the_same_budget() -> None:
    assert {len(settings) for settings in SETTINGS.values()} == {8}
    assert Method("any", (), lambda *_: None, "v").large == 3
    assert all(len(mine.settings) <= 8 and mine.large <= 3 for mine in own())


def test_directions_are_unbound_only_where_a_set_has_some() -> None:
    rows, bad = pd.DataFrame({"debt": np.zeros(4)}), np.array([0, 1, 0, 1])
    strict = own()[0]
    for direction, tried in ((0, [True]), (-1, [True, False])):
        columns = (Column("debt", direction=direction),)
        found = _run.tried(Set("made", rows, bad, np.arange(4), columns), strict)
        assert [settings["monotone"] for settings in found] == tried


def test_a_learner_held_to_the_contract_reads_no_more_on_any_path() -> None:
    """One and two depend on each other, and stand in two domains."""
    lightgbm = pytest.importorskip("lightgbm")
    columns = (Column("one", "identity"), Column("two", "history"), Column("three", "history"))
    rows = np.random.default_rng(0).normal(size=(2000, 3))
    bad = (rows[:, 0] * rows[:, 1] + 0.3 * rows[:, 0] * rows[:, 2] > 0).astype(int)
    gains = {}
    for name, groups in allowed(columns).items():
        limit = {} if groups is None else {"interaction_constraints": groups}
        model = lightgbm.LGBMClassifier(n_estimators=20, num_leaves=8, verbose=-1, **limit)
        found = Encoded(
            model.fit(pd.DataFrame(rows, columns=["one", "two", "three"]), bad), *[None] * 2
        )
        gains[name] = pair_gains(found, columns)
    assert gains["two columns at most"].most_common(1)[0][0] == "one x two"
    assert not gains["one domain at most"] and not gains["two columns of one domain"]
    assert not gains["one column"]


def test_a_set_is_known_by_nine_digits_of_its_numbers() -> None:
    def version(value: float) -> str:
        rows = pd.DataFrame({"debt": [value, 0.0, np.nan], "town": ["x", None, "y"]})
        return Set("made", rows, np.array([0, 1, 0]), np.arange(3), (Column("debt"),)).version

    assert version(0.1 + 0.2) == version(0.3)
    assert version(0.3) != version(0.30000001)


def test_no_protected_column_is_declared() -> None:
    for name, said in declared().items():
        assert not PROTECTED & set(said["columns"]), name


def test_the_page_tells_best_rival_interval_and_what_is_missing() -> None:
    rows = {}
    for fold in range(3):
        for method, auc in (("ebm", 0.75), ("xgboost", 0.7), ("benne_strict", 0.76 + fold / 1000)):
            told = row(method=method, fold=fold, auc=auc)
            rows[("german", method, 0, fold)] = {key: str(value) for key, value in told.items()}
    text = _page.page(rows)
    assert "| german | EBM | -0.0110 |" in text
    assert "| yes | 3 |" in text
    assert "0.7500 (3)" in text
    assert "in Benne's favour" in text


def test_the_page_that_is_checked_in_is_what_the_results_say() -> None:
    kept = _results.read(ROOT / "benchmarks" / "results" / "quality.csv")
    page = ROOT / "docs" / "benchmarks" / "quality.md"
    assert page.read_text(encoding="utf-8") == _page.page(kept)


@pytest.mark.data
def test_sets_are_what_the_catalogue_says(data: Path, tmp_path: Path) -> None:
    german = load("german", data, tmp_path)
    assert german.rows.shape == (1000, 18)
    assert german.bad.mean() == pytest.approx(0.3)
    assert list(german.rows.columns) == [column.name for column in german.columns]
    hmeq = load("hmeq", data, tmp_path)
    assert len(_folds.near_duplicate_pairs(hmeq.rows)) == 954
    taiwan = load("taiwan", data, tmp_path)
    assert taiwan.rows["worst_delay_months"].between(0, 8).all()
