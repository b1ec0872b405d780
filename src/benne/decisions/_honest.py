"""What a plan is really worth: on people who had no part in choosing it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benne.decisions._appetite import Appetite, Bears
from benne.decisions._optimum import Floats, Ints, Plan, best_plan, grid_of
from benne.kernel import InvalidInput

FIGURES = ("admission", "bad_rate", "loss_minor", "profit_minor")


@dataclass(frozen=True)
class Sample:
    """People: score (NaN without one), bad (1, 0, NaN unknown), weight, and whose row it is.

    All of shape ``(n,)``; ``subject`` numbers the people from 0.
    """

    score: Floats
    bad: Floats
    weight: Floats
    subject: Ints

    def take(self, rows: Ints) -> Sample:
        """Some of the rows."""
        return Sample(self.score[rows], self.bad[rows], self.weight[rows], self.subject[rows])

    def __len__(self) -> int:
        return len(self.score)


@dataclass(frozen=True)
class Honest:
    """Figures of plans chosen anew in each draw, on the people whom the draw left out.

    For each of ``FIGURES``: mean, and the 5th and 95th percentile over draws.  ``thresholds`` are
    those percentiles and the median of the thresholds chosen; ``infeasible`` is the share of
    draws in which nothing could be chosen.
    """

    draws: int
    infeasible: float
    thresholds: tuple[float, float, float] | None
    figures: Mapping[str, tuple[float, float, float]]


def realised(plan: Plan, appetite: Appetite, people: Sample) -> dict[str, float]:
    """What became of ``people`` under ``plan``, scaled to the appetite's applicants.

    Losses are of those who did turn bad.  Who is admitted and has no known outcome counts in the
    admission and, for the money, as the others with their cap do.
    """
    place = np.searchsorted([start for start, _ in plan.steps], people.score, side="right") - 1
    scored = ~np.isnan(people.score)
    admitted = scored & (np.nan_to_num(people.score, nan=-1) >= plan.threshold)
    total = float(people.weight.sum())
    scale = appetite.applicants / total if total else np.nan
    caps = {cap.cap_minor: cap for cap in appetite.caps}
    loss = gain = 0.0
    for j, (_, amount) in enumerate(plan.steps):
        cap = caps[amount]
        here = admitted & (place == j)
        known = here & ~np.isnan(people.bad)
        mass, seen = float(people.weight[here].sum()), float(people.weight[known].sum())
        if not mass:
            continue
        rate = float((people.weight[known] * people.bad[known]).sum()) / seen if seen else np.nan
        used = mass * scale * cap.take_up
        lost = used * rate * appetite.loss_given_default * cap.exposure_minor
        loss += lost
        gain += used * (1 - rate) * cap.margin_minor - lost
    others = (total - float(people.weight[admitted].sum())) * scale
    gain += others * appetite.deposit_conversion * appetite.deposit_margin_minor
    known = admitted & ~np.isnan(people.bad)
    seen = float(people.weight[known].sum())
    bads = float((people.weight[known] * people.bad[known]).sum())
    return {
        "admission": float(people.weight[admitted].sum()) / total if total else np.nan,
        "bad_rate": bads / seen if seen else np.nan,
        "loss_minor": loss,
        "profit_minor": gain,
    }


def out_of_bag(
    people: Sample, appetite: Appetite, bears: Bears, *, draws: int, seed: int
) -> Honest:
    """Draw people with replacement, choose anew, and look at those who were not drawn.

    The same seed gives the same figures.

    Raises:
        InvalidInput: fewer than 10 draws.
    """
    if draws < 10:
        raise InvalidInput(f"draws must be 10 or more; got {draws}.")
    rng = np.random.default_rng(seed)
    size = int(people.subject.max()) + 1 if len(people) else 0
    found: list[dict[str, float]] = []
    thresholds: list[int] = []
    for _ in range(draws):
        drawn = np.bincount(rng.integers(0, size, size), minlength=size)[people.subject]
        inside = people.take(np.flatnonzero(drawn > 0))
        times = drawn[drawn > 0].astype(np.float64)
        try:
            grid = grid_of(
                inside.score, inside.bad, inside.weight, times=times, family=appetite.family
            )
        except InvalidInput:
            continue
        plan = best_plan(grid, appetite, bears)
        if isinstance(plan, Plan):
            thresholds.append(plan.threshold)
            found.append(realised(plan, appetite, people.take(np.flatnonzero(drawn == 0))))
    spread = _spread(thresholds) if thresholds else None
    figures = {name: _mean([one[name] for one in found]) for name in FIGURES if found}
    return Honest(draws, 1 - len(found) / draws, spread, figures)


def _spread(values: Sequence[float]) -> tuple[float, float, float]:
    low, middle, high = np.quantile(np.asarray(values, dtype=np.float64), [0.05, 0.5, 0.95])
    return float(low), float(middle), float(high)


def _mean(values: Sequence[float]) -> tuple[float, float, float]:
    known = np.asarray([v for v in values if not np.isnan(v)])
    if not len(known):
        return float("nan"), float("nan"), float("nan")
    low, high = np.quantile(known, [0.05, 0.95])
    return float(known.mean()), float(low), float(high)


def swapped(
    people: Sample, appetite: Appetite, *, before: int, after: int
) -> dict[str, float | int | bool]:
    """Whom a change of threshold moves: how many, how many of them bad, of whom that is known.

    ``in_`` is true where the threshold falls, so that they come in.
    """
    low, high = sorted((before, after))
    score = np.nan_to_num(people.score, nan=-1)
    moved = (score >= low) & (score < high)
    known = moved & ~np.isnan(people.bad)
    return {
        "comes_in": after < before,
        "people": int(moved.sum()),
        "share": float(people.weight[moved].sum() / people.weight.sum()) if len(people) else 0.0,
        "known": float(people.weight[known].sum()),
        "bads": float((people.weight[known] * people.bad[known]).sum()),
    }
