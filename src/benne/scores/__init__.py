"""Scores: families, points, bands, typed answers, reasons and levers."""

from benne.scores._answers import (
    Answer,
    Erased,
    NoConsent,
    NotEnoughEvidence,
    Offer,
    Reason,
    Score,
    Unavailable,
    to_json,
)
from benne.scores._families import (
    FACTORS,
    FAMILIES,
    Band,
    CreditFile,
    EnoughEvidence,
    Family,
    family,
    family_from,
)
from benne.scores._points import (
    Points,
    dimension_micro,
    points,
    points_of_row,
    points_select,
)
from benne.scores._scale import PointsScale

__all__ = [
    "FACTORS",
    "FAMILIES",
    "Answer",
    "Band",
    "CreditFile",
    "EnoughEvidence",
    "Erased",
    "Family",
    "NoConsent",
    "NotEnoughEvidence",
    "Offer",
    "Points",
    "PointsScale",
    "Reason",
    "Score",
    "Unavailable",
    "dimension_micro",
    "family",
    "family_from",
    "points",
    "points_of_row",
    "points_select",
    "to_json",
]
