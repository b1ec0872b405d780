"""The monthly blocks of network features, as the lake computed them, for answers of that month.

A block is kept under its hash for good: an answer carries the hash, and its replay reads it again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Column, LargeBinary, String, Table, bindparam, delete, select

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.kernel import NotFound, Value

blocks = Table(
    "network_blocks",
    METADATA,
    Column("artefact", String, primary_key=True),  # the model that reads it
    Column("hash", String, primary_key=True),
    Column("month", Number, nullable=False),
    Column("loaded_at", Number, nullable=False),
)
values = Table(
    "network_values",
    METADATA,
    Column("hash", String, primary_key=True),
    Column("subject", String, primary_key=True),
    Column("body", LargeBinary, nullable=False),
)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, bool | int | float | str | None]).decode


@dataclass(frozen=True, slots=True)
class Around:
    """A person's row of a month's block, by its hash; of who is in no tie, nothing."""

    hash: str
    values: Mapping[str, Value]


_OF_MONTH = Prepared(
    select(blocks.c.hash, values.c.body)
    .select_from(
        blocks.outerjoin(
            values, (values.c.hash == blocks.c.hash) & (values.c.subject == bindparam("subject"))
        )
    )
    .where(blocks.c.artefact == bindparam("artefact"), blocks.c.month == bindparam("month"))
    .order_by(blocks.c.loaded_at.desc())
    .limit(1)
)


def around(unit: Unit, subject: str, *, artefact: str, month: int) -> Around | None:
    """What a model reads of the people around ``subject`` in a month; ``None``: not loaded."""
    row = unit.row(*asked(subject, artefact=artefact, month=month))
    return None if row is None else Around(row.hash, {} if row.body is None else _decode(row.body))


def asked(subject: str, *, artefact: str, month: int) -> tuple[Prepared, Values]:
    """What ``around`` will ask, for ``Unit.ahead``."""
    return _OF_MONTH, {"subject": subject, "artefact": artefact, "month": month}


def around_by_hash(unit: Unit, subject: str, name: str) -> Around:
    """A person's row of the block with this hash.

    Raises:
        NotFound: no such block was loaded.
    """
    if unit.row(select(blocks.c.hash).where(blocks.c.hash == name).limit(1)) is None:
        raise NotFound(f"no block of network features with the hash {name} was loaded here.")
    body = unit.value(
        select(values.c.body).where(values.c.hash == name, values.c.subject == subject)
    )
    return Around(name, {} if body is None else _decode(body))


def has(unit: Unit, artefact: str, name: str) -> bool:
    """Whether a model has the block with this hash already."""
    found = select(blocks.c.month).where(blocks.c.artefact == artefact, blocks.c.hash == name)
    return unit.row(found) is not None


def put(
    unit: Unit,
    artefact: str,
    name: str,
    *,
    month: int,
    at: int,
    rows: Sequence[tuple[str, Mapping[str, Value]]],
) -> None:
    """Keep a block: (subject, values) of each person in a tie."""
    packed = [(name, subject, _encode(dict(row))) for subject, row in rows]
    unit.add_missing(values, packed)
    unit.run(
        unit.insert(blocks).on_conflict_do_nothing(),
        {"artefact": artefact, "hash": name, "month": month, "loaded_at": at},
    )


def forget(unit: Unit, subject: str) -> int:
    """Delete a person's rows of every block."""
    return unit.run(delete(values).where(values.c.subject == subject))
