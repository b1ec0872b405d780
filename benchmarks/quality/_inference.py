"""Whether Benne is inferior: the corrected resampled t interval of paired differences."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import t

LARGE = 20_000
MARGINS = {True: 0.002, False: 0.015}


@dataclass(frozen=True)
class Difference:
    """Mean of paired differences with its 95 % interval; the ends are NaN for fewer than two."""

    mean: float
    low: float
    high: float
    pairs: int


def corrected_difference(differences: np.ndarray, test_to_train: float) -> Difference:
    """The corrected resampled t interval (Nadeau and Bengio 2003, equation 9).

    ``mean ± t(0.975, J - 1) * sqrt((1 / J + n_test / n_train) * s²)`` over the ``J`` differences
    of all folds of all repeats: training sets overlap, which the second summand pays for.

    >>> corrected_difference(np.array([0.01, 0.01, 0.01]), 0.5).high
    0.01
    """
    pairs = len(differences)
    mean = float(np.mean(differences))
    if pairs < 2:
        return Difference(mean, math.nan, math.nan, pairs)
    spread = math.sqrt((1 / pairs + test_to_train) * float(np.var(differences, ddof=1)))
    reach = float(t.ppf(0.975, pairs - 1)) * spread
    return Difference(mean, mean - reach, mean + reach, pairs)


def margin(rows: int) -> float:
    """The AUC that may be lost to the best rival on a set of so many rows."""
    return MARGINS[rows >= LARGE]
