"""Where evidence, artefacts and reports are read and written."""

from benne.app.stores._duckdb import Source, Sources
from benne.app.stores._lake import Lake
from benne.app.stores._lake_batches import Progress
from benne.app.stores._lake_ingest import BatchReport
from benne.app.stores._lake_quarantine import Entry

__all__ = ["BatchReport", "Entry", "Lake", "Progress", "Source", "Sources"]
