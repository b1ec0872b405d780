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
            f"For {percent(stated)} of the rows the source itself stated when they became known; "
            "the other rows were stamped on arrival."
        )))  # fmt: skip
    blocks += [_by_kind(facts), _left_out(facts)]
    shown = {"rows", "findings", "share_known_at_stated", "left_out_features"}
    rest = {k: x for k, x in facts.items() if k not in shown}
    if pairs_of(rest):
        blocks.append(Block(pairs=pairs_of(rest)))
    return Section("evidence", name, tuple(blocks))


def _by_kind(facts: Facts) -> Block:
    rows, findings = facts.get("rows"), facts.get("findings")
    if not isinstance(rows, Mapping):
        return Block(pairs=pairs_of({k: facts[k] for k in ("rows", "findings") if k in facts}))
    found = findings if isinstance(findings, Mapping) else {}
    kinds = list(dict.fromkeys([*rows, *found]))
    listed = [{"kind": k, "rows": rows.get(k, 0), "findings": found.get(k, 0)}
              for k in kinds if not str(k).endswith("_why")]  # fmt: skip
    columns = (
        Column("kind", "kind", number=False),
        Column("rows", "rows kept", _count_or_text, bar=True),
        Column("findings", "findings (kept in quarantine)", _count_or_text),
    )
    extra = (
        "" if isinstance(findings, Mapping) or findings is None else f"Findings: {text(findings)}."
    )
    return Block(says=extra, table=table("Evidence by kind", listed, columns))


def _count_or_text(value: Any) -> str:
    return count(value) if isinstance(value, int | float) else text(value)


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
