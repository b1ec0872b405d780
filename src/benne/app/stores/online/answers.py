"""Answers as they were given, with all that a replay needs."""

from __future__ import annotations

from sqlalchemy import Column, Index, String, Table, Text

from benne.app.stores.online._schema import METADATA, Number

answers = Table(
    "answers",
    METADATA,
    Column("id", String, primary_key=True),
    Column("subject", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("family", String, nullable=False),
    Column("as_of", Number, nullable=False),
    Column("known_by", Number, nullable=False),
    Column("batch", Number, nullable=False),
    Column("artefact", String, nullable=False),
    Column("evidence", String, nullable=False),  # hash of what was seen
    Column("network", String),  # hash of the monthly batch, where one was read
    Column("permit", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("line", Number, nullable=False),
    Index(None, "subject"),
)
