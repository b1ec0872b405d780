"""Two lists about a person: broken promises, and how often lenders asked."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from benne.kernel import MICROS_PER_DAY, InvalidInput, Row

SCHEMA = 1
_OPEN_DAYS = (7, 30)
INQUIRY_DAYS = (3, 7, 30, 90)


@dataclass(frozen=True, slots=True)
class WatchRow:
    """A broken promise.  Instants are microseconds.

    ``industry`` and ``type`` are the source's words; ``industry_code`` and ``type_code`` those of
    the list, where it has one.  ``settled`` is paid, performed or served: it is marked and stays.
    ``status`` is how it is disputed, ``refreshed_at`` when its last word became known.
    """

    industry: str
    type: str
    industry_code: str | None
    type_code: str | None
    happened_at: int
    settled_at: int | None
    status: str
    statement: str | None
    refreshed_at: int

    @property
    def settled(self) -> bool:
        """Whether it was settled."""
        return self.settled_at is not None


@dataclass(frozen=True, slots=True)
class Watchlist:
    """Broken promises, the newest first.

    ``worst`` is 0 where none is open; 1, 2, 3 where one is open for up to a week, up to a month,
    or longer.
    """

    rows: tuple[WatchRow, ...]
    worst: int


@dataclass(frozen=True, slots=True)
class Inquiries:
    """How often lenders asked in the last 3, 7, 30 and 90 days, and how many did in 90."""

    counts: Mapping[int, int]
    lenders: int


def watchlist(
    breaches: Iterable[Row], *, at: int, statements: Mapping[str, str | None] | None = None
) -> Watchlist:
    """The watch list at ``at`` of the ``breach`` rows that may be seen then.

    ``statements`` are the persons' own words, by record.
    """
    said = statements or {}
    rows = sorted(
        (_watch_row(row, said.get(str(row["record"]))) for row in breaches),
        key=lambda row: (row.happened_at, row.type),
        reverse=True,
    )
    open_days = [(at - row.happened_at) // MICROS_PER_DAY for row in rows if not row.settled]
    worst = 0 if not open_days else 1 + sum(max(open_days) > days for days in _OPEN_DAYS)
    return Watchlist(tuple(rows), worst)


def _watch_row(row: Row, statement: str | None) -> WatchRow:
    industry, kind = str(row["industry"]), str(row["type"])
    industry_code, type_code = codes_of(industry, kind)
    settled = row.get("settled_at")
    happened, known = row["happened_at"], row["known_at"]
    assert isinstance(happened, int)
    assert isinstance(known, int)
    return WatchRow(
        industry=industry,
        type=kind,
        industry_code=industry_code,
        type_code=type_code,
        happened_at=happened,
        settled_at=settled if isinstance(settled, int) else None,
        status=str(row["dispute"]),
        statement=statement,
        refreshed_at=known,
    )


def codes_of(industry: str, kind: str) -> tuple[str | None, str | None]:
    """The codes of an industry and a type, by the list's words or by the codes themselves.

    >>> codes_of("leasing", "not_returned"), codes_of("AD", "AD006"), codes_of("moon", "x")
    (('AK', 'AK002'), ('AD', 'AD006'), (None, None))
    """
    for name, (code, types) in _codes().items():
        if industry in (name, code):
            return code, types.get(kind)
    return None, None


@cache
def _codes() -> Mapping[str, tuple[str, Mapping[str, str]]]:
    document = tomllib.loads(files("benne.scores").joinpath("watchlist.toml").read_text("utf-8"))
    if document["schema"] != SCHEMA:
        raise InvalidInput(f"watchlist.toml must have schema {SCHEMA}; got {document['schema']!r}.")
    return {
        name: (
            body["code"],
            {word: code for code, words in body["types"].items() for word in (code, *words)},
        )
        for name, body in document["industry"].items()
    }


def inquiries(rows: Iterable[Row], *, at: int) -> Inquiries:
    """How often lenders asked in the days before ``at``, of the ``inquiry`` rows seen then."""
    ages = []
    for row in rows:
        happened = row["happened_at"]
        assert isinstance(happened, int)
        ages.append((at - happened, str(row["lender"])))
    longest = max(INQUIRY_DAYS) * MICROS_PER_DAY
    return Inquiries(
        {days: sum(age < days * MICROS_PER_DAY for age, _ in ages) for days in INQUIRY_DAYS},
        len({lender for age, lender in ages if age < longest}),
    )
