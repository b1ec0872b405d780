"""What is measured on a test fold."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score, roc_curve


def measures(bad: np.ndarray, probability: np.ndarray) -> dict[str, float]:
    """AUC, KS, Brier and calibration error of probabilities of bad."""
    false, true, _ = roc_curve(bad, probability)
    return {
        "auc": float(roc_auc_score(bad, probability)),
        "ks": float(np.max(true - false)),
        "brier": float(np.mean((probability - bad) ** 2)),
        "calibration_error": calibration_error(bad, probability),
    }


def calibration_error(bad: np.ndarray, probability: np.ndarray, bins: int = 10) -> float:
    """Mean over ten equally filled bins of |mean probability - share of bad|, by exposure.

    >>> round(calibration_error(np.array([0, 1, 0, 1]), np.array([0.2, 0.2, 0.6, 0.6]), 2), 3)
    0.2
    """
    order = np.argsort(probability, kind="stable")
    parts = [part for part in np.array_split(order, bins) if len(part)]
    gaps = [len(part) * abs(float(np.mean(probability[part] - bad[part]))) for part in parts]
    return sum(gaps) / len(bad)
