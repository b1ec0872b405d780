"""The quarantine: rows that break a rule, kept with what they break until they are mended."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from benne.app.stores._duckdb import Connection
from benne.evidence import PROBLEMS, RAW, CastPlan, Finding, Mapping
from benne.kernel import iso

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


@dataclass(frozen=True, slots=True)
class Entry:
    """A quarantined row: its raw values as they came and as they were mended, and its findings.

    ``raw`` is null for a batch that failed whole.  ``status`` is ``open``, ``replayed`` (its row
    is evidence now), ``dismissed`` (a person said so) or ``resolved`` (the batch that failed
    was read later).
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
        for row in rows.select(["row", "record", PROBLEMS, RAW]).to_pylist():
            raw = json.loads(row[RAW])
            entry = self._entry(row["row"], row["record"], row[RAW])
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
        """Keep rows that say something else than a version with the same ``known_at``."""
        entries: dict[int, dict[str, Any]] = {}
        findings = []
        for row in rows.to_pylist():
            entry = entries.get(row["row"])
            if entry is None:
                entry = self._entry(row["row"], row["record"], row["raw"])
                entries[row["row"]] = entry
                known = iso(row["known_at"])
                must = "a record must say one thing at one known_at"
                got = f"other content than the version known at {known}"
                findings.append(self._finding(entry, "different_content", None, must, got))
        self._write(list(entries.values()), findings)
        return len(entries)

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

    def _write(self, entries: list[dict[str, Any]], findings: list[dict[str, Any]]) -> None:
        if not entries:
            return
        lake = self._lake
        lake.register("broken", pa.Table.from_pylist(findings, schema=_FINDING))
        if self._entries:
            lake.run("DELETE FROM findings WHERE entry IN (SELECT entry FROM broken)")
        else:
            lake.register("broken_rows", pa.Table.from_pylist(entries, schema=_ENTRY))
            lake.run("INSERT INTO quarantine SELECT * FROM broken_rows")
            lake.unregister("broken_rows")
        lake.run("INSERT INTO findings SELECT * FROM broken")
        lake.unregister("broken")
