"""Section: whom a policy refused, and what is claimed of them without an outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import Block, Column, Picture, Section, missing, table
from benne.doors.reports._words import at, count, items, percent, three, whole, why

Facts = Mapping[str, Any]
NAME = "Who was refused"
METHODS = {
    "accepts_only": "The card was fitted to those who were admitted alone.",
    "inverse_propensity": (
        "The card was fitted to those who were admitted, each weighing the inverse of the chance "
        "of being admitted."
    ),
    "augmentation": (
        "The card was fitted to those who were admitted and, as part bad and part good, to those "
        "who were refused."
    ),
}


def refused(v: Facts) -> Section:
    """Overlap, support and claims, by band."""
    facts = v.get("refused")
    if not isinstance(facts, Mapping):
        return Section("refused", NAME, (missing("The refused", why(v, "refused")),))
    blocks = (_opening(facts), _overlap(facts), _claims(facts), _weighted(facts))
    return Section("refused", NAME, blocks)


def _opening(facts: Facts) -> Block:
    parts = [
        f"{count(facts.get('refused'))} of {count(facts['admitted'] + facts['refused'])} "
        f"({percent(facts.get('share_refused'))}) were refused, so that no outcome is known of "
        "them.",
        METHODS.get(str(facts.get("method")), ""),
        _odds(facts),
    ]
    policies = items(facts, "policies")
    columns = (
        Column("policy", "policy", number=False),
        Column("admitted", "admitted", count),
        Column("refused", "refused", count),
    )
    return Block(says=" ".join(p for p in parts if p), table=table("Policies", policies, columns))


def _odds(facts: Facts) -> str:
    odds = at(facts, "odds")
    if not isinstance(odds, Mapping):
        return ""
    bounds = f"between {odds['at_least']:.2f} and {odds['at_most']:.2f}"
    said = (
        f"Their odds of being bad were taken as {odds['used']:.2f} times what the admitted let "
        f"expect, {bounds}"
    )
    if odds.get("estimate") is None:
        return f"{said}: the middle, because {odds.get('why')}."
    return f"{said}; the propensities say {odds['estimate']:.2f}."


def _overlap(facts: Facts) -> Block:
    found = at(facts, "overlap")
    if not isinstance(found, Mapping):
        return missing("Overlap", why(facts, "overlap"))
    parts = [
        f"By inverse propensity, {count(found['known_admitted'])} admitted rows count as "
        f"{count(found['effective'])} (weights of at most {found['weight_at_most']:g}, which "
        f"{percent(found['capped'])} of them reach)."
    ]
    below = found.get("refused_below_floor")
    if below is not None:
        parts.append(
            f"{count(below)} of {count(found['known_refused'])} refused had a chance of admission "
            f"below {percent(found['floor'])}: too few admitted stand for them."
        )
    if found.get("refused_below_any_admitted"):
        parts.append(
            f"{count(found['refused_below_any_admitted'])} had a lower chance than anybody who was "
            "admitted: nobody stands for them."
        )
    cells = [c for c in items(found, "cells") if c["admitted"] or c["refused"]]
    rows = [{**c, "name": f"{percent(c['low'])} to {percent(c['high'])}"} for c in cells]
    columns = (
        Column("name", "chance of being admitted", number=False),
        Column("admitted", "admitted", count, bar=True),
        Column("refused", "refused", count, bar=True),
    )
    made = table("Chances of being admitted", rows, columns)
    return Block(title="Overlap", says=" ".join(parts), table=made)


def _claims(facts: Facts) -> Block:
    support = at(facts, "support") or {}
    lowest, below = support.get("lowest_admitted_score"), support.get("refused_below") or 0
    says = (
        f"The lowest admitted person scores {whole(lowest)}. "
        if lowest is not None
        else f"There is no lowest admitted score: {why(support, 'lowest_admitted_score')}. "
    )
    says += (
        f"{count(below)} refused ({percent(support.get('share_refused_below'))}) score below: the "
        f"bad rate of {percent(support.get('claimed_below'))} that is claimed there rests on no "
        "outcome. Marked are the bands in which it does, or with fewer than 10 admitted."
        if below
        else "Nobody who was refused scores below. Marked are bands with fewer than 10 admitted."
    )
    columns = (
        Column("name", "band", number=False),
        Column("admitted", "admitted", count),
        Column("bads", "bad", count),
        Column("promised", "promised", percent),
        Column("seen", "seen", percent),
        Column("refused", "refused", count),
        Column("claimed", "claimed of the refused", percent),
        Column("unsupported", "of them below the lowest admitted", count),
    )
    made = table(
        "Seen of the admitted, claimed of the refused",
        items(facts, "bands"),
        columns,
        flag=lambda b: bool(b.get("unsupported")) or bool(b.get("few")),
    )
    return Block(title="What is claimed of the refused", says=says, table=made)


def _weighted(facts: Facts) -> Block:
    found = at(facts, "weighted")
    if not isinstance(found, Mapping):
        return missing("By inverse propensity", why(facts, "weighted"))
    rows = [
        {
            "name": name,
            "value": found[f"{key}_seen"],
            "low": max(found[f"{key}_seen"] - 1.96 * found[f"{key}_error"], 0.0),
            "high": found[f"{key}_seen"] + 1.96 * found[f"{key}_error"],
            "claimed": found[f"{key}_promised"],
            "effective": found[f"{key}_effective"],
        }
        for name, key in (("all who applied", "applicants"), ("the refused", "refused"))
        if found.get(f"{key}_seen") is not None
    ]
    area = found.get("auc")
    says = (
        "What the admitted say of the others, each weighed by how many it stands for: sound where "
        "the recorded propensities are, and every kind of person had a chance."
    )
    if area is not None:
        says += f" AUC among all who applied {three(area)}"
        says += (
            f" ({three(found['auc_low'])} to {three(found['auc_high'])})."
            if found.get("auc_low") is not None
            else "."
        )
    pictures: tuple[Picture, ...] = ()
    if rows:
        drawn = _charts.dots(rows, "bad rate", says, form=".1%")
        pictures = (Picture("Bad rate by inverse propensity", drawn, says),)
    columns = (
        Column("name", "of", number=False),
        Column("value", "bad rate", percent),
        Column("low", "95 % from", percent),
        Column("high", "to", percent),
        Column("claimed", "claimed", percent),
        Column("effective", "counts as", count),
    )
    made = table("Bad rates by inverse propensity", rows, columns)
    return Block(
        title="By inverse propensity", says="" if pictures else says, pictures=pictures, table=made
    )
