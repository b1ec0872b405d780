"""Disputes: a person says that a record is wrong; what follows, and by when.

What is disputed is marked in every answer, or withheld from it, as the jurisdiction says.  A
correction is a new version of the record; every answer that used the old one is listed, and given
again as of its own moment with what is known today.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._access import Caller, demand_open
from benne.app.stores.online import answers, corrections, disputes, evidence
from benne.evidence import Arrival, Kind, Rules, arrival
from benne.kernel import (
    InvalidInput,
    Json,
    NotFound,
    NotPermitted,
    Row,
    Value,
    iso,
    subject_id,
)
from benne.rights import (
    Dispute,
    DisputeEvent,
    Jurisdiction,
    dispute_after,
    jurisdiction,
    must_delete,
)

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit
    from benne.app.stores.online.answers import Given
    from benne.app.stores.online.disputes import Name

_MARKS = {
    "open": "dispute",
    "withdraw": "correction",
    "uphold": "correction",
    "correct": "correction",
    "state": "correction",
}
"""The cause of the version that each act makes; an extension makes none."""


@dataclass(frozen=True, slots=True)
class Disputed:
    """How a record stands after an act, and the answers that rest on what was corrected."""

    dispute: Dispute
    rests_on_it: tuple[str, ...] = ()
    batch: int | None = None  # of the version that the act made


def dispute(
    service: Service,
    unit: Unit,
    subject: str,
    name: Name,
    act: str,
    *,
    text: str = "",
    changes: Mapping[str, Json] | None = None,
) -> Disputed:
    """Do ``act`` (open, extend, uphold, correct, withdraw, state) about a record of a person.

    ``name`` is (kind, source, record).  ``text`` is why it is opened or extended, or the person's
    statement.  ``changes`` are the columns that a correction puts right, as JSON values.

    Raises:
        NotFound: the person has no such record.
        Conflict: the record's state allows no such act, or the jurisdiction's clock does not.
        InvalidInput: a text or a change that is not allowed; ``changes`` without ``correct``.
    """
    law, at = _law(service), service.clock()
    if (act == "correct") != (changes is not None):
        raise InvalidInput("a correction needs the columns that it changes, and nothing else does.")
    evidence.lock(unit, subject)
    kind, own = _versions(service, unit, subject, name)
    first, last = own[0], own[-1]
    before = disputes.of_person(unit, subject).get(name, ())
    event = DisputeEvent(act, max([at, *(one.at for one in before)]), text)
    after = dispute_after((*before, event), law)
    disputes.add(unit, subject, name, event)
    line: dict[str, Json] = {
        "act": act,
        "state": after.state,
        "person": service.told(subject.encode()),
        "record": service.told("\0".join(name).encode()),
        "due_at": None if after.due_at is None else iso(after.due_at),
    }
    service.note(unit, "dispute", line)
    rests: tuple[str, ...] = ()
    if act == "correct":
        batch = first["batch"]
        assert isinstance(batch, int)
        rests = tuple(one.id for one in that_used(unit, subject, since=batch))
    marked = None
    if act in _MARKS:
        marked = _mark(service, unit, kind, last, _MARKS[act], after.state, changes or {})
    return Disputed(after, rests, marked)


FURNISHERS_ACTS = ("uphold", "correct", "extend")
"""What may be done about a disputed record by who brought it, and checks it."""


def answer_dispute(
    service: Service,
    unit: Unit,
    caller: Caller,
    *,
    subject: str,
    kind: str,
    record: str,
    act: str,
    text: str = "",
    changes: Mapping[str, Json] | None = None,
) -> Dispute:
    """The caller's organisation has checked a record that it brought: it stands, or is put right.

    What rested on a record that is put right is given again by a worker.

    Raises:
        Unauthenticated, ScopeMissing: the caller may not.
        NotFound: it brought no such record of this person.
        NotPermitted: an act that is the person's.
        Conflict, InvalidInput: as ``dispute``.
    """
    caller.demand("evidence.write")
    demand_open(unit, caller)
    if act not in FURNISHERS_ACTS:
        raise NotPermitted(f"who brought it may {', '.join(FURNISHERS_ACTS)}; {act} is not theirs.")
    name = kind, caller.books, record
    done = dispute(service, unit, subject, name, act, text=text, changes=changes)
    if act == "correct" and done.batch is not None:
        corrections.put(unit, subject, [name], batch=done.batch)
    return done.dispute


def subject_of(service: Service, unit: Unit, name: str) -> str:
    """The pseudonym of a person named by it, or by the sources' own identifier.

    Raises:
        NotFound: nothing is known of anybody of that name.
    """
    for subject in (name, subject_id(name, key=service.key)):
        if evidence.is_known(unit, subject):
            return subject
    raise NotFound("nothing is known here of anybody of that name; check it.")


def _law(service: Service) -> Jurisdiction:
    return jurisdiction(service.workspace.rights.jurisdiction)


def _versions(service: Service, unit: Unit, subject: str, name: Name) -> tuple[Kind, Sequence[Row]]:
    """The record's kind, and its versions in the order in which they came."""
    kind_name, source, record = name
    kind = next((one for one in service.workspace.kinds if one.name == kind_name), None)
    versions = [] if kind is None else evidence.read_versions(unit, subject, kind)
    own = [v for v in versions if v["source"] == source and v["record"] == record]
    if kind is None or not own or own[-1]["cause"] == "retraction":
        raise NotFound(f"the person has no record {record!r} of kind {kind_name!r} by {source!r}.")
    return kind, own


def _mark(
    service: Service,
    unit: Unit,
    kind: Kind,
    last: Row,
    cause: str,
    state: str,
    changes: Mapping[str, Json],
) -> int | None:
    """Store the version that says so: the values as they stand, but for what is put right.

    Its batch.
    """
    values: dict[str, Value] = {c.name: last.get(c.name) for c in kind.columns}
    values |= _checked(service, kind, last, changes)
    if kind.name == "breach":
        values["dispute"] = state
    made = Arrival(
        subject=str(last["subject"]),
        kind=kind,
        source=str(last["source"]),
        record=str(last["record"]),
        cause=cause,
        values={c.name: values[c.name] for c in kind.columns if not c.group},
        groups={
            c.name: values[c.name] for c in kind.columns if c.group and values[c.name] is not None
        },
    )
    done = evidence.append(unit, [made], at=service.clock(), source=made.source, told=service.told)
    return next((one.batch for one in done if isinstance(one, evidence.Accepted)), None)


def _checked(
    service: Service, kind: Kind, last: Row, changes: Mapping[str, Json]
) -> dict[str, Value]:
    """The changes, cast and checked as evidence that arrives is."""
    own = {column.name: column for column in kind.columns}
    unknown = sorted(set(changes) - set(own))
    if unknown:
        raise InvalidInput(f"{kind.name!r} has no column {unknown[0]!r}; it has {', '.join(own)}.")
    shown: dict[str, Json] = {
        name: iso(value) if column.type == "instant" and isinstance(value, int) else value
        for name, column in own.items()
        if (value := last.get(name)) is not None
    }
    record: dict[str, Json] = {
        **shown, **changes, "record": str(last["record"]), "subject": str(last["subject"])
    }  # fmt: skip
    rules = Rules(
        service.workspace.currency.code,
        service.workspace.rights.jurisdiction,
        service.clock(),
    )
    made = arrival(record, kind=kind, source=str(last["source"]), rules=rules)
    if not isinstance(made, Arrival):
        raise InvalidInput(str(made[0]))
    every = {**made.values, **made.groups}
    return {name: every.get(name) for name in changes}


def that_used(unit: Unit, subject: str, *, since: int, before: int | None = None) -> list[Given]:
    """Answers given since the record was known (from batch ``since`` on) and ``before`` it was put
    right, but for those that were given again."""
    return [
        one
        for one in answers.of_person(unit, subject, since_batch=since)
        if one.body is not None
        and one.rescored_from is None
        and (before is None or one.batch < before)
    ]


def unanswered(service: Service, unit: Unit, *people: str) -> list[tuple[str, Name]]:
    """Disputed records that must be deleted, since nobody verified them in time: of whom, which.

    Those of ``people``; of everybody, if none is named.
    """
    law, at = _law(service), service.clock()
    return [
        (subject, name)
        for subject in people or disputes.people(unit)
        for name, events in disputes.of_person(unit, subject).items()
        if must_delete(dispute_after(events, law), law, at)
    ]
