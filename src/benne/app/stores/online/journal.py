"""The journal: a line for all that was done, committed with it; sealed, chained and signed later.

A line holds an act and keyed hashes, never personal data.  The sealer gives committed lines a
gap-free ``position``, from 1, and chains them: ``hash = SHA-256(hash before, line)``.  A seal is
a signature over the head, the hash of the last line sealed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    Sequence,
    String,
    Table,
    Text,
    Update,
    bindparam,
    func,
    insert,
    select,
    text,
    update,
)

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.kernel import Json, canonical_json

lines = Table(
    "journal_lines",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("at", Number, nullable=False),
    Column("act", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("position", Number),
    Column("hash", LargeBinary),
    Index(None, "position", unique=True),
    sqlite_autoincrement=True,  # a number is never given twice
)
seals = Table(
    "journal_seals",
    METADATA,
    Column("position", Number, primary_key=True, autoincrement=False),  # of the last line sealed
    Column("at", Number, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("key_id", String, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)

START = bytes(32)
"""The hash before the first line."""

_SEALER = 0x7365616C  # "seal": one sealer at a time on PostgreSQL


@dataclass(frozen=True, slots=True)
class Line:
    """One line; ``position`` and ``hash`` are null until it is sealed."""

    id: int
    at: int
    act: str
    body: str
    position: int | None = None
    hash: bytes | None = None

    def chained(self, before: bytes, position: int) -> bytes:
        """The hash of this line at ``position`` after the hash ``before``."""
        said = canonical_json([position, self.id, self.at, self.act, self.body])
        return hashlib.sha256(before + said.encode()).digest()


@dataclass(frozen=True, slots=True)
class Seal:
    """A signature over all lines up to ``position``."""

    position: int
    at: int
    head: bytes
    key_id: str
    signature: bytes

    @property
    def message(self) -> bytes:
        """What is signed."""
        return seal_message(self.position, self.at, self.head)


def seal_message(position: int, at: int, head: bytes) -> bytes:
    """What the signature of a seal is over."""
    said = canonical_json({"at": at, "head": head.hex(), "position": position})
    return b"benne journal 1\n" + said.encode()


_NOTE = Prepared(insert(lines).inline(), "at", "act", "body")
_APPEND = Prepared(insert(lines).returning(lines.c.id), "at", "act", "body")
_NUMBER = Prepared(select(Sequence("journal_lines_id_seq").next_value()))
_NUMBERED = Prepared(insert(lines).inline(), "id", "at", "act", "body")


def note(unit: Unit, act: str, body: Mapping[str, Json], *, at: int) -> None:
    """Add a line to the unit's own transaction.

    ``act`` says what was done in a word or two (``evidence``, ``answer``); ``body`` holds keyed
    hashes, ids and counts, and never personal data.
    """
    unit.put(_NOTE, {"at": at, "act": act, "body": canonical_json(body)})


def append(unit: Unit, act: str, body: Mapping[str, Json], *, at: int) -> int:
    """``note``; the number of the line, by which others refer to it."""
    line = {"at": at, "act": act, "body": canonical_json(body)}
    if not unit.postgres:
        return int(unit.value(_APPEND, line))
    number = int(unit.value(_NUMBER))
    unit.put(_NUMBERED, {"id": number, **line})
    return number


def asked() -> tuple[Prepared, Values]:
    """What ``append`` will ask, for ``Unit.ahead``."""
    return _NUMBER, {}


_UNSEALED = Prepared(
    select(lines)
    .where(lines.c.position.is_(None))
    .order_by(lines.c.id)
    .limit(bindparam("at_most", type_=Integer))
)


def unsealed(unit: Unit, *, at_most: int) -> list[Line]:
    """Committed lines that have no position yet, in the order of their numbers."""
    return [Line(*row) for row in unit.rows(_UNSEALED, {"at_most": at_most})]


def begin_sealing(unit: Unit) -> tuple[int, bytes]:
    """Be the only sealer until the unit ends; the last position, and the hash there."""
    if unit.postgres:
        unit.run(text(f"SELECT pg_advisory_xact_lock({_SEALER})"))
    last = select(lines.c.position, lines.c.hash).where(lines.c.position.is_not(None))
    row = unit.row(last.order_by(lines.c.position.desc()).limit(1))
    return (0, START) if row is None else (int(row.position), bytes(row.hash))


_PLACE = (
    update(lines)
    .where(lines.c.id == bindparam("line"))
    .values(position=bindparam("place"), hash=bindparam("told"))
)


def _placing(_: object) -> Update:
    """All lines at once: a statement for each would keep the answers beside it waiting."""
    lists = func.unnest(
        bindparam("line", type_=ARRAY(BigInteger)),
        bindparam("place", type_=ARRAY(BigInteger)),
        bindparam("told", type_=ARRAY(LargeBinary)),
    )
    given = lists.table_valued("line", "place", "told").render_derived()
    new = {"position": given.c.place, "hash": given.c.told}
    return update(lines).where(lines.c.id == given.c.line).values(new)


_PLACE_ALL = Prepared(_placing)


def put_sealed(unit: Unit, chained: Mapping[int, tuple[int, bytes]], seal: Seal) -> None:
    """Give lines, by their numbers, their positions and hashes, and the seal over them."""
    if unit.postgres:
        places, told = zip(*chained.values(), strict=True)
        unit.put(_PLACE_ALL, {"line": list(chained), "place": list(places), "told": list(told)})
    else:
        unit.run(
            _PLACE, [{"line": n, "place": p, "told": told} for n, (p, told) in chained.items()]
        )
    unit.run(
        insert(seals),
        {
            "position": seal.position,
            "at": seal.at,
            "head": seal.head,
            "key_id": seal.key_id,
            "signature": seal.signature,
        },
    )


def sealed(unit: Unit, *, after: int = 0, acts: frozenset[str] | None = None) -> Iterator[Line]:
    """Sealed lines after a position, in order; of some acts only, if they are named."""
    found = select(lines).order_by(lines.c.position).limit(10_000)
    if acts is not None:
        found = found.where(lines.c.act.in_(sorted(acts)))
    while True:
        part = unit.rows(found.where(lines.c.position > after))
        yield from (_line(*row) for row in part)
        if not part:
            return
        after = int(part[-1].position)


def seals_of(unit: Unit) -> dict[int, Seal]:
    """Every seal by its position."""
    return {
        row.position: Seal(row.position, row.at, bytes(row.head), row.key_id, bytes(row.signature))
        for row in unit.rows(select(seals).order_by(seals.c.position))
    }


def last_seal(unit: Unit) -> Seal | None:
    """The newest seal; ``None`` where nothing was sealed yet."""
    row = unit.row(select(seals).order_by(seals.c.position.desc()).limit(1))
    if row is None:
        return None
    return Seal(row.position, row.at, bytes(row.head), row.key_id, bytes(row.signature))


def find(unit: Unit, line: int) -> Line | None:
    """The line with this number."""
    row = unit.row(select(lines).where(lines.c.id == line))
    return None if row is None else _line(*row)


def unsealed_ids(unit: Unit) -> list[int]:
    """The numbers of all lines that have no position yet."""
    found = select(lines.c.id).where(lines.c.position.is_(None)).order_by(lines.c.id)
    return [int(row.id) for row in unit.rows(found)]


def count(unit: Unit) -> int:
    """How many lines there are."""
    return int(unit.value(select(func.count()).select_from(lines)))


def _line(id: int, at: int, act: str, body: str, position: int | None, hash: bytes | None) -> Line:
    return Line(id, at, act, body, position, None if hash is None else bytes(hash))
