"""Sections: where scores lie, who would be admitted, what domains are worth, and coverage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
    count,
    items,
    percent,
    said,
    signed,
    three,
    times,
    whole,
    why,
)

Facts = Mapping[str, Any]


def distribution(v: Facts) -> Section:
    """Scores by band, trade-off, gains and swap."""
    blocks = [_bands(v), _cutoffs(v), _gains(v), _swap(v)]
    return Section("distribution", "Scores, gains and swaps", tuple(blocks))


def _bands(v: Facts) -> Block:
    rows = items(v, "distribution", "bands")
    if not rows:
        return missing("Bands", why(v, "distribution", "bands"))
    q = at(v, "distribution", "quantiles") or {}
    says = (
        f"Scores run from {whole(q.get('low'))} to {whole(q.get('high'))}, "
        f"mean {whole(q.get('mean'))}; the middle half lies between {whole(q.get('p25'))} "
        f"and {whole(q.get('p75'))}."
    )
    columns = (
        Column("name", "band", number=False),
        Column("observations", "observations", count),
        Column("share", "share", percent, bar=True),
        Column("bads", "bad", count),
        Column("goods", "good", count),
        Column("unknown", "unknown", count),
        Column("bad_rate", "bad rate", percent, bar=True),
    )
    return Block(
        title="By band", says=says, table=table("Score distribution by band", rows, columns)
    )


def _cutoffs(v: Facts) -> Block:
    rows = items(v, "distribution", "cutoffs")
    if not rows:
        return missing("Cutoffs", why(v, "distribution", "cutoffs"))
    columns = (
        Column("cutoff", "admitted from", whole, number=False),
        Column("admitted", "share admitted", percent, bar=True),
        Column("bad_rate_admitted", "bad rate of the admitted", percent),
        Column("bad_rate_refused", "bad rate of the refused", percent),
    )
    says = "What each cutoff would have admitted, and at what risk."
    return Block(title="At a cutoff", says=says, table=table("At a cutoff", rows, columns))


def _gains(v: Facts) -> Block:
    rows = items(v, "gains")
    if not rows:
        return missing("Gains", why(v, "gains"))
    first = rows[0]
    says = (
        f"The lowest {percent(first['people'])} of scores hold {percent(first['caught'])} "
        f"of all bads: {times(first['lift'])} times their share."
    )
    line = [(0.0, 0.0), *((r["people"], r["caught"]) for r in rows)]
    drawn = _charts.curve(line, "people, lowest score first", "bads caught", says)
    columns = (
        Column("part", "tenth", whole, number=False),
        Column("score_low", "score from", whole),
        Column("score_high", "to", whole),
        Column("observations", "observations", count),
        Column("bad_rate", "bad rate", percent, bar=True),
        Column("lift", "lift", times),
        Column("caught", "bads caught so far", percent),
        Column("goods_refused", "goods refused so far", percent),
    )
    return Block(title="Gains", pictures=(Picture("Gains curve", drawn, says),),
                 table=table("Gains table", rows, columns))  # fmt: skip


def _swap(v: Facts) -> Block:
    swap = at(v, "swap")
    rows = items(v, "swap", "rows")
    if not rows or not isinstance(swap, Mapping):
        return missing("Swap table", why(v, "swap", "rows"))
    name = swap.get("comparator")
    says = (
        f"At {whole(swap.get('cutoff'))} the score admits {percent(swap.get('admitted'))} with "
        f"{percent(swap.get('bad_rate_admitted'))} bad; {name}, cut to admit "
        f"{percent(swap.get('admitted_by_comparator'))}, has "
        f"{percent(swap.get('bad_rate_admitted_by_comparator'))} bad."
    )
    gain = swap.get("auc_gain")
    if gain is not None and swap.get("auc_gain_low") is not None:
        says += (
            f" The AUC is {signed(gain)} against it "
            f"({signed(swap['auc_gain_low'])} to {signed(swap.get('auc_gain_high'))})."
        )
    columns = (
        Column("name", "who", number=False),
        Column("observations", "observations", count),
        Column("share", "share", percent, bar=True),
        Column("bads", "bad", count),
        Column("bad_rate", "bad rate", percent, bar=True),
    )
    return Block(title=f"Swaps against {name}", says=says, table=table("Swap table", rows, columns))


def domain_worth(v: Facts) -> Section:
    """Shapley shares of the Gini."""
    name = "What each domain is worth"
    rows = items(v, "domain_worth_detail", "domains")
    if not rows:
        reason = why(v, "domain_worth_detail", "domains")
        return Section("domains", name, (missing("Worth of the domains", reason),))
    ranked = sorted(rows, key=lambda r: -(r.get("worth") or 0.0))
    pictures: tuple[Picture, ...] = ()
    shares = [(said(r["domain"]), r["share"], percent(r["share"])) for r in ranked
              if r.get("share") is not None]  # fmt: skip
    if shares:
        says = (
            f"Of the Gini of {three(at(v, 'domain_worth_detail', 'gini'))}, "
            f"{shares[0][0].lower()} earns {shares[0][2]}. Exact Shapley shares: "
            "each domain's part in the sum is switched off, in all combinations, without refitting."
        )
        drawn = _charts.bars(shares, "share of the Gini", says)
        pictures = (Picture("Share of the Gini by domain", drawn, says),)
    columns = (
        Column("domain", "domain", said, number=False),
        Column("worth", "Gini earned", three),
        Column("share", "share of the Gini", percent, bar=True),
        Column("alone", "Gini alone", three),
        Column("last", "Gini lost without it", three),
    )
    base = at(v, "domain_worth_detail", "base")
    base_says = (
        f"The base, which differs from card to card, earns {three(base)}."
        if abs(base or 0) >= 0.005
        else ""
    )
    block = Block(
        says=base_says, pictures=pictures, table=table("Worth of the domains", ranked, columns)
    )
    return Section("domains", name, (block,))


def coverage(v: Facts) -> Section:
    """Who has a score, and how good it is, by how much is known."""
    name = "Coverage, and how much is known"
    share = at(v, "coverage", "scored")
    scored = f"{percent(share)} of the observations get a score." if share is not None else ""
    rows = items(v, "coverage", "by_thickness")
    if not rows:
        reason = why(v, "coverage", "by_thickness")
        return Section("coverage", name, (Block(says=scored), missing("By thickness", reason)))
    columns = (
        Column("name", "evidence", number=False),
        Column("observations", "observations", count),
        Column("share", "share", percent),
        Column("scored", "with a score", percent, bar=True),
        Column("bads", "bad", count),
        Column("bad_rate", "bad rate", percent),
        Column("auc", "AUC", three),
        Column("gini", "Gini", three),
    )
    made = table("Coverage by thickness", rows, columns)
    block = Block(says=scored, pictures=_by_thickness(rows), table=made)
    return Section("coverage", name, (block,))


def _by_thickness(rows: Sequence[Facts]) -> tuple[Picture, ...]:
    known = [r for r in rows if r.get("gini") is not None]
    if len(known) < 2:
        return ()
    says = (
        "Gini with its 95 % interval, from those of whom least is known to those of whom most is."
    )
    drawn = [
        {
            "name": r["name"],
            "value": r["gini"],
            "low": _gini(r.get("auc_low")),
            "high": _gini(r.get("auc_high")),
        }
        for r in known
    ]
    chart = _charts.dots(drawn, "Gini", says, form=".2f")
    return (Picture("Gini by thickness of evidence", chart, says),)


def _gini(auc: float | None) -> float | None:
    return None if auc is None else 2 * auc - 1
