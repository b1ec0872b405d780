"""The comparison, against the plainest way to work out the same."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, strategies as st
from hypothesis.extra import numpy as hnp

from benne.kernel import InvalidInput
from benne.monitoring import (
    Draws,
    Rated,
    auc,
    compare,
    fare_by_group,
    prices_of_parts,
    thin_files,
    through_a_shock,
    whyless,
    worth_in_orders,
    worth_refitted,
)
from benne.monitoring._standing import Order

BANDS = (("low", 0.0), ("high", 5.0))


@st.composite
def people(draw):
    n = draw(st.integers(4, 25))
    y = draw(hnp.arrays(float, n, elements=st.sampled_from([0.0, 1.0])))
    score = draw(hnp.arrays(float, n, elements=st.sampled_from([1.0, 2.0, 3.0, 5.0, 8.0, np.nan])))
    weight = draw(hnp.arrays(float, n, elements=st.integers(0, 3).map(float)))
    return y, score, weight


@given(people())
def test_auc_is_that_of_the_report(made):
    y, score, weight = made
    known = ~np.isnan(score)
    expected = auc(y, score, weight=weight)["auc"]
    found = Order(np.where(known, score, -np.inf)).auc(y, weight * known)
    assert (np.isnan(found) and expected is None) or found == pytest.approx(expected)


@given(people(), st.floats(0, 1))
def test_an_equal_share_admits_the_best_and_equals_alike(made, share):
    _, score, weight = made
    standing = np.where(np.isnan(score), -np.inf, score)
    part = Order(standing).admit_share(weight, share)
    open_weight = float(weight[~np.isnan(score)].sum())
    assert (weight * part).sum() == pytest.approx(min(share * weight.sum(), open_weight))
    assert (part[np.isnan(score)] == 0).all()
    for a in range(len(part)):
        for b in range(len(part)):
            if weight[a] and weight[b] and standing[a] > standing[b] and part[b] > 0:
                assert part[a] == pytest.approx(1.0)
            if standing[a] == standing[b]:
                assert part[a] == part[b]


@given(people(), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
def test_an_equal_bad_rate_is_the_largest_admission_within_it(made, rate):
    y, score, weight = made
    standing = np.where(np.isnan(score), -np.inf, score)
    part = Order(standing).admit_rate(y, weight, rate)
    best = 0.0
    for cutoff in set(score[~np.isnan(score)]):
        here = weight * (score >= cutoff)
        if here.sum() and (here * y).sum() / here.sum() <= rate + 1e-12:
            best = max(best, here.sum())
    assert (weight * part).sum() == best


def rated(score, name="a", cutoff=5.0, chance=None) -> Rated:
    return Rated(name, np.asarray(score, dtype=float), cutoff, BANDS, chance)


def two(n=600, seed=0):
    rng = np.random.default_rng(seed)
    risk = rng.normal(size=n)
    y = (rng.random(n) < 1 / (1 + np.exp(1.5 - 1.5 * risk))).astype(float)
    good = rated(np.round(5 - 2 * risk), "good", chance=1 / (1 + np.exp(1.5 - 1.5 * risk)))
    some = np.round(5 - 2 * (risk + rng.normal(size=n)))
    some[rng.random(n) < 0.4] = np.nan
    return y, good, rated(some, "some"), Draws.of(np.arange(n), draws=60, seed=1)


def test_each_population_has_every_figure_with_its_interval():
    y, good, some, draws = two()
    none = np.isnan(some.score)
    everyone = np.ones(len(y), dtype=bool)
    found = compare(
        y, (good, some), populations={"all": everyone, "none": none}, draws=draws,
        ceilings={"latent": good.chance},
    )  # fmt: skip
    assert whyless(found) == []
    first, second = found[0]["scores"]
    assert first["auc"]["low"] < first["auc"]["value"] < first["auc"]["high"]
    assert first["auc"]["value"] == pytest.approx(auc(y, good.score)["auc"])
    assert first["attainable"]["latent"]["value"] == pytest.approx(1, abs=0.05)
    assert (
        second["expected"]["value"] is None and "no probability" in second["expected"]["value_why"]
    )
    assert second["coverage"]["value"] == pytest.approx(1 - none.mean())
    assert found[1]["scores"][1]["auc"]["value"] is None
    movement = found[0]["movements"][0]
    assert sum(sum(row["to"]) for row in movement["rows"]) == len(y)
    assert movement["rows"][-1]["people"] == 0 and movement["bands"][-1] == "no score"
    assert sum(sum(row["bad"]) for row in movement["rows"]) == y.sum()
    assert sum(band["people"] for band in first["bands"]) == len(y)
    seen = sum(band["people"] * band["seen"]["value"] for band in first["bands"])
    assert seen == pytest.approx(y.sum())


def test_swap_sets_are_who_one_admits_and_the_other_refuses():
    y, good, some, draws = two()
    everyone = {"all": np.ones(len(y), dtype=bool)}
    refused, default = compare(y, (good, some), populations=everyone, draws=draws)[0]["policies"]
    assert (refused["unscored"], default["unscored"]) == ("refused", "default")
    share = float((good.score >= 5).mean())
    assert refused["equal_admission"]["share"] == share
    one = Order(good.score).admit_share(np.ones(len(y)), share)
    other = Order(some.stand("refused")).admit_share(np.ones(len(y)), share)
    alone = one * (1 - other)
    swap = refused["equal_admission"]["swaps"][0]
    assert (swap["admitted_by"], swap["refused_by"]) == ("good", "some")
    assert swap["share"]["value"] == pytest.approx(alone.mean())
    assert swap["bad_rate"]["value"] == pytest.approx((alone * y).sum() / alone.sum())
    limit = refused["equal_bad_rate"]["bad_rate"]
    for row in refused["equal_bad_rate"]["scores"]:
        assert row["bad_rate"]["value"] <= limit + 1e-9
    capped = refused["explorer"]["scores"][1]["by_share"][-1]
    assert capped["admitted"]["value"] == pytest.approx((~np.isnan(some.score)).mean())
    capped = default["explorer"]["scores"][1]["by_share"][-1]
    assert capped["admitted"]["value"] == pytest.approx(0.95)


@given(people(), st.floats(0.02, 1), st.sampled_from([0.0, 0.1, 0.25, 0.5, 1.0]))
def test_the_explorer_shows_what_the_policies_would_admit(made, share, rate):
    y, score, weight = made
    weight[0] = 1.0
    order = Order(np.where(np.isnan(score), -np.inf, score))
    part = weight * order.admit_share(weight, share)
    admitted, bad = order.curve(y, weight, [share])
    assert admitted[0] == pytest.approx(part.sum() / weight.sum())
    assert bad[0] == pytest.approx((part * y).sum() / weight.sum())
    widest = (weight * order.admit_rate(y, weight, rate)).sum() / weight.sum()
    assert order.widest(y, weight, [rate])[0] == pytest.approx(widest)


def test_a_lender_admits_more_only_from_those_it_cannot_score_and_at_no_higher_rate():
    y, good, some, draws = two()
    found = thin_files(y, some, good, draws)
    own = some.stand("refused") >= 5
    rate, none = y[own].mean(), np.isnan(some.score)
    best = 0
    for cutoff in np.unique(good.score):
        taken = own | (none & (good.score >= cutoff))
        if y[taken].mean() <= rate + 1e-12:
            best = max(best, int(taken.sum() - own.sum()))
    assert found["growth"]["value"] == pytest.approx(best / own.sum())
    assert found["more_share_of_unscored"]["value"] == pytest.approx(best / none.sum())
    assert best > 0


def test_the_worth_of_domains_adds_up_to_the_gini_and_is_the_mean_over_orders():
    y, good, _, draws = two()
    rng = np.random.default_rng(5)
    part = {
        n: -good.score * w + rng.normal(size=len(y))
        for n, w in zip("abc", (0.2, 0.5, 1), strict=True)
    }
    names = ("a", "b", "c")
    subsets = [frozenset(s) for s in ("a", "b", "c", "ab", "ac", "bc", "abc")]
    margins = {s: -np.sum([part[n] for n in s], axis=0) for s in subsets}
    found = worth_refitted(y, margins, names, draws)
    gini = {s: 2 * auc(y, m)["auc"] - 1 for s, m in margins.items()} | {frozenset(): 0.0}
    for row in found["domains"]:
        steps = []
        for order in permutations(names):
            before = frozenset(order[: order.index(row["name"])])
            steps.append(gini[before | {row["name"]}] - gini[before])
        assert row["worth"]["value"] == pytest.approx(np.mean(steps))
    total = sum(row["worth"]["value"] for row in found["domains"])
    assert total == pytest.approx(found["gini"]["value"])
    with pytest.raises(InvalidInput, match="every subset"):
        worth_refitted(y, {frozenset("a"): margins[frozenset("a")]}, names, draws)
    price = prices_of_parts(y, margins[frozenset("abc")], {"c": margins[frozenset("ab")]}, draws)
    by_name = {row["name"]: row for row in found["domains"]}
    assert price[0]["price"]["value"] == pytest.approx(by_name["c"]["price"]["value"])


def test_the_worth_of_kinds_adds_up_to_that_of_their_domain():
    y, good, _, draws = two()
    rng = np.random.default_rng(6)
    part = {n: -good.score * rng.random() + rng.normal(size=len(y)) for n in "abc"}
    margins = {
        frozenset(s): -np.sum([part[n] for n in s], axis=0)
        for s in ("a", "b", "c", "ab", "ac", "bc", "abc")
    }
    together = ("abc", "bac", "cab", "cba")
    by_kind = {row["name"]: row["worth"]["value"]
               for row in worth_in_orders(y, margins, together, draws)}  # fmt: skip
    groups = {frozenset(["ab"]): margins[frozenset("ab")], frozenset("c"): margins[frozenset("c")],
              frozenset(["ab", "c"]): margins[frozenset("abc")]}  # fmt: skip
    by_domain = {row["name"]: row["worth"]["value"]
                 for row in worth_refitted(y, groups, ("ab", "c"), draws)["domains"]}  # fmt: skip
    assert by_kind["a"] + by_kind["b"] == pytest.approx(by_domain["ab"])
    assert by_kind["c"] == pytest.approx(by_domain["c"])
    for wrong in ((), ("ab", "abc")):
        with pytest.raises(InvalidInput, match="the same parts"):
            worth_in_orders(y, margins, wrong, draws)
    with pytest.raises(InvalidInput, match="margin must be given"):
        worth_in_orders(y, {frozenset("abc"): margins[frozenset("abc")]}, ("abc",), draws)


def test_a_shock_moves_outcomes_and_not_scores():
    y, good, some, draws = two()
    worse = np.maximum(y, (np.arange(len(y)) % 5 == 0).astype(float))
    first, second = through_a_shock(y, worse, (good, some), draws)
    assert first["bad_rate_shock"]["value"] > first["bad_rate_calm"]["value"]
    assert first["auc_change"]["value"] < 0
    assert first["expected_to_seen_shock"]["value"] < first["expected_to_seen_calm"]["value"]
    assert second["expected_to_seen_calm"]["value"] is None
    assert whyless([first, second]) == []


def test_groups_are_compared_with_the_largest():
    y, good, some, draws = two()
    group = np.array(["few"] * 200 + ["many"] * 400, dtype=object)
    for score in fare_by_group(y, (good, some), group, draws, 0.5):
        few, many = score["groups"]
        assert score["reference"] == "many"
        assert many["admitted_ratio"]["value"] == 1.0
        assert 0 <= few["admitted_bad"]["value"] <= few["admitted"]["value"]
        total = (200 * few["admitted"]["value"] + 400 * many["admitted"]["value"]) / 600
        assert total == pytest.approx(0.5)


def test_samples_take_whole_people_and_repeat():
    subject = np.repeat(np.arange(20), 3)
    one, again = (Draws.of(subject, draws=30, seed=4) for _ in range(2))
    assert (one.weight == again.weight).all()
    by_person = one.weight.reshape(30, 20, 3)
    assert (by_person == by_person[:, :, :1]).all()
    assert (by_person[:, :, 0].sum(axis=1) == 20).all()


def test_what_cannot_be_compared_is_refused_or_said():
    y, good, some, draws = two()
    everyone = {"all": np.ones(len(y), dtype=bool)}
    with pytest.raises(InvalidInput, match="y must be 1"):
        compare(np.where(y == 1, np.nan, y), (good,), populations=everyone, draws=draws)
    with pytest.raises(InvalidInput, match="some must have shape"):
        compare(y, (good, rated([1.0], "some")), populations=everyone, draws=draws)
    alike = compare(y, (good, some), populations={"bad": y == 1, "nobody": y == 9}, draws=draws)
    assert [row["scores"] for row in alike] == [None, None]
    assert whyless(alike) == []
