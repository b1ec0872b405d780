"""The quarantine: what was put aside, mended by a person, and read again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._ingest import IngestReport
from benne.app._steps import Ingested, read_mappings
from benne.kernel import InvalidInput, Json, NotFound

if TYPE_CHECKING:
    from benne.app.stores import Entry, Progress
    from benne.app.wiring import Session


@dataclass(frozen=True, slots=True)
class Aside:
    """A row that was put aside, with what must hold of it."""

    entry: Entry

    def lines(self) -> Iterator[str]:
        """The entry's number and each finding, in words."""
        for finding in self.entry.findings:
            yield f"{self.entry.entry}: {finding}"
        if self.entry.mended is not None:
            yield f"{self.entry.entry}: mended, and waits for benne quarantine replay"

    def to_json(self) -> dict[str, Json]:
        """The entry as one JSON object."""
        return {
            "schema": 1,
            "entry": self.entry.entry,
            "source": self.entry.source,
            "kind": self.entry.kind,
            "row": self.entry.row,
            "record": self.entry.record,
            "raw": None if self.entry.raw is None else dict(self.entry.raw),
            "mended": None if self.entry.mended is None else dict(self.entry.mended),
            "findings": [
                {
                    "code": finding.code,
                    "column": finding.column,
                    "must": finding.must,
                    "got": finding.got,
                    "advice": finding.advice,
                }
                for finding in self.entry.findings
            ],
        }


def quarantine_list(session: Session, *, limit: int) -> tuple[Aside, ...]:
    """The open entries of the workspace's quarantine, oldest first, ``limit`` at most."""
    with session.lake(read_only=True) as lake:
        return tuple(Aside(entry) for entry in lake.quarantine(limit=limit))


def quarantine_mend(session: Session, entry: int, assignments: list[str]) -> None:
    """Put values, each given as ``column=value``, in place of an entry's wrong ones.

    Raises:
        InvalidInput: an assignment without ``=``, or not a column of the entry.
        NotFound: no such entry.
    """
    wrong = [text for text in assignments if "=" not in text]
    if wrong:
        raise InvalidInput(f"a value is given as column=value; got {wrong[0]!r}.")
    pairs = (text.split("=", 1) for text in assignments)
    with session.lake() as lake:
        lake.mend(entry, {column: value or None for column, value in pairs})


def quarantine_dismiss(session: Session, entries: list[int]) -> int:
    """Close open entries by hand: they stay on record, and never become evidence.  How many.

    Raises:
        NotFound: one of them is not open.
    """
    with session.lake() as lake:
        there = {entry.entry for entry in lake.quarantine(limit=2**31)}
        gone = sorted(set(entries) - there)
        if gone:
            raise NotFound(
                f"the quarantine has no open entry {gone[0]}; benne quarantine list shows them."
            )
        return lake.dismiss(entries)


def quarantine_replay(session: Session, tell: Progress) -> Ingested:
    """Read every open row again through its mapping, mended or not."""
    reports = []
    with session.lake() as lake:
        for mapping in read_mappings(session.workspace):
            done = lake.replay(
                mapping,
                currency=session.workspace.currency.code,
                now=session.clock(),
                key=session.key,
                progress=tell,
            )
            if done is not None:
                reports.append(done)
    return Ingested(IngestReport(tuple(reports)), str(session.workspace.folder))
