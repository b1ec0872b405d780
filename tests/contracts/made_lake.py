"""A lake in memory that holds what was made, to run a plan over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import duckdb
import ibis
import pyarrow as pa
from made_histories import KINDS, PERMIT, Case

from benne.evidence import View, observations_table
from benne.features import Plan
from benne.kernel import Type

ARROW: dict[Type, pa.DataType] = {
    "text": pa.string(),
    "int": pa.int64(),
    "float": pa.float64(),
    "bool": pa.bool_(),
    "instant": pa.int64(),
}
Look = tuple[Case, View]


def evidence_tables(cases: Iterable[Case]) -> dict[str, pa.Table]:
    """The versions of all cases, a table for each kind."""
    cases = tuple(cases)
    tables = {}
    for kind in KINDS.values():
        schema = pa.schema([(name, ARROW[of]) for name, of in kind.types.items()])
        rows = [version for case in cases for version in case.history[kind.name]]
        tables[f"evidence_{kind.name}"] = pa.Table.from_pylist(rows, schema=schema)
    return tables


def observations(looks: Sequence[Look], *, general: bool) -> pa.Table:
    """A row for each look, numbered in order."""
    rows = [
        {
            "observation": number,
            "subject": case.subject,
            "as_of": view.as_of,
            "about_kind": view.about.kind if view.about else None,
            "about_source": view.about.source if view.about else None,
            "about": view.about.record if view.about else None,
            "known_by": view.known_by,
            "batch": view.batch,
        }
        for number, (case, view) in enumerate(looks)
    ]
    schema = observations_table(general=general).schema().to_pyarrow()
    return pa.Table.from_pylist(
        [{name: row[name] for name in schema.names} for row in rows], schema=schema
    )


_SQL: dict[tuple[int, bool], tuple[Plan, str]] = {}


def sql_of(plan: Plan, *, general: bool) -> str:
    """The plan as DuckDB's SQL, made once."""
    key = (id(plan), general)
    if key not in _SQL:
        expression = plan.ibis(PERMIT, observations_table(general=general))
        _SQL[key] = plan, str(ibis.to_sql(expression, dialect="duckdb", pretty=False))
    return _SQL[key][1]


def in_duckdb(sql: str, looks: Sequence[Look], *, general: bool) -> list[dict[str, Any]]:
    """The features of each look, by DuckDB."""
    cases = {case.subject: case for case, _ in looks}.values()
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, table in evidence_tables(cases).items():
            connection.register(name, table)
        connection.register("observations", observations(looks, general=general))
        rows = connection.sql(sql).to_arrow_table().to_pylist()
    rows.sort(key=lambda row: row["observation"])
    assert [row.pop("observation") for row in rows] == list(range(len(looks)))
    return rows
