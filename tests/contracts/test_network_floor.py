"""The floor of three holds, however the questions are put; what was not known tells nothing."""

from __future__ import annotations

from itertools import combinations, pairwise
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from made_features import a_feature
from made_histories import DAY, PERMIT
from made_ties import (
    CUT,
    KINDS,
    History,
    a_society,
    a_tie,
    a_version,
    in_duckdb,
    nobody,
    poisoned,
)

from benne.evidence import View
from benne.features import Aggregate, Ring, atom, neighbours, plan
from benne.kernel import InvalidInput, as_double, col, month_start

WORTH = atom("payment", Aggregate.SUM, col("amount_minor"))
"""Of each person another power of two, so that a sum says who was counted."""
SUMS = {
    ring: a_feature(f"sum_{ring}", neighbours(WORTH, Aggregate.SUM, ring=ring)) for ring in Ring
}
WHO = plan(SUMS.values(), KINDS.values())
NAMES = [f"person {number:02d}" for number in range(12)]


def payment(name: str, known_at: int) -> dict[str, object]:
    worth = 2 ** NAMES.index(name)
    return a_version("payment", name, name, known_at, happened_at=known_at, amount_minor=worth)


def counted(
    people: dict[str, History], cut: int, allowed: set[str] | None = None
) -> dict[str, dict[Ring, set[str]]]:
    """Whom each person's answer is made of, by ring; nobody where there is no answer."""
    rows = in_duckdb(WHO, people, cut=cut, allowed=allowed).table.to_pylist()
    return {
        row["subject"]: {
            ring: {NAMES[i] for i in range(len(NAMES)) if (row[f"sum_{ring}"] or 0) >> i & 1}
            for ring in Ring
        }
        for row in rows
    }


def months(count: int) -> list[int]:
    cuts = [CUT]
    while len(cuts) < count:
        cuts.append(month_start(cuts[-1] + 40 * DAY))
    return cuts


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 2**32))
def test_no_two_months_differ_by_one_neighbour_or_two(seed: int) -> None:
    rng, people = Random(seed), nobody(NAMES)
    cuts = months(6)
    withdrawn: dict[int, set[str]] = {}
    allowed = set(NAMES)
    for before, cut in pairwise([CUT - 30 * DAY, *cuts]):
        for _ in range(rng.choice((1, 3, 8, 30))):
            one, two = rng.sample(NAMES, 2)
            at = rng.randrange(before, cut)
            people[one]["tie"].append(a_tie(one, two, at, rng.choice((0, 300, 900, 900, 900))))
            if not people[two]["payment"]:
                people[two]["payment"].append(payment(two, at))
        if rng.random() < 0.3:
            allowed.discard(rng.choice(NAMES))
        withdrawn[cut] = set(allowed)
    for one in people.values():
        one["tie"] = list({v["record"]: v for v in one["tie"]}.values())
    answers = [counted(people, cut, withdrawn[cut]) for cut in cuts]
    for earlier, later in combinations(answers, 2):
        for name in NAMES:
            sets = [answer.get(name, {Ring.NEAR: set()})[Ring.NEAR] for answer in (earlier, later)]
            assert len(sets[0] ^ sets[1]) not in (1, 2), (name, sets)
    for answer in answers:
        for name, rings in answer.items():
            assert all(len(who) not in (1, 2) and name not in who for who in rings.values())
            for one, two in combinations(rings.values(), 2):
                if one and two:
                    assert len(one ^ two) not in (1, 2), (name, rings)


def friends(names: list[str], told: int) -> dict[str, History]:
    people = nobody(NAMES)
    for name in NAMES:
        people[name]["payment"].append(payment(name, CUT - 300 * DAY))
    for name in names:
        people[NAMES[0]]["tie"].append(a_tie(NAMES[0], name, told))
    return people


def test_two_neighbours_are_too_few_and_three_are_enough() -> None:
    told = CUT - 40 * DAY
    for size in (2, 3, 5):
        who = counted(friends(NAMES[1 : 1 + size], told), CUT)[NAMES[0]][Ring.NEAR]
        assert who == (set(NAMES[1 : 1 + size]) if size >= 3 else set())


def test_one_who_comes_later_counts_once_two_more_have_come() -> None:
    people = friends(NAMES[1:4], CUT - 40 * DAY)
    first, second, third = months(3)
    people[NAMES[0]]["tie"].append(a_tie(NAMES[0], NAMES[4], first + DAY))
    assert counted(people, second)[NAMES[0]][Ring.NEAR] == set(NAMES[1:4])
    people[NAMES[0]]["tie"] += [a_tie(NAMES[0], n, second + DAY) for n in NAMES[5:7]]
    assert counted(people, second)[NAMES[0]][Ring.NEAR] == set(NAMES[1:4])
    assert counted(people, third)[NAMES[0]][Ring.NEAR] == set(NAMES[1:7])


def test_a_neighbour_without_a_permit_or_a_record_does_not_count() -> None:
    people = friends(NAMES[1:5], CUT - 40 * DAY)
    people[NAMES[4]]["payment"] = []
    everyone = counted(people, CUT)[NAMES[0]][Ring.NEAR]
    assert everyone == set(NAMES[1:4])
    assert counted(people, CUT, set(NAMES) - {NAMES[3]})[NAMES[0]][Ring.NEAR] == set()


def test_a_loan_that_both_are_on_is_left_out_for_the_two_alone() -> None:
    worst = atom("statement", Aggregate.MAX, col("days_past_due"))
    of = plan([a_feature("worst", neighbours(worst, Aggregate.MAX))], KINDS.values())
    people = nobody(NAMES)
    told = CUT - 40 * DAY
    for number, name in enumerate(NAMES[:5]):
        account = "joint" if number < 2 else f"own {name}"
        own = {"account": account, "period_end": told, "status": "late"}
        days = 90 if number < 2 else number
        row = a_version("statement", name, name, told, **own, days_past_due=days)
        mild = a_version("statement", f"b {name}", name, told, **own, days_past_due=1)
        people[name]["statement"] += [row, mild | {"account": f"second {name}"}]
    for one in (NAMES[0], NAMES[4]):
        people[one]["tie"] += [a_tie(one, name, told) for name in NAMES[1:4]]
    rows = {row["subject"]: row["worst"] for row in in_duckdb(of, people).table.to_pylist()}
    assert rows[NAMES[0]] == 3
    assert rows[NAMES[4]] == 90


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**32))
def test_what_was_not_known_moves_nothing_and_what_was_known_does(seed: int) -> None:
    rng, people = Random(seed), a_society(seed)
    before = in_duckdb(WHO, people)
    assert in_duckdb(WHO, poisoned(rng, people, CUT)).hash == before.hash
    shuffled = dict(sorted(people.items(), key=lambda _: rng.random()))
    assert in_duckdb(WHO, shuffled).hash == before.hash
    assert in_duckdb(WHO, people, cut=months(2)[1]).hash != before.hash


# --- labels ------------------------------------------------------------------------------


def a_town(seed: int) -> tuple[dict[str, History], np.ndarray, np.ndarray]:
    """Communities that differ in risk; who goes bad shows in evidence only after the cut."""
    rng = np.random.default_rng(seed)
    block = np.repeat(np.arange(24), 12)
    names = [f"person {number:03d}" for number in range(len(block))]
    bad = rng.random(len(block)) < rng.choice([0.05, 0.7], 24)[block]
    people = nobody(names)
    for number, name in enumerate(names):
        for at, days in (
            (CUT - 50 * DAY, int(rng.random() < 0.3) * 90),
            (CUT + DAY, 90 * int(bad[number])),
        ):
            own = {"account": name, "period_end": at, "status": "current", "days_past_due": days}
            people[name]["statement"].append(
                a_version("statement", f"{name} {at}", name, at, **own)
            )
        for other in rng.choice(np.flatnonzero(block == block[number]), 5):
            people[name]["tie"].append(a_tie(name, names[other], CUT - 50 * DAY))
        people[name]["tie"] = list({v["record"]: v for v in people[name]["tie"]}.values())
    return people, bad, block


def auc_of(values: np.ndarray, bad: np.ndarray, fold: np.ndarray) -> float:
    """Out of fold, by a logistic regression on the network features."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    score = np.zeros(len(bad))
    for number in np.unique(fold):
        rest = fold != number
        score[~rest] = (
            LogisticRegression().fit(values[rest], bad[rest]).decision_function(values[~rest])
        )
    return float(roc_auc_score(bad, score))


def test_no_label_leaks_with_random_folds_or_with_folds_of_whole_communities() -> None:
    late = atom("statement", Aggregate.MAX, col("days_past_due")) >= 90
    leaves = [neighbours(late, Aggregate.SHARE, ring=ring) for ring in Ring]
    of = plan([a_feature(f"f{i}", leaf) for i, leaf in enumerate(leaves)], KINDS.values())
    found: dict[int, list[float]] = {0: [], 1: []}
    for seed in range(4):
        people, bad, block = a_town(seed)
        folds = (np.random.default_rng(seed).integers(0, 4, len(bad)), block % 4)
        for when, cut in enumerate((CUT, months(2)[1])):
            table = in_duckdb(of, people, cut=cut).table.to_pandas().set_index("subject")
            values = table.loc[list(people)].drop(columns="month").fillna(0.3).to_numpy(float)
            found[when] += [auc_of(values, bad, fold) for fold in folds]
    assert abs(np.mean(found[0][::2]) - 0.5) < 0.08
    assert abs(np.mean(found[0][1::2]) - 0.5) < 0.08
    assert min(found[1]) > 0.65, "a month later it shows: the test would see a leak"


# --- what is refused ----------------------------------------------------------------------


def test_what_neighbours_cannot_mean_is_refused() -> None:
    share = as_double(WORTH) / 2
    nested = neighbours(WORTH, Aggregate.MAX)
    for value, says in (
        (neighbours(WORTH, Aggregate.SHARE), "takes a condition"),
        (neighbours(WORTH > 1, Aggregate.SUM), "takes a whole number"),
        (neighbours(share, Aggregate.MEAN), "takes a whole number"),
        (neighbours(nested, Aggregate.MAX), "whole value"),
        (nested - WORTH, "whole value"),
    ):
        with pytest.raises(InvalidInput, match=says):
            plan([a_feature("made", value)], KINDS.values())
    with pytest.raises(InvalidInput, match="neighbours take"):
        neighbours(WORTH, Aggregate.LATEST)
    with pytest.raises(InvalidInput, match="may be weighted"):
        neighbours(WORTH, Aggregate.MAX, weighted=True)
    with pytest.raises(InvalidInput, match="has no MAX"):
        neighbours(WORTH, Aggregate.MAX, ring=Ring.COMMUNITY)
    with pytest.raises(InvalidInput, match="start of a UTC month"):
        in_duckdb(WHO, nobody(NAMES), cut=CUT + 1)


def test_in_process_needs_the_row_of_the_month_and_never_guesses_it() -> None:
    history = nobody(NAMES)[NAMES[0]]
    with pytest.raises(InvalidInput, match="give network="):
        WHO.compute(history, PERMIT, View(CUT))
    row = {"sum_near": 7, "sum_far": 11, "sum_community": None}
    assert WHO.compute(history, PERMIT, View(CUT), row) == row
    assert WHO.compute(history, PERMIT, View(CUT), {}) == dict.fromkeys(row)
