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


def versions_sql(mapping: Mapping, plan: CastPlan) -> str:
    """The versions that the rows of ``chunk`` hold, each ended by the next of the same row."""
    first = _version_sql(mapping.kind, plan, "known_at", "TRUE")
    others = []
    for number in range(len(plan.later)):
        moment = quoted(f"{LATER}{number}")
        is_new = [f"{moment} > known_at"]
        is_new += [f"{moment} IS DISTINCT FROM {quoted(f'{LATER}{i}')}" for i in range(number)]
        others.append(_version_sql(mapping.kind, plan, moment, " AND ".join(is_new)))
    return " UNION ALL ".join([first, *others])


def _version_sql(kind: Kind, plan: CastPlan, moment: str, condition: str) -> str:
    """What was known at ``moment``: a column that some instant brings is null before it."""
    brought = {name: quoted(f"{LATER}{i}") for i, names in enumerate(plan.later) for name in names}
    own = [*own_columns(kind, group=False), *own_columns(kind, group=True)]
    columns = ", ".join(
        f"CASE WHEN {brought[name]} IS NULL OR {brought[name]} <= {moment} "
        f"THEN {quoted(name)} END AS {quoted(name)}"
        if name in brought
        else quoted(name)
        for name in own
    )
    instants = [quoted(f"{LATER}{i}") for i in range(len(plan.later))]
    nexts = [f"CASE WHEN {instant} > {moment} THEN {instant} END" for instant in instants]
    ended = f"least({', '.join([str(END_OF_TIME), *nexts])})"
    return (
        f'SELECT hash(record) AS ":h", ":row", record, subject, cause, {moment} AS known_at, '
        f"{ended} AS superseded_at, {columns} FROM chunk WHERE {condition}"
    )


def touched_sql(mapping: Mapping, *, later_batch: bool) -> str:
    """Hashes of the records that have versions in several rows, or in the lake already."""
    sql = (
        f"CREATE OR REPLACE TEMP TABLE touched AS "
        f'SELECT ":h" AS h FROM {STAGED} GROUP BY ":h" HAVING min(":row") <> max(":row")'
    )
    if later_batch:
        table = quoted(evidence_table(mapping.kind.name))
        sql += (
            f" UNION SELECT hash(record) AS h FROM {table} WHERE source = "
            f'{literal(mapping.source)} AND hash(record) IN (SELECT ":h" FROM {STAGED})'
        )
    return sql


def untouched_inserts(mapping: Mapping, batch: int, *, all_of_them: bool) -> Iterator[str]:
    """Store the versions of records that only one row speaks of."""
    rows = f'(SELECT * FROM {STAGED} s ANTI JOIN {TOUCHED} t ON s.":h" = t.h)'
    yield from _inserts(mapping, batch, STAGED if all_of_them else rows)


def judge_sql(mapping: Mapping, *, part: int, parts: int, now: int, corrected: bool = False) -> str:
    """Say of each touched version whether it is old, new, known already, or in conflict.

    Of versions with the same record and ``known_at`` the one in the lake, or else that of the
    first row, stands.  A version known from now on says nothing new where the record's last
    says the same; nor where one says it that was ``corrected`` or retracted since, as a source
    does that still has the old.  ``content`` is stored nowhere.
    """
    content = content_sql(mapping.kind)
    past = corrected_sql(mapping, content) if corrected else "FALSE"
    inside = f"IN (SELECT h FROM {TOUCHED}) AND {{h}} % {parts} = {part}"
    return f"""CREATE OR REPLACE TEMP TABLE judged AS
        SELECT *, CASE
            WHEN NOT fresh THEN 'old'
            WHEN known_at = {now} AND content = last_content THEN 'known'
            WHEN known_at = {now} AND {past} THEN 'known'
            WHEN nth = 1 THEN 'new'
            WHEN content = first_content THEN 'known'
            ELSE 'conflict' END AS verdict
        FROM (SELECT *,
            row_number() OVER same AS nth,
            first_value(content) OVER same AS first_content,
            arg_max(content, known_at) FILTER (NOT fresh) OVER (PARTITION BY record)
                AS last_content
            FROM (
                SELECT rowid AS rid, TRUE AS fresh, record, known_at, {content} AS content,
                    ":row" AS "row"
                FROM {STAGED} WHERE ":h" {inside.format(h='":h"')}
                UNION ALL
                SELECT ":rid", FALSE, record, known_at, {content}, NULL
                FROM {held_sql(mapping)} WHERE hash(record) {inside.format(h="hash(record)")})
            WINDOW same AS (PARTITION BY record, known_at ORDER BY fresh, "row"))"""


def corrected_sql(mapping: Mapping, content: str) -> str:
    """Whether a correction or a retraction put right the content that a version has."""
    held = held_sql(mapping)
    return (
        f"(record, content) IN (SELECT record, {content} FROM {held} JOIN (SELECT record, "
        f"max(known_at) AS fixed FROM {held} WHERE cause IN ('correction', 'retraction') "
        "GROUP BY record) USING (record) WHERE known_at < fixed)"
    )


def content_sql(kind: Kind) -> str:
    """A hash of all that a version says, for comparing within one query run."""
    own = [*own_columns(kind, group=False), *own_columns(kind, group=True)]
    return f"hash(subject, cause, {', '.join(map(quoted, own))})"


def held_sql(mapping: Mapping) -> str:
    """The source's versions in the lake, with their group columns."""
    kind, source = mapping.kind, literal(mapping.source)
    table = quoted(evidence_table(kind.name))
    versions = f'SELECT rowid AS ":rid", * FROM {table} WHERE source = {source}'
    groups = own_columns(kind, group=True)
    if not groups:
        return f"({versions})"
    names = ", ".join(map(quoted, ["record", "known_at", *groups]))
    apart = f"SELECT {names} FROM {quoted(groups_table(kind.name))} WHERE source = {source}"
    return f"(FROM ({versions}) LEFT JOIN ({apart}) USING (record, known_at))"


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
