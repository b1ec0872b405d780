"""The society's difficulty: what was measured last lies in the bands stated beforehand."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from benne.society import standard_parameters

RESULTS = Path(__file__).parents[2] / "benchmarks" / "results" / "society_difficulty.csv"
STATED = standard_parameters()


@pytest.fixture(scope="module")
def means() -> pd.DataFrame:
    """The mean over societies, a row for each group of people."""
    results = pd.read_csv(RESULTS)
    numbers = "\n".join(f"{name}={STATED[name]!r}" for name in STATED)
    now = hashlib.sha256(numbers.encode()).hexdigest()[:12]
    assert set(results["parameters"]) == {now}, (
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
