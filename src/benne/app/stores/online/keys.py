"""Idempotency keys: the first answer to a request, kept for a day and given again."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TypeAlias

from sqlalchemy import (
    BigInteger,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.kernel import MICROS_PER_DAY

MEMORY = MICROS_PER_DAY
"""For how long a key remembers its answer."""
_GONE = 0
"""In place of the status of an answer about a person who was erased."""

idempotency_keys = Table(
    "idempotency_keys",
    METADATA,
    Column("client", String, primary_key=True),
    Column("key", String, primary_key=True),
    Column("request", String, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("subject", String, index=True),
    Column("answered_at", Number, nullable=False, index=True),
)


_c = idempotency_keys.c
_FIND = Prepared(
    select(_c.request, _c.status, _c.body, _c.answered_at).where(
        _c.client == bindparam("client"), _c.key == bindparam("key")
    )
)
_FORGET_ONE = delete(idempotency_keys).where(
    _c.client == bindparam("named_client"), _c.key == bindparam("named_key")
)
_REMEMBER = Prepared(insert(idempotency_keys), *idempotency_keys.c.keys())
_TAKE = Prepared(select(func.pg_try_advisory_xact_lock(bindparam("number", type_=BigInteger))))


@dataclass(frozen=True, slots=True)
class New:
    """The key was not used in the last 24 hours: answer, then ``remember``."""


@dataclass(frozen=True, slots=True)
class Replay:
    """The request was answered already, with this status and these bytes.

    ``plain``: an older Benne kept them, as they were.
    """

    status: int
    body: bytes
    plain: bool = False


@dataclass(frozen=True, slots=True)
class Erased:
    """The request was answered, about a person who was erased since."""


@dataclass(frozen=True, slots=True)
class OtherBody:
    """The key was used for another request."""


@dataclass(frozen=True, slots=True)
class InFlight:
    """Another transaction is answering the first request with the key."""


Claim: TypeAlias = New | Replay | Erased | OtherBody | InFlight


def claim(
    unit: Unit, client: str, key: str, request: str, *, at: int, older: str | None = None
) -> Claim:
    """What stands under ``key``; ``request`` is the keyed hash of the whole request, ``older``
    the plain one that an older Benne kept.

    On PostgreSQL the key is locked until the transaction ends; who cannot lock it is told
    ``InFlight``.  On SQLite a writer waits for the one before it, and sees what it wrote.
    """
    if unit.postgres and not unit.value(_TAKE, _number(client, key)):
        return InFlight()
    row = unit.row(_FIND, {"client": client, "key": key})
    if row is None:
        return New()
    if row.answered_at <= at - MEMORY:
        unit.run(_FORGET_ONE, {"named_client": client, "named_key": key})
        return New()
    if row.request not in (request, older):
        return OtherBody()
    return Erased() if row.status == _GONE else Replay(row.status, row.body, row.request == older)


def asked(client: str, key: str) -> tuple[tuple[Prepared, Values], ...]:
    """What ``claim`` will ask, for ``Unit.ahead``."""
    return (_TAKE, _number(client, key)), (_FIND, {"client": client, "key": key})


def _number(client: str, key: str) -> Values:
    digest = hashlib.sha256(f"{len(client)} {client}{key}".encode()).digest()
    return {"number": int.from_bytes(digest[:8], "big", signed=True)}


def remember(
    unit: Unit,
    client: str,
    key: str,
    request: str,
    *,
    status: int,
    body: bytes,
    subject: str | None,
    at: int,
) -> None:
    """Keep the answer to the request under its key."""
    unit.put(
        _REMEMBER,
        {
            "client": client,
            "key": key,
            "request": request,
            "status": status,
            "body": body,
            "subject": subject,
            "answered_at": at,
        },
    )


def forget(unit: Unit, *, at: int) -> int:
    """Delete what is older than ``MEMORY``; how many there were."""
    gone = delete(idempotency_keys).where(idempotency_keys.c.answered_at <= at - MEMORY)
    return unit.run(gone)


def erase_subject(unit: Unit, subject: str) -> int:
    """Take away the kept answers about a person, and leave that they were given; how many."""
    mine = update(idempotency_keys).where(idempotency_keys.c.subject == subject)
    return unit.run(mine.values(status=_GONE, body=b"", subject=None))
