"""Additive scores over plain tables: columns in, an artefact of tables out."""

from benne.models._additive import AdditiveModel, PointsCard
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
from benne.models._learners import Pairs
from benne.models._prices import Prices, prices, unrestricted
from benne.models._printed import Entry, entries, exposures, in_words, printed
from benne.models._sheet import Bins
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
    "AdditiveModel",
    "Artefact",
    "Axis",
    "Bin",
    "Bins",
    "Card",
    "Category",
    "Column",
    "Contributions",
    "Deck",
    "Entry",
    "Missing",
    "Pairs",
    "PointsCard",
    "Presence",
    "Prices",
    "Range",
    "RowContributions",
    "Segment",
    "Special",
    "Table",
    "Unseen",
    "entries",
    "exposures",
    "in_words",
    "prices",
    "printed",
    "probability_good",
    "unrestricted",
]
