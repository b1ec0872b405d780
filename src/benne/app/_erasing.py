"""Access, erasure and retention: what is known is shown, and what must go really goes.

The journal keeps a proof without the data; ``benne sync`` deletes in the lake what was deleted
here; an answer that rested on what is gone is replayed as ``Erased``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._disputing import subject_of, unanswered
from benne.app._order_rights import orders_of_person, orders_that_hold
from benne.app.stores.online import (
    answers,
    asks,
    consents,
    corrections,
    deletions,
    disputes,
    erasures,
    evidence,
    jobs,
    keys,
    limits,
    network,
    orders,
    owners,
    policies,
)
from benne.evidence import Kind
from benne.kernel import MICROS_PER_DAY, Json, NotFound, Value, canonical_json, iso
from benne.rights import Entry, Fate, Keep, erasure, erasure_proof, jurisdiction, obsolete

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

_PEOPLE_AT_A_TIME = 50
_LOOK_AGAIN = 30 * MICROS_PER_DAY
"""After what time, at the latest, a person is looked at again who could not be erased whole."""
_STAYS = ("id", "asked", "person", "purpose", "mode", "as_of", "family")
"""What stays of an answer of a job: who asked knows it, and nothing of it is of the person."""


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What became of a person's records, and whether nothing is left."""

    fates: tuple[Fate, ...]
    whole: bool

    def lines(self) -> Iterator[str]:
        """For a person to read."""
        gone = [fate for fate in self.fates if fate.act == "delete"]
        held = [fate for fate in self.fates if fate.act != "delete"]
        yield f"{len(gone):,} records deleted, in every version"
        for rule in dict.fromkeys(fate.rule for fate in held):
            own = [fate for fate in held if fate.rule == rule]
            ends = [fate.at for fate in own if fate.at is not None]
            until = f" until {iso(max(ends))}" if len(ends) == len(own) else ", its end not known"
            yield f"{len(own):,} records held under {rule}{until}"


def erase_person(
    service: Service, unit: Unit, subject: str, *, keeps: Iterable[Keep] = ()
) -> Forgotten:
    """Erase a person, as far as the law lets: records, answers, disputes, who asked.

    Holds of consents for a running business stand in the way, and whatever else ``keeps`` names;
    once they are over, a worker goes on by itself.

    Raises:
        NotFound: nothing is known of the person.
    """
    at, law = service.clock(), jurisdiction(service.workspace.rights.jurisdiction)
    if not evidence.is_known(unit, subject):
        raise NotFound("nothing is known here of this person.")
    orders.of_subject(unit, subject, lock=True)  # as acts do: the order first, then its evidence
    evidence.lock(unit, subject)
    entries = _entries(unit, subject, service.workspace.kinds)
    stand = [*keeps, *_running(unit, subject)]
    fates = erasure(entries, law, requested_at=at, keeps=stand)
    whole = _delete(service, unit, subject, fates, at=at)
    if not (whole or not entries):
        ends = [fate.at for fate in fates if fate.act != "delete" and fate.at is not None]
        soon = min([end for end in ends if end > at], default=at + _LOOK_AGAIN)
        erasures.wait(unit, subject, next_at=min(soon, at + _LOOK_AGAIN))
    else:
        erasures.done(unit, subject)
        rule = next((fate.rule for fate in fates), law.erasure_rule(at)[0])
        answers.erase(unit, subject, at=at, rule=rule)
        disputes.forget(unit, subject)
        asks.erase_subject(unit, subject)
        corrections.forget(unit, subject)
        policies.erase_subject(unit, subject)
        orders.erase_subject(unit, subject)
        limits.erase_subject(unit, subject)
        network.forget(unit, subject)
        keys.erase_subject(unit, subject)
        jobs.erase_subject(unit, subject, lambda body: _erased_answer(body, rule=rule, at=at))
    return Forgotten(fates, whole)


def _erased_answer(body: bytes, *, rule: str, at: int) -> bytes:
    """An answer of a job, once the person was erased: typed as any other."""
    told = json.loads(body)
    left: dict[str, Json] = {name: told[name] for name in _STAYS}
    left |= {"answer": "erased", "rule": rule, "erased_at": iso(at), "model": None}
    left |= {"evidence": None, "freshness": {"last_known_at": None, "days": None}}
    return canonical_json(left).encode()


def _entries(unit: Unit, subject: str, kinds: Iterable[Kind]) -> list[Entry]:
    """Each record as it stands: its last version."""
    found = []
    for kind in kinds:
        last: dict[tuple[Value, Value], dict[str, Value]] = {}
        for row in evidence.read_versions(unit, subject, kind):
            name = row["source"], row["record"]
            if name not in last or row["known_at"] >= last[name]["known_at"]:  # type: ignore[operator]
                last[name] = row
        for (source, record), row in last.items():
            found.append(Entry(kind.name, str(source), str(record), row))
    return found


def _running(unit: Unit, subject: str) -> list[Keep]:
    """What running businesses hold: consents that are held, and the records of running orders."""
    holds = [
        Keep(f"hold:{hold.reason}", hold.ends_at)
        for consent in consents.of_subject(unit, subject)
        for hold in consent.holds
    ]
    return [*orders_that_hold(unit, subject), *holds]


def _delete(service: Service, unit: Unit, subject: str, fates: Iterable[Fate], *, at: int) -> bool:
    """Delete what must go, a journal line for each rule; whether nothing is left."""
    by_rule: dict[str, list[Fate]] = {}
    for fate in fates:
        if fate.act == "delete":
            by_rule.setdefault(fate.rule, []).append(fate)
    whole = False
    for rule, own in sorted(by_rule.items()):
        proof = erasure_proof(own, subject=subject, key=service.derived("erasure"), done_at=at)
        whole = deletions.delete_records(
            unit,
            subject,
            [(fate.kind, fate.source, fate.record) for fate in own],
            service.workspace.kinds,
            line=service.numbered(unit, "deleted", proof),
            at=at,
            rule=rule,
            told=service.told,
        )
        for fate in own:
            disputes.forget(unit, subject, (fate.kind, fate.source, fate.record))
    return whole


def hide_older_deletions(service: Service) -> None:
    """Key the digests of deleted records that an older Benne left plain in the store."""
    with service.online.reading() as unit:
        waiting = owners.has_older(unit)
    while waiting:
        waiting = service.online.run(lambda unit: owners.hide_older(unit, told=service.told)) > 0


def erase(service: Service, name: str) -> Forgotten:
    """``erase_person`` of whoever has this name, in a transaction of its own."""
    with service.online.begin() as unit:
        return erase_person(service, unit, subject_of(service, unit, name))


def export(service: Service, name: str) -> dict[str, Json]:
    """``export_person`` of whoever has this name; the journal tells that it was done."""
    with service.online.begin() as unit:
        subject = subject_of(service, unit, name)
        found = export_person(service, unit, subject)
        service.note(unit, "access", {"person": service.told(subject.encode())})
    return found


# --- retention -----------------------------------------------------------------------------


def retain(service: Service) -> int:
    """Delete everywhere what is past its horizon, and what nobody verified in time; how many
    records.

    Each person is a transaction of its own: what is done stays done, and the next run does the
    rest.
    """
    done, after = retain_some(service)
    while after:
        more, after = retain_some(service, after=after)
        done += more
    return done


def retain_some(service: Service, *, after: str = "") -> tuple[int, str]:
    """``retain`` for some people after one of them: how many records, and who was the last.

    Nobody was last (an empty name) where all have been looked at.
    """
    law, at = jurisdiction(service.workspace.rights.jurisdiction), service.clock()
    bound = {horizon.kind for horizon in law.horizons(at)}
    kinds = [kind for kind in service.workspace.kinds if kind.name in bound]
    with service.online.reading() as unit:
        late = {subject for subject, _ in unanswered(service, unit)} if not after else set()
        people = evidence.people(unit, after=after, at_most=_PEOPLE_AT_A_TIME) if kinds else []
        due = [s for s in people if obsolete(_entries(unit, s, kinds), law, at)]
    done = 0
    for subject in sorted({*due, *late}):
        with service.online.begin() as unit:
            done += _retain_person(service, unit, subject, kinds, at=at)
    return done, people[-1] if people else ""


def erase_waiting(service: Service, *, at_most: int = _PEOPLE_AT_A_TIME) -> int:
    """Go on with who asked for erasure, where what was held is held no longer; how many people.

    Each is a transaction of its own.
    """
    at = service.clock()
    with service.online.reading() as unit:
        due = erasures.due(unit, at=at, at_most=at_most)
    for subject in due:
        with service.online.begin() as unit:
            if erasures.is_due(unit, subject, at=at):
                erase_person(service, unit, subject)
    return len(due)


def _retain_person(
    service: Service, unit: Unit, subject: str, kinds: Iterable[Kind], *, at: int
) -> int:
    """Look again behind the person's lock, and delete; how many records."""
    law = jurisdiction(service.workspace.rights.jurisdiction)
    evidence.lock(unit, subject)
    entries = _entries(unit, subject, service.workspace.kinds)
    there = {(entry.kind, entry.source, entry.record) for entry in entries}
    names = {kind.name for kind in kinds}
    fates = [*obsolete([entry for entry in entries if entry.kind in names], law, at)]
    rule = law.dispute_rule(at)[0]
    gone = {(fate.kind, fate.source, fate.record) for fate in fates}
    for _, name in unanswered(service, unit, subject):
        if name in there - gone:
            fates.append(Fate(*name, "delete", rule, at))
    if fates:
        _delete(service, unit, subject, fates, at=at)
    return len(fates)


# --- access --------------------------------------------------------------------------------


def export_person(service: Service, unit: Unit, subject: str) -> dict[str, Json]:
    """Everything that is stored of a person, as JSON: every version, answer, dispute and asker.

    Raises:
        NotFound: nothing is known of the person.
    """
    if not evidence.is_known(unit, subject):
        raise NotFound("nothing is known here of this person.")
    kinds: dict[str, Json] = {}
    for kind in service.workspace.kinds:
        versions = evidence.read_versions(unit, subject, kind)
        if versions:
            kinds[kind.name] = [_shown(row, kind) for row in versions]
    given: list[Json] = [
        {"id": one.id, "at": iso(one.at), "answer": json.loads(one.body)}
        for one in answers.of_person(unit, subject)
        if one.body is not None
    ]
    disputed: list[Json] = [
        {
            "kind": kind,
            "source": source,
            "record": record,
            "events": [{"act": e.act, "at": iso(e.at), "text": e.text} for e in events],
        }
        for (kind, source, record), events in disputes.of_person(unit, subject).items()
    ]
    asked: list[Json] = [
        {"at": iso(a.at), "organisation": a.organisation, "asked": a.asked, "purpose": a.purpose,
         "outcome": a.outcome}
        for a in asks.about(unit, subject, before=None, limit=100_000)
    ]  # fmt: skip
    return {
        "schema": 1,
        "subject": subject,
        "evidence": kinds,
        "answers": given,
        "disputes": disputed,
        "asked": asked,
        "orders": orders_of_person(unit, subject),
        "consents": [
            json.loads(consent.signed.canonical) for consent in consents.of_subject(unit, subject)
        ],
    }


def _shown(row: dict[str, Value], kind: Kind) -> dict[str, Json]:
    """A version for a person to read: instants as ISO 8601, no end as null."""
    instants = {"known_at", "superseded_at"}
    instants |= {column.name for column in kind.columns if column.type == "instant"}
    return {
        name: (iso(value) if isinstance(value, int) and value < 2**62 else None)
        if name in instants
        else value
        for name, value in row.items()
        if name != "subject"
    }
