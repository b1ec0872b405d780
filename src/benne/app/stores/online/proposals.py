"""What cannot be undone waits here until a second person has agreed."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Column, Index, String, Table, Text, insert, select, update

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit

proposals = Table(
    "proposals",
    METADATA,
    Column("id", String, primary_key=True),
    Column("act", String, nullable=False),
    Column("about", Text, nullable=False),  # a client's id, or a person's pseudonym
    Column("proposed_by", String, nullable=False),
    Column("proposed_at", Number, nullable=False),
    Column("decided_by", String),
    Column("decided_at", Number),
    Column("agreed", String),
    Index(None, "decided_at", "proposed_at"),
)


@dataclass(frozen=True, slots=True)
class Proposal:
    """An act that one person proposed; ``agreed`` is ``yes`` or ``no`` once another decided."""

    id: str
    act: str
    about: str
    proposed_by: str
    proposed_at: int
    decided_by: str | None = None
    decided_at: int | None = None
    agreed: str | None = None


_COLUMNS = [proposals.c[name] for name in Proposal.__dataclass_fields__]


def add(unit: Unit, proposal: Proposal) -> None:
    """Store one."""
    names = Proposal.__dataclass_fields__
    unit.run(insert(proposals), {name: getattr(proposal, name) for name in names})


def find(unit: Unit, name: str) -> Proposal | None:
    """The proposal of this id, kept from others until the unit ends."""
    query = select(*_COLUMNS).where(proposals.c.id == name).with_for_update()
    row = unit.row(query)
    return None if row is None else Proposal(**row._mapping)


def waiting(unit: Unit) -> list[Proposal]:
    """What nobody decided yet, the oldest first."""
    c = proposals.c
    query = select(*_COLUMNS).where(c.decided_at.is_(None)).order_by(c.proposed_at, c.id)
    return [Proposal(**row._mapping) for row in unit.rows(query)]


def decide(unit: Unit, name: str, *, by: str, at: int, agreed: str) -> None:
    """Write down who decided, and how."""
    unit.run(
        update(proposals)
        .where(proposals.c.id == name)
        .values(decided_by=by, decided_at=at, agreed=agreed)
    )
