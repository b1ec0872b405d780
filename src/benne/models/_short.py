"""A shorter card: neighbouring bins that say nearly the same become one.

Every table moves by at most the tolerance, wherever its features lie, and one that rose or fell
throughout still does.  The learner's margin equals the sum of the tables before this, not after.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from benne.kernel import InvalidInput
from benne.models._artefact import MICRO, Artefact, Card, Deck
from benne.models._read import Raw, read
from benne.models._tables import Axis, Floats, Ints, Table


def shortened(artefact: Artefact, frame: Any, tolerance: float, weight: Any = None) -> Artefact:
    """``artefact`` with fewer entries; no table moves by more than ``tolerance``, in log-odds.

    Ranges are joined under one value or one straight line, levels that say what any other level
    says go, and so does a table that says nothing.  The means of the tables are taken anew over
    the rows of ``frame`` (weights 0 or more, shape ``(n,)``), each card's over its own rows.

    Raises:
        InvalidInput: a tolerance that is not 0 or more and finite, or a column is missing.
    """
    if not (np.isfinite(tolerance) and tolerance >= 0):
        raise InvalidInput(f"tolerance must be 0 or more, in log-odds; got {tolerance!r}.")
    raw = read(frame, artefact.columns)
    size = len(next(iter(raw.values())))
    heavy = np.ones(size) if weight is None else np.asarray(weight, dtype=np.float64)
    reach = round(tolerance * MICRO)
    decks = tuple(_deck(deck, raw, heavy, reach) for deck in artefact.decks)
    about = {**artefact.about, "tolerance": float(tolerance)}
    return replace(artefact, decks=decks, about=about)


def lines(artefact: Artefact) -> int:
    """How many entries the tables of the first deck have; a table of two features, one a cell."""
    return sum(table.micro.size for card in artefact.cards for table in card.tables)


def _deck(deck: Deck, raw: Raw, weight: Floats, reach: int) -> Deck:
    position = deck.choose(raw, len(weight))
    cards = []
    for number, card in enumerate(deck.cards):
        mine = np.flatnonzero(position == number)
        seen = {name: values[mine] for name, values in raw.items()}
        tables = [_table(table, reach) for table in card.tables]
        kept = [_with_mean(table, seen, weight[mine]) for table in tables if _speaks(table, reach)]
        cards.append(Card(card.name, card.base_micro, tuple(kept)))
    return replace(deck, cards=tuple(cards))


def _speaks(table: Table, reach: int) -> bool:
    """Whether a table says more than nothing: a slope reaches its highest at an edge."""
    return bool((np.abs(table.micro) > reach).any() or (np.abs(_ends(table)) > reach).any())


def _with_mean(table: Table, raw: Raw, weight: Floats) -> Table:
    if not weight.sum():
        return table
    mean = float(np.average(table.contributions(raw), weights=weight))
    return replace(table, micro=table.micro.copy(), mean_micro=round(mean))


def _table(table: Table, reach: int) -> Table:
    if len(table.axes) == 2:
        half, step = reach // 2, len(table.domains)
        rows, micro = _fewer_slices(table.axes[0], table.micro, half, step)
        columns, across = _fewer_slices(table.axes[1], micro.T, half, step)
        return Table((rows, columns), np.ascontiguousarray(across.T), None, table.mean_micro)
    (axis,) = table.axes
    return _fewer_levels(table, reach) if axis.column.category else _fewer_ranges(table, reach)


def _fewer_levels(table: Table, reach: int) -> Table:
    """Without the levels that say what any other level says."""
    (axis,) = table.axes
    other = int(table.micro[len(axis.levels)])
    keep = np.abs(table.micro - other) > reach
    keep[len(axis.levels) :] = True
    levels = tuple(text for text, kept in zip(axis.levels, keep, strict=False) if kept)
    return replace(table, axes=(replace(axis, levels=levels),), micro=table.micro[keep])


def _ends(table: Table) -> Ints:
    """What a table of one feature says just below the upper edge of each bin."""
    ends = table.micro.copy()
    if table.slope is not None:
        edges = np.asarray(table.axes[0].edges)
        inner = slice(1, len(edges))
        ends[inner] += np.rint(table.slope[inner] * np.diff(edges)).astype(np.int64)
    return ends


def _fewer_ranges(table: Table, reach: int) -> Table:
    """Runs of ranges as long as one value, or one line, stays within reach of all of them."""
    (axis,) = table.axes
    left, right = table.micro[: axis.ranges], _ends(table)[: axis.ranges]
    starts, values, slopes = [], [], []
    first = 0
    while first < axis.ranges:
        last = first
        found = _value(left[first : first + 1], right[first : first + 1], reach)
        piece = (found, 0.0) if found is not None else _line(table, first, first, right, reach)
        while last + 1 < axis.ranges:
            longer = _piece(table, first, last + 1, right, reach)
            if longer is None:
                break
            piece, last = longer, last + 1
        assert piece is not None  # a range alone is a line
        starts.append(first)
        values.append(piece[0])
        slopes.append(piece[1])
        first = last + 1
    edges = tuple(axis.edges[start - 1] for start in starts[1:])
    micro = np.concatenate([np.array(values, dtype=np.int64), table.micro[axis.ranges :]])
    return Table(
        (Axis(axis.column, edges),),
        micro,
        np.array(slopes) if any(slopes) else None,
        table.mean_micro,
    )


Piece = tuple[int, float]


def _piece(table: Table, first: int, last: int, right: Ints, reach: int) -> Piece | None:
    """The value, or the value and the slope, of the ranges from ``first`` to ``last``."""
    run = slice(first, last + 1)
    value = _value(table.micro[run], right[run], reach)
    return (value, 0.0) if value is not None else _line(table, first, last, right, reach)


def _value(left: Ints, right: Ints, reach: int) -> int | None:
    """The middle of all that is said, where it is within reach of all of it."""
    low, high = min(left.min(), right.min()), max(left.max(), right.max())
    return int(low + high) // 2 if high - low <= 2 * reach else None


def _line(table: Table, first: int, last: int, right: Ints, reach: int) -> Piece | None:
    """The line from the first left value to the last right one, where it is within reach."""
    edges = np.asarray(table.axes[0].edges)
    if table.slope is None or first == 0 or last == len(edges):
        return None
    if first == last:
        return int(table.micro[first]), float(table.slope[first])
    low, width = edges[first - 1], edges[last] - edges[first - 1]
    slope = float((right[last] - table.micro[first]) / width)
    inside = edges[first:last] - low
    said = table.micro[first] + slope * inside
    after, before = table.micro[first + 1 : last + 1], right[first:last]
    off = max(float(np.abs(said - after).max()), float(np.abs(said - before).max()))
    return (int(table.micro[first]), slope) if off <= reach else None


def _fewer_slices(axis: Axis, micro: Ints, reach: int, step: int) -> tuple[Axis, Ints]:
    """Runs of slices along the first dimension that nowhere differ by more than twice the reach.

    What is said stays a multiple of ``step``.
    """
    if axis.column.category:
        return axis, micro
    starts: list[int] = []
    rows: list[Ints] = []
    first = 0
    while first < axis.ranges:
        last = first
        while last + 1 < axis.ranges and _spread(micro[first : last + 2]) <= 2 * reach:
            last += 1
        run = micro[first : last + 1]
        low, high = run.min(axis=0), run.max(axis=0)
        rows.append(low + (high - low) // (2 * step) * step)
        starts.append(first)
        first = last + 1
    edges = tuple(axis.edges[start - 1] for start in starts[1:])
    return Axis(axis.column, edges), np.concatenate([np.array(rows), micro[axis.ranges :]])


def _spread(run: Sequence[Ints] | Ints) -> int:
    return int((np.max(run, axis=0) - np.min(run, axis=0)).max())
