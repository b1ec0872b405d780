"""Ed25519: right signatures alone are right, and a seed is never shown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, strategies as st

from benne.app._signing import Ed25519Signer, Ed25519Verifier, key_id_of
from benne.kernel import Corrupt, InvalidInput, pairwise_id
from benne.rights import Consent, Frequency, open_consent, sign_consent

OLD, NEW = Ed25519Signer(bytes(range(32))), Ed25519Signer(bytes(range(1, 33)))
BOTH = Ed25519Verifier.of([OLD.public, NEW.public])


def test_the_first_vector_of_the_standard() -> None:
    """RFC 8032, 7.1, test 1: the empty message."""
    signer = Ed25519Signer(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert signer.public == bytes.fromhex(
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    )
    assert signer.sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974")


@given(st.binary(max_size=99), st.integers(0, 511))
def test_a_signature_with_a_bit_turned_is_wrong(message: bytes, bit: int) -> None:
    signature = OLD.sign(message)
    assert BOTH.verify(message, signature, key_id=OLD.key_id)
    turned = bytearray(signature)
    turned[bit // 8] ^= 1 << bit % 8
    assert not BOTH.verify(message, bytes(turned), key_id=OLD.key_id)
    assert not BOTH.verify(message + b"x", signature, key_id=OLD.key_id)
    assert not BOTH.verify(message, signature, key_id=NEW.key_id)
    assert not BOTH.verify(message, signature, key_id="nobody")
    assert not BOTH.verify(message, b"short", key_id=OLD.key_id)


def test_a_consent_signed_before_a_rotation_still_opens() -> None:
    consent = Consent(
        id="c1", subject="s1", merchant="m", known_as=pairwise_id("s1", "m", key=bytes(32)),
        purposes=frozenset({"lending"}), kinds=frozenset({"order"}), mode="query",
        frequency=Frequency(1, 1), life_days=1, given_at=0, starts_at=0, expires_at=1,
        text_version="1", text_hash="00", ticked_beforehand=False,
    )  # fmt: skip
    signed = sign_consent(consent, OLD)
    assert open_consent(signed, BOTH) == consent
    with pytest.raises(Corrupt):
        open_consent(signed, Ed25519Verifier.of([NEW.public]))
    with pytest.raises(Corrupt):
        open_consent(replace(signed, key_id=NEW.key_id), BOTH)


def test_a_seed_is_never_shown_and_has_its_length() -> None:
    assert repr(OLD) == f"Ed25519Signer({key_id_of(OLD.public)})"
    assert OLD.seed.hex() not in f"{OLD} {OLD!r}"
    with pytest.raises(InvalidInput, match="32 bytes; got 3"):
        Ed25519Signer(b"abc")
