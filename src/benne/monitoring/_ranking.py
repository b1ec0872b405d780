"""How well a score puts the good above the bad.

Everywhere ``y`` is 1 for bad and 0 for good, and a higher ``score`` should mean lower risk.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from benne.kernel import InvalidInput
from benne.monitoring._figures import (
    Facts,
    Figure,
    Floats,
    Ints,
    Why,
    figures,
    floats,
    outcomes,
    weights,
)

INTERVAL = "95 %, subjects as the unit (DeLong, clustered after Obuchowski 1997, on the logit)"
ROC_POINTS = 201


@dataclass(frozen=True, slots=True)
class Sample:
    """Rows whose outcome and score are both known, all arrays of shape ``(n,)``."""

    y: Floats
    score: Floats
    weight: Floats
    subject: Ints

    @property
    def flaw(self) -> Why | None:
        """Why the two classes cannot be told apart here, if so."""
        if len(self.y) == 0:
            return Why("no observation has both a score and a known outcome")
        bad = float(self.weight[self.y == 1].sum())
        good = float(self.weight[self.y == 0].sum())
        if bad == 0 or good == 0:
            return Why(f"all known outcomes are {'good' if bad == 0 else 'bad'}")
        return None


def sample(
    y: ArrayLike,
    score: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    subject: ArrayLike | None = None,
) -> Sample:
    """The rows that have an outcome and a score; each row its own subject where none is given."""
    outcome = outcomes(y)
    n = len(outcome)
    points = floats("score", score, n)
    heavy = weights(weight, n)
    codes = np.arange(n) if subject is None else codes_of(subject)
    if len(codes) != n:
        raise InvalidInput(f"subject must have shape ({n},); got ({len(codes)},).")
    known = ~np.isnan(outcome) & ~np.isnan(points) & (heavy > 0)
    return Sample(outcome[known], points[known], heavy[known], codes[known])


def codes_of(values: ArrayLike) -> Ints:
    """Small integers that are equal where the values are."""
    array = np.asarray(values)
    if array.dtype == object:
        array = array.astype(str)
    return np.asarray(np.unique(array, return_inverse=True)[1], dtype=np.int64).reshape(-1)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Weight of bad and good at each distinct score, worst score first."""

    score: Floats
    bad: Floats
    good: Floats
    place: NDArray[np.intp]


def totals(place: NDArray[np.intp], weight: Floats, count: int) -> Floats:
    """The weight at each of ``count`` places, shape ``(count,)``."""
    return np.bincount(place, weight, count).astype(np.float64)


def _steps(rows: Sample) -> _Steps:
    distinct, place = np.unique(rows.score, return_inverse=True)
    bad = totals(place, rows.weight * rows.y, len(distinct))
    good = totals(place, rows.weight * (1 - rows.y), len(distinct))
    return _Steps(distinct, bad, good, place)


def _placements(rows: Sample) -> tuple[float, Floats]:
    """AUC, and for each row the share of the other class that it is rightly placed against."""
    steps = _steps(rows)
    all_bad, all_good = steps.bad.sum(), steps.good.sum()
    good_above = all_good - np.cumsum(steps.good) + steps.good / 2
    bad_below = np.cumsum(steps.bad) - steps.bad / 2
    placed = np.where(
        rows.y == 1, (good_above / all_good)[steps.place], (bad_below / all_bad)[steps.place]
    )
    bads = rows.y == 1
    area = float((rows.weight[bads] * placed[bads]).sum() / all_bad)
    return area, placed


def _influence(rows: Sample, area: float, placed: Floats) -> tuple[Floats, Floats]:
    """By subject, the pull of the bads and of the goods on the AUC; both ``(subjects,)``."""
    codes, count = np.unique(rows.subject, return_inverse=True)
    off = rows.weight * (placed - area)
    bad, good = rows.y == 1, rows.y == 0
    pull_bad = totals(count[bad], off[bad], len(codes)) / rows.weight[bad].sum()
    pull_good = totals(count[good], off[good], len(codes)) / rows.weight[good].sum()
    return pull_bad, pull_good


def _variance(rows: Sample, pull_bad: Floats, pull_good: Floats) -> Figure:
    """Obuchowski's variance of an AUC of clustered data (1997, eq. 3); DeLong's if all differ."""
    with_bad = len(np.unique(rows.subject[rows.y == 1]))
    with_good = len(np.unique(rows.subject[rows.y == 0]))
    if min(with_bad, with_good) < 2:
        return Why("fewer than two subjects are bad, or fewer than two are good")
    everyone = len(pull_bad)
    return float(
        with_bad / (with_bad - 1) * np.square(pull_bad).sum()
        + with_good / (with_good - 1) * np.square(pull_good).sum()
        + 2 * everyone / (everyone - 1) * (pull_bad * pull_good).sum()
    )


def _interval(area: float, variance: Figure, level: float) -> tuple[Figure, Figure]:
    if isinstance(variance, Why):
        return variance, variance
    if not 0 < area < 1 or variance <= 0:
        why = Why("the score separates the classes without error, which leaves no spread")
        return why, why
    z = stats.norm.ppf((1 + level) / 2)
    middle = np.log(area / (1 - area))
    half = z * np.sqrt(variance) / (area * (1 - area))
    low, high = 1 / (1 + np.exp(-(middle - half))), 1 / (1 + np.exp(-(middle + half)))
    return float(low), float(high)


def area_under(rows: Sample) -> Figure:
    """AUC of ``rows``: the chance that a good outranks a bad, ties counting half."""
    return rows.flaw or _placements(rows)[0]


def auc(
    y: ArrayLike,
    score: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    subject: ArrayLike | None = None,
    level: float = 0.95,
) -> Facts:
    """``auc``, ``auc_low`` and ``auc_high``.

    AUC = P(score of a good > score of a bad) + P(equal) / 2.  The interval takes the subject,
    not the row, as the unit: DeLong's variance for clustered data (Obuchowski, Biometrics 53
    (1997) 567-578), weights entering as in a survey, put on the logit so that it stays inside
    0 and 1.  It is chosen over a bootstrap because it is exact to repeat and costs one sort.

    >>> auc([1, 1, 0, 0], [500, 600, 600, 700])["auc"]
    0.875
    """
    rows = sample(y, score, weight=weight, subject=subject)
    if rows.flaw:
        return figures(auc=rows.flaw, auc_low=rows.flaw, auc_high=rows.flaw)
    area, placed = _placements(rows)
    low, high = _interval(area, _variance(rows, *_influence(rows, area, placed)), level)
    return figures(auc=area, auc_low=low, auc_high=high)


def auc_difference(
    y: ArrayLike,
    score: ArrayLike,
    other: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    subject: ArrayLike | None = None,
    level: float = 0.95,
) -> Facts:
    """AUC of ``other`` less AUC of ``score`` on the rows that have both, and its interval.

    Paired DeLong: the variance is that of the differences of the subjects' pulls.
    """
    outcome = outcomes(y)
    one, two = floats("score", score, len(outcome)), floats("other", other, len(outcome))
    both = np.where(np.isnan(one) | np.isnan(two), np.nan, outcome)
    first = sample(both, one, weight=weight, subject=subject)
    second = sample(both, two, weight=weight, subject=subject)
    if first.flaw:
        return figures(difference=first.flaw, low=first.flaw, high=first.flaw)
    (area, placed), (area_two, placed_two) = _placements(first), _placements(second)
    pulls = _influence(first, area, placed)
    pulls_two = _influence(second, area_two, placed_two)
    variance = _variance(first, pulls_two[0] - pulls[0], pulls_two[1] - pulls[1])
    if isinstance(variance, Why):
        return figures(difference=area_two - area, low=variance, high=variance)
    half = stats.norm.ppf((1 + level) / 2) * np.sqrt(max(variance, 0.0))
    return figures(
        difference=area_two - area, low=area_two - area - half, high=area_two - area + half
    )


def gini_of(rows: Sample) -> Figure:
    """Gini (accuracy ratio) of ``rows``: 2 AUC - 1."""
    area = area_under(rows)
    return area if isinstance(area, Why) else 2 * area - 1


def ks(y: ArrayLike, score: ArrayLike, *, weight: ArrayLike | None = None) -> Facts:
    """Kolmogorov-Smirnov distance ``max |F_bad(s) - F_good(s)|``, and the score where it is.

    >>> ks([1, 1, 0, 0], [500, 600, 600, 700])
    {'ks': 0.5, 'ks_at': 500.0}
    """
    rows = sample(y, score, weight=weight)
    if rows.flaw:
        return figures(ks=rows.flaw, ks_at=rows.flaw)
    steps = _steps(rows)
    apart = np.abs(
        np.cumsum(steps.bad) / steps.bad.sum() - np.cumsum(steps.good) / steps.good.sum()
    )
    widest = int(np.argmax(apart))
    return figures(ks=apart[widest], ks_at=steps.score[widest])


def roc(y: ArrayLike, score: ArrayLike, *, weight: ArrayLike | None = None) -> Facts:
    """The ROC curve: of all goods refused (``false_alarm``), of all bads caught (``caught``).

    Corners of the curve at (about) even steps along it, at most ``ROC_POINTS``; ends included.
    """
    rows = sample(y, score, weight=weight)
    if rows.flaw:
        return figures(points=rows.flaw)
    steps = _steps(rows)
    caught = np.concatenate([[0.0], np.cumsum(steps.bad) / steps.bad.sum()])
    alarm = np.concatenate([[0.0], np.cumsum(steps.good) / steps.good.sum()])
    at = np.concatenate([[np.nan], steps.score])
    way = caught + alarm
    kept = np.unique(np.searchsorted(way, np.linspace(0, way[-1], ROC_POINTS)).clip(0, len(at) - 1))
    kept = np.unique(np.concatenate([[0], kept, [len(at) - 1]]))
    no_one = Why("no one is refused")
    points = [
        figures(false_alarm=alarm[i], caught=caught[i], refused_up_to=at[i] if i else no_one)
        for i in kept
    ]
    return figures(points=points)


def discrimination(
    y: ArrayLike,
    score: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    subject: ArrayLike | None = None,
) -> Facts:
    """``auc``, ``auc_low``, ``auc_high``, ``gini``, ``ks`` and ``ks_at`` together."""
    area = auc(y, score, weight=weight, subject=subject)
    gini: Figure = 2 * area["auc"] - 1 if area["auc"] is not None else Why(area["auc_why"])
    return {**area, **figures(gini=gini), **ks(y, score, weight=weight)}


def ranks_apart(values: Floats, weight: Floats, count: int) -> Ints:
    """Groups 0..count-1 of (about) equal weight in order of value; equal values stay together.

    A distinct value belongs to the group in which the middle of its weight falls, so the
    number of groups in use may be smaller.
    """
    distinct, place = np.unique(values, return_inverse=True)
    at = totals(place, weight, len(distinct))
    total = at.sum()
    if total <= 0:
        return np.zeros(len(values), dtype=np.int64)
    middle = (np.cumsum(at) - at / 2) / total
    group = np.minimum((middle * count).astype(np.int64), count - 1)
    return np.asarray(np.unique(group, return_inverse=True)[1], dtype=np.int64)[place]


def gains(
    y: ArrayLike, score: ArrayLike, *, weight: ArrayLike | None = None, parts: int = 10
) -> Facts:
    """Gains table: tenths of the people, lowest score first, and the bads that each catches.

    ``lift`` is the bad rate of a part over that of all; ``caught`` is cumulative.
    """
    rows = sample(y, score, weight=weight)
    if rows.flaw:
        return figures(rows=rows.flaw)
    part = ranks_apart(rows.score, rows.weight, parts)
    bads, people = rows.weight[rows.y == 1].sum(), rows.weight.sum()
    goods = people - bads
    table: list[Facts] = []
    seen_bad = seen_all = 0.0
    for number in range(int(part.max()) + 1):
        here = part == number
        here_bad = float((rows.weight * rows.y)[here].sum())
        here_all = float(rows.weight[here].sum())
        seen_bad, seen_all = seen_bad + here_bad, seen_all + here_all
        table.append(
            figures(
                part=number + 1,
                score_low=rows.score[here].min(),
                score_high=rows.score[here].max(),
                observations=int(here.sum()),
                bad_rate=here_bad / here_all,
                lift=(here_bad / here_all) / (bads / people),
                people=seen_all / people,
                caught=seen_bad / bads,
                goods_refused=(seen_all - seen_bad) / goods,
            )
        )
    return figures(rows=table)
