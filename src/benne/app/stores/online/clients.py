"""Organisations, their clients, and the digests of the clients' secrets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ForeignKey, String, Table, bindparam, insert, select, update

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.kernel import Conflict, NotFound

organisations = Table(
    "organisations",
    METADATA,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("created_at", Number, nullable=False),
)
clients = Table(
    "clients",
    METADATA,
    Column("id", String, primary_key=True),
    Column("organisation", ForeignKey("organisations.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("scopes", String, nullable=False),
    Column("purposes", String, nullable=False),
    Column("mode", String, nullable=False),
    Column("created_at", Number, nullable=False),
    Column("closed_at", Number),
)
client_secrets = Table(
    "client_secrets",
    METADATA,
    Column("client", ForeignKey("clients.id"), primary_key=True),
    Column("digest", String, primary_key=True),
    Column("created_at", Number, nullable=False),
    Column("expires_at", Number),
)


@dataclass(frozen=True, slots=True)
class Organisation:
    """Who brings evidence, or asks for answers."""

    id: str
    name: str
    created_at: int


@dataclass(frozen=True, slots=True)
class Client:
    """A program of an organisation: what it may do, why, and in which mode.

    ``mode`` is ``test`` (people of the sandbox only) or ``production``.
    """

    id: str
    organisation: str
    name: str
    scopes: frozenset[str]
    purposes: frozenset[str]
    mode: str
    created_at: int
    closed_at: int | None = None


def add_organisation(unit: Unit, organisation: Organisation) -> None:
    """Store a new organisation.

    Raises:
        Conflict: its id is taken.
    """
    if find_organisation(unit, organisation.id) is not None:
        raise Conflict(f"there is an organisation {organisation.id!r} already; choose another id.")
    unit.run(
        insert(organisations).values(
            id=organisation.id, name=organisation.name, created_at=organisation.created_at
        )
    )


def find_organisation(unit: Unit, name: str) -> Organisation | None:
    """The organisation whose id is ``name``."""
    row = unit.row(select(organisations).where(organisations.c.id == name))
    return None if row is None else Organisation(row.id, row.name, row.created_at)


def list_organisations(unit: Unit) -> list[Organisation]:
    """Every organisation, by id."""
    rows = unit.rows(select(organisations).order_by(organisations.c.id))
    return [Organisation(row.id, row.name, row.created_at) for row in rows]


def add_client(unit: Unit, client: Client) -> None:
    """Store a new client.

    Raises:
        NotFound: its organisation is not there.
    """
    if find_organisation(unit, client.organisation) is None:
        raise NotFound(f"there is no organisation {client.organisation!r}; add it first.")
    unit.run(
        insert(clients).values(
            id=client.id,
            organisation=client.organisation,
            name=client.name,
            scopes=" ".join(sorted(client.scopes)),
            purposes=" ".join(sorted(client.purposes)),
            mode=client.mode,
            created_at=client.created_at,
        )
    )


_FIND_CLIENT = Prepared(select(clients).where(clients.c.id == bindparam("name")))


def find_client(unit: Unit, name: str) -> Client | None:
    """The client whose id is ``name``, closed or not."""
    row = unit.row(_FIND_CLIENT, {"name": name})
    return None if row is None else _client(row)


def asked(name: str) -> tuple[Prepared, Values]:
    """What ``find_client`` will ask, for ``Unit.ahead``."""
    return _FIND_CLIENT, {"name": name}


def list_clients(unit: Unit, organisation: str | None = None) -> list[Client]:
    """Every client, or those of one organisation, by organisation and id."""
    query = select(clients).order_by(clients.c.organisation, clients.c.id)
    if organisation is not None:
        query = query.where(clients.c.organisation == organisation)
    return [_client(row) for row in unit.rows(query)]


def close_client(unit: Unit, name: str, *, at: int) -> None:
    """From ``at`` on the client gets nothing, its running tokens included.

    Raises:
        NotFound: there is none, or it is closed already.
    """
    done = unit.run(
        update(clients)
        .where(clients.c.id == name, clients.c.closed_at.is_(None))
        .values(closed_at=at)
    )
    if not done:
        raise NotFound(f"there is no open client {name!r}.")


def add_secret(unit: Unit, client: str, digest: str, *, at: int, others_end_at: int) -> None:
    """Store the digest of a new secret; the older ones end at ``others_end_at`` at the latest."""
    old = client_secrets.c
    unit.run(
        update(client_secrets)
        .where(old.client == client, old.expires_at.is_(None) | (old.expires_at > others_end_at))
        .values(expires_at=others_end_at)
    )
    unit.run(insert(client_secrets).values(client=client, digest=digest, created_at=at))


def secret_digests(unit: Unit, client: str, *, at: int) -> list[str]:
    """The digests of the secrets that are good at ``at``."""
    c = client_secrets.c
    query = select(c.digest).where(c.client == client, c.expires_at.is_(None) | (c.expires_at > at))
    return [row[0] for row in unit.rows(query)]


def _client(row: Any) -> Client:
    return Client(
        id=row.id,
        organisation=row.organisation,
        name=row.name,
        scopes=frozenset(row.scopes.split()),
        purposes=frozenset(row.purposes.split()),
        mode=row.mode,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )
