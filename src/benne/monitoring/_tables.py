"""Where the scores lie, and who would be admitted at a cutoff."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benne.kernel import InvalidInput
from benne.monitoring._figures import (
    Facts,
    Floats,
    Ints,
    Why,
    figures,
    floats,
    outcomes,
    share,
    weights,
)

CELLS = 40
UNSCORED = Why("no observation has a score")


def band_names(edges: Sequence[float]) -> tuple[str, ...]:
    """Names of the bands that the rising ``edges`` part, lowest first.

    >>> band_names((550, 600))
    ('below 550', '550-599', '600 and above')
    """
    if not edges:
        return ("all",)
    inner = [f"{low:g}-{high - 1:g}" for low, high in itertools.pairwise(edges)]
    return (f"below {edges[0]:g}", *inner, f"{edges[-1]:g} and above")


def band_of(score: ArrayLike, edges: Sequence[float]) -> Ints:
    """The number of each score's band, 0 the lowest, -1 where there is no score."""
    points = floats("score", score)
    if list(edges) != sorted(set(edges)):
        raise InvalidInput(f"band edges must rise; got {tuple(edges)}.")
    return np.where(np.isnan(points), -1, np.searchsorted(np.asarray(edges), points, side="right"))


def _spread(values: Floats, weight: Floats) -> Facts:
    """Mean, spread and quantiles of ``values``."""
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weight[order]) / weight.sum()
    middle = float(np.average(values, weights=weight))
    quantiles = {
        f"p{round(q * 100):02d}": values[
            order[min(int(np.searchsorted(reached, q)), len(values) - 1)]
        ]
        for q in (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
    }
    return figures(
        mean=middle,
        spread=np.sqrt(np.average(np.square(values - middle), weights=weight)),
        low=values.min(),
        high=values.max(),
        **quantiles,
    )


def distribution(
    y: ArrayLike,
    score: ArrayLike,
    *,
    edges: Sequence[float],
    names: Sequence[str] = (),
    weight: ArrayLike | None = None,
) -> Facts:
    """How many people have which score: ``bands``, ``cells`` of equal width, and quantiles.

    All scored people count, with or without a known outcome; ``bads``, ``goods`` and
    ``unknown`` split them.
    """
    outcome = outcomes(y)
    points, heavy = floats("score", score, len(outcome)), weights(weight, len(outcome))
    scored = ~np.isnan(points) & (heavy > 0)
    if not scored.any():
        return figures(bands=UNSCORED, cells=UNSCORED, quantiles=UNSCORED)
    outcome, points, heavy = outcome[scored], points[scored], heavy[scored]
    names = names or band_names(edges)
    if len(names) != len(edges) + 1:
        raise InvalidInput(
            f"{len(edges)} edges part {len(edges) + 1} bands; got {len(names)} names."
        )
    bands = _split(outcome, heavy, band_of(points, edges), names)
    low, high = float(points.min()), float(points.max())
    width = max((high - low) / CELLS, 1.0)
    width = float(np.ceil(width / 5) * 5) if width > 2 else width
    start = np.floor(low / width) * width
    cell = ((points - start) // width).astype(np.int64)
    cells = _split(outcome, heavy, cell, [str(i) for i in range(int(cell.max()) + 1)])
    for number, row in enumerate(cells):
        row["name"] = f"{start + number * width:g}"
        row["low"], row["high"] = float(start + number * width), float(start + (number + 1) * width)
    return figures(bands=bands, cells=cells, quantiles=_spread(points, heavy))


def _split(y: Floats, weight: Floats, group: Ints, names: Sequence[str]) -> list[Facts]:
    """Counts and bad rate of each group; shares are of weight."""
    total, table = weight.sum(), []
    for number, name in enumerate(names):
        here = group == number
        known = here & ~np.isnan(y)
        bad = float(weight[known][y[known] == 1].sum())
        table.append(
            figures(
                name=name,
                observations=int(here.sum()),
                share=weight[here].sum() / total,
                bads=int((y[known] == 1).sum()),
                goods=int((y[known] == 0).sum()),
                unknown=int(here.sum() - known.sum()),
                bad_rate=share(bad, float(weight[known].sum()), "known outcome here"),
            )
        )
    return table


def tradeoff(
    y: ArrayLike, score: ArrayLike, *, cutoffs: Sequence[float], weight: ArrayLike | None = None
) -> Facts:
    """At each cutoff the share admitted (``score >= cutoff``) and its bad rate."""
    outcome = outcomes(y)
    points, heavy = floats("score", score, len(outcome)), weights(weight, len(outcome))
    scored = ~np.isnan(points)
    if not scored.any():
        return figures(rows=UNSCORED)
    known = scored & ~np.isnan(outcome)
    rows = []
    for cutoff in cutoffs:
        passed = scored & (points >= cutoff)
        rows.append(
            figures(
                cutoff=cutoff,
                admitted=share(
                    float(heavy[passed].sum()), float(heavy[scored].sum()), "one scored"
                ),
                bad_rate_admitted=_bad_rate(outcome, heavy, passed & known),
                bad_rate_refused=_bad_rate(outcome, heavy, known & ~passed),
            )
        )
    return figures(rows=rows)


def _bad_rate(y: Floats, weight: Floats, mask: NDArray[np.bool_]) -> float | Why:
    bad = float((weight[mask] * y[mask]).sum())
    return share(bad, float(weight[mask].sum()), "known outcome here")


def swap(
    y: ArrayLike,
    score: ArrayLike,
    comparator: ArrayLike,
    *,
    cutoff: float,
    comparator_cutoff: float | None = None,
    weight: ArrayLike | None = None,
) -> Facts:
    """Whom the score admits (``>= cutoff``) and the comparator does not, and the reverse.

    Over rows with both.  Without ``comparator_cutoff`` the comparator admits as nearly the same
    share as its ties allow, so that the table compares the orders and not the appetites.
    """
    outcome = outcomes(y)
    n = len(outcome)
    one, two, heavy = (
        floats("score", score, n),
        floats("comparator", comparator, n),
        weights(weight, n),
    )
    both = ~np.isnan(one) & ~np.isnan(two) & (heavy > 0)
    if not both.any():
        why = Why("no observation has both the score and the comparator")
        return figures(cutoff=cutoff, comparator_cutoff=why, rows=why)
    outcome, one, two, heavy = outcome[both], one[both], two[both], heavy[both]
    passed = one >= cutoff
    if comparator_cutoff is None:
        comparator_cutoff = _same_share(two, heavy, float(heavy[passed].sum()))
    other = two >= comparator_cutoff
    known = ~np.isnan(outcome)
    return figures(
        cutoff=cutoff,
        comparator_cutoff=comparator_cutoff,
        admitted=heavy[passed].sum() / heavy.sum(),
        admitted_by_comparator=heavy[other].sum() / heavy.sum(),
        bad_rate_admitted=_bad_rate(outcome, heavy, passed & known),
        bad_rate_admitted_by_comparator=_bad_rate(outcome, heavy, other & known),
        rows=_swap_rows(outcome, heavy, passed, other),
    )


def _swap_rows(
    y: Floats, weight: Floats, passed: NDArray[np.bool_], other: NDArray[np.bool_]
) -> list[Facts]:
    parts = (
        ("admitted by both", passed & other),
        ("swapped in: by the score alone", passed & ~other),
        ("swapped out: by the comparator alone", ~passed & other),
        ("refused by both", ~passed & ~other),
    )
    known = ~np.isnan(y)
    return [
        figures(
            name=name,
            observations=int(mask.sum()),
            share=weight[mask].sum() / weight.sum(),
            bads=int((y[mask & known] == 1).sum()),
            bad_rate=_bad_rate(y, weight, mask & known),
        )
        for name, mask in parts
    ]


def _same_share(values: Floats, weight: Floats, wanted: float) -> float:
    """The cutoff on ``values`` at which the weight admitted is nearest to ``wanted``."""
    distinct, place = np.unique(values, return_inverse=True)
    at = np.bincount(place, weight, len(distinct))
    admitted = at[::-1].cumsum()[::-1]
    nearest = int(np.argmin(np.abs(admitted - wanted)))
    nothing = abs(wanted) < abs(admitted[nearest] - wanted)
    return float(distinct[-1] + 1) if nothing else float(distinct[nearest])
