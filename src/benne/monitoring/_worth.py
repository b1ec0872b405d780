"""What each domain, and each constraint, is worth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    domain's: the base of each row's card.  The worth v(S) of a set is the Gini of the sum of its
    members' parts; a domain's worth is its mean marginal worth over all orders (Shapley 1953),
    over all sets exactly, so that the worths sum to the Gini.  A base that differs between rows
    (several cards, or a fold's own) takes part like a domain, as ``base``; else it is worth 0.
    ``alone`` is v({domain}), ``last`` what is lost by switching it off alone.
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
    known = np.isfinite(parts).all(axis=1) & np.isfinite(ground)
    outcome = np.where(known, outcome, np.nan)
    varies = bool(known.any()) and float(np.ptp(ground[known])) > 0
    players = np.column_stack([parts, ground]) if varies else parts
    whole = sample(outcome, players.sum(axis=1), weight=weight)
    if whole.flaw:
        return figures(gini=whole.flaw, base=whole.flaw, domains=whole.flaw)
    worth = _worths(outcome, players, weight)
    everyone = tuple(range(players.shape[1]))
    gini = worth[everyone]
    rows = []
    for i, name in enumerate(domains):
        value = _shapley(i, len(everyone), worth)
        without = tuple(j for j in everyone if j != i)
        part: Figure = value / gini if gini > 0 else Why("the score has no positive Gini to share")
        alone, last = worth[(i,)], gini - worth[without]
        rows.append(figures(domain=name, worth=value, share=part, alone=alone, last=last))
    of_base = _shapley(d, d + 1, worth) if varies else 0.0
    return figures(gini=gini, base=of_base, domains=rows)


def _worths(y: Floats, players: Floats, weight: ArrayLike | None) -> dict[tuple[int, ...], float]:
    """The Gini of every set of players, by their numbers."""
    count = players.shape[1]
    return {
        subset: _gini(y, players[:, subset].sum(axis=1), weight)
        for size in range(count + 1)
        for subset in combinations(range(count), size)
    }


def _gini(y: Floats, score: Floats, weight: ArrayLike | None) -> float:
    area = area_under(sample(y, score, weight=weight))
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


def shapley_shares(worth: Mapping[frozenset[str], float], names: Sequence[str]) -> dict[str, float]:
    """The Shapley value of each of ``names``, given the worth of every set of them.

    >>> shapley_shares({frozenset(): 0, frozenset("a"): 1, frozenset("b"): 3, frozenset("ab"): 6},
    ...                ["a", "b"])
    {'a': 2.0, 'b': 4.0}
    """
    numbered = {
        tuple(sorted(names.index(name) for name in subset)): value
        for subset, value in worth.items()
    }
    return {name: _shapley(i, len(names), numbered) for i, name in enumerate(names)}
