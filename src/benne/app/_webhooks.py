"""Webhooks after the Standard Webhooks specification: told once it is committed, at least once.

A message is signed with every secret of its endpoint that is good, so that secrets rotate
without a gap: ``webhook-signature: v1,NEW v1,OLD``.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benne.app._access import Caller, demand_open
from benne.app.stores.online import outbox
from benne.app.stores.online.outbox import Endpoint, Message
from benne.kernel import Corrupt, InvalidInput, Json, NotFound, canonical_json, iso

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

EVENTS: dict[str, str] = {
    "consent.given": "A person gave your organisation a consent",
    "consent.paused": "A person paused a consent",
    "consent.resumed": "A person resumed a consent",
    "consent.revoked": "A person revoked a consent: ask no more under it",
    "job.done": "A job has answered for everybody it was asked about",
    "answer.changed": "An answer you were given rests on what was corrected since: look at it",
    "order.changed": "Something was done to one of your orders, and who must be told what",
    "fund.changed": "What you pay into your cover fund was taken, in whole or in part, or declined",
    "evidence.disputed": "A record that you brought is disputed: check it, and say what came of it",
}
"""What there is to be told of."""

_NAME = re.compile(r"[0-9A-Za-z.:_-]*", re.ASCII)
_NAT64 = IPv6Network("64:ff9b::/96")
_SECOND = 1_000_000
RETRIES = (5, 60, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds to wait after each failure; then the message is given up (after about three days)."""
_LEASE = 60 * _SECOND
OVERLAP = 24 * 3600 * _SECOND
"""For how long an old secret still signs after a rotation."""


class Poster(Protocol):
    """Who posts a webhook; the wiring has one over HTTP."""

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """The HTTP status that came back; 0 where nobody answered."""


@dataclass(frozen=True, slots=True, repr=False)
class NewEndpoint:
    """An endpoint, and its secret, which is shown once."""

    endpoint: Endpoint
    secret: str


def add_endpoint(
    service: Service, unit: Unit, caller: Caller, *, url: str, events: Iterable[str] = ()
) -> NewEndpoint:
    """Tell ``url`` from now on of ``events`` (none: of all).

    Raises:
        InvalidInput: an address that is not https (http is for this machine alone), or an
            event that there is not.
    """
    demand_open(unit, caller)
    wanted = frozenset(events)
    unknown = sorted(wanted - set(EVENTS))
    if unknown:
        raise InvalidInput(f"events must be some of {', '.join(EVENTS)}; got {unknown[0]!r}.")
    _demand_address(url, inside=may_stay_inside(service))
    endpoint = Endpoint(service.new_id(), caller.books, url, wanted, service.clock())
    secret = service.randomness(32)
    outbox.add_endpoint(unit, endpoint, _sealed(service, endpoint.id, secret))
    service.note(unit, "webhook_added", {"endpoint": endpoint.id})
    return NewEndpoint(endpoint, _shown(secret))


def may_stay_inside(service: Service) -> bool:
    """Whether webhooks may go to this machine and its network: where the service is for it alone.

    Elsewhere whoever may register an address could have the service knock at inner doors.
    """
    return is_inner(urlsplit(service.workspace.service.public_url).hostname or "")


def is_inner(host: str) -> bool:
    """Whether ``host``, a name or an address as text, is of this machine or an inner network.

    An address that carries another one inside (mapped, 6to4, NAT64) is what that one is.
    """
    host = host.rstrip(".").lower()
    try:
        address = ip_address(host)
    except ValueError:
        return host == "localhost" or host.endswith((".localhost", ".local", ".internal"))
    every = [address]
    if isinstance(address, IPv6Address):
        every += [one for one in (address.ipv4_mapped, address.sixtofour) if one is not None]
        every += [IPv4Address(int(address) & 0xFFFF_FFFF)] if address in _NAT64 else []
    return any(not one.is_global or one.is_multicast for one in every)


def _demand_address(url: str, *, inside: bool) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError as error:
        raise InvalidInput(f"a webhook's address must be a URL: {error}.") from error
    if not _NAME.fullmatch(host):
        raise InvalidInput(
            "a webhook's address must name its host in ASCII letters, digits, dots and hyphens, or "
            "as an IP address."
        )
    schemes = ("http", "https") if inside and host in _HOME else ("https",)
    if not host or parts.username or parts.scheme not in schemes:
        raise InvalidInput(
            "a webhook's address must start with https://, name a host, and hold no password; "
            "http:// is for a service that is on this machine alone."
        )
    if is_inner(host) and not inside:
        raise InvalidInput(
            "a webhook's address must be one that all the world can reach; this one is of an "
            "inner network."
        )


_HOME = ("localhost", "127.0.0.1", "::1")


def rotate_webhook_secret(
    service: Service, unit: Unit, caller: Caller, endpoint: str
) -> NewEndpoint:
    """A new secret for an endpoint; for a day the old one signs beside it.

    Raises:
        NotFound: the organisation has no open endpoint of this id.
    """
    demand_open(unit, caller)
    found = _own(unit, caller.books, endpoint)
    secret, at = service.randomness(32), service.clock()
    outbox.add_secret(
        unit, endpoint, _sealed(service, endpoint, secret), at=at, others_end_at=at + OVERLAP
    )
    service.note(unit, "webhook_rotated", {"endpoint": endpoint})
    return NewEndpoint(found, _shown(secret))


def close_endpoint(service: Service, unit: Unit, caller: Caller, endpoint: str) -> None:
    """Tell the endpoint nothing more.

    Raises:
        NotFound: the organisation has no open endpoint of this id.
    """
    demand_open(unit, caller)
    at = service.clock()
    if not outbox.close_endpoint(unit, endpoint, organisation=caller.books, at=at):
        raise NotFound("your organisation has no open endpoint of this id.")
    service.note(unit, "webhook_closed", {"endpoint": endpoint})


def _own(unit: Unit, organisation: str, endpoint: str) -> Endpoint:
    for one in outbox.list_endpoints(unit, organisation):
        if one.id == endpoint:
            return one
    raise NotFound("your organisation has no open endpoint of this id.")


def fan_out(
    service: Service, unit: Unit, organisation: str, event: str, body: Mapping[str, Json]
) -> None:
    """Put one message for each endpoint that wants ``event`` in the unit's own transaction."""
    for endpoint in outbox.list_endpoints(unit, organisation):
        if endpoint.events and event not in endpoint.events:
            continue
        at = service.clock()
        said: dict[str, Json] = {"type": event, "timestamp": iso(at), "data": dict(body)}
        name = f"msg_{service.new_id()}"
        outbox.put(unit, Message(name, endpoint.id, event, canonical_json(said), at))


def deliver_due(service: Service, post: Poster, *, limit: int = 20) -> int:
    """Deliver what is due, and plan again what was not taken; how many were tried.

    Each message is posted outside of any transaction.
    """
    at = service.clock()
    with service.online.begin() as unit:
        due = outbox.lease(unit, at=at, until=at + _LEASE, limit=limit)
        secrets = {
            message.endpoint: [
                _opened(service, message.endpoint, sealed)
                for sealed in outbox.sealed_secrets(unit, message.endpoint, at=at)
            ]
            for message, _ in due
        }
    for message, url in due:
        body = message.body.encode()
        headers = signed_headers(
            message.id, body, secrets[message.endpoint], at=service.clock() // _SECOND
        )
        status = post(url, body, headers)
        with service.online.begin() as unit:
            _settle(service, unit, message, status)
    return len(due)


def _settle(service: Service, unit: Unit, message: Message, status: int) -> None:
    at = service.clock()
    if 200 <= status < 300:
        outbox.delivered(unit, message.id, at=at)
        return
    gone = status == 410
    tried = message.attempts
    wait = None if gone or tried >= len(RETRIES) else RETRIES[tried]
    outbox.failed(unit, message.id, next_at=None if wait is None else at + wait * _SECOND)


def signed_headers(
    message: str, body: bytes, secrets: Iterable[bytes], *, at: int
) -> dict[str, str]:
    """The headers of a webhook; ``at`` is in whole seconds.

    Each signature is HMAC-SHA-256 of ``id.timestamp.body``, in base64 (Standard Webhooks).
    """
    text = f"{message}.{at}.".encode() + body
    signatures = (
        "v1," + base64.b64encode(hmac.new(secret, text, hashlib.sha256).digest()).decode()
        for secret in secrets
    )
    return {
        "content-type": "application/json",
        "webhook-id": message,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(signatures),
    }


def _shown(secret: bytes) -> str:
    return "whsec_" + base64.b64encode(secret).decode()


def _sealed(service: Service, endpoint: str, secret: bytes) -> bytes:
    """The secret under the workspace's key (AES-256-GCM): it must be read again to sign."""
    nonce = service.randomness(12)
    cipher = AESGCM(service.derived("webhook secrets"))
    return nonce + cipher.encrypt(nonce, secret, endpoint.encode())


def _opened(service: Service, endpoint: str, sealed: bytes) -> bytes:
    try:
        cipher = AESGCM(service.derived("webhook secrets"))
        return cipher.decrypt(sealed[:12], sealed[12:], endpoint.encode())
    except InvalidTag as error:
        raise Corrupt(
            "a webhook's secret was not sealed under this workspace's key; put the key's backup "
            "back, or rotate the secret."
        ) from error
