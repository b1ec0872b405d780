"""Outcomes over evidence: the expression against a plain reading of the definition."""

from __future__ import annotations

from functools import cache
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from benne.evidence import OutcomeDefinition, outcomes
from benne.kernel import END_OF_TIME, MICROS_PER_DAY as DAY, InvalidInput, iso

OBSERVATIONS = {"observation": "int64", "subject": "string", "as_of": "int64"}
VERSION = {
    "source": "string",
    "record": "string",
    "subject": "string",
    "cause": "string",
    "known_at": "int64",
    "superseded_at": "int64",
}
BILLS = VERSION | {
    "due_at": "int64",
    "due_minor": "int64",
    "paid_minor": "int64",
    "paid_at": "int64",
}
ORDERS = VERSION | {
    "due_at": "int64",
    "value_minor": "int64",
    "deposit_waived_minor": "int64",
    "closed_at": "int64",
}
STATEMENTS = VERSION | {
    "period_end": "int64",
    "balance_minor": "int64",
    "days_past_due": "int64",
    "status": "string",
}
FRAUDS = VERSION | {"happened_at": "int64", "type": "string"}


def versions(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """``rows`` with what every version has: each a record of its own, unless it says which."""
    plain = {"source": "s", "cause": "event", "known_at": 0, "superseded_at": END_OF_TIME}
    return [plain | {"record": f"record {n}"} | row for n, row in enumerate(rows)]


def schema_of(definition: OutcomeDefinition) -> dict[str, str]:
    return {"statement": STATEMENTS, "order": ORDERS}.get(definition.kind, BILLS)


@cache
def query(definition: OutcomeDefinition, *, excludes: bool) -> str:
    expr = outcomes(
        definition,
        ibis.table(OBSERVATIONS, name="observations"),
        ibis.table(schema_of(definition), name="records"),
        ibis.table(FRAUDS, name="frauds") if excludes else None,
    )
    return str(ibis.to_sql(expr, dialect="duckdb"))


def found(
    definition: OutcomeDefinition,
    observations: list[dict[str, Any]],
    records: list[dict[str, Any]],
    frauds: list[dict[str, Any]] | None = None,
) -> dict[int, tuple[str | None, int, int | None]]:
    """The outcome of each observation, as DuckDB computes the expression."""
    con = duckdb.connect()
    for name, rows, columns in (
        ("observations", observations, OBSERVATIONS),
        ("records", versions(records), schema_of(definition)),
        ("frauds", versions(frauds or []), FRAUDS),
    ):
        types = {"string": pa.string(), "int64": pa.int64()}
        arrow = pa.schema([(column, types[t]) for column, t in columns.items()])
        con.register(name, pa.Table.from_pylist(rows, schema=arrow))
    rows = con.execute(query(definition, excludes=frauds is not None)).fetchall()
    return {row[0]: row[1:] for row in rows}


def said(
    definition: OutcomeDefinition, observation: dict[str, Any], bills: list[dict[str, Any]]
) -> str | None:
    """The definition, read word by word, one bill and one instant at a time."""
    start = observation["as_of"]
    end = start + definition.window_days * DAY

    def unpaid(bill: dict[str, Any], at: int) -> bool:
        paid = bill["paid_minor"] if bill["paid_at"] is not None and bill["paid_at"] < at else 0
        return bill["due_minor"] - paid >= definition.materiality_minor

    def late(bill: dict[str, Any], days: int, at: int) -> bool:
        return bill["due_at"] + days * DAY <= at and unpaid(bill, at)

    def within(bill: dict[str, Any], days: int) -> bool:
        at = bill["due_at"] + days * DAY
        return start < at <= end and unpaid(bill, at)

    bad, soft = definition.bad_days_past_due, definition.indeterminate_days_past_due
    mine = [bill for bill in bills if bill["subject"] == observation["subject"]]
    if any(late(bill, bad, start) for bill in mine):
        return None
    at_end = definition.measure == "at_end"
    if any(late(bill, bad, end) if at_end else within(bill, bad) for bill in mine):
        return "bad"
    if not any(start <= bill["due_at"] < end for bill in mine):
        return None
    if any(within(bill, soft or bad) for bill in mine):
        return "indeterminate"
    return "good"


days = st.integers(0, 40).map(lambda n: n * DAY // 4)
bills = st.lists(
    st.fixed_dictionaries(
        {
            "subject": st.sampled_from(["a", "b"]),
            "due_at": days,
            "due_minor": st.integers(0, 5),
            "paid_minor": st.integers(0, 5),
            "paid_at": st.none() | days,
        }
    ),
    max_size=8,
)


@settings(max_examples=60, deadline=None)
@given(bills, days, st.sampled_from(["ever", "at_end"]), st.sampled_from([None, 1]))
def test_the_expression_is_the_definition(
    records: list[dict[str, Any]], as_of: int, measure: str, soft: int | None
) -> None:
    definition = OutcomeDefinition(
        window_days=5,
        bad_days_past_due=2,
        indeterminate_days_past_due=soft,
        materiality_minor=2,
        measure=measure,
        reporting_lag_days=1,
    )
    observations = [
        {"observation": i, "subject": subject, "as_of": as_of} for i, subject in enumerate("abc")
    ]
    answer = found(definition, observations, records)
    for observation in observations:
        expected = said(definition, observation, records)
        outcome, known_at, bad_at = answer[observation["observation"]]
        assert (outcome, known_at) == (expected, as_of + 6 * DAY)
        assert (bad_at is not None) == (expected == "bad" and measure == "ever")
        assert bad_at is None or as_of < bad_at <= as_of + 5 * DAY


due, half, whole = (None, 0), (3 * DAY, 50), (40 * DAY, 100)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([due], "bad"),
        ([due, half], "bad"),
        ([due, half, whole], "bad"),
        ([due, (3 * DAY, 95), whole], "good"),
        ([due, (40 * DAY, 95), (3 * DAY, 100)], "good"),
        ([due, (3 * DAY, 100), ("correction", 3 * DAY, 50)], "bad"),
        ([due, ("correction", 3 * DAY, 100)], "good"),
        ([due, (3 * DAY, 100), due], "bad"),
        ([due, ("dispute", None, 0), (3 * DAY, 100)], "good"),
        ([due, whole, ("retraction", 40 * DAY, 100)], None),
        ([due, ("retraction", None, 0), (3 * DAY, 100)], "good"),
    ],
)
def test_a_bill_paid_in_parts_is_read_part_by_part(
    told: list[tuple[Any, ...]], expected: str | None
) -> None:
    definition = OutcomeDefinition(window_days=60, bad_days_past_due=30, materiality_minor=10)
    told = [one if len(one) == 3 else ("event", *one) for one in told]
    records = [
        {"record": "bill", "subject": "a", "cause": cause, "known_at": at * DAY}
        | {"due_at": DAY, "due_minor": 100, "paid_at": paid_at, "paid_minor": paid}
        for at, (cause, paid_at, paid) in enumerate(told)
    ]
    answer = found(definition, [{"observation": 0, "subject": "a", "as_of": 0}], records)
    assert answer[0][0] == expected


def test_an_order_is_paid_when_it_is_closed() -> None:
    definition = OutcomeDefinition(window_days=60, bad_days_past_due=30, kind="order")
    observations = [{"observation": i, "subject": s, "as_of": 0} for i, s in enumerate("abcd")]
    rows = [("a", None, 0, 9), ("b", 20, 5, 0), ("c", 32, 5, 0), ("d", None, 0, 0)]
    records = [
        {"subject": s, "due_at": DAY, "value_minor": value, "deposit_waived_minor": waived}
        | {"closed_at": closed and closed * DAY}
        for s, closed, value, waived in rows
    ]
    answer = found(definition, observations, records)
    assert [answer[i][0] for i in range(4)] == ["bad", "good", "bad", "good"]


@pytest.mark.parametrize(
    ("day", "balance", "days_past_due", "status", "expected"),
    [
        (10, 100, 30, "late", "bad"),
        (10, 100, 29, "late", "indeterminate"),
        (10, 100, 9, "late", "good"),
        (10, 99, 90, "late", "good"),
        (10, 100, None, "current", "good"),
        (10, 100, None, "late", "indeterminate"),
        (10, 100, None, "default", "bad"),
        (10, 100, 0, "collection", "bad"),
        (10, 99, None, "default", "good"),
        (10, 0, None, "charged_off", "bad"),
        (60, 100, 45, "late", None),
        (-1, 100, 45, "late", None),
        (-30, 0, None, "charged_off", None),
        (-31, 100, 45, "late", "good"),
    ],
)
def test_statements_state_their_own_days_past_due_and_what_became_of_the_account(
    day: int, balance: int, days_past_due: int | None, status: str, expected: str | None
) -> None:
    definition = OutcomeDefinition(
        window_days=60,
        bad_days_past_due=30,
        indeterminate_days_past_due=10,
        materiality_minor=100,
        kind="statement",
    )
    records: list[dict[str, Any]] = [
        {"period_end": day * DAY, "balance_minor": balance, "days_past_due": days_past_due}
        | {"subject": "a", "status": status},
        *({"period_end": 20 * DAY, "balance_minor": 0, "subject": "a", "status": "current"},)
        * (day < 0),
    ]
    answer = found(definition, [{"observation": 0, "subject": "a", "as_of": 0}], records)
    assert answer[0][0] == expected
    assert answer[0][2] == (10 * DAY if expected == "bad" else None)


def test_fraud_before_the_windows_end_excludes() -> None:
    definition = OutcomeDefinition(window_days=60, bad_days_past_due=30, fraud_types=("fraud",))
    observations = [{"observation": i, "subject": s, "as_of": 0} for i, s in enumerate("ab")]
    bill = {"due_at": DAY, "due_minor": 5, "paid_minor": 5, "paid_at": DAY}
    records = [{"subject": "a", **bill}, {"subject": "b", **bill}]
    frauds = [
        {"subject": "a", "happened_at": 59 * DAY, "type": "fraud"},
        {"subject": "a", "happened_at": 1 * DAY, "type": "noise"},
        {"subject": "b", "happened_at": 60 * DAY, "type": "fraud"},
        {"subject": "b", "happened_at": 1 * DAY, "type": "fraud", "cause": "retraction"},
    ]
    answer = found(definition, observations, records, frauds)
    assert (answer[0][0], answer[1][0]) == (None, "good")


def monthly(first: str, last: str, every: int = 1) -> dict[str, Any]:
    return {"cadence_months": every, "from_month": first, "to_month": last}


def test_a_cadence_names_the_first_of_its_months_both_ends_included() -> None:
    definition = OutcomeDefinition(window_days=90, **monthly("2023-11", "2024-06", 3))
    assert [iso(at)[:10] for at in definition.moments] == ["2023-11-01", "2024-02-01", "2024-05-01"]
    assert OutcomeDefinition(window_days=90).moments == ()


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"window_days": 0}, "window_days must be positive"),
        ({"window_days": 30, "bad_days_past_due": 31}, "fit the window of 30 days"),
        ({"window_days": 365, "measure": "sometimes"}, "ever or at_end; got 'sometimes'"),
        ({"window_days": 365, "kind": "tie"}, "got 'tie'"),
        ({"window_days": 365, "cadence_months": 1}, "go together"),
        (
            {"window_days": 90} | monthly("2024-1", "2024-02"),
            "YYYY-MM, as in 2024-01; got '2024-1'",
        ),
        ({"window_days": 90} | monthly("2024-02", "2024-01"), "not lie before from_month"),
        ({"window_days": 90} | monthly("2024-01", "2024-02", 0), "1 or more; got 0"),
    ],
)
def test_nonsense_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        OutcomeDefinition(**wrong)
