"""What somebody must do at times, whichever worker it is, in parts and never twice at once."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, select, update

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit

duties = Table(
    "duties",
    METADATA,
    Column("name", String, primary_key=True),
    Column("next_at", Number, nullable=False),
    Column("after", String, nullable=False),  # how far the present round has come
)


def take(unit: Unit, name: str, *, at: int, until: int) -> str | None:
    """How far a duty that is due has come; nobody else gets it before ``until``.

    ``None``: it is not due, or another worker has it.
    """
    new = unit.insert(duties).on_conflict_do_nothing()
    unit.run(new, {"name": name, "next_at": 0, "after": ""})
    due = select(duties.c.after).where(duties.c.name == name, duties.c.next_at <= at)
    row = unit.row(due.with_for_update(skip_locked=True))
    if row is None:
        return None
    unit.run(update(duties).where(duties.c.name == name).values(next_at=until))
    return str(row.after)


def put(unit: Unit, name: str, *, after: str, next_at: int) -> None:
    """It has come as far as ``after`` (empty: to the end), and is due again at ``next_at``."""
    moved = update(duties).where(duties.c.name == name)
    unit.run(moved.values(after=after, next_at=next_at))
