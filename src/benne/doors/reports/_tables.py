"""Sections: every table of the score, and the card."""

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
    items,
    many,
    percent,
    points,
    said,
    text,
    whole,
    why,
)

Facts = Mapping[str, Any]
CARD_LINES_OPEN = 60


def features(v: Facts) -> Section:
    """Every table of the score as a table plot."""
    rows = items(v, "features")
    if not rows:
        return Section("features", "Every table of the score",
                       (missing("Tables", why(v, "features")),))  # fmt: skip
    ranked = sorted(rows, key=lambda f: -(f.get("points_range") or 0.0))
    says = (
        f"{many(len(ranked), 'table')}, the one that moves the score most first. For each bin: how "
        "many people stand in it, how many of them turned out bad, and the points that it adds or "
        "takes, on average."
    )
    return Section("features", "Every table of the score", (Block(says=says),),
                   plots=tuple(_plot(f) for f in ranked))  # fmt: skip


def _plot(feature: Facts) -> dict[str, Any]:
    name = str(feature.get("name"))
    if feature.get("with"):
        name = f"{name} × {feature['with']}"  # noqa: RUF001
    columns = (
        Column("name", feature.get("unit") or "value", number=False),
        Column("share", "people", percent, bar=True),
        Column("bad_rate", "bad rate", percent, bar=True),
        Column("points", "points", points, bar=True),
    )
    bins = items(feature, "bins")
    return {
        "name": name,
        "says": "" if feature.get("says") == feature.get("name") else feature.get("says") or "",
        "domain": said(feature.get("domain") or ""),
        "range": whole(feature.get("points_range")),
        "known": feature.get("points_range") is not None,
        "table": table(name, bins, columns) if bins else None,
        "missing": "" if bins else why(feature, "bins"),
    }


def card(v: Facts) -> Section:
    """The printed card."""
    value = v.get("card")
    if value is None:
        return Section("card", "The card", (missing("The card", why(v, "card")),))
    opening = (
        "The whole score, as it could be worked out by hand: the base, and one entry from each "
        "table."
    )
    if isinstance(value, str):
        lines = value.count("\n") + 1
        fold = f"Show the card: {many(lines, 'line')}" if lines > CARD_LINES_OPEN else ""
        return Section("card", "The card", (Block(says=opening, preformatted=value, fold=fold),))
    if isinstance(value, Mapping) and items(value, "cards"):
        scalars = {k: x for k, x in value.items() if not isinstance(x, list | dict)}
        blocks = [Block(says=opening, pairs=pairs_of(scalars))]
        for one in items(value, "cards"):
            blocks += _one_card(one)
        return Section("card", "The card", tuple(blocks))
    return Section("card", "The card", (Block(says=opening, preformatted=_outline(value)),))


def _one_card(one: Facts) -> list[Block]:
    scalars = {k: x for k, x in one.items() if not isinstance(x, list | dict) and k != "name"}
    head = Block(title=f"Card {one.get('name', '')}".strip(), pairs=pairs_of(scalars))
    rows = [
        {"feature": t.get("feature"), "domain": said(t.get("domain") or ""), **entry}
        for t in items(one, "tables")
        for entry in items(t, "bins")
    ]
    if not rows:
        return [head]
    keys = list(dict.fromkeys(k for row in rows for k in row if not k.endswith("_why")))
    columns = [
        Column(key, said(key).lower(), _entry if key != "feature" else text,
               number=key not in ("feature", "domain", "bin", "label", "name"))
        for key in keys
    ]  # fmt: skip
    size = f"{many(len(items(one, 'tables')), 'table')}, {len(rows)} entries"
    return [head, Block(fold=f"Show the card: {size}", table=table("Card", rows, columns))]


def _entry(value: Any) -> str:
    """A card's entry, exact: whole points with their sign."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:+d}".replace("-", "−") if value else "0"  # noqa: RUF001
    return text(value)


def _outline(value: Any, indent: int = 0) -> str:
    """Any JSON as indented lines."""
    pad = "  " * indent
    if isinstance(value, Mapping):
        return "\n".join(
            f"{pad}{key}:\n{_outline(x, indent + 1)}"
            if isinstance(x, Mapping | list)
            else f"{pad}{key}: {text(x)}"
            for key, x in value.items()
        )
    if isinstance(value, list):
        return "\n".join(_outline(x, indent) for x in value)
    return f"{pad}{text(value)}"
