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

__all__ = ["Aggregate", "Ahead", "Atom", "Direction", "Feature", "Past", "State", "Window", "atom"]
