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
from benne.monitoring._comparison import compare, through_a_shock
from benne.monitoring._coverage import coverage
from benne.monitoring._fairness import fairness
from benne.monitoring._features import FeatureTable, table_plot
from benne.monitoring._figures import whyless
from benne.monitoring._policies import ERRORS, by_group as fare_by_group, thin_files
from benne.monitoring._ranking import auc, auc_difference, discrimination, gains, ks, roc
from benne.monitoring._refits import prices as prices_of_parts, worth_in_orders, worth_refitted
from benne.monitoring._refused import Turned
from benne.monitoring._resampling import Draws
from benne.monitoring._stability import psi, stability
from benne.monitoring._standing import Rated
from benne.monitoring._tables import band_names, band_of, distribution, swap, tradeoff
from benne.monitoring._validation import validate
from benne.monitoring._validation_inputs import Held, States, Validation, ValidationInputs
from benne.monitoring._worth import domain_worth

__all__ = [
    "ERRORS",
    "Draws",
    "FeatureTable",
    "Held",
    "Rated",
    "States",
    "Turned",
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
    "compare",
    "coverage",
    "discrimination",
    "distribution",
    "domain_worth",
    "fairness",
    "fare_by_group",
    "gains",
    "holm",
    "jeffreys_interval",
    "jeffreys_p",
    "ks",
    "periods",
    "prices_of_parts",
    "psi",
    "roc",
    "roll_rates",
    "stability",
    "swap",
    "table_plot",
    "thin_files",
    "through_a_shock",
    "tradeoff",
    "validate",
    "vintage_curves",
    "vintages",
    "whyless",
    "worth_in_orders",
    "worth_refitted",
]
