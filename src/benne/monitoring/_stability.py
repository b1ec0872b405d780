"""Whether the people, or their scores, have shifted between periods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from benne.monitoring._cohorts import ONE_MOMENT, periods
from benne.monitoring._figures import Facts, Ints, Why, figures, floats, labels

BINS = 10
ENOUGH = 100
SAID_MISSING = "(missing)"


def psi(counts: ArrayLike, base_counts: ArrayLike) -> Facts:
    """Population stability index of a sample against a base, both counted in the same bins.

    ``PSI = Σ (p - q) ln(p / q)``, half an observation added to every bin so that an empty one
    stays finite.  Under no change ``PSI / (1/n + 1/m)`` is near chi-square with bins - 1 degrees
    of freedom (Yurdakul and Naranjo, Journal of Risk Model Validation 14 (2020) 89-100), so that
    ``expected`` = (bins - 1)(1/n + 1/m), and ``p`` is its upper tail: small n alone makes a large
    PSI, which fixed limits such as 0.1 and 0.25 overlook.

    >>> psi([50, 50], [50, 50])["psi"]
    0.0
    """
    there, before = np.asarray(counts, dtype=np.float64), np.asarray(base_counts, dtype=np.float64)
    used = (there + before) > 0
    there, before = there[used], before[used]
    n, m = there.sum(), before.sum()
    if n == 0 or m == 0:
        why = Why("one of the two periods is empty")
        return figures(psi=why, expected=why, p=why, bins=int(used.sum()))
    if len(there) < 2:
        why = Why("all values are the same")
        return figures(psi=why, expected=why, p=why, bins=int(used.sum()))
    half = 0.5
    p, q = (there + half) / (n + half * len(there)), (before + half) / (m + half * len(there))
    value = float(((p - q) * np.log(p / q)).sum())
    unit, free = 1 / n + 1 / m, len(there) - 1
    return figures(
        psi=value, expected=free * unit, p=stats.chi2.sf(value / unit, free), bins=len(there)
    )


def bins_of(values: ArrayLike, base: NDArray[np.bool_], count: int = BINS) -> tuple[Ints, int]:
    """Bin of each value, and the number of bins, cut at the quantiles of the rows in ``base``.

    Missing values have a bin of their own.  Text is binned by level, the levels beyond the
    ``2 * count`` commonest in the base together.
    """
    array = np.asarray(values)
    if array.dtype.kind not in "fiub":
        text = labels(array)
        levels, sizes = np.unique(text[base].astype(str), return_counts=True)
        commonest = levels[np.argsort(-sizes, kind="stable")][: 2 * count]
        place = {str(level): i for i, level in enumerate(commonest)}
        rest = len(place)
        return np.array([place.get(str(item), rest) for item in text], dtype=np.int64), rest + 1
    numbers = floats("values", array)
    known = numbers[base & ~np.isnan(numbers)]
    if not len(known):
        return np.where(np.isnan(numbers), 0, 1).astype(np.int64), 2
    cuts = np.unique(np.quantile(known, np.linspace(0, 1, count + 1)[1:-1], method="lower"))
    place_of = np.searchsorted(cuts, numbers, side="left")
    return np.where(np.isnan(numbers), len(cuts) + 1, place_of).astype(np.int64), len(cuts) + 2


def stability(as_of: ArrayLike, measures: Mapping[str, ArrayLike]) -> Facts:
    """PSI of each measure in every later period against the first with enough observations.

    ``measures`` are arrays of shape ``(n,)``: the score, the domains' points, the features.
    """
    instants = np.asarray(as_of, dtype=np.int64)
    if not len(instants):
        return figures(base=ONE_MOMENT, measures=ONE_MOMENT)
    number, names = periods(instants)
    sizes = np.bincount(number, minlength=len(names))
    large = np.flatnonzero(sizes >= ENOUGH)
    if len(large) < 2:
        why = ONE_MOMENT if len(names) < 2 else Why(
            f"fewer than two periods hold {ENOUGH} observations"
        )  # fmt: skip
        return figures(base=why, measures=why)
    base = number == large[0]
    rows = []
    for name, values in measures.items():
        place, count = bins_of(values, base)
        before = np.bincount(place[base], minlength=count)
        compared = [
            figures(
                period=names[i],
                observations=int(sizes[i]),
                **psi(np.bincount(place[number == i], minlength=count), before),
            )
            for i in large[1:]
        ]
        rows.append(figures(name=name, periods=compared))
    left_out = [names[i] for i in range(len(names)) if 0 < sizes[i] < ENOUGH]
    return figures(base=names[large[0]], measures=rows, periods_too_small=left_out)
