"""The best threshold and caps: against brute force, under bounds that hold, on people left out."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from benne.decisions import (
    Appetite,
    Bears,
    Cap,
    Infeasible,
    Plan,
    Sample,
    best_plan,
    frontier,
    grid_of,
    out_of_bag,
    read_appetite,
    realised,
    stressed,
    swapped,
    upper_rate,
)
from benne.kernel import InvalidInput, NotPermitted

CAPS = (
    Cap(1000, 900, 0.5, 30, True),
    Cap(5000, 4000, 0.8, 90, True),
    Cap(20000, 15000, 1.0, 200, False),
)
BASE = Appetite("bank", "", "sesame", CAPS, 0.8, 0.3, 20, 1000, Bears())


def people(n: int, seed: int, *, spread: float = 60, middle: float = 640) -> Sample:
    rng = np.random.default_rng(seed)
    score = np.clip(np.round(rng.normal(middle, spread, n)), 350, 950)
    bad = (rng.random(n) < 1 / (1 + 30 * 2 ** ((score - 650) / 40))).astype(float)
    return Sample(score, bad, np.ones(n), np.arange(n))


def brute_force(grid, appetite: Appetite, bears: Bears) -> float | None:  # type: ignore[no-untyped-def]
    """The highest profit over every threshold and every rising choice of caps, one by one."""
    scale = appetite.applicants / grid.total
    deposit = appetite.deposit_conversion * appetite.deposit_margin_minor
    best = None
    m = len(grid.scores)
    for i in range(m):
        known, bads = grid.known[i:].sum(), grid.bads[i:].sum()
        worth = known / grid.squared[i:].sum() if known else 1.0
        bound = upper_rate(bads * worth, known * worth)
        if bears.bad_rate is not None and bound > bears.bad_rate:
            continue
        admission = grid.weight[i:].sum() / grid.total
        if bears.admission is not None and admission < bears.admission:
            continue
        for caps in itertools.combinations_with_replacement(range(len(appetite.caps)), m - i):
            profit = deposit * appetite.applicants
            upper = 0.0
            for j, k in zip(range(i, m), caps, strict=True):
                cap = appetite.caps[k]
                used = grid.weight[j] * scale * cap.take_up
                lost = appetite.loss_given_default * cap.exposure_minor
                profit += used * ((1 - grid.pd[j]) * cap.margin_minor - grid.pd[j] * lost)
                profit -= grid.weight[j] * scale * deposit
                upper += used * grid.pd_upper[j] * lost
            if bears.budget_minor is not None and upper > bears.budget_minor:
                continue
            if bears.loss_minor is not None and upper > bears.loss_minor * (
                grid.weight[i:].sum() * scale
            ):
                continue
            best = profit if best is None else max(best, profit)
    return best


BOUNDS = st.builds(
    Bears,
    bad_rate=st.none() | st.sampled_from([0.02, 0.1, 0.3, 0.6]),
    loss_minor=st.none() | st.sampled_from([5, 50, 200, 1000]),
    budget_minor=st.none() | st.sampled_from([100, 20_000, 200_000]),
    admission=st.none() | st.sampled_from([0.2, 0.5, 0.9]),
)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 6),
            st.none() | st.booleans(),
            st.integers(1, 3),
        ),
        min_size=3, max_size=40,
    ),
    st.integers(1, 3),
    BOUNDS,
)  # fmt: skip
def test_the_plan_is_the_best_of_all(rows, caps, bears):
    score = np.array([400.0 + 60 * s for s, _, _ in rows])
    bad = np.array([np.nan if b is None else float(b) for _, b, _ in rows])
    weight = np.array([float(w) for _, _, w in rows])
    if np.isnan(bad).all():
        return
    appetite = replace(BASE, caps=CAPS[:caps])
    grid = grid_of(score, bad, weight)
    found, best = best_plan(grid, appetite, bears), brute_force(grid, appetite, bears)
    if best is None:
        assert isinstance(found, Infeasible)
        assert found.binding
        return
    assert isinstance(found, Plan)
    assert found.profit_minor == pytest.approx(best, rel=1e-9, abs=1e-6)
    amounts = [cap for _, cap in found.steps]
    assert amounts == sorted(set(amounts))
    assert found.steps[0][0] == found.threshold


def test_every_plan_that_breaks_nothing_keeps_within_what_can_be_borne():
    sample = people(3000, 1)
    bears = Bears(bad_rate=0.05, budget_minor=60_000, admission=0.3)
    grid = grid_of(sample.score, sample.bad, sample.weight)
    for plan, broken in frontier(grid, BASE, bears):
        assert (plan.bad_rate_upper <= 0.05) == ("bad_rate" not in broken)
        assert (plan.admission >= 0.3) == ("admission" not in broken)
        assert (plan.loss_upper_minor <= 60_000 * (1 + 1e-9)) == ("budget_minor" not in broken)
    chosen = best_plan(grid, BASE, bears)
    assert isinstance(chosen, Plan)
    assert chosen in [plan for plan, broken in frontier(grid, BASE, bears) if not broken]
    assert chosen.cap_minor(chosen.threshold - 1) is None
    assert chosen.cap_minor(950) == chosen.steps[-1][1]


def test_what_cannot_be_met_is_named():
    sample = people(2000, 2)
    grid = grid_of(sample.score, sample.bad, sample.weight)
    alone = best_plan(grid, BASE, Bears(bad_rate=0.0))
    assert isinstance(alone, Infeasible)
    assert alone.binding == ("bad_rate",)
    assert "cannot be met: the least" in alone.says
    together = best_plan(grid, BASE, Bears(bad_rate=0.01, admission=0.95))
    assert isinstance(together, Infeasible)
    assert together.binding == ("bad_rate", "admission")
    assert "cannot be met together" in together.says
    unscored = replace(sample, score=np.where(np.arange(2000) % 2, sample.score, np.nan))
    half = grid_of(unscored.score, unscored.bad, unscored.weight)
    few = best_plan(half, BASE, Bears(admission=0.6))
    assert isinstance(few, Infeasible)
    assert few.binding == ("admission",)
    assert "50% have a score" in few.says


def test_the_upper_bounds_hold_in_nine_cases_of_ten():
    rng = np.random.default_rng(7)
    rates = [upper_rate(rng.binomial(400, 0.03), 400) >= 0.03 for _ in range(600)]
    assert np.mean(rates) >= 0.86
    covered = []
    for seed in range(40):
        sample = people(1500, 100 + seed)
        grid = grid_of(sample.score, sample.bad, sample.weight)
        truth = 1 / (1 + 30 * 2 ** ((grid.scores - 650) / 40))
        upper = (grid.weight * grid.pd_upper)[grid.scores >= 600].sum()
        covered.append(upper >= (grid.weight * truth)[grid.scores >= 600].sum())
    assert np.mean(covered) >= 0.9


def test_people_left_out_tell_what_a_plan_is_worth():
    sample, bears = people(1200, 3), Bears(bad_rate=0.06)
    honest = out_of_bag(sample, BASE, bears, draws=20, seed=0)
    again = out_of_bag(sample, BASE, bears, draws=20, seed=0)
    assert honest == again
    assert honest.infeasible == 0
    low, middle, high = honest.thresholds
    assert low <= middle <= high
    mean, down, up = honest.figures["bad_rate"]
    assert 0 <= down <= mean <= up < 0.1
    assert mean > 0
    nobody = out_of_bag(sample, BASE, Bears(bad_rate=0.0), draws=10, seed=0)
    assert nobody.infeasible == 1
    assert nobody.thresholds is None
    with pytest.raises(InvalidInput, match="10 or more"):
        out_of_bag(sample, BASE, bears, draws=3, seed=0)


def test_what_became_of_people_adds_up():
    sample = Sample(
        np.array([700.0, 700.0, 600.0, np.nan]), np.array([0.0, 1.0, 1.0, 0.0]),
        np.ones(4), np.arange(4),
    )  # fmt: skip
    plan = Plan(650, ((650, 1000),), 0.5, 0.5, 0.6, 0, 0, 0)
    got = realised(plan, replace(BASE, applicants=4), sample)
    used = 2 * 0.5
    lost = used * 0.5 * 0.8 * 900
    assert got["admission"] == 0.5
    assert got["bad_rate"] == 0.5
    assert got["loss_minor"] == pytest.approx(lost)
    assert got["profit_minor"] == pytest.approx(used * 0.5 * 30 - lost + 2 * 0.3 * 20)


def test_a_change_of_threshold_moves_whom_it_passes():
    sample = people(2000, 4)
    moved = swapped(sample, BASE, before=650, after=600)
    assert moved["comes_in"]
    here = (sample.score >= 600) & (sample.score < 650)
    assert moved["people"] == here.sum()
    assert moved["bads"] == sample.bad[here].sum()


def test_stress_changes_what_is_assumed():
    harder = stressed(BASE, exposure=1.25, take_up=1.5, loss=2.0)
    assert [cap.exposure_minor for cap in harder.caps] == [1125, 5000, 18750]
    assert [cap.take_up for cap in harder.caps] == [0.75, 1.0, 1.0]
    assert harder.loss_given_default == 1.0


TEXT = """
schema = 1
service = "power_bank"
says = "Power banks without a deposit"
loss_given_default = 0.9
applicants = 5000
threshold = 650
with_deposit = { conversion = 0.4, margin_minor = 60 }
[[caps]]
cap_minor = 9900
margin_minor = 60
granted = true
[[caps]]
cap_minor = 20000
exposure_minor = 15000
take_up = 0.7
margin_minor = 90
granted = false
[bears]
bad_rate = 0.05
[segments.thin]
where = "accounts_count == 0 or accounts_count is None"
bears = { bad_rate = 0.03 }
"""
FEATURES = {"accounts_count": "int"}


def test_an_appetite_is_read():
    read = read_appetite(TEXT, features=FEATURES, where="a.toml")
    assert [cap.exposure_minor for cap in read.caps] == [9900, 15000]
    assert read.segments[0].bears == Bears(bad_rate=0.03)
    assert read.features == ("accounts_count",)
    assert read.bears.admission is None


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 3", "schema must be 1"),
        ("loss_given_default = 0.9", "loss_given_default = 90", "must be from 0 to 1; got 90"),
        ("cap_minor = 20000", "cap_minor = 9900", "must rise"),
        ("margin_minor = 90", "margin_minor = -1", "0 or more"),
        ("bad_rate = 0.05", "bad_rate = true", "from 0 to 1; got True"),
        ("granted = false", "", "granted is missing"),
        ("applicants = 5000", "applicants = 0", "1 or more"),
        ('where = "accounts_count', 'where = "acounts_count', "is unknown"),
        ("[bears]", "[bares]", "unknown key 'bares'"),
        ("schema = 1", 'schema = 1\nfamily = "zodiac"', "one of sesame"),
        ("schema = 1", "schema = ", "is not TOML"),
    ],
)
def test_an_appetite_that_cannot_be_is_refused(old, new, message):
    with pytest.raises(InvalidInput, match=message):
        read_appetite(TEXT.replace(old, new), features=FEATURES, where="a.toml")


def test_no_appetite_stands_on_conduct():
    with pytest.raises(NotPermitted, match="nothing may follow"):
        read_appetite(
            TEXT.replace("schema = 1", 'schema = 1\nfamily = "conduct"'), features=FEATURES,
            where="a.toml",
        )  # fmt: skip


def test_people_without_score_and_outcome_are_refused():
    with pytest.raises(InvalidInput, match="both a score and a known outcome"):
        grid_of(np.array([np.nan, 600.0]), np.array([1.0, np.nan]), np.ones(2))


def test_a_limit_of_loss_that_is_in_the_way_is_told_from_the_other():
    sample = people(1000, 5)
    grid = grid_of(sample.score, sample.bad, sample.weight)
    roomy = {"bad_rate": 0.9, "admission": 0.01}
    budget = best_plan(grid, BASE, Bears(budget_minor=1, loss_minor=10**6, **roomy))
    assert isinstance(budget, Infeasible)
    assert budget.binding == ("budget_minor",)
    assert budget.says.startswith("A budget of 1 minor units cannot be met")
    a_person = best_plan(grid, BASE, Bears(budget_minor=10**9, loss_minor=0, **roomy))
    assert isinstance(a_person, Infeasible)
    assert a_person.binding == ("loss_minor",)


def test_people_who_stand_for_many_are_no_more_evidence_than_they_are():
    sample = people(300, 6)
    one = grid_of(sample.score, sample.bad, sample.weight)
    many = grid_of(sample.score, sample.bad, 64 * sample.weight)
    drawn = grid_of(sample.score, sample.bad, sample.weight, times=np.full(300, 64.0))
    assert many.pd_upper == pytest.approx(one.pd_upper)
    assert (drawn.pd_upper <= one.pd_upper).all()
    uneven = grid_of(sample.score, sample.bad, np.where(np.arange(300) % 10, 0.1, 10.0))
    assert uneven.squared.sum() > uneven.known.sum() ** 2 / 100


def test_a_segment_bears_what_everybody_does_but_for_what_it_says_itself():
    own, all_ = Bears(bad_rate=0.06), Bears(bad_rate=0.03, budget_minor=900, admission=0.4)
    assert own.over(all_) == Bears(bad_rate=0.06, budget_minor=900, admission=0.4)
