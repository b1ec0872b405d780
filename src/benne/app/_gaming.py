"""What people could do to raise each score, what it would cost them, and whom it would let in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benne.app._score import rescorers_of
from benne.monitoring import Draws, Rated
from benne.scores import NATURES, Attempt, Moves, attempts, cheapest, praised, standard_moves

if TYPE_CHECKING:
    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session

Floats = NDArray[np.float64]
SAMPLE = 60
"""How many of those whom a score refuses are looked at."""

BUDGETS_HOURS = (1, 10, 50, 200)
"""Budgets, in hours of work, money counted in: from an evening to more than a month."""

_Made = list[tuple[int, tuple[Attempt, ...]]]


def gaming(
    session: Session,
    lake: Lake,
    tell: Progress,
    rated: Sequence[Rated],
    observations: NDArray[np.int64],
    events: Mapping[int, Sequence[tuple[str, int]]],
    *,
    sample: int = SAMPLE,
    draws: int = 200,
    seed: int = 0,
) -> dict[str, Any]:
    """For a sample of those whom each score refuses: the moves, and what reaching its cutoff costs.

    ``observations`` number the people of ``rated``; ``events`` are their rule events.
    """
    moves = standard_moves()
    found = []
    for score in rated:
        low = np.flatnonzero(score.score < score.cutoff)
        chosen = low[np.linspace(0, len(low) - 1, min(sample, len(low))).astype(int)]
        numbers = observations[np.unique(chosen)]
        if score.name == "conduct":
            made = _conduct(lake, numbers, events, moves, wanted=int(score.cutoff))
        else:
            made = _evidence(session, lake, tell, score, numbers, moves)
        found.append(_told(score, made, len(low), moves, draws=draws, seed=seed))
    return {"hour_minor": moves.hour_minor, "budgets_hours": list(BUDGETS_HOURS), "scores": found}


def _evidence(
    session: Session,
    lake: Lake,
    tell: Progress,
    score: Rated,
    numbers: NDArray[np.int64],
    moves: Moves,
) -> _Made:
    """The moves of people whose score reads evidence: each history edited and scored again."""
    made: _Made = []
    if not len(numbers):
        return made
    looks = lake.query(
        "SELECT observation, subject, as_of, about_kind, about_source, about FROM observations "  # noqa: S608 (numbers)
        f"WHERE observation IN ({', '.join(map(str, numbers.tolist()))}) ORDER BY observation"
    )
    catalogue, people = rescorers_of(session, lake, score.name, looks)
    wanted = int(score.cutoff)
    for done, (history, as_of, rescore) in enumerate(people):
        tell(f"compare: gaming {score.name}", done, len(people))
        now = rescore(history, as_of)
        if now is not None and now < wanted:
            made.append(attempts(
                history, as_of, rescore, moves=moves, kinds=catalogue.kinds, wanted=wanted
            ))  # fmt: skip
    tell(f"compare: gaming {score.name}", len(people), len(people))
    return made


def _conduct(
    lake: Lake,
    numbers: NDArray[np.int64],
    events: Mapping[int, Sequence[tuple[str, int]]],
    moves: Moves,
    *,
    wanted: int,
) -> _Made:
    if not len(numbers):
        return []
    looks = lake.query(
        "SELECT observation, as_of FROM observations "  # noqa: S608 (numbers)
        f"WHERE observation IN ({', '.join(map(str, numbers.tolist()))}) ORDER BY observation"
    )
    made: _Made = []
    for row in looks.to_pylist():
        one = praised(events.get(row["observation"], ()), row["as_of"], moves=moves, wanted=wanted)
        made.append((0, () if one is None else (one,)))
    return made


def _told(
    score: Rated, made: _Made, refused: int, moves: Moves, *, draws: int, seed: int
) -> dict[str, Any]:
    """The moves one by one, and the share of the refused who reach the cutoff by each budget."""
    wanted = int(score.cutoff)
    head = {"name": score.name, "cutoff": wanted, "refused": refused, "looked_at": len(made)}
    if not made:
        why = "nobody whom this score refuses could be looked at"
        return {**head, "moves": None, "moves_why": why, "reach": None, "reach_why": why}
    samples = Draws.of(np.arange(len(made)), draws=draws, seed=seed)
    reach = []
    for nature in NATURES:
        allowed = NATURES[: NATURES.index(nature) + 1]
        least = [cheapest(tried, wanted=wanted, allowed=allowed) for _, tried in made]
        reach.append(_reach(nature, least, samples, moves.hour_minor))
    return {**head, "moves": _moves(made, moves), "reach": reach}


def _reach(
    nature: str, least: Sequence[Attempt | None], samples: Draws, hour_minor: float
) -> dict[str, Any]:
    hours = np.array([np.inf if a is None else a.cost_minor / hour_minor for a in least])

    def share(weight: Floats) -> dict[str, float]:
        whole = weight.sum()
        told = {"ever": float(weight[np.isfinite(hours)].sum() / whole)}
        return told | {
            f"{budget}": float(weight[hours <= budget].sum() / whole) for budget in BUDGETS_HOURS
        }

    found = samples.figures(share)
    there = [a for a in least if a is not None]
    return {
        "nature": nature,
        "ever": found["ever"],
        "within": [found[f"{budget}"] for budget in BUDGETS_HOURS],
        **_median("hours_median", [a.cost_minor / hour_minor for a in there]),
        **_median("days_median", [float(a.days) for a in there]),
    }


def _median(name: str, values: Sequence[float]) -> dict[str, Any]:
    if not values:
        return {name: None, f"{name}_why": "nobody reaches the cutoff"}
    return {name: float(np.median(values))}


def _moves(made: _Made, moves: Moves) -> list[dict[str, Any]]:
    """Each move alone: to how many it gives something, how much, and at what price."""
    alone: dict[str, list[Attempt]] = {}
    for _, tried in made:
        for attempt in tried:
            if len(attempt.moves) == 1:
                alone.setdefault(attempt.moves[0], []).append(attempt)
    says = {move.lever.name: move.lever.says for move in moves.moves}
    says[moves.praise.rule] = moves.praise.says
    source = {move.lever.name: move.cost.source for move in moves.moves}
    source[moves.praise.rule] = moves.praise.source
    return [
        {
            "move": name,
            "says": says[name],
            "nature": tried[0].nature,
            "cost_source": source[name],
            "people": len(made),
            "open_to": len(tried),
            "points_median": float(np.median([a.points for a in tried])),
            "points_most": max(a.points for a in tried),
            "hours_median": float(np.median([a.cost_minor for a in tried])) / moves.hour_minor,
            "days": tried[0].days,
        }
        for name, tried in sorted(
            alone.items(),
            key=lambda item: (
                NATURES.index(item[1][0].nature),
                -float(np.median([a.points for a in item[1]])),
            ),
        )
    ]
