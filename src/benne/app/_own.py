"""What a person may do about themself: see the score, who asked and the consents; take a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.app._asking import Question, Replied
from benne.app._consenting import Receipt, receipt
from benne.app._disputing import dispute
from benne.app._keeping import keep
from benne.app.stores.online import asks, consents
from benne.app.stores.online.asks import Ask
from benne.kernel import Json, NotPermitted, iso
from benne.rights import Dispute, LawfulBasis, Permit, permit_on_basis
from benne.scores import Score

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

_PERMIT_LIFE = 60 * 1_000_000
_SELF = "self"
OWN_ACTS = ("open", "withdraw", "state")
"""What a person may do about a record of their own."""


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
    """The person's own score, with its parts and reasons; free, told to nobody else, and kept, so
    that it can be replayed."""
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
    line: dict[str, Json] = {"answer": reply.id, "person": service.hashed(subject)}
    keep(service, unit, reply, reading, permit, subject=subject, act="own_answer", line=line)
    return reply


def own_consents(service: Service, unit: Unit, subject: str) -> list[Receipt]:
    """Every consent that the person gave, and how each stands, the newest first."""
    return [receipt(service, one) for one in consents.of_subject(unit, subject)]


def who_asked(unit: Unit, subject: str, *, before: tuple[int, str] | None, limit: int) -> list[Ask]:
    """Who asked about the person, the newest first; ``before`` an (instant, answer)."""
    return asks.about(unit, subject, before=before, limit=limit)


def dispute_own(
    service: Service,
    unit: Unit,
    subject: str,
    name: tuple[str, str, str],
    act: str,
    *,
    text: str = "",
) -> Dispute:
    """Dispute a record of one's own, take it back, or put a statement beside it.

    ``name`` is (kind, source, record).  Who furnished the record is told of a new dispute, and by
    when it must be answered.

    Raises:
        NotPermitted: an act that only who checks the record may do.
        NotFound, Conflict, InvalidInput: as ``dispute``.
    """
    if act not in OWN_ACTS:
        raise NotPermitted(f"a person may {', '.join(OWN_ACTS)}; {act} is for who checks it.")
    done = dispute(service, unit, subject, name, act, text=text).dispute
    if act == "open":
        kind, source, record = name
        due = None if done.due_at is None else iso(done.due_at)
        told: dict[str, Json] = {"kind": kind, "record": record, "answer_by": due}
        service.tell(unit, source, "evidence.disputed", told)
    return done
