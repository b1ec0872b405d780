"""The best threshold and caps under what can be borne, exactly, over the distinct scores.

A plan admits from a threshold on, and gives each score a cap out of a finite list, no lower at a
higher score.  Expected profit and loss add up over people, so the best plan is found by a walk from
the highest score down that keeps, for each cap it may now be at, every pair of profit and loss that
no other pair beats in both (labels, as in shortest paths under a resource limit).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from benne.decisions._appetite import Appetite, Bears
from benne.kernel import InvalidInput
from benne.scores import default_table

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

LEVEL = 0.90
"""Bounds hold with this probability, one-sided."""
_Label: TypeAlias = tuple[float, float, Ints]
CONSTRAINTS = ("bad_rate", "admission", "loss_minor", "budget_minor")


@dataclass(frozen=True)
class Grid:
    """People by distinct score, rising: weight, known outcomes and bads, and PDs.

    All of shape ``(m,)``.  ``weight`` counts everybody with the score, ``known`` and ``bads`` those
    whose outcome is known, and ``squared`` adds up the squares of those weights; ``pd`` is
    monotone, ``pd_upper`` its one-sided 90 % bound.  ``total`` is the weight of all applicants,
    with those who have no score.
    """

    scores: Ints
    weight: Floats
    known: Floats
    squared: Floats
    bads: Floats
    pd: Floats
    pd_upper: Floats
    total: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Admit from ``threshold`` on; ``steps`` are (score, cap) from which each cap holds, rising.

    Money is for all the appetite's applicants; ``loss_upper_minor`` and ``bad_rate_upper`` are 90 %
    bounds.  ``admission`` is a share of all applicants.
    """

    threshold: int
    steps: tuple[tuple[int, int], ...]
    admission: float
    bad_rate: float
    bad_rate_upper: float
    loss_minor: float
    loss_upper_minor: float
    profit_minor: float

    def cap_minor(self, score: int) -> int | None:
        """The cap at ``score``; ``None`` where it is not admitted."""
        caps = [cap for start, cap in self.steps if start <= score]
        return caps[-1] if caps else None


@dataclass(frozen=True, slots=True)
class Infeasible:
    """No plan meets what can be borne; ``binding`` are the constraints that are in the way.

    Each alone cannot be met or, where each can, none can be met together with the others.
    ``nearest`` is what can be reached under each, the others left aside.
    """

    binding: tuple[str, ...]
    says: str
    nearest: Mapping[str, float]


def grid_of(
    score: Floats,
    bad: Floats,
    weight: Floats,
    *,
    times: Floats | None = None,
    family: str = "sesame",
) -> Grid:
    """The people by score; ``score`` and ``bad`` are NaN where there is none.  All ``(n,)``.

    ``times`` is how often each row was drawn, once if it is left out: a row that was drawn twice
    is two people, and one that weighs 2 is one person who stands for two.

    Raises:
        InvalidInput: nobody has both a score and a known outcome.
    """
    times = np.ones(len(weight)) if times is None else times
    scored = ~np.isnan(score)
    known = scored & ~np.isnan(bad) & (weight * times > 0)
    if not known.any():
        raise InvalidInput("an appetite needs people with both a score and a known outcome.")
    scores, place = np.unique(score[scored].astype(np.int64), return_inverse=True)
    size = len(scores)
    at = np.searchsorted(scores, score[known].astype(np.int64))
    drawn = weight[known] * times[known]
    mass = _sums(at, drawn, size)
    bads = _sums(at, drawn * bad[known], size)
    squared = _sums(at, drawn * weight[known], size)
    worth = mass.sum() / squared.sum()
    table = default_table(
        score[known].astype(np.int64), bad[known], family=family, outcome="bad",
        weights=drawn * worth,
    )  # fmt: skip
    step = np.maximum(np.searchsorted(np.array(table.scores), scores, side="right") - 1, 0)
    pd = table.probabilities_of_default(scores)
    steps = len(table.scores)
    upper = _upper_rates(
        _sums(step, bads, steps), _sums(step, mass, steps), _sums(step, squared, steps)
    )
    bound = np.maximum(np.minimum.accumulate(upper[step]), pd)
    everyone = _sums(place, (weight * times)[scored], size)
    total = float((weight * times).sum())
    return Grid(scores, everyone, mass, squared, bads, pd, bound, total)


def _sums(place: Ints, values: Floats, size: int) -> Floats:
    return np.bincount(place, values, size).astype(np.float64)


def upper_rate(bads: float, n: float) -> float:
    """The one-sided 90 % Jeffreys bound of a rate; 1 where nothing is known, or all are bad.

    >>> round(upper_rate(0, 10), 3)
    0.124
    """
    from scipy.stats import beta

    return 1.0 if bads >= n else float(beta.ppf(LEVEL, bads + 0.5, n - bads + 0.5))


def _upper_rates(bads: Floats, known: Floats, squared: Floats) -> Floats:
    """The bound of each rate, all ``(m,)``, of as many people as their weights are worth.

    These are (Σw)² / Σw² (Kish, 1965): as many as there are where all weigh the same.
    """
    worth = np.divide(known, squared, out=np.ones(len(known)), where=squared > 0)
    pairs = zip(bads * worth, known * worth, strict=True)
    return np.array([upper_rate(b, n) for b, n in pairs])


@dataclass(frozen=True)
class _Money:
    """Profit over that of asking for a deposit, and loss bound, by cap and score: ``(k, m)``."""

    gain: Floats
    loss: Floats
    loss_upper: Floats
    deposit: float


def _money(grid: Grid, appetite: Appetite) -> _Money:
    scale = appetite.applicants / grid.total
    weight = grid.weight * scale
    deposit = appetite.deposit_conversion * appetite.deposit_margin_minor
    rows = []
    for cap in appetite.caps:
        lost = appetite.loss_given_default * cap.exposure_minor
        used = weight * cap.take_up
        rows.append(
            (
                used * ((1 - grid.pd) * cap.margin_minor - grid.pd * lost) - weight * deposit,
                used * grid.pd * lost,
                used * grid.pd_upper * lost,
            )
        )
    gain, loss, upper = (np.array(part) for part in zip(*rows, strict=True))
    return _Money(gain, loss, upper, deposit * appetite.applicants)


@dataclass(frozen=True)
class _Thresholds:
    """What holds at each threshold, whatever the caps, shape ``(m,)``."""

    admitted: Floats
    bad_rate: Floats
    bad_rate_upper: Floats
    a_person_limit: Floats
    budget_limit: float

    @property
    def loss_limit(self) -> Floats:
        """The lower of both limits of loss."""
        return np.minimum(self.a_person_limit, self.budget_limit)


def _thresholds(grid: Grid, appetite: Appetite, bears: Bears) -> _Thresholds:
    def above(values: Floats) -> Floats:
        total: Floats = np.cumsum(values[::-1])[::-1]
        return total

    admitted, known, bads = above(grid.weight), above(grid.known), above(grid.bads)
    rate = np.divide(bads, known, out=np.full(len(known), np.nan), where=known > 0)
    upper = _upper_rates(bads, known, above(grid.squared))
    people = admitted * appetite.applicants / grid.total
    a_person = np.full(len(rate), np.inf) if bears.loss_minor is None else people * bears.loss_minor
    budget = np.inf if bears.budget_minor is None else float(bears.budget_minor)
    return _Thresholds(admitted / grid.total, rate, upper, a_person, budget)


@dataclass(frozen=True)
class _Candidates:
    """The best plan at each threshold, not yet spelt out, and the constraints it breaks."""

    grid: Grid
    appetite: Appetite
    money: _Money
    at: _Thresholds
    found: list[tuple[int, _Label]]
    broken: list[tuple[str, ...]]

    def plan(self, place: int) -> Plan:
        """The plan at one place of ``found``, spelt out."""
        i, (profit, _, starts) = self.found[place]
        return _plan(self.grid, self.appetite, self.money, self.at, i, starts, profit)


def _candidates(grid: Grid, appetite: Appetite, bears: Bears) -> _Candidates:
    money, at = _money(grid, appetite), _thresholds(grid, appetite, bears)
    found = _walk(money, at.loss_limit)
    broken = []
    for i, (_, loss, _) in found:
        breaks = {
            "bad_rate": bears.bad_rate is not None and at.bad_rate_upper[i] > bears.bad_rate,
            "admission": bears.admission is not None and at.admitted[i] < bears.admission,
            "loss_minor": loss > at.a_person_limit[i],
            "budget_minor": loss > at.budget_limit,
        }
        broken.append(tuple(name for name in CONSTRAINTS if breaks[name]))
    return _Candidates(grid, appetite, money, at, found, broken)


def frontier(grid: Grid, appetite: Appetite, bears: Bears) -> list[tuple[Plan, tuple[str, ...]]]:
    """The best plan at every threshold, highest score first, and which constraints it breaks.

    Where the loss cannot be kept under its limit, the plan is the one of least loss.
    """
    all_ = _candidates(grid, appetite, bears)
    return [(all_.plan(place), broken) for place, broken in enumerate(all_.broken)]


def best_plan(grid: Grid, appetite: Appetite, bears: Bears) -> Plan | Infeasible:
    """The plan of the highest expected profit that meets what can be borne.

    Of two with the same profit, the one of less loss; then the one of the higher threshold.
    """
    all_ = _candidates(grid, appetite, bears)
    allowed = [place for place, broken in enumerate(all_.broken) if not broken]
    if not allowed:
        return _infeasible(all_, bears)
    return all_.plan(max(allowed, key=lambda p: (all_.found[p][1][0], -all_.found[p][1][1], -p)))


def _infeasible(all_: _Candidates, bears: Bears) -> Infeasible:
    """Why nothing is allowed: constraints that no plan meets, or those that clash.

    Of those that clash, each is named without which there would be a plan; where it takes more
    than one, all that are in the way somewhere.
    """
    stated = [c for c in CONSTRAINTS if any(c in broken for broken in all_.broken)]
    alone = [c for c in stated if all(c in broken for broken in all_.broken)]
    clash = [c for c in stated if any(set(broken) == {c} for broken in all_.broken)]
    nearest = _nearest(all_)
    says = _says(bears, nearest)
    if alone:
        parts = (f"{_capital(says[c][0])} cannot be met: {says[c][1]}." for c in alone)
        return Infeasible(tuple(alone), " ".join(parts), nearest)
    binding = clash or stated
    words = _capital(" and ".join(says[c][0] for c in binding))
    end = "together" if len(binding) > 1 else "together with the other limits"
    return Infeasible(tuple(binding), f"{words} cannot be met {end}.", nearest)


def _nearest(all_: _Candidates) -> dict[str, float]:
    people = all_.at.admitted * all_.appetite.applicants
    losses = [(i, loss) for i, (_, loss, _) in all_.found]
    return {
        "bad_rate": float(all_.at.bad_rate_upper.min()),
        "admission": float(all_.at.admitted.max()),
        "loss_minor": min(loss / float(people[i]) for i, loss in losses if people[i] > 0),
        "budget_minor": min(loss for _, loss in losses),
    }


def _says(bears: Bears, nearest: Mapping[str, float]) -> dict[str, tuple[str, str]]:
    """Each constraint in words, and what can be reached of it."""
    least = "the least that its bound reaches is"
    return {
        "bad_rate": (
            f"a bad rate of at most {bears.bad_rate or 0:.2%}",
            f"{least} {nearest['bad_rate']:.2%}",
        ),
        "admission": (
            f"an admission of {bears.admission or 0:.0%} or more",
            f"{nearest['admission']:.0%} have a score",
        ),
        "loss_minor": (
            f"a loss of at most {bears.loss_minor or 0:,} minor units for each of the admitted",
            f"{least} {nearest['loss_minor']:,.0f}",
        ),
        "budget_minor": (
            f"a budget of {bears.budget_minor or 0:,} minor units",
            f"{least} {nearest['budget_minor']:,.0f}",
        ),
    }


def _capital(text: str) -> str:
    return text[0].upper() + text[1:]


# --- the walk ------------------------------------------------------------------------------


@dataclass
class _Labels:
    """Pairs of profit and loss, sorted by loss, with where each cap begins (index of score)."""

    profit: Floats
    loss: Floats
    starts: Ints


def _walk(money: _Money, limit: Floats) -> list[tuple[int, _Label]]:
    """For each threshold from the top: profit, loss bound and starts of the best caps."""
    caps, size = money.gain.shape
    bound = bool(np.isfinite(limit).any())
    loss = money.loss_upper if bound else np.zeros_like(money.loss_upper)
    most = float(limit[np.isfinite(limit)].max()) if np.isfinite(limit).all() else np.inf
    zero = _Labels(np.zeros(1), np.zeros(1), np.full((1, caps), size, dtype=np.int64))
    labels: list[_Labels] = []
    found = []
    for i in range(size - 1, -1, -1):
        moved: list[_Labels] = []
        pool = zero
        for k in range(caps - 1, -1, -1):  # from the largest cap: a lower score may only go down
            if labels:
                pool = labels[k] if k == caps - 1 else _merge(pool, labels[k])
            moved.append(_within(_step(pool, k, i, money.gain[k, i], loss[k, i]), most))
        labels = moved[::-1]
        found.append((i, _best(labels, float(limit[i]))))
    return found


def _merge(one: _Labels, other: _Labels) -> _Labels:
    return _undominated(
        _Labels(
            np.concatenate([one.profit, other.profit]),
            np.concatenate([one.loss, other.loss]),
            np.concatenate([one.starts, other.starts]),
        )
    )


def _step(labels: _Labels, k: int, i: int, gain: float, loss: float) -> _Labels:
    """Every label with the people of score ``i`` at cap ``k``."""
    starts = labels.starts.copy()
    starts[:, k] = i
    return _Labels(labels.profit + gain, labels.loss + loss, starts)


def _undominated(labels: _Labels) -> _Labels:
    order = np.lexsort((-labels.profit, labels.loss))
    profit = labels.profit[order]
    keep = np.r_[True, profit[1:] > np.maximum.accumulate(profit)[:-1]]
    chosen = order[keep]
    return _Labels(labels.profit[chosen], labels.loss[chosen], labels.starts[chosen])


def _within(labels: _Labels, limit: float) -> _Labels:
    """Without what is beyond every limit; the label of least loss, the first, stays."""
    within = labels.loss <= limit
    within[0] = True
    return _Labels(labels.profit[within], labels.loss[within], labels.starts[within])


def _best(labels: list[_Labels], limit: float) -> _Label:
    """The most profit within the limit; else the least loss.  Labels rise in loss and profit."""
    inside: list[_Label] = []
    outside: list[_Label] = []
    for one in labels:
        last = int(np.searchsorted(one.loss, limit, side="right")) - 1
        j = max(last, 0)
        label = float(one.profit[j]), float(one.loss[j]), one.starts[j]
        (inside if last >= 0 else outside).append(label)
    if inside:
        return max(inside, key=lambda label: (label[0], -label[1]))
    return min(outside, key=lambda label: label[1])


def _plan(
    grid: Grid,
    appetite: Appetite,
    money: _Money,
    at: _Thresholds,
    i: int,
    starts: Ints,
    profit: float,
) -> Plan:
    cap = caps_of(starts, i, len(grid.scores))
    index = np.arange(i, len(grid.scores))
    changes = [j for j in index if j == i or cap[j] != cap[j - 1]]
    steps = tuple((int(grid.scores[j]), appetite.caps[cap[j]].cap_minor) for j in changes)
    return Plan(
        threshold=int(grid.scores[i]),
        steps=steps,
        admission=float(at.admitted[i]),
        bad_rate=float(at.bad_rate[i]),
        bad_rate_upper=float(at.bad_rate_upper[i]),
        loss_minor=float(money.loss[cap[index], index].sum()),
        loss_upper_minor=float(money.loss_upper[cap[index], index].sum()),
        profit_minor=profit + money.deposit,
    )


def caps_of(starts: Ints, i: int, size: int) -> Ints:
    """The place of the cap of each score, from where each cap begins; -1 below ``i``."""
    cap = np.full(size, -1, dtype=np.int64)
    end = size
    for k in range(len(starts) - 1, -1, -1):
        if starts[k] < end:
            cap[max(starts[k], i) : end] = k
            end = int(starts[k])
    return cap


def stressed(appetite: Appetite, **scales: float) -> Appetite:
    """The appetite with ``exposure``, ``take_up`` or ``loss`` times a factor."""
    caps = tuple(
        replace(
            cap,
            exposure_minor=round(cap.exposure_minor * scales.get("exposure", 1.0)),
            take_up=min(cap.take_up * scales.get("take_up", 1.0), 1.0),
        )
        for cap in appetite.caps
    )
    lost = min(appetite.loss_given_default * scales.get("loss", 1.0), 1.0)
    return replace(appetite, caps=caps, loss_given_default=lost)
