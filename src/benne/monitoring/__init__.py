"""Validation statistics: numpy arrays in, plain JSON values out.

Each figure that does not apply is null with a sibling ``…_why``; none is ever NaN.
"""

from benne.monitoring._calibration import (
    brier,
    by_group,
    calibration_curve,
    calibration_error,
    calibration_line,
    holm,
    jeffreys_interval,
    jeffreys_p,
)
from benne.monitoring._cohorts import periods, roll_rates, vintage_curves, vintages
from benne.monitoring._coverage import coverage
from benne.monitoring._fairness import fairness
from benne.monitoring._features import FeatureTable, table_plot
from benne.monitoring._figures import whyless
from benne.monitoring._ranking import auc, auc_difference, discrimination, gains, ks, roc
from benne.monitoring._stability import psi, stability
from benne.monitoring._tables import band_names, band_of, distribution, swap, tradeoff
from benne.monitoring._validation import Held, States, Validation, ValidationInputs, validate
from benne.monitoring._worth import domain_worth

__all__ = [
    "FeatureTable",
    "Held",
    "States",
    "Validation",
    "ValidationInputs",
    "auc",
    "auc_difference",
    "band_names",
    "band_of",
    "brier",
    "by_group",
    "calibration_curve",
    "calibration_error",
    "calibration_line",
    "coverage",
    "discrimination",
    "distribution",
    "domain_worth",
    "fairness",
    "gains",
    "holm",
    "jeffreys_interval",
    "jeffreys_p",
    "ks",
    "periods",
    "psi",
    "roc",
    "roll_rates",
    "stability",
    "swap",
    "table_plot",
    "tradeoff",
    "validate",
    "vintage_curves",
    "vintages",
    "whyless",
]
