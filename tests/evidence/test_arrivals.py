"""What arrives alone is checked as what arrives in a batch is: the lake accepts what we accept."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from benne.app.stores import Lake
from benne.evidence import Arrival, Finding, Rules, arrival, parse_mapping, standard_kinds
from benne.kernel import iso, parse_instant

KINDS = {kind.name: kind for kind in standard_kinds()}
NOW = parse_instant("2026-03-01")
RULES = Rules("EUR", "plain", NOW)
GOOD = {
    "record": "r", "subject": "s", "due_at": "2026-01-31T09:30:00+02:00", "account": 17,
    "due_minor": 100.0, "paid_minor": 0, "paid_at": None, "currency": "EUR",
}  # fmt: skip


def codes(changes: dict[str, Any], kind: str = "instalment", good: Any = None) -> set[str]:
    made = arrival({**(good or GOOD), **changes}, kind=KINDS[kind], source="bank", rules=RULES)
    return set() if isinstance(made, Arrival) else {finding.code for finding in made}


def test_a_good_record_is_cast() -> None:
    made = arrival(GOOD, kind=KINDS["instalment"], source="bank", rules=RULES)
    assert isinstance(made, Arrival)
    assert made.values == {
        "due_at": parse_instant("2026-01-31T07:30:00Z"), "account": "17", "due_minor": 100,
        "paid_minor": 0, "paid_at": None,
    }  # fmt: skip
    assert (made.record, made.cause) == ("r", "event")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"record": None}, "null_record"),
        ({"record": "  "}, "null_record"),
        ({"subject": None}, "null_subject"),
        ({"due_at": None}, "missing"),
        ({"due_at": "2026-01-31T09:30:00"}, "naive_time"),
        ({"due_at": "31.1.2026"}, "unparsable_time"),
        ({"due_at": 1_700_000_000}, "wrong_type"),
        ({"due_at": "0001-01-01T00:00:00+09:00"}, "out_of_range"),
        ({"due_minor": 1.5}, "fractional"),
        ({"due_minor": float("nan")}, "not_finite"),
        ({"due_minor": 2**63}, "overflow"),
        ({"due_minor": -1}, "negative"),
        ({"due_minor": True}, "wrong_type"),
        ({"due_minor": "100"}, "wrong_type"),
        ({"due_minor": [1]}, "wrong_type"),
        ({"account": {"a": 1}}, "wrong_type"),
        ({"account": "a\0b"}, "wrong_type"),
        ({"account": "\ud800"}, "wrong_type"),
        ({"record": "x" * 1_001}, "out_of_range"),
        ({"paid_at": "2026-03-02"}, "future_time"),
        ({"cause": "mistake"}, "not_allowed"),
        ({"currency": "USD"}, "second_currency"),
        ({"known_at": "2020-01-01"}, "not_historical"),
        ({"colour": "red"}, "unknown_column"),
        ({"fathers_religion": "none"}, "never_collect"),
    ],
)
def test_what_breaks_a_rule_is_a_finding(changes: dict[str, Any], code: str) -> None:
    rules = Rules("EUR", "CN", NOW)
    made = arrival({**GOOD, **changes}, kind=KINDS["instalment"], source="b", rules=rules, row=3)
    assert isinstance(made, tuple)
    assert [(found.code, found.row) for found in made] == [(code, 3)]
    assert "\n" not in str(made[0])


def test_a_retraction_needs_no_values() -> None:
    bare = {"record": "r", "subject": "s", "cause": "retraction"}
    assert codes({}, good=bare) == set()
    assert codes({"cause": "event"}, good=bare) == {"missing"}


def test_every_problem_is_told_at_once() -> None:
    made = arrival({"colour": 1}, kind=KINDS["instalment"], source="bank", rules=RULES)
    assert not isinstance(made, Arrival)
    assert len({(f.code, f.column) for f in made}) == len(made) == 7
    assert all(isinstance(f, Finding) for f in made)


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lake]:
    path: Path = tmp_path_factory.mktemp("lake") / "lake.duckdb"
    with Lake.open(path, threads=1, memory="300MB") as opened:
        yield opened


INSTANTS = st.none() | st.integers(NOW - 10**13, NOW + 10**13).map(iso)
WHOLES = st.none() | st.integers(-3, 10**4)
TEXTS = st.none() | st.sampled_from(["", " ", "a", " b ", "event", "mistake", "correction"])
RECORDS = st.fixed_dictionaries(
    {
        "subject": TEXTS, "cause": TEXTS, "due_at": INSTANTS, "account": TEXTS,
        "due_minor": WHOLES, "paid_minor": WHOLES, "paid_at": INSTANTS,
    }
)  # fmt: skip
TYPES = {"due_minor": pa.int64(), "paid_minor": pa.int64()}
NUMBERS = iter(range(10**9))


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(RECORDS, min_size=15, max_size=40))
def test_one_at_a_time_and_as_a_batch_the_same_is_accepted(
    lake: Lake, records: list[dict[str, Any]]
) -> None:
    rows = [{"record": f"r{next(NUMBERS)}", **record} for record in records]
    kind = KINDS["instalment"]
    made = [arrival(row, kind=kind, source="bank", rules=RULES) for row in rows]
    schema = pa.schema([(name, TYPES.get(name, pa.string())) for name in rows[0]])
    text = '-- ---\n-- source = "bank"\n-- ---\nselect * from t'
    mapping = parse_mapping(text, where="instalment.sql", kinds=KINDS.values())
    lake.ingest(mapping, {"t": pa.Table.from_pylist(rows, schema=schema)}, currency="EUR", now=NOW)
    names = ", ".join(["record", "subject", "cause", *(c.name for c in kind.columns)])
    first, last = rows[0]["record"], rows[-1]["record"]
    held = lake.query(
        f"SELECT {names} FROM evidence_instalment WHERE CAST(record[2:] AS BIGINT) "
        f"BETWEEN {first[1:]} AND {last[1:]} ORDER BY CAST(record[2:] AS BIGINT)"
    ).to_pylist()
    ours: list[dict[str, Any]] = [
        {"record": one.record, "subject": one.subject, "cause": one.cause, **one.values}
        for one in made
        if isinstance(one, Arrival)
    ]
    assert held == ours
