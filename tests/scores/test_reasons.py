"""Reasons name what lowers a score, and nothing that helped."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from handmade import FACTORS_OF, artefact, bureau_artefact, people, rows
from hypothesis import given, strategies as st

from benne.evidence import standard_kinds
from benne.features import standard_catalogue
from benne.kernel import Currency
from benne.scores import family, reasons, value_in_words

ARTEFACT, OTHER = artefact(), bureau_artefact()
SESAME, BUREAU = family("sesame"), family("bureau")
CATALOGUE = {feature.name: feature for feature in standard_catalogue(standard_kinds())}


def one(row, withheld=(), card=ARTEFACT, kind=SESAME, factors=None):
    table = {name: np.array([value], dtype=object) for name, value in row.items()}
    made = card.contributions(table, withheld)
    return reasons(card, made, table, kind, withheld=withheld, factors=factors)[0]


def by_feature(row, withheld=(), card=ARTEFACT) -> dict[str, float]:
    """The oracle: each feature's shortfall in micro-log-odds, a pair's shared in half."""
    deck = card.withheld_card(withheld)
    made = card.score_one(row, withheld)
    short: dict[str, float] = {}
    for table in deck.cards[made.card].tables:
        for feature in table.features:
            less = table.mean_micro - made.term_micro[table.name]
            short[feature] = short.get(feature, 0.0) + less / len(table.features)
    return short


@given(rows, st.sampled_from([(), ("network",)]))
def test_a_reason_never_names_what_helped(row, withheld):
    short = by_feature(row, withheld)
    families = {column.name: column.reason_family for column in ARTEFACT.columns}
    for reason in one(row, withheld):
        assert short[reason.feature] > 0
        together = sum(v for f, v in short.items() if families[f] == reason.family)
        assert together > 0
        assert reason.points == -SESAME.scale.points(int(together // 1))
        assert reason.points <= -1
        assert reason.feature == max(
            (f for f in short if families[f] == reason.family), key=short.__getitem__
        ) or short[reason.feature] == max(
            v for f, v in short.items() if families[f] == reason.family
        )


@given(rows)
def test_the_heaviest_reasons_come_first_and_none_is_left_out(row):
    named = one(row)
    assert len(named) <= 4
    points = [reason.points for reason in named]
    assert points == sorted(points)
    assert len({reason.family for reason in named}) == len(named)
    short = by_feature(row)
    families = {column.name: column.reason_family for column in ARTEFACT.columns}
    totals: dict[str, float] = {}
    for feature, less in short.items():
        totals[families[feature]] = totals.get(families[feature], 0.0) + less
    lowering = [v for v in totals.values() if SESAME.scale.points(int(v // 1)) >= 1]
    assert len(named) == min(4, len(lowering))


def test_inquiries_are_named_as_a_fifth_where_four_are_heavier():
    worst = {"age_years": 20.0, "job_category": "driver", "late_share": 0.9, "late_max_days": 95.0,
             "asked_count": 5.0, "kept_count": 0.0, "income_minor": 1.0, "scenes_count": 0.0,
             "ties_count": 0.0}  # fmt: skip
    mine = bureau_artefact()
    names = [reason.family for reason in one(worst, card=mine, kind=BUREAU, factors=FACTORS_OF)]
    assert names == ["late_payment", "inquiries"]
    everything = [r.family for r in one(worst)]
    assert len(everything) == 4
    from dataclasses import replace

    also = replace(SESAME, reasons_at_most=1, reasons_also=("inquiries",))
    assert [r.family for r in one(worst, kind=also)] == ["late_payment", "inquiries"]


def test_a_reason_of_a_bureau_score_has_its_factor():
    worst = {"late_share": 0.9, "late_max_days": 95.0, "asked_count": 5.0}
    dimensions = [r.dimension for r in one(worst, card=OTHER, kind=BUREAU, factors=FACTORS_OF)]
    assert dimensions == ["payment_history", "new_credit"]


@pytest.mark.parametrize("of", [pd.DataFrame, pl.DataFrame, lambda f: pa.Table.from_pandas(f)])
def test_any_data_frame_gives_the_same_reasons(of):
    frame = people(50)
    plain = {c: frame[c].to_numpy() for c in frame.columns}
    made = ARTEFACT.contributions(frame)
    expected = reasons(ARTEFACT, made, plain, SESAME)
    assert reasons(ARTEFACT, made, of(frame), SESAME) == expected
    assert any(expected)


def test_a_reason_says_the_persons_own_value_in_words():
    naira = Currency("NGN", 2)
    cases = {
        "instalments_late_365d_share": (0.4, "40 %"),
        "instalments_late_365d_count": (3, "3"),
        "instalment_delay_latest_days": (1, "1 day"),
        "account_oldest_days": (400, "400 days (about 13 months)"),
        "income_minor": (1725000, "NGN 17,250.00"),
        "instalment_delay_ever_max_days": (None, "nothing fell due then"),
    }
    for name, (value, words) in cases.items():
        assert value_in_words(value, CATALOGUE[name], naira) == words
    assert value_in_words(float("nan"), None) == "nothing on record"
    assert value_in_words("self_employed", None) == "self employed"


def test_every_feature_of_the_catalogue_can_be_said():
    for feature in CATALOGUE.values():
        value = "text" if feature.category else 1.5
        for some in (value, None):
            words = value_in_words(some, feature, Currency("EUR"))
            assert words and "bin of its own" not in words
