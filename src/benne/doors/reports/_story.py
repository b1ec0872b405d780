"""The comparison told to somebody who has never seen a credit score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from benne.doors.reports._blocks import Column, Table, table
from benne.doors.reports._words import items, percent, said, text

Facts = Mapping[str, Any]

WHAT = {
    "sesame": "Reads all that a person lets it read: bills, orders, savings, habits, ties, and "
    "loans where there are any.",
    "bureau": "Reads loans and cards alone, as traditional credit scores do.",
    "conduct": "Counts good and bad deeds under a city's rule book. It is not made to foresee "
    "anything, and in Benne nothing may follow from it.",
}
NATURES = {
    "honest": "honest acts",
    "appearance": "and acts for show",
    "lie": "and lies",
}


@dataclass(frozen=True, slots=True)
class Card:
    """One score: its name, what it reads, of how many in a hundred it says anything, and how well.

    ``right`` is of a hundred pairs of a payer and a non-payer those in which the payer stands
    higher; ``None`` where nobody has the score.
    """

    name: str
    what: str
    scored: int
    dots: Markup
    right: int | None
    low: int | None
    high: int | None


@dataclass(frozen=True, slots=True)
class Chapter:
    """A headed part of the story: sentences, and a table or a picture if any."""

    anchor: str
    title: str
    says: tuple[str, ...]
    table: Table | None = None
    picture: Markup | str = ""


def cards(facts: Facts) -> list[Card]:
    """The three scores, side by side."""
    found = []
    for score in items(facts["populations"][0], "scores"):
        area = score["auc"]
        scored = round(100 * score["coverage"]["value"])
        name = str(score["name"])
        label = f"{said(name)} can score {scored} of 100 people"
        found.append(
            Card(name, WHAT.get(name, ""), scored, hundred(scored, name, label),
                 *(_hundredth(area[key]) for key in ("value", "low", "high")))
        )  # fmt: skip
    return found


def _hundredth(value: float | None) -> int | None:
    return None if value is None else round(100 * value)


def hundred(filled: int, kind: str, says: str) -> Markup:
    """A hundred dots, the first ``filled`` of them in the colour of ``kind``."""
    dots = Markup("").join(
        Markup('<circle cx="{}" cy="{}" r="4.1"{}/>').format(
            6 + 12 * (i % 20), 6 + 12 * (i // 20), Markup(' class="on"') if i < filled else ""
        )
        for i in range(100)
    )
    head = '<svg class="hundred {}" viewBox="0 0 240 60" role="img" aria-label="{}">{}</svg>'
    return Markup(head).format(kind, says, dots)  # noqa: S704 (a constant)


def chapters(facts: Facts) -> list[Chapter]:
    """The story after the cards and the policy: each part only where its figures are."""
    parts = (_swapped, _thin, _worth, _shock, _groups, _gaming, _limits)
    return [chapter for part in parts if (chapter := part(facts)) is not None]


def _of_thousand(share: float | None) -> str:
    return "none" if share is None else f"{1000 * share:,.0f}"


def _swapped(facts: Facts) -> Chapter | None:
    policies = items(facts["populations"][0], "policies")
    if not policies:
        return None
    equal = policies[0]["equal_admission"]
    rows = [
        {
            "who": f"{said(row['admitted_by'])} admits, {said(row['refused_by'])} refuses",
            "people": _of_thousand(row["share"]["value"]),
            "bad": percent(row["bad_rate"]["value"]),
            "bad_why": row["bad_rate"].get("value_why"),
        }
        for row in equal["swaps"]
    ]
    columns = (
        Column("who", "who", number=False, wide=True),
        Column("people", "of 1,000 people", text),
        Column("bad", "later fail to pay", text),
    )
    return Chapter(
        "swapped",
        "Who gets in by one score, and not by another?",
        (
            f"Suppose each score admits its best until {percent(equal['share'])} of the people are "
            "in, the share that Sesame admits at its own cutoff; whoever has no score is refused. "
            "Some people are admitted by one score and refused by another. The score that is "
            "right about them is the one whose own admit pays more often.",
        ),
        table("Admitted by one, refused by the other", rows, columns),
    )


def _thin(facts: Facts) -> Chapter | None:
    found = facts["thin_files"]
    growth, part = found["growth"], found["unscored_share"]
    if growth["value"] is None:
        return None
    more = round(100 * growth["value"])
    span = (
        ""
        if growth["low"] is None
        else f" (with 95 % confidence between {100 * growth['low']:.0f} and "
        f"{100 * growth['high']:.0f})"
    )
    return Chapter(
        "thin-story",
        "What of people who never had a loan?",
        (
            f"Of {percent(part['value'])} of the people the bureau knows nothing. A lender that "
            "looks at the bureau alone must refuse them all, or admit them blindly: "
            f"{percent(found['unscored_bad_rate']['value'])} of them would fail to pay.",
            f"If the same lender also hears Sesame about them, it can admit {more} more people for "
            f"each 100 whom it admits today{span}, with no more bad payers among all it admits "
            f"({percent(found['bad_rate']['value'])}).",
        ),
    )


def _worth(facts: Facts) -> Chapter | None:
    worth = facts["worth"]
    known = [row for row in worth["domains"] if row["share"]["value"] is not None]
    if not known:
        return None
    rows = sorted(known, key=lambda row: -row["share"]["value"])
    absent = f" Nothing was known here of: {', '.join(worth['absent'])}." if worth["absent"] else ""
    first = rows[0]
    return Chapter(
        "worth-story",
        "Is all data credit data?",
        (
            "Each domain of evidence was taken away, alone and together with others, and a score "
            f"made anew from the rest, for all {worth['sets']} sets. So each gets its fair share "
            "of what the whole can tell." + absent,
            f"Most comes from {first['name']}, {percent(first['share']['value'])}. No domain "
            "does it alone, and what one tells, another often tells too.",
        ),
        picture=_bars([(said(row["name"]), row["share"]["value"]) for row in rows]),
    )


def _bars(rows: Sequence[tuple[str, float]]) -> Markup:
    """Bars of shares, as a list that reads well aloud."""
    top = max(max(0.0, value) for _, value in rows) or 1.0
    return Markup('<ul class="shares">{}</ul>').format(
        Markup("").join(
            Markup('<li><span>{}</span><i style="width:{}%"></i><b>{}</b></li>').format(
                name, f"{60 * max(0.0, value) / top:.1f}", percent(value)
            )
            for name, value in rows
        )
    )


def _shock(facts: Facts) -> Chapter | None:
    if not facts["shock"]:
        return None
    rows = [
        {
            "name": said(row["name"]),
            "calm": percent(row["admitted_bad_rate_calm"]["value"]),
            "shock": percent(row["admitted_bad_rate_shock"]["value"]),
            "right": _pairs(row["auc_calm"]["value"]),
            "right_shock": _pairs(row["auc_shock"]["value"]),
        }
        for row in facts["shock"]
    ]
    columns = (
        Column("name", "score", number=False),
        Column("calm", "admitted, fail to pay: ordinary year", text),
        Column("shock", "in the wave", text),
        Column("right", "pairs told right: ordinary year", text),
        Column("right_shock", "in the wave", text),
    )
    return Chapter(
        "shock-story",
        "And when a bad year comes?",
        (
            "The same people, with the same scores, were sent through a wave of unemployment that "
            "begins soon after they were scored. A score can hold its order, so that those it puts "
            "low still fail most, while more people fail at every level.",
        ),
        table("Before, and through the wave", rows, columns),
    )


def _pairs(value: float | None) -> str | None:
    return None if value is None else f"{100 * value:.0f} of 100"


def _groups(facts: Facts) -> Chapter | None:
    worst = _least_admitted(facts)
    if worst is None:
        return None
    column, level = worst
    rows = []
    for score in facts["groups"][column]:
        by_name = {row["group"]: row for row in score["groups"]}
        here, largest = by_name[level], by_name[score["reference"]]
        rows.append(
            {
                "name": said(score["name"]),
                "here": percent(here["admitted"]["value"]),
                "largest": percent(largest["admitted"]["value"]),
                "wrongly": percent(here["refused_good"]["value"]),
                "wrongly_largest": percent(largest["refused_good"]["value"]),
            }
        )
    reference = facts["groups"][column][0]["reference"]
    columns = (
        Column("name", "score", number=False),
        Column("here", f"{level}: admitted", text),
        Column("largest", f"{reference}: admitted", text),
        Column("wrongly", f"{level}: would pay, refused", text),
        Column("wrongly_largest", f"{reference}: would pay, refused", text),
    )
    return Chapter(
        "groups-story",
        "Is it fair?",
        (
            f"No score here may look at {column.replace('_', ' ')}. Yet what it does look at may "
            f"follow from it. Each score admits {percent(facts['group_share'])} of all, as far as "
            f"it can; the group that fares worst beside the largest is “{level}”.",
            "The second pair of columns is the error that hurts most: of those who would have "
            "paid, the share who are refused. A score that tells nothing treats all groups alike; "
            "to be alike is not yet to be fair.",
        ),
        table(f"By {column.replace('_', ' ')}", rows, columns),
    )


def _least_admitted(facts: Facts) -> tuple[str, str] | None:
    """The group, of a hundred people or more, that the first score admits least of."""
    found = [
        (row["admitted_ratio"]["value"], column, row["group"])
        for column, scores in facts["groups"].items()
        for row in scores[0]["groups"]
        if row["people"] >= 100
        and row["group"] not in ("not stated", scores[0]["reference"])
        and row["admitted_ratio"]["value"] is not None
    ]
    return min(found)[1:] if found else None


def _gaming(facts: Facts) -> Chapter | None:
    told = [score for score in facts["gaming"]["scores"] if score["reach"]]
    if not told:
        return None
    budgets = facts["gaming"]["budgets_hours"]
    rows = [
        {
            "score": said(score["name"]),
            "nature": NATURES[reach["nature"]],
            **{f"in{i}": percent(share["value"]) for i, share in enumerate(reach["within"])},
            "ever": percent(reach["ever"]["value"]),
        }
        for score in told
        for reach in score["reach"]
    ]
    columns = (
        Column("score", "score", number=False),
        Column("nature", "by", number=False),
        *(Column(f"in{i}", f"within {hours} h", text) for i, hours in enumerate(budgets)),
        Column("ever", "at all", text),
    )
    return Chapter(
        "gaming-story",
        "Can it be gamed?",
        (
            "Of people whom a score refuses, some were made to try: each move was written into "
            "their evidence and scored again. The table says which share of them would pass the "
            "cutoff within so many hours of work; money is counted as hours. Honest acts are "
            "paying what is owed, and waiting. Acts for show are such as renting what nobody "
            "needs. Lies are false claims, and disputes without a reason.",
            "A score that reads more has more that can be staged. What is staged pays no debt: "
            "whoever games a score is as likely to fail as before.",
        ),
        table("Of those refused, how many could pass", rows, columns),
    )


def _limits(facts: Facts) -> Chapter:
    simulated = bool(facts["simulated"])
    says = [
        "These people do not exist. They were simulated so that the truth about everybody is "
        "known, also about those whom a lender would have refused; a real lender never learns "
        "that. What is shown here is how the three kinds of score compare on people of this kind, "
        "and not what any of them is worth in your country."
        if simulated
        else "Whoever was refused in the past has no outcome, and is not in this comparison.",
        "A score is a statement about many people. Of two people with the same score one may pay "
        "and the other not, and no score can tell which.",
    ]
    if simulated:
        says.append(
            "Conduct scores are here so that they can be told apart from the other two. To treat "
            "people worse in one matter for their deeds in another is what the European AI Act "
            "forbids; Benne works none out for people who exist, and lets nothing follow from one."
        )
    return Chapter("limits-story", "What this does not show", tuple(says))
