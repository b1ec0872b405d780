"""Calibration, against scikit-learn, SciPy and known values."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from scipy import stats
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from benne.kernel import InvalidInput
from benne.monitoring import (
    brier,
    by_group,
    calibration_curve,
    calibration_error,
    calibration_line,
    holm,
    jeffreys_interval,
    jeffreys_p,
    whyless,
)

RNG = np.random.default_rng(0)
PD = RNG.beta(1, 6, 4000)
Y = (RNG.random(4000) < PD).astype(float)
WEIGHT = RNG.random(4000) + 0.1


def test_brier_is_that_of_scikit_learn() -> None:
    assert brier(Y, PD)["brier"] == pytest.approx(brier_score_loss(Y, PD))
    assert brier(Y, PD, weight=WEIGHT)["brier"] == pytest.approx(
        brier_score_loss(Y, PD, sample_weight=WEIGHT)
    )


def test_the_curve_keeps_the_means() -> None:
    bins = calibration_curve(Y, PD, weight=WEIGHT)["bins"]
    assert len(bins) == 10
    shares = np.array([b["share"] for b in bins])
    assert shares.sum() == pytest.approx(1)
    assert shares @ [b["expected"] for b in bins] == pytest.approx(np.average(PD, weights=WEIGHT))
    assert shares @ [b["seen"] for b in bins] == pytest.approx(np.average(Y, weights=WEIGHT))
    assert all(b["seen_low"] < b["seen"] < b["seen_high"] for b in bins)


def test_calibration_error_by_hand() -> None:
    y = [0, 0, 0, 1, 1, 1, 1, 0]
    pd = [0.1] * 4 + [0.9] * 4
    expected = 0.5 * abs(0.1 - 0.25) + 0.5 * abs(0.9 - 0.75)
    assert calibration_error(y, pd, bins=2)["calibration_error"] == pytest.approx(expected)


def test_an_honest_risk_has_slope_one_and_a_distorted_one_is_found_out() -> None:
    honest = calibration_line(Y, PD)
    assert honest["slope"] == pytest.approx(1, abs=0.1)
    assert honest["in_the_large"] == pytest.approx(0, abs=0.02)
    logit = np.log(PD / (1 - PD))
    stretched = calibration_line(Y, 1 / (1 + np.exp(-2 * logit - 1)))
    assert stretched["slope"] == pytest.approx(honest["slope"] / 2, rel=1e-6)


def test_the_line_is_that_of_scikit_learn() -> None:
    found = calibration_line(Y, PD, weight=WEIGHT)
    logit = np.log(PD / (1 - PD))[:, None]
    line = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(logit, Y, WEIGHT)
    assert found["slope"] == pytest.approx(line.coef_[0, 0], rel=1e-4)
    assert found["intercept"] == pytest.approx(line.intercept_[0], abs=1e-4)


def test_a_separated_line_has_no_best_fit() -> None:
    found = calibration_line([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])
    assert found["slope"] is None and "separated" in found["slope_why"]


def test_jeffreys_is_the_beta_tail() -> None:
    assert jeffreys_p(0.02, 3, 100) == pytest.approx(stats.beta.cdf(0.02, 3.5, 97.5))
    low, high = jeffreys_interval(3, 100)
    assert (low, high) == pytest.approx(tuple(stats.beta.ppf([0.025, 0.975], 3.5, 97.5)))
    assert jeffreys_interval(0, 50)[0] == 0 and jeffreys_interval(50, 50)[1] == 1


def test_jeffreys_alarms_only_where_risk_is_understated() -> None:
    assert jeffreys_p(0.01, 10, 200) < 0.001
    assert jeffreys_p(0.20, 10, 200) > 0.999


def test_the_jeffreys_test_keeps_its_level() -> None:
    rng = np.random.default_rng(3)
    bads = rng.binomial(400, 0.05, 2000)
    alarms = np.mean([jeffreys_p(0.05, b, 400) < 0.05 for b in bads])
    assert alarms < 0.075


@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_lies_between_the_single_p_and_bonferroni(p: list[float]) -> None:
    corrected = holm(p)
    for single, q in zip(p, corrected, strict=True):
        assert single <= q <= 1.0
    assert min(corrected) == pytest.approx(min(1.0, len(p) * min(p)))
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(np.array(corrected)[order]) >= 0)


def test_bands_that_promise_too_little_are_named() -> None:
    group = (PD > 0.2).astype(np.int64)
    sound = by_group(Y, PD, group, ["low", "high"])
    assert not any(row["understated"] for row in sound)
    liar = by_group(Y, np.where(group == 1, PD / 2, PD), group, ["low", "high", "none"])
    assert [row["understated"] for row in liar] == [False, True, None]
    assert liar[2]["seen_why"]
    assert liar[1]["p_holm"] == pytest.approx(min(1, 2 * liar[1]["p"]), abs=1e-12)


@pytest.mark.parametrize("y", [[], [np.nan], [1.0], [0.0, 0.0], [1.0, 0.0]], ids=str)
def test_what_cannot_be_said_is_null_with_a_reason(y: list[float]) -> None:
    pd = [0.3] * len(y)
    for found in (
        brier(y, pd),
        calibration_curve(y, pd),
        calibration_error(y, pd),
        calibration_line(y, pd),
        *by_group(y, pd, np.zeros(len(y), dtype=np.int64), ["all", "none"]),
    ):
        assert whyless(found) == []


def test_a_risk_beyond_one_is_refused() -> None:
    with pytest.raises(InvalidInput, match=r"row 1 is 1\.5"):
        brier([0, 1], [0.5, 1.5])
