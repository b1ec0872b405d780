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
from benne.evidence._outcomes import OUTCOMES, OutcomeDefinition, outcomes

__all__ = [
    "CAUSES",
    "COLUMN_TYPES",
    "OUTCOMES",
    "RECORD_COLUMNS",
    "ColumnSpec",
    "Kind",
    "OutcomeDefinition",
    "kinds_of",
    "outcomes",
    "standard_kinds",
]
