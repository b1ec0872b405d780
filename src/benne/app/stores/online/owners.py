"""Whose a record is, so that no record is two people's; and which records were deleted for good.

A record that was lawfully deleted leaves a digest and a date: who still has it cannot bring it
back.  What happened after that day is new, whatever its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Column, Index, LargeBinary, String, Table, bindparam, select, update

from benne.app.stores.online._prepared import Prepared
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.evidence import Arrival

owners = Table(
    "evidence_owners",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),  # of (kind, source, record)
    Column("subject", String, nullable=False),  # nobody, once it was deleted
    Column("erased_at", Number),
    Index(None, "subject"),
)

ERASED = ""
"""The owner of what was deleted for good."""


def record_digest(kind: str, source: str, record: str) -> bytes:
    """The 16 bytes under which the owner of a record is known."""
    return hashlib.blake2b(f"{kind}\0{source}\0{record}".encode(), digest_size=16).digest()


def digest_of(one: Arrival) -> bytes:
    """The digest of the record that arrived."""
    return record_digest(one.kind.name, one.source, one.record)


_OWN = Prepared(lambda insert: insert(owners).on_conflict_do_nothing(), "digest", "subject")
_OWNER = Prepared(select(owners).where(owners.c.digest == bindparam("digest")))


def _held(unit: Unit, names: Sequence[bytes]) -> Sequence[Any]:
    if len(names) == 1:
        return unit.rows(_OWNER, {"digest": names[0]})
    return unit.rows(select(owners).where(owners.c.digest.in_(names)))


def claim(unit: Unit, arrivals: Sequence[Arrival]) -> dict[bytes, str]:
    """The owner of each record; who brings a record first makes it their person's.

    Of one that was deleted, ``ERASED``, unless something under its name happened since.
    """
    mine = {digest_of(one): one for one in reversed(arrivals)}
    for name in sorted(mine):
        unit.put(_OWN, {"digest": name, "subject": mine[name].subject})
    found: dict[bytes, str] = {}
    for row in _held(unit, list(mine)):
        name = bytes(row.digest)
        one = mine[name]
        happened = one.values[one.kind.window]
        found[name] = row.subject
        if row.erased_at is not None and isinstance(happened, int) and happened > row.erased_at:
            found[name] = one.subject
            again = update(owners).where(owners.c.digest == name)
            unit.run(again.values(subject=one.subject, erased_at=None))
    return found


def loaded(unit: Unit, subjects: Mapping[bytes, str]) -> None:
    """Make loaded records, by their digests, their people's; who has one, or had, stays."""
    rows = [(digest, subject, None) for digest, subject in sorted(subjects.items())]
    unit.add_missing(owners, rows)


def erase(unit: Unit, names: Iterable[tuple[str, str, str]], *, at: int) -> None:
    """Records, by (kind, source, record), are nobody's from ``at`` on."""
    gone = update(owners).where(owners.c.digest == bindparam("name"))
    values = [{"name": record_digest(*name)} for name in names]
    if values:
        unit.run(gone.values(subject=ERASED, erased_at=at), values)
