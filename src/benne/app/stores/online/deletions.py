"""What is deleted of a person's evidence, by retention or erasure, and that it was.

Only that there was a deletion stays, with its journal line and rule; and the names of the records,
until they are deleted in the lake too.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    String,
    Table,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from benne.app.stores.online import evidence, journal, owners
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.evidence import Kind
from benne.kernel import Value

Name: TypeAlias = "tuple[str, str, str]"
"""(kind, source, record)."""

deletions = Table(
    "evidence_deletions",
    METADATA,
    Column("line", Number, primary_key=True, autoincrement=False),  # the journal line that tells
    Column("subject", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("rule", String, nullable=False),
    Column("whole", Boolean, nullable=False),  # everything that was known of the person
    Index(None, "subject"),
)
deleted = Table(
    "evidence_deleted",  # names of deleted records, until sync has deleted them in the lake too
    METADATA,
    Column("line", Number, primary_key=True, autoincrement=False),
    Column("kind", String, primary_key=True),
    Column("source", String, primary_key=True),
    Column("record", String, primary_key=True),
)


@dataclass(frozen=True, slots=True)
class Deletion:
    """That records of a person were deleted, and by which rule; ``whole``: all there were."""

    line: int
    subject: str
    at: int
    rule: str
    whole: bool


def delete_records(
    unit: Unit,
    subject: str,
    names: Iterable[tuple[str, str, str]],
    kinds: Iterable[Kind],
    *,
    line: int,
    at: int,
    rule: str,
    told: owners.Told,
) -> bool:
    """Delete a person's records, by (kind, source, record), in every version; whether none is left.

    Only that there was a deletion stays, with its journal ``line`` and rule; and the names, until
    they are deleted in the lake too.  ``told`` is the keyed hash of the journal.
    """
    gone: dict[str, set[tuple[Value, Value]]] = {}
    for kind_name, source, record in names:
        gone.setdefault(kind_name, set()).add((source, record))
    left = 0
    for kind in kinds:
        versions = evidence.read_versions(unit, subject, kind)
        own = gone.get(kind.name, set())
        stay = [row for row in versions if (row["source"], row["record"]) not in own]
        left += len(stay)
        if len(stay) == len(versions):
            continue
        unit.run(
            delete(evidence.packed).where(
                evidence.packed.c.subject == subject,
                evidence.packed.c.kind.in_([kind.name, evidence.groups_of(kind)]),
            )
        )
        if stay:
            evidence.write_versions(unit, subject, kind, stay)
    named = sorted((k, str(s), str(r)) for k, own in gone.items() for s, r in own)
    _forget(unit, subject, named, at=at, told=told)
    whole = left == 0
    made = {"line": line, "subject": subject, "at": at, "rule": rule, "whole": whole}
    unit.run(insert(deletions), made)
    due = [{"line": line, "kind": k, "source": s, "record": r} for k, s, r in named]
    unit.run(insert(deleted), due)
    if whole:
        unit.run(
            update(evidence.subjects).where(evidence.subjects.c.subject == subject),
            {"erased_at": at, "erased_by": rule},
        )
    return whole


def _forget(unit: Unit, subject: str, names: Sequence[Name], *, at: int, told: owners.Told) -> None:
    """Take records out of the row journal, and nobody owns them any more."""
    unit.run(
        delete(evidence.rows).where(
            evidence.rows.c.subject == subject,
            evidence.rows.c.kind == bindparam("k"),
            evidence.rows.c.source == bindparam("s"),
            evidence.rows.c.record == bindparam("r"),
        ),
        [{"k": kind, "s": source, "r": record} for kind, source, record in names],
    )
    owners.erase(unit, names, at=at, told=told)


def since(unit: Unit, subject: str, *, batch: int) -> Deletion | None:
    """The last deletion of a person's records after ``batch``; ``None``: there was none."""
    found = select(deletions).where(deletions.c.subject == subject, deletions.c.line > batch)
    row = unit.row(found.order_by(deletions.c.line.desc()).limit(1))
    return None if row is None else Deletion(*row)


def of_lines(unit: Unit, lines: Sequence[int]) -> list[tuple[Deletion, tuple[Name, ...]]]:
    """The deletions that these journal lines tell of, with the names that are still known."""
    if not lines:
        return []
    found = unit.rows(select(deletions).where(deletions.c.line.in_(lines)))
    named: dict[int, list[Name]] = {}
    for row in unit.rows(select(deleted).where(deleted.c.line.in_(lines))):
        named.setdefault(row.line, []).append((row.kind, row.source, row.record))
    return [(Deletion(*row), tuple(named.get(row.line, ()))) for row in found]


def pending(unit: Unit, kind: str) -> set[tuple[str, str]]:
    """(source, record) of deleted records of a kind that the lake may still have."""
    found = select(deleted.c.source, deleted.c.record).where(deleted.c.kind == kind)
    return {(row.source, row.record) for row in unit.rows(found)}


def forget_names(unit: Unit, *, up_to_position: int) -> int:
    """Forget the names of records that are deleted in the lake too; how many they were."""
    sealed = select(journal.lines.c.id).where(journal.lines.c.position <= up_to_position)
    return unit.run(delete(deleted).where(deleted.c.line.in_(sealed)))
