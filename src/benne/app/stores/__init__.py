"""Where evidence, artefacts and reports are read and written."""

from benne.app.stores._duckdb import Source, Sources
from benne.app.stores._lake import BatchReport, Lake, run_select
from benne.app.stores._lake_batches import Progress

__all__ = ["BatchReport", "Lake", "Progress", "Source", "Sources", "run_select"]
