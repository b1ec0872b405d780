"""Sections: the evidence that came in, and the limits of the report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benne.doors.reports._blocks import (
    Block,
    Column,
    Section,
    missing,
    pairs_of,
    table,
)
from benne.doors.reports._words import (
    count,
    many,
    percent,
    said,
    text,
    why,
)

Facts = Mapping[str, Any]


def evidence(v: Facts) -> Section:
    """What came in, what was refused, and what could not be computed."""
    name = "The evidence"
    facts = v.get("evidence")
    if not isinstance(facts, Mapping):
        return Section("evidence", name, (missing("Evidence", why(v, "evidence")),))
    blocks = []
    stated = facts.get("share_known_at_stated")
    if stated is not None:
        blocks.append(Block(says=(
            "Of every version the source itself stated when it became known."
            if stated == 1
            else "Every version was stamped on arrival with when it became known."
            if stated == 0
            else f"For {percent(stated)} of the versions the source itself stated when they became "
            "known; the others were stamped on arrival."
        )))  # fmt: skip
    blocks += [*_by_kind(facts), _left_out(facts)]
    told = {"rows", "versions", "findings", "share_known_at_stated", "left_out_features"}
    rest = pairs_of({k: x for k, x in facts.items() if k not in told})
    return Section("evidence", name, (*blocks, Block(pairs=rest)) if rest else tuple(blocks))


def _by_kind(facts: Facts) -> list[Block]:
    """Rows and findings by kind in one table; findings by another name in one of their own."""
    kept = _tally(facts.get("rows")) or _tally(facts.get("versions"))
    found = _tally(facts.get("findings"))
    together = set(found) <= set(kept)
    rows = [{"kind": k, "rows": n, "findings": found.get(k, 0)} for k, n in kept.items()]
    columns = [
        Column("kind", "kind", number=False),
        Column("rows", "versions", count, bar=True),
        Column("findings", "findings, kept in quarantine", count),
    ]
    shown = columns if together else columns[:2]
    blocks = [Block(table=table("Evidence by kind", rows, shown))] if rows else []
    if found and not together:
        listed = [{"code": k, "findings": n} for k, n in found.items()]
        columns = [Column("code", "what was found", number=False), columns[2]]
        blocks.append(Block(table=table("Findings", listed, columns)))
    elif facts.get("findings") == {}:
        blocks.append(Block(says="Nothing that came in was found wanting."))
    return blocks


def _tally(value: Any) -> dict[str, int]:
    """The counts in a mapping of counts."""
    if not isinstance(value, Mapping):
        return {}
    return {str(k): n for k, n in value.items() if isinstance(n, int)}


def _left_out(facts: Facts) -> Block:
    left = facts.get("left_out_features") or []
    if not left:
        return Block()
    says = f"{many(len(left), 'feature')} left out, because this workspace lacks the evidence"
    rows = [r if isinstance(r, Mapping) else {"feature": text(r)} for r in left]
    keys = list(dict.fromkeys(k for r in rows for k in r if not str(k).endswith("_why")))
    columns = [Column(str(k), said(k).lower(), number=False) for k in keys]
    return Block(fold=says, table=table("Features left out", rows, columns))


def limits(v: Facts) -> Section:
    """What this report does not say."""
    found = v.get("limits")
    listed = tuple(text(x) for x in found) if isinstance(found, list | tuple) else ()
    if not listed:
        reason = (
            why(v, "limits")
            if found is None
            else "none were stated, which is not to say there are none"
        )
        return Section("limits", "Limits", (missing("Limits", reason),))
    return Section("limits", "Limits", (Block(points=listed),))
