"""How held-apart groups fare.  The groups are never features; they are only looked at here."""

from __future__ import annotations

import itertools
import re

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from benne.monitoring._calibration import counted, jeffreys_p
from benne.monitoring._figures import (
    Facts,
    Figure,
    Floats,
    Why,
    figures,
    floats,
    labels,
    outcomes,
    weights,
)
from benne.monitoring._ranking import auc

SMALL = 100
FEW_BADS = 10
LEVELS_MAX = 12
FOUR_FIFTHS = 0.8
UNKNOWN = ("(unknown)", "not stated", "unknown", "")


def group_labels(values: ArrayLike) -> tuple[NDArray[np.object_], list[str]]:
    """Label of each row, and the labels in order; a number of many values is cut at quartiles."""
    array = np.asarray(values)
    if array.dtype.kind in "fiu" and len(np.unique(array[~_missing(array)])) > LEVELS_MAX:
        numbers = array.astype(np.float64)
        cuts = np.unique(np.nanquantile(numbers, [0.25, 0.5, 0.75], method="lower"))
        names = [f"up to {cuts[0]:g}"]
        names += [f"over {a:g} to {b:g}" for a, b in itertools.pairwise(cuts)]
        names += [f"over {cuts[-1]:g}"]
        place = np.searchsorted(cuts, numbers, side="left").clip(0, len(names) - 1)
        named = np.array(names, dtype=object)[place]
        named = np.where(np.isnan(numbers), "(unknown)", named)
        present = set(named.tolist())
        return named, [name for name in (*names, "(unknown)") if name in present]
    text = labels(array)
    return text, sorted(set(text.tolist()), key=_natural)


def _natural(label: str) -> tuple[bool, float, bool, str]:
    """Order of labels: by the first number in them, those "under" it first; the unknown last."""
    number = re.search(r"\d+", label)
    below = label.startswith(("under", "up to", "below", "less"))
    return label in UNKNOWN, float(number[0]) if number else np.inf, not below, label


def _missing(array: NDArray[np.generic]) -> NDArray[np.bool_]:
    numbers = array.astype(np.float64)
    return np.isnan(numbers)


def fairness(
    y: ArrayLike,
    score: ArrayLike,
    group: ArrayLike,
    *,
    cutoff: float,
    pd: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> Facts:
    """Adverse-impact ratio, calibration and discrimination by level of one group column.

    ``ratio`` is a group's share admitted (``score >= cutoff``) over that of the group admitted
    most among those not small; below 0.8 it is evidence of adverse impact (29 CFR 1607.4(D)).
    Its 95 % interval is Katz's (1978), on the logarithm.  A group of fewer than ``SMALL`` people
    is ``small``, one with fewer than ``FEW_BADS`` bads or goods has too few outcomes to judge
    calibration by: both are shown and flagged, never taken as the reference.
    """
    outcome = outcomes(y)
    n = len(outcome)
    points, heavy = floats("score", score, n), weights(weight, n)
    promised = None if pd is None else floats("pd", pd, n)
    names, levels = group_labels(group)
    scored = ~np.isnan(points)
    if len(levels) < 2:
        why = Why("there is only one group" if levels else "there is no observation")
        return figures(reference=why, groups=why)
    rows, rates = [], {}
    for level in levels:
        here = (names == level) & scored
        size = int(here.sum())
        row = _level(outcome, points, promised, heavy, here)
        row = {"group": str(level), "observations": int((names == level).sum()), **row}
        row["small"] = size < SMALL
        if size:
            rates[level] = (float(np.average(points[here] >= cutoff, weights=heavy[here]))
                            if heavy[here].sum() > 0 else 0.0, size)  # fmt: skip
        rows.append(row)
    return _ratios(rows, rates)


def _level(
    y: Floats, points: Floats, pd: Floats | None, weight: Floats, here: NDArray[np.bool_]
) -> Facts:
    """Calibration and discrimination within one group."""
    known = here & ~np.isnan(y) & (weight > 0)
    if pd is not None:
        known &= ~np.isnan(pd)
    n, bads = int(known.sum()), int(y[known].sum())
    none = Why("no known outcome in this group")
    no_pd = Why("no promised risk was given")
    expected: Figure = no_pd if pd is None else none
    p: Figure = expected
    if n and pd is not None:
        expected = float(np.average(pd[known], weights=weight[known]))
        p = jeffreys_p(expected, *counted(y[known], weight[known]))
    area = auc(y[known], points[known], weight=weight[known])
    few = min(bads, n - bads) < FEW_BADS
    reliable = Why(f"fewer than {FEW_BADS} bads or goods")
    return figures(
        scored=int(here.sum()),
        outcomes_known=n,
        bads=bads,
        expected=expected,
        seen=np.average(y[known], weights=weight[known]) if n else none,
        p_understated=p,
        auc=reliable if few else area["auc"],
        auc_low=reliable if few else area["auc_low"],
        auc_high=reliable if few else area["auc_high"],
        few_outcomes=few,
    )


def _ratios(rows: list[Facts], rates: dict[str, tuple[float, int]]) -> Facts:
    """Adds admitted share and adverse-impact ratio to each group, against the most admitted."""
    large = {g: rate for g, (rate, size) in rates.items() if size >= SMALL and g not in UNKNOWN}
    best = max(large, key=lambda g: large[g]) if large else None
    z = float(stats.norm.ppf(0.975))
    for row in rows:
        name = row["group"]
        ratio: Figure
        low: Figure
        high: Figure
        if name not in rates:
            ratio = low = high = Why("no one in this group has a score")
            row.update(figures(admitted=ratio))
        else:
            rate, size = rates[name]
            row.update(figures(admitted=rate))
            if best is None or large[best] == 0:
                ratio = low = high = Why("no group is large enough, or none is admitted at all")
            elif name == best:
                ratio = 1.0
                low = high = Why("this is the reference group")
            elif rate == 0:
                ratio, low = 0.0, 0.0
                high = Why("no one in this group is admitted")
            else:
                ratio = rate / large[best]
                spread = (1 - rate) / (rate * size)
                spread += (1 - large[best]) / (large[best] * rates[best][1])
                low, high = ratio * np.exp(-z * spread**0.5), ratio * np.exp(z * spread**0.5)
        row.update(figures(ratio=ratio, ratio_low=low, ratio_high=high))
        row["adverse"] = bool(isinstance(ratio, float) and ratio < FOUR_FIFTHS)
    reference = best if best is not None else Why(f"no group has {SMALL} scored people")
    return figures(reference=reference, groups=rows)
