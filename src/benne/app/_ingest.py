"""Ingest: bring what the sources hold into the lake."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping as MappingOf
from dataclasses import dataclass
from typing import TypeVar

from benne.app.stores import BatchReport, Lake, Progress, Sources
from benne.evidence import Finding, Mapping
from benne.kernel import Currency

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What became of every mapping's rows, a batch each."""

    batches: tuple[BatchReport, ...]

    @property
    def read(self) -> int:
        """Rows that the mappings returned."""
        return sum(batch.rows_read for batch in self.batches)

    @property
    def new(self) -> int:
        """Versions that were not known before."""
        return sum(batch.versions_new for batch in self.batches)

    @property
    def known(self) -> int:
        """Versions that were known already."""
        return sum(batch.versions_known for batch in self.batches)

    @property
    def quarantined(self) -> int:
        """Rows that break a rule, and wait in quarantine."""
        return sum(batch.rows_quarantined for batch in self.batches)

    @property
    def findings(self) -> dict[str, int]:
        """How often each code was found."""
        counts: Counter[str] = Counter()
        for batch in self.batches:
            counts.update(batch.findings)
        return dict(sorted(counts.items()))

    @property
    def failures(self) -> tuple[Finding, ...]:
        """Why batches failed whole."""
        return tuple(finding for batch in self.batches for finding in batch.failures)

    @property
    def stated_share(self) -> float | None:
        """The share of new versions whose ``known_at`` the source stated; null of none."""
        stated = sum(batch.versions_stated for batch in self.batches)
        return stated / self.new if self.new else None


def ingest(
    lake: Lake,
    mappings: Iterable[Mapping],
    files: Sources,
    *,
    key: bytes | None,
    currency: Currency,
    clock: Callable[[], int],
    progress: Progress,
) -> IngestReport:
    """Read each mapping's source into ``lake``, a batch for each mapping.

    ``files`` names by alias what the selects may read.  ``key`` makes subjects of identifiers
    (null keeps them, for people who do not exist).  A batch that fails leaves the others
    alone; ingesting the same again adds nothing.

    Raises:
        Conflict: the clock went back.
    """
    return IngestReport(
        tuple(
            lake.ingest(
                mapping,
                mentioned(mapping, files),
                currency=currency.code,
                now=clock(),
                key=key,
                progress=progress,
            )
            for mapping in mappings
        )
    )


def mentioned(mapping: Mapping, named: MappingOf[str, T]) -> dict[str, T]:
    """Of what is ``named``, that whose alias the mapping's select speaks of."""
    words = {word.lower() for word in re.findall(r"[A-Za-z_]\w*", mapping.sql)}
    return {alias: source for alias, source in named.items() if alias.lower() in words}
