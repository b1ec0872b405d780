"""The lake: every version of all evidence, in one DuckDB file of the workspace."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from benne.app.stores._duckdb import Connection, Sandbox, Sources, nested
from benne.app.stores._lake_batches import Batch, Progress, Tally, load
from benne.app.stores._lake_files import (
    BatchFails,
    demand_unchanged,
    fingerprint,
    source_hashes,
)
from benne.app.stores._lake_quarantine import Quarantine
from benne.app.stores._lake_schema import evidence_table, prepare
from benne.evidence import Finding, Kind, Mapping, quoted, standard_kinds
from benne.kernel import Conflict, InvalidInput, iso

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_OURS = re.compile(r"(lake|batches|quarantine|findings|(evidence|groups|readable)_.*)\Z")
_BYTES = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[KMG])B\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class BatchReport:
    """What became of one mapping's rows.

    ``status`` is ``kept``, ``known`` (the same files and mapping were ingested before, as
    ``batch``) or ``failed`` (nothing was written; ``failures`` say why).  ``findings`` counts
    codes.  ``versions_stated`` of the new versions have a ``known_at`` that the source stated.
    """

    batch: int
    mapping: str
    source: str
    kind: str
    status: str
    rows_read: int = 0
    rows_quarantined: int = 0
    versions_new: int = 0
    versions_known: int = 0
    versions_stated: int = 0
    findings: MappingOf[str, int] = field(default_factory=dict)
    failures: tuple[Finding, ...] = ()


def _silent(_step: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


class Lake:
    """Open with ``Lake.open``; a context manager."""

    def __init__(
        self, connection: Connection, path: Path, kinds: tuple[Kind, ...], threads: int, memory: str
    ) -> None:
        self._connection, self._path, self._kinds = connection, path, kinds
        self._threads, self._memory = threads, memory

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        kinds: Iterable[Kind] | None = None,
        read_only: bool = False,
        threads: int = 2,
        memory: str = "3GB",
    ) -> Self:
        """The lake at ``path``, made where there is none.

        ``memory`` bounds what DuckDB takes; beyond it work spills to ``<path>.tmp/`` beside it.

        Raises:
            Conflict: another process holds the lake, or a newer Benne wrote it.
            Corrupt, InvalidInput: the file is not a lake.
        """
        path = Path(path)
        known = tuple(standard_kinds() if kinds is None else kinds)
        connection = Connection(path, read_only=read_only, threads=threads, memory=memory)
        try:
            prepare(connection, known, read_only=read_only)
        except BaseException:
            connection.close()
            raise
        return cls(connection, path, known, threads, memory)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file, so that another process may open it."""
        self._connection.close()

    # --- writing -----------------------------------------------------------------------

    def ingest(
        self,
        mapping: Mapping,
        sources: Sources,
        *,
        currency: str,
        now: int,
        key: bytes | None = None,
        progress: Progress = _silent,
    ) -> BatchReport:
        """Read what ``mapping`` selects from ``sources`` as one batch: all of it or nothing.

        ``now`` (microseconds) is when we read it; ``key`` turns identifiers into subjects
        (``None`` keeps them, for people who do not exist).  Rows that break a rule go to the
        quarantine; a file or a select that cannot be read fails the batch, as a finding.

        Raises:
            Conflict: ``now`` lies before an earlier batch: the clock went back.
        """
        try:
            hashes = source_hashes(mapping, sources)
        except BatchFails as failure:
            return self._failed(mapping, now, failure)
        print_of_it = fingerprint(mapping, hashes, key=key, currency=currency)
        before = self._connection.rows(
            "SELECT batch FROM batches WHERE fingerprint = ? AND status = 'kept'", [print_of_it]
        )
        if before:
            return BatchReport(
                before[0][0], mapping.name, mapping.source, mapping.kind.name, "known"
            )
        self._demand_clock(now)
        number = self._next_batch()
        batch = Batch(
            number,
            mapping,
            sources,
            currency,
            now,
            key,
            self._path.with_name(self._path.name + ".tmp"),
            self._threads,
            _half(self._memory),
            progress,
        )
        try:
            with self._connection.transaction():
                quarantine = Quarantine(self._connection, mapping, number)
                tally = load(self._connection, quarantine, batch)
                demand_unchanged(mapping, sources, hashes)
                self._record(batch, tally, print_of_it)
        except BatchFails as failure:
            return self._failed(mapping, now, failure)
        return self._report(batch, tally)

    def _demand_clock(self, now: int) -> None:
        last = self._connection.value("SELECT max(read_at) FROM batches")
        if last is not None and now < last:
            raise Conflict(
                f"a batch must not be older than the one before it, of {iso(last)}; "
                f"the clock says {iso(now)}; set it right."
            )

    def _next_batch(self) -> int:
        return int(self._connection.value("SELECT coalesce(max(batch), 0) + 1 FROM batches"))

    def _record(self, batch: Batch, tally: Tally, fingerprint: str | None) -> None:
        mapping = batch.mapping
        self._connection.run(
            "UPDATE quarantine SET status = 'resolved' WHERE status = 'open' AND raw IS NULL "
            "AND source = ? AND mapping = ?",
            [mapping.source, mapping.name],
        )
        self._connection.run(
            f"INSERT INTO batches VALUES ({', '.join('?' * 12)})",
            [
                batch.number,
                batch.now,
                mapping.source,
                mapping.kind.name,
                mapping.name,
                fingerprint,
                "kept",
                mapping.historical,
                tally.rows_read,
                tally.versions_new,
                tally.versions_known,
                tally.rows_quarantined,
            ],
        )

    def _report(self, batch: Batch, tally: Tally) -> BatchReport:
        mapping = batch.mapping
        return BatchReport(
            batch.number,
            mapping.name,
            mapping.source,
            mapping.kind.name,
            "kept",
            tally.rows_read,
            tally.rows_quarantined,
            tally.versions_new,
            tally.versions_known,
            tally.versions_new if mapping.historical else 0,
            dict(+tally.codes),
        )

    def _failed(self, mapping: Mapping, now: int, failure: BatchFails) -> BatchReport:
        connection = self._connection
        number = self._next_batch()
        codes = Counter(finding.code for finding in failure.findings)
        with connection.transaction():
            connection.run(
                "UPDATE quarantine SET status = 'resolved' WHERE status = 'open' AND raw IS NULL "
                "AND source = ? AND mapping = ?",
                [mapping.source, mapping.name],
            )
            Quarantine(connection, mapping, number).add_failure(failure.findings)
            connection.run(
                "INSERT INTO batches (batch, read_at, source, kind, mapping, status, historical) "
                "VALUES (?, ?, ?, ?, ?, 'failed', ?)",
                [number, now, mapping.source, mapping.kind.name, mapping.name, mapping.historical],
            )
        return BatchReport(
            number,
            mapping.name,
            mapping.source,
            mapping.kind.name,
            "failed",
            findings=dict(codes),
            failures=failure.findings,
        )

    def write_table(self, name: str, table: pa.Table) -> None:
        """Store ``table`` as ``name`` in place of what was there: observations, features.

        Raises:
            InvalidInput: a name that is no plain name, or one that the lake keeps for itself.
        """
        if not _NAME.match(name) or _OURS.match(name):
            raise InvalidInput(
                f"a table's name must be small letters, digits and _, and none of the lake's own; "
                f"got {name!r}."
            )
        connection = self._connection
        connection.register("incoming", table)
        with connection.transaction():
            connection.run(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT * FROM incoming")
        connection.unregister("incoming")

    # --- reading -----------------------------------------------------------------------

    def execute(self, expression: Any) -> pa.Table:
        """The rows of an unbound Ibis expression over the lake's tables."""
        import ibis

        return self._connection.arrow(str(ibis.to_sql(expression, dialect="duckdb")))

    def query(self, sql: str) -> pa.Table:
        """The rows of one of Benne's own selects; never of a user's (see ``run_select``)."""
        return self._connection.arrow(sql)

    def tables(self) -> dict[str, int]:
        """Every table with its number of rows."""
        names = self._connection.rows(
            "SELECT table_name FROM duckdb_tables() WHERE schema_name = 'main' "
            "AND NOT temporary ORDER BY table_name"
        )
        return {
            name: int(self._connection.value(f"SELECT count(*) FROM {quoted(name)}"))
            for (name,) in names
        }

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that the lake was opened with."""
        return self._kinds

    def versions(self) -> dict[str, int]:
        """The number of versions of every kind that has any."""
        counts = {
            kind.name: int(
                self._connection.value(f"SELECT count(*) FROM {quoted(evidence_table(kind.name))}")
            )
            for kind in self._kinds
        }
        return {name: count for name, count in counts.items() if count}


def _half(memory: str) -> str:
    """Half of an amount of memory such as 3GB: a select's share while the lake writes."""
    found = _BYTES.match(memory.strip())
    if found is None:
        raise InvalidInput(f"memory must be a number of KB, MB or GB, as in 3GB; got {memory!r}.")
    factor = {"K": 1, "M": 1024, "G": 1024**2}[found["unit"].upper()]
    return f"{max(int(float(found['number']) * factor / 2), 65_536)}KB"


def run_select(
    select: str, sources: Sources, *, spill: Path, threads: int = 2, memory: str = "1GB"
) -> pa.Table:
    """The rows of a user's select over ``sources`` and nothing else.

    Raises:
        InvalidInput: it is not one select, cannot be run, or a file cannot be read.
    """
    sandbox = Sandbox(sources, threads=threads, memory=memory, spill=spill)
    try:
        sandbox.described(select)
        return pa.Table.from_batches(sandbox.stream(nested(select), rows=100_000))
    finally:
        sandbox.close()
