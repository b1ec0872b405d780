"""Ask about a person: grants, consent, permit, evidence, answer, journal, in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

from benne.app._access import Caller, demand_open
from benne.app._consulting import Verdict, consult
from benne.app._keeping import record_reply
from benne.app._reading import Reading
from benne.app._refusals import TooManyThresholds
from benne.app._sandbox import sandbox_subject
from benne.app.stores.online import asks, clients, consents, evidence, journal, policies
from benne.kernel import MICROS_PER_DAY, Value, iso
from benne.rights import (
    ClosedByRule,
    Consent,
    ConsentMissing,
    Permit,
    forget_at,
    next_answer_at,
    permit_on_consent,
)
from benne.scores import (
    Answer,
    Erased,
    Inquiries,
    NoConsent,
    NotEnoughEvidence,
    Score,
    Unavailable,
    Watchlist,
    inquiries,
    watchlist,
)

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Ahead, Unit

Asked: TypeAlias = Literal["score", "brief", "level", "consult", "watchlist", "inquiries"]
PERMIT_LIFE = 60 * 1_000_000


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of whom: ``person`` is ``known_as`` of their consent.

    ``threshold`` goes with ``brief``; ``service``, ``amount_minor`` and the
    merchant's own ``fields`` with ``consult``.
    """

    asked: Asked
    person: str
    purpose: str
    threshold: int | None = None
    service: str | None = None
    amount_minor: int | None = None
    fields: Mapping[str, Value] = field(default_factory=dict)


class Reader(Protocol):
    """Who answers from a person's evidence, under a permit."""

    def __call__(
        self, unit: Unit, subject: str, *, permit: Permit, as_of: int, family: str
    ) -> Reading:
        """The answer of a family of score about ``subject`` at ``as_of``."""


Content: TypeAlias = Score | bool | Verdict | Watchlist | Inquiries | None


@dataclass(frozen=True, slots=True)
class Replied:
    """An answer with all that is told beside it.

    ``content`` is what was asked for: a score (``score``, ``level``), whether the threshold is
    reached, a verdict, or a list; ``None`` where ``answer`` says why there is nothing.
    ``status`` says how the consent stands where there is ``NoConsent``.
    """

    id: str
    question: Question
    answer: Answer | None
    content: Content
    as_of: int
    family: str
    mode: str
    reading: Reading | None = None
    permit: Permit | None = None
    consent: Consent | None = None
    keep_until: int | None = None
    status: str = "absent"
    rule: str | None = None
    again_at: int | None = None

    @property
    def kind(self) -> str:
        """The type of the answer, as the wire names it."""
        match self.answer:
            case NoConsent():
                return "no_consent"
            case Unavailable():
                return "unavailable"
            case Erased():
                return "erased"
            case NotEnoughEvidence() if self.content is None:
                return "not_enough_evidence"
            case _:
                return self.question.asked


def ask(service: Service, unit: Unit, caller: Caller, question: Question) -> Replied:
    """The typed answer to ``question``; its row, its charge and its journal line are with it.

    Raises:
        Unauthenticated: the client was closed.
        ScopeMissing, PurposeNotGranted, MoreThanNeeded: the caller was not given this.
        TooManyThresholds: another threshold of the same person would find out the score.
    """
    caller.demand(f"answers.{question.asked}")
    caller.demand_purpose(question.purpose, question.asked)
    unit.ahead(*asked_first(caller, question.person))
    demand_open(unit, caller)
    reply = _reply(service, unit, caller, question)
    record_reply(service, unit, caller, reply)
    return reply


def asked_first(caller: Caller, person: str) -> Ahead:
    """What ``ask`` will ask the store first, for ``once``."""
    return clients.asked(caller.client), *consents.asked(caller.organisation, person)


def _reply(service: Service, unit: Unit, caller: Caller, question: Question) -> Replied:
    if caller.mode == "test":
        return _sandboxed(service, unit, caller, question)
    given = [
        (service.opened(one.signed), one)
        for one in consents.of_person_at(unit, caller.organisation, question.person)
    ]
    at = service.clock()  # now that the consent is held: after all that was answered under it
    name = service.workspace.service.family
    refused: ConsentMissing = ConsentMissing("absent", "the person gave you no consent; ask them.")
    for consent, stored in given:
        try:
            permit = permit_on_consent(
                consent,
                stored.events,
                holds=stored.holds,
                merchant=caller.organisation,
                purpose=question.purpose,
                jurisdiction=service.workspace.rights.jurisdiction,
                issued_at=at,
                expires_at=at + PERMIT_LIFE,
                asking=service.workspace.rights.asking,
            )
        except ConsentMissing as missing:
            refused = missing if refused.status == "absent" else refused
            continue
        except ClosedByRule as closed:
            why = Unavailable(name, question.person, at, str(closed))
            return _nothing(service, caller, question, why, rule=closed.rule, consent=consent)
        return _permitted(service, unit, caller, question, permit, consent, at)
    return _nothing(
        service, caller, question, NoConsent(name, question.person, at, str(refused)),
        status=refused.status, consent=given[0][0] if given else None,
    )  # fmt: skip


def _permitted(
    service: Service,
    unit: Unit,
    caller: Caller,
    question: Question,
    permit: Permit,
    consent: Consent,
    at: int,
) -> Replied:
    name = service.workspace.service.family
    since = at - consent.frequency.days * MICROS_PER_DAY
    unit.ahead(
        asks.asked(consent.id, since=since),
        evidence.asked(consent.subject),
        policies.asked(question.service or "", at=at),
        journal.asked(),
    )
    past = asks.answered_under(unit, consent.id, since=since)
    again_at = next_answer_at(consent, past, at)
    if again_at > at:
        why = f"consent {consent.id} allows the next answer at {iso(again_at)}."
        return _nothing(
            service, caller, question, NoConsent(name, question.person, at, why),
            status="frequency", consent=consent, again_at=again_at,
        )  # fmt: skip
    _demand_few_thresholds(service, unit, caller, question, consent.subject)
    reading = service.reader(unit, consent.subject, permit=permit, as_of=at, family=name)
    return Replied(
        id=service.new_id(),
        question=question,
        answer=reading.answer,
        content=_content(service, unit, caller, question, reading, consent.subject, at),
        as_of=reading.as_of,
        family=name,
        mode=caller.mode,
        reading=reading,
        permit=permit,
        consent=consent,
        keep_until=forget_at(consent, at),
        rule=reading.rule,
    )


def _demand_few_thresholds(
    service: Service, unit: Unit, caller: Caller, question: Question, subject: str
) -> None:
    """Refuse one threshold more than the settings allow: each would halve what is not known."""
    if question.threshold is None:
        return
    guard = service.workspace.service
    at, span = service.clock(), guard.thresholds_days * MICROS_PER_DAY
    tried = asks.thresholds_of(unit, caller.organisation, subject, since=at - span)
    if question.threshold in tried or len(tried) < guard.thresholds_at_most:
        return
    again_at = min(tried.values()) + span
    raise TooManyThresholds(
        f"at most {guard.thresholds_at_most} different thresholds may be asked of one person in "
        f"{guard.thresholds_days} days; ask one of {', '.join(map(str, sorted(tried)))} again, or "
        f"wait until {iso(again_at)}.",
        again_at=again_at,
    )


def _content(
    service: Service,
    unit: Unit,
    caller: Caller,
    question: Question,
    reading: Reading,
    subject: str | None,
    at: int,
) -> Content:
    return content_of(
        question,
        reading,
        lambda: consult(
            service, unit, question, reading, merchant=caller.organisation, subject=subject, at=at
        ),
    )


def content_of(question: Question, reading: Reading, decide: Callable[[], Verdict]) -> Content:
    """What was asked for, as ``reading`` has it; ``decide`` gives the verdict of a ``consult``."""
    answer = reading.answer
    if isinstance(answer, NoConsent | Unavailable | Erased):
        return None
    match question.asked:
        case "consult":
            return decide()
        case "watchlist":
            said = {flag.record: flag.statement for flag in reading.flags}
            return watchlist(reading.seen.get("breach", ()), at=reading.as_of, statements=said)
        case "inquiries":
            return inquiries(reading.seen.get("inquiry", ()), at=reading.as_of)
        case "brief" if isinstance(answer, Score):
            assert question.threshold is not None
            return answer.score >= question.threshold
        case _:
            return answer if isinstance(answer, Score) else None


def _nothing(
    service: Service,
    caller: Caller,
    question: Question,
    answer: Answer,
    *,
    status: str = "absent",
    rule: str | None = None,
    consent: Consent | None = None,
    again_at: int | None = None,
) -> Replied:
    return Replied(
        id=service.new_id(),
        question=question,
        answer=answer,
        content=None,
        as_of=answer.as_of,
        family=answer.family,
        mode=caller.mode,
        status=status,
        rule=rule,
        consent=consent,
        again_at=again_at,
    )


def _sandboxed(service: Service, unit: Unit, caller: Caller, question: Question) -> Replied:
    """The answer about a person of the sandbox: the same for the same question, always."""
    reading, status = sandbox_subject(question.person, service.workspace.service.family)
    return Replied(
        id=service.new_id(),
        question=question,
        answer=reading.answer,
        content=_content(service, unit, caller, question, reading, None, service.clock()),
        as_of=reading.as_of,
        family=reading.answer.family,
        mode="test",
        reading=reading,
        status=status,
    )
