"""Delete from a lake what must be gone: records by name, or all that is known of a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from benne.app.stores._lake_schema import (
    evidence_table,
    groups_table,
    hidden_name,
    key_pads,
    plain_name,
)
from benne.evidence import Kind, quoted

Statement = tuple[str, tuple[object, ...]]


@dataclass(frozen=True, slots=True)
class Gone:
    """What was deleted elsewhere and must go here: ``names`` are (kind, source, record).

    ``whole`` means all that was known of the person by ``at``, whatever its name.
    """

    subject: str
    at: int
    whole: bool
    names: tuple[tuple[str, str, str], ...]


def erasing(
    gone: Gone, kinds: Iterable[Kind], there: Collection[str], key: bytes
) -> Iterator[Statement]:
    """The statements that delete it, and see that no later batch brings it back.

    Of a name there stays a digest under ``key``: who tries names on the lake alone finds none.
    """
    for kind in kinds:
        table, groups = evidence_table(kind.name), groups_table(kind.name)
        if table not in there:
            continue
        mine = [(source, record) for name, source, record in gone.names if name == kind.name]
        if groups in there:
            of_person = f"SELECT source, record FROM {quoted(table)} WHERE subject = ?"
            if gone.whole:
                where = f"(source, record) IN ({of_person})"
                yield f"DELETE FROM {quoted(groups)} WHERE {where}", (gone.subject,)
            for source, record in mine:
                where = f"source = ? AND record = ? AND (source, record) IN ({of_person})"
                yield f"DELETE FROM {quoted(groups)} WHERE {where}", (source, record, gone.subject)
        if gone.whole:
            where = "subject = ? AND known_at <= ?"
            yield f"DELETE FROM {quoted(table)} WHERE {where}", (gone.subject, gone.at)
            continue
        for source, record in mine:
            where = "subject = ? AND source = ? AND record = ?"
            yield f"DELETE FROM {quoted(table)} WHERE {where}", (gone.subject, source, record)
    if gone.whole:
        yield from _derived(gone.subject, there)
        yield "INSERT INTO erased VALUES (?, NULL, ?)", (gone.subject, gone.at)
    for name in gone.names:
        told = hidden_name(plain_name("?", "?", "?"))
        yield f"INSERT INTO erased SELECT NULL, {told}, ?", (*key_pads(key), *name, gone.at)


def _derived(subject: str, there: Collection[str]) -> Iterator[Statement]:
    """What was computed of a person goes too: observations and all that hangs on them."""
    if "observations" not in there:
        return
    mine = "SELECT observation FROM observations WHERE subject = ?"
    for table in ("outcomes", "features", "counts", "groups"):
        if table in there:
            yield f"DELETE FROM {quoted(table)} WHERE observation IN ({mine})", (subject,)
    yield "DELETE FROM observations WHERE subject = ?", (subject,)
