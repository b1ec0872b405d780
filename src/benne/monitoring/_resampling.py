"""Intervals by resampling people: any set of figures of weighted rows, with its bootstrap."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from benne.monitoring._figures import Facts, Floats, Ints, Why, figures

Compute = Callable[[Floats], Mapping[str, float]]
"""From the rows' weights, shape ``(n,)``, to named figures; NaN where one does not apply."""

_NONE = Why("nobody here has it, or those who have it turned out alike")


@dataclass(frozen=True, slots=True)
class Draws:
    """Bootstrap weights, one row a draw, shape ``(draws, n)``: whole subjects, with replacement.

    ``level`` is the share of the draws that an interval holds (percentiles).
    """

    weight: Floats
    level: float = 0.95

    @classmethod
    def of(cls, subject: Ints, *, draws: int, seed: int, level: float = 0.95) -> Draws:
        """``draws`` samples of the people that the codes ``subject`` number from 0."""
        rng = np.random.default_rng(seed)
        size = int(subject.max()) + 1 if len(subject) else 0
        counts = rng.multinomial(size, np.full(size, 1 / size), size=draws) if size else None
        weight = np.zeros((draws, 0)) if counts is None else counts[:, subject].astype(float)
        return cls(weight, level)

    def take(self, rows: Ints) -> Draws:
        """The same draws of some rows."""
        return Draws(self.weight[:, rows], self.level)

    def figures(self, compute: Compute) -> dict[str, Facts]:
        """Each figure of ``compute`` as ``value``, ``low`` and ``high``."""
        size = self.weight.shape[1]
        found = compute(np.ones(size))
        drawn = [compute(weight) for weight in self.weight]
        return {
            name: self._one(value, np.array([draw[name] for draw in drawn]))
            for name, value in found.items()
        }

    def _one(self, value: float, drawn: Floats) -> Facts:
        known = drawn[~np.isnan(drawn)]
        if np.isnan(value):
            return figures(value=_NONE, low=_NONE, high=_NONE)
        if len(known) < 20:
            few = Why("fewer than 20 samples of these people have it")
            return figures(value=value, low=few, high=few)
        tail = (1 - self.level) / 2
        low, high = np.quantile(known, [tail, 1 - tail])
        return figures(value=value, low=low, high=high)
