"""What a person may do about themself: see the score, who asked and the consents; take a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.app._asking import Question, Replied
from benne.app._consenting import Receipt, receipt
from benne.app.stores.online import asks, consents
from benne.app.stores.online.asks import Ask
from benne.kernel import Json, iso
from benne.rights import LawfulBasis, Permit, permit_on_basis
from benne.scores import Score

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

_PERMIT_LIFE = 60 * 1_000_000
_SELF = "self"


def own_permit(service: Service, subject: str) -> Permit:
    """The permit of a person who asks about themself: to ask is to consent.

    Raises:
        ClosedByRule: a rule of the day closes even this.
    """
    at = service.clock()
    return permit_on_basis(
        LawfulBasis("consent", "the person asks about themself"),
        purpose="self_view",
        jurisdiction=service.workspace.rights.jurisdiction,
        issued_at=at,
        expires_at=at + _PERMIT_LIFE,
        subjects=frozenset({subject}),
        asking=service.workspace.rights.asking,
        warned=True,
    )


def own_score(service: Service, unit: Unit, subject: str) -> Replied:
    """The person's own score, with its parts and reasons; free, and told to nobody else."""
    permit = own_permit(service, subject)
    name = service.workspace.service.family
    at = service.clock()
    reading = service.reader(unit, subject, permit=permit, as_of=at, family=name)
    answer = reading.answer
    reply = Replied(
        id=service.new_id(),
        question=Question("score", _SELF, "self_view"),
        answer=answer,
        content=answer if isinstance(answer, Score) else None,
        as_of=reading.as_of,
        family=name,
        mode="production",
        reading=reading,
        permit=permit,
    )  # fmt: skip
    asks.add(
        unit,
        Ask(
            answer=reply.id,
            organisation=_SELF,
            client=_SELF,
            subject=subject,
            consent=None,
            asked="score",
            purpose="self_view",
            outcome=reply.kind,
            threshold=None,
            charged=False,
            at=at,
        ),
    )
    service.note(
        unit,
        "own_answer",
        {"answer": reply.id, "person": service.hashed(subject), "permit": permit.hash},
    )
    return reply


def own_consents(service: Service, unit: Unit, subject: str) -> list[Receipt]:
    """Every consent that the person gave, and how each stands, the newest first."""
    return [receipt(service, one) for one in consents.of_subject(unit, subject)]


def who_asked(unit: Unit, subject: str, *, before: int | None, limit: int) -> list[Ask]:
    """Who asked about the person, the newest first."""
    return asks.about(unit, subject, before=before, limit=limit)


def own_copy(service: Service, unit: Unit, subject: str) -> dict[str, Json]:
    """A copy of all that is held of the person: evidence, consents, who asked, answers.

    Raises:
        ClosedByRule: a rule of the day closes even this.
    """
    permit = own_permit(service, subject)
    at = service.clock()
    reading = service.reader(
        unit, subject, permit=permit, as_of=at, family=service.workspace.service.family
    )
    evidence: dict[str, Json] = {
        kind: [dict(row) for row in rows] for kind, rows in sorted(reading.seen.items()) if rows
    }
    asked: list[Json] = [
        {
            "answer": one.answer,
            "organisation": one.organisation,
            "asked": one.asked,
            "purpose": one.purpose,
            "outcome": one.outcome,
            "at": iso(one.at),
        }
        for one in asks.about(unit, subject, before=None, limit=100_000)
    ]
    given: list[Json] = [
        {**one.consent.receipt(), "status": one.status}
        for one in own_consents(service, unit, subject)
    ]
    service.note(unit, "own_copy", {"person": service.hashed(subject)})
    return {
        "schema": 1,
        "as_of": iso(reading.as_of),
        "evidence": evidence,
        "consents": given,
        "asked": asked,
    }
