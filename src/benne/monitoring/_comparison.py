"""Several scores of the same people, side by side.

``y`` is 1 for bad and 0 for good; a higher score should mean lower risk; a score that somebody
lacks is NaN.  Every figure has an interval by resampling people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benne.kernel import InvalidInput
from benne.monitoring._figures import Facts, Floats, Why, figures
from benne.monitoring._policies import policies
from benne.monitoring._resampling import Draws
from benne.monitoring._standing import UNSCORED, Order, Rated, bad_rate, known


def compare(
    y: Floats,
    scores: Sequence[Rated],
    *,
    populations: Mapping[str, NDArray[np.bool_]],
    draws: Draws,
    ceilings: Mapping[str, Floats] | None = None,
) -> list[Facts]:
    """For each population: coverage, discrimination, calibration, agreement, policies.

    ``ceilings`` are risks by name, shape ``(n,)`` each, to whose Gini each score's is set in
    proportion: the true chance of bad, where a simulation knows it, is what no score can pass.

    Raises:
        InvalidInput: an outcome that is neither 0 nor 1, or shapes that differ.
    """
    if not np.isin(y, (0.0, 1.0)).all():
        raise InvalidInput("y must be 1 (bad) or 0 (good) in every row that is compared.")
    for rated in scores:
        if rated.score.shape != y.shape:
            raise InvalidInput(f"{rated.name} must have shape {y.shape}; got {rated.score.shape}.")
    return [
        _population(
            name,
            y[rows],
            [rated.take(rows) for rated in scores],
            draws.take(rows),
            {name: risk[rows] for name, risk in (ceilings or {}).items()},
        )
        for name, mask in populations.items()
        for rows in [np.flatnonzero(mask)]
    ]


def _population(
    name: str, y: Floats, scores: list[Rated], draws: Draws, ceilings: Mapping[str, Floats]
) -> Facts:
    if len(np.unique(y)) < 2:
        why = Why(f"{len(y)} people, and not both good and bad among them")
        return figures(name=name, people=len(y), bad_rate=why, scores=why)
    return {
        "name": name,
        "people": len(y),
        "bad": int(y.sum()),
        **figures(bad_rate=float(y.mean())),
        "ceilings": _ceilings(y, draws, ceilings),
        "scores": [_score(rated, y, draws, ceilings) for rated in scores],
        "agreement": _agreement(scores, draws),
        "movements": [_movement(a, b, y) for a, b in combinations(scores, 2)],
        "policies": [policies(y, scores, draws, way) for way in UNSCORED],
    }


def _ceilings(y: Floats, draws: Draws, ceilings: Mapping[str, Floats]) -> list[Facts]:
    """The AUC of each risk that the scores are held against, over everybody here."""
    orders = {name: Order(-risk) for name, risk in ceilings.items()}
    found = draws.figures(lambda w: {name: order.auc(y, w) for name, order in orders.items()})
    return [{"name": name, "auc": area} for name, area in found.items()]


def _score(rated: Rated, y: Floats, draws: Draws, ceilings: Mapping[str, Floats]) -> Facts:
    """Coverage, AUC, Gini, share of each ceiling's Gini, and calibration of one score."""
    has = ~np.isnan(rated.score)
    order = Order(np.where(has, rated.score, -np.inf))
    best = {name: Order(-risk) for name, risk in ceilings.items()}
    chance = np.zeros(len(y)) if rated.chance is None else np.nan_to_num(rated.chance)

    def compute(weight: Floats) -> dict[str, float]:
        mine = weight * has
        gini = 2 * order.auc(y, mine) - 1
        tops = {name: 2 * top.auc(y, mine) - 1 for name, top in best.items()}
        seen, told = bad_rate(y, mine), bad_rate(chance, mine)
        return {
            "coverage": float(mine.sum() / weight.sum()),
            "auc": (gini + 1) / 2,
            "gini": gini,
            "expected": told,
            "seen": seen,
            "expected_to_seen": told / seen if seen > 0 else float("nan"),
            **{f"of {name}": gini / top if top > 0 else float("nan") for name, top in tops.items()},
        }

    found = draws.figures(compute)
    if rated.chance is None:
        why = Why(rated.chance_why)
        for name in ("expected", "expected_to_seen"):
            found[name] = figures(value=why, low=why, high=why)
    return {
        "name": rated.name,
        "cutoff": rated.cutoff,
        "scored": int(has.sum()),
        **{key: figure for key, figure in found.items() if not key.startswith("of ")},
        "attainable": {name: found[f"of {name}"] for name in ceilings},
        "bands": _by_band(rated, y, draws),
    }


def _by_band(rated: Rated, y: Floats, draws: Draws) -> list[Facts]:
    """People, promised and seen bad rate of each band of a score."""
    place = rated.band()
    names = [name for name, _ in rated.bands]
    here = [(place == number).astype(float) for number in range(len(names))]
    seen = draws.figures(
        lambda w: {name: bad_rate(y, w * mine) for name, mine in zip(names, here, strict=True)}
    )
    chance = None if rated.chance is None else np.nan_to_num(rated.chance)
    return [
        {
            "band": name,
            "people": int(mine.sum()),
            "seen": seen[name],
            **figures(
                expected=Why(rated.chance_why)
                if chance is None
                else known(bad_rate(chance, mine), "nobody is in this band")
            ),
        }
        for name, mine in zip(names, here, strict=True)
    ]


def _agreement(scores: Sequence[Rated], draws: Draws) -> list[Facts]:
    """Spearman's rank correlation of each two scores, over people who have both."""
    found = []
    for one, other in combinations(scores, 2):
        both = np.flatnonzero(~np.isnan(one.score) & ~np.isnan(other.score))
        if len(both) < 3:
            why = Why("fewer than three people have both scores")
            rank = figures(value=why, low=why, high=why)
        else:
            ranks = rankdata(one.score[both]), rankdata(other.score[both])
            rank = _rank(*ranks, draws.take(both))
        found.append({"one": one.name, "other": other.name, "people": len(both), "rank": rank})
    return found


def _rank(a: Floats, b: Floats, draws: Draws) -> Facts:
    return draws.figures(lambda weight: {"rank": _correlation(a, b, weight)})["rank"]


def _correlation(a: Floats, b: Floats, weight: Floats) -> float:
    total = weight.sum()
    if total == 0:
        return float("nan")
    x, y = a - (weight * a).sum() / total, b - (weight * b).sum() / total
    spread = (weight * x * x).sum() * (weight * y * y).sum()
    return float((weight * x * y).sum() / np.sqrt(spread)) if spread > 0 else float("nan")


def _movement(one: Rated, other: Rated, y: Floats) -> Facts:
    """How many people of each band of one score stand in each band of the other; and bads."""
    rows, columns = one.band(), other.band()
    names = [name for name, _ in other.bands] + ["no score"]
    table = []
    for position, name in enumerate([*(n for n, _ in one.bands), "no score"]):
        here = rows == position
        counts = np.bincount(columns[here], minlength=len(names))
        bads = np.bincount(columns[here & (y == 1)], minlength=len(names))
        table.append(
            {
                "band": name,
                "people": int(counts.sum()),
                "to": counts.tolist(),
                "bad": bads.tolist(),
            }
        )
    return {"one": one.name, "other": other.name, "bands": names, "rows": table}


def through_a_shock(
    calm: Floats, shock: Floats, scores: Sequence[Rated], draws: Draws
) -> list[Facts]:
    """The same people and scores with the outcomes of an ordinary year and of a bad one."""
    found = []
    for rated in scores:
        has = ~np.isnan(rated.score)
        order = Order(np.where(has, rated.score, -np.inf))
        passed = has & (rated.stand("refused") >= rated.cutoff)
        chance = None if rated.chance is None else np.nan_to_num(rated.chance)

        def compute(weight: Floats, order=order, has=has, passed=passed, chance=chance):  # type: ignore[no-untyped-def]
            mine, kept = weight * has, weight * passed
            told = float("nan") if chance is None else bad_rate(chance, mine)
            before, after = bad_rate(calm, mine), bad_rate(shock, mine)
            return {
                "auc_calm": order.auc(calm, mine),
                "auc_shock": order.auc(shock, mine),
                "auc_change": order.auc(shock, mine) - order.auc(calm, mine),
                "bad_rate_calm": before,
                "bad_rate_shock": after,
                "admitted_bad_rate_calm": bad_rate(calm, kept),
                "admitted_bad_rate_shock": bad_rate(shock, kept),
                "expected_to_seen_calm": told / before if before > 0 else float("nan"),
                "expected_to_seen_shock": told / after if after > 0 else float("nan"),
            }

        facts = draws.figures(compute)
        if chance is None:
            why = Why(rated.chance_why)
            for name in ("expected_to_seen_calm", "expected_to_seen_shock"):
                facts[name] = figures(value=why, low=why, high=why)
        found.append({"name": rated.name, **facts})
    return found
