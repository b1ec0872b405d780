"""The steps of a build that touch evidence: ingest, observe, compute features."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from benne.app._ingest import IngestReport, ingest
from benne.app._sources import sources
from benne.evidence import Mapping, parse_mapping
from benne.kernel import InvalidInput

if TYPE_CHECKING:
    from benne.app.settings import Workspace
    from benne.app.stores import Progress
    from benne.app.wiring import Session


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingest did, for a person to read."""

    report: IngestReport
    folder: str

    def lines(self) -> Iterator[str]:
        """A line a mapping, then what to do next."""
        for batch in self.report.batches:
            if batch.status == "known":
                yield f"{batch.mapping}: read before, as batch {batch.batch}; nothing to add"
                continue
            yield (
                f"{batch.mapping}: {batch.rows_read:,} rows read, "
                f"{batch.versions_new:,} versions new, {batch.versions_known:,} known, "
                f"{batch.rows_quarantined:,} rows put aside"
            )
        if self.report.findings:
            total = sum(self.report.findings.values())
            codes = ", ".join(f"{code} {n:,}" for code, n in self.report.findings.items())
            word = "finding" if total == 1 else "findings"
            yield f"{total:,} {word} ({codes}); see: benne quarantine list {quote(self.folder)}"


def ingest_workspace(session: Session, tell: Progress) -> Ingested:
    """Read every mapping of the workspace into its lake, a batch each.

    Raises:
        InvalidInput: no mapping, or a mapping that cannot be parsed; or a batch failed whole,
            with the first reason (the other batches are kept).
    """
    workspace = session.workspace
    mappings = read_mappings(workspace)
    with session.lake() as lake, sources(session, mappings) as files:
        report = ingest(
            lake,
            mappings,
            files,
            key=session.key,
            currency=workspace.currency,
            clock=session.clock,
            progress=tell,
        )
    if report.failures:
        rest = len(report.failures) - 1
        folder = quote(str(workspace.folder))
        more = f" (and {rest} more; see benne quarantine list {folder})" if rest else ""
        raise InvalidInput(f"{report.failures[0]}{more}")
    return Ingested(report, str(workspace.folder))


def read_mappings(workspace: Workspace) -> list[Mapping]:
    """The workspace's mappings, parsed.

    Raises:
        InvalidInput: there is none, or one cannot be parsed (with its file and line).
    """
    if not workspace.mappings:
        raise InvalidInput(
            f"{workspace.folder / 'mapping'} must hold a select for each kind of evidence, such as "
            "instalment.sql; it has none."
        )
    return [
        parse_mapping(
            _text(path),
            where=str(path),
            kinds=workspace.kinds,
            jurisdiction=workspace.rights.jurisdiction,
        )
        for path in workspace.mappings
    ]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path} must be UTF-8: {error}.") from error
