"""A table of cases is decided as each of them is alone."""

from __future__ import annotations

from functools import cache

import duckdb
import ibis
import pyarrow as pa
from hypothesis import given, settings, strategies as st

from benne.decisions import Policy, decide_on, decided
from benne.scores import level_at
from tests.decisions.made_policies import made, power_bank

_ARROW = {"int": pa.int64(), "text": pa.string(), "bool": pa.bool_(), "float": pa.float64()}
TANGLED = made(
    """
[[rules]]
name = "used"
when = "utilisation_ratio > 0.9 or inquiries_30d_count >= 3"
then = "refer"
code = "STRETCHED"
unknown = "pass"
[[rules]]
name = "odd"
when = "amount_minor / inquiries_30d_count > 100 and level not in ['A']"
then = "refuse"
code = "ODD"
[[rules]]
name = "some"
when = "400 <= score < 800"
then = "admit"
cap_minor = "if_else(level == 'B', 700, inquiries_30d_count * 100 - 100)"
"""
)
POLICIES = (power_bank(), TANGLED)


def row_of(policy: Policy) -> st.SearchStrategy[dict[str, object]]:
    values = {
        "score": st.integers(350, 950),
        "amount_minor": st.integers(0, 70_000),
        "exposure_here_minor": st.integers(0, 70_000),
        "exposure_minor": st.integers(0, 70_000),
        "breaches_unsettled_count": st.none() | st.integers(0, 2),
        "inquiries_30d_count": st.none() | st.integers(0, 5),
        "utilisation_ratio": st.none() | st.sampled_from([0.0, 0.9, 0.90000001, 2.5]),
        "new_customer": st.booleans(),
        "city": st.none() | st.text(max_size=3),
    }
    return st.fixed_dictionaries({name: values[name] for name in values if name in policy.facts})


def with_answer(row: dict[str, object], scored: bool) -> dict[str, object]:
    if not scored:
        return {**row, "answer": "not_enough_evidence", "score": None, "level": None}
    return {**row, "answer": "score", "level": level_at("sesame", int(str(row["score"])))}


def schema_of(policy: Policy) -> pa.Schema:
    return pa.schema([(name, _ARROW[policy.types[name]]) for name in sorted(policy.names)])


@cache
def sql_of(number: int) -> str:
    """The policy of ``POLICIES`` as DuckDB's SQL, made once."""
    policy = POLICIES[number]
    unbound = ibis.table(ibis.Schema.from_pyarrow(schema_of(policy)), name="cases")
    return str(ibis.to_sql(decided(policy, unbound), dialect="duckdb"))


@settings(max_examples=60, deadline=None)
@given(st.data(), st.sampled_from(range(len(POLICIES))))
def test_a_table_of_cases_is_decided_as_each_case_alone(data, number):
    policy = POLICIES[number]
    rows = [
        with_answer(data.draw(row_of(policy)), data.draw(st.booleans()))
        for _ in range(data.draw(st.integers(1, 8)))
    ]
    cases = [{name: row[name] for name in policy.names} for row in rows]
    with duckdb.connect() as lake:
        lake.register("cases", pa.Table.from_pylist(cases, schema=schema_of(policy)))
        found = lake.sql(sql_of(number)).to_arrow_table().to_pylist()
    for case, one in zip(rows, found, strict=True):
        alone = decide_on(policy, {n: case[n] for n in policy.names})
        letters = {True: "T", False: "F", None: "-"}
        assert one["outcome"] == alone.outcome
        assert one["cap_minor"] == alone.cap_minor
        assert one["codes"] == ",".join(alone.codes)
        assert one["held"] == "".join(letters[step.held] for step in alone.trace)
