"""Who may use the service: organisations, their clients, secrets, scopes and purposes."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._refusals import MoreThanNeeded, PurposeNotGranted, ScopeMissing, Unauthenticated
from benne.app.stores.online import clients as store
from benne.app.stores.online.clients import Client, Organisation
from benne.kernel import InvalidInput, NotFound
from benne.rights import PURPOSES

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

SCOPES: dict[str, str] = {
    "answers.score": "Ask for the score itself",
    "answers.brief": "Ask whether a person reaches a threshold",
    "answers.level": "Ask for a person's level, A to E",
    "answers.consult": "Ask whether a person may use a service on credit",
    "answers.watchlist": "Ask for broken promises",
    "answers.inquiries": "Ask how often lenders asked",
    "answers.batch": "Ask about many people, as a job",
    "consents": "Record the consents that people give, and read how they stand",
    "evidence.write": "Bring evidence",
    "orders": "Lend on credit: make orders and act on them as their merchant",
    "orders.person": "Act on orders for the person (the bureau's own wallet)",
    "orders.cover": "Answer claims on cover funds, and decide what was referred to people",
    "payments": "Say how payments stand (the payment provider)",
    "webhooks": "Be told of what changes",
}
"""The parts of the service that a client may be given."""

MODES = ("test", "production")
SECRET_OVERLAP = 24 * 3600 * 1_000_000
"""For how long an old secret is good after a rotation, unless asked otherwise."""

NEEDED: dict[str, frozenset[str]] = {
    "self_view": frozenset({"score", "brief", "level", "watchlist", "inquiries"}),
    "deposit_free": frozenset({"score", "brief", "level", "consult", "watchlist"}),
    "pay_later": frozenset({"score", "brief", "level", "consult", "watchlist"}),
    "lending": frozenset({"score", "brief", "level", "consult", "watchlist", "inquiries"}),
    "marketing": frozenset({"level"}),
}
"""The most that may be asked for a purpose.  What is not here cannot be asked of one person."""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, as a token says it; the store is asked again whether the client is open."""

    client: str
    organisation: str
    scopes: frozenset[str]
    purposes: frozenset[str]
    mode: str

    @property
    def books(self) -> str:
        """The name under which all that it makes stands: consents, jobs, webhooks, orders and
        their money.  That of tests stands apart, and neither sees the other's."""
        return self.organisation if self.mode == "production" else f"test/{self.organisation}"

    def demand(self, scope: str) -> None:
        """Refuse if ``scope`` was not granted.

        Raises:
            ScopeMissing: it was not.
        """
        if scope not in self.scopes:
            raise ScopeMissing(
                f"this needs the scope {scope}; the token has "
                f"{', '.join(sorted(self.scopes)) or 'none'}; ask for a token with it, or ask "
                "the bureau to grant it."
            )

    def demand_purpose(self, purpose: str, asked: str) -> None:
        """Refuse if ``purpose`` was not granted, or needs less than ``asked``.

        Raises:
            PurposeNotGranted: it was not.
            MoreThanNeeded: it needs less.
        """
        if purpose not in self.purposes:
            raise PurposeNotGranted(
                f"this client may ask for {', '.join(sorted(self.purposes)) or 'no purpose'}; got "
                f"{purpose}."
            )
        if asked not in NEEDED.get(purpose, frozenset()):
            may = ", ".join(sorted(NEEDED.get(purpose, frozenset()))) or "nothing about one person"
            raise MoreThanNeeded(f"for {purpose} one may ask {may}; got {asked}.")


@dataclass(frozen=True, slots=True, repr=False)
class Credentials:
    """A client's id and its secret, which is shown once and never again."""

    client: str
    secret: str

    def __repr__(self) -> str:
        return f"Credentials({self.client})"


_OWN_IDS = ("benne", "self")
"""The source of what the bureau itself records, and a person who asks about themself."""


def add_organisation(service: Service, name: str, *, id: str) -> Organisation:
    """Admit an organisation under a short id of small letters, digits and hyphens.

    Raises:
        InvalidInput: an id of other letters, one that is the bureau's own, or no name.
        Conflict: the id is taken.
    """
    if not id or not all(c.isascii() and (c.islower() or c.isdigit() or c == "-") for c in id):
        raise InvalidInput(f"an id must be small letters, digits and hyphens; got {id!r}.")
    if id in _OWN_IDS:
        raise InvalidInput(f"the id {id!r} is the bureau's own; choose another.")
    if not 1 <= len(name.strip()) <= 200 or len(id) > 64:
        raise InvalidInput("an organisation needs a name of 200 letters at most, an id of 64.")
    made = Organisation(id, name.strip(), service.clock())
    with service.online.begin() as unit:
        store.add_organisation(unit, made)
        service.note(unit, "organisation_added", {"organisation": id})
    return made


def add_client(
    service: Service,
    organisation: str,
    *,
    name: str,
    scopes: Iterable[str],
    purposes: Iterable[str] = (),
    mode: str = "production",
) -> Credentials:
    """A client of ``organisation``, and its first secret.

    Raises:
        InvalidInput: an unknown scope, purpose or mode.
        NotFound: there is no such organisation.
    """
    given, why = frozenset(scopes), frozenset(purposes)
    _demand_known("scope", given, SCOPES)
    _demand_known("purpose", why, PURPOSES)
    if mode not in MODES:
        raise InvalidInput(f"mode must be test or production; got {mode!r}.")
    at = service.clock()
    client = Client(service.new_id(), organisation, name.strip(), given, why, mode, at)
    secret = _new_secret(service)
    with service.online.begin() as unit:
        store.add_client(unit, client)
        store.add_secret(unit, client.id, digest(service, secret), at=at, others_end_at=at)
        service.note(
            unit,
            "client_added",
            {"client": client.id, "scopes": sorted(given), "purposes": sorted(why), "mode": mode},
        )
    return Credentials(client.id, secret)


def _demand_known(what: str, given: frozenset[str], known: Iterable[str]) -> None:
    unknown = sorted(given - set(known))
    if unknown:
        raise InvalidInput(f"{what}s must be some of {', '.join(known)}; got {unknown[0]!r}.")


def rotate_secret(service: Service, client: str, *, overlap: int = SECRET_OVERLAP) -> Credentials:
    """A new secret for ``client``; the old ones are good for ``overlap`` microseconds more.

    Raises:
        NotFound: there is no open client of this id.
    """
    at = service.clock()
    secret = _new_secret(service)
    with service.online.begin() as unit:
        found = store.find_client(unit, client)
        if found is None or found.closed_at is not None:
            raise NotFound(f"there is no open client {client!r}.")
        store.add_secret(
            unit, client, digest(service, secret), at=at, others_end_at=at + max(0, overlap)
        )
        service.note(unit, "secret_rotated", {"client": client})
    return Credentials(client, secret)


def close_client(service: Service, client: str) -> None:
    """From now on the client gets nothing, its running tokens included.

    Raises:
        NotFound: there is no open client of this id.
    """
    at = service.clock()
    with service.online.begin() as unit:
        store.close_client(unit, client, at=at)
        service.note(unit, "client_closed", {"client": client})


def list_clients(service: Service) -> list[Client]:
    """Every client, closed ones too, by organisation."""
    with service.online.begin() as unit:
        return store.list_clients(unit)


def authenticate(service: Service, client: str, secret: str) -> Caller:
    """The caller who knows the secret of ``client``.

    Raises:
        Unauthenticated: no such open client, or another secret; the message does not say which.
    """
    at = service.clock()
    given = digest(service, secret)
    with service.online.begin() as unit:
        found = store.find_client(unit, client)
        good = store.secret_digests(unit, client, at=at)
    matches = [hmac.compare_digest(given, one) for one in good]
    if found is None or found.closed_at is not None or not any(matches):
        raise Unauthenticated("no open client has this id and this secret.")
    return _caller(found)


def demand_open(unit: Unit, caller: Caller) -> None:
    """Refuse a caller whose client was closed since its token was made.

    Raises:
        Unauthenticated: it was, or was given other rights.
    """
    found = store.find_client(unit, caller.client)
    if found is None or found.closed_at is not None or found.organisation != caller.organisation:
        raise Unauthenticated("the client of this token is closed.")


def digest(service: Service, secret: str) -> str:
    """What is stored of a secret: HMAC-SHA-256 under the workspace's key, in hex.

    A secret is 256 random bits, so that no slow hash is needed against guessing.
    """
    return hmac.new(service.key, b"client secret\n" + secret.encode(), hashlib.sha256).hexdigest()


def _new_secret(service: Service) -> str:
    return "benne_" + service.randomness(32).hex()


def _caller(client: Client) -> Caller:
    return Caller(client.id, client.organisation, client.scopes, client.purposes, client.mode)
