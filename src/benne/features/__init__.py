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
from benne.features.catalogue import attribute_features, standard_catalogue

__all__ = [
    "Aggregate",
    "Ahead",
    "Atom",
    "Direction",
    "Feature",
    "Past",
    "State",
    "Window",
    "atom",
    "attribute_features",
    "standard_catalogue",
]
