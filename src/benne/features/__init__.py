"""Features: what they say, and how they are computed in batch and in process."""

from benne.features._algebra import (
    Aggregate,
    Ahead,
    Atom,
    Direction,
    Feature,
    Neighbours,
    Past,
    Ring,
    State,
    Window,
    atom,
)
from benne.features._checks import Checked, check, readable_columns
from benne.features._lowering import Lowering
from benne.features._neighbours import AGGREGATES, FLOOR, neighbours
from benne.features._network_plan import (
    LEFT_OUT,
    PAIRS,
    PEOPLE,
    Collected,
    NetworkBlock,
    NetworkPlan,
)
from benne.features._plan import Plan, compute, plan
from benne.features.catalogue import attribute_features, standard_catalogue

__all__ = [
    "AGGREGATES",
    "FLOOR",
    "LEFT_OUT",
    "PAIRS",
    "PEOPLE",
    "Aggregate",
    "Ahead",
    "Atom",
    "Checked",
    "Collected",
    "Direction",
    "Feature",
    "Lowering",
    "Neighbours",
    "NetworkBlock",
    "NetworkPlan",
    "Past",
    "Plan",
    "Ring",
    "State",
    "Window",
    "atom",
    "attribute_features",
    "check",
    "compute",
    "neighbours",
    "plan",
    "readable_columns",
    "standard_catalogue",
]
