"""Ed25519 (RFC 8032): what signs consents and the journal, and what tells a right signature."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from benne.kernel import InvalidInput


def key_id_of(public: bytes) -> str:
    """The name of a public key of 32 bytes: the first 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True, slots=True, repr=False)
class Ed25519Signer:
    """Signs with the private key that a ``seed`` of 32 random bytes is.

    A repr or a log shows the key's name, never the seed.

    Raises:
        InvalidInput: a seed that is not 32 bytes.
    """

    seed: bytes

    def __post_init__(self) -> None:
        if len(self.seed) != 32:
            raise InvalidInput(f"an Ed25519 seed must have 32 bytes; got {len(self.seed)}.")

    def __repr__(self) -> str:
        return f"Ed25519Signer({self.key_id})"

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()

    @property
    def key_id(self) -> str:
        """The name of the key."""
        return key_id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """The signature of ``message``, 64 bytes; the same message has always the same one."""
        return Ed25519PrivateKey.from_private_bytes(self.seed).sign(message)


@dataclass(frozen=True, slots=True)
class Ed25519Verifier:
    """Tells right signatures under any of the public keys, by their names.

    Old keys stay after a rotation, so that what they signed can still be opened.
    """

    keys: Mapping[str, bytes]

    @classmethod
    def of(cls, publics: Iterable[bytes]) -> Ed25519Verifier:
        """The verifier of ``publics``, keys of 32 bytes."""
        return cls({key_id_of(public): public for public in publics})

    def verify(self, message: bytes, signature: bytes, *, key_id: str) -> bool:
        """Whether ``signature`` is that of ``message``; false where the key is not known."""
        public = self.keys.get(key_id)
        if public is None:
            return False
        try:
            Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
        except InvalidSignature:
            return False
        return True
