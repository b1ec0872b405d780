"""The society as measured last: as hard as was stated beforehand, and telling of the refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from benne.society import standard_parameters

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "society_difficulty.csv"
STATED = standard_parameters()


def fingerprint() -> str:
    """Which numbers a result must have been measured with."""
    numbers = "\n".join(f"{name}={STATED[name]!r}" for name in STATED)
    return hashlib.sha256(numbers.encode()).hexdigest()[:12]


@pytest.fixture(scope="module")
def means() -> pd.DataFrame:
    """The mean over societies, a row for each group of people."""
    results = pd.read_csv(RESULTS)
    assert set(results["parameters"]) == {fingerprint()}, (
        "the parameters changed since: python -W ignore benchmarks/society_difficulty.py"
    )
    assert results["seed"].nunique() >= 3
    return results.groupby("group").mean(numeric_only=True)


@pytest.mark.parametrize(
    ("group", "figure", "band"),
    [
        ("all", "bad_rate", "bad_rate"),
        ("with history", "bureau", "bureau_auc"),
        ("thin", "gain", "thin_gain"),
        ("thick", "gain", "thick_gain"),
    ],
)
def test_the_society_is_as_hard_as_was_stated(
    means: pd.DataFrame, group: str, figure: str, band: str
) -> None:
    found = means.loc[group, figure]
    assert STATED[f"difficulty.{band}_min"] <= found <= STATED[f"difficulty.{band}_max"]


def test_a_learner_without_limits_beats_a_strict_one_by_what_was_stated(
    means: pd.DataFrame,
) -> None:
    assert means.loc["all", "free_over_strict"] >= STATED["difficulty.free_over_strict_min"]
    assert (
        means.loc["with history", "free_over_strict"] >= STATED["difficulty.free_over_strict_min"]
    )


# --- the refused ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def refused() -> pd.DataFrame:
    """The mean over societies, a row for each policy and method."""
    results = pd.read_csv(RESULTS.with_name("society_refused.csv"))
    assert set(results["parameters"]) == {fingerprint()}, (
        "the parameters changed since: python -W ignore benchmarks/society_refused.py"
    )
    return results.groupby(["policy", "method"]).mean(numeric_only=True)


@pytest.mark.parametrize("policy", ["history", "insight"])
def test_who_learns_of_the_admitted_alone_claims_too_little_of_the_refused(
    refused: pd.DataFrame, policy: str
) -> None:
    alone, bounded = refused.loc[policy, "accepts_only"], refused.loc[policy, "augmentation"]
    assert alone.claimed_refused < 0.95 * alone.true_refused
    assert alone.claimed_refused < bounded.claimed_refused
    assert alone.calibration_error > bounded.calibration_error
    assert alone.auc < refused.loc[policy, "everybody"].auc
