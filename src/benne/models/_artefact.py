"""The artefact: everything a score needs, as tables in JSON with a hash, and nothing else."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from benne.kernel import DOMAINS, InvalidInput, Json, NotFound, content_hash
from benne.models._columns import Column, distinct
from benne.models._read import Raw, number, read
from benne.models._tables import Floats, Ints, Table

SCHEMA = 1
MICRO = 1_000_000
"""How many micro-log-odds make one natural log-odds."""

_CHUNK = 16_384


@dataclass(frozen=True, slots=True)
class Presence:
    """A test of how much evidence there is: one column present, absent, or on a side of a value.

    ``at_least`` and ``below`` are false where the column is missing.
    """

    column: str
    test: Literal["present", "absent", "at_least", "below"]
    value: float = 0.0

    def __post_init__(self) -> None:
        if self.test not in ("present", "absent", "at_least", "below"):
            raise InvalidInput(
                f"a presence test must be present, absent, at_least or below; got {self.test!r}."
            )

    def holds(self, values: NDArray[Any]) -> NDArray[np.bool_]:
        """Where the test holds, shape ``(n,)``."""
        if values.dtype == object:
            present = np.array([v is not None for v in values.tolist()], dtype=bool)
        else:
            present = ~np.isnan(values)
        if self.test in ("present", "absent"):
            return present if self.test == "present" else ~present
        side: NDArray[np.bool_] = (values >= self.value) == (self.test == "at_least")
        return present & side

    def holds_for(self, row: Mapping[str, Any]) -> bool:
        """Whether the test holds for one row."""
        value = row.get(self.column)
        if isinstance(value, str):
            return self.test == "present"
        x = number(value)
        if math.isnan(x):
            return self.test == "absent"
        if self.test in ("present", "absent"):
            return self.test == "present"
        return (x >= self.value) == (self.test == "at_least")

    def as_json(self) -> dict[str, Json]:
        """The test as plain JSON."""
        return {"column": self.column, "test": self.test, "value": float(self.value)}


@dataclass(frozen=True, slots=True)
class Segment:
    """A group of people, by presence of evidence alone: all of ``when`` hold."""

    name: str
    when: tuple[Presence, ...] = ()

    def as_json(self) -> dict[str, Json]:
        """The segment as plain JSON."""
        return {"name": self.name, "when": [test.as_json() for test in self.when]}


def choose_segment(segments: Sequence[Segment], raw: Raw, size: int) -> Ints:
    """The position of the first segment that holds for each row, shape ``(n,)``."""
    chosen = np.full(size, -1, dtype=np.int64)
    for position, segment in enumerate(segments):
        holds = chosen < 0
        for test in segment.when:
            holds &= test.holds(raw[test.column])
        chosen[holds] = position
    return chosen


@dataclass(frozen=True)
class Card:
    """A base and tables; their sum is the log-odds of being good, in millionths."""

    name: str
    base_micro: int
    tables: tuple[Table, ...]

    def as_json(self) -> dict[str, Json]:
        """The card as plain JSON."""
        return {
            "name": self.name,
            "base_micro": self.base_micro,
            "tables": [table.as_json() for table in self.tables],
        }


@dataclass(frozen=True)
class Deck:
    """The cards for one set of withheld domains: the first segment that holds picks the card.

    The last segment has no test, so that everybody has a card.
    """

    withheld: frozenset[str]
    segments: tuple[Segment, ...]
    cards: tuple[Card, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.cards) <= 6 or len(self.cards) != len(self.segments):
            raise InvalidInput(
                f"an artefact holds one to six cards, each with its segment; got "
                f"{len(self.cards)} cards and {len(self.segments)} segments."
            )
        if self.segments[-1].when:
            raise InvalidInput("the last segment must take everybody who is left.")
        barred = [
            table.name
            for card in self.cards
            for table in card.tables
            if self.withheld & set(table.domains)
        ]
        if barred:
            raise InvalidInput(f"a withheld domain must not be read; {barred[0]} reads it.")

    def choose(self, raw: Raw, size: int) -> Ints:
        """The position of each row's card, shape ``(n,)``."""
        return choose_segment(self.segments, raw, size)

    def choose_for(self, row: Mapping[str, Any]) -> int:
        """The position of one row's card."""
        return next(
            position
            for position, segment in enumerate(self.segments)
            if all(test.holds_for(row) for test in segment.when)
        )

    def as_json(self) -> dict[str, Json]:
        """The deck as plain JSON."""
        return {
            "withheld": sorted(self.withheld),
            "segments": [segment.as_json() for segment in self.segments],
            "cards": [card.as_json() for card in self.cards],
        }


@dataclass(frozen=True)
class Contributions:
    """What each domain and each term adds, in int64 micro-log-odds of being good.

    ``card`` and ``base_micro`` have shape ``(n,)``, ``domain_micro`` ``(n, 5)`` in the order of
    ``benne.kernel.DOMAINS``, ``term_micro`` ``(n, len(terms))``.  Base plus domains is the sum.
    """

    card: Ints
    base_micro: Ints
    domain_micro: Ints
    term_micro: Ints
    terms: tuple[str, ...]

    @property
    def total_micro(self) -> Ints:
        """The log-odds of being good in millionths, shape ``(n,)``."""
        total: Ints = self.base_micro + self.domain_micro.sum(axis=1)
        return total


@dataclass(frozen=True, slots=True)
class RowContributions:
    """The same for one row: domains and terms by name."""

    card: int
    base_micro: int
    domain_micro: dict[str, int]
    term_micro: dict[str, int]

    @property
    def total_micro(self) -> int:
        """The log-odds of being good in millionths."""
        return self.base_micro + sum(self.domain_micro.values())


@dataclass(frozen=True)
class Artefact:
    """A score as data: columns, decks of cards, and how it came about (``about``)."""

    columns: tuple[Column, ...]
    decks: tuple[Deck, ...]
    form: Literal["strict", "paired"] = "strict"
    about: Mapping[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        distinct(self.columns)
        if not self.decks or self.decks[0].withheld:
            raise InvalidInput("the first deck of an artefact must withhold nothing.")
        known = set(self.columns)
        names = {column.name for column in self.columns}
        for deck in self.decks:
            strangers = [t.column for s in deck.segments for t in s.when if t.column not in names]
            for card in deck.cards:
                for table in card.tables:
                    strangers += [a.feature for a in table.axes if a.column not in known]
                    if self.form == "strict" and len(table.domains) > 1:
                        raise InvalidInput(
                            f"a strict score has no table over two domains; {table.name} is one."
                        )
            if strangers:
                raise InvalidInput(f"{strangers[0]!r} is not a column of the artefact.")

    @property
    def cards(self) -> tuple[Card, ...]:
        """The cards that are used when nothing is withheld."""
        return self.decks[0].cards

    @property
    def segments(self) -> tuple[Segment, ...]:
        """The segments that choose among ``cards``."""
        return self.decks[0].segments

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON of everything but the hash."""
        return content_hash(self._document())

    def withheld_card(self, withheld: Iterable[str]) -> Deck:
        """The deck that was refitted for this set of withheld domains.

        Raises:
            NotFound: no deck was fitted for it.
        """
        wanted = frozenset(withheld)
        for deck in self.decks:
            if deck.withheld == wanted:
                return deck
        there = "; ".join(", ".join(sorted(d.withheld)) or "nothing" for d in self.decks)
        raise NotFound(
            f"no card was fitted with {', '.join(sorted(wanted))} withheld; there are cards with "
            f"these withheld: {there}; fit one with withheld=."
        )

    def terms(self, withheld: Iterable[str] = ()) -> tuple[str, ...]:
        """The names of the terms of a deck, each once, in the order of ``term_micro``."""
        deck = self.withheld_card(withheld)
        return tuple(dict.fromkeys(table.name for card in deck.cards for table in card.tables))

    def term_domains(self, withheld: Iterable[str] = ()) -> dict[str, tuple[str, ...]]:
        """The domain, or two domains, of each term."""
        deck = self.withheld_card(withheld)
        return {table.name: table.domains for card in deck.cards for table in card.tables}

    def mean_micro(self, withheld: Iterable[str] = ()) -> Ints:
        """Population mean of each term in each card, shape ``(cards, terms)``; 0 where absent."""
        deck, terms = self.withheld_card(withheld), self.terms(withheld)
        means = np.zeros((len(deck.cards), len(terms)), dtype=np.int64)
        for row, card in enumerate(deck.cards):
            for table in card.tables:
                means[row, terms.index(table.name)] = table.mean_micro
        return means

    def columns_read(self, withheld: Iterable[str] = ()) -> tuple[Column, ...]:
        """The columns that a deck reads; the others need not be in the table."""
        deck = self.withheld_card(withheld)
        used = {a.feature for c in deck.cards for t in c.tables for a in t.axes}
        used |= {test.column for segment in deck.segments for test in segment.when}
        return tuple(column for column in self.columns if column.name in used)

    def contributions(self, frame: Any, withheld: Iterable[str] = ()) -> Contributions:
        """Micro-log-odds of being good by card, domain and term, for each row of ``frame``.

        Raises:
            InvalidInput: a column that is read is not there, or holds text in place of numbers.
            NotFound: no deck for these withheld domains.
        """
        deck, terms = self.withheld_card(withheld), self.terms(withheld)
        columns = self.columns if _is_array(frame) else self.columns_read(withheld)
        raw, size = _read_sized(frame, columns)
        out = Contributions(
            card=deck.choose(raw, size),
            base_micro=np.zeros(size, dtype=np.int64),
            domain_micro=np.zeros((size, len(DOMAINS)), dtype=np.int64),
            term_micro=np.zeros((size, len(terms)), dtype=np.int64, order="F"),
            terms=terms,
        )
        for start in range(0, size, _CHUNK):
            _fill(deck, raw, slice(start, min(start + _CHUNK, size)), out)
        return out

    @cached_property
    def _row_scorers(self) -> dict[frozenset[str], Callable[[Mapping[str, Any]], RowContributions]]:
        return {deck.withheld: _row_scorer(deck) for deck in self.decks}

    def score_one(self, row: Mapping[str, Any], withheld: Iterable[str] = ()) -> RowContributions:
        """The same, to the unit, for one row in process; a name that is not there is missing."""
        deck = self.withheld_card(withheld)
        return self._row_scorers[deck.withheld](row)

    def micro_sql(
        self,
        table: str,
        withheld: Iterable[str] = (),
        keys: Sequence[str] = (),
        dialect: Literal["duckdb", "spark"] = "duckdb",
    ) -> str:
        """A select over ``table``: ``keys``, card, base_micro and a column a domain."""
        from benne.models._sql import micro_select

        deck = self.withheld_card(withheld)
        return micro_select(deck, self.columns_read(withheld), table, keys, dialect)

    def _document(self) -> dict[str, Json]:
        return {
            "schema": SCHEMA,
            "form": self.form,
            "columns": [column.as_json() for column in self.columns],
            "decks": [deck.as_json() for deck in self.decks],
            "about": dict(self.about),
        }

    def to_json(self) -> str:
        """The artefact as JSON text, with its ``schema`` and its ``hash``."""
        document = {**self._document(), "hash": self.hash}
        return json.dumps(document, sort_keys=True, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Artefact:
        """The artefact that ``to_json`` wrote.

        Raises:
            InvalidInput: a newer schema, or keys that are not known.
            Corrupt: not JSON, a part is missing, or the content does not match its hash.
        """
        from benne.models._reading import artefact_from

        return artefact_from(text)


def _is_array(frame: Any) -> bool:
    return isinstance(frame, (np.ndarray, list, tuple))


def _read_sized(frame: Any, columns: Sequence[Column]) -> tuple[Raw, int]:
    raw = read(frame, columns)
    if raw:
        return raw, len(next(iter(raw.values())))
    return raw, len(frame)


def _fill(deck: Deck, raw: Raw, rows: slice, out: Contributions) -> None:
    """Write the contributions of one stretch of rows into ``out``."""
    part = {name: values[rows] for name, values in raw.items()}
    for position, card in enumerate(deck.cards):
        mine = np.flatnonzero(out.card[rows] == position)
        if not len(mine):
            continue
        whole = len(mine) == len(out.card[rows])
        seen = part if whole else {name: values[mine] for name, values in part.items()}
        at: Any = rows if whole else mine + rows.start
        out.base_micro[at] = card.base_micro
        for table in card.tables:
            micro = table.contributions(seen)
            out.term_micro[at, out.terms.index(table.name)] = micro
            share = micro // len(table.domains)
            for domain in table.domains:
                out.domain_micro[at, DOMAINS.index(domain)] += share


def _row_scorer(deck: Deck) -> Callable[[Mapping[str, Any]], RowContributions]:
    cards = [
        (card.base_micro, [(t.name, t.domains, t.scorer()) for t in card.tables])
        for card in deck.cards
    ]

    def score(row: Mapping[str, Any]) -> RowContributions:
        position = deck.choose_for(row)
        base, tables = cards[position]
        by_domain = dict.fromkeys(DOMAINS, 0)
        by_term: dict[str, int] = {}
        for name, domains, find in tables:
            micro = by_term[name] = find(row)
            for domain in domains:
                by_domain[domain] += micro // len(domains)
        return RowContributions(position, base, by_domain, by_term)

    return score


def probability_good(total_micro: Ints) -> Floats:
    """The probability of being good, shape ``(n,)``, of log-odds in millionths.

    >>> probability_good(np.array([0])).tolist()
    [0.5]
    """
    odds = np.clip(np.asarray(total_micro, dtype=np.float64) / MICRO, -700, 700)
    good: Floats = 1.0 / (1.0 + np.exp(-odds))
    return good
