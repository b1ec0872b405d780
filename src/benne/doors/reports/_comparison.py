"""The comparison of three scores, for those who build scores: sections of figures.

The story for readers who are new to scores stands in ``_story``, the policy that they may set
in ``_policy``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import (
    Block,
    Cell,
    Column,
    Picture,
    Section,
    Table,
    pairs_of,
    table,
)
from benne.doors.reports._consequences import gaming, groups, shock, thin, worth
from benne.doors.reports._intervals import flat, interval
from benne.doors.reports._policy import UNSCORED, policy
from benne.doors.reports._story import cards, chapters
from benne.doors.reports._words import NONE, count, items, many, percent, said, text

Facts = Mapping[str, Any]
FEW = 50


def parts(facts: Facts) -> dict[str, Any]:
    """What the page's template needs."""
    return {
        "numbers": "comparison.json",
        "title": "Three scores of the same people",
        "workspace": facts["workspace"],
        "lead": _lead(facts),
        "cards": cards(facts),
        "seer": _seer(facts),
        "picture": _areas(facts),
        "populations": _coverage(facts),
        "made": pairs_of(facts["made_with"]),
        "chapters": chapters(facts),
        "sections": tuple(make(facts) for make in SECTIONS),
        "policy": policy(facts),
    }


def _lead(facts: Facts) -> list[str]:
    first = facts["populations"][0]
    people = many(first["people"], "person").replace("persons", "people")
    lead = [
        f"{people}, {facts['population']}. What is to be foreseen: {facts['outcome']}; it came "
        f"true for {percent(first['bad_rate'])}. Intervals are 95 %, from {facts['draws']} samples "
        "of the people."
    ]
    return [*lead, *(f"Left out: {reason}" for reason in facts["left_out"])]


def _seer(facts: Facts) -> int | None:
    """Of a hundred pairs, those that someone who sees the true chances gets right."""
    for ceiling in items(facts["populations"][0], "ceilings"):
        area: float | None = ceiling["auc"]["value"]
        if ceiling["name"] == "latent" and area is not None:
            return round(100 * area)
    return None


def _areas(facts: Facts) -> Picture | None:
    rows = [
        {
            "name": f"{score['name']}, {population['name']}",
            **{key: score["auc"][key] for key in ("value", "low", "high")},
        }
        for population in facts["populations"]
        for score in items(population, "scores")
        if score["auc"]["value"] is not None
    ]
    if not rows:
        return None
    says = "AUC with its interval; the line is a coin. A score that nobody here has is not drawn."
    return Picture(
        "Who tells payers from others", _charts.dots(rows, "AUC", says, rules=(0.5,)), says
    )


def _coverage(facts: Facts) -> Table:
    rows = [
        {"population": p["name"], "people": p["people"], "bad_rate": p["bad_rate"],
         "bad_rate_why": p.get("bad_rate_why")}
        for p in facts["populations"]
    ]  # fmt: skip
    columns = (
        Column("population", "population", number=False),
        Column("people", "people", count),
        Column("bad_rate", "bad rate", percent),
    )
    return table("Three populations", rows, columns)


# --- sections for those who build scores ---------------------------------------------------------


def _use(facts: Facts) -> Section:
    columns = (
        Column("name", "score", number=False),
        Column("method", "how", number=False, wide=True),
        Column("uses", "reads", number=False, wide=True),
        Column("features", "inputs"),
        Column("may_ask", "who may ask", number=False, wide=True),
        Column("none_for", "when there is none", number=False, wide=True),
    )
    return Section("uses", "What each score is", (
        Block(table=table("The three scores", facts["uses"], columns)),))  # fmt: skip


TOPS = {"latent": "true chance", "evidence": "unrestricted trees"}
CEILINGS = {"latent": "of the attainable Gini", "evidence": "of unrestricted trees' Gini"}


def _discrimination(facts: Facts) -> Section:
    says = (
        "AUC is the chance that a payer stands above a non-payer; Gini is 2 AUC - 1. The "
        "attainable Gini is that of each simulated person's true chance: what no score can pass, "
        "because the rest is luck. Unrestricted trees learned from the same people's evidence: a "
        "floor of what "
        "that evidence can reach."
    )
    blocks = [Block(says=says)]
    names = [c["name"] for c in items(facts["populations"][0], "ceilings")]
    columns = (
        Column("name", "score", number=False),
        Column("coverage", "scored", text),
        Column("auc", "AUC", text),
        Column("gini", "Gini", text),
        *(Column(name, CEILINGS[name], text) for name in names),
    )
    forms = {"coverage": percent, **dict.fromkeys(names, percent)}
    for population in facts["populations"]:
        rows = [
            flat({**score, **score["attainable"]}, forms) for score in items(population, "scores")
        ]
        tops = [
            f"{TOPS[c['name']]} {interval(c['auc'])}"
            for c in items(population, "ceilings")
            if c["auc"]["value"] is not None
        ]
        caption = f"{said(population['name'])}, {population['people']:,} people"
        if rows:
            over = f"AUC over all of them: {'; '.join(tops)}." if tops else ""
            blocks.append(Block(title=caption, says=over, table=table(caption, rows, columns)))
        else:
            blocks.append(Block(title=caption, missing=str(population.get("scores_why"))))
    return Section("discrimination", "Discrimination", tuple(blocks))


def _calibration(facts: Facts) -> Section:
    forms = {"expected": percent, "seen": percent}
    columns = (
        Column("population", "population", number=False),
        Column("name", "score", number=False),
        Column("expected", "promised bad rate", text),
        Column("seen", "seen bad rate", text),
        Column("expected_to_seen", "promised over seen", text),
    )
    rows = [
        {"population": population["name"], **flat(score, forms)}
        for population in facts["populations"]
        for score in items(population, "scores")
        if score["scored"]
    ]
    pictures = tuple(
        Picture(
            f"{said(score['name'])}: promised and seen, by band",
            _charts.expected_and_seen(bands, _PROMISED),
            _PROMISED,
        )
        for score in items(facts["populations"][0], "scores")
        if (bands := _drawn_bands(score))
    )
    return Section("calibration", "Calibration", (
        Block(says="Promised over seen is 1 where the promise holds; above 1 the score is too "
              "gloomy, below 1 it promises less risk than comes true. Conduct promises nothing.",
              pictures=pictures),
        Block(title="As a whole", table=table("Promised and seen", rows, columns)),
    ))  # fmt: skip


_PROMISED = "Ticks are the promised bad rate of each band, dots the seen one with its interval."


def _drawn_bands(score: Facts) -> list[dict[str, Any]]:
    return [
        {"name": band["band"], "expected": band["expected"], "seen": band["seen"]["value"],
         "seen_low": band["seen"]["low"], "seen_high": band["seen"]["high"]}
        for band in items(score, "bands")
        if band["expected"] is not None and band["seen"]["low"] is not None
    ]  # fmt: skip


def _agreement(facts: Facts) -> Section:
    everyone = facts["populations"][0]
    rows = [
        {"pair": f"{row['one']} and {row['other']}", "people": row["people"], **flat(row, {})}
        for row in items(everyone, "agreement")
    ]
    columns = (Column("pair", "scores", number=False), Column("people", "people with both", count),
               Column("rank", "rank correlation", text))  # fmt: skip
    blocks = [
        Block(says="Spearman's rank correlation over people who have both: 1 would be the same "
              "order, 0 none in common.",
              table=table("Rank agreement", rows, columns))
    ]  # fmt: skip
    for movement in items(everyone, "movements"):
        caption = f"From the bands of {movement['one']} to those of {movement['other']}"
        blocks.append(Block(title=caption, table=_moved(caption, movement)))
    return Section("agreement", "Agreement, and who moves between bands", tuple(blocks))


def _moved(caption: str, movement: Facts) -> Table:
    """People by band of both: the darker, the more of their row; with the bad rate of many."""
    heads = [Column("band", movement["one"], number=False)]
    heads += [Column(name, f"{movement['other']}: {name}") for name in movement["bands"]]
    rows = []
    for row in movement["rows"]:
        cells = [Cell(row["band"])]
        for here, bad in zip(row["to"], row["bad"], strict=True):
            rate = f" ({percent(bad / here)} bad)" if here >= FEW else ""
            heat = here / row["people"] if here else None
            cells.append(Cell(f"{here:,}{rate}" if here else NONE, number=True, heat=heat))
        rows.append(tuple(cells))
    note = f"bad rates only where a cell holds {FEW} people or more"
    return Table(caption, tuple(heads), tuple(rows), (note,))


def _swaps(facts: Facts) -> Section:
    blocks = []
    for population in facts["populations"]:
        for way in items(population, "policies"):
            for key, what in (("equal_admission", "the same share is admitted"),
                              ("equal_bad_rate", "the bad rate may be the same")):  # fmt: skip
                blocks.append(_swap(population, way, key, what))
    says = (
        "Each score admits its best until the same share of people is in, or as many as keep the "
        "bad rate where Sesame's own policy has it: the largest admission whose rate does not "
        "exceed it. A score that few people have cannot admit more than have it. A swap set is "
        "whom one admits and another refuses."
    )
    return Section("swaps", "Policies and swap sets",
                   (Block(says=says, pictures=_curves(facts)), *blocks))  # fmt: skip


def _curves(facts: Facts) -> tuple[Picture, ...]:
    """Bad rate of the admitted by the share admitted, for each population."""
    says = "Bad rate of those admitted, by the share admitted; shades are intervals."
    found = []
    for population in facts["populations"]:
        for told in items(population, "policies")[:1]:
            lines = _lines(told["explorer"])
            if lines:
                title = f"{said(population['name'])}, unscored refused"
                found.append(Picture(title, _charts.policy_curves(lines, says), says))
    return tuple(found)


def _lines(explorer: Facts) -> list[dict[str, Any]]:
    return [
        {"name": score["name"], "share": share, "rate": step["bad_rate"]["value"],
         "low": step["bad_rate"]["low"], "high": step["bad_rate"]["high"]}
        for score in explorer["scores"]
        for share, step in zip(explorer["shares"], score["by_share"], strict=True)
        if step["bad_rate"]["low"] is not None
        and step["admitted"]["value"] is not None
        and step["admitted"]["value"] > share - 0.01
    ]  # fmt: skip


def _swap(population: Facts, policy: Facts, key: str, what: str) -> Block:
    caption = (
        f"{said(population['name'])}: {what}; whoever has no score {UNSCORED[policy['unscored']]}"
    )
    forms: dict[str, Callable[[Any], str]] = dict.fromkeys(
        ("admitted", "bad_rate", "share"), percent
    )
    rows = [{"who": f"all admitted by {row['name']}", **flat(row, forms)}
            for row in policy[key]["scores"]]  # fmt: skip
    for row in rows:
        row["share"] = row.pop("admitted")
    rows += [
        {"who": f"{row['admitted_by']} admits, {row['refused_by']} refuses", **flat(row, forms)}
        for row in policy[key]["swaps"]
    ]
    columns = (Column("who", "who", number=False, wide=True),
               Column("share", "of the people", text),
               Column("bad_rate", "bad rate", text))  # fmt: skip
    return Block(fold=caption, table=table(caption, rows, columns))


def _made(facts: Facts) -> Section:
    points = (
        "People compared were seen by no card: they were observed later than all that the cards "
        "were fitted to, or scored out of fold.",
        "Intervals: percentiles over samples of whole people with replacement; the cards are not "
        "refitted in a sample, so that they say how sure we are about these cards.",
        "Equal admission admits equals in equal part; equal bad rate is the largest admission "
        "whose bad rate does not exceed the limit. Share and limit are those of the first score's "
        "own cutoff, in each sample anew.",
        "Someone without a score is shown once as refused, and once as standing at the policy's "
        "cutoff.",
        "Worth: Shapley value of the Gini over all subsets of domains, a card refitted on each "
        "(Shapley 1953).",
        "Conduct has no probability: it is judged by discrimination alone, and nothing may follow "
        "from it.",
    )
    return Section("made", "How each figure is made", (Block(points=points),))


SECTIONS: tuple[Callable[[Facts], Section], ...] = (
    _use, _discrimination, _calibration, _agreement, _swaps, thin, worth, shock, groups, gaming,
    _made,
)  # fmt: skip
