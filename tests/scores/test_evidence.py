"""Who can be scored, and where that line is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from benne.evidence import standard_kinds
from benne.features import Aggregate
from benne.kernel import InvalidInput
from benne.scores import (
    Bar,
    EnoughEvidence,
    credit_file_features,
    family,
    missing_evidence,
    scorability_thresholds,
    with_thresholds,
)

counts = st.none() | st.integers(0, 50)


@given(counts, counts, counts)
def test_what_is_missing_is_exactly_what_would_make_it_enough(records, sources, days):
    rule = EnoughEvidence(10, 2, 30)
    missing = missing_evidence(rule, {"records": records, "sources": sources, "span_days": days})
    enough = (records or 0) >= 10 and (sources or 0) >= 2 and (days or 0) >= 30
    assert (not missing) == enough
    if not enough:
        more = [int(text.split(" more ")[0]) for text in missing]
        lacks = [10 - (records or 0), 2 - (sources or 0), 30 - (days or 0)]
        assert more == [lack for lack in lacks if lack > 0]


def test_a_credit_file_needs_an_old_account_and_a_fresh_report():
    rule = family("bureau").scorable

    def missing(oldest, last):
        return missing_evidence(
            rule,
            {"credit_file_oldest_account_days": oldest, "credit_file_last_report_days": last},
        )

    assert missing(183, 183) == ()
    assert missing(182.0, 10.0) == ("1 more day of the oldest account",)
    assert missing(1000, 184) == ("an undisputed report in the last 183 days",)
    assert len(missing(None, None)) == 2
    assert len(missing_evidence(rule, {})) == 2
    assert "183 days" in rule.says


def test_the_credit_file_is_read_from_accounts_and_undisputed_reports():
    oldest, last = credit_file_features(standard_kinds())
    assert oldest.lineage == ("account",)
    assert last.lineage == ("account", "statement", "instalment", "payment")
    assert all(part.aggregate == Aggregate.DAYS_SINCE_LAST for part in last.atoms)
    assert all(part.where is not None for part in last.atoms)
    alone = [kind for kind in standard_kinds() if kind.name == "account"]
    assert credit_file_features(alone)[1].lineage == ("account",)
    assert credit_file_features([k for k in standard_kinds() if k.name != "account"]) == ()


def made(n, *, useless_below, off_below=0, seed=0, days=None):
    """People whose score says nothing below some records, or whose risk is off there."""
    rng = np.random.default_rng(seed)
    records = rng.integers(1, 41, n)
    expected = 1 / (1 + np.exp(-rng.normal(-1.5, 1.2, n)))
    risk = np.where(records < useless_below, expected.mean(), expected)
    risk = np.where(records < off_below, np.minimum(risk * 1.6, 0.99), risk)
    return {
        "records": records,
        "sources": np.full(n, 2),
        "span_days": rng.integers(0, 700, n) if days is None else days,
        "probability_bad": expected,
        "bad": (rng.random(n) < risk).astype(np.int64),
    }


def test_nobody_is_let_in_where_the_score_says_nothing():
    study = scorability_thresholds(**made(40_000, useless_below=9))
    assert study.holds
    assert 8 <= study.rule.records <= 13
    assert not study.by_records[0].holds
    assert study.rule.sources == 2


def test_nobody_is_let_in_where_the_score_is_not_calibrated():
    study = scorability_thresholds(**made(40_000, useless_below=0, off_below=9))
    assert 8 <= study.rule.records <= 13
    assert study.by_records[0].auc_low > 0.5


def test_nobody_is_let_in_beyond_the_first_slice_that_fails():
    figures = made(40_000, useless_below=0)
    middle = (figures["records"] > 8) & (figures["records"] < 17)
    rng = np.random.default_rng(1)
    figures["bad"] = np.where(middle, rng.random(40_000) < 0.25, figures["bad"]).astype(np.int64)
    study = scorability_thresholds(**figures)
    assert study.by_records[0].holds
    assert 15 <= study.rule.records <= 20


def test_where_it_holds_everywhere_the_line_is_the_thinnest_person_seen():
    for seed in range(5):
        study = scorability_thresholds(**made(20_000, useless_below=0, seed=seed))
        assert (study.rule.records, study.rule.span_days) == (1, 0)


def test_a_score_that_holds_nowhere_says_so():
    study = scorability_thresholds(**made(5_000, useless_below=99))
    assert not study.holds
    assert study.rule.records > 30


def test_few_people_are_one_slice():
    study = scorability_thresholds(**made(120, useless_below=0))
    assert len(study.by_records) == 1
    study = scorability_thresholds(**made(3_000, useless_below=0), bar=Bar(bads=10**6))
    assert [part.people for part in study.by_records] == [3_000]


def test_days_are_cut_among_those_with_enough_records():
    n = 40_000
    figures = made(n, useless_below=0)
    short = figures["span_days"] < 100
    rng = np.random.default_rng(9)
    figures["bad"] = np.where(short, rng.random(n) < 0.3, figures["bad"]).astype(np.int64)
    study = scorability_thresholds(**figures)
    assert 70 <= study.rule.span_days <= 140  # as fine as a twentieth of the people


def test_nonsense_is_refused():
    figures = made(100, useless_below=0)
    with pytest.raises(InvalidInput, match="3 sources"):
        scorability_thresholds(**figures, minimum_sources=3)
    with pytest.raises(InvalidInput, match="every figure"):
        scorability_thresholds(**{**figures, "bad": figures["bad"][:5]})
    assert with_thresholds(EnoughEvidence(1, 2, 3), records=None, span_days=9).span_days == 9
