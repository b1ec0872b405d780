"""What each domain, and each constraint, is worth."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import factorial

import numpy as np
from numpy.typing import ArrayLike

from benne.kernel import InvalidInput
from benne.monitoring._figures import Facts, Figure, Floats, Why, figures, floats, outcomes
from benne.monitoring._ranking import area_under, sample

DOMAINS_MAX = 12


def domain_worth(
    y: ArrayLike,
    contributions: ArrayLike,
    domains: Sequence[str],
    *,
    base: ArrayLike | None = None,
    weight: ArrayLike | None = None,
) -> Facts:
    """Shapley share of the Gini over the domains, contributions switched off without refitting.

    ``contributions``, shape ``(n, d)``, in points or log-odds of being good; ``base`` what is no
    domain's (the base of each row's card).  The worth v(S) of a set of domains is the Gini of
    ``base + Σ contributions of S``; a domain's worth is its mean marginal worth over all orders
    (Shapley 1953), over all ``2^d`` sets exactly.  ``base`` and domains sum to the Gini.
    ``alone`` is v({domain}) less v(∅), ``last`` what is lost by switching it off alone.
    """
    outcome = outcomes(y)
    parts = np.asarray(contributions, dtype=np.float64)
    d = len(domains)
    if parts.shape != (len(outcome), d) or d > DOMAINS_MAX:
        raise InvalidInput(
            f"contributions must have shape ({len(outcome)}, {d}) and at most {DOMAINS_MAX}"
            f" domains; got {parts.shape}."
        )
    ground = np.zeros(len(outcome)) if base is None else floats("base", base, len(outcome))
    whole = sample(outcome, ground + parts.sum(axis=1), weight=weight)
    if whole.flaw:
        return figures(gini=whole.flaw, base=whole.flaw, domains=whole.flaw)
    worth = {
        subset: _gini(outcome, ground + parts[:, subset].sum(axis=1), whole_of=parts, weight=weight)
        for size in range(d + 1)
        for subset in combinations(range(d), size)
    }
    everyone = tuple(range(d))
    gini = worth[everyone]
    rows = []
    for i, name in enumerate(domains):
        value = _shapley(i, d, worth)
        without = tuple(j for j in everyone if j != i)
        part: Figure = value / gini if gini > 0 else Why("the score has no positive Gini to share")
        rows.append(
            figures(
                domain=name,
                worth=value,
                share=part,
                alone=worth[(i,)] - worth[()],
                last=gini - worth[without],
            )
        )
    return figures(gini=gini, base=worth[()], domains=rows)


def _gini(y: Floats, score: Floats, *, whole_of: Floats, weight: ArrayLike | None) -> float:
    """Gini of ``score`` on the rows where all contributions are known."""
    known = np.isfinite(whole_of).all(axis=1)
    area = area_under(sample(np.where(known, y, np.nan), score, weight=weight))
    return 0.0 if isinstance(area, Why) else 2 * area - 1


def _shapley(i: int, d: int, worth: dict[tuple[int, ...], float]) -> float:
    total = 0.0
    others = [j for j in range(d) if j != i]
    for size in range(d):
        chance = factorial(size) * factorial(d - size - 1) / factorial(d)
        for subset in combinations(others, size):
            joined = tuple(sorted((*subset, i)))
            total += chance * (worth[joined] - worth[subset])
    return total
