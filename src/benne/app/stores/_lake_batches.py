"""One batch: a mapping's rows read, cast, checked, split into versions and stored, or nothing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benne.app.stores._duckdb import (
    Connection,
    Sandbox,
    SelectError,
    Sources,
    Unreadable,
    nested,
)
from benne.app.stores._lake_files import BatchFails, whole
from benne.app.stores._lake_quarantine import Quarantine
from benne.app.stores._lake_right import aside_put_right, is_disputable, keep_disputes
from benne.app.stores._lake_rows import (
    JUDGED,
    ROWS_AT_A_TIME,
    STAGED,
    TOUCHED,
    content_sql,
    judge_sql,
    place_statements,
    touched_sql,
    untouched_inserts,
    versions_sql,
)
from benne.app.stores._lake_schema import evidence_table, hidden_name, key_pads, plain_name
from benne.evidence import (
    PROBLEMS,
    RAW,
    CastPlan,
    Mapping,
    literal,
    never_collected,
    plan_casts,
    quoted,
)
from benne.kernel import subject_id

Progress: TypeAlias = Callable[[str, int, "int | None"], None]
"""Told (step, done, total): rows read, parts ordered.  The total is null where nobody knows it."""

CHUNK_ROWS = 250_000
HOPELESS_ROWS = 100_000
"""A batch whose first rows, this many, all break a rule fails whole, as one finding."""
_REMEMBERED_SUBJECTS = 500_000


@dataclass(slots=True)
class Tally:
    """What a batch did, counted."""

    rows_read: int = 0
    rows_quarantined: int = 0
    versions_new: int = 0
    versions_known: int = 0
    codes: Counter[str] = field(default_factory=Counter)


class Hasher:
    """Identifiers to subjects; remembers some, since sources repeat them."""

    def __init__(self, key: bytes | None) -> None:
        self._key = key
        self._known: dict[str, str] = {}

    def column(self, identifiers: pa.ChunkedArray) -> pa.ChunkedArray:
        """The subjects of a column of identifiers; null stays null."""
        if self._key is None:
            return identifiers
        encoded = identifiers.combine_chunks().dictionary_encode()
        if isinstance(encoded, pa.ChunkedArray):
            encoded = encoded.combine_chunks()
        subjects = pa.array([self._subject(i) for i in encoded.dictionary.to_pylist()], pa.string())
        return pa.chunked_array([subjects.take(encoded.indices)])

    def _subject(self, identifier: str | None) -> str | None:
        if identifier is None or self._key is None:
            return identifier
        found = self._known.get(identifier)
        if found is None:
            if len(self._known) >= _REMEMBERED_SUBJECTS:
                self._known.clear()
            found = self._known[identifier] = subject_id(identifier, key=self._key)
        return found


@dataclass(frozen=True, slots=True)
class Batch:
    """What stays the same while a batch runs.

    ``memory_kb`` is for everything: half of it for the lake and a quarter for the select while
    rows stream; then three quarters for the lake alone.
    """

    number: int
    mapping: Mapping
    sources: Sources
    currency: str
    now: int
    key: bytes | None
    erasure_key: bytes
    spill: Path
    threads: int
    memory_kb: int
    progress: Progress


def load(lake: Connection, quarantine: Quarantine, batch: Batch) -> Tally:
    """Do all of a batch inside the open transaction of ``lake``.

    Raises:
        BatchFails: a file or the select cannot be read, or no row of many holds.
    """
    tally = Tally()
    lake.limit(batch.memory_kb // 2)
    with _sandbox(batch) as sandbox:
        plan = _plan(sandbox, batch)
        _stage(lake, quarantine, sandbox, plan, batch, tally)
        with _failing(batch.mapping):
            rejected = sandbox.rejected_lines()
    lake.limit(batch.memory_kb // 4 * 3)
    if rejected:
        tally.rows_read += len(rejected)
        tally.rows_quarantined += len(rejected)
        tally.codes["unreadable_line"] += len(rejected)
        quarantine.add_rejected(rejected)
    if tally.rows_read == 0:
        must = "the select must return at least one row"
        raise BatchFails(whole(batch.mapping, "no_rows", must, "none"))
    if tally.rows_read > tally.rows_quarantined:
        _drop_erased(lake, batch, tally)
        _resolve(lake, batch, tally)
    if tally.codes["different_content"] or tally.codes["put_right"]:
        with _sandbox(batch) as sandbox:
            _quarantine_conflicts(lake, quarantine, sandbox, plan, batch, tally)
    for table in ("staged", "touched", "judged", "placed", "conflicts"):
        lake.run(f"DROP TABLE IF EXISTS temp.{table}")
    return tally


@contextmanager
def _sandbox(batch: Batch) -> Iterator[Sandbox]:
    with _failing(batch.mapping):
        sandbox = Sandbox(
            batch.sources,
            threads=batch.threads,
            memory=f"{batch.memory_kb // 4}KB",
            spill=batch.spill,
        )
    try:
        yield sandbox
    finally:
        sandbox.close()


@contextmanager
def _failing(mapping: Mapping) -> Iterator[None]:
    """Turn what a select or its files cannot do into the finding that fails the batch."""
    try:
        yield
    except Unreadable as error:
        must = "every file must be whole, and text must be UTF-8"
        raise BatchFails(whole(mapping, "unreadable_file", must, str(error))) from error
    except SelectError as error:
        line = "" if error.line is None else f", line {error.line}"
        text = "" if error.text is None else f" at: {error.text}"
        where = f"{mapping.where or mapping.name}{line}"
        found = whole(mapping, "sql_error", "the select must run", f"{error}{text}", where=where)
        raise BatchFails(found) from error


def _plan(sandbox: Sandbox, batch: Batch) -> CastPlan:
    with _failing(batch.mapping):
        returned = sandbox.described(batch.mapping.sql)
    plan, findings = plan_casts(batch.mapping, returned, currency=batch.currency, now=batch.now)
    if plan is None:
        raise BatchFails(*findings)
    return plan


def _rows(
    sandbox: Sandbox, plan: CastPlan, batch: Batch, *, keep_raw: bool = False
) -> Iterator[pa.Table]:
    """The cast rows, numbered from 1, with subjects in place of identifiers."""
    hasher = Hasher(batch.key)
    subjects = ["subject", *(c.name for c in batch.mapping.kind.columns if c.subject)]
    sql = plan.select(nested(batch.mapping.sql), keep_raw=keep_raw)
    done = 0
    stream = sandbox.stream(sql, rows=CHUNK_ROWS)
    while True:
        with _failing(batch.mapping):
            piece = next(stream, None)
        if piece is None:
            return
        table = pa.Table.from_batches([piece])
        for name in subjects:
            index = table.schema.get_field_index(name)
            table = table.set_column(index, name, hasher.column(table[name]))
        numbers = pa.array(np.arange(done + 1, done + table.num_rows + 1, dtype=np.int64))
        done += table.num_rows
        yield table.append_column(":row", numbers)


def _stage(
    lake: Connection,
    quarantine: Quarantine,
    sandbox: Sandbox,
    plan: CastPlan,
    batch: Batch,
    tally: Tally,
) -> None:
    """Read every row: good ones into the staging table, as versions; bad ones to quarantine."""
    mapping, made = batch.mapping, False
    for table in _rows(sandbox, plan, batch):
        _demand_collectable(batch, table)
        is_bad = pc.is_valid(table[PROBLEMS])
        bad = table.filter(is_bad)
        good = table.filter(pc.invert(is_bad)).drop_columns([PROBLEMS, RAW])
        tally.rows_read += table.num_rows
        if bad.num_rows:
            tally.rows_quarantined += bad.num_rows
            tally.codes.update(quarantine.add_broken(bad, plan))
        _demand_hope(batch, tally, bad, plan)
        lake.register("chunk", good)
        versions = versions_sql(mapping, plan)
        lake.run(
            f"INSERT INTO {STAGED} {versions}"
            if made
            else f"CREATE TEMP TABLE staged AS {versions}"
        )
        lake.unregister("chunk")
        made = True
        batch.progress(f"{mapping.name}: read", tally.rows_read, None)


def _demand_collectable(batch: Batch, table: pa.Table) -> None:
    """Fail the batch where a flat table brings a variable that must never be collected."""
    if batch.mapping.kind.name == "attribute":
        names = [str(name) for name in pc.unique(table["name"]).to_pylist()]
        refused = never_collected(batch.mapping, names, batch.now)
        if refused:
            raise BatchFails(*refused)


def _demand_hope(batch: Batch, tally: Tally, bad: pa.Table, plan: CastPlan) -> None:
    if not HOPELESS_ROWS <= tally.rows_read == tally.rows_quarantined:
        return
    code, _ = tally.codes.most_common(1)[0]
    rule = next(r for r in plan.rules if r.code == code)
    got = f"{tally.rows_read:,} rows, and not one of which it holds"
    raise BatchFails(whole(batch.mapping, code, rule.must, got, column=rule.column))


def _drop_erased(lake: Connection, batch: Batch, tally: Tally) -> None:
    """Leave out what was lawfully deleted: a source that still has it must not bring it back."""
    kind, source = literal(batch.mapping.kind.name), literal(batch.mapping.source)
    happened = f"least(s.known_at, s.{quoted(batch.mapping.kind.window)})"
    named = hidden_name(plain_name(kind, source, "record"))
    mine = "(e.subject = s.subject AND e.erased_at >= s.known_at) OR (e.name = s.named"
    mine += f" AND e.erased_at >= {happened})"
    staged = f"(SELECT *, rowid, {named} AS named FROM {STAGED})"
    gone = f"SELECT s.rowid FROM {staged} s JOIN erased e ON {mine}"
    if lake.value("SELECT count(*) FROM (SELECT 1 FROM erased LIMIT 1)"):
        pads = key_pads(batch.erasure_key)
        count = lake.value(f"SELECT count(DISTINCT rowid) FROM ({gone})", pads)
        lake.run(f"DELETE FROM {STAGED} WHERE rowid IN ({gone})", pads)
        tally.codes["erased"] += count


def _resolve(lake: Connection, batch: Batch, tally: Tally) -> None:
    """Store the staged versions that are new, and end the versions that they supersede."""
    mapping = batch.mapping
    table, source = quoted(evidence_table(mapping.kind.name)), literal(mapping.source)
    before = lake.value(f"SELECT count(*) FROM {table}")
    held = lake.value(f"SELECT count(*) FROM (FROM {table} WHERE source = {source} LIMIT 1)")
    fixed = f"FROM {table} WHERE source = {source} AND cause <> 'event'"
    corrected = bool(held) and bool(lake.value(f"SELECT count(*) FROM ({fixed} LIMIT 1)"))
    lake.run(
        "CREATE OR REPLACE TEMP TABLE conflicts (record VARCHAR, known_at BIGINT, "
        'content UBIGINT, "row" BIGINT, code VARCHAR, "column" VARCHAR)'
    )
    if corrected:
        keep_disputes(lake, mapping, now=batch.now)
        aside_put_right(lake, mapping, now=batch.now)
    lake.run(touched_sql(mapping, later_batch=bool(held)))
    many = lake.value(f'SELECT count(*) FROM {STAGED} WHERE ":h" IN (SELECT h FROM {TOUCHED})')
    batch.progress(f"{mapping.name}: store", tally.rows_read, None)
    for statement in untouched_inserts(mapping, batch.number, all_of_them=not many):
        lake.run(statement)
    parts = -(-many // ROWS_AT_A_TIME)
    for part in range(parts):
        lake.run(judge_sql(mapping, part=part, parts=parts, now=batch.now, corrected=corrected))
        for statement in place_statements(mapping, batch.number):
            lake.run(statement)
        lake.run(
            'INSERT INTO temp.conflicts SELECT record, known_at, content, "row", '
            f"'different_content', NULL FROM {JUDGED} WHERE verdict = 'conflict'"
        )
        tally.versions_known += lake.value(f"SELECT count(*) FROM {JUDGED} WHERE verdict = 'known'")
        batch.progress(f"{mapping.name}: order", part + 1, parts)
    tally.versions_new = lake.value(f"SELECT count(*) FROM {table}") - before
    by_row = 'SELECT "row", min_by(code, known_at) AS code FROM temp.conflicts GROUP BY "row"'
    for code, rows in lake.rows(f"SELECT code, count(*) FROM ({by_row}) GROUP BY code"):
        tally.codes[code] += rows
        tally.rows_quarantined += rows


def _quarantine_conflicts(
    lake: Connection,
    quarantine: Quarantine,
    sandbox: Sandbox,
    plan: CastPlan,
    batch: Batch,
    tally: Tally,
) -> None:
    """Read the rows again, for the raw values of those that say something else than before."""
    content = content_sql(batch.mapping.kind)
    mapping = batch.mapping
    same = "TRUE" if is_disputable(mapping.kind) else "v.content = k.content"
    found = 0
    for table in _rows(sandbox, plan, batch, keep_raw=True):
        lake.register("chunk", table.filter(pc.is_null(table[PROBLEMS])))
        versions = versions_sql(mapping, plan)
        conflicts = lake.arrow(
            f'SELECT c.":row" AS "row", c.record, c.{quoted(RAW)} AS raw, '
            "min(v.known_at) AS known_at, min_by(k.code, v.known_at) AS code, "
            'min_by(k."column", v.known_at) AS "column" '
            f"FROM (SELECT *, {content} AS content FROM ({versions})) v "
            'JOIN temp.conflicts k ON k."row" = v.":row" AND v.record = k.record '
            f"AND v.known_at = k.known_at AND {same} "
            'JOIN chunk c ON c.":row" = v.":row" GROUP BY ALL ORDER BY ALL'
        )
        lake.unregister("chunk")
        found += quarantine.add_conflicts(conflicts)
    if found != tally.codes["different_content"] + tally.codes["put_right"]:
        must = "the select must return the same rows when it is read twice"
        raise BatchFails(whole(mapping, "sql_error", must, "other rows the second time"))
