"""Bring evidence in from a lake: a kind at a time, in order of subject, resumable.

``load_marks`` says, in the transaction that brought it, how far each kind came; whoever is killed
goes on from there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import msgspec
from sqlalchemy import Column, String, Table, bindparam, select, update

from benne.app.stores.online import corrections, deletions, evidence, journal, owners
from benne.app.stores.online._packing import NOTHING, digest_columns, pack_columns
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.evidence import Kind, merge_versions
from benne.kernel import Json, Value

marks = Table(
    "load_marks",
    METADATA,
    Column("kind", String, primary_key=True),
    Column("lake", Number, nullable=False),
    Column("done_batch", Number, nullable=False),  # whole up to here
    Column("to_batch", Number, nullable=False),  # what is being brought
    Column("subject", String, nullable=False),  # done up to here of that
)

Columns = Mapping[str, list[Value]]
"""Versions in columns, in order of subject."""


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a kind came: whole up to ``done_batch`` of the lake, and of what is up to
    ``to_batch`` all people up to ``subject``."""

    kind: str
    lake: int
    done_batch: int
    to_batch: int
    subject: str

    @property
    def whole(self) -> bool:
        """Whether nothing is under way."""
        return self.done_batch == self.to_batch


def mark_of(unit: Unit, kind: str, *, lake: int, last_batch: int) -> Mark:
    """Where to go on with ``kind``: in the middle of what was begun, or with what is new.

    Another lake begins anew; what is there already is known then.
    """
    row = unit.row(select(marks).where(marks.c.kind == kind))
    if row is None or row.lake != lake:
        return Mark(kind, lake, 0, last_batch, "")
    found = Mark(*row)
    return replace(found, to_batch=last_batch, subject="") if found.whole else found


def put_mark(unit: Unit, mark: Mark) -> None:
    """Say how far a kind came, in the transaction that brought it there."""
    new = unit.insert(marks)
    values = {name: getattr(mark, name) for name in Mark.__dataclass_fields__}
    changed = {name: new.excluded[name] for name in values if name != "kind"}
    unit.run(new.on_conflict_do_update(index_elements=["kind"], set_=changed), values)


def bring(
    unit: Unit, kind: Kind, columns: Columns, *, at: int, told: Callable[[bytes], str]
) -> int:
    """Store loaded versions, all that there are of each person in ``columns``; how many were new.

    Whoever has versions of the kind already, keeps them; those that come beside them are put
    in their place.  What was lawfully deleted here does not come back.
    """
    columns = _without_erased(unit, kind, columns)
    if not columns["subject"]:
        return 0
    subjects: list[str] = columns["subject"]  # type: ignore[assignment]
    spans = list(_spans(subjects))
    people = [subjects[low] for low, _ in spans]
    evidence.lock(unit, *people)
    held = _held(unit, kind, people)
    line: dict[str, Json] = {"kind": kind.name, "versions": len(subjects)}
    line["content"] = told(_content(columns, kind))
    batch = journal.append(unit, "load", line, at=at)
    new = _fresh(unit, kind, columns, [s for s in spans if subjects[s[0]] not in held], batch)
    for low, high in spans:
        if subjects[low] in held:
            new += _merged(unit, kind, columns, low, high, batch)
    _own(unit, kind, columns)
    known_at: list[int] = columns["known_at"]  # type: ignore[assignment]
    last = [{"who": subjects[low], "last": max(known_at[low:high])} for low, high in spans]
    table = evidence.subjects
    later = bindparam("last") > table.c.known_at
    moved = update(table).where(table.c.subject == bindparam("who"))
    unit.run(moved.values(batch=batch), [{"who": one["who"]} for one in last])
    unit.run(moved.where(later).values(known_at=bindparam("last")), last)
    return new


def _without_erased(unit: Unit, kind: Kind, columns: Columns) -> Columns:
    """``columns`` without what the lake still has of people and records that were erased here."""
    people = columns["subject"]
    table = evidence.subjects
    found = select(table.c.subject, table.c.erased_at).where(
        table.c.subject.between(people[0], people[-1]), table.c.erased_at.is_not(None)
    )
    erased = {row.subject: row.erased_at for row in unit.rows(found)}
    names = deletions.pending(unit, kind.name)
    if not erased and not names:
        return columns
    rows = zip(people, columns["known_at"], columns["source"], columns["record"], strict=True)
    stay = [
        i
        for i, (subject, known_at, source, record) in enumerate(rows)
        if not (subject in erased and known_at <= erased[subject]) and (source, record) not in names
    ]
    return {name: [values[i] for i in stay] for name, values in columns.items()}


def _spans(subjects: Sequence[str]) -> Iterator[tuple[int, int]]:
    """The stretch of each person."""
    low = 0
    for i, subject in enumerate(subjects):
        if subject != subjects[low]:
            yield low, i
            low = i
    if subjects:
        yield low, len(subjects)


def _content(columns: Columns, kind: Kind) -> bytes:
    """SHA-256 of whose versions these are, and which."""
    told = hashlib.sha256(kind.name.encode())
    for name in ("subject", "source", "record", "known_at"):
        told.update(msgspec.msgpack.encode(columns[name]))
    return told.digest()


def _held(unit: Unit, kind: Kind, people: Sequence[str]) -> set[str]:
    packed = evidence.packed
    found = select(packed.c.subject).where(
        packed.c.kind == kind.name, packed.c.subject.between(people[0], people[-1])
    )
    return {row.subject for row in unit.rows(found)}


def _fresh(
    unit: Unit, kind: Kind, columns: Columns, spans: Sequence[tuple[int, int]], batch: int
) -> int:
    """Pack the versions of people who have none of the kind, as they are."""
    types, protected = kind.types, [c.name for c in kind.columns if c.group]
    values: list[tuple[object, ...]] = []
    new = 0
    for low, high in spans:
        mine = {name: columns[name][low:high] for name in (*types, *protected)}
        mine["batch"] = [batch] * (high - low)
        subject = columns["subject"][low]
        digest, body = digest_columns(mine, kind), pack_columns(mine, types)
        values.append((subject, kind.name, high - low, digest, body))
        new += high - low
        said = [i for i in range(high - low) if any(mine[p][i] is not None for p in protected)]
        if said:
            names = ["source", "record", "known_at", *protected]
            apart = pack_columns({n: [mine[n][i] for i in said] for n in names}, names)
            values.append((subject, evidence.groups_of(kind), len(said), NOTHING, apart))
    unit.add_missing(evidence.packed, values)
    return new


def _merged(unit: Unit, kind: Kind, columns: Columns, low: int, high: int, batch: int) -> int:
    subject = str(columns["subject"][low])
    names = [name for name in columns if name != "batch"]
    loaded = [
        {**{name: columns[name][i] for name in names}, "batch": batch} for i in range(low, high)
    ]
    versions = evidence.read_versions(unit, subject, kind)
    new = merge_versions(versions, loaded)
    if new:
        evidence.write_versions(unit, subject, kind, versions)
        put_right = {
            (kind.name, str(row["source"]), str(row["record"]))
            for row in versions
            if row["batch"] == batch and row["cause"] in ("correction", "retraction")
        }
        corrections.put(unit, subject, sorted(put_right), batch=batch)
    return new


def _own(unit: Unit, kind: Kind, columns: Columns) -> None:
    named = zip(columns["source"], columns["record"], columns["subject"], strict=True)
    owned = {
        owners.record_digest(kind.name, str(source), str(record)): str(subject)
        for source, record, subject in named
    }
    owners.loaded(unit, owned)
