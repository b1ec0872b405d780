"""Keep what was answered: who asked, the charge, the journal line, and what a replay needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from benne.app._consulting import KeptDecision, Verdict
from benne.app.stores.online import answers, asks, evidence, policies
from benne.app.stores.online.asks import Ask
from benne.evidence import Arrival
from benne.kernel import Json, Value, canonical_json, content_hash, iso, text_hash
from benne.rights import Consent, Permit
from benne.scores import to_json

if TYPE_CHECKING:
    from benne.app._access import Caller
    from benne.app._asking import Question, Replied
    from benne.app._reading import Reading
    from benne.app._service import Service
    from benne.app.stores.online import Unit

CHARGED = frozenset({"score", "brief", "level", "consult", "watchlist", "inquiries"})
"""Types of answer that are charged.  Why there is no answer never is."""


def record_reply(service: Service, unit: Unit, caller: Caller, reply: Replied) -> None:
    """Write who asked and what it cost, the journal line, and what a replay needs."""
    question, consent = reply.question, reply.consent
    read = reply.reading is not None and reply.mode == "production"
    ask_row = _ask_row(caller, reply, read=read, at=service.clock())
    asks.add(unit, ask_row)
    line: dict[str, Json] = {
        "answer": reply.id,
        "client": caller.client,
        "person": service.hashed(question.person),
        "asked": question.asked,
        "purpose": question.purpose,
        "outcome": reply.kind,
        "mode": reply.mode,
        "charged": ask_row.charged,
    }
    reading, permit = reply.reading, reply.permit
    if not read or reading is None or permit is None or consent is None:
        service.note(unit, "answer", line)
        return
    decided = reply.content.kept if isinstance(reply.content, Verdict) else ()
    if decided:
        line["decided"] = {kept.role: content_hash(kept.body) for kept in decided}
    keep(service, unit, reply, reading, permit, subject=consent.subject, act="answer", line=line)
    keep_decisions(unit, reply.id, decided, subject=consent.subject, at=ask_row.at)
    if question.purpose == "lending":
        _leave_inquiry(service, unit, caller, reply, consent)


def _ask_row(caller: Caller, reply: Replied, *, read: bool, at: int) -> Ask:
    question, consent = reply.question, reply.consent
    return Ask(
        answer=reply.id,
        organisation=caller.organisation,
        client=caller.client,
        subject=None if consent is None else consent.subject,
        consent=consent.id if consent is not None and read else None,
        asked=question.asked,
        purpose=question.purpose,
        outcome=reply.kind,
        threshold=question.threshold if read else None,
        charged=read and reply.kind in CHARGED,
        at=at,
    )


def keep_decisions(
    unit: Unit, answer: str, decided: Iterable[KeptDecision], *, subject: str, at: int
) -> None:
    """Keep what the live policy decided, and one in the shadow."""
    for kept in decided:
        policies.keep(
            unit,
            answer=answer,
            policy=kept.policy,
            role=kept.role,
            body=kept.body,
            subject=subject,
            at=at,
        )


def keep(
    service: Service,
    unit: Unit,
    reply: Replied,
    reading: Reading,
    permit: Permit,
    *,
    subject: str,
    act: str,
    line: Mapping[str, Json],
) -> None:
    """Write the journal's ``line`` on an answer that was read, and keep all that a replay needs."""
    allowed, told = canonical_json(permit.as_json()), canonical_json(to_json(reading.answer))
    rests_on: dict[str, Json] = {
        "permit": text_hash(allowed),
        "model": reading.artefact,
        "evidence": reading.evidence,
        "told": text_hash(told),
    }
    given = answers.Given(
        id=reply.id,
        subject=subject,
        at=service.clock(),
        family=reply.family,
        as_of=reading.as_of,
        known_by=reading.known_by,
        batch=reading.batch,
        artefact=reading.artefact,
        evidence=reading.evidence,
        network=reading.network,
        permit=allowed,
        body=told,
        line=service.numbered(unit, act, {**line, **rests_on}),
        question=_consulted(reply.question),
    )
    answers.put(unit, given)


def _consulted(question: Question) -> str | None:
    """What a consult was about, so that it can be given again; other questions say all they ask
    where who asked is kept."""
    if question.asked != "consult":
        return None
    return canonical_json({"service": question.service, "amount_minor": question.amount_minor})


def _leave_inquiry(
    service: Service, unit: Unit, caller: Caller, reply: Replied, consent: Consent
) -> None:
    """To ask for a loan is evidence: one inquiry a day of each lender, known from now on.

    What is asked for other purposes, or by the person, leaves none.
    """
    at = service.clock()
    day = iso(at)[:10]
    kind = next(kind for kind in service.workspace.kinds if kind.name == "inquiry")
    values: dict[str, Value] = {
        "happened_at": at,
        "purpose": reply.question.purpose,
        "lender": caller.organisation,
    }
    left = Arrival(
        subject=consent.subject,
        kind=kind,
        source="benne",
        record=service.hashed(f"inquiry {caller.organisation} {consent.subject} {day}"),
        cause="event",
        values={column.name: values.get(column.name) for column in kind.columns},
        groups={},
    )
    known = evidence.known(unit, consent.subject, (kind,)).history["inquiry"]
    if any(row["record"] == left.record for row in known):
        return
    evidence.append(unit, [left], at=at, source="benne", told=service.told)
