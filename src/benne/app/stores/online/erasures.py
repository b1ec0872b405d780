"""Who asked for erasure and is not erased whole yet: what was held is looked at again by itself."""

from __future__ import annotations

from sqlalchemy import Column, String, Table, delete, select

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit

requests = Table(
    "erasure_requests",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("next_at", Number, nullable=False, index=True),
)


def wait(unit: Unit, subject: str, *, next_at: int) -> None:
    """Look at a person again at ``next_at``."""
    new = unit.insert(requests)
    later = new.on_conflict_do_update(
        index_elements=["subject"], set_={"next_at": new.excluded["next_at"]}
    )
    unit.run(later, {"subject": subject, "next_at": next_at})


def done(unit: Unit, subject: str) -> None:
    """Nothing of a person is left."""
    unit.run(delete(requests).where(requests.c.subject == subject))


def due(unit: Unit, *, at: int, at_most: int) -> list[str]:
    """Who is to be looked at by now."""
    found = select(requests.c.subject).where(requests.c.next_at <= at)
    return [row.subject for row in unit.rows(found.order_by(requests.c.next_at).limit(at_most))]


def is_due(unit: Unit, subject: str, *, at: int) -> bool:
    """Whether a person is to be looked at by now, and nobody has done so meanwhile."""
    mine = select(requests.c.next_at).where(requests.c.subject == subject)
    row = unit.row(mine.with_for_update())
    return row is not None and row.next_at <= at
