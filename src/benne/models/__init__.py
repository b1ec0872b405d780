"""Additive scores over plain tables: columns in, an artefact of tables out."""

from benne.models._artefact import (
    MICRO,
    Artefact,
    Card,
    Contributions,
    Deck,
    Presence,
    RowContributions,
    Segment,
    probability_good,
)
from benne.models._columns import Column
from benne.models._tables import (
    Axis,
    Bin,
    Category,
    Missing,
    Range,
    Special,
    Table,
    Unseen,
)

__all__ = [
    "MICRO",
    "Artefact",
    "Axis",
    "Bin",
    "Card",
    "Category",
    "Column",
    "Contributions",
    "Deck",
    "Missing",
    "Presence",
    "Range",
    "RowContributions",
    "Segment",
    "Special",
    "Table",
    "Unseen",
    "probability_good",
]
