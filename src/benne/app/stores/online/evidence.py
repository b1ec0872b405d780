"""Evidence by subject: every version of a person's records, packed per kind.

``evidence_rows`` is the row journal: what furnishers sent here, a row each, for ``benne sync``.
``evidence_packed`` holds all versions of a person's records of one kind, loaded and sent, as one
value, for answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import msgspec
from sqlalchemy import (
    Column,
    Index,
    LargeBinary,
    String,
    Table,
    bindparam,
    insert,
    or_,
    select,
    update,
)

from benne.app.stores.online import disputes, journal, owners
from benne.app.stores.online._packing import NOTHING, digest, opened, pack, unpack
from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.app.stores.online._verdicts import Accepted as Accepted, as_right, outcome
from benne.evidence import Arrival, Finding, History, Kind, add_version
from benne.kernel import InvalidInput, Json, Value

subjects = Table(
    "subjects",
    METADATA,
    Column("subject", String, primary_key=True),
    Column("batch", Number, nullable=False),  # the last ingest number of theirs
    Column("known_at", Number, nullable=False),  # the last instant at which we learnt of them
    Column("erased_at", Number),
    Column("erased_by", String),  # the rule under which it was
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
    Column("digest", LargeBinary, nullable=False),
    Column("body", LargeBinary, nullable=False),
)


# --- what is known of a person ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Known:
    """All versions of a person, by kind, and how far they go.

    ``batch`` is the number of their last batch, ``known_at`` the instant of it (0 and 0 of
    somebody unknown); ``digests`` tell the versions of each kind that was asked for.
    """

    history: History
    digests: Mapping[str, bytes]
    batch: int = 0
    known_at: int = 0
    erased_at: int | None = None
    erased_by: str | None = None
    disputed: bool = False

    def digest(self, kinds: Iterable[str]) -> str:
        """SHA-256, in hex, of all versions of ``kinds``."""
        told = hashlib.sha256()
        for name in sorted(kinds):
            told.update(name.encode() + b"\0" + self.digests.get(name, NOTHING) + b"\n")
        return told.hexdigest()


_KNOWN = Prepared(
    select(
        subjects.c.batch,
        subjects.c.known_at,
        subjects.c.erased_at,
        subjects.c.erased_by,
        select(disputes.events.c.id)
        .where(disputes.events.c.subject == subjects.c.subject)
        .exists()
        .label("disputed"),
        packed.c.kind,
        packed.c.digest,
        packed.c.body,
    )
    .select_from(subjects.outerjoin(packed, packed.c.subject == subjects.c.subject))
    .where(subjects.c.subject == bindparam("subject"))
)


def known(unit: Unit, subject: str, kinds: Iterable[Kind]) -> Known:
    """All that is stored of ``subject`` in ``kinds``, read at one moment; a kind that has no
    version of theirs is empty."""
    asked = {kind.name: kind for kind in kinds}
    history: dict[str, Sequence[Mapping[str, Value]]] = dict.fromkeys(asked, ())
    found = unit.rows(_KNOWN, {"subject": subject})
    if not found:
        return Known(history, {})
    digests = {}
    for row in found:
        kind = asked.get(row.kind)
        if kind is not None:
            history[kind.name] = opened(row.body, tuple(kind.types), subject)
            digests[kind.name] = row.digest
    first = found[0]
    return Known(
        history=history,
        digests=digests,
        batch=first.batch,
        known_at=first.known_at,
        erased_at=first.erased_at,
        erased_by=first.erased_by,
        disputed=bool(first.disputed),
    )


def asked(subject: str) -> tuple[Prepared, Values]:
    """What ``known`` will ask, for ``Unit.ahead``."""
    return _KNOWN, {"subject": subject}


def is_known(unit: Unit, subject: str) -> bool:
    """Whether anything was ever stored of ``subject``."""
    return unit.row(select(subjects.c.batch).where(subjects.c.subject == subject)) is not None


def people(unit: Unit, *, after: str, at_most: int) -> list[str]:
    """People of whom something is stored, in order, after one of them."""
    found = select(subjects.c.subject).where(subjects.c.subject > after)
    found = found.order_by(subjects.c.subject).limit(at_most)
    return [row.subject for row in unit.rows(found)]


def everybody(unit: Unit) -> list[str]:
    """Everybody of whom something is stored."""
    return [row.subject for row in unit.rows(select(subjects.c.subject))]


def erased(unit: Unit) -> dict[str, int]:
    """Everybody who was erased whole, and when, whatever came of them since."""
    gone = select(subjects.c.subject, subjects.c.erased_at)
    found = unit.rows(gone.where(subjects.c.erased_at.is_not(None)))
    return {row.subject: row.erased_at for row in found}


def digest_at(history: History, kinds: Iterable[Kind], batch: int) -> str:
    """What ``Known.digest`` was when ``batch`` was a person's last."""
    digests = {
        kind.name: digest((r for r in history.get(kind.name, ()) if r["batch"] <= batch), kind)  # type: ignore[operator]
        for kind in kinds
    }
    return Known(history, digests).digest(digests)


# --- what arrives ----------------------------------------------------------------------------


_AT_A_TIME = 5_000


_HOLD = Prepared(
    select(subjects.c.subject, subjects.c.known_at)
    .where(subjects.c.subject == bindparam("subject"))
    .with_for_update()  # nothing on SQLite, where a writer is alone
)
_MEET = Prepared(
    lambda insert: insert(subjects).on_conflict_do_nothing(), "subject", "batch", "known_at"
)
_MOVE = Prepared(
    update(subjects)
    .where(subjects.c.subject == bindparam("who"))
    .values(batch=bindparam("to"), known_at=bindparam("at"))
)
_JOURNAL = Prepared(
    insert(rows).inline(),  # nobody asks for its number
    "subject", "kind", "source", "record", "cause", "known_at", "batch", "body",
)  # fmt: skip
_BODIES = Prepared(
    select(packed.c.kind, packed.c.body).where(
        packed.c.subject == bindparam("subject"),
        or_(packed.c.kind == bindparam("name"), packed.c.kind == bindparam("apart")),
    )
)


def lock(unit: Unit, *people: str) -> dict[str, int]:
    """Take these people's rows until the unit ends; when we last learnt of each.

    What follows comes after all that went before.  Makes a row where there is none.  On SQLite
    a writing unit is alone already.
    """
    who = sorted(set(people))
    for subject in who:
        unit.put(_MEET, {"subject": subject, "batch": 0, "known_at": 0})
    if len(who) == 1:
        row = unit.row(_HOLD, {"subject": who[0]})
        return {row.subject: row.known_at}
    taken = select(subjects.c.subject, subjects.c.known_at).where(subjects.c.subject.in_(who))
    taken = taken.order_by(subjects.c.subject)
    held = unit.rows(taken.with_for_update() if unit.postgres else taken)
    return {row.subject: row.known_at for row in held}


def append(
    unit: Unit,
    arrivals: Sequence[Arrival],
    *,
    at: int,
    source: str,
    told: Callable[[bytes], str],
    mends: bool = False,
) -> tuple[Accepted | Finding, ...]:
    """Store what arrived, and its journal line, in the order in which it came.

    Each record becomes known at ``at``, or just after the last that we learnt of the person where
    the clock stands behind that: for one person time never goes back.  ``told`` is the keyed
    hash of the journal.  A record of another person's name, one that was deleted for good, two
    that contradict each other, and an event that says what was put right as it was before, are
    findings; the others are stored.  With ``mends`` such an event is stored as it is right.

    Raises:
        InvalidInput: more than 5,000 records at a time.
    """
    if len(arrivals) > _AT_A_TIME:
        raise InvalidInput(
            f"one request must bring {_AT_A_TIME:,} records or fewer; got {len(arrivals):,}; "
            "send them in parts."
        )
    known_at = {s: max(at, last + 1) for s, last in lock(unit, *_people(arrivals)).items()}
    owned = owners.claim(unit, arrivals, told=told)
    good = [one for one in arrivals if owned[owners.digest_of(one)] == one.subject]
    content = hashlib.sha256(b"".join(map(_body, good))).digest()
    line: dict[str, Json] = {"source": source, "records": len(good), "content": told(content)}
    batch = journal.append(unit, "evidence", line, at=at)
    verdicts = _store(unit, good, known_at, batch, mends=mends)
    for subject in _people(one for one in good if verdicts[id(one)] == "new"):
        unit.put(_MOVE, {"who": subject, "to": batch, "at": known_at[subject]})
    foreign = {owners.ERASED: "erased"}
    return tuple(
        outcome(
            one,
            verdicts.get(id(one)) or foreign.get(owned[owners.digest_of(one)], "other_subject"),
            row=row,
            known=Accepted(one.record, "known", known_at[one.subject], batch),
        )
        for row, one in enumerate(arrivals, 1)
    )


def _people(arrivals: Iterable[Arrival]) -> list[str]:
    return sorted({one.subject for one in arrivals})


def _store(
    unit: Unit, good: Sequence[Arrival], known_at: Mapping[str, int], batch: int, *, mends: bool
) -> dict[int, str]:
    """Put each into the person's packed versions and the row journal; what became of it."""
    verdicts: dict[int, str] = {}
    new: list[Arrival] = []
    ordered = sorted(good, key=lambda one: (one.subject, one.kind.name))
    for (subject, _), group in groupby(ordered, key=lambda one: (one.subject, one.kind.name)):
        mine = list(group)
        versions = read_versions(unit, subject, mine[0].kind)
        stored = []
        for one in mine:
            right, wrong = as_right(one, versions)
            if wrong is not None and not mends:
                verdicts[id(one)] = f"put_right {wrong}"
                continue
            row = _version(right, known_at[subject], batch)
            verdicts[id(one)] = add_version(versions, row, one.kind)
            if verdicts[id(one)] == "new":
                stored.append(right)
        if stored:
            write_versions(unit, subject, mine[0].kind, versions)
            new += stored
    for one in new:
        values: dict[str, Any] = {
            "subject": one.subject,
            "kind": one.kind.name,
            "source": one.source,
            "record": one.record,
            "cause": one.cause,
            "known_at": known_at[one.subject],
            "batch": batch,
            "body": _body(one),
        }
        unit.put(_JOURNAL, values)
    return verdicts


def _version(one: Arrival, known_at: int, batch: int) -> dict[str, Value]:
    return {
        **one.values,
        **one.groups,
        "source": one.source,
        "record": one.record,
        "subject": one.subject,
        "cause": one.cause,
        "known_at": known_at,
        "batch": batch,
    }


def _body(one: Arrival) -> bytes:
    return msgspec.msgpack.encode({**one.values, **one.groups})


@dataclass(frozen=True, slots=True)
class Journalled:
    """A row of the row journal: one version, as it arrived."""

    subject: str
    kind: str
    source: str
    record: str
    cause: str
    known_at: int
    values: Mapping[str, Value]


def rows_of(unit: Unit, batches: Sequence[int]) -> list[Journalled]:
    """The versions that arrived in these batches, in the order in which they did."""
    if not batches:
        return []
    found = select(rows).where(rows.c.batch.between(min(batches), max(batches)))
    wanted = frozenset(batches)
    return [
        Journalled(
            row.subject, row.kind, row.source, row.record, row.cause, row.known_at,
            msgspec.msgpack.decode(row.body),
        )
        for row in unit.rows(found.order_by(rows.c.batch, rows.c.id))
        if row.batch in wanted
    ]  # fmt: skip


# --- packed versions, with the protected columns -------------------------------------------------


def read_versions(unit: Unit, subject: str, kind: Kind) -> list[dict[str, Value]]:
    """A person's versions of ``kind`` in the order in which they came, protected columns too."""
    asked = {"subject": subject, "name": kind.name, "apart": groups_of(kind)}
    bodies = {row.kind: row.body for row in unit.rows(_BODIES, asked)}
    if kind.name not in bodies:
        return []
    versions = unpack(bodies[kind.name], kind.types, subject)
    if groups_of(kind) in bodies:
        apart = {_name(r): r for r in unpack(bodies[groups_of(kind)], _apart(kind), subject)}
        versions = [{**row, **apart.get(_name(row), {})} for row in versions]
    return versions


def write_versions(
    unit: Unit, subject: str, kind: Kind, versions: Sequence[Mapping[str, Value]]
) -> None:
    """Store ``versions`` in place of those that were there; the protected columns apart."""
    values = [
        {
            "subject": subject,
            "kind": kind.name,
            "versions": len(versions),
            "digest": digest(versions, kind),
            "body": pack(versions, kind.types),
        }
    ]
    protected = [column.name for column in kind.columns if column.group]
    said = [row for row in versions if any(row.get(name) is not None for name in protected)]
    if said:
        whole = [{**dict.fromkeys(protected), **row} for row in said]
        apart = {"versions": len(said), "digest": NOTHING, "body": pack(whole, _apart(kind))}
        values.append({"subject": subject, "kind": groups_of(kind), **apart})
    for row in values:
        unit.put(_PACK, row)


def _packing(insert: Callable[..., Any]) -> Any:
    new = insert(packed)
    told = {name: new.excluded[name] for name in ("versions", "digest", "body")}
    return new.on_conflict_do_update(index_elements=["subject", "kind"], set_=told)


_PACK = Prepared(_packing, *packed.c.keys())


def groups_of(kind: Kind) -> str:
    """The name under which a kind's protected columns are packed, apart from the kind."""
    return f"groups_{kind.name}"


def _apart(kind: Kind) -> list[str]:
    return ["source", "record", "known_at", *(c.name for c in kind.columns if c.group)]


def _name(row: Mapping[str, Value]) -> tuple[Value, Value, Value]:
    return row["source"], row["record"], row["known_at"]
