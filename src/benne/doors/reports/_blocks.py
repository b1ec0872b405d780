"""What a page is made of: sections of sentences, figures, tables and lists."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup

from benne.doors.reports._words import NONE, said, text

BESIDE_COLUMNS_MAX = 8
SHORT_CHARACTERS = 26
Say = Callable[[Any], str]


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell: its text, and how it looks.  ``bar`` and ``heat`` are shares from 0 to 1."""

    text: str
    number: bool = False
    bar: float | None = None
    below: bool = False
    heat: float | None = None
    flag: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table: where its value stands, its head, and how a value is said."""

    key: str
    head: str
    say: Say = text
    number: bool = True
    bar: bool = False
    wide: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; ``notes`` say why cells are empty."""

    caption: str
    heads: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    notes: tuple[str, ...] = ()
    narrow: bool = False


@dataclass(frozen=True, slots=True)
class Pair:
    """A fact and its name."""

    name: str
    value: str

    @property
    def short(self) -> bool:
        """Whether the fact fits in a narrow column."""
        return len(self.value) <= SHORT_CHARACTERS


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawing with the sentence that says what it shows."""

    title: str
    drawing: Markup
    says: str


@dataclass(frozen=True, slots=True)
class Block:
    """One part of a section: a sentence, and a picture, a table or a list of pairs if any."""

    says: str = ""
    pictures: tuple[Picture, ...] = ()
    table: Table | None = None
    pairs: tuple[Pair, ...] = ()
    points: tuple[str, ...] = ()
    preformatted: str = ""
    fold: str = ""
    missing: str = ""
    title: str = ""

    @property
    def beside(self) -> bool:
        """Whether one picture and one table can stand side by side on a wide page."""
        if self.table is None or self.fold:
            return False
        return len(self.pictures) == 1 and len(self.table.heads) <= BESIDE_COLUMNS_MAX


@dataclass(frozen=True, slots=True)
class Section:
    """A headed part of the page, reached by ``#anchor``."""

    anchor: str
    title: str
    blocks: tuple[Block, ...] = ()
    plots: tuple[Any, ...] = field(default=())


def table(
    caption: str,
    rows: Sequence[Mapping[str, Any]],
    columns: Sequence[Column],
    *,
    flag: Callable[[Mapping[str, Any]], bool] | None = None,
) -> Table:
    """A table of ``rows``; what is null shows a dash and its reason below."""
    whys: dict[str, dict[str, None]] = {}
    tops = {c.key: _top(rows, c.key) for c in columns if c.bar}
    body = []
    for row in rows:
        cells = []
        for column in columns:
            value = row.get(column.key)
            if value is None and (reason := row.get(f"{column.key}_why")):
                whys.setdefault(str(reason), {})[column.head] = None
            said = NONE if value is None else column.say(value)
            top = tops.get(column.key)
            bar = abs(value) / top if top and isinstance(value, int | float) else None
            below = isinstance(value, int | float) and value < 0
            cells.append(
                Cell(
                    said,
                    number=column.number,
                    bar=bar,
                    below=below,
                    wide=column.wide,
                    flag=bool(flag and flag(row)),
                )
            )
        body.append(tuple(cells))
    notes = tuple(f"{', '.join(heads)}: {reason}" for reason, heads in whys.items())
    return Table(caption, tuple(columns), tuple(body), notes)


def _top(rows: Sequence[Mapping[str, Any]], key: str) -> float:
    sizes = [abs(row[key]) for row in rows if isinstance(row.get(key), int | float)]
    return float(max(sizes, default=0.0))


def pairs_of(facts: Any) -> tuple[Pair, ...]:
    """The entries of a mapping as words."""
    if not isinstance(facts, Mapping):
        return ()
    return tuple(Pair(said(k), text(x)) for k, x in facts.items() if not str(k).endswith("_why"))


def missing(what: str, reason: str) -> Block:
    """A block that says what is not shown, and why."""
    return Block(missing=f"{what}: not shown, because {reason.rstrip('.')}.")
