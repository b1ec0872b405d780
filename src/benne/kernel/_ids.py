"""Identifiers: pseudonymous subjects, and time-ordered ids for answers."""

from __future__ import annotations

import hashlib
import hmac
from uuid import UUID

from benne.kernel._errors import InvalidInput


def subject_id(identifier: str, *, key: bytes) -> str:
    """The opaque id of the person whom sources know as ``identifier``.

    HMAC-SHA-256 under the workspace key, its first 128 bits in hex: the same person in
    every source of one workspace, and unlinkable between workspaces.

    >>> subject_id("a", key=b"k" * 32) == subject_id("a", key=b"k" * 32)
    True
    """
    if len(key) < 16:
        raise InvalidInput(f"a workspace key must have 16 bytes or more; got {len(key)}.")
    return hmac.new(key, identifier.encode(), hashlib.sha256).hexdigest()[:32]


def pairwise_id(subject: str, merchant: str, *, key: bytes) -> str:
    """The id by which ``merchant`` alone knows ``subject``.

    HMAC-SHA-256 under a key of its own, its first 128 bits in hex: two merchants who put their
    ids side by side learn nothing, and none leads back to the subject.  The two names are told
    apart by the length of the first.

    >>> a, b = (pairwise_id("s", name, key=b"k" * 32) for name in ("bikes", "books"))
    >>> a == b
    False
    """
    if len(key) < 16:
        raise InvalidInput(f"a pairwise key must have 16 bytes or more; got {len(key)}.")
    message = f"pairwise {len(merchant.encode())} {merchant}{subject}"
    return hmac.new(key, message.encode(), hashlib.sha256).hexdigest()[:32]


def uuid7(unix_ms: int, randomness: bytes) -> UUID:
    """A version 7 UUID (RFC 9562, 5.7) from a time in milliseconds and 10 random bytes.

    >>> uuid7(0, bytes(10)).version
    7
    """
    if len(randomness) != 10:
        raise InvalidInput(f"a UUIDv7 takes 10 random bytes; got {len(randomness)}.")
    if not 0 <= unix_ms < 1 << 48:
        raise InvalidInput(f"a UUIDv7 takes milliseconds in [0, 2**48); got {unix_ms}.")
    tail = int.from_bytes(randomness, "big")
    value = unix_ms << 80
    value |= 0x7 << 76 | ((tail >> 62) & 0xFFF) << 64
    value |= 0b10 << 62 | (tail & ((1 << 62) - 1))
    return UUID(int=value)
