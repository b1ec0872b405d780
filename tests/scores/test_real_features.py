"""Levers through the standard features and a real artefact: evidence in, promise out."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from histories import DAY, KINDS, NOW, bill, histories, version
from hypothesis import given, settings

from benne.evidence import View
from benne.features import Direction, plan, standard_catalogue
from benne.kernel import NotPermitted
from benne.models import Artefact, Axis, Card, Column, Deck, Segment, Table
from benne.rights import LawfulBasis, permit_on_basis
from benne.scores import (
    EnoughEvidence,
    Scorer,
    factor_of_features,
    family,
    offers,
    rescorer,
    standard_levers,
)
from benne.scores._edits import as_known

CATALOGUE = {feature.name: feature for feature in standard_catalogue(KINDS)}
LEVERS = {lever.name: lever for lever in standard_levers()}
READ = (
    "instalments_overdue_now_count", "instalments_late_365d_share", "bills_overdue_now_minor",
    "bill_late_recency_days", "orders_kept_ever_share", "orders_open_late_count",
    "orders_kept_365d_count", "breaches_unsettled_count", "breach_recency_days",
    "verifications_matched_share", "instalments_ever_count",
)  # fmt: skip
PERMIT = permit_on_basis(
    LawfulBasis("simulated", "Nobody stands behind these."), purpose="self_view",
    jurisdiction="plain", issued_at=0, expires_at=2**62, subjects=frozenset({"s"}),
)  # fmt: skip


@cache
def features():
    return plan([CATALOGUE[name] for name in READ if name in CATALOGUE], KINDS)


@cache
def card() -> Artefact:
    """Three steps a feature, falling or rising as the catalogue expects."""
    domains = features().domains
    tables, columns = [], []
    for feature in features().features:
        sign = 1 if feature.direction is Direction.LOWERS_RISK else -1
        column = Column(feature.name, domains[feature.name][0], sign, feature.resolution,
                        reason_family=feature.reason_family)  # fmt: skip
        step = (
            1.0 if feature.unit == "count" else 100.0 if feature.unit in ("days", "minor") else 0.5
        )
        entries = np.array([*[-150_000, 10_000, 160_000][::sign], 0], dtype=np.int64)
        tables.append(Table((Axis(column, (step, 2 * step)),), entries))
        columns.append(column)
    return Artefact(tuple(columns), (Deck(frozenset(), (Segment("all"),),
                                          (Card("all", 3_000_000, tuple(tables)),)),))  # fmt: skip


def scorer(**changed) -> Scorer:
    rule = EnoughEvidence(1, 1, 0)
    return Scorer(card(), family("sesame"), **{"rule": rule, "features": CATALOGUE, **changed})


def test_the_features_that_the_test_reads_are_in_the_catalogue():
    assert len(features().features) >= 9


@settings(max_examples=40)
@given(histories)
def test_a_lever_does_what_it_promises_through_the_real_features(history):
    rescore = rescorer(scorer(), features(), PERMIT, there=KINDS)
    now = rescore(history, NOW)
    for offer in offers(history, NOW, rescore, kinds=KINDS, at_most=99):
        done, acts_by = LEVERS[offer.lever].pull(history, NOW, kinds=KINDS)
        row = features().compute(done.history, PERMIT, View(acts_by))
        again = card().contributions({k: np.array([v], dtype=object) for k, v in row.items()})
        assert scorer().family.scale.base_points(int(again.base_micro[0])) > 0
        answer = next(
            scorer().answers(
                {**{k: np.array([v], dtype=object) for k, v in row.items()},
                 "records": [9], "sources": [9], "span_days": [9]},
                subjects=["s"], as_of=[acts_by])
        )  # fmt: skip
        assert answer.score == offer.score == now + offer.points
        assert offer.points > 0


@settings(max_examples=40)
@given(histories)
def test_what_is_cut_off_at_as_of_was_not_visible_there(history):
    cut = as_known(history, NOW, KINDS)
    here = features().compute(history, PERMIT, View(NOW))
    assert features().compute(cut, PERMIT, View(NOW)) == here


def test_paying_what_is_overdue_raises_the_score_by_what_was_promised():
    history = {"instalment": bill("instalment", 0, -50, None, 12_000)}
    rescore = rescorer(scorer(), features(), PERMIT, there=KINDS)
    made = {o.lever: o for o in offers(history, NOW, rescore, kinds=KINDS)}
    assert made["pay_overdue_instalments"].points > 0
    assert made["pay_overdue_instalments"].acts_by == NOW + DAY


def test_a_first_order_is_of_the_same_person():
    history = {"instalment": bill("instalment", 0, -50, -60, 5), "order": []}
    rescore = rescorer(scorer(), features(), PERMIT, there=KINDS)
    assert "keep_three_orders" in {o.lever for o in offers(history, NOW, rescore, kinds=KINDS)}
    other = [{**row, "subject": "t"} for row in history["instalment"]]
    with pytest.raises(NotPermitted):
        offers({"instalment": other}, NOW, rescore, kinds=KINDS)


def test_a_bureau_file_is_judged_from_the_evidence():
    kind = family("bureau")
    factors = factor_of_features(CATALOGUE.values())
    history = [column for column in card().columns if column.name in factors]
    mine = [t for t in card().cards[0].tables if t.axes[0].column in history]
    small = Artefact(tuple(history), (Deck(frozenset(), (Segment("all"),),
                                           (Card("all", 3_000_000, tuple(mine)),)),))  # fmt: skip
    bureau = Scorer(small, kind, factors=factors)
    rescore = rescorer(bureau, features(), PERMIT, there=KINDS)

    def account(age_days: int, cause: str = "event") -> list[dict]:
        at = NOW - age_days * DAY
        return [version("account", "acc", at, opened_at=at, product="loan", cause=cause)]

    paid = bill("instalment", 0, -50, -60, 5)
    assert rescore({"account": account(200), "instalment": paid}, NOW) is not None
    assert rescore({"account": account(182), "instalment": paid}, NOW) is None
    assert rescore({"account": account(200)}, NOW) is None
    assert rescore({"account": account(183)}, NOW) is not None
    disputed = [{**row, "cause": "dispute"} if row["paid_at"] else row for row in paid]
    assert rescore({"account": account(200), "instalment": disputed}, NOW) is None
    assert rescore({"instalment": paid}, NOW) is None
