"""Each switch changes what it should, and nothing else."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from benne.society import standard_parameters

Tables = dict[tuple[str, str], pa.Table]

ALWAYS = {
    "profile", "verification", "tie", "attribute", "order", "realised_orders", "means", "people",
}  # fmt: skip
"""What no switch of behaviour touches."""

CREDIT = {"statement", "instalment", "probabilities", "realised"}

TOUCHED = {
    "season": (CREDIT | {"obligation", "transaction"}, ALWAYS | {"activity"}),
    "drift": (CREDIT | {"obligation", "activity"}, ALWAYS | {"transaction"}),
    "interactions": (CREDIT | {"obligation", "activity"}, ALWAYS | {"transaction"}),
    "non_monotone": (CREDIT, ALWAYS | {"transaction", "activity", "obligation", "breach"}),
    "reporting_bias": (
        {"statement", "obligation", "transaction", "means", "account", "attribute"},
        ALWAYS - {"means", "attribute"}
        | {"activity", "probabilities", "realised", "standard_obligation", "inquiry"},
    ),
}
"""For each switch that is on: the tables that must move when it is turned off, and must not."""


@pytest.fixture(scope="module")
def switched(make):
    """A society with some switch turned; each made once."""

    @cache
    def made(**changes: float) -> Tables:
        return make(1_500, 4, **changes)

    return made


def named(tables: Tables) -> dict[str, pa.Table]:
    return {name: rows for (_, name), rows in tables.items()}


def moved(one: Tables, two: Tables) -> set[str]:
    """The tables of which a row differs."""
    a, b = named(one), named(two)
    return {name for name in a.keys() | b.keys() if name not in b or not a[name].equals(b[name])}


@pytest.mark.parametrize("switch", TOUCHED)
def test_a_switch_moves_what_it_should_and_only_that(switched, switch: str) -> None:
    must, must_not = TOUCHED[switch]
    found = moved(switched(), switched(**{f"{switch}__on": 0}))
    assert must <= found
    assert not must_not & found


def frame(tables: Tables, name: str) -> pd.DataFrame:
    return named(tables)[name].to_pandas()


def test_without_seasons_december_is_a_month_like_another(switched) -> None:
    def december(tables: Tables) -> float:
        rows = frame(tables, "transaction")
        spent = rows[rows.amount_minor < 0].happened_at.dt.month.value_counts()
        return spent[12] / spent[[10, 11]].mean()

    assert december(switched()) > 1.2
    assert december(switched(season__on=0)) < 1.1


def test_without_drift_the_last_year_is_used_like_the_one_before(switched) -> None:
    def growth(tables: Tables) -> float:
        used = frame(tables, "activity").merge(
            frame(tables, "people").query("arrival_month == 0"), on="subject"
        )
        years = used.happened_at.dt.year.value_counts()
        return years[2022] / years[2018]

    assert growth(switched()) > 1.2
    assert growth(switched(drift__on=0)) < 1.1


def late_by_region(tables: Tables, regions: set[int]) -> float:
    """How lateness on bills goes with willingness, in those regions."""
    people = frame(tables, "people")
    bills = frame(tables, "obligation").drop_duplicates("record", keep="last")
    bills = bills.assign(late=(bills.paid_at > bills.due_at) | bills.paid_at.isna())
    rows = bills.merge(people[people.region.isin(regions)], on="subject")
    mean = rows.groupby("subject").agg(late=("late", "mean"), w=("willingness", "first"))
    return float(mean.late.corr(mean.w))


def test_without_interactions_a_late_bill_tells_as_much_in_every_region(make) -> None:
    with_, without = make(4_000, 4), make(4_000, 4, interactions__on=0)
    regions = range(standard_parameters().whole("people.regions"))
    least = set(sorted(regions, key=lambda region: -late_by_region(with_, {region}))[:3])
    assert late_by_region(with_, least) > -0.06
    assert late_by_region(with_, set(regions) - least) < -0.12
    assert late_by_region(without, least) < -0.12


def test_without_terms_that_bend_the_risk_does_not_rise_again_with_age(switched) -> None:
    def bend(tables: Tables) -> float:
        """The quadratic part of the log-odds over age, per decade squared."""
        rows = frame(tables, "probabilities").query("cohort == 'out_of_time'")
        born = frame(tables, "profile").drop_duplicates("subject").set_index("subject").birth_year
        age = (2022 - rows.subject.map(born)).astype(float)
        odds = np.log(rows.probability / (1 - rows.probability))
        rows = pd.DataFrame({"age": (age - 45) / 10, "odds": odds}).dropna()
        rows = rows[rows.age.abs() < 2.2]
        return float(np.polyfit(rows.age, rows.odds, 2)[0])

    assert bend(switched()) > bend(switched(non_monotone__on=0)) + 0.015


def test_without_reporting_bias_the_same_share_of_the_minority_s_rows_arrives(switched) -> None:
    one, two = switched(), switched(reporting_bias__on=0)
    few = set(frame(one, "people").query("minority").subject)
    for name in ("statement", "obligation", "transaction"):
        a, b = (frame(tables, name).query("cause == 'event'") for tables in (one, two))
        a, b = a.drop_duplicates("record"), b.drop_duplicates("record")
        least = a.subject.isin(few).sum() / b.subject.isin(few).sum()
        assert 0.93 < least < 0.965, name  # (1 - .07) / (1 - .02) is .949
        rest = (~a.subject.isin(few)).sum() / (~b.subject.isin(few)).sum()
        assert 0.995 < rest < 1.005, name


def test_an_incumbent_takes_outcomes_away_and_nothing_else(switched) -> None:
    one, two = switched(), switched(incumbent__on=1)
    assert moved(one, two) == {"standard_obligation", "wave_outcome"}
    rows, told = (frame(tables, "standard_obligation") for tables in (one, two))
    assert rows.outcome.notna().all()
    assert (told.outcome.dropna() == rows.outcome[told.admitted]).all()
    assert told.outcome.isna().equals(~told.admitted)


def test_a_wave_that_is_lived_through_leaves_what_came_before(switched) -> None:
    one, two = switched(), switched(wave__lived=1)
    assert not moved(one, two) & {"people", "profile", "tie", "attribute"}
    before, after = (frame(tables, "probabilities") for tables in (one, two))
    calm = before.cohort == "training"
    assert before[calm].equals(after[calm])
    late = before.cohort == "out_of_time"
    assert after[late].probability.mean() > 1.1 * before[late].probability.mean()


def test_the_cohort_of_the_wave_can_be_left_out(switched) -> None:
    one, two = switched(), switched(wave__cohort=0)
    assert moved(one, two) == {"probabilities", "wave_outcome"}
    assert set(frame(two, "probabilities").cohort) == {"training", "out_of_time"}
