"""The card in print: every table and its millionths, so that a score can be added up by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from benne.features import Feature
from benne.models import (
    Artefact,
    Axis,
    Bin,
    Card,
    Category,
    Column,
    Missing,
    Presence,
    Range,
    Segment,
    Special,
    Table,
)
from benne.scores._families import Family
from benne.scores._points import Factors, dimension_share
from benne.scores._scale import PointsScale

_RULES = """\
How to add up a score by hand
  1. Take the first card whose condition holds.
  2. In every table of the card find the first line that fits the person's value.  A value is
     rounded first to the step that the table states, halves upwards; a code is not.  Write
     down the line's millionths (of natural log-odds of being good).  Where a line says
     "+ s each above a", add s times (value - a), rounded to a whole number, halves upwards.
     An amount is in minor units of the currency.
  3. Add up the millionths of each dimension, and turn each sum m into points:
     (m x {numerator} + 500000000000) / 1000000000000, rounded down to a whole number.
  4. The base is {anchor} points plus the points of (the card's base - {anchor_micro}).
  5. Base and dimensions together are the score; below {lowest} it is {lowest}, above {highest} it
     is {highest}, and the difference is shown as limit points.
The points beside the millionths are for the eye; only the millionths are added."""


def card_text(
    artefact: Artefact,
    family: Family,
    *,
    features: Mapping[str, Feature] | None = None,
    factors: Factors | None = None,
    withheld: Iterable[str] = (),
) -> str:
    """The whole score on paper: the rule, each card, each dimension, each table, each line.

    Adding up from this text alone gives the issued score, to the point.
    """
    withheld = tuple(withheld)
    deck = artefact.withheld_card(withheld)
    scale = family.scale
    lines = [
        f"The {family.name} score: {family.says}.",
        f"From {scale.lowest} to {scale.highest}; {scale.anchor_points} points are odds of "
        f"{scale.anchor_odds} good to 1 bad, and {scale.pdo} points more double them.",
        "Bands: " + ", ".join(f"{b.name.replace('_', ' ')} from {b.lowest}" for b in family.bands),
        f"Artefact {artefact.hash}",
        *([f"Withheld, and worth 0 points: {', '.join(sorted(withheld))}"] if withheld else []),
        "",
        _RULES.format(
            numerator=scale.numerator,
            anchor=scale.anchor_points,
            anchor_micro=scale.anchor_micro,
            lowest=scale.lowest,
            highest=scale.highest,
        ),
    ]
    for segment, card in zip(deck.segments, deck.cards, strict=True):
        lines += _card(segment, card, family, features or {}, factors)
    return "\n".join(lines) + "\n"


def _card(
    segment: Segment,
    card: Card,
    family: Family,
    features: Mapping[str, Feature],
    factors: Factors | None,
) -> Iterator[str]:
    when = " and ".join(map(_presence, segment.when)) or "everybody else"
    yield ""
    yield f"CARD {card.name}: {when}"
    yield f"base {card.base_micro} millionths = {family.scale.base_points(card.base_micro)} points"
    for name, says in family.dimensions:
        yield ""
        yield f"DIMENSION {name} ({says})"
        parts = [dimension_share(table, name, family, factors) for table in card.tables]
        for part in parts:
            if part is not None:
                yield from _table(part, family.scale, features)
        if not any(parts):
            yield "  no table: 0 points"


def _presence(test: Presence) -> str:
    match test.test:
        case "present" | "absent":
            return f"{test.column} is {test.test}"
        case "at_least":
            return f"{test.column} is {_number(test.value)} or more"
        case "below":
            return f"{test.column} is below {_number(test.value)}"


def _table(table: Table, scale: PointsScale, features: Mapping[str, Feature]) -> Iterator[str]:
    yield ""
    for axis in table.axes:
        says = _says(features[axis.feature]) if axis.feature in features else ""
        yield f"  TABLE {axis.feature}{says}{_step(axis.column)}"
    for label, micro, slope in _lines(table):
        eye = f"{micro * scale.numerator / 10**12:+.1f}"
        yield f"    {label:<46} {micro:>10} {eye:>8}{slope}"


def _says(feature: Feature) -> str:
    return f": {feature.says.strip(' ,')}, in {feature.unit.replace('_', ' ')}"


def _step(column: Column) -> str:
    return "" if column.resolution is None else f" [step {_number(column.resolution)}]"


def _lines(table: Table) -> Iterator[tuple[str, int, str]]:
    first = table.axes[0]
    if len(table.axes) == 2:
        for row, one in _codes_first(first):
            for column, two in _codes_first(table.axes[1]):
                label = f"{_label(one)} AND {_label(two)}"
                yield label, int(table.micro[row, column]), ""
        return
    for position, part in _codes_first(first):
        yield _label(part), int(table.micro[position]), _slope(table, first, position)


def _codes_first(axis: Axis) -> list[tuple[int, Bin]]:
    """The bins with their places; codes, which look like numbers, before the ranges."""
    return sorted(enumerate(axis.bins), key=lambda part: not isinstance(part[1], Special))


def _slope(table: Table, axis: Axis, position: int) -> str:
    if table.slope is None or position >= axis.ranges or not table.slope[position]:
        return ""
    low = axis.edges[position - 1]
    return f"  + {float(table.slope[position])!r} each above {_number(low)}"


def _label(part: Bin) -> str:
    match part:
        case Range(low, high) if math.isinf(low) and math.isinf(high):
            return "any value"
        case Range(low, high) if math.isinf(low):
            return f"below {_number(high)}"
        case Range(low, high) if math.isinf(high):
            return f"{_number(low)} or more"
        case Range(low, high):
            return f"{_number(low)} to below {_number(high)}"
        case Missing():
            return "absent"
        case Special(code):
            return f"code {_number(code)}"
        case Category(level):
            return f'is "{level}"'
        case _:
            return "any other"


def _number(value: float) -> str:
    """The shortest text that reads back the same.

    >>> _number(100000.0), _number(0.30000000000000004)
    ('100000', '0.30000000000000004')
    """
    return repr(float(value)).removesuffix(".0")
