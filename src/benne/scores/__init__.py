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
    admits,
    to_json,
)
from benne.scores._card import card_text
from benne.scores._conduct import (
    ConductAnswer,
    ConductDeclined,
    ConductScore,
    Noted,
    RuleBook,
    conduct,
    conduct_json,
    rule_book,
    rule_book_from,
)
from benne.scores._default import DefaultTable, default_table
from benne.scores._edits import EDITS, History
from benne.scores._evidence import (
    Bar,
    ScorabilityStudy,
    Slice,
    credit_file_features,
    missing_evidence,
    scorability_thresholds,
    with_thresholds,
)
from benne.scores._families import (
    FACTORS,
    FAMILIES,
    Band,
    CreditFile,
    EnoughEvidence,
    Family,
    Scorable,
    family,
    family_from,
)
from benne.scores._levers import Lever, levers_from, offers, standard_levers
from benne.scores._people import Scorer
from benne.scores._points import (
    Points,
    dimension_micro,
    factor_of_features,
    micro_sql,
    points,
    points_of_row,
    points_select,
)
from benne.scores._reasons import reasons
from benne.scores._rescoring import rescorer
from benne.scores._scale import PointsScale
from benne.scores._words import value_in_words

__all__ = [
    "EDITS",
    "FACTORS",
    "FAMILIES",
    "Answer",
    "Band",
    "Bar",
    "ConductAnswer",
    "ConductDeclined",
    "ConductScore",
    "CreditFile",
    "DefaultTable",
    "EnoughEvidence",
    "Erased",
    "Family",
    "History",
    "Lever",
    "NoConsent",
    "NotEnoughEvidence",
    "Noted",
    "Offer",
    "Points",
    "PointsScale",
    "Reason",
    "RuleBook",
    "ScorabilityStudy",
    "Scorable",
    "Score",
    "Scorer",
    "Slice",
    "Unavailable",
    "admits",
    "card_text",
    "conduct",
    "conduct_json",
    "credit_file_features",
    "default_table",
    "dimension_micro",
    "factor_of_features",
    "family",
    "family_from",
    "levers_from",
    "micro_sql",
    "missing_evidence",
    "offers",
    "points",
    "points_of_row",
    "points_select",
    "reasons",
    "rescorer",
    "rule_book",
    "rule_book_from",
    "scorability_thresholds",
    "standard_levers",
    "to_json",
    "value_in_words",
    "with_thresholds",
]
