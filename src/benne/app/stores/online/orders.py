"""Orders: each as it stands, every act on it, and the payments that wait for an answer.

An order's row is locked by whoever acts on it, so that its acts come one after another.  An act is
stored with the caller's request id for ever: the same id never moves anything twice.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import msgspec
from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)

from benne.app.stores.online._prepared import Ahead, Prepared
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.orders import Order

orders = Table(
    "orders",
    METADATA,
    Column("id", String, primary_key=True),
    Column("organisation", String, nullable=False),
    Column("number", String, nullable=False),  # the merchant's own
    Column("digest", String, nullable=False),  # of all that the merchant said
    Column("subject", String, nullable=False, index=True),
    Column("person", String, nullable=False),  # as the merchant knows them
    Column("consent", String, index=True),
    Column("service", String, nullable=False),
    Column("state", String, nullable=False),
    Column("code", String),  # why it was refused, or offered a part
    Column("policy", String),
    Column("answer", String),  # the consult it rests on
    Column("test", Boolean, nullable=False),
    Column("exposure_minor", Number, nullable=False),
    Column("next_at", Number),  # when the system acts by itself
    Column("created_at", Number, nullable=False),
    Column("changed_at", Number, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("orders_by_number", "organisation", "number", unique=True),
    Index("orders_by_organisation", "organisation", "id"),
    Index("orders_by_task", "next_at"),
    Index("orders_by_state", "state", "organisation", "id"),
)
acts = Table(
    "order_acts",
    METADATA,
    Column("order", ForeignKey("orders.id"), primary_key=True),
    Column("request", String, primary_key=True),
    Column("digest", String, nullable=False),
    Column("act", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", Number, nullable=False),
    Column("start", String, nullable=False),
    Column("end", String, nullable=False),
    Column("body", LargeBinary, nullable=False),  # what was said, and what came of it
    Index("order_acts_in_time", "order", "at"),
)
payments = Table(
    "order_payments",
    METADATA,
    Column("id", String, primary_key=True),
    Column("order", ForeignKey("orders.id"), nullable=False),
    Column("next_at", Number, nullable=False),
    Index("order_payments_by_time", "next_at"),
)
"""The payments that are asked of the provider, until it has answered."""


@dataclass(frozen=True, slots=True)
class StoredOrder:
    """An order, whose it is, and what it rests on.

    ``number`` is the merchant's own, ``person`` the person as the merchant knows them; ``answer``
    is the consult that admitted or refused, ``code`` why.
    """

    order: Order
    number: str
    digest: str
    person: str
    consent: str | None
    code: str | None
    policy: str | None
    answer: str | None
    test: bool
    next_at: int | None


@dataclass(frozen=True, slots=True)
class StoredAct:
    """One act on an order: what was said (``digest``), and what came of it."""

    request: str
    digest: str
    act: str
    by: str
    at: int
    start: str
    end: str
    body: bytes


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Order).decode

_ADD = Prepared(insert(orders), *orders.c.keys())
_BY_ID = select(orders).where(orders.c.id == bindparam("name"))
_BY_NUMBER = Prepared(
    select(orders).where(
        orders.c.organisation == bindparam("merchant"), orders.c.number == bindparam("own")
    )
)
_TAKE_NUMBER = Prepared(
    select(func.pg_advisory_xact_lock(func.hashtextextended(bindparam("taken", type_=String), 0)))
)
_CHANGE = (
    update(orders)
    .where(orders.c.id == bindparam("name"))
    .values(
        state=bindparam("new_state"),
        exposure_minor=bindparam("exposure"),
        next_at=bindparam("next"),
        changed_at=bindparam("at"),
        body=bindparam("content"),
    )
)
_ADD_ACT = Prepared(insert(acts), *acts.c.keys())
_ADD_PAYMENT = Prepared(insert(payments), "id", "order", "next_at")
_ACT = select(acts).where(acts.c.order == bindparam("name"), acts.c.request == bindparam("asked"))


def add(unit: Unit, stored: StoredOrder) -> None:
    """Store a new order, whose number was claimed."""
    order = stored.order
    row = {
        "id": order.id,
        "organisation": order.merchant,
        "number": stored.number,
        "digest": stored.digest,
        "subject": order.subject,
        "person": stored.person,
        "consent": stored.consent,
        "service": order.service,
        "state": order.state,
        "code": stored.code,
        "policy": stored.policy,
        "answer": stored.answer,
        "test": stored.test,
        "exposure_minor": order.exposure_minor,
        "next_at": stored.next_at,
        "created_at": order.created_at,
        "changed_at": order.last_at,
        "body": _encode(order),
    }
    unit.put(_ADD, row)


def find(unit: Unit, name: str, *, lock: bool = False) -> StoredOrder | None:
    """The order ``name``; with ``lock`` nobody else acts on it until the unit ends."""
    query = _BY_ID.with_for_update() if lock and unit.postgres else _BY_ID
    return _stored(unit.row(query, {"name": name}))


def claim_number(unit: Unit, organisation: str, number: str) -> StoredOrder | None:
    """The order of this number, if there is one; until the unit ends nobody else makes it."""
    if unit.postgres:
        unit.ahead(*asked(organisation, number))
        unit.rows(*asked(organisation, number)[0])
    return find_number(unit, organisation, number)


def asked(organisation: str, number: str) -> Ahead:
    """What ``claim_number`` will ask, for ``Unit.ahead``."""
    return (
        (_TAKE_NUMBER, {"taken": f"order {organisation} {number}"}),
        (_BY_NUMBER, {"merchant": organisation, "own": number}),
    )


def find_number(unit: Unit, organisation: str, number: str) -> StoredOrder | None:
    """The order of a merchant by the merchant's own number."""
    return _stored(unit.row(_BY_NUMBER, {"merchant": organisation, "own": number}))


def change(unit: Unit, order: Order, *, next_at: int | None) -> None:
    """Store how an order stands now."""
    values = {
        "name": order.id,
        "new_state": order.state,
        "exposure": order.exposure_minor,
        "next": next_at,
        "at": order.last_at,
        "content": _encode(order),
    }
    unit.run(_CHANGE, values)


def _stored(row: Any) -> StoredOrder | None:
    if row is None:
        return None
    return StoredOrder(
        order=_decode(row.body),
        test=bool(row.test),
        **{name: getattr(row, name) for name in _FIELDS},
    )


_FIELDS = (
    "number", "digest", "person", "consent", "code", "policy", "answer", "next_at",
)  # fmt: skip


def of_organisation(
    unit: Unit, organisation: str, *, after: str | None, limit: int, state: str | None = None
) -> list[StoredOrder]:
    """A page of a merchant's orders, the oldest first, after the one of id ``after``."""
    query = select(orders).where(orders.c.organisation == organisation).order_by(orders.c.id)
    if after is not None:
        query = query.where(orders.c.id > after)
    if state is not None:
        query = query.where(orders.c.state == state)
    found = (_stored(row) for row in unit.rows(query.limit(limit)))
    return [one for one in found if one is not None]


def waiting(unit: Unit, state: str, *, test: bool, limit: int) -> list[StoredOrder]:
    """Orders of all merchants in ``state``, those that end or were changed first, first."""
    query = (
        select(orders)
        .where(orders.c.state == state, orders.c.test == test)
        .order_by(func.coalesce(orders.c.next_at, orders.c.changed_at), orders.c.id)
    )
    found = (_stored(row) for row in unit.rows(query.limit(limit)))
    return [one for one in found if one is not None]


def under_consent(unit: Unit, consent: str) -> list[str]:
    """The ids of the orders that were made under a consent."""
    query = select(orders.c.id).where(orders.c.consent == consent).order_by(orders.c.id)
    return [str(row.id) for row in unit.rows(query)]


def of_subject(unit: Unit, subject: str, *, lock: bool = False) -> list[StoredOrder]:
    """Every order of a person, at whichever merchant, the oldest first.

    With ``lock`` nobody else acts on them until the unit ends.
    """
    query = select(orders).where(orders.c.subject == subject).order_by(orders.c.id)
    query = query.with_for_update() if lock and unit.postgres else query
    found = (_stored(row) for row in unit.rows(query))
    return [one for one in found if one is not None]


def erase_subject(unit: Unit, subject: str) -> int:
    """Take the person out of their orders that are over and settled; how many there were.

    The books stay: amounts, accounts and numbers, about nobody.
    """
    over = [one.order for one in of_subject(unit, subject) if one.order.settled]
    for order in over:
        nobody = replace(order, subject="", claim=None)
        blank = _encode({"said": {}, "order": nobody})
        unit.run(
            update(orders)
            .where(orders.c.id == order.id)
            .values(subject="", person="", consent=None, answer=None, body=_encode(nobody))
        )
        unit.run(update(acts).where(acts.c.order == order.id).values(body=blank))
    return len(over)


def due(unit: Unit, *, at: int, limit: int) -> list[str]:
    """The ids of orders with which the system has something to do by ``at``."""
    query = (
        select(orders.c.id)
        .where(orders.c.next_at <= at)
        .order_by(orders.c.next_at, orders.c.id)
        .limit(limit)
    )
    return [str(row.id) for row in unit.rows(query)]


def postpone(unit: Unit, name: str, *, until: int) -> None:
    """Leave an order alone until an instant."""
    unit.run(update(orders).where(orders.c.id == name).values(next_at=until))


# --- acts ------------------------------------------------------------------------------------


def add_act(unit: Unit, order: str, act: StoredAct) -> None:
    """Store an act; its request id is new."""
    values = {
        "order": order,
        "request": act.request,
        "digest": act.digest,
        "act": act.act,
        "by": act.by,
        "at": act.at,
        "start": act.start,
        "end": act.end,
        "body": act.body,
    }
    unit.put(_ADD_ACT, values)


def find_act(unit: Unit, order: str, request: str) -> StoredAct | None:
    """The act that ``request`` was, if it was one."""
    row = unit.row(_ACT, {"name": order, "asked": request})
    return None if row is None else _act(row)


def acts_of(unit: Unit, order: str) -> list[StoredAct]:
    """All that was done to an order, in order."""
    query = select(acts).where(acts.c.order == order).order_by(acts.c.at, acts.c.request)
    return [_act(row) for row in unit.rows(query)]


def _act(row: object) -> StoredAct:
    names = ("request", "digest", "act", "by", "at", "start", "end", "body")
    return StoredAct(**{name: getattr(row, name) for name in names})


# --- payments --------------------------------------------------------------------------------


def wait_for(unit: Unit, order: str, named: Mapping[str, int]) -> None:
    """Payments to be asked of the provider, each from an instant on."""
    for name, at in named.items():
        unit.put(_ADD_PAYMENT, {"id": name, "order": order, "next_at": at})


def answered(unit: Unit, payment: str) -> None:
    """Ask for a payment no more."""
    unit.run(payments.delete().where(payments.c.id == payment))


def waits(unit: Unit, *, at: int) -> bool:
    """Whether a payment is to be asked for by ``at``."""
    return unit.value(select(payments.c.id).where(payments.c.next_at <= at).limit(1)) is not None


def lease(unit: Unit, *, at: int, until: int, limit: int) -> list[tuple[str, str]]:
    """Payments to ask for now, as (payment, order); nobody else gets them before ``until``."""
    query = (
        select(payments.c.id, payments.c.order)
        .where(payments.c.next_at <= at)
        .order_by(payments.c.next_at, payments.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = [(str(row.id), str(row.order)) for row in unit.rows(query)]
    if taken:
        names = [name for name, _ in taken]
        unit.run(update(payments).where(payments.c.id.in_(names)).values(next_at=until))
    return taken


def ask_again(unit: Unit, payment: str, *, at: int) -> None:
    """Leave a payment that is not answered alone until an instant."""
    unit.run(update(payments).where(payments.c.id == payment).values(next_at=at))


def unanswered(
    unit: Unit, *, at: int, test: bool, after: str, limit: int
) -> list[tuple[str, StoredOrder]]:
    """Payments that may be asked for by ``at`` and nobody asks for now, in the order of their ids,
    from after ``after`` on, each with its order."""
    query = (
        select(payments.c.id.label("payment"), *orders.c)
        .join(orders, orders.c.id == payments.c.order)
        .where(payments.c.next_at <= at, payments.c.id > after, orders.c.test == test)
        .order_by(payments.c.id)
        .limit(limit)
    )
    found = [(str(row.payment), _stored(row)) for row in unit.rows(query)]
    return [(payment, stored) for payment, stored in found if stored is not None]
