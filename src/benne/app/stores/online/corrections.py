"""Records that were corrected or retracted, until all that rested on them is given again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import Column, String, Table, delete, insert, select

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.app.stores.online.answers import answers

corrected = Table(
    "corrected_records",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("subject", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("source", String, nullable=False),
    Column("record", String, nullable=False),
    Column("batch", Number, nullable=False),  # that of the correction
)


@dataclass(frozen=True, slots=True)
class Corrected:
    """That a record of ``subject`` was put right in ``batch``."""

    id: int
    subject: str
    kind: str
    source: str
    record: str
    batch: int


def forget(unit: Unit, subject: str) -> int:
    """Nothing of a person is given again; how many records waited."""
    return unit.run(delete(corrected).where(corrected.c.subject == subject))


def put(unit: Unit, subject: str, names: Iterable[tuple[str, str, str]], *, batch: int) -> None:
    """Remember records, by (kind, source, record), of a person about whom was answered."""
    if unit.row(select(answers.c.id).where(answers.c.subject == subject).limit(1)) is None:
        return
    values = [
        {"subject": subject, "kind": kind, "source": source, "record": record, "batch": batch}
        for kind, source, record in names
    ]
    if values:
        unit.run(insert(corrected), values)


def waiting(unit: Unit) -> bool:
    """Whether there is any."""
    return unit.row(select(corrected.c.id).limit(1)) is not None


def take(unit: Unit) -> Corrected | None:
    """The oldest, which no other worker gets; it is gone with the unit."""
    oldest = select(corrected).order_by(corrected.c.id).limit(1)
    row = unit.row(oldest.with_for_update(skip_locked=True))
    if row is None:
        return None
    unit.run(delete(corrected).where(corrected.c.id == row.id))
    return Corrected(*row)
