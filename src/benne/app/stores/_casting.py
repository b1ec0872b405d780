"""A user's select, cast and checked as evidence is, but returned and not stored."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from benne.app.stores._duckdb import Sandbox, SelectError, Sources, nested
from benne.app.stores._lake_batches import Hasher
from benne.app.stores._lake_files import line_finding
from benne.evidence import PROBLEMS, RAW, CastPlan, Finding, Mapping, plan_casts
from benne.kernel import InvalidInput


def cast_rows(
    mapping: Mapping,
    sources: Sources,
    *,
    currency: str,
    now: int,
    key: bytes | None,
    spill: Path,
    threads: int,
    memory: str,
) -> tuple[pa.Table, tuple[Finding, ...]]:
    """The good rows of ``mapping``'s select, and a finding for each rule that a bad one breaks.

    ``record`` need not be returned: rows are numbered from 1, in the order of the select.

    Raises:
        InvalidInput: the select cannot be run (with its line), or lacks a column.
    """
    sandbox = Sandbox(sources, threads=threads, memory=memory, spill=spill)
    try:
        try:
            returned = sandbox.described(mapping.sql)
        except SelectError as error:
            line = "" if error.line is None else f", line {error.line} ({error.text})"
            raise InvalidInput(f"{mapping.where}{line}: {error}") from error
        plan, findings = plan_casts(
            mapping, {**returned, "record": "BIGINT"}, currency=currency, now=now
        )
        if plan is None:
            raise InvalidInput(" ".join(map(str, findings)))
        numbered = f"SELECT *, row_number() OVER () AS record FROM ({nested(mapping.sql)})"
        batches = list(sandbox.stream(plan.select(numbered), rows=100_000))
        rejected = [line_finding(mapping, line) for line in sandbox.rejected_lines()]
        if not batches:
            raise InvalidInput(f"{mapping.where} must return at least one row; got none.")
        table = pa.Table.from_batches(batches)
    finally:
        sandbox.close()
    subjects = table.schema.get_field_index("subject")
    table = table.set_column(subjects, "subject", Hasher(key).column(table["subject"]))
    is_bad = pc.is_valid(table[PROBLEMS])
    good = table.filter(pc.invert(is_bad)).drop_columns([PROBLEMS, RAW])
    return good, (*rejected, *_findings(table.filter(is_bad), plan, mapping))


def _findings(bad: pa.Table, plan: CastPlan, mapping: Mapping) -> list[Finding]:
    rows: list[dict[str, Any]] = bad.select(["record", PROBLEMS, RAW]).to_pylist()
    return [
        Finding(
            rule.code,
            mapping.source,
            mapping.kind.name,
            rule.must,
            row[RAW],
            rule.column,
            row=int(row["record"]),
            where=mapping.where,
        )
        for row in rows
        for rule in (plan.rules[number] for number in row[PROBLEMS])
    ]
