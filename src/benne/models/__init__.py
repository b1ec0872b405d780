"""Additive scores over plain tables: columns in, an artefact of tables out.

What fits loads scikit-learn, and waits until it is first used: to score needs none of it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
from benne.models._entries import Entry, entries, exposures, in_words
from benne.models._learners import Pairs
from benne.models._refused import (
    OddsFactor,
    inverse_propensity,
    odds_factor,
    parts_bad,
    refused_share,
)
from benne.models._sheet import Bins
from benne.models._short import lines, shortened
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

if TYPE_CHECKING:
    from benne.models._additive import AdditiveModel, PointsCard
    from benne.models._prices import Prices, prices, unrestricted
    from benne.models._refits import PointsRefits

_FITTING = {
    "AdditiveModel": "benne.models._additive",
    "PointsCard": "benne.models._additive",
    "PointsRefits": "benne.models._refits",
    "Prices": "benne.models._prices",
    "prices": "benne.models._prices",
    "unrestricted": "benne.models._prices",
}

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
    "OddsFactor",
    "Pairs",
    "PointsCard",
    "PointsRefits",
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
    "inverse_propensity",
    "lines",
    "odds_factor",
    "parts_bad",
    "prices",
    "probability_good",
    "refused_share",
    "shortened",
    "unrestricted",
]


def __getattr__(name: str) -> Any:
    if name not in _FITTING:
        raise AttributeError(f"benne.models has no {name!r}")
    return getattr(import_module(_FITTING[name]), name)
