"""What sources said about people, in five domains, as it was known at each moment."""

from benne.evidence._arrivals import RESERVED, Arrival, Rules, arrival
from benne.evidence._casts import (
    LATER,
    PROBLEMS,
    RAW,
    CastPlan,
    Rule,
    never_collected,
    plan_casts,
)
from benne.evidence._column_casts import literal, quoted
from benne.evidence._columns import Columns, column_of
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
from benne.evidence._left_out import leave_out, left_out_table
from benne.evidence._mappings import MAPPING_KEYS, Mapping, parse_mapping
from benne.evidence._outcomes import OUTCOMES, OutcomeDefinition, entered, outcomes
from benne.evidence._thickness import COUNTS, counted, thickness, thickness_of, thickness_over
from benne.evidence._versions import (
    Verdict,
    add_version,
    as_corrected,
    merge_versions,
    put_right,
)
from benne.evidence._views import (
    About,
    History,
    Kinds,
    View,
    observations_table,
    seen,
    versions_table,
    visible,
)

__all__ = [
    "ADVICE",
    "CAUSES",
    "COLUMN_TYPES",
    "COUNTS",
    "LATER",
    "MAPPING_KEYS",
    "OUTCOMES",
    "PROBLEMS",
    "RAW",
    "RECORD_COLUMNS",
    "RESERVED",
    "About",
    "Arrival",
    "CastPlan",
    "ColumnSpec",
    "Columns",
    "Finding",
    "History",
    "Kind",
    "Kinds",
    "Mapping",
    "OutcomeDefinition",
    "Rule",
    "Rules",
    "Verdict",
    "View",
    "add_version",
    "arrival",
    "as_corrected",
    "column_of",
    "counted",
    "entered",
    "kinds_of",
    "leave_out",
    "left_out_table",
    "literal",
    "merge_versions",
    "never_collected",
    "observations_table",
    "outcomes",
    "parse_mapping",
    "plan_casts",
    "put_right",
    "quoted",
    "seen",
    "standard_kinds",
    "thickness",
    "thickness_of",
    "thickness_over",
    "versions_table",
    "visible",
]
