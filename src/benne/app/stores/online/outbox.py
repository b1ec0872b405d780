"""Webhooks: where organisations want to be told, and what waits to be told.

A message is committed with what it tells of, and delivered later, once or more; its id is the
same each time.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    bindparam,
    delete,
    insert,
    select,
    update,
)

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit

endpoints = Table(
    "webhook_endpoints",
    METADATA,
    Column("id", String, primary_key=True),
    Column("organisation", String, nullable=False, index=True),
    Column("url", Text, nullable=False),
    Column("events", Text, nullable=False),
    Column("created_at", Number, nullable=False),
    Column("closed_at", Number),
)
endpoint_secrets = Table(
    "webhook_secrets",
    METADATA,
    Column("endpoint", ForeignKey("webhook_endpoints.id"), primary_key=True),
    Column("created_at", Number, primary_key=True),
    Column("sealed", LargeBinary, nullable=False),  # under the workspace's key
    Column("expires_at", Number),
)
messages = Table(
    "webhook_messages",
    METADATA,
    Column("id", String, primary_key=True),
    Column("endpoint", ForeignKey("webhook_endpoints.id"), nullable=False),
    Column("event", String, nullable=False),
    Column("body", Text, nullable=False),
    Column("created_at", Number, nullable=False),
    Column("next_at", Number, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("delivered_at", Number),
    Column("given_up", Boolean, nullable=False),
    Index(None, "given_up", "delivered_at", "next_at"),
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An address that is told of ``events`` (empty: of all)."""

    id: str
    organisation: str
    url: str
    events: frozenset[str]
    created_at: int


@dataclass(frozen=True, slots=True)
class Message:
    """What waits for an endpoint; ``body`` is the JSON text that is signed and sent."""

    id: str
    endpoint: str
    event: str
    body: str
    created_at: int
    attempts: int = 0


def add_endpoint(unit: Unit, endpoint: Endpoint, sealed: bytes) -> None:
    """Store an endpoint and its first secret."""
    unit.run(
        insert(endpoints),
        {
            "id": endpoint.id,
            "organisation": endpoint.organisation,
            "url": endpoint.url,
            "events": " ".join(sorted(endpoint.events)),
            "created_at": endpoint.created_at,
        },
    )
    unit.run(
        insert(endpoint_secrets),
        {"endpoint": endpoint.id, "created_at": endpoint.created_at, "sealed": sealed},
    )


_OPEN = Prepared(
    select(
        endpoints.c.id,
        endpoints.c.organisation,
        endpoints.c.url,
        endpoints.c.events,
        endpoints.c.created_at,
    )
    .where(endpoints.c.organisation == bindparam("of"), endpoints.c.closed_at.is_(None))
    .order_by(endpoints.c.created_at, endpoints.c.id)
)


def list_endpoints(unit: Unit, organisation: str) -> list[Endpoint]:
    """The open endpoints of an organisation, the oldest first."""
    return [
        Endpoint(row.id, row.organisation, row.url, frozenset(row.events.split()), row.created_at)
        for row in unit.rows(_OPEN, {"of": organisation})
    ]


def asked(organisation: str) -> tuple[Prepared, Values]:
    """What ``list_endpoints`` will ask, for ``Unit.ahead``."""
    return _OPEN, {"of": organisation}


def close_endpoint(unit: Unit, name: str, *, organisation: str, at: int) -> bool:
    """Tell an endpoint nothing more, what waits included; whether there was one."""
    c = endpoints.c
    done = unit.run(
        update(endpoints)
        .where(c.id == name, c.organisation == organisation, c.closed_at.is_(None))
        .values(closed_at=at)
    )
    m = messages.c
    unit.run(delete(messages).where(m.endpoint == name, m.delivered_at.is_(None)))
    return bool(done)


def add_secret(unit: Unit, endpoint: str, sealed: bytes, *, at: int, others_end_at: int) -> None:
    """Store a new secret; the older ones end at ``others_end_at`` at the latest."""
    c = endpoint_secrets.c
    unit.run(
        update(endpoint_secrets)
        .where(c.endpoint == endpoint, c.expires_at.is_(None) | (c.expires_at > others_end_at))
        .values(expires_at=others_end_at)
    )
    unit.run(insert(endpoint_secrets), {"endpoint": endpoint, "created_at": at, "sealed": sealed})


def sealed_secrets(unit: Unit, endpoint: str, *, at: int) -> list[bytes]:
    """The secrets that are good at ``at``, the newest first."""
    c = endpoint_secrets.c
    query = (
        select(c.sealed)
        .where(c.endpoint == endpoint, c.expires_at.is_(None) | (c.expires_at > at))
        .order_by(c.created_at.desc())
    )
    return [row.sealed for row in unit.rows(query)]


_PUT = Prepared(
    insert(messages),
    "id", "endpoint", "event", "body", "created_at", "next_at", "attempts", "given_up",
)  # fmt: skip


def put(unit: Unit, message: Message) -> None:
    """Add a message to the unit's own transaction."""
    unit.put(
        _PUT,
        {
            "id": message.id,
            "endpoint": message.endpoint,
            "event": message.event,
            "body": message.body,
            "created_at": message.created_at,
            "next_at": message.created_at,
            "attempts": 0,
            "given_up": False,
        },
    )


def lease(unit: Unit, *, at: int, until: int, limit: int) -> list[tuple[Message, str]]:
    """Messages whose time has come, each with its endpoint's URL; taken until ``until``.

    Two workers never hold the same message at a time.
    """
    m, e = messages.c, endpoints.c
    due = (
        select(m.id, m.endpoint, m.event, m.body, m.created_at, m.attempts, e.url)
        .join(endpoints, m.endpoint == e.id)
        .where(~m.given_up, m.delivered_at.is_(None), m.next_at <= at, e.closed_at.is_(None))
        .order_by(m.next_at, m.id)
        .limit(limit)
        .with_for_update(of=messages, skip_locked=True)
    )
    taken = [
        (
            Message(row.id, row.endpoint, row.event, row.body, row.created_at, row.attempts),
            str(row.url),
        )
        for row in unit.rows(due)
    ]
    names = [message.id for message, _ in taken]
    if names:
        unit.run(update(messages).where(m.id.in_(names)).values(next_at=until))
    return taken


def delivered(unit: Unit, message: str, *, at: int) -> None:
    """The endpoint took it."""
    unit.run(update(messages).where(messages.c.id == message).values(delivered_at=at))


def failed(unit: Unit, message: str, *, next_at: int | None) -> None:
    """The endpoint did not take it: try again at ``next_at``, or give up."""
    values = {"attempts": messages.c.attempts + 1, "given_up": next_at is None}
    if next_at is not None:
        values["next_at"] = next_at
    unit.run(update(messages).where(messages.c.id == message).values(**values))


def waiting(unit: Unit) -> int:
    """How many messages were not delivered yet, and not given up."""
    m = messages.c
    query = select(m.id).where(~m.given_up, m.delivered_at.is_(None))
    return len(unit.rows(query))


def forget(unit: Unit, *, before: int) -> int:
    """Delete what was delivered or given up before an instant; how many there were."""
    m = messages.c
    gone = delete(messages).where(m.created_at < before, m.delivered_at.is_not(None) | m.given_up)
    return unit.run(gone)
