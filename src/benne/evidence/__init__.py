"""What sources said about people, in five domains, as it was known at each moment."""

from benne.evidence._casts import LATER, PROBLEMS, RAW, CastPlan, Rule, literal, plan_casts, quoted
from benne.evidence._findings import ADVICE, Finding
from benne.evidence._kinds import (
    CAUSES,
    COLUMN_TYPES,
    RECORD_COLUMNS,
    ColumnSpec,
    Kind,
    kinds_of,
    standard_kinds,
)
from benne.evidence._mappings import MAPPING_KEYS, Mapping, parse_mapping
from benne.evidence._outcomes import OUTCOMES, OutcomeDefinition, outcomes

__all__ = [
    "ADVICE",
    "CAUSES",
    "COLUMN_TYPES",
    "LATER",
    "MAPPING_KEYS",
    "OUTCOMES",
    "PROBLEMS",
    "RAW",
    "RECORD_COLUMNS",
    "CastPlan",
    "ColumnSpec",
    "Finding",
    "Kind",
    "Mapping",
    "OutcomeDefinition",
    "Rule",
    "kinds_of",
    "literal",
    "outcomes",
    "parse_mapping",
    "plan_casts",
    "quoted",
    "standard_kinds",
]
