"""Consult: may the person use a service on credit, and up to what?

The live policy of the service decides; where none is, the threshold and cap that ``benne.toml``
offers.  A policy in the shadow decides too, and its decision is kept and told to nobody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from benne.app._refusals import MoreThanNeeded
from benne.app.settings import OfferTable
from benne.app.stores.online import limits, policies
from benne.decisions import Decision, Policy, decide_on, facts_of, policy_from
from benne.kernel import Corrupt, InvalidInput, NotFound, Type, Value, canonical_json
from benne.orders import standard_services
from benne.scores import Score, admits

if TYPE_CHECKING:
    from benne.app._asking import Question
    from benne.app._reading import Reading
    from benne.app._service import Service
    from benne.app.stores.online import Unit
    from benne.app.stores.online.policies import Role, StoredPolicy
    from benne.orders import Service as OrderService


@dataclass(frozen=True, slots=True)
class KeptDecision:
    """What the policy of this hash decided, with the facts and the trace, as it is kept."""

    role: Role
    policy: str
    body: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a policy says: admit, refuse or refer, with a cap in minor units, and why.

    ``kept`` is what goes into the store beside the answer.
    """

    outcome: Literal["admit", "refuse", "refer"]
    code: str | None = None
    says: str | None = None
    cap_minor: int | None = None
    policy: str | None = None
    kept: tuple[KeptDecision, ...] = ()


REFUSALS = {
    "SCORE_BELOW": "The score does not reach what the service asks for.",
    "NOT_ENOUGH_EVIDENCE": "Too little is known of the person; this is not a low score.",
    "AMOUNT_ABOVE_CAP": "The service lends less than was asked for.",
}
"""Every refusal code of Benne's own, and what it says.  A refusal is an answer, not an error."""


def consult(
    service: Service,
    unit: Unit,
    question: Question,
    reading: Reading,
    *,
    merchant: str,
    subject: str | None,
    at: int,
) -> Verdict:
    """The verdict on a ``consult`` at ``at``; ``subject`` is ``None`` for a person of the sandbox.

    Raises:
        NotFound: no such service.
        MoreThanNeeded: the service is not for this purpose.
        InvalidInput: a field that the policy needs is missing, or does not fit.
    """
    offer = _offer(service, question.service or "")
    if question.purpose not in offer.purposes:
        raise MoreThanNeeded(
            f"{offer.name} is for {', '.join(offer.purposes)}; got {question.purpose}."
        )
    in_force = policies.in_force(unit, offer.name, at=at)
    live, shadow = in_force.get("live"), in_force.get("shadow")
    if live is not None and shadow is not None and live.hash == shadow.hash:
        shadow = None  # it would decide the same
    if live is None and shadow is None:
        return _by_offer(offer, question, reading)
    used = _exposure(unit, merchant, subject, at)
    verdict = (
        _by_offer(offer, question, reading)
        if live is None
        else _by_policy(live, question, reading, used)
    )
    if shadow is None:
        return verdict
    kept = (*verdict.kept, *_shadow(shadow, question, reading, used))
    return replace(verdict, kept=kept)


def _exposure(unit: Unit, merchant: str, subject: str | None, at: int) -> dict[str, Value]:
    """What the person has at risk now, here and everywhere."""
    if subject is None:
        return {"exposure_minor": 0, "exposure_here_minor": 0}
    used = limits.used(unit, subject=subject, merchant=merchant, at=at)
    return {
        "exposure_minor": used["person"].total_minor,
        "exposure_here_minor": used["person_here"].total_minor,
    }


def _by_policy(
    stored: StoredPolicy, question: Question, reading: Reading, used: Mapping[str, Value]
) -> Verdict:
    return _verdict(*_decided(stored, question, reading, used, role="live"), question)


def _verdict(decision: Decision, kept: KeptDecision, question: Question) -> Verdict:
    code = decision.codes[0] if decision.codes else None
    says = decision.says[0] if decision.says else None
    cap, outcome = decision.cap_minor, decision.outcome
    if outcome == "admit" and cap is not None and (question.amount_minor or 0) > cap:
        outcome, code, says = "refuse", "AMOUNT_ABOVE_CAP", REFUSALS["AMOUNT_ABOVE_CAP"]
    return Verdict(outcome, code, says, cap, f"{decision.policy}:{decision.version}", (kept,))


def _shadow(
    stored: StoredPolicy, question: Question, reading: Reading, used: Mapping[str, Value]
) -> tuple[KeptDecision, ...]:
    """What a policy in the shadow would have said.  Its mistakes reach nobody, and are kept."""
    try:
        return (_decided(stored, question, reading, used, role="shadow")[1],)
    except InvalidInput as error:
        return (KeptDecision("shadow", stored.hash, canonical_json({"failed": str(error)})),)


def _decided(
    stored: StoredPolicy,
    question: Question,
    reading: Reading,
    used: Mapping[str, Value],
    *,
    role: Role,
) -> tuple[Decision, KeptDecision]:
    policy = stored_policy(stored.body, tuple(sorted(reading.feature_types.items())))
    facts = {
        **dict(question.fields),
        **used,
        **reading.features(policy.features),
        "amount_minor": question.amount_minor or 0,
    }
    row = facts_of(policy, reading.answer, facts)
    decision = decide_on(policy, row)
    body = canonical_json({"facts": dict(row), "decision": decision.as_json()})
    return decision, KeptDecision(role, stored.hash, body)


def consult_again(
    service: Service,
    unit: Unit,
    question: Question,
    reading: Reading,
    *,
    kept: Mapping[Role, str],
) -> Verdict:
    """The verdict on a ``consult`` that is given again: by the policy that decided then, on the
    facts of then but for what ``reading`` says anew.

    ``kept`` are the decisions under the old answer.  Where what ``benne.toml`` offers decided,
    it decides as it stands now.

    Raises:
        NotFound: there is no such offer any more.
        Corrupt: the policy is gone.
    """
    live = kept.get("live")
    if live is None:
        return _by_offer(_offer(service, question.service or ""), question, reading)
    document = msgspec.json.decode(live)
    decision, row = decided_again(unit, document, reading)
    body = canonical_json({"facts": dict(row), "decision": decision.as_json()})
    return _verdict(decision, KeptDecision("live", document["decision"]["hash"], body), question)


def decided_again(
    unit: Unit, document: dict[str, Any], reading: Reading
) -> tuple[Decision, Mapping[str, Value]]:
    """What the policy of a kept decision decides, with answer and features as ``reading`` has
    them and the other facts as they were stated; and those facts.

    Raises:
        Corrupt: the policy is gone.
    """
    stored = policies.of_hash(unit, document["decision"]["hash"])
    if stored is None:
        raise Corrupt(f"policy {document['decision']['policy']} is gone; put the backup back.")
    policy = stored_policy(stored.body, tuple(sorted(reading.feature_types.items())))
    read = {*policy.features, "answer", "score", "level"}
    stated = {name: value for name, value in document["facts"].items() if name not in read}
    facts = facts_of(policy, reading.answer, {**stated, **reading.features(policy.features)})
    return decide_on(policy, facts), facts


@lru_cache(maxsize=64)
def stored_policy(body: str, features: tuple[tuple[str, Type], ...]) -> Policy:
    """The policy that was stored as ``body``."""
    return policy_from(msgspec.json.decode(body), features=dict(features), where="a stored policy")


def _by_offer(offer: _Offer, question: Question, reading: Reading) -> Verdict:
    code = None
    if not isinstance(reading.answer, Score):
        code = "NOT_ENOUGH_EVIDENCE"
    elif not admits(reading.answer, offer.threshold):
        code = "SCORE_BELOW"
    elif (question.amount_minor or 0) > offer.cap_minor:
        code = "AMOUNT_ABOVE_CAP"
    return Verdict(
        outcome="admit" if code is None else "refuse",
        code=code,
        says=None if code is None else REFUSALS[code],
        cap_minor=offer.cap_minor if code in (None, "AMOUNT_ABOVE_CAP") else None,
        policy=f"offer:{offer.name}",
    )


@dataclass(frozen=True, slots=True)
class _Offer:
    """An offer, with what it takes from its service."""

    name: str
    threshold: int
    cap_minor: int
    purposes: tuple[str, ...]


@lru_cache(maxsize=256)
def offered_service(table: OfferTable) -> OrderService:
    """The service that an offer is of, on the offer's own terms."""
    service, changes = standard_services()[table.service or ""], table.terms.stated
    return service.with_terms(source=f"the offer {table.name}", **changes) if changes else service


@lru_cache(maxsize=256)
def _filled(table: OfferTable) -> _Offer:
    threshold, cap, purposes = table.threshold, table.cap_minor, table.purposes
    if table.service is not None:
        service = offered_service(table)
        terms = service.terms
        threshold = terms.threshold if threshold is None else threshold
        cap = max(terms.deposit_max_minor, terms.charge_max_minor) if cap is None else cap
        purposes = purposes or (service.purpose,)
    assert threshold is not None
    assert cap is not None
    return _Offer(table.name, threshold, cap, purposes or ("deposit_free",))


def offer_purposes(table: OfferTable) -> tuple[str, ...]:
    """What an offer is for."""
    return _filled(table).purposes


def _offer(service: Service, name: str) -> _Offer:
    offers = service.workspace.service.offers
    for offer in offers:
        if offer.name == name:
            return _filled(offer)
    there = ", ".join(offer.name for offer in offers) or "none"
    raise NotFound(f"there is no offer {name!r}; there are: {there}.")
