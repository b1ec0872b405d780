"""The policy that a reader may set: what the page shows at first, and what its script needs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from benne.doors.reports._blocks import Column, Table, table
from benne.doors.reports._intervals import flat
from benne.doors.reports._words import items, percent, said, text

UNSCORED = {"refused": "is refused", "default": "stands at the policy's cutoff"}


@dataclass(frozen=True, slots=True)
class Policy:
    """``first`` holds the figures at the step ``share``; ``data`` those of all steps, as JSON."""

    first: Table
    step: int
    share: str
    data: Markup


def policy(facts: Mapping[str, Any]) -> Policy | None:
    """The explorer of everybody's policies, or ``None`` where there is none."""
    told: Sequence[dict[str, Any]] = [
        {
            "name": said(population["name"]),
            "policies": [
                {"says": UNSCORED[way["unscored"]], **_short(way["explorer"])}
                for way in population["policies"]
            ],
        }
        for population in facts["populations"]
        if items(population, "policies")
    ]
    if not told:
        return None
    explorer = facts["populations"][0]["policies"][0]["explorer"]
    own = facts["populations"][0]["policies"][0]["equal_admission"]["share"]
    step = min(range(len(explorer["shares"])), key=lambda i: abs(explorer["shares"][i] - own))
    body = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    return Policy(
        _table(explorer, step),
        step,
        percent(explorer["shares"][step]),
        Markup(body),  # noqa: S704 (numbers and our own words; no end tag can stand in it)
    )


def _table(explorer: Mapping[str, Any], step: int) -> Table:
    forms = {"admitted": percent, "bad_rate": percent}
    rows = [
        {"name": said(score["name"]), **flat(score["by_share"][step], forms)}
        for score in explorer["scores"]
    ]
    columns = (
        Column("name", "score", number=False),
        Column("admitted", "admitted", text),
        Column("bad_rate", "bad rate of the admitted", text),
    )
    return table("The policy", rows, columns)


def _short(explorer: Mapping[str, Any]) -> dict[str, Any]:
    """The explorer with figures as [value, low, high], rounded to what a picture can show."""
    return {
        "bad": _round(explorer["bad_rate"]),
        "shares": explorer["shares"],
        "limits": [_round(limit) for limit in explorer["limits"]],
        "scores": [
            {
                "name": score["name"],
                "share": [
                    [_three(step["admitted"]), _three(step["bad_rate"])]
                    for step in score["by_share"]
                ],
                "limit": [
                    [_three(step["admitted"]), [_round(step["bad_rate"]), None, None]]
                    for step in score["by_limit"]
                ],
            }
            for score in explorer["scores"]
        ],
    }


def _three(figure: Mapping[str, Any]) -> list[float | None]:
    return [_round(figure[key]) for key in ("value", "low", "high")]


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 5)
