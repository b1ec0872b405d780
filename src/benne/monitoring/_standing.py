"""Where people stand by a score, and who is admitted from the best on.

``y`` is 1 for bad and 0 for good; a higher score should mean lower risk; a score that somebody
lacks is NaN.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from benne.monitoring._figures import Floats, Ints, Why

Unscored = Literal["refused", "default"]
UNSCORED: tuple[Unscored, ...] = ("refused", "default")
"""Someone without a score is refused, or taken as standing at the policy's own cutoff."""


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

    def band(self) -> Ints:
        """The number of each person's band, the last for those without a score."""
        starts = np.array([at for _, at in self.bands])
        place = np.searchsorted(starts, self.score, side="right") - 1
        none = len(starts)
        return np.where(np.isnan(self.score), none, np.maximum(place, 0)).astype(np.int64)


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
        people, bads = self._sums(y, weight)
        seen = np.divide(bads, people, out=np.full_like(people, np.inf), where=people > 0)
        open_levels = ~self.refused & (self.at(weight) > 0)
        within = np.flatnonzero(open_levels & (seen <= rate + 1e-12))
        last = within[-1] if len(within) else -1
        return ((self.place <= last) & ~self.refused[self.place]).astype(np.float64)

    def curve(self, y: Floats, weight: Floats, shares: ArrayLike) -> tuple[Floats, Floats]:
        """The share admitted, and the share of all who are admitted and bad, at each of ``shares``.

        What ``admit_share`` admits, at many shares at once.
        """
        people, bads = self._sums(y, weight)
        whole = weight.sum()
        wanted = np.minimum(np.asarray(shares) * whole, people[-1] if len(people) else 0.0)
        start = np.zeros(1)
        bad = np.interp(wanted, np.concatenate([start, people]), np.concatenate([start, bads]))
        return wanted / whole, bad / whole

    def widest(self, y: Floats, weight: Floats, rates: ArrayLike) -> Floats:
        """The share that ``admit_rate`` admits, at each of ``rates``."""
        people, bads = self._sums(y, weight)
        seen = np.divide(bads, people, out=np.full_like(people, np.inf), where=people > 0)
        lowest_from = np.minimum.accumulate(seen[::-1])[::-1]
        # the last level at which the rate is within the limit: seen may rise and fall again
        last = np.searchsorted(lowest_from, np.asarray(rates) + 1e-12, side="right")
        share: Floats = np.concatenate([np.zeros(1), people])[last] / weight.sum()
        return share

    def _sums(self, y: Floats, weight: Floats) -> tuple[Floats, Floats]:
        """People and bads from the best level down to each; the refused add nothing."""
        people = np.where(self.refused, 0.0, self.at(weight))
        bads = np.where(self.refused, 0.0, self.at(weight * y))
        return np.cumsum(people), np.cumsum(bads)


def bad_rate(y: Floats, weight: Floats) -> float:
    """The weighted share of bad; NaN where nobody is."""
    total = float(weight.sum())
    return float((weight * y).sum()) / total if total > 0 else float("nan")


def known(value: float, why: str = "nobody is admitted") -> float | Why:
    """``value``, or why there is none."""
    return Why(why) if np.isnan(value) else value
