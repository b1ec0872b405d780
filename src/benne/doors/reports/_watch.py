"""Sections: stability between periods, groups held apart, and what the promises cost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import (
    Block,
    Column,
    Picture,
    Section,
    missing,
    table,
)
from benne.doors.reports._words import (
    at,
    chance,
    count,
    four,
    items,
    kept,
    many,
    percent,
    said,
    signed,
    three,
    times,
    whole,
    why,
)

Facts = Mapping[str, Any]
MEASURES_OPEN = 15


def stability(v: Facts) -> Section:
    """PSI of score, domains and features between periods."""
    name = "Stability between periods"
    measures = items(v, "stability", "measures")
    if not measures:
        return Section("stability", name, (missing("Stability", why(v, "stability", "measures")),))
    base = at(v, "stability", "base")
    score = next((m for m in measures if m.get("name") == "score"), measures[0])
    shown = [p for p in items(score, "periods") if p.get("psi") is not None]
    pictures: tuple[Picture, ...] = ()
    if shown:
        worst = max(shown, key=lambda p: p["psi"])
        says = (
            f"PSI of the score against {base}: at most {four(worst['psi'])} "
            f"({worst['period']}), where {four(worst['expected'])} is expected of samples "
            "this size with no change at all "
            f"(p {chance(worst['p'])}). Bars are the expected values."
        )
        rows = [{"name": p["period"], "value": p["psi"], "expected": p["expected"]} for p in shown]
        drawn = _charts.over_time(rows, "PSI", says, form=".3f")
        pictures = (Picture("PSI of the score by period", drawn, says),)
    columns = (
        Column("name", "measure", number=False),
        Column("period", "most shifted in", kept, number=False),
        Column("psi", "PSI", four, bar=True),
        Column("expected", "expected if nothing changed", four),
        Column("p", "p", chance),
    )
    worst_of = [_worst(m) for m in measures]
    ranked = sorted(worst_of, key=lambda m: -(m.get("psi") or 0.0))
    says = (
        "PSI compares bins of one period with those of the first. A small sample has a large "
        "PSI by chance, so each stands beside what chance alone would give; a shift "
        "below 0.1 is usually let pass even when it is certain."
    )
    first = table("Largest shift of each measure", ranked[:MEASURES_OPEN], columns)
    blocks = [Block(says=says, pictures=pictures, table=first)]
    if rest := ranked[MEASURES_OPEN:]:
        made = table("Smaller shifts", rest, columns)
        blocks.append(
            Block(fold=f"Show {many(len(rest), 'measure')} that shifted less", table=made)
        )
    return Section("stability", name, tuple(blocks))


def _worst(measure: Facts) -> dict[str, Any]:
    known = [p for p in items(measure, "periods") if p.get("psi") is not None]
    if not known:
        return {"name": measure.get("name"), "psi": None, "psi_why": "all values are the same"}
    return {**max(known, key=lambda p: p["psi"]), "name": measure.get("name")}


def fairness(v: Facts) -> Section:
    """Adverse-impact ratio and calibration by held-apart group."""
    name = "Groups held apart"
    columns = items(v, "fairness", "groups")
    if not columns:
        return Section("fairness", name, (missing("Groups", why(v, "fairness", "groups")),))
    cutoff = whole(at(v, "fairness", "cutoff"))
    opening = (
        "Columns held apart never enter the score; they are looked at here only. "
        f"Admitted means a score of {cutoff} or more; the ratio is the share admitted over that "
        "of the group admitted most, and below 0.80 it is evidence of adverse impact. Groups "
        "that are small, or with few outcomes, are marked; a small one is never the reference."
    )
    if any(column.get("column") == "age" for column in columns):
        opening += " Age is shown in bands, and may itself be a feature where law allows."
    blocks = [Block(says=opening), *(_group(c) for c in columns)]
    return Section("fairness", name, tuple(blocks))


def _group(column: Facts) -> Block:
    title = said(column.get("column"))
    rows = items(column, "groups")
    if not rows:
        return missing(title, why(column, "groups"))
    rated = [r for r in rows if r.get("ratio") is not None]
    top = max([2.0, *(r["ratio"] for r in rated)])
    drawn = [{"name": _group_name(r), "value": r["ratio"], "low": r.get("ratio_low"),
              "high": min(r["ratio_high"], top) if r.get("ratio_high") is not None else None}
             for r in rated]  # fmt: skip
    low = [r["group"] for r in rows if r.get("adverse") and not r.get("small")]
    says = (
        f"Admitted at less than four fifths of the rate of {column.get('reference')}: "
        f"{', '.join(low)}." if low
        else f"No group that is large enough falls below four fifths of {column.get('reference')}."
        if column.get("reference") is not None
        else f"There is no reference group: {why(column, 'reference')}."
    )  # fmt: skip
    if any((r.get("ratio_high") or 0) > top for r in rated):
        says += f" Intervals are drawn to {times(top)}."
    pictures: tuple[Picture, ...] = ()
    if drawn:
        chart = _charts.dots(drawn, "adverse-impact ratio", says, rules=(0.8, 1.0), form=".2f")
        pictures = (Picture(f"{title}: adverse-impact ratio", chart, says),)
    columns = (
        Column("group", "group", number=False),
        Column("observations", "observations", count),
        Column("admitted", "admitted", percent, bar=True),
        Column("ratio", "ratio", times),
        Column("expected", "promised", percent),
        Column("seen", "seen", percent),
        Column("p_understated", "p", chance),
        Column("auc", "AUC", three),
    )
    named = [{**r, "group": _group_name(r)} for r in rows]
    made = table(f"{title}: who is admitted", named, columns, flag=lambda r: bool(r.get("adverse")))
    return Block(title=title, says="" if pictures else says, pictures=pictures, table=made)


def _group_name(row: Facts) -> str:
    marks = [
        m
        for m, on in (("small", row.get("small")), ("few outcomes", row.get("few_outcomes")))
        if on
    ]
    return f"{row.get('group')} ({marks[0]})" if marks else str(row.get("group"))


PRICES = (
    (
        "price_of_strictness",
        "Strictness",
        "no table joins two domains, so that the five parts are the score",
    ),
    ("price_of_additivity", "Additivity", "the score is a sum of tables, and no free learner"),
    ("price_of_monotonicity", "Monotonicity", "tables rise or fall only as the catalogue says"),
    ("price_of_brevity", "Brevity", "the card is shortened to the tolerance that is stated"),
)


def prices(v: Facts) -> Section:
    """What the constraints cost in AUC."""
    rows: list[dict[str, Any]] = []
    for key, name, means in PRICES:
        row: dict[str, Any] = {"name": name, "means": means, "value": v.get(key)}
        row |= {"low": v.get(f"{key}_low"), "high": v.get(f"{key}_high")}
        if row["value"] is None:
            row["value_why"] = why(v, key)
        rows.append(row)
    known = [r for r in rows if r["value"] is not None]
    pictures: tuple[Picture, ...] = ()
    says = (
        "What could be gained in AUC by giving up each promise, on the same rows and folds. "
        "An interval that holds zero says that nothing measurable is paid; below zero, the "
        "promise helps."
    )
    if known:
        drawn = _charts.dots(known, "AUC gained without it", says, rules=(0.0,), form="+.4f")
        pictures = (Picture("The prices", drawn, says),)
    columns = (
        Column("name", "promise", number=False),
        Column("means", "what it means", number=False, wide=True),
        Column("value", "price in AUC", signed),
        Column("low", "95 % from", signed),
        Column("high", "to", signed),
    )
    block = Block(
        says="" if pictures else says,
        pictures=pictures,
        table=table("The prices", rows, columns),
    )
    return Section("prices", "What the promises cost", (block,))
