"""A card in words and counts: what a supervisor checks by hand, and what a report draws."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import product
from typing import Any, assert_never

import numpy as np

from benne.models._artefact import Artefact, Card
from benne.models._read import read
from benne.models._tables import Bin, Category, Missing, Range, Special, Table, Unseen


@dataclass(frozen=True, slots=True)
class Entry:
    """One bin of a table of one feature (or one cell of a table of two), with who is in it.

    ``micro`` is micro-log-odds of being good at the bin's lower edge, ``slope`` what each unit
    above it adds.  ``rows`` and ``bad`` are weighted counts of the people who were shown.
    """

    card: str
    term: str
    bins: tuple[str, ...]
    micro: int
    slope: float = 0.0
    rows: float = 0.0
    bad: float = 0.0


def in_words(place: Bin) -> str:
    """A bin for a person to read.

    >>> in_words(Range(3.0, 12.0)), in_words(Missing()), in_words(Special(96.0))
    ('3 to below 12', 'missing', 'code 96')
    """
    match place:
        case Range(low, high):
            if math.isinf(low) and math.isinf(high):
                return "any"
            if math.isinf(low):
                return f"below {high:.10g}"
            return f"{low:.10g} or more" if math.isinf(high) else f"{low:.10g} to below {high:.10g}"
        case Missing():
            return "missing"
        case Special(code):
            return f"code {code:.10g}"
        case Category(text):
            return text
        case Unseen():
            return "any other"
        case _:
            assert_never(place)


def entries(artefact: Artefact, withheld: Iterable[str] = ()) -> list[Entry]:
    """Every entry of every table of a deck, in order."""
    deck = artefact.withheld_card(withheld)
    return [entry for card in deck.cards for t in card.tables for entry in _table(card, t)]


def _table(card: Card, table: Table) -> list[Entry]:
    places = product(*[range(len(axis)) for axis in table.axes])
    slopes = table.slope.tolist() if table.slope is not None else []
    return [
        Entry(
            card.name,
            table.name,
            tuple(in_words(a.bins[i]) for a, i in zip(table.axes, place, strict=True)),
            int(table.micro[place]),
            float(slopes[place[0]]) if place[0] < len(slopes) else 0.0,
        )
        for place in places
    ]


def exposures(
    artefact: Artefact, frame: Any, bad: Any, weight: Any = None, withheld: Iterable[str] = ()
) -> list[Entry]:
    """``entries`` with the weighted number of rows of ``frame`` in each, and of bad among them.

    ``bad`` is 0 or 1 and ``weight``, if any, 0 or more; both of shape ``(n,)``.
    """
    deck = artefact.withheld_card(withheld)
    whole = isinstance(frame, (np.ndarray, list, tuple))
    raw = read(frame, artefact.columns if whole else artefact.columns_read(withheld))
    ill = np.asarray(bad, dtype=np.float64)
    mass = np.ones(len(ill)) if weight is None else np.asarray(weight, dtype=np.float64)
    chosen = deck.choose(raw, len(ill))
    found: list[Entry] = []
    for position, card in enumerate(deck.cards):
        mine = chosen == position
        for table in card.tables:
            flat = np.zeros(int(mine.sum()), dtype=np.int64)
            for axis in table.axes:
                codes, _ = axis.find(raw[axis.feature][mine])
                flat = flat * len(axis) + codes
            rows = np.bincount(flat, weights=mass[mine], minlength=table.micro.size)
            sick = np.bincount(flat, weights=(mass * ill)[mine], minlength=table.micro.size)
            found += [
                Entry(e.card, e.term, e.bins, e.micro, e.slope, float(n), float(b))
                for e, n, b in zip(_table(card, table), rows, sick, strict=True)
            ]
    return found
