"""The files of a batch: hashed before and after they are read."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from benne.app.stores._duckdb import RejectedLine, Source, Sources
from benne.evidence import Finding, Mapping
from benne.kernel import content_hash


class BatchFails(Exception):
    """Inside ingest: the whole batch fails, as these findings."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("; ".join(map(str, findings)))
        self.findings = findings


def whole(
    mapping: Mapping, code: str, must: str, got: str, *, where: str = "", column: str | None = None
) -> Finding:
    """A finding about a whole batch of ``mapping``."""
    return Finding(
        code, mapping.source, mapping.kind.name, must, got, column, where=where or mapping.where
    )


def line_finding(mapping: Mapping, line: RejectedLine) -> Finding:
    """What is wrong with a line of a CSV file that is no row."""
    return whole(
        mapping,
        "unreadable_line",
        "a line must be UTF-8 and have a field for each column of the header",
        f"{line.text[:200]!r} ({line.why})",
        where=f"{line.file}, line {line.line}",
    )


def source_hashes(mapping: Mapping, sources: Sources) -> dict[str, list[str]]:
    """SHA-256 of every file, by alias.

    Raises:
        BatchFails: an alias without a file, a file that is not there, or one without a byte.
    """
    return {alias: list(_hashes(mapping, alias, source)) for alias, source in sources.items()}


def _hashes(mapping: Mapping, alias: str, source: Source) -> Iterator[str]:
    if isinstance(source, pa.Table):
        yield _table_hash(source)
        return
    if not source:
        raise BatchFails(
            whole(mapping, "no_file", f"the source {alias!r} must name at least one file", "none")
        )
    for path in source:
        yield _file_hash(mapping, path)


def _file_hash(mapping: Mapping, path: Path) -> str:
    try:
        if path.stat().st_size == 0:
            must = "a file must hold at least its header"
            raise BatchFails(whole(mapping, "empty_file", must, "0 bytes", where=str(path)))
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError as error:
        found = whole(mapping, "no_file", "the file must be there", "no file", where=str(path))
        raise BatchFails(found) from error
    except OSError as error:
        found = whole(
            mapping, "unreadable_file", "the file must be readable", str(error), where=str(path)
        )
        raise BatchFails(found) from error


def _table_hash(table: pa.Table) -> str:
    digest = hashlib.sha256(str(table.schema).encode())
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table.combine_chunks())
    digest.update(sink.getvalue())
    return digest.hexdigest()


def demand_unchanged(mapping: Mapping, sources: Sources, before: dict[str, list[str]]) -> None:
    """Fail the batch where a file is not what it was when reading began."""
    after = source_hashes(
        mapping, {a: s for a, s in sources.items() if not isinstance(s, pa.Table)}
    )
    for alias, hashes in after.items():
        for path, old, new in zip(sources[alias], before[alias], hashes, strict=True):
            if old != new:
                must = "a file must stay as it is while it is read"
                got = "other bytes after reading than before"
                raise BatchFails(whole(mapping, "changed_while_read", must, got, where=str(path)))


def fingerprint(
    mapping: Mapping, hashes: dict[str, list[str]], *, key: bytes | None, currency: str
) -> str:
    """What makes a batch the same batch: its files, its mapping, its kind, its key."""
    return content_hash(
        {
            "files": hashes,
            "mapping": mapping.sql,
            "name": mapping.name,
            "lag_days": mapping.lag_days,
            "kind": repr(mapping.kind),
            "currency": currency,
            "key": None if key is None else hashlib.sha256(b"benne lake" + key).hexdigest(),
        }
    )
