"""Consents: given, looked at, paused, resumed, revoked, and held for a running business."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._access import Caller, demand_open
from benne.app._order_rights import consent_revoked
from benne.app.stores.online import consents as store, erasures
from benne.app.stores.online.clients import find_organisation
from benne.app.stores.online.consents import StoredConsent
from benne.kernel import MICROS_PER_DAY, InvalidInput, Json, NotFound, pairwise_id, subject_id
from benne.rights import (
    Consent,
    ConsentEvent,
    Frequency,
    Hold,
    check_template,
    consent_status,
    open_consent,
    place_hold,
    sign_consent,
    templates,
    with_event,
)

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit


_OFTEN = Frequency(times=10, days=30)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a person is asked to allow; ``kinds`` empty is all that the templates allow.

    It holds from ``starts_in_days`` on, for ``expires_in_days``; ``evidence_days`` is how far back
    before its start evidence may reach; ``text_hash`` the SHA-256, in hex, of the text shown.
    """

    purposes: frozenset[str]
    text_version: str
    text_hash: str
    ticked_beforehand: bool
    kinds: frozenset[str] = frozenset()
    mode: str = "query"
    frequency: Frequency = _OFTEN
    life_days: int = 30
    starts_in_days: int = 0
    expires_in_days: int = 365
    evidence_days: int = 1826
    warned: bool = False


@dataclass(frozen=True, slots=True)
class Receipt:
    """A consent, how it stands now, and its signature."""

    consent: Consent
    status: str
    key_id: str
    signature: bytes


def give_consent(
    service: Service, unit: Unit, caller: Caller, *, subject: str, terms: Terms
) -> Receipt:
    """Record, signed now, what the person ``subject`` allowed the caller's organisation.

    Raises:
        NotPermitted: the box was ticked beforehand.
        InvalidInput: terms that go beyond the template of a purpose, or cannot be meant.
    """
    demand_open(unit, caller)
    return _given(service, unit, caller.books, subject=subject, terms=terms)


def give_own_consent(
    service: Service, unit: Unit, *, merchant: str, subject: str, terms: Terms
) -> Receipt:
    """Record, signed, what a person who signed in allowed ``merchant`` now.

    Raises:
        NotFound: there is no such organisation.
        NotPermitted, InvalidInput: as ``give_consent``.
    """
    if find_organisation(unit, merchant) is None:
        raise NotFound("there is no such organisation.")
    return _given(service, unit, merchant, subject=subject, terms=terms)


def _given(service: Service, unit: Unit, merchant: str, *, subject: str, terms: Terms) -> Receipt:
    at = service.clock()
    starts_at = at + terms.starts_in_days * MICROS_PER_DAY
    consent = Consent(
        id=service.new_id(),
        subject=subject,
        merchant=merchant,
        known_as=pairwise_id(subject, merchant, key=service.pairwise_key),
        purposes=terms.purposes,
        kinds=terms.kinds or _kinds_allowed(terms.purposes, service.kind_domains),
        mode=terms.mode,
        frequency=terms.frequency,
        life_days=terms.life_days,
        given_at=at,
        starts_at=starts_at,
        expires_at=starts_at + terms.expires_in_days * MICROS_PER_DAY,
        text_version=terms.text_version,
        text_hash=terms.text_hash,
        ticked_beforehand=terms.ticked_beforehand,
        warned=terms.warned,
        evidence_from=starts_at - terms.evidence_days * MICROS_PER_DAY,
    )
    check_template(consent, service.kind_domains)
    signed = sign_consent(consent, service.signer)
    store.put(unit, consent, signed)
    erasures.done(unit, subject)  # who consents anew has come back: what waited to go may stay
    service.note(unit, "consent_given", {"consent": consent.id, "hash": consent.hash})
    status = consent_status(consent, (), at)
    service.tell(unit, merchant, "consent.given", _told(consent, status))
    return Receipt(consent, status, signed.key_id, signed.signature)


def identified(service: Service, identifier: str, *, mode: str = "production") -> str:
    """The pseudonym of the person whom sources know as ``identifier``, which is not kept.

    In test mode it is nobody's: what is tried there touches no real person.
    """
    key = service.key if mode == "production" else service.test_key
    return subject_id(identifier, key=key)


def _kinds_allowed(purposes: Iterable[str], domains: Mapping[str, str]) -> frozenset[str]:
    bounds = [templates()[purpose].domains for purpose in purposes if purpose in templates()]
    if not bounds:
        raise InvalidInput("a consent must name at least one purpose that we know.")
    allowed = frozenset.intersection(*bounds)
    return frozenset(kind for kind, domain in domains.items() if domain in allowed)


def consent_of(service: Service, unit: Unit, name: str, *, merchant: str) -> Receipt:
    """How a consent stands that was given to ``merchant``.

    Raises:
        NotFound: it has none of this id; another's is not told from none.
    """
    found = store.find(unit, name)
    if found is None or found.merchant != merchant:
        raise NotFound("no consent of this id was given to your organisation.")
    return receipt(service, found)


def receipt(service: Service, stored: StoredConsent) -> Receipt:
    """A stored consent, opened, and how it stands now.

    Raises:
        Corrupt: it is not what was signed.
    """
    consent = open_consent(stored.signed, service.verifier)
    status = consent_status(consent, stored.events, service.clock())
    return Receipt(consent, status, stored.signed.key_id, stored.signed.signature)


def change_consent(service: Service, unit: Unit, name: str, act: str, *, subject: str) -> Receipt:
    """The person ``subject`` pauses, resumes or revokes a consent of theirs, from now on.

    Raises:
        NotFound: they gave none of this id.
        InvalidInput: another act.
        Conflict: it is no move from how the consent stands.
    """
    found = store.find(unit, name, lock=True)
    if found is None or found.subject != subject:
        raise NotFound("you gave no consent of this id.")
    return _moved(service, unit, found, act)


def withdraw_at_merchant(
    service: Service, unit: Unit, caller: Caller, name: str, act: str
) -> Receipt:
    """The merchant passes on that the person pauses, resumes or revokes what they gave it.

    Raises:
        NotFound: nothing of this id was given to it.
        InvalidInput, Conflict: as ``change_consent``.
    """
    found = store.find(unit, name, lock=True)
    if found is None or found.merchant != caller.books:
        raise NotFound("no consent of this id was given to your organisation.")
    return _moved(service, unit, found, act)


def _moved(service: Service, unit: Unit, found: StoredConsent, act: str) -> Receipt:
    consent = open_consent(found.signed, service.verifier)
    last = found.events[-1].at if found.events else consent.given_at
    event = ConsentEvent(act, max(service.clock(), last))
    after = with_event(consent, found.events, event)
    store.add_event(unit, consent.id, event)
    status = consent_status(consent, after, event.at)
    service.note(unit, f"consent_{_PAST[act]}", {"consent": consent.id})
    service.tell(unit, consent.merchant, f"consent.{_PAST[act]}", _told(consent, status))
    if act == "revoke":
        consent_revoked(service, unit, consent.id)
    return Receipt(consent, status, found.signed.key_id, found.signed.signature)


_PAST = {"pause": "paused", "resume": "resumed", "revoke": "revoked"}


def hold_consent(
    service: Service,
    unit: Unit,
    caller: Caller,
    name: str,
    *,
    reason: str,
    purpose: str,
    business: str,
    days: int,
) -> Hold:
    """The merchant holds a consent for a stated, running business, for ``days`` from now.

    Raises:
        NotFound: nothing of this id was given to it.
        InvalidInput: no reason that there is, or an end that is too late for it.
        Conflict: the consent is not in force, or not for the purpose.
    """
    found = store.find(unit, name, lock=True)
    if found is None or found.merchant != caller.books:
        raise NotFound("no consent of this id was given to your organisation.")
    consent = open_consent(found.signed, service.verifier)
    at = service.clock()
    hold = Hold(consent.id, reason, purpose, business, at, at + days * MICROS_PER_DAY)
    place_hold(consent, found.events, hold, at=at)
    store.add_hold(unit, hold)
    service.note(unit, "consent_held", {"consent": consent.id, "reason": reason})
    return hold


def _told(consent: Consent, status: str) -> dict[str, Json]:
    """What a webhook says of a consent: nothing that leads to the person."""
    return {"consent": consent.id, "known_as": consent.known_as, "status": status}
