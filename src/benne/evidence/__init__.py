"""What sources said about people, in five domains, as it was known at each moment."""

from benne.evidence._kinds import (
    CAUSES,
    COLUMN_TYPES,
    RECORD_COLUMNS,
    ColumnSpec,
    Kind,
    kinds_of,
    standard_kinds,
)

__all__ = [
    "CAUSES",
    "COLUMN_TYPES",
    "RECORD_COLUMNS",
    "ColumnSpec",
    "Kind",
    "kinds_of",
    "standard_kinds",
]
