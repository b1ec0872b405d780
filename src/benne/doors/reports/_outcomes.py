"""Sections: who was looked at, what counts as bad, and how cohorts fared."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import (
    Block,
    Cell,
    Column,
    Picture,
    Section,
    Table,
    missing,
    pairs_of,
    table,
)
from benne.doors.reports._words import (
    NONE,
    at,
    count,
    day,
    items,
    kept,
    percent,
    said,
    text,
    why,
)

Facts = Mapping[str, Any]


def population(v: Facts) -> Section:
    """Who was looked at, what counts as bad, and how cohorts fared."""
    blocks = [_who(v), _basis(v), _definition(v), *_vintages(v), _rolls(v)]
    return Section("population", "Population and outcome", tuple(blocks))


def _who(v: Facts) -> Block:
    people = at(v, "population")
    if not isinstance(people, Mapping):
        return missing("Population", why(v, "population"))
    shown = {k: count(x) if type(x) is int else x for k, x in people.items() if k != "says"}
    for key in ("from", "to"):
        if shown.get(key):
            shown[key] = day(shown[key])
    rate = at(v, "outcome", "bad_rate")
    opening = text(people.get("says") or "").rstrip(". ")
    parts = [f"{opening}." if opening not in ("", NONE) else ""]
    if rate is not None:
        parts.append(f"Of the outcomes that are known, {percent(rate)} are bad.")
    return Block(says=" ".join(p for p in parts if p), title="Who", pairs=pairs_of(shown))


def _basis(v: Facts) -> Block:
    basis = v.get("lawful_basis")
    if basis is None:
        return missing("Lawful basis", why(v, "lawful_basis"))
    if isinstance(basis, Mapping):
        return Block(title="Lawful basis", pairs=pairs_of(basis))
    return Block(title="Lawful basis", says=text(basis))


def _definition(v: Facts) -> Block:
    counts = at(v, "outcome", "counts")
    tally = ""
    if isinstance(counts, Mapping):
        tally = "; ".join(f"{said(k).lower()} {count(x)}" for k, x in counts.items())
    definition = at(v, "outcome", "definition")
    if isinstance(definition, Mapping):
        says, pairs = "", pairs_of(definition)
    else:
        says, pairs = text(definition or why(v, "outcome", "definition")), ()
    if tally:
        says = f"{says.rstrip('.')}. Outcomes: {tally}." if says else f"Outcomes: {tally}."
    return Block(title="What counts as bad", says=says, pairs=pairs)


def _vintages(v: Facts) -> list[Block]:
    rows = items(v, "outcome", "vintages")
    curves = _curves(v)
    lost = [] if curves else [missing("Vintage curves", _curveless(v))]
    if not rows:
        blocks = [missing("Vintages", why(v, "outcome", "vintages"))]
        return [*blocks, Block(pictures=curves)] if curves else [*blocks, *lost]
    columns = (
        Column("cohort", "cohort", kept, number=False),
        Column("observations", "observations", count),
        Column("bads", "bad", count),
        Column("goods", "good", count),
        Column("unknown", "unknown", count),
        Column("bad_rate", "bad rate", percent, bar=True),
        Column("bad_rate_low", "95 % from", percent),
        Column("bad_rate_high", "to", percent),
    )
    made = table("Outcomes by cohort", rows, columns)
    drawn = _cohorts(rows)
    says = "" if drawn else "One row for each cohort, by the date on which it was looked at."
    return [Block(title="Vintages", says=says, pictures=(*drawn, *curves), table=made), *lost]


def _cohorts(rows: Sequence[Facts]) -> tuple[Picture, ...]:
    known = [r for r in rows if r.get("bad_rate") is not None]
    if len(known) < 2:
        return ()
    low, high = min(r["bad_rate"] for r in known), max(r["bad_rate"] for r in known)
    says = (
        f"From cohort to cohort the bad rate runs from {percent(low)} to {percent(high)}; "
        "lines are 95 % intervals."
    )
    shown = [
        {
            "name": str(r["cohort"]),
            "value": r["bad_rate"],
            "low": r.get("bad_rate_low"),
            "high": r.get("bad_rate_high"),
        }
        for r in known
    ]
    drawn = _charts.over_time(shown, "bad rate", says, form="%")
    return (Picture("Bad rate by cohort", drawn, says),)


def _curveless(v: Facts) -> str:
    if items(v, "outcome", "vintage_curves"):
        return "no cohort has been watched for a month"
    return why(v, "outcome", "vintage_curves")


def _curves(v: Facts) -> tuple[Picture, ...]:
    rows = [c for c in items(v, "outcome", "vintage_curves") if c.get("cumulative")]
    if not rows:
        return ()
    longest = max(rows, key=lambda c: len(c["cumulative"]))
    months = len(longest["cumulative"])
    says = (
        "Each line is a cohort as it ages; it ends where its youngest member has not been "
        f"watched longer. Of {longest['cohort']}, {percent(longest['cumulative'][-1])} went bad "
        f"within {months} months."
    )
    return (Picture("Vintage curves", _charts.vintage_curves(rows, says), says),)


def _rolls(v: Facts) -> Block:
    rolls = at(v, "outcome", "roll_rates")
    rows, states = items(v, "outcome", "roll_rates", "rows"), at(rolls, "states")
    if not rows or not isinstance(states, list):
        return missing("Roll rates", why(v, "outcome", "roll_rates", "rows"))
    heads = (
        Column("state", "from", number=False),
        Column("steps", "account-months"),
        *(Column(str(s), f"to {s}") for s in states),
    )
    body = []
    for row in rows:
        shares = row.get("to") or [None] * len(states)
        body.append((
            Cell(str(row.get("state"))),
            Cell(count(row.get("steps")), number=True),
            *(Cell(percent(s), number=True, heat=s) for s in shares),
        ))  # fmt: skip
    first = rows[0].get("to")
    stay = (
        f" Of accounts that are {states[0]}, {percent(first[0])} are so a month later."
        if first
        else ""
    )
    return Block(
        title="Roll rates",
        says=f"From the state on the left, the share that is in each state one month later.{stay}",
        table=Table("Roll rates", heads, tuple(body)),
    )
