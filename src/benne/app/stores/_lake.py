"""The lake: every version of all evidence, in one DuckDB file of the workspace."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping as MappingOf
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa

from benne.app.stores._duckdb import Connection, Sources
from benne.app.stores._lake_batches import Progress
from benne.app.stores._lake_erasing import Gone, erasing
from benne.app.stores._lake_ingest import (
    BatchReport,
    Request,
    Store,
    ingest_batch,
    ingest_together,
    kilobytes,
    replay_batch,
    silent,
)
from benne.app.stores._lake_quarantine import Entry, dismiss, entries_of, mend
from benne.app.stores._lake_schema import evidence_table, groups_table, prepare
from benne.evidence import Kind, Mapping, literal, quoted, standard_kinds
from benne.kernel import InvalidInput

_NAME = re.compile(r"[a-z][a-z0-9_]*\Z")
_OURS = re.compile(
    r"(lake|batches|quarantine|findings|synced|erased|(evidence|groups|readable)_.*)\Z"
)


class Lake:
    """Open with ``Lake.open``; a context manager."""

    def __init__(
        self,
        connection: Connection,
        path: Path,
        kinds: tuple[Kind, ...],
        threads: int,
        memory_kb: int,
        erasure_key: bytes = b"",
    ) -> None:
        self._connection, self._kinds = connection, kinds
        self._store = Store(connection, _spill(path), threads, memory_kb, erasure_key)

    @classmethod
    def open(
        cls,
        path: Path,
        *,
        kinds: Iterable[Kind] | None = None,
        read_only: bool = False,
        threads: int = 2,
        memory: str = "3GB",
        erasure_key: bytes = b"",
    ) -> Self:
        """The lake at ``path``, made where there is none.

        ``memory`` bounds what DuckDB takes; beyond it work spills to ``<path>.tmp/`` beside it.
        ``erasure_key``, of 64 bytes or fewer, keys the digests of what was erased.

        Raises:
            Conflict: another process holds the lake, or a newer Benne wrote it.
            Corrupt, InvalidInput: the file is not a lake.
        """
        path = Path(path)
        known = tuple(standard_kinds() if kinds is None else kinds)
        amount = kilobytes(memory)
        connection = Connection(path, read_only=read_only, threads=threads, memory=f"{amount}KB")
        try:
            if not read_only:
                _clear_spill(path)
            prepare(connection, known, read_only=read_only, key=erasure_key)
        except BaseException:
            connection.close()
            raise
        return cls(connection, path, known, threads, amount, erasure_key)

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
        progress: Progress = silent,
    ) -> BatchReport:
        """Read what ``mapping`` selects from ``sources`` as one batch: all of it or nothing.

        ``now`` (microseconds) is when we read it; ``key`` turns identifiers into subjects
        (``None`` keeps them, for people who do not exist).  Rows that break a rule go to the
        quarantine; a file or a select that cannot be read fails the batch, as a finding.

        Raises:
            Conflict: ``now`` lies before an earlier batch: the clock went back.
        """
        request = Request(mapping, sources, currency, now, key, progress)
        return ingest_batch(self._store, request)

    def erased_people(self) -> dict[str, int]:
        """Who was deleted whole here, as an online store said, and as of when."""
        rows = self._connection.rows(
            "SELECT subject, max(erased_at) FROM erased WHERE subject IS NOT NULL GROUP BY subject"
        )
        return {str(subject): int(at) for subject, at in rows}

    def synced(self, store: str) -> int:
        """Up to which journal position the lake has what the online ``store`` learnt."""
        rows = self._connection.rows("SELECT position FROM synced WHERE store = ?", [store])
        return int(rows[0][0]) if rows else 0

    def sync(
        self,
        mappings: Iterable[tuple[Mapping, pa.Table]],
        erased: Iterable[Gone],
        *,
        store: str,
        position: int,
        currency: str,
        now: int,
    ) -> tuple[BatchReport, ...]:
        """Take in what an online store learnt up to ``position``, and delete what it deleted.

        One transaction, with the position in it: whatever happens, nothing is taken in twice or
        left out.  Each table is a batch that passes the same checks as any other; ``mappings``
        select from ``t``.

        Raises:
            InvalidInput: a batch cannot be read; nothing is kept.
        """
        requests = [
            Request(mapping, {"t": table}, currency, now, None, silent)
            for mapping, table in mappings
        ]
        also: list[tuple[str, tuple[object, ...]]] = []
        for gone in erased:
            also += erasing(gone, self._kinds, self.tables(), self._store.erasure_key)
        also.append(("DELETE FROM synced WHERE store = ?", (store,)))
        also.append(("INSERT INTO synced VALUES (?, ?)", (store, position)))
        return ingest_together(self._store, requests, also)

    def replay(
        self,
        mapping: Mapping,
        *,
        currency: str,
        now: int,
        key: bytes | None = None,
        progress: Progress = silent,
    ) -> BatchReport | None:
        """Read the mapping's open quarantined rows again, mended or not, as a batch of their own.

        ``mapping`` is the one they came through, as it stands now.  Null where none waits.
        """
        request = Request(mapping, {}, currency, now, key, progress)
        return replay_batch(self._store, request)

    def quarantine(self, *, status: str | None = "open", limit: int = 1000) -> tuple[Entry, ...]:
        """Quarantined rows with their findings, oldest first; of every status if it is null."""
        return entries_of(self._connection, status=status, limit=limit)

    def mend(self, entry: int, values: MappingOf[str, str | None]) -> Entry:
        """Put ``values`` (by column, as text) in place of an open entry's raw ones.

        Raises:
            NotFound, InvalidInput: no such entry, not an open row, or not a column of it.
        """
        kinds = {kind.name: kind for kind in self._kinds}
        found = entries_of(self._connection, status=None, entry=entry)
        kind = kinds.get(found[0].kind) if found else None
        known = {column.name for column in kind.columns} if kind else set()
        with self._connection.transaction():
            return mend(self._connection, entry, values, known | {"record", "subject", "cause"})

    def dismiss(self, entries: Iterable[int]) -> int:
        """Close open entries by hand: they will not become evidence.  How many there were."""
        with self._connection.transaction():
            return dismiss(self._connection, entries)

    def write_table(self, name: str, table: pa.Table) -> None:
        """Store ``table`` as ``name`` in place of what was there: observations, features.

        Raises:
            InvalidInput: a name that is no plain name, or one that the lake keeps for itself.
        """
        _demand_ours(name)
        connection = self._connection
        connection.register("incoming", table)
        with connection.transaction():
            connection.run(f"CREATE OR REPLACE TABLE {quoted(name)} AS SELECT * FROM incoming")
        connection.unregister("incoming")

    def append_table(self, name: str, table: pa.Table) -> None:
        """Add the rows of ``table`` to those that ``write_table`` stored as ``name``.

        Raises:
            InvalidInput: as ``write_table``, or there is no such table with these columns.
        """
        _demand_ours(name)
        connection = self._connection
        connection.register("incoming", table)
        with connection.transaction():
            connection.run(f"INSERT INTO {quoted(name)} BY NAME SELECT * FROM incoming")
        connection.unregister("incoming")

    def lend(self, name: str, table: pa.Table) -> None:
        """Let queries read ``table`` as ``name`` while the lake is open; nothing is stored.

        Raises:
            InvalidInput: as ``write_table``.
        """
        _demand_ours(name)
        self._connection.register(name, table)

    # --- reading -----------------------------------------------------------------------

    def execute(self, expression: Any) -> pa.Table:
        """The rows of an unbound Ibis expression over the lake's tables."""
        import ibis

        return self._connection.arrow(str(ibis.to_sql(expression, dialect="duckdb", pretty=False)))

    def query(self, sql: str) -> pa.Table:
        """The rows of one of Benne's own selects; never of a user's."""
        return self._connection.arrow(sql)

    def versions_by_subject(
        self, kind: Kind, *, after_batch: int, to_batch: int, after_subject: str, rows: int = 50_000
    ) -> Iterator[pa.RecordBatch]:
        """The versions of ``kind`` in these batches, protected columns too, in order of subject.

        Within a subject they are in the order in which they became known.  ``after_subject`` is
        where an earlier reading stopped; ``rows`` come at a time.
        """
        table, groups = evidence_table(kind.name), groups_table(kind.name)
        versions = (
            f"SELECT * FROM {quoted(table)} WHERE batch > {after_batch} AND batch <= {to_batch} "
            f"AND subject > {literal(after_subject)}"
        )
        if any(column.group for column in kind.columns):
            apart = f"SELECT * EXCLUDE (batch) FROM {quoted(groups)}"
            versions = f"FROM ({versions}) LEFT JOIN ({apart}) USING (source, record, known_at)"
        sql = f"{versions} ORDER BY subject, known_at, source, record"
        yield from self._connection.batches(sql, rows=rows)

    def extent(self) -> tuple[int, int]:
        """When the lake's first batch was read, which tells one lake from another, and the number
        of its last; 0 and 0 of an empty one."""
        ((first, last),) = self._connection.rows("SELECT min(read_at), max(batch) FROM batches")
        return int(first or 0), int(last or 0)

    def table(self, name: str) -> pa.Table:
        """The whole of a table that ``write_table`` stored, by observation where it has one."""
        found = self._connection.arrow(f"SELECT * FROM {quoted(name)}")
        return found.sort_by("observation") if "observation" in found.column_names else found

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

    def stated_share(self) -> float | None:
        """The share of all versions whose ``known_at`` the source stated; null of none."""
        return self._connection.value(  # type: ignore[no-any-return]
            "SELECT sum(CASE WHEN historical THEN versions_new ELSE 0 END) "
            "/ nullif(sum(versions_new), 0) "
            "FROM batches WHERE status = 'kept'"
        )

    def reaches(self) -> int | None:
        """The last moment at which anything became known, or was looked for; null of none."""
        moments = [
            self._connection.value(f"SELECT max(known_at) FROM {quoted(evidence_table(name))}")
            for name in self.versions()
        ]
        moments.append(
            self._connection.value(
                "SELECT max(read_at) FROM batches WHERE status = 'kept' AND NOT historical"
            )
        )
        return max((moment for moment in moments if moment is not None), default=None)

    def open_findings(self) -> dict[str, dict[str, int]]:
        """How often each code stands open in quarantine, by kind."""
        counts: dict[str, dict[str, int]] = {}
        for kind, code, count in self._connection.rows(
            "SELECT q.kind, f.code, count(*) FROM findings f JOIN quarantine q USING (entry) "
            "WHERE q.status = 'open' GROUP BY ALL ORDER BY ALL"
        ):
            counts.setdefault(kind, {})[code] = int(count)
        return counts

    @property
    def kinds(self) -> tuple[Kind, ...]:
        """The kinds that the lake was opened with."""
        return self._kinds

    def versions(self) -> dict[str, int]:
        """The number of versions of every kind that has any."""
        held = {name for (name,) in self._connection.rows("SELECT table_name FROM duckdb_tables()")}
        counts = {
            kind.name: int(
                self._connection.value(f"SELECT count(*) FROM {quoted(evidence_table(kind.name))}")
            )
            for kind in self._kinds
            if evidence_table(kind.name) in held
        }
        return {name: count for name, count in counts.items() if count}


def _demand_ours(name: str) -> None:
    if not _NAME.match(name) or _OURS.match(name):
        raise InvalidInput(
            f"a table's name must be small letters, digits and _, and none of the lake's own; "
            f"got {name!r}."
        )


def _spill(path: Path) -> Path:
    return path.with_name(path.name + ".tmp")


def _clear_spill(path: Path) -> None:
    """Remove what a process that was killed left behind; we hold the lake, so nobody uses it."""
    for folder in (_spill(path), _spill(path).with_name(_spill(path).name + ".select")):
        for file in folder.glob("duckdb_temp_*"):
            file.unlink(missing_ok=True)
