"""The page of a risk appetite: what can be borne, and the threshold and caps that it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import (
    Block,
    Column,
    Pair,
    Picture,
    Section,
    Table,
    missing,
    pairs_of,
    table,
)
from benne.doors.reports._summary import Tile
from benne.doors.reports._words import NONE, kept, percent, whole

Facts = Mapping[str, Any]
_EVERY = 10
_BREAKS = {
    "bad_rate": "bad rate", "admission": "too few admitted", "loss_minor": "loss a person",
    "budget_minor": "budget of loss",
}  # fmt: skip


def parts(v: Facts) -> dict[str, Any]:
    """Everything that the page of ``report.html`` shows."""
    first = v["segments"][0]
    return {
        "brand": "risk appetite",
        "numbers": "appetite.json",
        "title": f"{v['workspace']}: whom to admit for {v['service'].replace('_', ' ')}, "
        "and up to what",
        "lead": [
            v["says"],
            f"Over {sum(s['people'] for s in v['segments']):,} people, {v['population']}; money is "
            f"for {v['applicants']:,} applicants. Bounds hold with a probability of 90 %.",
        ],
        "tiles": _tiles(v, first) if len(v["segments"]) == 1 else _tiles_of_all(v),
        "picture": _picture(v, first),
        "bands": _caps(v),
        "made": pairs_of(v["made_with"]),
        "sections": tuple(_section(v, one, number) for number, one in enumerate(v["segments"])),
    }


def money(v: Facts, amount: float | None) -> str:
    """An amount of minor units in the workspace's currency."""
    if amount is None:
        return NONE
    return f"{amount / 10 ** v['minor_digits']:,.0f} {v['currency']}"


def _tiles(v: Facts, one: Facts) -> list[Tile]:
    plan = one["plan"]
    if plan is None:
        return [Tile("No plan", "infeasible", one["plan_why"], alarm=True)]
    thresholds = one["out_of_bag"]["thresholds"]
    low, _, high = thresholds or (None, None, None)
    spread = f"chosen anew in each draw: {low:.0f} to {high:.0f}" if thresholds else "one choice"
    return [
        Tile("Threshold", str(plan["threshold"]), spread),
        Tile("Admitted", percent(plan["admission"]), "of all who apply"),
        Tile("Bad rate", percent(plan["bad_rate"]), f"bound {percent(plan['bad_rate_upper'])}"),
        Tile("Expected loss", money(v, plan["loss_minor"]),
             f"bound {money(v, plan['loss_upper_minor'])}"),
        Tile("Expected profit", money(v, plan["profit_minor"]),
             f"on people left out {money(v, _left_out(one))}"),
        Tile("Warnings", str(len(one["warnings"])), "each is told below",
             alarm=bool(one["warnings"])),
    ]  # fmt: skip


def _left_out(one: Facts) -> float | None:
    """The profit on people left out; ``None`` where no draw had a plan."""
    found: float | None = one["out_of_bag"]["figures"].get("profit_minor", [None])[0]
    return found


def _tiles_of_all(v: Facts) -> list[Tile]:
    """What the plans of several segments come to together."""
    parts = v["segments"]
    without = [one["name"] for one in parts if one["plan"] is None]
    if without:
        first = next(one for one in parts if one["plan"] is None)
        return [
            Tile(f"No plan for {', '.join(without)}", "infeasible", first["plan_why"], alarm=True)
        ]
    applicants = sum(one["applicants"] for one in parts)
    admitted = [one["applicants"] * one["plan"]["admission"] for one in parts]
    bads = sum(n * one["plan"]["bad_rate"] for n, one in zip(admitted, parts, strict=True))

    def total(name: str) -> float:
        return float(sum(one["plan"][name] for one in parts))

    left_out = [_left_out(one) for one in parts]
    worth = None if None in left_out else sum(filter(None, left_out))
    warnings = sum(len(one["warnings"]) for one in parts)
    return [
        Tile("Thresholds", ", ".join(str(one["plan"]["threshold"]) for one in parts),
             ", ".join(one["name"] for one in parts)),
        Tile("Admitted", percent(sum(admitted) / applicants), "of all who apply"),
        Tile("Bad rate", percent(bads / sum(admitted)), "of the admitted"),
        Tile("Expected loss", money(v, total("loss_minor")),
             f"bound {money(v, total('loss_upper_minor'))}"),
        Tile("Expected profit", money(v, total("profit_minor")),
             f"on people left out {money(v, worth)}"),
        Tile("Warnings", str(warnings), "each is told below", alarm=bool(warnings)),
    ]  # fmt: skip


def _picture(v: Facts, one: Facts) -> Picture:
    rows = [
        {
            "threshold": f["threshold"],
            "profit": f["profit_minor"] / 10 ** v["minor_digits"],
            "kept": "within what can be borne" if not f["breaks"] else "breaks a limit",
        }
        for f in one["frontier"]
    ]
    whose = "" if len(v["segments"]) == 1 else f"{one['name'].capitalize()}: "
    says = (
        f"{whose}expected profit for {one['applicants']:,} applicants at every threshold, each "
        "with its best caps."
    )
    says = says[0].upper() + says[1:]
    drawn = _charts.frontier(rows, f"profit, {v['currency']}", says)
    return Picture("The frontier", drawn, says)


def _caps(v: Facts) -> Table:
    columns = (
        Column("cap", "cap", kept, number=True),
        Column("exposure", "exposure if bad"),
        Column("take_up", "take it up", percent),
        Column("margin", "earned if kept"),
        Column("granted", "granted before", kept, number=False),
    )
    rows = [
        {
            "cap": money(v, cap["cap_minor"]),
            "exposure": money(v, cap["exposure_minor"]),
            "take_up": cap["take_up"],
            "margin": money(v, cap["margin_minor"]),
            "granted": "yes" if cap["granted"] else "never",
        }
        for cap in v["caps"]
    ]
    return table("What is assumed of each cap", rows, columns)


def _section(v: Facts, one: Facts, number: int) -> Section:
    blocks = [Block(pairs=_stated(v, one)), *_plan(v, one), _frontier(v, one)]
    if one["moves"] is not None:
        blocks.append(_moves(one["moves"]))
    if one["stresses"]:
        blocks.append(_stresses(v, one))
    return Section(f"segment-{number + 1}", one["name"].capitalize(), tuple(blocks))


def _stated(v: Facts, one: Facts) -> tuple[Pair, ...]:
    bears = one["bears"]
    said = {
        "people": f"{one['people']:,}",
        "with a score": f"{one['scored']:,}",
        "outcome known, and bad": f"{one['known']:,}, {one['bads']:,}",
        "bad rate at most": percent(bears["bad_rate"]) if bears["bad_rate"] is not None else "any",
        "loss a person at most": money(v, bears["loss_minor"])
        if bears["loss_minor"] is not None else "any",
        "budget of loss": money(v, bears["budget_minor"])
        if bears["budget_minor"] is not None else "any",
        "admission at least": percent(bears["admission"])
        if bears["admission"] is not None else "any",
    }  # fmt: skip
    return tuple(Pair(name, value) for name, value in said.items())


def _plan(v: Facts, one: Facts) -> list[Block]:
    plan = one["plan"]
    if plan is None:
        return [missing("A plan", one["plan_why"])]
    rows = [{"from": start, "cap": money(v, cap)} for start, cap in plan["steps"]]
    caps = table(
        "Caps by score", rows,
        (Column("from", "from a score of", whole), Column("cap", "up to", kept)),
    )  # fmt: skip
    honest = one["out_of_bag"]
    figures = [
        {"name": name, "plan": plan[key], "mean": mean, "low": low, "high": high, "say": say}
        for name, key, say in (
            ("admitted", "admission", percent), ("bad rate", "bad_rate", percent),
            ("loss", "loss_minor", None), ("profit", "profit_minor", None),
        )
        for mean, low, high in [honest["figures"].get(key, [None] * 3)]
    ]  # fmt: skip
    for row in figures:
        say = row.pop("say") or (lambda amount: money(v, amount))
        for key in ("plan", "mean", "low", "high"):
            row[key] = None if row[key] is None else say(row[key])
    worth = table(
        "What the plan promises, and what people left out of the choice came to", figures,
        (
            Column("name", "figure", number=False), Column("plan", "promised", kept),
            Column("mean", "on people left out", kept), Column("low", "5th percentile", kept),
            Column("high", "95th percentile", kept),
        ),
    )  # fmt: skip
    never = honest["infeasible"]
    says = (
        f"In each of {honest['draws']} draws of the people the threshold and the caps were chosen "
        "anew, and looked at on those who were not drawn: the promise of the plan itself is "
        "flattered by the choice, these figures are not."
    )
    if never:
        says += f" In {percent(never)} of the draws no plan met what can be borne."
    return [Block(table=caps, points=tuple(one["warnings"])), Block(says=says, table=worth)]


def _frontier(v: Facts, one: Facts) -> Block:
    shown = [f for f in one["frontier"] if f["threshold"] % _EVERY == 0] or one["frontier"][:40]
    rows = [
        {
            **f,
            "loss": money(v, f["loss_minor"]),
            "profit": money(v, f["profit_minor"]),
            "broken": ", ".join(_BREAKS[b] for b in f["breaks"]) or NONE,
        }
        for f in shown
    ]
    columns = (
        Column("threshold", "from", whole), Column("admission", "admitted", percent, bar=True),
        Column("bad_rate", "bad rate", percent), Column("bad_rate_upper", "its bound", percent),
        Column("loss", "expected loss", kept), Column("profit", "expected profit", kept),
        Column("broken", "beyond what can be borne", kept, number=False),
    )  # fmt: skip
    return Block(
        fold="Show the frontier in figures",
        table=table("At each threshold, with its best caps", rows, columns),
    )


def _moves(moves: Facts) -> Block:
    rate = moves["bads"] / moves["known"] if moves["known"] else None
    turned = f"{percent(rate)} of them turned bad" if rate is not None else "with no known outcome"
    how = "come in" if moves["comes_in"] else "go out"
    return Block(
        title="What changes against today",
        says=f"From {moves['before']} to {moves['after']}: {moves['people']:,} people {how} "
        f"({percent(moves['share'])} of all), {turned}.",
    )


def _stresses(v: Facts, one: Facts) -> Block:
    rows = [
        {**row, "profit": None if row["profit_minor"] is None else money(v, row["profit_minor"]),
         "profit_why": row.get("profit_minor_why")}
        for row in one["stresses"]
    ]  # fmt: skip
    columns = (
        Column("says", "if", kept, number=False), Column("threshold", "best threshold", whole),
        Column("profit", "expected profit", kept),
    )  # fmt: skip
    return Block(
        title="If what was assumed is wrong",
        says="Exposure, take-up and loss given default are stated, not learnt; the plan is chosen "
        "again with each of them changed.",
        table=table("The best plan under other assumptions", rows, columns),
    )
