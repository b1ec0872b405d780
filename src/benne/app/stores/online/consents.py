"""Consents as they were signed, what became of them, and their holds."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    and_,
    bindparam,
    func,
    insert,
    select,
)

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.rights import Consent, ConsentEvent, Hold, SignedConsent

consents = Table(
    "consents",
    METADATA,
    Column("id", String, primary_key=True),
    Column("subject", String, nullable=False, index=True),
    Column("merchant", String, nullable=False),
    Column("known_as", String, nullable=False),
    Column("canonical", Text, nullable=False),
    Column("key_id", String, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("given_at", Number, nullable=False),
    Index("consents_of_person_at_merchant", "merchant", "known_as"),
)
consent_events = Table(
    "consent_events",
    METADATA,
    Column("consent", ForeignKey("consents.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("act", String, nullable=False),
    Column("at", Number, nullable=False),
)
consent_holds = Table(
    "consent_holds",
    METADATA,
    Column("consent", ForeignKey("consents.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("reason", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("business", String, nullable=False),
    Column("starts_at", Number, nullable=False),
    Column("ends_at", Number, nullable=False),
)


@dataclass(frozen=True, slots=True)
class StoredConsent:
    """A consent as it was signed, whose it is, its events in order, and its holds."""

    id: str
    subject: str
    merchant: str
    known_as: str
    signed: SignedConsent
    events: tuple[ConsentEvent, ...]
    holds: tuple[Hold, ...]


_AT_A_TIME = 500
_NEWEST = consents.c.given_at.desc(), consents.c.id.desc()
_OF_PERSON = and_(
    consents.c.merchant == bindparam("merchant"), consents.c.known_as == bindparam("known_as")
)
_e, _h = consent_events.c, consent_holds.c
_AT_MERCHANT = Prepared(
    select(consents).where(_OF_PERSON).order_by(*_NEWEST).with_for_update(key_share=True)
)
_EVENTS_AT = Prepared(
    select(consent_events)
    .join(consents, consents.c.id == _e.consent)
    .where(_OF_PERSON)
    .order_by(_e.consent, _e.number)
)
_HOLDS_AT = Prepared(
    select(consent_holds)
    .join(consents, consents.c.id == _h.consent)
    .where(_OF_PERSON)
    .order_by(_h.consent, _h.number)
)
_EVENTS = (
    select(consent_events)
    .where(_e.consent.in_(bindparam("names", expanding=True)))
    .order_by(_e.consent, _e.number)
)
_HOLDS = (
    select(consent_holds)
    .where(_h.consent.in_(bindparam("names", expanding=True)))
    .order_by(_h.consent, _h.number)
)


def put(unit: Unit, consent: Consent, signed: SignedConsent) -> None:
    """Store a consent that was just given."""
    unit.run(
        insert(consents).values(
            id=consent.id,
            subject=consent.subject,
            merchant=consent.merchant,
            known_as=consent.known_as,
            canonical=signed.canonical,
            key_id=signed.key_id,
            signature=signed.signature,
            given_at=consent.given_at,
        )
    )


def add_event(unit: Unit, consent: str, event: ConsentEvent) -> None:
    """Append what the person did; that it is a move was checked by ``with_event``."""
    unit.run(
        insert(consent_events).values(
            consent=consent, number=_next(unit, consent_events, consent), act=event.act, at=event.at
        )
    )


def add_hold(unit: Unit, hold: Hold) -> None:
    """Append a hold; that it is allowed was checked by ``place_hold``."""
    unit.run(
        insert(consent_holds).values(
            consent=hold.consent,
            number=_next(unit, consent_holds, hold.consent),
            reason=hold.reason,
            purpose=hold.purpose,
            business=hold.business,
            starts_at=hold.starts_at,
            ends_at=hold.ends_at,
        )
    )


def find(unit: Unit, name: str, *, lock: bool = False) -> StoredConsent | None:
    """The consent whose id is ``name``.

    ``lock`` keeps its row until the unit ends, so that its events stay in order.
    """
    query = select(consents).where(consents.c.id == name)
    if lock:
        query = query.with_for_update()
    rows = unit.rows(query)
    return next(iter(_filled(unit, rows)), None)


def of_person_at(unit: Unit, merchant: str, known_as: str) -> list[StoredConsent]:
    """What the person whom ``merchant`` knows as ``known_as`` gave it, the newest first.

    It is held until the unit ends: of two at once the second counts what the first was answered,
    and who revokes waits for neither or for both.
    """
    found, events, holds = (unit.rows(*one) for one in asked(merchant, known_as))
    return _joined(found, events, holds)


def asked(merchant: str, known_as: str) -> tuple[tuple[Prepared, Values], ...]:
    """What ``of_person_at`` will ask, for ``Unit.ahead``."""
    who = {"merchant": merchant, "known_as": known_as}
    return (_AT_MERCHANT, who), (_EVENTS_AT, who), (_HOLDS_AT, who)


def of_subject(unit: Unit, subject: str) -> list[StoredConsent]:
    """Every consent that a person gave, the newest first."""
    query = (
        select(consents)
        .where(consents.c.subject == subject)
        .order_by(consents.c.given_at.desc(), consents.c.id.desc())
    )
    return _filled(unit, unit.rows(query))


def of_everybody(unit: Unit) -> Iterator[StoredConsent]:
    """Every consent there is, by its id, some at a time."""
    part = select(consents).order_by(consents.c.id).limit(_AT_A_TIME)
    after = ""
    while rows := unit.rows(part.where(consents.c.id > after)):
        yield from _filled(unit, rows)
        after = rows[-1].id


def _next(unit: Unit, table: Table, consent: str) -> int:
    query = select(func.coalesce(func.max(table.c.number), 0) + 1).where(table.c.consent == consent)
    return int(unit.value(query))


def _filled(unit: Unit, rows: Sequence[Any]) -> list[StoredConsent]:
    names = {"names": [row.id for row in rows]}
    if not rows:
        return []
    return _joined(rows, unit.rows(_EVENTS, names), unit.rows(_HOLDS, names))


def _joined(rows: Sequence[Any], acts: Sequence[Any], held: Sequence[Any]) -> list[StoredConsent]:
    events: dict[str, list[ConsentEvent]] = {}
    holds: dict[str, list[Hold]] = {}
    for row in acts:
        events.setdefault(row.consent, []).append(ConsentEvent(row.act, row.at))
    for row in held:
        hold = Hold(row.consent, row.reason, row.purpose, row.business, row.starts_at, row.ends_at)
        holds.setdefault(row.consent, []).append(hold)
    return [
        StoredConsent(
            id=row.id,
            subject=row.subject,
            merchant=row.merchant,
            known_as=row.known_as,
            signed=SignedConsent(row.canonical, row.key_id, row.signature),
            events=tuple(events.get(row.id, ())),
            holds=tuple(holds.get(row.id, ())),
        )
        for row in rows
    ]
