"""Ingest: bring what the sources hold into the lake."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from collections.abc import Mapping as MappingOf
from dataclasses import dataclass
from datetime import datetime

from benne.app.stores import BatchReport, Lake, Progress, Sources
from benne.evidence import Finding, Mapping
from benne.kernel import Currency, InvalidInput, micros


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
    files: MappingOf[str, Sources],
    *,
    key: bytes | None,
    currency: Currency,
    clock: Callable[[], datetime],
    progress: Progress,
) -> IngestReport:
    """Read each mapping's source into ``lake``, a batch for each mapping.

    ``files`` gives, for each source, what its mappings may read, by alias.  A batch that fails
    leaves the others alone; ingesting the same again adds nothing.

    Raises:
        InvalidInput: a mapping names a source of which ``files`` says nothing.
        Conflict: the clock went back.
    """
    batches = []
    for mapping in mappings:
        sources = _sources_of(mapping, files)
        batch = lake.ingest(
            mapping,
            sources,
            currency=currency.code,
            now=micros(clock()),
            key=key,
            progress=progress,
        )
        batches.append(batch)
    return IngestReport(tuple(batches))


def _sources_of(mapping: Mapping, files: MappingOf[str, Sources]) -> Sources:
    """The aliases that the mapping's select speaks of."""
    if mapping.source not in files:
        raise InvalidInput(
            f"{mapping.where or mapping.name}: source must be one of {', '.join(sorted(files))}; "
            f"got {mapping.source!r}; declare it in benne.toml under [sources.{mapping.source}]."
        )
    return {
        alias: source
        for alias, source in files[mapping.source].items()
        if re.search(rf"\b{re.escape(alias)}\b", mapping.sql, re.IGNORECASE)
    }
