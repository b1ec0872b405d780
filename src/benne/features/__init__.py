"""Features: what they say, and how they are computed in batch and in process."""

from benne.features._algebra import (
    Aggregate,
    Ahead,
    Atom,
    Direction,
    Feature,
    Past,
    State,
    Window,
    atom,
)
from benne.features._checks import Checked, check, readable_columns
from benne.features._lowering import Lowering
from benne.features._plan import Plan, compute, plan
from benne.features.catalogue import attribute_features, standard_catalogue

__all__ = [
    "Aggregate",
    "Ahead",
    "Atom",
    "Checked",
    "Direction",
    "Feature",
    "Lowering",
    "Past",
    "Plan",
    "State",
    "Window",
    "atom",
    "attribute_features",
    "check",
    "compute",
    "plan",
    "readable_columns",
    "standard_catalogue",
]
