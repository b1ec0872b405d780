"""What a policy on each score does: who is admitted, at what rate, and who is swapped for whom."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from benne.monitoring._figures import Facts, Floats, figures
from benne.monitoring._resampling import Draws
from benne.monitoring._standing import Order, Rated, Unscored, bad_rate, known

SHARES = tuple(round(0.05 * k, 2) for k in range(1, 20))
"""The shares of people that the explorer admits."""

LIMITS = tuple(round(0.05 * k, 2) for k in range(2, 21))
"""The limits that the explorer sets, as parts of everybody's bad rate."""

Admit = Callable[[Order, Floats], Floats]


def policies(y: Floats, scores: Sequence[Rated], draws: Draws, way: Unscored) -> Facts:
    """Admission under each score: at equal admission, at equal bad rate, and step by step.

    The first score's own policy, its cutoff, sets the share and the rate; in each sample anew.
    """
    orders = [Order(rated.stand(way)) for rated in scores]
    lead = scores[0]
    own = (lead.stand(way) >= lead.cutoff).astype(float)

    def same_share(order: Order, weight: Floats) -> Floats:
        return order.admit_share(weight, float((weight * own).sum() / weight.sum()))

    def same_rate(order: Order, weight: Floats) -> Floats:
        return order.admit_rate(y, weight, bad_rate(y, weight * own))

    return {
        "unscored": way,
        "equal_admission": {
            **figures(share=float(own.mean())),
            **_swaps(y, scores, draws, orders, same_share),
        },
        "equal_bad_rate": {
            **figures(bad_rate=known(bad_rate(y, own))),
            **_swaps(y, scores, draws, orders, same_rate),
        },
        "explorer": _explorer(y, scores, draws, orders),
    }


def _swaps(
    y: Floats, scores: Sequence[Rated], draws: Draws, orders: Sequence[Order], admit: Admit
) -> Facts:
    """Admission and bad rate by score, and the swap sets of each two."""
    names = [rated.name for rated in scores]
    ways = [(i, j) for a, b in combinations(range(len(names)), 2) for i, j in ((a, b), (b, a))]

    def compute(weight: Floats) -> dict[str, float]:
        whole = weight.sum()
        parts = [admit(order, weight) for order in orders]
        found: dict[str, float] = {}
        for name, part in zip(names, parts, strict=True):
            found[f"{name} admitted"] = float((weight * part).sum() / whole)
            found[f"{name} bad_rate"] = bad_rate(y, weight * part)
        for i, j in ways:
            alone = weight * parts[i] * (1 - parts[j])
            found[f"{names[i]} not {names[j]} share"] = float(alone.sum() / whole)
            found[f"{names[i]} not {names[j]} bad_rate"] = bad_rate(y, alone)
        return found

    found = draws.figures(compute)
    return {
        "scores": [
            {"name": n, "admitted": found[f"{n} admitted"], "bad_rate": found[f"{n} bad_rate"]}
            for n in names
        ],
        "swaps": [
            {
                "admitted_by": names[i],
                "refused_by": names[j],
                "share": found[f"{names[i]} not {names[j]} share"],
                "bad_rate": found[f"{names[i]} not {names[j]} bad_rate"],
            }
            for i, j in ways
        ],
    }


def _explorer(y: Floats, scores: Sequence[Rated], draws: Draws, orders: Sequence[Order]) -> Facts:
    """Bad rates by share admitted, and shares admitted by limit on the bad rate.

    ``shares`` and ``limits`` name the steps; each score has a figure a step.
    """
    limits = float(y.mean()) * np.array(LIMITS)
    found = []
    for rated, order in zip(scores, orders, strict=True):

        def compute(weight: Floats, order: Order = order) -> dict[str, float]:
            admitted, bad = order.curve(y, weight, SHARES)
            rate = np.divide(bad, admitted, out=np.full(len(bad), np.nan), where=admitted > 0)
            told = {f"admitted {i}": value for i, value in enumerate(admitted)}
            told |= {f"bad_rate {i}": value for i, value in enumerate(rate)}
            widest = order.widest(y, weight, limits)
            return told | {f"widest {i}": value for i, value in enumerate(widest)}

        told = draws.figures(compute)
        at_limit = [_reached(y, order, limit) for limit in limits]
        found.append(
            {
                "name": rated.name,
                "by_share": [
                    {"admitted": told[f"admitted {i}"], "bad_rate": told[f"bad_rate {i}"]}
                    for i in range(len(SHARES))
                ],
                "by_limit": [
                    {"admitted": told[f"widest {i}"], **figures(bad_rate=known(rate))}
                    for i, rate in enumerate(at_limit)
                ],
            }
        )
    return {
        "bad_rate": float(y.mean()),
        "shares": list(SHARES),
        "limits": limits.tolist(),
        "scores": found,
    }


def _reached(y: Floats, order: Order, limit: float) -> float:
    """The bad rate of those admitted under a limit: at most the limit."""
    return bad_rate(y, order.admit_rate(y, np.ones(len(y)), limit))


def thin_files(y: Floats, lender: Rated, other: Rated, draws: Draws) -> Facts:
    """How many more a lender can admit at the same bad rate among those it cannot score.

    It admits by its own score at its cutoff and refuses whoever has none; then, of those, it
    adds the best by the ``other`` score, as many as leave the bad rate of all it admits where
    it was.  ``more`` is in people without the lender's score, ``growth`` over those admitted.
    """
    own = lender.stand("refused") >= lender.cutoff
    none = np.isnan(lender.score)
    order = Order(np.where(none & ~np.isnan(other.score), other.score, -np.inf))

    def compute(weight: Floats) -> dict[str, float]:
        mine = weight * own
        rate = bad_rate(y, mine)
        at, bad = order.at(weight), order.at(weight * y)
        people = mine.sum() + np.cumsum(at)
        seen = (mine @ y + np.cumsum(bad)) / people if mine.sum() > 0 else np.full(len(at), np.inf)
        fits = np.flatnonzero(~order.refused & (seen <= rate + 1e-12))
        more = float(np.cumsum(at)[fits[-1]]) if len(fits) else 0.0
        added = float(np.cumsum(bad)[fits[-1]]) if len(fits) else 0.0
        none_at_all = float((weight * none).sum())
        return {
            "admitted_share": float(mine.sum() / weight.sum()),
            "bad_rate": rate,
            "unscored_share": none_at_all / float(weight.sum()),
            "unscored_bad_rate": bad_rate(y, weight * none),
            "more_share_of_unscored": more / none_at_all if none_at_all > 0 else float("nan"),
            "more_bad_rate": added / more if more > 0 else float("nan"),
            "growth": more / float(mine.sum()) if mine.sum() > 0 else float("nan"),
        }

    return {"lender": lender.name, "other": other.name, **draws.figures(compute)}


ERRORS = {
    "admitted": "of the group, admitted",
    "refused_good": "of those who would pay, refused",
    "admitted_bad": "of those who would not, admitted",
}
"""What is compared between groups."""


def by_group(
    y: Floats, scores: Sequence[Rated], group: NDArray[np.object_], draws: Draws, share: float
) -> list[Facts]:
    """Admission and errors of each group when each score admits the same ``share`` of all.

    Beside each of ``ERRORS`` stands its ratio to the largest group; someone without a score is
    refused.
    """
    levels, counts = np.unique(group, return_counts=True)
    reference = str(levels[np.argmax(counts)])
    places = [(group == level).astype(float) for level in levels]
    found = []
    for rated in scores:
        order = Order(rated.stand("refused"))

        def compute(weight: Floats, order: Order = order) -> dict[str, float]:
            part = order.admit_share(weight, share)
            told: dict[str, float] = {}
            for level, here in zip(levels, places, strict=True):
                mine = weight * here
                told[f"{level} admitted"] = bad_rate(part, mine)
                told[f"{level} refused_good"] = bad_rate(1 - part, mine * (1 - y))
                told[f"{level} admitted_bad"] = bad_rate(part, mine * y)
            return told | {
                f"{level} {what}_ratio": _ratio(
                    told[f"{level} {what}"], told[f"{reference} {what}"]
                )
                for level in levels
                for what in ERRORS
            }

        facts = draws.figures(compute)
        rows = [
            {
                "group": str(level),
                "people": int(count),
                **{
                    key: facts[f"{level} {key}"]
                    for what in ERRORS
                    for key in (what, f"{what}_ratio")
                },
            }
            for level, count in zip(levels, counts, strict=True)
        ]
        found.append({"name": rated.name, "reference": reference, "groups": rows})
    return found


def _ratio(part: float, base: float) -> float:
    return part / base if base > 0 else float("nan")
