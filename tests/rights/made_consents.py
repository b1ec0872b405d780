"""Consents and bases to test with."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from benne.kernel import pairwise_id, parse_instant
from benne.rights import Consent, Frequency, LawfulBasis

KEY = b"a key of the tests, 32 bytes lon"
DAY = 86_400_000_000
START = parse_instant("2026-01-01")
CONTRACT = LawfulBasis("contract", "The person asked for the service.")
ELSEWHERE = LawfulBasis("consent", "Consents are held by the source.")
SIMULATED = LawfulBasis("simulated", "Nobody stands behind these records.")
KINDS = frozenset({"profile", "instalment", "order", "breach"})


def consent(**changes: Any) -> Consent:
    """A consent for deposit-free services that runs for 2026."""
    merchant = changes.get("merchant", "bikes")
    stated: dict[str, Any] = {
        "id": "c1",
        "subject": "s1",
        "merchant": merchant,
        "known_as": pairwise_id("s1", merchant, key=KEY),
        "purposes": frozenset({"deposit_free"}),
        "kinds": KINDS,
        "mode": "query",
        "frequency": Frequency(30, 30),
        "life_days": 30,
        "given_at": START,
        "starts_at": START,
        "expires_at": START + 365 * DAY,
        "text_version": "2026-1",
        "text_hash": "ab" * 32,
        "ticked_beforehand": False,
        "evidence_from": START - 730 * DAY,
    }
    return Consent(**(stated | changes))


class SharedKey:
    """A signer and verifier by HMAC: as good as any for what the room asks of one."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.key_id = hashlib.sha256(key).hexdigest()[:8]

    def sign(self, message: bytes) -> bytes:
        return hmac.new(self._key, message, hashlib.sha256).digest()

    def verify(self, message: bytes, signature: bytes, *, key_id: str) -> bool:
        return key_id == self.key_id and hmac.compare_digest(self.sign(message), signature)
