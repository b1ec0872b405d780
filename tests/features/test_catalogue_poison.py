"""No feature of the catalogue moves when what was not known is added."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from benne.app.settings import AttributeTable
from benne.evidence import About, ColumnSpec, Kind, View, standard_kinds
from benne.features import attribute_features, plan, standard_catalogue
from benne.features.catalogue import CONTRACTS, INDUSTRIES
from benne.kernel import END_OF_TIME, MICROS_PER_DAY, Value
from benne.rights import LawfulBasis, permit_on_basis

Version = dict[str, Any]
History = dict[str, list[Version]]

KINDS = standard_kinds()
ATTRIBUTES = {
    "declared_number": AttributeTable("history", resolution=1.0, specials=(96.0,)),
    "declared_text": AttributeTable("behaviour", category=True),
}
CATALOGUE = (*standard_catalogue(KINDS), *attribute_features(ATTRIBUTES))
EVERYTHING = plan(CATALOGUE, KINDS)
PLAN = EVERYTHING.only(set(EVERYTHING.types) - set(EVERYTHING.of_neighbours))
"""What reads the person's own records; ``tests/contracts`` poisons what reads neighbours."""
OWN = PLAN.features
PERMIT = permit_on_basis(
    LawfulBasis("simulated", "Nobody stands behind these records."),
    purpose="lending",
    jurisdiction="plain",
    issued_at=0,
    expires_at=END_OF_TIME,
)
AS_OF = 20_000 * MICROS_PER_DAY
ACCOUNTS = ("loan-1", "loan-2", "loan-3")
ABOUT = About("account", "loan-3", "bank")

TEXTS = {
    "contract": (*CONTRACTS, "gym"),
    "industry": (*INDUSTRIES, "gambling"),
    "name": (*ATTRIBUTES, "unknown"),
    "account": ACCOUNTS,
    "instalment": ("instalment-0", "instalment-1"),
}


def a_value(rng: Random, column: ColumnSpec) -> Value:
    """A value that fits ``column``; null now and then where it may be."""
    if not column.required and rng.random() < 0.2:
        return None
    if column.type == "instant":
        return AS_OF + rng.randrange(-900, 60) * MICROS_PER_DAY + rng.randrange(MICROS_PER_DAY)
    if column.type == "text":
        return rng.choice(column.one_of or TEXTS.get(column.name, ("a", "b", "c")))
    if column.type == "bool":
        return rng.random() < 0.5
    if column.type == "float":
        return rng.choice((0.5, 96.0, float(rng.randrange(1000))))
    lowest = -5_000 if column.at_least is None else column.at_least
    highest = min(column.at_most or 10**6, lowest + 20_000)
    return rng.choice((lowest, rng.randint(lowest, highest)))


def a_version(rng: Random, kind: Kind, record: str, known_at: int) -> Version:
    return {
        "source": "bank",
        "record": record,
        "subject": "someone",
        "cause": "event",
        "known_at": known_at,
        "superseded_at": END_OF_TIME,
        "batch": 1,
        **{column.name: a_value(rng, column) for column in kind.columns},
    }


def a_history(rng: Random) -> History:
    """Some eight records a kind, each of up to three versions, known before ``AS_OF``."""
    history: History = {}
    for kind in KINDS:
        names = ACCOUNTS if kind.name == "account" else [f"{kind.name}-{i}" for i in range(8)]
        history[kind.name] = []
        for record in names:
            days = sorted(rng.sample(range(1, 900), rng.choice((1, 1, 2, 3))), reverse=True)
            for day in days:
                known_at = AS_OF - day * MICROS_PER_DAY
                supersede(history[kind.name], a_version(rng, kind, record, known_at))
    return history


def supersede(versions: list[Version], version: Version) -> None:
    """Add a newer ``version`` of a record; the one before it ends there."""
    for other in versions:
        if other["record"] == version["record"] and other["superseded_at"] == END_OF_TIME:
            other["superseded_at"] = version["known_at"]
    versions.append(version)


def poisoned(rng: Random, history: History) -> History:
    """``history`` with all that could not be known at ``AS_OF``, or must not be looked at."""
    result = {name: [dict(version) for version in rows] for name, rows in history.items()}
    for kind in KINDS:
        rows = result[kind.name]
        for version in list(rows):
            hide(rng, kind, version)
            if version["superseded_at"] == END_OF_TIME and rng.random() < 0.7:
                later = AS_OF + rng.randrange(1, 50 * MICROS_PER_DAY)
                newer = a_version(rng, kind, version["record"], later)
                newer["cause"] = rng.choice(("event", "correction", "retraction", "dispute"))
                supersede(rows, newer)
        unknown = AS_OF + rng.randrange(1, 400 * MICROS_PER_DAY)
        rows += [a_version(rng, kind, f"unknown-{i}", unknown) for i in range(3)]
        rows += descendants(rng, kind)
    return result


def hide(rng: Random, kind: Kind, version: Version) -> None:
    """Change what is tied to an instant that had not come."""
    for column in kind.columns:
        if column.known_with is None or column.name == column.known_with:
            continue
        moment = version[column.known_with]
        if moment is None or moment >= AS_OF:
            version[column.name] = a_value(rng, column)
    for column in kind.columns:
        moment = version[column.name]
        if column.name == column.known_with and (moment is None or moment >= AS_OF):
            version[column.name] = rng.choice((None, AS_OF, AS_OF + 5 * MICROS_PER_DAY))


def descendants(rng: Random, kind: Kind) -> list[Version]:
    """Known records that descend from what the observation is about."""
    if not any(column.refers == "account" for column in kind.columns):
        return []
    known_at = AS_OF - 5 * MICROS_PER_DAY
    rows = [a_version(rng, kind, f"descends-{i}", known_at) for i in range(3)]
    return [{**row, "account": ABOUT.record} for row in rows]


def values(history: History) -> dict[str, Value]:
    return PLAN.compute(history, PERMIT, View(AS_OF, about=ABOUT))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32))
def test_what_was_not_known_moves_no_feature(seed: int) -> None:
    rng = Random(seed)
    history = a_history(rng)
    before, after = values(history), values(poisoned(rng, history))
    assert {name: (v, after[name]) for name, v in before.items() if v != after[name]} == {}


PEOPLE = {f"person-{seed}": a_history(Random(seed)) for seed in range(20)}
ARROW = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "instant": pa.int64(),
}


@pytest.fixture(scope="module")
def batch() -> Iterator[duckdb.DuckDBPyConnection]:
    """A database of ``PEOPLE``, each observed at ``AS_OF`` about their third loan."""
    with duckdb.connect(config={"threads": 1}) as connection:
        for kind in KINDS:
            schema = pa.schema([(name, ARROW[of]) for name, of in kind.types.items()])
            rows = [
                {**{name: version.get(name) for name in kind.types}, "subject": person}
                for person, history in PEOPLE.items()
                for version in history[kind.name]
            ]
            connection.register(f"evidence_{kind.name}", pa.Table.from_pylist(rows, schema=schema))
        looks = {
            "observation": pa.array(range(len(PEOPLE)), pa.int64()),
            "subject": list(PEOPLE),
            "as_of": pa.array([AS_OF] * len(PEOPLE), pa.int64()),
            "about_kind": [ABOUT.kind] * len(PEOPLE),
            "about_source": [ABOUT.source] * len(PEOPLE),
            "about": [ABOUT.record] * len(PEOPLE),
        }
        connection.register("observations", pa.table(looks))
        yield connection


@pytest.mark.parametrize("kind", sorted({f.lineage[0] for f in OWN}))
def test_batch_and_in_process_agree_bit_for_bit(
    kind: str, batch: duckdb.DuckDBPyConnection
) -> None:
    some = PLAN.only(f.name for f in OWN if f.lineage[0] == kind)
    found = batch.execute(str(ibis.to_sql(some.ibis(PERMIT), dialect="duckdb")))
    names = [column[0] for column in found.description]
    rows = {row[0]: dict(zip(names, row, strict=True)) for row in found.fetchall()}
    for number, history in enumerate(PEOPLE.values()):
        expected = some.compute(history, PERMIT, View(AS_OF, about=ABOUT))
        differ = {n: (v, rows[number][n]) for n, v in expected.items() if v != rows[number][n]}
        assert differ == {}


def test_what_was_known_moves_every_feature() -> None:
    """The poison test would see a leak: no feature is the same for all histories."""
    levels: dict[str, set[Value]] = {feature.name: set() for feature in OWN}
    for seed in range(150):
        for name, value in values(a_history(Random(seed))).items():
            levels[name].add(value)
    assert [name for name, seen in levels.items() if len(seen) < 2] == []


def test_a_feature_of_nobody_is_absent_or_zero_as_it_says() -> None:
    nothing = PLAN.compute({}, PERMIT, View(AS_OF))
    for feature in OWN:
        expected = 0 if feature.absent.startswith("never absent") else None
        assert nothing[feature.name] == expected, feature.name


@pytest.mark.parametrize("kind", ["means", "tie"])
def test_a_barred_kind_takes_its_features_along(kind: str) -> None:
    allowed = frozenset(k.name for k in KINDS) - {kind}
    permit = permit_on_basis(
        PERMIT.basis,
        purpose="lending",
        jurisdiction="plain",
        issued_at=0,
        expires_at=END_OF_TIME,
        kinds=allowed,
    )
    found = PLAN.compute({}, permit, View(AS_OF))
    assert set(found) == {f.name for f in OWN if kind not in f.lineage}
