"""Whether the promised risk is the risk seen.  ``pd`` is the promised chance of being bad."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from benne.kernel import InvalidInput
from benne.monitoring._figures import Facts, Figure, Floats, Ints, Why, effective, figures, floats
from benne.monitoring._ranking import Sample, ranks_apart, sample

BINS = 10
LEVEL = 0.05
EMPTY = Why("no observation has both a promised risk and a known outcome")


def _rows(y: ArrayLike, pd: ArrayLike, weight: ArrayLike | None) -> Sample:
    promised = floats("pd", pd)
    wrong = ~np.isnan(promised) & ((promised < 0) | (promised > 1))
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InvalidInput(f"pd must lie between 0 and 1; row {row} is {promised[row]}.")
    return sample(y, promised, weight=weight)


def brier(y: ArrayLike, pd: ArrayLike, *, weight: ArrayLike | None = None) -> Facts:
    """Brier score, the mean of ``(pd - y)²`` (Brier 1950), and that of promising all the same.

    ``brier_skill`` is ``1 - brier / brier_of_base_rate``.

    >>> brier([1, 0], [0.75, 0.25])
    {'brier': 0.0625, 'brier_of_base_rate': 0.25, 'brier_skill': 0.75}
    """
    rows = _rows(y, pd, weight)
    if not len(rows.y):
        return figures(brier=EMPTY, brier_of_base_rate=EMPTY, brier_skill=EMPTY)
    value = float(np.average(np.square(rows.score - rows.y), weights=rows.weight))
    rate = float(np.average(rows.y, weights=rows.weight))
    base = rate * (1 - rate)
    skill: Figure = 1 - value / base if base > 0 else Why("all known outcomes are the same")
    return figures(brier=value, brier_of_base_rate=base, brier_skill=skill)


def calibration_curve(
    y: ArrayLike, pd: ArrayLike, *, weight: ArrayLike | None = None, bins: int = BINS
) -> Facts:
    """Promised and seen bad rates in bins of equal weight, with 95 % Jeffreys intervals.

    Equal promises stay in one bin.  The interval is Beta(b + 1/2, n - b + 1/2) (Brown, Cai and
    DasGupta 2001), n and b scaled to the effective number of observations under weights.
    """
    rows = _rows(y, pd, weight)
    if not len(rows.y):
        return figures(bins=EMPTY)
    place = ranks_apart(rows.score, rows.weight, bins)
    table = []
    for number in range(int(place.max()) + 1):
        here = place == number
        low, high = jeffreys_interval(*counted(rows.y[here], rows.weight[here]))
        table.append(
            figures(
                observations=int(here.sum()),
                share=rows.weight[here].sum() / rows.weight.sum(),
                expected=np.average(rows.score[here], weights=rows.weight[here]),
                seen=np.average(rows.y[here], weights=rows.weight[here]),
                seen_low=low,
                seen_high=high,
            )
        )
    return figures(bins=table)


def calibration_error(
    y: ArrayLike, pd: ArrayLike, *, weight: ArrayLike | None = None, bins: int = BINS
) -> Facts:
    """Expected calibration error over bins of equal weight: ``Σ share |expected - seen|``.

    >>> calibration_error([1, 0, 0, 0], [0.5, 0.5, 0.0, 0.0])
    {'calibration_error': 0.0}
    """
    curve = calibration_curve(y, pd, weight=weight, bins=bins)
    if curve["bins"] is None:
        return figures(calibration_error=EMPTY)
    return figures(
        calibration_error=sum(b["share"] * abs(b["expected"] - b["seen"]) for b in curve["bins"])
    )


def calibration_line(y: ArrayLike, pd: ArrayLike, *, weight: ArrayLike | None = None) -> Facts:
    """Cox's (1958) recalibration: ``logit P(bad) = intercept + slope · logit pd``.

    Sound calibration is slope 1, intercept 0; a slope below 1 says that the spread of the
    promised risks is too wide.  ``in_the_large`` is the mean promise less the mean seen.
    """
    rows = _rows(y, pd, weight)
    if not len(rows.y):
        return figures(intercept=EMPTY, slope=EMPTY, in_the_large=EMPTY)
    gap = float(np.average(rows.score - rows.y, weights=rows.weight))
    if rows.flaw:
        return figures(intercept=rows.flaw, slope=rows.flaw, in_the_large=gap)
    inside = np.clip(rows.score, 1e-9, 1 - 1e-9)
    fitted = _logistic(np.log(inside / (1 - inside)), rows.y, rows.weight)
    if isinstance(fitted, Why):
        return figures(intercept=fitted, slope=fitted, in_the_large=gap)
    return figures(intercept=fitted[0], slope=fitted[1], in_the_large=gap)


def _logistic(x: Floats, y: Floats, weight: Floats) -> tuple[float, float] | Why:
    """Intercept and slope of a logistic line by Newton's method."""
    if np.ptp(x) < 1e-12:
        return Why("all promised risks are the same")
    design = np.column_stack([np.ones_like(x), x])
    line = np.array([0.0, 1.0])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-np.clip(design @ line, -40, 40)))
        pull = design.T @ (weight * (y - chance))
        curve = design.T @ (design * (weight * chance * (1 - chance))[:, None])
        if np.linalg.cond(curve) > 1e14:
            break
        step = np.linalg.solve(curve, pull)
        line = line + step
        if np.abs(step).max() < 1e-10:
            return float(line[0]), float(line[1])
    return Why("the logistic line has no finite best fit: the outcomes are separated")


def counted(y: Floats, weight: Floats) -> tuple[float, float]:
    """Bads and observations, at the effective size where weights are unequal."""
    size = effective(weight)
    total = float(weight.sum())
    return (float((weight * y).sum()) / total * size if total > 0 else 0.0), size


def jeffreys_interval(bads: float, n: float, level: float = 0.95) -> tuple[float, float]:
    """Equal-tailed Jeffreys interval of a rate; 0 and 1 at the ends, as is usual."""
    tail = (1 - level) / 2
    low = 0.0 if bads <= 0 else float(stats.beta.ppf(tail, bads + 0.5, n - bads + 0.5))
    high = 1.0 if bads >= n else float(stats.beta.ppf(1 - tail, bads + 0.5, n - bads + 0.5))
    return low, high


def jeffreys_p(expected: float, bads: float, n: float) -> float:
    """One-sided Jeffreys test that the true rate is not above ``expected``.

    p = P(rate <= expected) under Beta(bads + 1/2, n - bads + 1/2): small where the risk is
    understated (ECB, Instructions for reporting the validation results of internal models,
    2019, section 2.5.3.1).

    >>> round(jeffreys_p(0.01, 5, 100), 5)
    0.00138
    """
    return float(stats.beta.cdf(expected, bads + 0.5, n - bads + 0.5))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's (1979) step-down correction: ``max over j <= i of min(1, (m - j) p_(j))``.

    >>> [round(q, 3) for q in holm([0.01, 0.04, 0.03])]
    [0.03, 0.06, 0.06]
    """
    order = sorted(range(len(p)), key=lambda i: p[i])
    corrected = [0.0] * len(p)
    running = 0.0
    for rank, i in enumerate(order):
        running = max(running, min(1.0, (len(p) - rank) * p[i]))
        corrected[i] = running
    return corrected


def by_group(
    y: ArrayLike,
    pd: ArrayLike,
    group: Ints,
    names: Sequence[str],
    *,
    weight: ArrayLike | None = None,
) -> list[Facts]:
    """For each group expected and seen bad rates, the one-sided Jeffreys test, and Holm's.

    ``group`` holds a place in ``names`` for each row, or -1 for none.
    """
    outcome, promised = floats("y", y), floats("pd", pd)
    heavy = np.ones(len(outcome)) if weight is None else floats("weight", weight)
    known = ~np.isnan(outcome) & ~np.isnan(promised) & (heavy > 0)
    table: list[Facts] = []
    tested: list[tuple[int, float]] = []
    for number, name in enumerate(names):
        here = known & (group == number)
        if not here.any():
            why = Why("no observation with a known outcome here")
            table.append(
                figures(
                    name=name, observations=0, bads=0, expected=why, seen=why, seen_low=why,
                    seen_high=why, p=why, p_holm=why, understated=why,
                )
            )  # fmt: skip
            continue
        bads, size = counted(outcome[here], heavy[here])
        expected = float(np.average(promised[here], weights=heavy[here]))
        low, high = jeffreys_interval(bads, size)
        tested.append((number, jeffreys_p(expected, bads, size)))
        table.append(
            figures(
                name=name,
                observations=int(here.sum()),
                bads=int(outcome[here].sum()),
                expected=expected,
                seen=np.average(outcome[here], weights=heavy[here]),
                seen_low=low,
                seen_high=high,
                p=tested[-1][1],
            )
        )
    for (number, _), q in zip(tested, holm([p for _, p in tested]), strict=True):
        table[number]["p_holm"] = q
        table[number]["understated"] = q < LEVEL
    return table
