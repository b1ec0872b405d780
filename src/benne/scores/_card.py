"""The card in print: every table and its millionths, so that a score can be added up by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benne.features import Feature
from benne.models import (
    MICRO,
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

_PAGE = 120
_RULES = """\
How to add up a score by hand
  1. Take the first card whose condition holds.
  2. In every table of the card find the first line that fits the person's value.  A value is
     rounded first to the step that the table states, halves upwards; a code is not.  Write
     down the line's millionths (of natural log-odds of being good).  Where a line says
     "+ s each above a", add s times (value - a), rounded to a whole number, halves upwards.
     In a table BY a second feature find also the first column that fits that one's value, and
     write down the millionths where line and column meet; its columns may stand in several
     blocks.  An amount is in minor units of the currency.
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
    body: list[str] = []
    tables = 0
    for segment, card in zip(deck.segments, deck.cards, strict=True):
        printed = _printed_tables(card, family, features or {}, factors)
        tables += len(printed)
        body += _card(segment, card, family, printed)
    head = [
        f"The {family.name} score: {family.says}.",
        f"From {scale.lowest} to {scale.highest}; {scale.anchor_points} points are odds of "
        f"{scale.anchor_odds} good to 1 bad, and {scale.pdo} points more double them.",
        "Bands: " + ", ".join(f"{b.name.replace('_', ' ')} from {b.lowest}" for b in family.bands),
        f"Artefact {artefact.hash}",
        f"Size: {_many(len(deck.cards), 'card')}, {_many(tables, 'table')}, "
        f"{_many(len(body), 'line')}",
        *_shortened(artefact, scale),
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
    return "\n".join([*head, *body]) + "\n"


def _many(count: int, noun: str) -> str:
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def _shortened(artefact: Artefact, scale: PointsScale) -> list[str]:
    tolerance = artefact.about.get("tolerance")
    if not isinstance(tolerance, float) or not tolerance:
        return []
    reach = _points(round(tolerance * MICRO), scale)
    return [
        f"Shortened: no table says more than {tolerance:g} of log-odds ({reach:.1f} points) other "
        "than what was learned"
    ]


@dataclass(frozen=True, slots=True)
class _Printed:
    """A dimension's share of a table: its number in the card, and its lines."""

    number: int
    dimension: str
    table: Table
    lines: tuple[str, ...]


def _printed_tables(
    card: Card, family: Family, features: Mapping[str, Feature], factors: Factors | None
) -> list[_Printed]:
    printed: list[_Printed] = []
    for name, _ in family.dimensions:
        for table in card.tables:
            part = dimension_share(table, name, family, factors)
            if part is not None:
                number = len(printed) + 1
                lines = tuple(_table(number, part, family.scale, features))
                printed.append(_Printed(number, name, part, lines))
    return printed


def _card(
    segment: Segment, card: Card, family: Family, printed: Sequence[_Printed]
) -> Iterator[str]:
    when = " and ".join(map(_presence, segment.when)) or "everybody else"
    yield ""
    yield f"CARD {card.name}: {when}"
    yield f"base {card.base_micro} millionths = {family.scale.base_points(card.base_micro)} points"
    yield from _contents(printed, family.scale)
    for name, says in family.dimensions:
        yield ""
        yield f"DIMENSION {name} ({says})"
        own = [part for part in printed if part.dimension == name]
        for part in own:
            yield from part.lines
        if not own:
            yield "  no table: 0 points"


def _contents(printed: Sequence[_Printed], scale: PointsScale) -> Iterator[str]:
    """The tables, those first whose points lie furthest apart."""
    if not printed:
        return
    ends = {part.number: _least_and_most(part.table, scale) for part in printed}
    ranked = sorted(printed, key=lambda p: (ends[p.number][0] - ends[p.number][1], p.number))
    yield ""
    yield "CONTENTS, those tables first whose points lie furthest apart"
    yield "  table  from points  to points  lines  dimension"
    for part in ranked:
        least, most = ends[part.number]
        yield (
            f"  {part.number:>5}  {least:>+11.1f}  {most:>+9.1f}  {len(part.lines) - 1:>5}  "
            f"{part.dimension:<12} {part.table.name}"
        )


def _least_and_most(table: Table, scale: PointsScale) -> tuple[float, float]:
    """The fewest and the most points that ``table`` gives."""
    said = table.micro.ravel().astype(np.float64)
    if table.slope is not None:
        edges = np.asarray(table.axes[0].edges)
        inner = slice(1, len(edges))
        said = np.append(said, said[inner] + table.slope[inner] * np.diff(edges))
    return _points(said.min(), scale), _points(said.max(), scale)


def _points(micro: float, scale: PointsScale) -> float:
    return float(micro) * scale.numerator / 10**12


def _presence(test: Presence) -> str:
    match test.test:
        case "present" | "absent":
            return f"{test.column} is {test.test}"
        case "at_least":
            return f"{test.column} is {_number(test.value)} or more"
        case "below":
            return f"{test.column} is below {_number(test.value)}"


def _table(
    number: int, table: Table, scale: PointsScale, features: Mapping[str, Feature]
) -> Iterator[str]:
    yield ""
    for word, axis in zip((f"TABLE {number}", "   BY"), table.axes, strict=False):
        says = _says(features[axis.feature]) if axis.feature in features else ""
        yield f"  {word} {axis.feature}{says}{_step(axis.column)}"
    if len(table.axes) == 2:
        yield from _cells(table)
        return
    (axis,) = table.axes
    for position, part in _codes_first(axis):
        micro = int(table.micro[position])
        eye = f"{_points(micro, scale):+.1f}"
        yield f"    {_label(part):<46} {micro:>10} {eye:>8}{_slope(table, axis, position)}"


def _cells(table: Table) -> Iterator[str]:
    """The columns by number, then the millionths, in blocks as wide as a page."""
    first, second = table.axes
    columns = _codes_first(second)
    for place, (_, part) in enumerate(columns, start=1):
        yield f"    column {place}: {_label(part)}"
    rows = [(_label(part), table.micro[at].tolist()) for at, part in _codes_first(first)]
    wide = max(len(label) for label, _ in rows)
    cell = 1 + max(3, *(len(str(micro)) for _, line in rows for micro in line))
    many = max(1, (_PAGE - 4 - wide) // cell)
    for start in range(0, len(columns), many):
        block = columns[start : start + many]
        heads = "".join(f"{start + place:>{cell}}" for place in range(1, len(block) + 1))
        yield f"    {'column':<{wide}}{heads}"
        for label, line in rows:
            yield f"    {label:<{wide}}" + "".join(f"{line[at]:>{cell}}" for at, _ in block)


def _says(feature: Feature) -> str:
    return f": {feature.says.strip(' ,')}, in {feature.unit.replace('_', ' ')}"


def _step(column: Column) -> str:
    return "" if column.resolution is None else f" [step {_number(column.resolution)}]"


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
            return f"is {json.dumps(level, ensure_ascii=False)}"
        case _:
            return "any other"


def _number(value: float) -> str:
    """The shortest text that reads back the same.

    >>> _number(100000.0), _number(0.30000000000000004)
    ('100000', '0.30000000000000004')
    """
    return repr(float(value)).removesuffix(".0")
