"""The society: the same for a seed, as hard as stated, and silent about the truth."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from benne.evidence import standard_kinds
from benne.kernel import InvalidInput
from benne.society import simulate, standard_parameters

Tables = dict[tuple[str, str], pa.Table]


def evidence(tables: Tables) -> dict[str, pa.Table]:
    return {table: rows for (place, table), rows in tables.items() if place == "evidence"}


def test_the_same_seed_gives_the_same_society_and_another_seed_another(make) -> None:
    one, two, other = make(300, 5), make(300, 5), make(300, 6)
    assert one.keys() == two.keys()
    assert all(one[key].equals(two[key]) for key in one)
    assert not one["evidence", "profile"].equals(other["evidence", "profile"])


def test_every_kind_is_emitted_with_the_columns_of_the_kind(tables: Tables) -> None:
    kinds = {kind.name: kind for kind in standard_kinds()}
    assert evidence(tables).keys() == kinds.keys()
    for name, rows in evidence(tables).items():
        own = {column.name for column in kinds[name].columns}
        required = {column.name for column in kinds[name].columns if column.required}
        extra = {"record", "subject", "known_at", "cause"}
        assert set(rows.column_names) <= own | extra
        assert required | extra <= set(rows.column_names)


def test_a_version_is_known_once_and_after_it_began(tables: Tables) -> None:
    ends = pa.scalar(np.datetime64("2023-01-01", "us"), pa.timestamp("us")).cast(
        pa.timestamp("us", tz="UTC")
    )
    kinds = {kind.name: kind for kind in standard_kinds()}
    for name, rows in evidence(tables).items():
        known = rows["known_at"]
        assert pc.all(pc.less(known, ends)).as_py(), name
        keys = rows.select(["record", "known_at"]).group_by(["record", "known_at"]).aggregate([])
        assert keys.num_rows == rows.num_rows, name
        if not kinds[name].ahead:
            assert pc.all(pc.less_equal(rows[kinds[name].window], known)).as_py(), name


def test_half_of_the_people_have_no_formal_account(tables: Tables) -> None:
    holders = len(evidence(tables)["account"]["subject"].unique())
    assert 0.35 < holders / 5_000 < 0.6


def test_there_are_corrections_retractions_disputes_and_malformed_rows(tables: Tables) -> None:
    statements = evidence(tables)["statement"]
    assert {"event", "correction", "retraction"} <= set(statements["cause"].unique().to_pylist())
    assert "dispute" in evidence(tables)["breach"]["cause"].unique().to_pylist()
    assert "unknown" in statements["status"].unique().to_pylist()


def test_a_fraud_ring_shares_devices_and_shows_the_identity_of_another(tables: Tables) -> None:
    people = tables["truth", "people"].to_pandas()
    ring = people[people.ring.notna()]
    assert len(ring) > 0
    profiles = evidence(tables)["profile"].to_pandas().drop_duplicates("subject")
    shown = ring.merge(profiles, on="subject").merge(
        profiles, left_on="victim", right_on="subject", suffixes=("", "_victim")
    )
    assert (shown.birth_year == shown.birth_year_victim).all()
    devices = evidence(tables)["activity"].to_pandas().merge(ring[["subject"]], on="subject")
    assert devices.device.nunique() < devices.subject.nunique()


@pytest.mark.parametrize("changes", [{"people": 99}, {"months": 59}, {"seed": -1}])
def test_what_cannot_be_simulated_is_refused_before_anything_is_made(
    changes: dict[str, int],
) -> None:
    numbers = {"people": 200, "months": 60, "seed": 0, **changes}
    with pytest.raises(InvalidInput, match=next(iter(changes))):
        simulate(**numbers)


def test_any_seed_and_the_longest_time_can_be_simulated() -> None:
    for numbers in ({"months": 60, "seed": 2**70 + 1}, {"months": 480, "seed": 0}):
        made = list(simulate(people=100, **numbers))
        assert made[-1][0] == 100


def test_a_parameter_has_a_source_and_keeps_its_bounds() -> None:
    parameters = standard_parameters()
    assert all(parameters.parameter(name).source for name in parameters)
    with pytest.raises(InvalidInput, match=r"shocks\.job_loss must be a number from 0 to 0\.5"):
        parameters.change({"shocks.job_loss": 2})
    with pytest.raises(InvalidInput, match="unknown parameter"):
        parameters.change({"shocks.jobloss": 0.1})


def test_real_orders_and_accounts_come_to_what_the_evidence_says_in_the_end(tables: Tables) -> None:
    real = tables["truth", "realised_orders"].to_pandas()
    told = evidence(tables)["order"].to_pandas().drop_duplicates("record", keep="last")
    both = told[told.state != "open"].merge(real, left_on="record", right_on="order")
    assert len(both) > 10_000
    assert ((both.state == "lost") == both.lost).all()
    assert ((both.state == "returned") == ~both.late).all()
    assert 0 < both[both.service == "power_bank"].lost.mean() < 0.002


def test_a_rule_book_notes_some_broken_promises_and_some_life(tables: Tables) -> None:
    noted = evidence(tables)["rule_event"].to_pandas()
    breaches = set(evidence(tables)["breach"]["subject"].to_pylist())
    of_breach = noted[noted.rule == "contract_breach"]
    assert len(of_breach) > 300
    assert of_breach.subject.isin(breaches).mean() > 0.95
    assert noted.rule.isin(["volunteering", "traffic_ticket"]).mean() > 0.5
    assert {"court_arrears", "late_public_fee"} <= set(noted.rule)


def test_some_leave_the_conduct_scheme_and_nothing_is_noted_of_them_until_they_return(
    tables: Tables,
) -> None:
    noted = evidence(tables)["rule_event"].to_pandas().sort_values("happened_at", kind="stable")
    left = noted[noted.rule == "left_the_scheme"].set_index("subject")["happened_at"]
    back = noted[noted.rule == "joined_the_scheme"].set_index("subject")["happened_at"]
    assert left.index.is_unique
    people = tables["truth", "people"].num_rows
    assert 0.03 < len(left) / people < 0.06
    assert 0.1 < len(back) / len(left) < 0.3
    assert set(back.index) <= set(left.index)
    rest = noted[~noted.rule.str.endswith("_the_scheme") & noted.subject.isin(left.index)]
    out = (rest.happened_at > rest.subject.map(left)) & ~(
        rest.happened_at >= rest.subject.map(back)
    )
    assert len(rest) > 100
    assert not out.any()


def test_a_career_pays_more_to_the_capable_as_years_go(tables: Tables) -> None:
    people = tables["truth", "people"].to_pandas()
    pay = evidence(tables)["transaction"].to_pandas().query("category == 'salary'")
    pay = pay.merge(people.query("arrival_month == 0"), on="subject")
    pay["year"] = pay.happened_at.dt.year
    mean = pay.groupby(["subject", "year"]).amount_minor.mean().unstack()[[2018, 2022]].dropna()
    grown = np.log(mean[2022] / mean[2018])
    capacity = people.set_index("subject").capacity[grown.index]
    assert 0.03 < grown.mean() < 0.15
    assert grown.corr(capacity) > 0.3


def test_neighbours_arrears_tell_of_a_person_s(tables: Tables) -> None:
    """Among those who are tied, the shares of late statements go together."""
    statements = evidence(tables)["statement"].to_pandas()
    late = (statements.days_past_due >= 30).groupby(statements.subject).mean()
    ties = evidence(tables)["tie"].to_pandas().drop_duplicates(["subject", "other"])
    pairs = pd.DataFrame({"one": ties.subject.map(late), "two": ties.other.map(late)}).dropna()
    assert len(pairs) > 5_000
    assert 0.05 < pairs.one.corr(pairs.two, method="spearman") < 0.4
