"""Weights and shares for those who were refused: what they do, and where they stop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from benne.kernel import InvalidInput
from benne.models import inverse_propensity, odds_factor, parts_bad, refused_share

CHANCES = st.lists(st.floats(1e-6, 1.0), min_size=1, max_size=40).map(np.array)


def applicants(n: int = 40_000, seed: int = 3, factor: float = 1.0) -> dict[str, np.ndarray]:
    """Everyone who applied: a risk, a policy that looks at it, and what came of each."""
    rng = np.random.default_rng(seed)
    margin = -2.5 + rng.normal(size=n)
    chance = np.clip(1 / (1 + np.exp(2 * (margin + 2.0))), 0.05, 1.0)
    admitted = rng.random(n) < chance
    real = margin + np.log(factor) * ~admitted
    return {
        "margin": margin,
        "chance": chance,
        "admitted": admitted,
        "bad": (rng.random(n) < 1 / (1 + np.exp(-real))).astype(np.int64),
    }


@given(CHANCES, st.floats(1.0, 100.0))
def test_weights_are_bounded_and_average_to_one(chance: np.ndarray, at_most: float) -> None:
    weight = inverse_propensity(chance, at_most=at_most)
    assert np.isclose(weight.mean(), 1.0)
    assert weight.max() <= at_most * weight.min() * (1 + 1e-9)
    assert (np.argsort(weight, kind="stable") >= 0).all()
    assert (refused_share(chance, at_most=at_most) <= at_most).all()


def test_the_admitted_so_weighted_fare_as_all_who_applied_and_as_the_refused() -> None:
    people = applicants()
    here = people["admitted"]
    bad, chance = people["bad"][here], people["chance"][here]
    everyone = people["bad"].mean()
    assert bad.mean() < 0.75 * everyone
    weight = inverse_propensity(chance, at_most=100)
    assert np.average(bad, weights=weight) == pytest.approx(everyone, rel=0.05)
    others = refused_share(chance, at_most=100)
    assert np.average(bad, weights=others) == pytest.approx(people["bad"][~here].mean(), rel=0.05)


@pytest.mark.parametrize("chance", [0.0, -0.1, 1.1, np.nan])
def test_an_admitted_row_without_a_chance_is_refused_with_its_place(chance: float) -> None:
    with pytest.raises(InvalidInput, match="row 1 is"):
        inverse_propensity(np.array([0.5, chance]), at_most=20)


def test_a_bound_below_one_is_refused() -> None:
    with pytest.raises(InvalidInput, match="1 or more"):
        refused_share(np.array([0.5]), at_most=0.5)


def test_the_factor_of_those_who_are_as_risky_as_they_look_is_one() -> None:
    people = applicants()
    here = people["admitted"]
    stands = refused_share(people["chance"][here], at_most=100)
    found = odds_factor(people["margin"][here], people["bad"][here], stands, bounds=(0.2, 5))
    assert found.estimate == pytest.approx(1.0, abs=0.15)
    assert found.used == found.estimate
    parts = parts_bad(people["margin"][~here], found.used)
    assert parts.mean() == pytest.approx(people["bad"][~here].mean(), rel=0.1)


@given(st.floats(0.1, 10), st.floats(1.0, 4.0))
def test_the_factor_solves_its_equation_and_keeps_its_bounds(low: float, wide: float) -> None:
    people = applicants(3_000, 5)
    here = people["admitted"]
    stands = refused_share(people["chance"][here], at_most=20)
    margin = people["margin"][here] - 0.7
    found = odds_factor(margin, people["bad"][here], stands, bounds=(low, low * wide))
    assert found.at_least <= found.used <= found.at_most
    assert found.estimate is not None
    promised = stands @ parts_bad(margin, found.estimate)
    assert promised == pytest.approx(float(stands @ people["bad"][here]), rel=1e-6)


def test_without_propensities_or_bads_the_factor_is_the_middle_and_says_why() -> None:
    margin, bad = np.zeros(50), np.zeros(50, dtype=np.int64)
    silent = odds_factor(margin, bad, None, bounds=(1.0, 4.0))
    assert (silent.used, silent.estimate) == (2.0, None)
    assert silent.why == "no propensity is recorded"
    few = odds_factor(margin, bad, np.ones(50), bounds=(1.0, 4.0))
    assert few.used == 2.0
    assert "fewer than 10 bads" in few.why


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (2.0, 1.0), (1.0, np.inf)])
def test_bounds_that_bound_nothing_are_refused(bounds: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput, match="bounds"):
        odds_factor(np.zeros(3), np.zeros(3, dtype=np.int64), None, bounds=bounds)
