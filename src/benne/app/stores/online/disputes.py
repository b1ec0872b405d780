"""What people dispute: the events of each disputed record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from sqlalchemy import (
    Column,
    Index,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
)

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.rights import DisputeEvent

events = Table(
    "dispute_events",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("subject", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("source", String, nullable=False),
    Column("record", String, nullable=False),
    Column("act", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("text", Text, nullable=False),
    Index(None, "subject"),
)

Name: TypeAlias = "tuple[str, str, str]"
"""(kind, source, record)."""

_OF = select(events).where(events.c.subject == bindparam("subject")).order_by(events.c.id)


def of_person(unit: Unit, subject: str) -> dict[Name, tuple[DisputeEvent, ...]]:
    """The events of each record that a person disputed, in order."""
    found: dict[Name, list[DisputeEvent]] = {}
    for row in unit.rows(_OF, {"subject": subject}):
        name = row.kind, row.source, row.record
        found.setdefault(name, []).append(DisputeEvent(row.act, row.at, row.text))
    return {name: tuple(own) for name, own in found.items()}


def add(unit: Unit, subject: str, name: Name, event: DisputeEvent) -> None:
    """Keep an event that was found to be a move."""
    kind, source, record = name
    unit.run(
        insert(events),
        {
            "subject": subject,
            "kind": kind,
            "source": source,
            "record": record,
            "act": event.act,
            "at": event.at,
            "text": event.text,
        },
    )


def people(unit: Unit) -> Sequence[str]:
    """Everybody who disputes, or disputed, something."""
    return [row[0] for row in unit.rows(select(events.c.subject).distinct())]


def forget(unit: Unit, subject: str, name: Name | None = None) -> int:
    """Delete the events of one record of a person, or of all."""
    gone = delete(events).where(events.c.subject == subject)
    if name is not None:
        kind, source, record = name
        gone = gone.where(
            events.c.kind == kind, events.c.source == source, events.c.record == record
        )
    return unit.run(gone)
