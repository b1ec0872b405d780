"""Discrimination, against scikit-learn, SciPy, and the textbook written out naively."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from scipy import stats
from sklearn.metrics import roc_auc_score, roc_curve

from benne.kernel import InvalidInput
from benne.monitoring import auc, auc_difference, discrimination, gains, ks, roc, whyless

Z = stats.norm.ppf(0.975)


def some(
    n: int = 300, seed: int = 0, subjects: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(float)
    score = np.round(600 - 40 * risk + rng.normal(0, 30, n))
    return y, score, rng.random(n) + 0.2, rng.integers(0, subjects or n, n)


def naive_interval(
    y: np.ndarray, score: np.ndarray, subject: np.ndarray
) -> tuple[float, float, float]:
    """Obuchowski (1997), equations 1 to 5, with loops and no weights."""
    bad, good = np.flatnonzero(y == 1), np.flatnonzero(y == 0)
    wins = (score[good][None, :] > score[bad][:, None]) + 0.5 * (
        score[good][None, :] == score[bad][:, None]
    )
    area = wins.mean()
    names = np.unique(subject)
    m = np.array([(subject[bad] == s).sum() for s in names])
    n = np.array([(subject[good] == s).sum() for s in names])
    v10 = np.array([wins.mean(axis=1)[subject[bad] == s].sum() for s in names])
    v01 = np.array([wins.mean(axis=0)[subject[good] == s].sum() for s in names])
    everyone, with_bad, with_good = len(names), (m > 0).sum(), (n > 0).sum()
    big_m, big_n = m.sum(), n.sum()
    s10 = with_bad / ((with_bad - 1) * big_m) * ((v10 - m * area) ** 2).sum()
    s01 = with_good / ((with_good - 1) * big_n) * ((v01 - n * area) ** 2).sum()
    s11 = everyone / (everyone - 1) * ((v10 - m * area) * (v01 - n * area)).sum()
    deviation = np.sqrt(s10 / big_m + s01 / big_n + 2 * s11 / (big_m * big_n))
    middle, half = np.log(area / (1 - area)), Z * deviation / (area * (1 - area))
    return area, 1 / (1 + np.exp(half - middle)), 1 / (1 + np.exp(-half - middle))


@pytest.mark.parametrize("subjects", [None, 60])
def test_the_interval_is_obuchowskis(subjects: int | None) -> None:
    y, score, _, subject = some(subjects=subjects)
    found = auc(y, score, subject=subject)
    area, low, high = naive_interval(y, score, subject)
    assert found["auc"] == pytest.approx(area, abs=1e-12)
    assert found["auc_low"] == pytest.approx(low, abs=1e-12)
    assert found["auc_high"] == pytest.approx(high, abs=1e-12)


def test_without_subjects_the_variance_is_delongs() -> None:
    y, score, _, _ = some()
    found = auc(y, score)
    bad, good = score[y == 1], score[y == 0]
    wins = (good[None, :] > bad[:, None]) + 0.5 * (good[None, :] == bad[:, None])
    variance = wins.mean(axis=1).var(ddof=1) / len(bad) + wins.mean(axis=0).var(ddof=1) / len(good)
    middle = np.log(wins.mean() / (1 - wins.mean()))
    half = Z * np.sqrt(variance) / (wins.mean() * (1 - wins.mean()))
    assert found["auc_low"] == pytest.approx(1 / (1 + np.exp(half - middle)), abs=1e-12)


def test_the_interval_agrees_with_a_bootstrap_of_subjects() -> None:
    y, score, _, subject = some(400, 3, subjects=90)
    rng = np.random.default_rng(0)
    by_subject = [np.flatnonzero(subject == s) for s in np.unique(subject)]
    drawn = []
    for _ in range(400):
        rows = np.concatenate(
            [by_subject[i] for i in rng.integers(0, len(by_subject), len(by_subject))]
        )
        drawn.append(roc_auc_score(y[rows], -score[rows]))
    found = auc(y, score, subject=subject)
    width = found["auc_high"] - found["auc_low"]
    assert width == pytest.approx(2 * Z * np.std(drawn), rel=0.12)


def test_rows_said_twice_of_one_subject_add_no_certainty() -> None:
    y, score, _, _ = some(120)
    who = np.arange(120)
    once = auc(y, score, subject=who)
    twice = auc(np.tile(y, 2), np.tile(score, 2), subject=np.tile(who, 2))
    assert twice["auc_low"] == pytest.approx(once["auc_low"], abs=1e-12)
    strangers = auc(np.tile(y, 2), np.tile(score, 2))
    assert strangers["auc_low"] > once["auc_low"]


@given(st.integers(0, 10_000), st.integers(20, 80))
@settings(max_examples=40, deadline=None)
def test_weighted_auc_is_that_of_scikit_learn(seed: int, n: int) -> None:
    y, score, weight, _ = some(n, seed)
    if len(np.unique(y)) == 2:
        expected = roc_auc_score(y, -score, sample_weight=weight)
        assert auc(y, score, weight=weight)["auc"] == pytest.approx(expected, abs=1e-12)


def test_whole_weights_count_as_rows() -> None:
    y, score, _, _ = some(80)
    times = np.random.default_rng(1).integers(0, 4, 80)
    repeated = np.repeat(np.arange(80), times)
    for key in ("auc", "gini", "ks"):
        weighted = discrimination(y, score, weight=times)[key]
        assert weighted == pytest.approx(discrimination(y[repeated], score[repeated])[key])


def test_only_the_order_of_scores_matters() -> None:
    y, score, _, subject = some()
    once, again = auc(y, score, subject=subject), auc(y, np.exp(score / 100), subject=subject)
    assert once == pytest.approx(again)
    assert auc(y, -score)["auc"] == pytest.approx(1 - once["auc"])


def test_ks_is_that_of_scipy() -> None:
    y, score, _, _ = some()
    assert ks(y, score)["ks"] == pytest.approx(
        stats.ks_2samp(score[y == 1], score[y == 0]).statistic
    )


def test_roc_lies_on_the_curve_of_scikit_learn() -> None:
    y, score, _, _ = some(2000)
    points = roc(y, score)["points"]
    alarm, caught, _ = roc_curve(y, -score, drop_intermediate=False)
    corners = {(round(a, 12), round(c, 12)) for a, c in zip(alarm, caught, strict=True)}
    assert all((round(p["false_alarm"], 12), round(p["caught"], 12)) in corners for p in points)
    assert (points[0]["caught"], points[-1]["caught"]) == (0, 1)
    drawn = np.trapezoid([p["caught"] for p in points], [p["false_alarm"] for p in points])
    assert drawn == pytest.approx(auc(y, score)["auc"], abs=5e-3)
    assert len(points) <= 203


def test_the_difference_of_two_scores_is_paired() -> None:
    y, score, _, subject = some(500, 5, subjects=200)
    better = score - 20 * y
    gap = auc_difference(y, score, better, subject=subject)
    assert gap["difference"] == pytest.approx(auc(y, better)["auc"] - auc(y, score)["auc"])
    assert 0 < gap["low"] < gap["difference"] < gap["high"]
    apart = auc(y, better, subject=subject)
    assert gap["high"] - gap["low"] < apart["auc_high"] - apart["auc_low"]
    same = auc_difference(y, score, score, subject=subject)
    assert same == {"difference": 0.0, "low": 0.0, "high": 0.0}


def test_the_paired_interval_agrees_with_a_bootstrap() -> None:
    y, score, _, subject = some(400, 9, subjects=150)
    other = score + np.random.default_rng(2).normal(0, 25, 400)
    rng = np.random.default_rng(0)
    groups = [np.flatnonzero(subject == s) for s in np.unique(subject)]
    drawn = []
    for _ in range(400):
        rows = np.concatenate([groups[i] for i in rng.integers(0, len(groups), len(groups))])
        drawn.append(roc_auc_score(y[rows], -other[rows]) - roc_auc_score(y[rows], -score[rows]))
    gap = auc_difference(y, score, other, subject=subject)
    assert gap["high"] - gap["low"] == pytest.approx(2 * Z * np.std(drawn), rel=0.15)


def test_gains_catch_everyone_in_the_end() -> None:
    y, score, weight, _ = some(997)
    rows = gains(y, score, weight=weight)["rows"]
    assert len(rows) == 10
    assert rows[-1]["people"] == pytest.approx(1) and rows[-1]["caught"] == pytest.approx(1)
    assert sum(row["observations"] for row in rows) == 997
    assert all(a["score_high"] < b["score_low"] for a, b in itertools.pairwise(rows))
    bads = (weight * y).sum() / weight.sum()
    assert rows[0]["lift"] == pytest.approx(rows[0]["bad_rate"] / bads)


def test_equal_scores_share_one_part() -> None:
    rows = gains([1, 0, 0, 0], [600, 600, 600, 600])["rows"]
    assert [row["observations"] for row in rows] == [4]


ROWS = ([], [1, 1], [0, 0, 0], [np.nan, np.nan], [1, 0], [1, 0, 0])


@pytest.mark.parametrize("y", ROWS, ids=str)
def test_what_cannot_be_said_is_null_with_a_reason(y: list[float]) -> None:
    for found in (
        discrimination(y, [600.0] * len(y)),
        roc(y, [600.0] * len(y)),
        gains(y, [600.0] * len(y)),
        auc_difference(y, [600.0] * len(y), [500.0] * len(y)),
        auc(y, [np.nan] * len(y)),
    ):
        assert whyless(found) == []


def test_a_perfect_score_has_no_interval() -> None:
    found = auc([1, 1, 0, 0], [1, 2, 3, 4])
    assert found["auc"] == 1.0
    assert found["auc_low"] is None and "without error" in found["auc_low_why"]


@pytest.mark.parametrize(
    ("y", "score", "weight", "said"),
    [
        ([2.0], [1.0], None, "row 0 is 2"),
        ([1.0, 0.0], [1.0, np.inf], None, "row 1 is inf"),
        ([1.0, 0.0], [1.0], None, r"shape \(2,\)"),
        ([1.0, 0.0], [1.0, 2.0], [1.0, -1.0], "row 1 is -1"),
    ],
)
def test_nonsense_is_refused_with_its_row(
    y: list[float], score: list[float], weight: list[float] | None, said: str
) -> None:
    with pytest.raises(InvalidInput, match=said):
        auc(y, score, weight=weight)
