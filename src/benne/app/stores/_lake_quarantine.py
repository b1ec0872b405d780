"""The quarantine: rows that break a rule, kept with what they break until they are mended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping as MappingOf, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from benne.app.stores._duckdb import Connection, RejectedLine
from benne.app.stores._lake_files import line_finding
from benne.app.stores._lake_schema import evidence_table
from benne.evidence import PROBLEMS, RAW, CastPlan, Finding, Mapping, quoted
from benne.kernel import InvalidInput, NotFound, canonical_json, iso

_ENTRY = pa.schema(
    [
        ("entry", pa.int64()),
        ("batch", pa.int64()),
        ("source", pa.string()),
        ("kind", pa.string()),
        ("mapping", pa.string()),
        ("row", pa.int64()),
        ("record", pa.string()),
        ("raw", pa.string()),
        ("mended", pa.string()),
        ("status", pa.string()),
    ]
)
_FINDING = pa.schema(
    [(name, pa.string()) for name in ("code", "column", "must", "got", "place")]
).insert(0, pa.field("entry", pa.int64()))


_LINE = "(line)"
_WAITING = "status = 'open' AND source = ? AND kind = ? AND mapping = ?"


@dataclass(frozen=True, slots=True)
class Entry:
    """A quarantined row: its raw values as they came and as they were mended, and its findings.

    ``raw`` is null for a batch that failed whole.  ``status`` is ``open``, ``replayed`` (its row
    is evidence now), ``dismissed`` (a person said so) or ``resolved`` (what could not be read,
    a batch or a line of a file, was read again later; a row's record came sound in a later batch).
    """

    entry: int
    batch: int
    source: str
    kind: str
    mapping: str
    row: int | None
    record: str | None
    raw: MappingOf[str, str | None] | None
    mended: MappingOf[str, str | None] | None
    status: str
    findings: tuple[Finding, ...]


class Quarantine:
    """Writes the quarantine of one batch.

    ``entries`` names, for a replay, the entry that each row (from 1) came from: a row that
    still breaks a rule keeps its entry, with new findings.
    """

    def __init__(
        self, lake: Connection, mapping: Mapping, batch: int, *, entries: Sequence[int] = ()
    ) -> None:
        self._lake, self._mapping, self._batch = lake, mapping, batch
        self._entries = entries
        self._next = lake.value("SELECT coalesce(max(entry), 0) + 1 FROM quarantine")
        self.kept: set[int] = set()

    def add_broken(self, rows: pa.Table, plan: CastPlan) -> Counter[str]:
        """Keep rows that break rules of the plan; how often each code was found."""
        counts: Counter[str] = Counter()
        entries, findings = [], []
        for row in rows.select([":row", "record", PROBLEMS, RAW]).to_pylist():
            raw = json.loads(row[RAW])
            entry = self._entry(row[":row"], row["record"], row[RAW])
            entries.append(entry)
            for number in row[PROBLEMS]:
                rule = plan.rules[number]
                value = raw.get(plan.names.get(rule.column, rule.column))
                got = "null" if value is None else repr(value)
                findings.append(self._finding(entry, rule.code, rule.column, rule.must, got))
                counts[rule.code] += 1
        self._write(entries, findings)
        return counts

    def add_conflicts(self, rows: pa.Table) -> int:
        """Keep rows that say something else than a version with the same ``known_at``, or what
        was put right as it was before."""
        entries: dict[int, dict[str, Any]] = {}
        findings = []
        for row in rows.to_pylist():
            entry = entries.get(row["row"])
            if entry is None:
                entry = self._entry(row["row"], row["record"], row["raw"])
                entries[row["row"]] = entry
                findings.append(self._finding(entry, row["code"], *_conflict(row)))
        self._write(list(entries.values()), findings)
        return len(entries)

    def add_rejected(self, lines: Iterable[RejectedLine]) -> None:
        """Keep the lines of CSV files that are no rows."""
        entries, findings = [], []
        for line in lines:
            entry = self._entry(None, None, canonical_json({_LINE: line.text}))
            entries.append(entry)
            f = line_finding(self._mapping, line)
            findings.append(self._finding(entry, f.code, None, f.must, f.got, place=f.where))
        self._write(entries, findings)

    def add_failure(self, failures: Iterable[Finding]) -> None:
        """Keep the findings for which the whole batch failed."""
        entry = self._entry(None, None, None)
        rows = [
            self._finding(entry, f.code, f.column, f.must, f.got, place=f.where) for f in failures
        ]
        self._write([entry], rows)

    def _entry(self, row: int | None, record: str | None, raw: str | None) -> dict[str, Any]:
        if self._entries and row is not None:
            number = self._entries[row - 1]
        else:
            number, self._next = self._next, self._next + 1
        self.kept.add(number)
        return {
            "entry": number,
            "batch": self._batch,
            "source": self._mapping.source,
            "kind": self._mapping.kind.name,
            "mapping": self._mapping.name,
            "row": row,
            "record": record,
            "raw": raw,
            "mended": None,
            "status": "open",
        }

    def _finding(
        self,
        entry: dict[str, Any],
        code: str,
        column: str | None,
        must: str,
        got: str,
        *,
        place: str = "",
    ) -> dict[str, Any]:
        return {
            "entry": entry["entry"],
            "code": code,
            "column": column,
            "must": must,
            "got": got,
            "place": place or self._mapping.where,
        }

    def _not_waiting(
        self, entries: list[dict[str, Any]], findings: list[dict[str, Any]]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Without the rows that wait already since an earlier batch, word for word."""
        self._lake.register("broken_rows", pa.Table.from_pylist(entries, schema=_ENTRY))
        held = self._lake.rows(
            "SELECT n.entry FROM broken_rows n SEMI JOIN quarantine q ON n.raw = q.raw "
            "AND n.source = q.source AND n.kind = q.kind AND n.mapping = q.mapping "
            "AND q.status = 'open' AND q.batch < n.batch"
        )
        known = {entry for (entry,) in held}
        return (
            [row for row in entries if row["entry"] not in known],
            [row for row in findings if row["entry"] not in known],
        )

    def _write(self, entries: list[dict[str, Any]], findings: list[dict[str, Any]]) -> None:
        if not entries:
            return
        lake = self._lake
        if not self._entries:
            entries, findings = self._not_waiting(entries, findings)
        lake.register("broken", pa.Table.from_pylist(findings, schema=_FINDING))
        if self._entries:
            lake.run("DELETE FROM findings WHERE entry IN (SELECT entry FROM broken)")
        else:
            lake.register("broken_rows", pa.Table.from_pylist(entries, schema=_ENTRY))
            lake.run("INSERT INTO quarantine SELECT * FROM broken_rows")
            lake.unregister("broken_rows")
        lake.run("INSERT INTO findings SELECT * FROM broken")
        lake.unregister("broken")


def _conflict(row: MappingOf[str, Any]) -> tuple[str | None, str, str]:
    """The column of a conflict, what must hold, and what came."""
    if row["code"] == "put_right":
        column = row["column"]
        must = "what was put right must not be said again as it was before"
        was = "a record that was retracted" if column == "record" else f"the {column} of before"
        return column, must, was
    known = iso(row["known_at"])
    must = "a record must say one thing at one known_at"
    return None, must, f"other content than the version known at {known}"


def close_unreadable(lake: Connection, mapping: Mapping, files: Iterable[str]) -> None:
    """Resolve what could not be read before, now that a batch reads it again."""
    lake.run(
        f"UPDATE quarantine SET status = 'resolved' WHERE {_WAITING} AND raw IS NULL",
        [mapping.source, mapping.kind.name, mapping.name],
    )
    for file in files:
        lake.run(
            f"UPDATE quarantine SET status = 'resolved' WHERE {_WAITING} AND entry IN (SELECT "
            "entry FROM findings WHERE code = 'unreadable_line' AND starts_with(place, ? || ', '))",
            [mapping.source, mapping.kind.name, mapping.name, file],
        )


def close_overtaken(lake: Connection, mapping: Mapping, batch: int) -> None:
    """Resolve rows of earlier batches whose record this ``batch`` brought, sound and for the first
    time (or after it was said as it was before it was put right): the source mended them itself."""
    where = [mapping.source, mapping.kind.name, mapping.name, batch]
    waiting = f"{_WAITING} AND record IS NOT NULL AND batch < ?"
    if not lake.value(f"SELECT count(*) FROM quarantine WHERE {waiting}", where):
        return
    table = quoted(evidence_table(mapping.kind.name))
    right = "entry IN (SELECT entry FROM findings WHERE code = 'put_right')"
    for also, brought in (("TRUE", "min"), (right, "max")):
        lake.run(
            f"UPDATE quarantine SET status = 'resolved' WHERE {waiting} AND {also} AND record IN "
            f"(SELECT record FROM {table} WHERE source = ? GROUP BY record "
            f"HAVING {brought}(batch) = ?)",
            [*where, mapping.source, batch],
        )


def entries_of(
    lake: Connection, *, status: str | None = "open", entry: int | None = None, limit: int = 1000
) -> tuple[Entry, ...]:
    """Quarantined rows with their findings, oldest first, ``limit`` at most."""
    held = lake.rows(
        'SELECT entry, batch, source, kind, mapping, "row", record, raw, mended, status '
        "FROM quarantine WHERE coalesce(status = $1, TRUE) AND coalesce(entry = $2, TRUE) "
        "ORDER BY entry LIMIT $3",
        [status, entry, limit],
    )
    found: dict[int, list[Finding]] = {row[0]: [] for row in held}
    by_entry = {row[0]: row for row in held}
    if held:
        details = lake.rows(
            'SELECT entry, code, "column", must, got, place FROM findings '
            'WHERE entry BETWEEN $1 AND $2 ORDER BY entry, code, "column"',
            [held[0][0], held[-1][0]],
        )
        for number, code, column, must, got, place in details:
            if number in found:
                _, _, source, kind, _, row, record, *_ = by_entry[number]
                found[number].append(
                    Finding(code, source, kind, must, got, column, row, record, place, number)
                )
    return tuple(
        Entry(
            entry=row[0],
            batch=row[1],
            source=row[2],
            kind=row[3],
            mapping=row[4],
            row=row[5],
            record=row[6],
            raw=_values(row[7]),
            mended=_values(row[8]),
            status=row[9],
            findings=tuple(found[row[0]]),
        )
        for row in held
    )


def _values(text: str | None) -> dict[str, str | None] | None:
    return None if text is None else json.loads(text)


def mend(
    lake: Connection, number: int, values: MappingOf[str, str | None], known: Iterable[str]
) -> Entry:
    """Put ``values`` in place of the raw ones of an open entry; replay takes them.

    ``known`` are the columns that its kind may have.

    Raises:
        NotFound: no such entry.
        InvalidInput: it is not open or not a row, or a column is not one of the mapping's.
    """
    found = entries_of(lake, status=None, entry=number)
    if not found:
        raise NotFound(f"the quarantine has no entry {number}; benne quarantine lists them.")
    (entry,) = found
    if entry.status != "open" or entry.raw is None or entry.row is None:
        what = "a line that was never read; correct it in its file, and ingest again"
        if entry.raw is None:
            what = "no row, but a file or a select"
        if entry.status != "open":
            what = entry.status
        raise InvalidInput(f"only an open row can be mended; entry {number} is {what}.")
    merged = dict(entry.mended or entry.raw)
    spelled = {name.lower(): name for name in merged}
    allowed = {*spelled, *known}
    for name, value in values.items():
        if name.lower() not in allowed:
            raise InvalidInput(
                f"entry {number} has no column {name!r}; it has {', '.join(sorted(allowed))}."
            )
        merged[spelled.get(name.lower(), name.lower())] = value
    lake.run("UPDATE quarantine SET mended = ? WHERE entry = ?", [canonical_json(merged), number])
    return entries_of(lake, status=None, entry=number)[0]


def dismiss(lake: Connection, numbers: Iterable[int]) -> int:
    """Close open entries by hand: they will not become evidence.  How many there were."""
    chosen = list(numbers)
    count = lake.value(
        "SELECT count(*) FROM quarantine WHERE status = 'open' AND entry IN (SELECT unnest($1))",
        [chosen],
    )
    lake.run(
        "UPDATE quarantine SET status = 'dismissed' WHERE status = 'open' "
        "AND entry IN (SELECT unnest($1))",
        [chosen],
    )
    return int(count)


def waiting_rows(lake: Connection, mapping: Mapping) -> tuple[pa.Table, list[int]]:
    """The raw or mended values of a mapping's open rows, all as text, and their entries."""
    where = [mapping.source, mapping.kind.name, mapping.name]
    rows = lake.rows(
        f"SELECT entry, coalesce(mended, raw) FROM quarantine WHERE {_WAITING} "
        'AND "row" IS NOT NULL ORDER BY entry',
        where,
    )
    values = [json.loads(text) for _, text in rows]
    names = list(dict.fromkeys(name for row in values for name in row))
    schema = pa.schema([(name, pa.string()) for name in names])
    return pa.Table.from_pylist(values, schema=schema), [entry for entry, _ in rows]


def close_replayed(lake: Connection, numbers: Iterable[int]) -> None:
    """Say of entries that their rows are evidence now."""
    lake.run(
        "UPDATE quarantine SET status = 'replayed' WHERE entry IN (SELECT unnest($1))",
        [list(numbers)],
    )
