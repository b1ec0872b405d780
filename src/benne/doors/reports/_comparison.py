"""The comparison of three scores: what the page says, for readers new to scores and for others."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from markupsafe import Markup

from benne.doors.reports import _charts
from benne.doors.reports._blocks import Block, Column, Picture, Section, Table, pairs_of, table
from benne.doors.reports._summary import Tile
from benne.doors.reports._words import NONE, items, many, percent, said, text, three, times, whole

Facts = Mapping[str, Any]
UNSCORED = {"refused": "is refused", "default": "stands at the policy's cutoff"}
PLAIN = (
    "A credit score is a number that says how likely a person is to pay as agreed: the higher, the "
    "safer. A lender or a shop sets a cutoff, and admits whoever stands above it.",
    "*Sesame* reads all that a person lets it read: bills, orders, savings, habits, and loans "
    "where "
    "there are any. *Bureau* reads loans and cards alone, as traditional credit scores do. "
    "*Conduct* counts good and bad deeds under a city's rule book; it predicts nothing, and is "
    "here "
    "so that it can be told apart from the other two.",
    "A score is good if those who later fail to pay stood low on it. AUC says how often: it is the "
    "chance that, of one person who paid and one who did not, the payer has the higher score. A "
    "coin has 0.5, a seer 1.",
    "Whoever has no score is not a bad payer; nothing is known. What a policy does with them "
    "matters "
    "as much as the score, so every policy here is shown twice.",
)


def parts(facts: Facts) -> dict[str, Any]:
    """What the page's template needs."""
    return {
        "brand": "comparison of scores",
        "numbers": "comparison.json",
        "title": f"{facts['workspace']}: three scores of the same people",
        "lead": _lead(facts),
        "tiles": _tiles(facts),
        "picture": _areas(facts),
        "bands": _coverage(facts),
        "made": pairs_of(facts["made_with"]),
        "sections": tuple(make(facts) for make in SECTIONS),
        "policies": _policies(facts),
    }


def _lead(facts: Facts) -> list[str]:
    first = facts["populations"][0]
    lead = [
        f"{many(first['people'], 'person').replace('persons', 'people')}, {facts['population']}. "
        f"What is to be foreseen: {facts['outcome']}. "
        f"Every figure has a 95 % interval from {facts['draws']} samples of the people."
    ]
    return [*lead, *(f"Left out: {reason}" for reason in facts["left_out"])]


def _tiles(facts: Facts) -> list[Tile]:
    tiles = []
    for score in items(facts["populations"][0], "scores"):
        area, cover = score["auc"], score["coverage"]
        tiles.append(
            Tile(
                said(score["name"]),
                three(area["value"]),
                f"AUC among the {percent(cover['value'])} of everyone whom it can score",
            )
        )
    growth = facts["thin_files"]["growth"]
    tiles.append(
        Tile(
            "More admitted",
            NONE if growth["value"] is None else f"+{percent(growth['value'])}",
            "by a bureau lender at the same bad rate, once it hears Sesame on people without a "
            "file",
        )
    )
    return tiles


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
        Column("people", "people"),
        Column("bad_rate", "bad rate", percent),
    )
    return table("Three populations", rows, columns)


# --- sections -----------------------------------------------------------------------------------


def _plain(_: Facts) -> Section:
    return Section("plain", "In plain words", tuple(Block(says=s.replace("*", "")) for s in PLAIN))


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


def _discrimination(facts: Facts) -> Section:
    blocks = [
        Block(
            says="Share of attainable Gini compares with the true chance of each simulated person: "
            "what no score can pass, because the rest is luck. Expected over seen is 1 where the "
            "promised bad rate holds."
        )
    ]
    columns = (
        Column("name", "score", number=False),
        Column("coverage", "scored", text),
        Column("auc", "AUC", text),
        Column("gini", "Gini", text),
        Column("attainable_share", "of the attainable Gini", text),
        Column("expected", "promised bad rate", text),
        Column("seen", "seen bad rate", text),
        Column("expected_to_seen", "promised over seen", text),
    )
    forms = {"coverage": percent, "expected": percent, "seen": percent, "attainable_share": percent}
    for population in facts["populations"]:
        rows = [_flat(score, forms) for score in items(population, "scores")]
        caption = f"{said(population['name'])}, {population['people']:,} people"
        if rows:
            blocks.append(Block(title=caption, table=table(caption, rows, columns)))
        else:
            blocks.append(Block(title=caption, missing=str(population.get("scores_why"))))
    return Section("discrimination", "How well each tells payers from others", tuple(blocks))


def _agreement(facts: Facts) -> Section:
    everyone = facts["populations"][0]
    rows = [
        {"pair": f"{row['one']} and {row['other']}", "people": row["people"], **_flat(row, {})}
        for row in items(everyone, "agreement")
    ]
    columns = (Column("pair", "scores", number=False), Column("people", "people with both"),
               Column("rank", "rank correlation", text))  # fmt: skip
    blocks = [
        Block(says="1 would be the same order, 0 none in common.",
              table=table("Rank agreement", rows, columns))
    ]  # fmt: skip
    for movement in items(everyone, "movements"):
        heads = [Column("band", movement["one"], number=False)]
        heads += [Column(f"to{i}", f"{movement['other']}: {name}")
                  for i, name in enumerate(movement["bands"])]  # fmt: skip
        counted = [
            {"band": row["band"], **{f"to{i}": n for i, n in enumerate(row["to"])}}
            for row in movement["rows"]
        ]
        caption = f"From the bands of {movement['one']} to those of {movement['other']}"
        blocks.append(Block(title=caption, table=table(caption, counted, heads)))
    return Section("agreement", "Where they agree, and who moves between bands", tuple(blocks))


def _swaps(facts: Facts) -> Section:
    blocks = []
    for population in facts["populations"]:
        for policy in items(population, "policies"):
            for key, what in (("equal_admission", "the same share is admitted"),
                              ("equal_bad_rate", "the bad rate may be the same")):  # fmt: skip
                blocks.append(_swap(population, policy, key, what))
    says = (
        "Each score admits its best until the same share of people is in, or as many as keep the "
        "bad "
        "rate where Sesame's own policy has it. A swap set is whom one admits and another refuses."
    )
    return Section("swaps", "Who is admitted by one and refused by another",
                   (Block(says=says), *blocks))  # fmt: skip


def _swap(population: Facts, policy: Facts, key: str, what: str) -> Block:
    caption = (
        f"{said(population['name'])}: {what}; whoever has no score {UNSCORED[policy['unscored']]}"
    )
    forms: dict[str, Callable[[Any], str]] = dict.fromkeys(
        ("admitted", "bad_rate", "share"), percent
    )
    rows = [{"who": f"all admitted by {row['name']}", **_flat(row, forms)}
            for row in policy[key]["scores"]]  # fmt: skip
    for row in rows:
        row["share"] = row.pop("admitted")
    rows += [
        {"who": f"{row['admitted_by']} admits, {row['refused_by']} refuses", **_flat(row, forms)}
        for row in policy[key]["swaps"]
    ]
    columns = (Column("who", "who", number=False, wide=True),
               Column("share", "of the people", text),
               Column("bad_rate", "bad rate", text))  # fmt: skip
    return Block(fold=caption, table=table(caption, rows, columns))


def _thin(facts: Facts) -> Section:
    found = facts["thin_files"]
    forms = dict.fromkeys(
        ("admitted_share", "bad_rate", "unscored_share", "more_share_of_unscored", "growth"),
        percent,
    )
    flat = _flat(found, forms)
    names = {
        "admitted_share": "admitted by the bureau score alone",
        "bad_rate": "their bad rate",
        "unscored_share": "people the bureau cannot score",
        "more_share_of_unscored": "of those, admitted by Sesame at the same bad rate",
        "growth": "more people admitted",
    }
    rows = [{"what": name, "value": flat[key], "value_why": flat.get(f"{key}_why")}
            for key, name in names.items()]  # fmt: skip
    columns = (Column("what", "", number=False, wide=True), Column("value", "share", text))
    return Section("thin", "People of whom the bureau has nothing",
                   (Block(table=table("A lender's applicants", rows, columns)),))  # fmt: skip


def _worth(facts: Facts) -> Section:
    worth = facts["worth"]
    forms = {"share": percent}
    rows = [_flat(row, forms) for row in worth["domains"]]
    columns = (
        Column("name", "domain", number=False),
        Column("worth", "worth in Gini", text),
        Column("share", "share", text),
        Column("alone", "Gini alone", text),
        Column("price", "price of giving it up", text),
    )
    bars = [
        (row["name"], row["share"]["value"], percent(row["share"]["value"]))
        for row in worth["domains"]
        if row["share"]["value"] is not None
    ]
    says = "A domain's share of the Gini, over every order in which the domains could be added."
    title = "All data is credit data"
    pictures = (Picture(title, _charts.bars(bars, "share of Gini", says), says),) if bars else ()
    absent = f" No input comes from: {', '.join(worth['absent'])}." if worth["absent"] else ""
    kinds = [{"name": row["name"], **_flat(row, {})} for row in worth["kinds"]]
    kind_columns = (Column("name", "kind of data", number=False),
                    Column("price", "Gini lost without it", text))  # fmt: skip
    return Section("worth", "What each kind of data is worth", (
        Block(says=f"By {worth['method']}.{absent}", pictures=pictures,
              table=table("Domains", rows, columns)),
        Block(title="Giving up one kind of data", table=table("Kinds", kinds, kind_columns)),
    ))  # fmt: skip


def _shock(facts: Facts) -> Section:
    title = "Through a shock"
    if facts["shock"] is None:
        return Section("shock", title, (Block(missing=f"Not shown: {facts['shock_why']}."),))
    years = ("calm", "shock")
    forms = {f"{what}_{when}": percent for what in ("bad_rate", "admitted_bad_rate")
             for when in years}  # fmt: skip
    rows = [_flat(row, forms) for row in facts["shock"]]
    columns = (
        Column("name", "score", number=False),
        Column("auc_calm", "AUC, ordinary year", text),
        Column("auc_shock", "AUC, shock", text),
        Column("auc_change", "change", text),
        Column("admitted_bad_rate_calm", "bad rate admitted, ordinary", text),
        Column("admitted_bad_rate_shock", "bad rate admitted, shock", text),
        Column("expected_to_seen_calm", "promised over seen, ordinary", text),
        Column("expected_to_seen_shock", "promised over seen, shock", text),
    )
    says = (
        "The same people with the same scores: their outcomes in an ordinary year, and when a wave "
    )
    says += "of unemployment begins the day after they were scored."
    return Section("shock", title, (Block(says=says, table=table(title, rows, columns)),))


def _groups(facts: Facts) -> Section:
    blocks = [
        Block(
            says="Groups are never inputs. Every score admits the same share of all; a ratio below "
            "0.8 to the largest group is taken as evidence of adverse impact (29 CFR 1607.4(D))."
        )
    ]
    columns = (
        Column("score", "score", number=False),
        Column("group", "group", number=False),
        Column("people", "people"),
        Column("admitted", "admitted", text),
        Column("admission_ratio", "ratio", text),
        Column("refused_good", "good, yet refused", text),
        Column("refused_good_ratio", "ratio", text),
    )
    forms = {"admitted": percent, "refused_good": percent, "admission_ratio": times,
             "refused_good_ratio": times}  # fmt: skip
    for name, scores in facts["groups"].items():
        rows = [
            {"score": score["name"], **_flat(group, forms)}
            for score in scores
            for group in score["groups"]
        ]
        blocks.append(Block(fold=said(name), table=table(said(name), rows, columns)))
    return Section("groups", "How groups fare", tuple(blocks))


def _gaming(facts: Facts) -> Section:
    columns = (
        Column("score", "score", number=False),
        Column("what", "what", said, number=False),
        Column("offered", "open to", number=False),
        Column("points_median", "points", whole),
        Column("days_median", "days until it acts", whole),
        Column("says", "for example", number=False, wide=True),
    )
    rows = [
        {**row, "offered": f"{row['offered_to']} of {row['people']}"} for row in facts["gaming"]
    ]
    says = (
        "What people could do to raise each score. For Sesame and Bureau, levers are worked out "
        "on a "
        "sample by editing their evidence and scoring again; each is a promise kept or a debt "
        "paid, "
        "so that it costs what it says. For Conduct, praise gives what the rule book says."
    )
    return Section("gaming", "What a person could do, and what it takes",
                   (Block(says=says, table=table("Moves", rows, columns)),))  # fmt: skip


def _made(_: Facts) -> Section:
    points = (
        "People compared were seen by no card: they were observed later than all that the cards "
        "were "
        "fitted to, or scored out of fold.",
        "Intervals: percentiles over samples of whole people with replacement; the cards are not "
        "refitted in a sample.",
        "Equal admission admits equals in equal part; equal bad rate is the largest admission "
        "whose "
        "bad rate does not exceed the limit.",
        "Worth: Shapley value of the Gini over all subsets of domains, a points card refitted on "
        "each (Shapley 1953).",
        "Conduct has no probability: it is judged by discrimination alone, and nothing may follow "
        "from it.",
    )
    return Section(
        "made", "For those who build scores: how each figure is made", (Block(points=points),)
    )


SECTIONS: tuple[Callable[[Facts], Section], ...] = (
    _plain, _use, _discrimination, _agreement, _swaps, _thin, _worth, _shock, _groups, _gaming,
    _made,
)  # fmt: skip


# --- words --------------------------------------------------------------------------------------


def _flat(row: Facts, forms: Mapping[str, Callable[[Any], str]]) -> dict[str, Any]:
    """The row with each figure and its interval in words; null where there is none, and why."""
    flat: dict[str, Any] = {}
    for key, value in row.items():
        if not (isinstance(value, Mapping) and "value" in value):
            flat[key] = value
            continue
        form = forms.get(key, three)
        if value["value"] is None:
            flat[key], flat[f"{key}_why"] = None, value.get("value_why")
        elif value["low"] is None:
            flat[key] = form(value["value"])
        else:
            flat[key] = f"{form(value['value'])} ({form(value['low'])} to {form(value['high'])})"
    return flat


def _policies(facts: Facts) -> Markup | str:
    """The policies, share by share, for the page's own script; empty where there are none."""
    told: Sequence[dict[str, Any]] = [
        {
            "name": population["name"],
            "policies": [
                {"says": UNSCORED[policy["unscored"]], "explorer": policy["explorer"]}
                for policy in population["policies"]
            ],
        }
        for population in facts["populations"]
        if items(population, "policies")
    ]
    if not told:
        return ""
    body = json.dumps(told, separators=(",", ":")).replace("<", "\\u003c")
    return Markup(body)  # noqa: S704 (numbers and our own words; no end tag can stand in it)
