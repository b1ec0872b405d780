"""Learning from those who were admitted, for all who apply: who is refused has no outcome.

Two corrections, each bounded, over plain arrays.  *Inverse propensity* (Horvitz and Thompson 1952,
Hájek 1971) lets an admitted row stand for all who had the same chance of being admitted; it needs
the chances, and rows of small chance among the admitted.  *Augmentation* (fuzzy augmentation,
Siddiqi 2017) lets each refused row enter as part bad and part good, by what a model of the
admitted expects of it with the odds of being bad multiplied by a factor, between two bounds.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benne.kernel import InvalidInput

Floats = NDArray[np.float64]

_FEWEST_BAD = 10
"""Bads among the admitted that must speak for the refused before a factor is estimated."""


@dataclass(frozen=True, slots=True)
class OddsFactor:
    """By how much the odds of being bad of the refused exceed what the admitted let expect.

    ``used`` lies from ``at_least`` to ``at_most``.  ``estimate`` is what the propensities say,
    before it is held to the bounds; ``None`` without them, and then ``why`` says why not, and
    ``used`` is the geometric middle of the bounds.
    """

    used: float
    at_least: float
    at_most: float
    estimate: float | None = None
    why: str = ""


def inverse_propensity(propensity: Floats, *, at_most: float) -> Floats:
    """Weights of admitted rows, shape ``(n,)``: ``min(1 / propensity, at_most)``, of mean 1.

    A smaller bound makes fewer rows decide less, and leaves more of the bias.

    Raises:
        InvalidInput: a propensity is not in (0, 1], or ``at_most`` is below 1.
    """
    _check(propensity, at_most)
    weight: Floats = np.minimum(1.0 / propensity, at_most)
    return weight / weight.mean() if len(weight) else weight


def refused_share(propensity: Floats, *, at_most: float) -> Floats:
    """How many refused each admitted row stands for: ``min((1 - p) / p, at_most)``.

    The mean of the admitted under these weights is that of the refused, where nothing but what
    the propensity knows decided (Hirano, Imbens and Ridder 2003).

    Raises:
        InvalidInput: as ``inverse_propensity``.
    """
    _check(propensity, at_most)
    found: Floats = np.minimum((1.0 - propensity) / propensity, at_most)
    return found


def _check(propensity: Floats, at_most: float) -> None:
    if not at_most >= 1:
        raise InvalidInput(
            f"the largest weight of an admitted row must be 1 or more; got {at_most}."
        )
    wrong = ~((propensity > 0) & (propensity <= 1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InvalidInput(
            f"the propensity of an admitted row must be above 0 and at most 1; row {row} is "
            f"{propensity[row]}."
        )


def odds_factor(
    log_odds_bad: Floats,
    bad: NDArray[np.int64],
    stands_for: Floats | None,
    *,
    bounds: tuple[float, float],
) -> OddsFactor:
    """The factor of the refused, from admitted rows with out-of-fold ``log_odds_bad``.

    ``stands_for`` are the weights of ``refused_share``, or ``None`` where no propensity is known.
    The estimate ``k`` solves ``Σ w sigmoid(log_odds_bad + ln k) = Σ w bad``.

    Raises:
        InvalidInput: the bounds are not positive and rising.
    """
    low, high = bounds
    if not 0 < low <= high < np.inf:
        raise InvalidInput(f"the bounds of the odds must be positive and rise; got {low}, {high}.")
    middle = float(np.sqrt(low * high))
    if stands_for is None:
        return OddsFactor(middle, low, high, None, "no propensity is recorded")
    told = ~np.isnan(log_odds_bad) & (stands_for > 0)
    margin, weight, y = log_odds_bad[told], stands_for[told], bad[told]
    if int(y.sum()) < _FEWEST_BAD or int(y.sum()) == len(y):
        why = f"fewer than {_FEWEST_BAD} bads among the admitted speak for the refused"
        return OddsFactor(middle, low, high, None, why)
    shift = _shift(margin, weight, float(weight @ y))
    estimate = float(np.exp(shift))
    return OddsFactor(float(np.clip(estimate, low, high)), low, high, estimate)


def _shift(margin: Floats, weight: Floats, bads: float) -> float:
    """What to add to ``margin`` so that it promises ``bads`` in all; the promise rises with it."""
    from scipy.optimize import brentq
    from scipy.special import expit

    def over(shift: float) -> float:
        return float(weight @ expit(margin + shift)) - bads

    return float(brentq(over, -60.0, 60.0, xtol=1e-10))


def parts_bad(log_odds_bad: Floats, factor: float) -> Floats:
    """The part of each refused row that enters as bad, shape ``(n,)``; the rest enters as good."""
    from scipy.special import expit

    found: Floats = expit(log_odds_bad + np.log(factor))
    return found
