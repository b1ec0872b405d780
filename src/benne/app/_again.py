"""Answers given again: what rested on a record that was put right, as of its own moment.

Who got the old answer is told, and may have the new one, under the permit of the old and for as
long as the person's consent is in force.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from benne.app._access import Caller, demand_open
from benne.app._asking import PERMIT_LIFE, Content, Question, Replied, content_of
from benne.app._consulting import Verdict, consult_again
from benne.app._disputing import Disputed, dispute, subject_of, that_used
from benne.app._keeping import keep_decisions
from benne.app._reading import flags_at
from benne.app._replay import KeptModels, deleted_since, read_again
from benne.app.stores.online import (
    answers,
    asks,
    clients,
    consents,
    corrections,
    evidence,
    policies,
)
from benne.kernel import Conflict, Json, NotFound, canonical_json, content_hash
from benne.rights import (
    ClosedByRule,
    ConsentMissing,
    forget_at,
    jurisdiction,
    permit_from,
    permit_on_consent,
)
from benne.scores import Answer, Erased, NoConsent, Score, Unavailable, level_of, to_json

if TYPE_CHECKING:
    from benne.app._asking import Asked
    from benne.app._reading import Reading
    from benne.app._service import Service
    from benne.app.stores.online import Unit
    from benne.app.stores.online.answers import Given
    from benne.app.stores.online.asks import Ask
    from benne.app.stores.online.disputes import Name

# --- given again ---------------------------------------------------------------------------


def dispute_named(
    service: Service,
    person: str,
    name: Name,
    act: str,
    *,
    text: str = "",
    changes: Mapping[str, Json] | None = None,
) -> tuple[Disputed, tuple[Given, ...]]:
    """``dispute`` about whoever has this name, in a transaction of its own; after a correction
    the answers that rested on the old version, given again."""
    models = KeptModels(service.workspace)
    with service.online.begin() as unit:
        subject = subject_of(service, unit, person)
        done = dispute(service, unit, subject, name, act, text=text, changes=changes)
        again = [rescore(service, unit, one, models=models) for one in done.rests_on_it]
    return done, tuple(again)


def rescore_corrected(service: Service, models: KeptModels) -> int:
    """Give again what rested on the record whose furnisher put it right first; how many answers.

    Each record is a transaction of its own.  What cannot be given again (its model was not
    kept) has a line in the journal that says so.
    """
    with service.online.reading() as unit:
        if not corrections.waiting(unit):
            return 0
    return service.online.run(lambda unit: _rescore_next(service, unit, models))


def _rescore_next(service: Service, unit: Unit, models: KeptModels) -> int:
    one = corrections.take(unit)
    if one is None:
        return 0
    kind = next((kind for kind in service.workspace.kinds if kind.name == one.kind), None)
    versions = () if kind is None else evidence.read_versions(unit, one.subject, kind)
    batches = [
        row["batch"]
        for row in versions
        if (row["source"], row["record"]) == (one.source, one.record)
    ]
    first = min((batch for batch in batches if isinstance(batch, int)), default=one.batch)
    done = 0
    for given in that_used(unit, one.subject, since=first, before=one.batch):
        try:
            rescore(service, unit, given.id, models=models)
            done += 1
        except NotFound:
            service.note(unit, "not_rescored", {"of": given.id})
    return max(done, 1)


def rescore(service: Service, unit: Unit, answer: str, *, models: KeptModels) -> Given:
    """Give an answer again as of its own moment, with the corrections known today.

    What happened later, such as a payment, is not let in; nor is another model, nor another
    policy.  The answer is kept beside the old one, with a journal line of its own; who was told
    something else is told so.

    Raises:
        NotFound: no answer has this id, or its model was not kept.
        Conflict: it was erased.
    """
    old = answers.find(unit, answer)
    if old.body is None:
        raise Conflict(f"answer {answer} was erased; it cannot be given again.")
    at = service.clock()
    held = evidence.lock(unit, old.subject)
    known_by = max(at, held[old.subject])
    law = jurisdiction(service.workspace.rights.jurisdiction)
    made = read_again(
        models, unit, old, known_by=known_by, flags=flags_at(unit, old.subject, law, at)
    )
    ask = asks.of_answer(unit, old.id)
    content = None if ask is None else _content(service, unit, old, ask, made)
    body = to_json(made.answer)
    line: dict[str, Json] = {"of": old.id, "told": content_hash(body)}
    new = replace(
        old,
        id=service.new_id(),
        at=at,
        known_by=made.known_by,
        batch=made.batch,
        evidence=made.evidence,
        body=canonical_json(body),
        rescored_from=old.id,
    )
    line["answer"] = new.id
    decided = content.kept if isinstance(content, Verdict) else ()
    if decided:
        line["decided"] = {kept.role: content_hash(kept.body) for kept in decided}
    new = replace(new, line=service.numbered(unit, "rescored", line))
    answers.put(unit, new)
    keep_decisions(unit, new.id, decided, subject=new.subject, at=at)
    if ask is not None and _differs(service, unit, models, old, ask, made, content):
        told: dict[str, Json] = {"answer": old.id, "again": new.id}
        service.tell(unit, ask.organisation, "answer.changed", told)
    return new


def _content(service: Service, unit: Unit, given: Given, ask: Ask, reading: Reading) -> Content:
    """What was asked for, as ``reading`` has it; a verdict by the policy that decided then."""
    question = _question(given, ask)
    kept = policies.kept(unit, given.rescored_from or given.id)
    return content_of(
        question, reading, lambda: consult_again(service, unit, question, reading, kept=kept)
    )


def _question(given: Given, ask: Ask, person: str = "") -> Question:
    """The question that the answer was given to.

    Raises:
        NotFound: an older Benne did not keep it whole.
    """
    asked: Asked = ask.asked  # type: ignore[assignment]  # as it was checked when it came
    more = {} if given.question is None else json.loads(given.question)
    if asked == "consult" and not more:
        raise NotFound("what was consulted about was not kept by the Benne that answered.")
    return Question(asked, person, ask.purpose, threshold=ask.threshold, **more)


def _differs(
    service: Service,
    unit: Unit,
    models: KeptModels,
    old: Given,
    ask: Ask,
    made: Reading,
    content: Content,
) -> bool:
    """Whether who asked was told something else: of a yes or no, another yes or no."""
    law = jurisdiction(service.workspace.rights.jurisdiction)
    flags = flags_at(unit, old.subject, law, old.at)
    was = read_again(models, unit, old, flags=flags)
    if deleted_since(unit, old, was) is not None:
        return True
    before = _content(service, unit, old, ask, was)
    return _said(ask, was.answer, before) != _said(ask, made.answer, content)


def _said(ask: Ask, answer: Answer, content: Content) -> object:
    match content:
        case None:
            return type(answer)
        case Score() if ask.asked == "level":
            return level_of(content), content.band
        case Verdict():
            return replace(content, kept=())
        case _:
            return content


# --- looked at by who got it -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Standing:
    """How an answer that an organisation got stands now.

    ``superseded_by`` is the newest answer that was given in its place after a correction;
    ``again_of`` the one in whose place it was given itself.  ``rule`` is that of its erasure.
    ``reply`` is what it says, of the newest that was given again alone: what was told is not
    told twice.
    """

    id: str
    ask: Ask
    given_at: int
    again_of: str | None = None
    superseded_by: str | None = None
    superseded_at: int | None = None
    rule: str | None = None
    reply: Replied | None = None

    @property
    def status(self) -> Literal["stands", "superseded", "erased"]:
        """``stands``, ``superseded`` or ``erased``."""
        if self.rule is not None:
            return "erased"
        return "stands" if self.superseded_by is None else "superseded"


def answer_standing(service: Service, unit: Unit, caller: Caller, name: str) -> Standing:
    """How the answer of this id stands, for the organisation that got it.

    What was given again is told under the permit of the answer in whose place it stands, while
    the person's consent is in force: else it is ``NoConsent``.  It is not charged, and does not
    count against the consent's frequency.

    Raises:
        Unauthenticated: the client was closed.
        NotFound: the organisation got none of this id, or in the other mode.
        ScopeMissing, PurposeNotGranted, MoreThanNeeded: the caller may not ask such a question.
    """
    demand_open(unit, caller)
    given = answers.seek(unit, name)
    root = name if given is None or given.rescored_from is None else given.rescored_from
    ask = asks.of_answer(unit, root)
    if ask is None or not _is_theirs(unit, caller, ask):
        raise NotFound("your organisation got no answer of this id.")
    caller.demand(f"answers.{ask.asked}")
    caller.demand_purpose(ask.purpose, ask.asked)
    if given is None:
        return Standing(name, ask, ask.at)
    newest = answers.last_again(unit, given.subject, root)
    stands = Standing(name, ask, given.at, again_of=given.rescored_from, rule=given.erased_by)
    if newest is not None and newest.id != name:
        return replace(stands, superseded_by=newest.id, superseded_at=newest.at)
    if given.rescored_from is None or stands.rule is not None:
        return stands
    service.note(unit, "answer_looked_at", {"answer": name, "client": caller.client})
    return replace(stands, reply=_told_again(service, unit, given, ask))


def _is_theirs(unit: Unit, caller: Caller, ask: Ask) -> bool:
    asker = clients.find_client(unit, ask.client)
    mine = ask.organisation == caller.organisation
    return mine and asker is not None and asker.mode == caller.mode


def _told_again(service: Service, unit: Unit, given: Given, ask: Ask) -> Replied:
    """What an answer that was given again says to who got the old one, now."""
    stored = consents.find(unit, ask.consent or "")
    if stored is None:
        raise NotFound("the consent under which it was answered is gone.")
    consent = service.opened(stored.signed)
    told = Replied(
        id=given.id,
        question=Question(ask.asked, consent.known_as, ask.purpose),  # type: ignore[arg-type]
        answer=None,
        content=None,
        as_of=given.as_of,
        family=given.family,
        mode="production",
        consent=consent,
    )
    at, rights = service.clock(), service.workspace.rights
    try:
        permit_on_consent(
            consent,
            stored.events,
            holds=stored.holds,
            merchant=ask.organisation,
            purpose=ask.purpose,
            jurisdiction=rights.jurisdiction,
            issued_at=at,
            expires_at=at + PERMIT_LIFE,
            asking=rights.asking,
        )
    except ConsentMissing as missing:
        why = NoConsent(given.family, consent.known_as, given.as_of, str(missing))
        return replace(told, answer=why, status=missing.status)
    except ClosedByRule as closed:
        shut = Unavailable(given.family, consent.known_as, given.as_of, str(closed))
        return replace(told, answer=shut, rule=closed.rule)
    return _read(service, unit, given, ask, told)


def _read(service: Service, unit: Unit, given: Given, ask: Ask, told: Replied) -> Replied:
    """``told`` with what was answered, read again as a replay reads it."""
    consent = told.consent
    assert consent is not None
    law = jurisdiction(service.workspace.rights.jurisdiction)
    flags = flags_at(unit, given.subject, law, given.at)
    reading = read_again(service.kept_models, unit, given, flags=flags)
    gone = deleted_since(unit, given, reading)
    if gone is not None:
        erased = Erased(given.family, consent.known_as, given.as_of, gone.rule, gone.at)
        return replace(told, answer=erased)
    known = [row["known_at"] for rows in reading.seen.values() for row in rows]
    last = max((moment for moment in known if isinstance(moment, int)), default=None)
    return replace(
        told,
        question=_question(given, ask, consent.known_as),
        answer=reading.answer,
        content=_content(service, unit, given, ask, reading),
        reading=replace(reading, last_known_at=last),
        permit=permit_from(json.loads(given.permit or "{}")),
        keep_until=forget_at(consent, given.at),
        rule=reading.rule,
    )
