"""What follows for people: thin files, what data is worth, a shock, groups, and gaming."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benne.doors.reports import _charts
from benne.doors.reports._blocks import Block, Column, Picture, Section, Table, table
from benne.doors.reports._intervals import flat
from benne.doors.reports._words import percent, said, text, times, whole

Facts = Mapping[str, Any]


def thin(facts: Facts) -> Section:
    found = facts["thin_files"]
    forms = dict.fromkeys(
        (
            "admitted_share",
            "bad_rate",
            "unscored_share",
            "unscored_bad_rate",
            "more_share_of_unscored",
            "more_bad_rate",
            "growth",
        ),
        percent,
    )
    told = flat(found, forms)
    names = {
        "admitted_share": "admitted by the bureau score alone",
        "bad_rate": "their bad rate",
        "unscored_share": "people the bureau cannot score",
        "unscored_bad_rate": "their bad rate, were all of them admitted",
        "more_share_of_unscored": "of those, admitted by Sesame at the same overall bad rate",
        "more_bad_rate": "the bad rate of those",
        "growth": "more people admitted",
    }
    rows = [{"what": name, "value": told[key], "value_why": told.get(f"{key}_why")}
            for key, name in names.items()]  # fmt: skip
    columns = (Column("what", "", number=False, wide=True), Column("value", "share", text))
    return Section("thin", "People of whom the bureau has nothing",
                   (Block(table=table("A lender's applicants", rows, columns)),))  # fmt: skip


def worth(facts: Facts) -> Section:
    worth = facts["worth"]
    forms = {"share": percent}
    rows = [flat(row, forms) for row in worth["domains"]]
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
    kinds = [{**row, **flat(row, {})} for row in worth["kinds"]]
    kind_columns = (Column("name", "kind of data (domain)", number=False),
                    Column("inputs", "inputs"),
                    Column("worth", "worth in Gini", text),
                    Column("price", "Gini lost without it", text))  # fmt: skip
    how = (
        f"The mean of what each adds over {worth['orders']} orders in which kinds are added, those "
        "of a domain together (Owen 1977); so they add up to about their domain's worth, but for "
        "the draw of the orders. By points cards."
    )
    return Section("worth", "What each domain and each kind of data is worth", (
        Block(says=f"By {worth['method']}: {worth['sets']} sets of domains, with none and all. "
              "Worth is the Shapley value of the held-out Gini; the price is what the score loses "
              "where a domain must be given up, as the network must where law bars it, and the "
              f"others are refitted without it.{absent}", pictures=pictures,
              table=table("Domains", rows, columns)),
        Block(title="Kinds of data", says=how, table=table("Kinds", kinds, kind_columns)),
    ))  # fmt: skip


def shock(facts: Facts) -> Section:
    title = "Through a shock"
    if facts["shock"] is None:
        return Section("shock", title, (Block(missing=f"Not shown: {facts['shock_why']}."),))
    years = ("calm", "shock")
    forms = {f"{what}_{when}": percent for what in ("bad_rate", "admitted_bad_rate")
             for when in years}  # fmt: skip
    rows = [flat(row, forms) for row in facts["shock"]]
    order = (
        Column("name", "score", number=False),
        Column("auc_calm", "AUC, ordinary year", text),
        Column("auc_shock", "AUC, shock", text),
        Column("auc_change", "change", text),
    )
    level = (
        Column("name", "score", number=False),
        Column("admitted_bad_rate_calm", "bad rate admitted, ordinary", text),
        Column("admitted_bad_rate_shock", "bad rate admitted, shock", text),
        Column("expected_to_seen_calm", "promised over seen, ordinary", text),
        Column("expected_to_seen_shock", "promised over seen, shock", text),
    )
    says = (
        "The same people with the same scores: their outcomes in an ordinary year, and when a wave "
        "of unemployment begins soon after they were scored. The admitted are those at each "
        "score's own cutoff."
    )
    return Section("shock", title, (
        Block(says=says, table=table("Does the order hold?", rows, order)),
        Block(table=table("Does the level hold?", rows, level)),
    ))  # fmt: skip


def groups(facts: Facts) -> Section:
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
        Column("admitted_ratio", "ratio", text),
        Column("refused_good", "good, yet refused", text),
        Column("refused_good_ratio", "ratio", text),
        Column("admitted_bad", "bad, yet admitted", text),
        Column("admitted_bad_ratio", "ratio", text),
    )
    forms = {what: form for error in ("admitted", "refused_good", "admitted_bad")
             for what, form in ((error, percent), (f"{error}_ratio", times))}  # fmt: skip
    for name, scores in facts["groups"].items():
        rows = [
            {"score": score["name"], **flat(group, forms)}
            for score in scores
            for group in score["groups"]
        ]
        blocks.append(Block(fold=said(name), table=table(said(name), rows, columns)))
    return Section("groups", "How groups fare", tuple(blocks))


def gaming(facts: Facts) -> Section:
    gaming = facts["gaming"]
    says = (
        "For a sample of those whom a score refuses, each move is written into their evidence, run "
        "through the features and scored again, alone and in sets of up to three. Points are those "
        f"gained over doing nothing for as long. Hours count money at {gaming['hour_minor']:g} "
        "minor units an hour. Honest moves lower the risk; appearance changes none of it; a lie is "
        "evidence that is false. Costs and their sources stand in a data file (gaming.toml). "
        "Ties are taken as they are: nobody here tries to befriend a better payer."
    )
    blocks = [Block(says=says)]
    columns = (
        Column("says", "move", number=False, wide=True),
        Column("nature", "what it is", number=False),
        Column("offered", "gains something for", number=False),
        Column("points_median", "points, median", whole),
        Column("points_most", "most", whole),
        Column("hours_median", "cost, hours", _one),
        Column("days", "days"),
        Column("cost_source", "cost from", number=False, wide=True),
    )
    for score in gaming["scores"]:
        title = f"{said(score['name'])}: {score['looked_at']} of {score['refused']:,} refused"
        if not score["moves"]:
            blocks.append(Block(title=title, missing=str(score.get("moves_why") or "no move")))
            continue
        rows = [
            {**row, "offered": f"{row['open_to']} of {row['people']}"} for row in score["moves"]
        ]
        blocks.append(Block(title=title, table=table(title, rows, columns)))
        blocks.append(Block(table=_reach(score, gaming["budgets_hours"])))
    return Section("gaming", "Gaming, and what it costs", tuple(blocks))


def _reach(score: Facts, budgets: list[int]) -> Table:
    """The share of the refused who reach the cutoff, by how far they go and what they spend."""
    columns = (
        Column("nature", "going as far as", number=False),
        *(Column(f"in{i}", f"within {hours} h", text) for i, hours in enumerate(budgets)),
        Column("ever", "at any cost", text),
        Column("hours_median", "median cost, hours", _one),
        Column("days_median", "median days", whole),
    )
    rows = []
    for reach in score["reach"]:
        within = {f"in{i}": share for i, share in enumerate(reach["within"])}
        forms = dict.fromkeys((*within, "ever"), percent)
        rows.append({**reach, **flat({**within, "ever": reach["ever"]}, forms)})
    return table(f"Reach {score['cutoff']}", rows, columns)


def _one(value: Any) -> str:
    return f"{value:.1f}"
