"""People whom a policy refused: where they lie, and what is claimed of them without an outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benne.monitoring._figures import Facts, Figure, Floats, Why, effective, figures, floats, share
from benne.monitoring._ranking import auc
from benne.monitoring._tables import band_names, band_of

CHANCES = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 0.9, 1.0)
"""Edges of the cells in which chances of admission are counted; the last is closed."""
FEW = 10
UNKNOWN = Why("no propensity is recorded of those who were admitted")


@dataclass(frozen=True, slots=True, kw_only=True)
class Turned:
    """Who was refused, beside the judged rows of ``ValidationInputs``.

    ``score``, ``pd`` and ``propensity`` have shape ``(refused,)``, ``admitted_pd`` and
    ``admitted_propensity`` that of the judged rows; NaN is unknown.  ``pd`` is the risk that the
    score claims.  ``weight_at_most`` bounds 1 / propensity; ``method`` and ``odds`` say what the
    card was fitted to.
    """

    score: ArrayLike
    pd: ArrayLike
    propensity: ArrayLike
    admitted_pd: ArrayLike
    admitted_propensity: ArrayLike
    weight_at_most: float
    method: str
    odds: Mapping[str, Any] | None = None
    policies: Mapping[str, Sequence[int]] = field(default_factory=dict)


def refused(
    y: Floats, score: Floats, turned: Turned, *, edges: Sequence[float], names: Sequence[str] = ()
) -> Facts:
    """The overlap of the admitted and the refused, and every claim without support.

    ``y`` and ``score`` are those of the admitted, shape ``(n,)``.  A claim is *unsupported* where
    it is made of refused people who score below the lowest admitted one whose outcome is known.
    """
    theirs, claimed = floats("refused score", turned.score), floats("refused pd", turned.pd)
    known = ~np.isnan(y) & ~np.isnan(score)
    chance = floats("admitted propensity", turned.admitted_propensity, len(y))
    lowest = float(score[known].min()) if known.any() else np.nan
    weighted = _weighted(y, score, chance, known, turned)
    return figures(
        method=turned.method,
        odds=turned.odds or Why("the card was not fitted to the refused"),
        admitted=len(y),
        refused=len(theirs),
        share_refused=len(theirs) / (len(y) + len(theirs)),
        scored_refused=int((~np.isnan(theirs)).sum()),
        policies=[
            {"policy": name, "admitted": int(ours), "refused": int(others)}
            for name, (ours, others) in turned.policies.items()
        ],
        overlap=_overlap(chance, turned),
        support=_support(theirs, claimed, lowest),
        bands=_bands(y, score, theirs, claimed, lowest, turned, edges, names),
        weighted=weighted,
    )


def _overlap(chance: Floats, turned: Turned) -> Facts | Why:
    """Chances of admission of the admitted and the refused, and where none of both are."""
    others = floats("refused propensity", turned.propensity)
    if np.isnan(chance).all():
        return UNKNOWN
    ours = chance[~np.isnan(chance)]
    told = others[~np.isnan(others)]
    floor = 1.0 / turned.weight_at_most
    edges = np.array(CHANCES)
    weight = np.minimum(1.0 / ours[ours > 0], turned.weight_at_most)
    none = Why("no propensity is recorded of those who were refused")
    return figures(
        cells=[
            {"low": low, "high": high, "admitted": int(a), "refused": int(b)}
            for (low, high), a, b in zip(
                pairwise(CHANCES), np.histogram(ours, edges)[0], np.histogram(told, edges)[0],
                strict=True,
            )
        ],
        known_admitted=len(ours),
        known_refused=len(told),
        lowest_admitted=ours.min(),
        lowest_refused=told.min() if len(told) else none,
        floor=floor,
        refused_below_floor=int((told < floor).sum()) if len(told) else none,
        refused_never_admitted=int((told <= 0).sum()) if len(told) else none,
        refused_below_any_admitted=int((told < ours.min()).sum()) if len(told) else none,
        weight_at_most=turned.weight_at_most,
        capped=share(float((ours < floor).sum()), len(ours), "admitted row"),
        effective=effective(weight),
        largest_share=share(float(weight.max(initial=0.0)), float(weight.sum()), "weight"),
    )  # fmt: skip


def _support(theirs: Floats, claimed: Floats, lowest: float) -> Facts:
    """The refused below the lowest admitted score: what is said of them rests on no outcome."""
    scored = ~np.isnan(theirs)
    below = scored & (theirs < lowest)
    nobody = Why("nobody who was refused scores below the lowest admitted person")
    return figures(
        lowest_admitted_score=Why("no admitted person has a score and an outcome")
        if np.isnan(lowest)
        else lowest,
        refused_below=int(below.sum()),
        share_refused_below=share(float(below.sum()), float(scored.sum()), "scored refused person"),
        claimed_below=claimed[below].mean() if below.any() else nobody,
    )


def _bands(
    y: Floats, score: Floats, theirs: Floats, claimed: Floats, lowest: float, turned: Turned,
    edges: Sequence[float], names: Sequence[str],
) -> list[Facts]:  # fmt: skip
    """By band of the score: admitted with the rate seen, refused with the rate claimed."""
    names = names or band_names(edges)
    ours, others = band_of(score, edges), band_of(theirs, edges)
    promised = floats("admitted pd", turned.admitted_pd, len(y))
    rows = []
    for number, name in enumerate(names):
        here, there = (ours == number) & ~np.isnan(y), others == number
        bare = there & ~(theirs >= lowest)
        nobody = Why("nobody of this band was refused")
        rows.append(
            figures(
                name=name,
                admitted=int(here.sum()),
                bads=int(y[here].sum()),
                seen=_mean(y[here], "nobody of this band was admitted"),
                promised=_mean(promised[here], "nobody of this band was admitted"),
                refused=int(there.sum()),
                claimed=claimed[there].mean() if there.any() else nobody,
                unsupported=int(bare.sum()),
                few=bool(there.any() and here.sum() < FEW),
            )
        )
    return rows


def _mean(values: Floats, why: str) -> Figure:
    return float(values.mean()) if len(values) else Why(why)


def _weighted(
    y: Floats, score: Floats, chance: Floats, known: NDArray[np.bool_], turned: Turned
) -> Any:
    """What the admitted say of all who applied, and of the refused, each by inverse propensity.

    Rates are Hájek's; ``…_error`` is the linearised standard error of the weighted mean.
    """
    there = known & ~np.isnan(chance) & (chance > 0)
    if not there.any():
        return UNKNOWN
    y, score, chance = y[there], score[there], chance[there]
    promised = floats("admitted pd", turned.admitted_pd)[there]
    everyone = np.minimum(1.0 / chance, turned.weight_at_most)
    others = np.minimum((1.0 - chance) / chance, turned.weight_at_most)
    facts: Facts = {}
    for name, weight in (("applicants", everyone), ("refused", others)):
        if not weight.sum() > 0:
            why = Why("every admitted person was certain to be admitted")
            facts |= figures(**{f"{name}_seen": why, f"{name}_promised": why})
            continue
        seen = float(np.average(y, weights=weight))
        error = float(np.sqrt(np.square(weight * (y - seen)).sum()) / weight.sum())
        facts |= figures(**{
            f"{name}_seen": seen,
            f"{name}_error": error,
            f"{name}_promised": np.average(promised, weights=weight),
            f"{name}_effective": effective(weight),
        })  # fmt: skip
    return facts | {"admitted_seen": float(y.mean())} | auc(y, score, weight=everyone)
