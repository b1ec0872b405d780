"""The truth: calibrated, as rare as stated, and told by no row of evidence."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benne.society import standard_parameters

Tables = dict[tuple[str, str], pa.Table]


@pytest.fixture(scope="module")
def truth(tables: Tables) -> pd.DataFrame:
    return tables["truth", "probabilities"].to_pandas()


def worst_z(bad: pd.Series, chance: pd.Series, bins: int = 8) -> float:
    """The largest departure of a bin's bad rate from its probability, in standard errors."""
    where = pd.qcut(chance, bins, labels=False, duplicates="drop")
    table = pd.DataFrame({"gap": bad - chance, "var": chance * (1 - chance), "where": where})
    sums = table.groupby("where").sum()
    return float((sums["gap"] / np.sqrt(sums["var"])).abs().max())


@pytest.mark.parametrize("cohort", ["training", "out_of_time", "wave"])
@pytest.mark.parametrize("chance", ["probability_given_path", "probability_given_economy"])
def test_a_probability_is_calibrated(truth: pd.DataFrame, cohort: str, chance: str) -> None:
    rows = truth[truth.cohort == cohort]
    assert worst_z(rows.bad.astype(float), rows[chance]) < 4


def test_the_probability_ahead_is_calibrated_over_many_economies(make) -> None:
    gaps = []
    for seed in range(10):
        rows = make(200, seed, economy__shock_spread=0.15)["truth", "probabilities"].to_pandas()
        late = rows[rows.cohort == "out_of_time"]
        gaps.append(late.bad.mean() - late.probability.mean())
    assert abs(np.mean(gaps)) < 3.5 * np.std(gaps, ddof=1) / np.sqrt(len(gaps))


def test_the_bad_rate_is_in_its_stated_band(truth: pd.DataFrame) -> None:
    stated = standard_parameters()
    for cohort in ("training", "out_of_time"):
        rate = truth[truth.cohort == cohort].bad.mean()
        assert stated["difficulty.bad_rate_min"] < rate < stated["difficulty.bad_rate_max"]


def test_a_wave_of_unemployment_makes_more_of_the_same_people_bad(truth: pd.DataFrame) -> None:
    calm, wave = (truth[truth.cohort == c].set_index("subject") for c in ("out_of_time", "wave"))
    assert calm.index.equals(wave.index)
    assert wave.probability.mean() > 1.1 * calm.probability.mean()


def test_observations_lie_in_the_stated_months_and_their_outcomes_after_the_window(
    tables: Tables,
) -> None:
    rows = tables["outcome", "standard_obligation"].to_pandas()
    training = rows[rows.cohort == "training"]
    assert training.as_of.min() == pd.Timestamp("2020-01-01", tz="UTC")
    assert training.as_of.max() == pd.Timestamp("2021-01-01", tz="UTC")
    assert (rows[rows.cohort == "out_of_time"].as_of == pd.Timestamp("2022-01-01", tz="UTC")).all()
    assert (rows.outcome_known_at - rows.as_of >= pd.Timedelta(days=365)).all()
    assert not training.subject.duplicated().any()


def test_who_is_refused_has_no_outcome_and_propensities_are_true(make) -> None:
    rows = make(2_000, 3, incumbent__on=1)["outcome", "standard_obligation"].to_pandas()
    refused = rows[~rows.admitted]
    assert 0.15 < len(refused) / len(rows) < 0.45
    assert refused.outcome.isna().all()
    assert refused.outcome_known_at.isna().all()
    assert rows[rows.admitted].outcome.notna().all()
    assert rows.propensity.between(0.02, 1).all()
    assert worst_z(rows.admitted.astype(float), rows.propensity, bins=4) < 4


def test_an_officer_s_insight_refuses_the_unwilling_and_propensities_stay_true(make) -> None:
    tables = make(2_000, 3, incumbent__on=1, incumbent__insight=0.8)
    rows = tables["outcome", "standard_obligation"].to_pandas()
    people = tables["truth", "people"].to_pandas().astype({"subject": str}).set_index("subject")
    willing = rows.subject.astype(str).map(people.willingness)
    assert willing[rows.admitted].mean() > willing[~rows.admitted].mean() + 0.4
    assert worst_z(rows.admitted.astype(float), rows.propensity, bins=6) < 4


# --- no evidence tells the truth, or the future ----------------------------------------------


def known_features(tables: Tables, cohort: str) -> pd.DataFrame:
    """For each observation: how much of each kind was known, and its numbers' means."""
    seen = tables["truth", "probabilities"].to_pandas()
    seen = seen[seen.cohort == cohort].set_index("subject")
    columns = {}
    for (place, name), rows in tables.items():
        if place != "evidence":
            continue
        frame = rows.append_column("at", pc.cast(rows["known_at"], pa.int64())).to_pandas()
        at = frame.subject.map(seen.as_of)
        known = frame[at.notna() & (frame.known_at < at)]
        columns[f"{name} count"] = known.groupby("subject").size()
        for column in known.select_dtypes("number").columns:
            if column != "at":
                columns[f"{name} {column}"] = known.groupby("subject")[column].mean()
        for column in known.select_dtypes("datetimetz").columns:
            age = (known[column] - known.subject.map(seen.as_of)).dt.days
            columns[f"{name} {column}"] = age.groupby(known.subject).mean()
    return pd.DataFrame(columns).reindex(seen.index)


def largest_t(features: pd.DataFrame, residual: pd.Series) -> tuple[float, str]:
    """The largest t, robust to unequal spread, of what nobody can know with what is known."""
    r = (residual - residual.mean()).to_numpy(dtype=float)
    worst = (0.0, "")
    for name in features:
        gone = features[name].isna().to_numpy(dtype=float)
        for values in (features[name].rank(pct=True).fillna(0.5).to_numpy(), gone):
            if np.count_nonzero(values != np.median(values)) >= 100:
                x = values - values.mean()
                t = abs(x @ r) / np.sqrt((x * r) @ (x * r))
                worst = max(worst, (float(t), name))
    return worst


@pytest.mark.parametrize("cohort", ["training", "out_of_time"])
def test_what_is_known_says_nothing_of_what_was_still_to_happen(
    tables: Tables, cohort: str
) -> None:
    rows = tables["truth", "probabilities"].to_pandas()
    rows = rows[rows.cohort == cohort].set_index("subject")
    features = known_features(tables, cohort)
    still_to_happen = rows.probability_given_path - rows.probability_given_economy
    the_draw = rows.bad - rows.probability_given_path
    for residual in (still_to_happen, the_draw):
        assert largest_t(features, residual) < (4.8, "")


def test_the_check_for_leaks_finds_a_leak(truth: pd.DataFrame) -> None:
    rows = truth[truth.cohort == "training"]
    leak = rows.bad + np.random.default_rng(0).normal(size=len(rows))
    assert largest_t(leak.to_frame("leak"), rows.bad - rows.probability_given_path) > (4.8, "")
