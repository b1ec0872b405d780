"""Whose a record is, so that no record is two people's; and which records were deleted for good.

A record that was lawfully deleted leaves a keyed digest and a date: who still has it cannot bring
it back, and from the store alone nobody finds out by trying names which it was.  What happened
after that day is new, whatever its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from sqlalchemy import Column, Index, LargeBinary, String, Table, bindparam, delete, select

from benne.app.stores.online._prepared import Prepared
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.evidence import Arrival

owners = Table(
    "evidence_owners",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),  # of (kind, source, record)
    Column("subject", String, nullable=False),  # ERASED, where the digest is of what was deleted
    Column("erased_at", Number),
    Index(None, "subject"),
)

ERASED = "erased"
"""The owner of what was deleted for good; its digest is keyed."""
_UNKEYED = ""
"""What stores of revision 0010 and older have in place of ``ERASED``, by the plain digest."""
_AT_A_TIME = 5_000

Told: TypeAlias = Callable[[bytes], str]
"""The keyed hash of the journal, in hex."""


def record_digest(kind: str, source: str, record: str) -> bytes:
    """The 16 bytes under which the owner of a record is known."""
    return hashlib.blake2b(f"{kind}\0{source}\0{record}".encode(), digest_size=16).digest()


def hidden_digest(digest: bytes, told: Told) -> bytes:
    """The 16 bytes under which a deleted record is known: the keyed hash of its digest."""
    return bytes.fromhex(told(b"deleted record\n" + digest))[:16]


def digest_of(one: Arrival) -> bytes:
    """The digest of the record that arrived."""
    return record_digest(one.kind.name, one.source, one.record)


_OWN = Prepared(lambda insert: insert(owners).on_conflict_do_nothing(), "digest", "subject")
_OWNER = Prepared(
    select(owners).where(owners.c.digest.in_([bindparam("digest"), bindparam("hidden")]))
)
_FORGET = delete(owners).where(owners.c.digest == bindparam("name"))


def _held(unit: Unit, hidden: Mapping[bytes, bytes]) -> Sequence[Any]:
    if len(hidden) == 1:
        ((name, digest),) = hidden.items()
        return unit.rows(_OWNER, {"digest": digest, "hidden": name})
    return unit.rows(select(owners).where(owners.c.digest.in_([*hidden, *hidden.values()])))


def claim(unit: Unit, arrivals: Sequence[Arrival], *, told: Told) -> dict[bytes, str]:
    """The owner of each record; who brings a record first makes it their person's.

    Of one that was deleted, ``ERASED``, unless something under its name happened since.
    """
    mine = {digest_of(one): one for one in reversed(arrivals)}
    hidden = {hidden_digest(name, told): name for name in mine}
    for name in sorted(mine):
        unit.put(_OWN, {"digest": name, "subject": mine[name].subject})
    found: dict[bytes, str] = {}
    gone: list[bytes] = []
    for row in _held(unit, hidden):
        name = bytes(row.digest)
        if row.erased_at is None:
            found.setdefault(name, row.subject)
            continue
        one = mine[hidden[name]]
        happened = one.values[one.kind.window]
        if isinstance(happened, int) and happened > row.erased_at:
            gone.append(name)
        else:
            found[hidden[name]] = ERASED
            gone.append(hidden[name])
    if gone:
        unit.run(_FORGET, [{"name": name} for name in gone])
    return found


def owner_of(unit: Unit, kind: str, source: str, record: str) -> str | None:
    """Whose a record is; ``None``: nobody's."""
    digest = record_digest(kind, source, record)
    row = unit.row(select(owners.c.subject).where(owners.c.digest == digest))
    return None if row is None else str(row.subject)


def loaded(unit: Unit, subjects: Mapping[bytes, str]) -> None:
    """Make loaded records, by their digests, their people's; who has one, or had, stays."""
    rows = [(digest, subject, None) for digest, subject in sorted(subjects.items())]
    unit.add_missing(owners, rows)


def erase(unit: Unit, names: Iterable[tuple[str, str, str]], *, at: int, told: Told) -> None:
    """Records, by (kind, source, record), are nobody's from ``at`` on."""
    _hide(unit, {record_digest(*name): at for name in names}, told)


def _hide(unit: Unit, erased: Mapping[bytes, int], told: Told) -> None:
    """Put keyed digests of what was erased, and when, in the place of plain ones."""
    if not erased:
        return
    unit.run(_FORGET, [{"name": digest} for digest in erased])
    new = unit.insert(owners)
    later = new.on_conflict_do_update(
        index_elements=["digest"], set_={"erased_at": new.excluded["erased_at"]}
    )
    hidden = {hidden_digest(digest, told): at for digest, at in erased.items()}
    rows = [{"digest": d, "subject": ERASED, "erased_at": at} for d, at in sorted(hidden.items())]
    unit.run(later, rows)


def has_older(unit: Unit) -> bool:
    """Whether there are digests of deleted records that an older Benne left plain."""
    return (
        unit.row(select(owners.c.digest).where(owners.c.subject == _UNKEYED).limit(1)) is not None
    )


def hide_older(unit: Unit, *, told: Told) -> int:
    """Key some of the digests that an older Benne left plain; how many."""
    older = select(owners.c.digest, owners.c.erased_at).where(owners.c.subject == _UNKEYED)
    found = unit.rows(older.limit(_AT_A_TIME))
    _hide(unit, {bytes(row.digest): row.erased_at or 0 for row in found}, told)
    return len(found)
