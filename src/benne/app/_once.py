"""Once: the same key and the same request have the same answer, byte for byte, for a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from benne.app._refusals import KeyInFlight, KeyMissing, KeyReused
from benne.app.stores.online import keys
from benne.kernel import InvalidInput

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

LONGEST = 128
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
    service: Service, client: str, key: str | None, request: str, work: Callable[[Unit], Fresh]
) -> Kept:
    """``work`` in one transaction with its key; or what it gave the first time.

    ``request`` is the hash of the whole request.  An error keeps nothing: the key is free again.

    Raises:
        KeyMissing, InvalidInput: no key, or one that is no key.
        KeyReused: it belongs to another request of the last 24 hours.
        KeyInFlight: the first request is still being answered.
    """
    key = _key(key)
    with _alone(client, key):
        return service.online.run(lambda unit: _in(service, unit, client, key, request, work))


def _in(
    service: Service,
    unit: Unit,
    client: str,
    key: str,
    request: str,
    work: Callable[[Unit], Fresh],
) -> Kept:
    unit.ahead(*keys.asked(client, key))
    match keys.claim(unit, client, key, request, at=service.clock()):
        case keys.Replay(status, body):
            return Kept(status, body, replayed=True)
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
                request,
                status=made.status,
                body=made.body,
                subject=made.subject,
                at=service.clock(),
            )
            return Kept(made.status, made.body)


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
