"""The journal: a line for all that was done, committed with it; sealed, chained and signed later.

A line holds an act and keyed hashes, never personal data.  The sealer gives committed lines a
gap-free ``position`` and chains them: ``hash`` is the SHA-256 of the hash before and the line.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Column, Index, LargeBinary, String, Table, Text, insert

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
    Column(
        "position", Number, primary_key=True, autoincrement=False
    ),  # of the last line that it covers
    Column("at", Number, nullable=False),
    Column("head", LargeBinary, nullable=False),
    Column("key_id", String, nullable=False),
    Column("signature", LargeBinary, nullable=False),
)


def append(unit: Unit, act: str, body: Mapping[str, Json], *, at: int) -> int:
    """Add a line to the unit's own transaction; its number, by which others refer to it.

    ``act`` says what was done in a word or two (``evidence``, ``answer``); ``body`` holds keyed
    hashes, ids and counts, and never personal data.
    """
    line = {"at": at, "act": act, "body": canonical_json(body)}
    found = unit.value(insert(lines).returning(lines.c.id), line)
    return int(found)
