"""From the rows of a cast plan to versions: the SQL of a batch, in the order in which it runs."""



from __future__ import annotations

from collections.abc import Iterator

from benne.app.stores._lake_schema import (
    GROUP_COLUMNS,
    VERSION_COLUMNS,
    evidence_table,
    groups_table,
    own_columns,
)
from benne.evidence import LATER, CastPlan, Kind, Mapping, literal, quoted
from benne.kernel import END_OF_TIME

STAGED, TOUCHED, JUDGED, PLACED = "temp.staged", "temp.touched", "temp.judged", "temp.placed"
ROWS_AT_A_TIME = 4_000_000
"""Versions of touched records that are ordered at a time: what bounds memory."""


def content_sql(kind: Kind) -> str:
    """A hash of what a version says: of its subject, its cause and every column that is there.

    64 bits of an MD5, against accidents and not against attack.  A null column adds nothing,
    so that a kind can gain a column and old versions keep their hash.
    """
    parts = ["'cause=' || cause", _tagged("subject", "VARCHAR")]
    for group in (False, True):
        parts += [_tagged(*column) for column in own_columns(kind, group=group).items()]
    return f"md5_number_lower(concat({', '.join(parts)}))"


def _tagged(name: str, sql_type: str) -> str:
    text = quoted(name)
    if sql_type == "VARCHAR":
        text = f"length({text}) || ':' || {text}"
    return f"{literal(f';{name}=')} || {text}"


def versions_sql(mapping: Mapping, plan: CastPlan) -> str:
    """The versions that the rows of ``chunk`` hold, each ended by the next of the same row."""
    kind = mapping.kind
    own = [*own_columns(kind, group=False), *own_columns(kind, group=True)]
    head = 'hash(record) AS h, "row", record, subject, cause'
    tail = f"{content_sql(kind)} AS content, {', '.join(map(quoted, own))}"
    if not plan.later:
        return f"SELECT {head}, known_at, {END_OF_TIME} AS superseded_at, {tail} FROM chunk"
    brought = {name: i for i, names in enumerate(plan.later) for name in names}
    masked = ", ".join(
        f"CASE WHEN {LATER}{brought[name]} IS NULL OR {LATER}{brought[name]} <= known_at "
        f"THEN {quoted(name)} END AS {quoted(name)}"
        if name in brought
        else quoted(name)
        for name in own
    )
    instants = ", ".join(["known_at", *(f"{LATER}{i}" for i in range(len(plan.later)))])
    moments = f"list_sort(list_distinct([{instants}]))"
    return (
        f"SELECT {head}, known_at, superseded_at, {tail} FROM ("
        f'SELECT record, subject, cause, "row", known_at, superseded_at, {masked} FROM ('
        f"SELECT * REPLACE (moments[n] AS known_at), "
        f"coalesce(moments[n + 1], {END_OF_TIME}) AS superseded_at FROM ("
        f"SELECT *, unnest(generate_series(1, len(moments))) AS n FROM ("
        f"SELECT *, {moments} AS moments FROM chunk))))"
    )


def touched_sql(mapping: Mapping, *, later_batch: bool) -> str:
    """Hashes of the records that have versions in several rows, or in the lake already."""
    sql = (
        f"CREATE OR REPLACE TEMP TABLE touched AS "
        f'SELECT h FROM {STAGED} GROUP BY h HAVING min("row") <> max("row")'
    )
    if later_batch:
        table = quoted(evidence_table(mapping.kind.name))
        sql += (
            f" UNION SELECT hash(record) AS h FROM {table} WHERE source = "
            f"{literal(mapping.source)} AND hash(record) IN (SELECT h FROM {STAGED})"
        )
    return sql


def untouched_inserts(mapping: Mapping, batch: int) -> Iterator[str]:
    """Store the versions of records that only one row speaks of."""
    rows = f"(SELECT * FROM {STAGED} s ANTI JOIN {TOUCHED} t ON s.h = t.h)"
    yield from _inserts(mapping, batch, rows)


def judge_sql(mapping: Mapping, *, part: int, parts: int, now: int) -> str:
    """Say of each touched version whether it is old, new, known already, or in conflict.

    Of versions with the same record and ``known_at`` the one in the lake, or else that of the
    first row, stands.  A version known from now on says nothing new where the record's last
    says the same.
    """
    inside = f"IN (SELECT h FROM {TOUCHED}) AND {{h}} % {parts} = {part}"
    table = quoted(evidence_table(mapping.kind.name))
    return f"""CREATE OR REPLACE TEMP TABLE judged AS
        SELECT *, CASE
            WHEN NOT fresh THEN 'old'
            WHEN known_at = {now} AND content = last_content THEN 'known'
            WHEN nth = 1 THEN 'new'
            WHEN content = first_content THEN 'known'
            ELSE 'conflict' END AS verdict
        FROM (SELECT *,
            row_number() OVER same AS nth,
            first_value(content) OVER same AS first_content,
            arg_max(content, known_at) FILTER (NOT fresh) OVER (PARTITION BY record) AS last_content
            FROM (
                SELECT rowid AS rid, TRUE AS fresh, record, known_at, content, "row"
                FROM {STAGED} WHERE h {inside.format(h="h")}
                UNION ALL
                SELECT rowid, FALSE, record, known_at, content, NULL
                FROM {table} WHERE source = {literal(mapping.source)}
                AND hash(record) {inside.format(h="hash(record)")})
            WINDOW same AS (PARTITION BY record, known_at ORDER BY fresh, "row"))"""


def place_statements(mapping: Mapping, batch: int) -> Iterator[str]:
    """Store the new versions among the judged, and end those that they supersede."""
    yield f"""CREATE OR REPLACE TEMP TABLE placed AS
        SELECT rid, fresh, lead(known_at, 1, {END_OF_TIME})
            OVER (PARTITION BY record ORDER BY known_at) AS ended
        FROM {JUDGED} WHERE verdict IN ('old', 'new')"""
    yield from _inserts(
        mapping,
        batch,
        f"(SELECT s.* REPLACE (p.ended AS superseded_at) FROM {STAGED} s "
        f"JOIN {PLACED} p ON s.rowid = p.rid AND p.fresh)",
    )
    table = quoted(evidence_table(mapping.kind.name))
    yield (
        f"UPDATE {table} SET superseded_at = p.ended FROM {PLACED} p "
        f"WHERE NOT p.fresh AND {table}.rowid = p.rid AND {table}.superseded_at <> p.ended"
    )


def _inserts(mapping: Mapping, batch: int, rows: str) -> Iterator[str]:
    kind = mapping.kind
    fixed = {"source": literal(mapping.source), "batch": str(batch)}
    own = own_columns(kind, group=False)
    yield _insert(evidence_table(kind.name), [*VERSION_COLUMNS, *own], fixed, rows)
    groups = own_columns(kind, group=True)
    if groups:
        said = " OR ".join(f"{quoted(name)} IS NOT NULL" for name in groups)
        yield (
            _insert(groups_table(kind.name), [*GROUP_COLUMNS, *groups], fixed, rows)
            + f" WHERE {said}"
        )


def _insert(table: str, columns: list[str], fixed: dict[str, str], rows: str) -> str:
    names = ", ".join(map(quoted, columns))
    values = ", ".join(fixed.get(name, quoted(name)) for name in columns)
    return f"INSERT INTO {quoted(table)} ({names}) SELECT {values} FROM {rows}"
