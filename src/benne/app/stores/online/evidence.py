"""Evidence by subject: every version of a person's records, packed per kind.

``evidence_rows`` is the row journal: what furnishers sent here, a row each, for ``benne sync``.
``evidence_packed`` holds all versions of a person's records of one kind, loaded and sent, as one
value, for answers.  ``evidence_owners`` says whose a record is, so that no record is two people's.
"""

from __future__ import annotations

from sqlalchemy import Column, Index, LargeBinary, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit

subjects = Table(
    "subjects",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("batch", Number, nullable=False),  # the last ingest number of theirs
    Column("known_at", Number, nullable=False),  # the last instant at which we learnt of them
    Column("erased_at", Number),
)
rows = Table(
    "evidence_rows",
    METADATA,
    Column("id", Number, primary_key=True),
    Column("subject", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("source", String, nullable=False),
    Column("record", String, nullable=False),
    Column("cause", String, nullable=False),
    Column("known_at", Number, nullable=False),
    Column("batch", Number, nullable=False),  # the journal line that tells of it
    Column("body", LargeBinary, nullable=False),
    Index(None, "subject"),
    Index(None, "batch"),
)
packed = Table(
    "evidence_packed",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("kind", String, primary_key=True),
    Column("versions", Number, nullable=False),
    Column("body", LargeBinary, nullable=False),
)
owners = Table(
    "evidence_owners",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),  # of (kind, source, record)
    Column("subject", String, nullable=False),
    Index(None, "subject"),
)


def lock(unit: Unit, subject: str) -> None:
    """Take a person's row until the unit ends: what follows comes after all that went before.

    Makes the row where there is none.  On SQLite a writing unit is alone already.
    """
    new = {"subject": subject, "batch": 0, "known_at": 0}
    insert = postgresql.insert if unit.postgres else sqlite.insert
    unit.run(insert(subjects).values(new).on_conflict_do_nothing())
    if unit.postgres:
        unit.run(select(subjects.c.subject).where(subjects.c.subject == subject).with_for_update())
