"""Who gets a score, and how well it ranks them, by how much is known of them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benne.monitoring._figures import Facts, Why, figures, floats, labels, outcomes, share, weights
from benne.monitoring._ranking import auc

RECORDS = (0, 1, 2, 5, 10, 20, 50, 100)
FEW = 10


def thickness_labels(thickness: ArrayLike) -> tuple[NDArray[np.object_], list[str]]:
    """Label of each row and the labels from thin to thick; counts of records are put in steps."""
    array = np.asarray(thickness)
    if array.dtype.kind not in "fiu":
        text = labels(array)
        return text, sorted(set(text.tolist()))
    steps = [
        f"{a}" if b == a + 1 else f"{a} to {b - 1}" for a, b in pairwise(RECORDS)
    ] + [f"{RECORDS[-1]} or more"]  # fmt: skip
    counts = np.nan_to_num(array.astype(np.float64), nan=0.0)
    place = (np.searchsorted(RECORDS, counts, side="right") - 1).clip(0)
    named = np.array([f"{name} records" for name in steps], dtype=object)[place]
    return named, [f"{steps[i]} records" for i in np.unique(place)]


def coverage(
    y: ArrayLike,
    score: ArrayLike,
    thickness: ArrayLike | None = None,
    *,
    order: Sequence[str] = (),
    weight: ArrayLike | None = None,
    subject: ArrayLike | None = None,
) -> Facts:
    """Share of observations with a score, and AUC and Gini, overall and by thickness.

    ``thickness`` is a count of records or a label for each observation; ``order`` puts labels
    from thin to thick.  AUC needs ``FEW`` goods and bads.
    """
    outcome = outcomes(y)
    n = len(outcome)
    points, heavy = floats("score", score, n), weights(weight, n)
    scored = ~np.isnan(points)
    overall = share(float(heavy[scored].sum()), float(heavy.sum()), "observation")
    if thickness is None:
        why = Why("the thickness of evidence was not given")
        return figures(scored=overall, by_thickness=why)
    names, known = thickness_labels(thickness)
    known = [*(name for name in order if name in known), *(k for k in known if k not in order)]
    who = np.arange(n) if subject is None else np.asarray(subject)
    rows = []
    for name in known:
        here = names == name
        judged = here & scored & ~np.isnan(outcome)
        bads = int(outcome[judged].sum())
        few = min(bads, int(judged.sum()) - bads) < FEW
        why = Why(f"fewer than {FEW} scored bads or goods")
        area = auc(outcome[judged], points[judged], weight=heavy[judged], subject=who[judged])
        area = figures(auc=why, auc_low=why, auc_high=why) if few else area
        rows.append(
            figures(
                name=name,
                observations=int(here.sum()),
                share=share(float(heavy[here].sum()), float(heavy.sum()), "observation"),
                scored=share(float(heavy[here & scored].sum()), float(heavy[here].sum()), "weight"),
                bads=bads,
                bad_rate=np.average(outcome[judged], weights=heavy[judged])
                if heavy[judged].sum() > 0
                else Why("no scored observation with a known outcome"),
            )
            | area
            | figures(gini=why if area["auc"] is None else 2 * area["auc"] - 1)
        )
    return figures(scored=overall, by_thickness=rows or Why("there is no observation"))
