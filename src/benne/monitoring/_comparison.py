"""Several scores of the same people, side by side.

``y`` is 1 for bad and 0 for good; a higher score should mean lower risk; a score that somebody
lacks is NaN.  Every figure has an interval by resampling people.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from benne.kernel import InvalidInput
from benne.monitoring._figures import Facts, Floats, Ints, Why, figures
from benne.monitoring._resampling import Draws
from benne.monitoring._worth import shapley_shares

Unscored = Literal["refused", "default"]
UNSCORED: tuple[Unscored, ...] = ("refused", "default")
"""Someone without a score is refused, or taken as standing at the policy's own cutoff."""

SHARES = tuple(round(0.05 * k, 2) for k in range(1, 20))


@dataclass(frozen=True)
class Rated:
    """One score of everybody: ``score`` and ``chance`` of bad have shape ``(n,)``.

    ``cutoff`` is the policy's; ``chance`` is ``None`` for a score that promises no probability,
    ``chance_why`` saying why; ``bands`` are (name, lowest score), rising.
    """

    name: str
    score: Floats
    cutoff: float
    bands: tuple[tuple[str, float], ...]
    chance: Floats | None = None
    chance_why: str = "this score promises no probability"

    def take(self, rows: Ints) -> Rated:
        """The same of some people."""
        chance = None if self.chance is None else self.chance[rows]
        return Rated(self.name, self.score[rows], self.cutoff, self.bands, chance, self.chance_why)

    def stand(self, unscored: Unscored) -> Floats:
        """Where each stands for a policy: minus infinity is refused at any cutoff."""
        place = -np.inf if unscored == "refused" else self.cutoff
        standing: Floats = np.where(np.isnan(self.score), place, self.score)
        return standing


class Order:
    """People in order of a standing, best first; equals stand together."""

    def __init__(self, standing: Floats) -> None:
        levels, place = np.unique(-standing, return_inverse=True)
        self.place = place
        self.count = len(levels)
        self.refused = np.isinf(levels)

    def at(self, weight: Floats) -> Floats:
        """The weight on each level, best first."""
        total: Floats = np.bincount(self.place, weight, self.count).astype(np.float64)
        return total

    def auc(self, y: Floats, weight: Floats) -> float:
        """P(good above bad) + P(equal) / 2; NaN without both."""
        bad, good = self.at(weight * y), self.at(weight * (1 - y))
        if bad.sum() == 0 or good.sum() == 0:
            return float("nan")
        above = np.cumsum(good) - good / 2
        return float((bad * above).sum() / (bad.sum() * good.sum()))

    def admit_share(self, weight: Floats, share: float) -> Floats:
        """The part of each person admitted when the best ``share`` of the weight is.

        Equals are admitted in equal part; the refused never are.
        """
        at = np.where(self.refused, 0.0, self.at(weight))
        before = np.cumsum(at) - at
        room = np.clip(share * weight.sum() - before, 0.0, at)
        part = np.divide(room, at, out=np.zeros_like(at), where=at > 0)
        admitted: Floats = part[self.place]
        return admitted

    def admit_rate(self, y: Floats, weight: Floats, rate: float) -> Floats:
        """Who is admitted at the largest admission whose bad rate does not exceed ``rate``."""
        at, bad = self.at(weight), self.at(weight * y)
        open_levels = ~self.refused & (at > 0)
        people, bads = np.cumsum(at), np.cumsum(bad)
        seen = np.divide(bads, people, out=np.full_like(people, np.inf), where=people > 0)
        within = np.flatnonzero(open_levels & (seen <= rate + 1e-12))
        last = within[-1] if len(within) else -1
        return ((self.place <= last) & ~self.refused[self.place]).astype(np.float64)


def bad_rate(y: Floats, weight: Floats) -> float:
    """The weighted share of bad; NaN where nobody is."""
    total = float(weight.sum())
    return float((weight * y).sum()) / total if total > 0 else float("nan")


def compare(
    y: Floats,
    scores: Sequence[Rated],
    *,
    populations: Mapping[str, NDArray[np.bool_]],
    draws: Draws,
    attainable: Floats | None = None,
) -> list[Facts]:
    """For each population: coverage, discrimination, calibration, agreement, policies.

    ``attainable`` is the true chance of bad, where a simulation knows it: its Gini is what no
    score can pass.

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
            None if attainable is None else attainable[rows],
        )
        for name, mask in populations.items()
        for rows in [np.flatnonzero(mask)]
    ]


def _population(
    name: str, y: Floats, scores: list[Rated], draws: Draws, attainable: Floats | None
) -> Facts:
    if len(np.unique(y)) < 2:
        why = Why(f"{len(y)} people, and not both good and bad among them")
        return figures(name=name, people=len(y), bad_rate=why, scores=why)
    return {
        "name": name,
        "people": len(y),
        "bad": int(y.sum()),
        **figures(bad_rate=float(y.mean())),
        "scores": [_score(rated, y, draws, attainable) for rated in scores],
        "agreement": _agreement(scores, draws),
        "movements": [_movement(a, b) for a, b in combinations(scores, 2)],
        "policies": [_policies(y, scores, draws, way) for way in UNSCORED],
    }


def _score(rated: Rated, y: Floats, draws: Draws, attainable: Floats | None) -> Facts:
    """Coverage, AUC, Gini, share of the attainable Gini and calibration of one score."""
    has = ~np.isnan(rated.score)
    order = Order(np.where(has, rated.score, -np.inf))
    best = None if attainable is None else Order(-attainable)
    chance = np.zeros(len(y)) if rated.chance is None else np.nan_to_num(rated.chance)

    def compute(weight: Floats) -> dict[str, float]:
        mine = weight * has
        area = order.auc(y, mine)
        ceiling = float("nan") if best is None else 2 * best.auc(y, mine) - 1
        seen, told = bad_rate(y, mine), bad_rate(chance, mine)
        return {
            "coverage": float(mine.sum() / weight.sum()),
            "auc": area,
            "gini": 2 * area - 1,
            "attainable_share": (2 * area - 1) / ceiling if ceiling > 0 else float("nan"),
            "expected": told,
            "seen": seen,
            "expected_to_seen": told / seen if seen > 0 else float("nan"),
        }

    found = draws.figures(compute)
    if rated.chance is None:
        why = Why(rated.chance_why)
        for name in ("expected", "expected_to_seen"):
            found[name] = figures(value=why, low=why, high=why)
    return {"name": rated.name, "cutoff": rated.cutoff, "scored": int(has.sum()), **found}


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


def _movement(one: Rated, other: Rated) -> Facts:
    """How many people of each band of one score stand in each band of the other."""
    rows, columns = _bands(one), _bands(other)
    names = [name for name, _ in other.bands] + ["no score"]
    table = []
    for position, name in enumerate([*(n for n, _ in one.bands), "no score"]):
        here = columns[rows == position]
        counts = np.bincount(here, minlength=len(names))
        table.append({"band": name, "people": int(counts.sum()), "to": counts.tolist()})
    return {"one": one.name, "other": other.name, "bands": names, "rows": table}


def _bands(rated: Rated) -> Ints:
    """The number of each person's band, the last for those without a score."""
    starts = np.array([at for _, at in rated.bands])
    place = np.searchsorted(starts, rated.score, side="right") - 1
    none = len(starts)
    return np.where(np.isnan(rated.score), none, np.maximum(place, 0)).astype(np.int64)


def _policies(y: Floats, scores: Sequence[Rated], draws: Draws, way: Unscored) -> Facts:
    """Admission under each score: at equal admission, at equal bad rate, and share by share."""
    orders = [Order(rated.stand(way)) for rated in scores]
    lead = scores[0]
    share = float(np.mean(lead.stand(way) >= lead.cutoff))
    rate = bad_rate(y, (lead.stand(way) >= lead.cutoff).astype(float))
    explorer = [
        {
            "share": part,
            "rates": [
                figures(name=r.name, admitted=float(a.mean()), bad_rate=_known(bad_rate(y, a)))
                for r, o in zip(scores, orders, strict=True)
                for a in [o.admit_share(np.ones(len(y)), part)]
            ],
        }
        for part in SHARES
    ]
    return {
        "unscored": way,
        "equal_admission": {
            **figures(share=share),
            **_swaps(y, scores, draws, lambda o, w: o.admit_share(w, share), orders),
        },
        "equal_bad_rate": {
            **figures(bad_rate=_known(rate)),
            **_swaps(y, scores, draws, lambda o, w: o.admit_rate(y, w, rate), orders),
        },
        "explorer": explorer,
    }


def _known(value: float) -> float | Why:
    return Why("nobody is admitted") if np.isnan(value) else value


def _swaps(y, scores, draws, admit, orders) -> Facts:  # type: ignore[no-untyped-def]
    """Admission and bad rate by score, and the swap sets of each two."""
    names = [rated.name for rated in scores]
    pairs = list(combinations(range(len(names)), 2))

    def compute(weight: Floats) -> dict[str, float]:
        parts = [admit(order, weight) for order in orders]
        found: dict[str, float] = {}
        for name, part in zip(names, parts, strict=True):
            found[f"{name} admitted"] = float((weight * part).sum() / weight.sum())
            found[f"{name} bad_rate"] = bad_rate(y, weight * part)
        for a, b in pairs:
            for first, second in ((a, b), (b, a)):
                alone = weight * parts[first] * (1 - parts[second])
                key = f"{names[first]} not {names[second]}"
                found[f"{key} share"] = float(alone.sum() / weight.sum())
                found[f"{key} bad_rate"] = bad_rate(y, alone)
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
            for a, b in pairs
            for i, j in ((a, b), (b, a))
        ],
    }


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
        none_at_all = float((weight * none).sum())
        return {
            "admitted_share": float(mine.sum() / weight.sum()),
            "bad_rate": rate,
            "unscored_share": none_at_all / float(weight.sum()),
            "more_share_of_unscored": more / none_at_all if none_at_all > 0 else float("nan"),
            "growth": more / float(mine.sum()) if mine.sum() > 0 else float("nan"),
        }

    return {"lender": lender.name, "other": other.name, **draws.figures(compute)}


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


def by_group(
    y: Floats, scores: Sequence[Rated], group: NDArray[np.object_], draws: Draws, share: float
) -> list[Facts]:
    """Admission and error of each group when each score admits the same ``share`` of all.

    ``admission_ratio`` and ``refused_good_ratio`` are over the largest group; someone without a
    score is refused.
    """
    levels, counts = np.unique(group, return_counts=True)
    reference = str(levels[np.argmax(counts)])
    found = []
    for rated in scores:
        order = Order(rated.stand("refused"))

        def compute(weight: Floats, order=order):  # type: ignore[no-untyped-def]
            part = order.admit_share(weight, share)
            told: dict[str, float] = {}
            for level in levels:
                here = weight * (group == level)
                told[f"{level} admitted"] = bad_rate(part, here)
                told[f"{level} refused_good"] = bad_rate(1 - part, here * (1 - y))
            for level in levels:
                for what in ("admitted", "refused_good"):
                    base = told[f"{reference} {what}"]
                    told[f"{level} {what}_ratio"] = (
                        told[f"{level} {what}"] / base if base > 0 else float("nan")
                    )
            return told

        facts = draws.figures(compute)
        rows = [
            {
                "group": str(level),
                "people": int(count),
                "admitted": facts[f"{level} admitted"],
                "admission_ratio": facts[f"{level} admitted_ratio"],
                "refused_good": facts[f"{level} refused_good"],
                "refused_good_ratio": facts[f"{level} refused_good_ratio"],
            }
            for level, count in zip(levels, counts, strict=True)
        ]
        found.append({"name": rated.name, "reference": reference, "groups": rows})
    return found


def worth_refitted(
    y: Floats, margins: Mapping[frozenset[str], Floats], names: Sequence[str], draws: Draws
) -> Facts:
    """Shapley shares of the Gini of models refitted on every subset of ``names``.

    ``margins`` holds log-odds of being good, of held-out people, for every subset but the empty
    one, whose Gini is 0.

    Raises:
        InvalidInput: a subset is missing.
    """
    subsets = [frozenset(c) for k in range(1, len(names) + 1) for c in combinations(names, k)]
    missing = [subset for subset in subsets if subset not in margins]
    if missing:
        raise InvalidInput(f"a margin must be given for every subset; none for {missing[0]}.")
    orders = {subset: Order(margins[subset]) for subset in subsets}

    def compute(weight: Floats) -> dict[str, float]:
        gini = {subset: 2 * order.auc(y, weight) - 1 for subset, order in orders.items()}
        gini[frozenset()] = 0.0
        whole = gini[frozenset(names)]
        told = {"gini": whole}
        for name, worth in shapley_shares(gini, names).items():
            told[f"{name} worth"] = worth
            told[f"{name} share"] = worth / whole if whole > 0 else float("nan")
            told[f"{name} alone"] = gini[frozenset({name})]
            told[f"{name} price"] = whole - gini[frozenset(names) - {name}]
        return told

    found = draws.figures(compute)
    return {
        "gini": found["gini"],
        "domains": [
            {
                "name": name,
                **{k: found[f"{name} {k}"] for k in ("worth", "share", "alone", "price")},
            }
            for name in names
        ],
    }


def prices(y: Floats, whole: Floats, without: Mapping[str, Floats], draws: Draws) -> list[Facts]:
    """What giving up each part costs in Gini: that of the whole less that refitted without it."""
    full = Order(whole)
    orders = {name: Order(margin) for name, margin in without.items()}

    def compute(weight: Floats) -> dict[str, float]:
        area = full.auc(y, weight)
        return {name: 2 * (area - order.auc(y, weight)) for name, order in orders.items()}

    return [{"name": name, "price": price} for name, price in draws.figures(compute).items()]
