"""The service: a workspace that answers, with its store, its clock and its keys."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from typing import TYPE_CHECKING

from benne.app._signing import Ed25519Signer, Ed25519Verifier
from benne.app._webhooks import fan_out
from benne.app.stores.online import clients, journal
from benne.kernel import DOMAINS, Json, uuid7
from benne.rights import Consent, SignedConsent, open_consent

if TYPE_CHECKING:
    from benne.app._asking import Reader
    from benne.app._replay import KeptModels
    from benne.app.settings import Workspace
    from benne.app.stores.online import Online, Unit
    from benne.evidence import Kind


_OPENED_KEPT = 4_096
"""Consents that stay opened: of who is asked about again soon, some 3 kB each."""


@dataclass(frozen=True)
class Service:
    """Everything that a use case of the service needs; made by ``wiring.service``.

    ``clock`` gives microseconds, ``randomness`` so many unguessable bytes.  ``reader`` answers
    from a person's evidence; ``sign_in_secret`` is ours at the provider of people's sign-in;
    ``processes`` is how many share the rate limits.
    Every key is derived from ``key``, the workspace's own.
    """

    workspace: Workspace
    online: Online
    key: bytes = field(repr=False)
    clock: Callable[[], int]
    randomness: Callable[[int], bytes]
    reader: Reader
    sign_in_secret: str | None = field(default=None, repr=False)
    processes: int = 1

    def new_id(self) -> str:
        """A UUIDv7 of now."""
        return str(uuid7(self.clock() // 1000, self.randomness(10)))

    def note(self, unit: Unit, act: str, body: Mapping[str, Json]) -> None:
        """Append a line to the journal, in the unit's own transaction."""
        journal.note(unit, act, body, at=self.clock())

    def numbered(self, unit: Unit, act: str, body: Mapping[str, Json]) -> int:
        """``note``; the number of the line."""
        return journal.append(unit, act, body, at=self.clock())

    def tell(self, unit: Unit, organisation: str, event: str, body: Mapping[str, Json]) -> None:
        """Put a webhook of the organisation in the unit's own transaction."""
        fan_out(self, unit, organisation, event, body)

    def derived(self, what: str) -> bytes:
        """The key for one use, 32 bytes: HMAC-SHA-256 of its name under the workspace's key."""
        return hmac.new(self.key, f"benne key for {what}".encode(), hashlib.sha256).digest()

    def hashed(self, text: str) -> str:
        """A keyed hash of ``text``, for the journal, which holds no personal data."""
        return hmac.new(self._journal_key, text.encode(), hashlib.sha256).hexdigest()[:32]

    def told(self, content: bytes) -> str:
        """A keyed hash of ``content``, for the journal: the whole 64 hex digits."""
        return hmac.new(self._journal_key, content, hashlib.sha256).hexdigest()

    @cached_property
    def _journal_key(self) -> bytes:
        return self.derived("journal hashes")

    @cached_property
    def test_key(self) -> bytes:
        """Under which identifiers become pseudonyms in test mode: of nobody who exists."""
        return self.derived("people of tests")

    @cached_property
    def kept_key(self) -> bytes:
        """Under which the answers that an idempotency key gives again are sealed."""
        return self.derived("kept answers")

    @cached_property
    def pairwise_key(self) -> bytes:
        """Under which merchants get ids of their own for a person."""
        return self.derived("pairwise ids")

    @cached_property
    def signer(self) -> Ed25519Signer:
        """Who signs consents, under the newest key."""
        return self._signer(self.workspace.service.signing_keys)

    @cached_property
    def verifier(self) -> Ed25519Verifier:
        """Who tells right signatures, under every key there was."""
        numbers = range(1, self.workspace.service.signing_keys + 1)
        return Ed25519Verifier.of(self._signer(number).public for number in numbers)

    @cached_property
    def kept_models(self) -> KeptModels:
        """The models that gave answers, each read once it is needed."""
        from benne.app._replay import KeptModels

        return KeptModels(self.workspace)

    @cached_property
    def opened(self) -> Callable[[SignedConsent], Consent]:
        """``open_consent``; a signature that was found right is not checked again."""
        return lru_cache(_OPENED_KEPT)(partial(open_consent, verifier=self.verifier))

    def _signer(self, number: int) -> Ed25519Signer:
        return Ed25519Signer(self.derived(f"signatures {number}"))

    @cached_property
    def token_signers(self) -> tuple[Ed25519Signer, ...]:
        """The keys of access tokens: the present one, and the one before it."""
        now = self.workspace.service.signing_keys
        return tuple(Ed25519Signer(self.derived(f"tokens {n}")) for n in range(now, 0, -1)[:2])

    @cached_property
    def kind_domains(self) -> dict[str, str]:
        """The domain of every kind that the workspace has."""
        return {kind.name: self._domain(kind) for kind in self.workspace.kinds}

    def _domain(self, kind: Kind) -> str:
        """The domain of ``kind``; of ready-made variables, that of the workspace's own."""
        if kind.domain != "declared":
            return kind.domain
        domains = {attribute.domain for attribute in self.workspace.attributes.values()}
        return next((name for name in DOMAINS if name in domains), kind.domain)


def ready(service: Service) -> None:
    """Whether the service can answer now.

    Raises:
        Unavailable: its store cannot be read.
    """
    with service.online.reading() as unit:
        clients.find_organisation(unit, "")
