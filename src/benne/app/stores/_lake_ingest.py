"""A batch from its request to its report: one transaction, and the same thing never twice."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping as MappingOf, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import pyarrow as pa

from benne.app.stores._duckdb import Connection, Sources
from benne.app.stores._lake_batches import Batch, Progress, Tally, load
from benne.app.stores._lake_files import BatchFails, demand_unchanged, fingerprint, source_hashes
from benne.app.stores._lake_quarantine import (
    Quarantine,
    close_overtaken,
    close_replayed,
    close_unreadable,
    waiting_rows,
)
from benne.evidence import Finding, Mapping
from benne.kernel import Conflict, InvalidInput, iso

_BYTES = re.compile(r"(?P<number>\d+(\.\d+)?)\s*(?P<unit>[KMG])i?B\Z", re.IGNORECASE)
_UNITS_KB = {"K": 1, "M": 1000, "G": 1000**2}
_LEAST_KB = 256_000


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


@dataclass(frozen=True, slots=True)
class Store:
    """An open lake, where its work spills, the machine's share that it may take, and the key of
    the digests of what was erased."""

    connection: Connection
    spill: Path
    threads: int
    memory_kb: int
    erasure_key: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a batch; see ``Lake.ingest``."""

    mapping: Mapping
    sources: Sources
    currency: str
    now: int
    key: bytes | None
    progress: Progress


def silent(_step: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


def kilobytes(memory: str) -> int:
    """An amount such as 3GB, in KB.  Less than 256 MB is no memory for a lake to work in."""
    found = _BYTES.match(memory.strip())
    if found is None:
        raise InvalidInput(
            f"memory (BENNE_MEMORY) must be a number of KB, MB or GB, as in 3GB; got {memory!r}."
        )
    amount = int(float(found["number"]) * _UNITS_KB[found["unit"].upper()])
    if amount < _LEAST_KB:
        raise InvalidInput(
            f"memory (BENNE_MEMORY) must be {_LEAST_KB // 1000}MB or more; got {memory!r}."
        )
    return amount


def ingest_batch(store: Store, request: Request) -> BatchReport:
    """Read a mapping's files as one batch, unless the same was read before."""
    mapping, lake = request.mapping, store.connection
    try:
        hashes = source_hashes(mapping, request.sources)
    except BatchFails as failure:
        return _failed(store, request, failure)
    same = fingerprint(mapping, hashes, key=request.key, currency=request.currency)
    before = lake.rows(
        "SELECT batch FROM batches WHERE fingerprint = ? AND status = 'kept'", [same]
    )
    if before:
        number = int(before[0][0])
        return BatchReport(number, mapping.name, mapping.source, mapping.kind.name, "known")
    batch = _batch(store, request)
    try:
        with lake.transaction():
            files = [str(p) for s in request.sources.values() if not _is_table(s) for p in s]
            close_unreadable(lake, mapping, files)
            tally = load(lake, Quarantine(lake, mapping, batch.number), batch)
            close_overtaken(lake, mapping, batch.number)
            demand_unchanged(mapping, request.sources, hashes)
            _record(lake, batch, tally, same)
    except BatchFails as failure:
        return _failed(store, request, failure)
    return _report(batch, tally)


def ingest_together(
    store: Store, requests: Sequence[Request], also: Sequence[tuple[str, Sequence[object]]]
) -> tuple[BatchReport, ...]:
    """Read every request as a batch, and run the statements ``also``: all of it or nothing.

    Raises:
        InvalidInput: a batch fails whole; nothing is kept.
    """
    lake, reports = store.connection, []
    with lake.transaction():
        for request in requests:
            batch = _batch(store, request)
            try:
                tally = load(lake, Quarantine(lake, request.mapping, batch.number), batch)
            except BatchFails as failure:
                raise InvalidInput(str(failure.findings[0])) from failure
            _record(lake, batch, tally, None)
            reports.append(_report(batch, tally))
        for sql, parameters in also:
            lake.run(sql, parameters)
    return tuple(reports)


def replay_batch(store: Store, request: Request) -> BatchReport | None:
    """Read a mapping's open quarantined rows again as one batch; null where none waits."""
    lake = store.connection
    rows, entries = waiting_rows(lake, request.mapping)
    if not entries:
        return None
    mapping = replace(request.mapping, sql="SELECT * FROM quarantined")
    batch = _batch(store, replace(request, mapping=mapping, sources={"quarantined": rows}))
    try:
        with lake.transaction():
            quarantine = Quarantine(lake, mapping, batch.number, entries=entries)
            tally = load(lake, quarantine, batch)
            close_replayed(lake, set(entries) - quarantine.kept)
            _record(lake, batch, tally, None)
    except BatchFails as failure:
        return _failed(store, request, failure)
    return _report(batch, tally)


def _is_table(source: object) -> bool:
    return isinstance(source, pa.Table)


def _batch(store: Store, request: Request) -> Batch:
    lake = store.connection
    last = lake.value("SELECT max(read_at) FROM batches")
    if last is not None and request.now < last:
        raise Conflict(
            f"a batch must not be older than the one before it, of {iso(last)}; "
            f"the clock says {iso(request.now)}; set it right."
        )
    return Batch(
        number=_next_number(lake),
        mapping=request.mapping,
        sources=request.sources,
        currency=request.currency,
        now=request.now,
        key=request.key,
        erasure_key=store.erasure_key,
        spill=store.spill,
        threads=store.threads,
        memory_kb=store.memory_kb,
        progress=request.progress,
    )


def _next_number(lake: Connection) -> int:
    return int(lake.value("SELECT coalesce(max(batch), 0) + 1 FROM batches"))


def _record(lake: Connection, batch: Batch, tally: Tally, fingerprint: str | None) -> None:
    mapping = batch.mapping
    values = (
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
    )
    lake.run(f"INSERT INTO batches VALUES ({', '.join('?' * len(values))})", values)


def _report(batch: Batch, tally: Tally) -> BatchReport:
    mapping = batch.mapping
    return BatchReport(
        batch=batch.number,
        mapping=mapping.name,
        source=mapping.source,
        kind=mapping.kind.name,
        status="kept",
        rows_read=tally.rows_read,
        rows_quarantined=tally.rows_quarantined,
        versions_new=tally.versions_new,
        versions_known=tally.versions_known,
        versions_stated=tally.versions_new if mapping.historical else 0,
        findings=dict(+tally.codes),
    )


def _failed(store: Store, request: Request, failure: BatchFails) -> BatchReport:
    """Keep why a batch failed, in a transaction of its own: nothing else of it is written."""
    lake, mapping = store.connection, request.mapping
    number = _next_number(lake)
    with lake.transaction():
        close_unreadable(lake, mapping, ())
        Quarantine(lake, mapping, number).add_failure(failure.findings)
        lake.run(
            "INSERT INTO batches (batch, read_at, source, kind, mapping, status, historical) "
            "VALUES (?, ?, ?, ?, ?, 'failed', ?)",
            [
                number,
                request.now,
                mapping.source,
                mapping.kind.name,
                mapping.name,
                mapping.historical,
            ],
        )
    return BatchReport(
        number,
        mapping.name,
        mapping.source,
        mapping.kind.name,
        "failed",
        findings=dict(Counter(finding.code for finding in failure.findings)),
        failures=failure.findings,
    )
