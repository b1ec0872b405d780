"""Once: the same key and the same request have the same answer, byte for byte, for a day.

What is kept meanwhile is sealed under the workspace's key and the request itself: who has the
store alone reads nothing of it, and of what a request said only who says it again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from benne.app._refusals import KeyErased, KeyInFlight, KeyMissing, KeyReused
from benne.app.stores.online import keys
from benne.kernel import Corrupt, InvalidInput

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Ahead, Unit

LONGEST = 128
_NONCE = 12
KEY_SAYS = (
    "send an Idempotency-Key header with a new value for each new request, and the same value when "
    "you repeat one; it keeps you from being charged twice."
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a request gets: a status, bytes, and whether they were given before."""

    status: int
    body: bytes
    replayed: bool = False


@dataclass(frozen=True, slots=True)
class Fresh:
    """What a request makes: a status, bytes, and whom they are about."""

    status: int
    body: bytes
    subject: str | None = None


def once(
    service: Service,
    client: str,
    key: str | None,
    request: str,
    work: Callable[[Unit], Fresh],
    *,
    ahead: Ahead = (),
) -> Kept:
    """``work`` in one transaction with its key; or what it gave the first time.

    ``request`` is the hash of the whole request; ``ahead`` is what ``work`` asks the store first.
    An error keeps nothing: the key is free again.

    Raises:
        KeyMissing, InvalidInput: no key, or one that is no key.
        KeyReused: it belongs to another request of the last 24 hours.
        KeyInFlight: the first request is still being answered.
        KeyErased: the person was erased since.
    """
    key = _key(key)
    with _alone(client, key):
        return service.online.run(
            lambda unit: _in(service, unit, client, key, request, work, ahead)
        )


def _in(
    service: Service,
    unit: Unit,
    client: str,
    key: str,
    request: str,
    work: Callable[[Unit], Fresh],
    ahead: Ahead,
) -> Kept:
    unit.ahead(*keys.asked(client, key), *ahead)
    seal = _Seal.of(service, client, key, request)
    match keys.claim(unit, client, key, seal.request, at=service.clock(), older=request):
        case keys.Replay(status, body, plain):
            return Kept(status, body if plain else seal.opened(body), replayed=True)
        case keys.Erased():
            raise KeyErased(
                "the request with this Idempotency-Key was answered, and the person was lawfully "
                "erased since; there is nothing to give again."
            )
        case keys.OtherBody():
            raise KeyReused(
                "an Idempotency-Key belongs to one request; this one was used for another in "
                "the last 24 hours; send a new key with a new request."
            )
        case keys.InFlight():
            raise KeyInFlight(_IN_FLIGHT)
        case keys.New():
            made = work(unit)
            keys.remember(
                unit,
                client,
                key,
                seal.request,
                status=made.status,
                body=seal.sealed(made.body, nonce=service.randomness(_NONCE)),
                subject=made.subject,
                at=service.clock(),
            )
            return Kept(made.status, made.body)


@dataclass(frozen=True, slots=True)
class _Seal:
    """How a kept answer is sealed: AES-256-GCM, its key an HMAC of the request and its name."""

    request: str
    _cipher: AESGCM

    @classmethod
    def of(cls, service: Service, client: str, key: str, request: str) -> _Seal:
        """The seal of one request; ``request`` of it is its keyed hash, which the store keeps."""
        named = f"{client}\n{key}\n{request}".encode()
        made = hmac.new(service.kept_key, named, hashlib.sha512).digest()
        return cls(made[32:].hex(), AESGCM(made[:32]))

    def sealed(self, body: bytes, *, nonce: bytes) -> bytes:
        """``body`` as it is kept."""
        return nonce + self._cipher.encrypt(nonce, body, None)

    def opened(self, sealed: bytes) -> bytes:
        """What ``sealed`` gave.

        Raises:
            Corrupt: it is not what was kept.
        """
        try:
            return self._cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
        except InvalidTag as error:
            raise Corrupt("a kept answer is not what was kept; run benne verify.") from error


_IN_FLIGHT = "the first request with this Idempotency-Key is still being answered; send it again."


def _key(key: str | None) -> str:
    if key is None:
        raise KeyMissing(KEY_SAYS)
    bare = key[1:-1] if len(key) > 1 and key[0] == key[-1] == '"' else key
    if not 1 <= len(bare) <= LONGEST or not all("!" <= letter <= "~" for letter in bare):
        raise InvalidInput(
            f"an Idempotency-Key must be 1 to {LONGEST} visible ASCII letters, such as a UUID."
        )
    return bare


_busy: set[tuple[str, str]] = set()
_guard = Lock()


@contextmanager
def _alone(client: str, key: str) -> Iterator[None]:
    """In this process one request at a time holds a key; PostgreSQL sees to the others."""
    mine = client, key
    with _guard:
        if mine in _busy:
            raise KeyInFlight(_IN_FLIGHT)
        _busy.add(mine)
    try:
        yield
    finally:
        with _guard:
            _busy.discard(mine)
