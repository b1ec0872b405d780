"""A consent: what a person allowed whom, for what, over which evidence and until when.

A consent is immutable and signed; what happens to it later are events beside it (see
``benne.rights._consent_life``).  Its canonical form is JSON with a schema number; the same keys
in TOML read back as the same consent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Protocol

from benne.kernel import (
    Corrupt,
    InvalidInput,
    Json,
    NotPermitted,
    Reader,
    canonical_json,
    content_hash,
    iso,
)
from benne.rights._purposes import PURPOSES

SCHEMA = 1
MODES = ("view", "store", "query", "stream")
"""What the merchant may do: look at an answer and keep nothing; keep it for its life; ask again
while it lives; be told when it changes."""

_DOMAIN = b"benne consent 1\n"
_INSTANTS = ("given_at", "starts_at", "expires_at")


@dataclass(frozen=True, slots=True)
class Frequency:
    """At most ``times`` answers in any ``days`` days."""

    times: int
    days: int

    def __post_init__(self) -> None:
        if self.times < 1 or self.days < 1:
            raise InvalidInput(
                f"a frequency must be 1 time or more in 1 day or more; got {self.times} in "
                f"{self.days} days."
            )


@dataclass(frozen=True, slots=True)
class Consent:
    """What a person, ``subject``, allowed ``merchant``.  Instants are int64 microseconds.

    ``subject`` is the workspace's own id and never leaves it; ``known_as`` is the id by which
    this merchant alone knows the person (``benne.kernel.pairwise_id``).  Evidence of ``kinds``
    may be used for ``purposes`` where its own instant lies in ``[evidence_from,
    evidence_until)`` (``None``: no bound), and an answer be kept for ``life_days``.  The consent
    holds from ``starts_at`` until ``expires_at``.  ``text_version`` names the text that was
    shown, ``text_hash`` is the SHA-256 of it.  ``ticked_beforehand`` says whether the box was
    ticked when the person saw it.  ``warned`` says that the person was told of adverse
    consequences and agreed in writing.

    Raises:
        NotPermitted: the box was ticked beforehand.
        InvalidInput: a value that cannot be meant; the message says which.
    """

    id: str
    subject: str
    merchant: str
    known_as: str
    purposes: frozenset[str]
    kinds: frozenset[str]
    mode: str
    frequency: Frequency
    life_days: int
    given_at: int
    starts_at: int
    expires_at: int
    text_version: str
    text_hash: str
    ticked_beforehand: bool
    warned: bool = False
    evidence_from: int | None = None
    evidence_until: int | None = None

    def __post_init__(self) -> None:
        if self.ticked_beforehand:
            raise NotPermitted(
                f"a consent must be an act of the person; the box of consent {self.id} was ticked "
                "beforehand; show it unticked and ask again."
            )
        unknown = sorted(self.purposes - set(PURPOSES))
        if unknown or not self.purposes:
            raise InvalidInput(
                f"consent {self.id}: purposes must be some of {', '.join(PURPOSES)}; "
                f"got {unknown or 'none'}."
            )
        if self.mode not in MODES:
            raise InvalidInput(
                f"consent {self.id}: mode must be one of {', '.join(MODES)}; got {self.mode!r}."
            )
        _demand_texts(self)
        _demand_times(self)

    def as_json(self) -> dict[str, Json]:
        """The consent as JSON, with its schema number; what has no bound is left out."""
        document: dict[str, Json] = {"schema": SCHEMA}
        for spec in fields(self):
            value = getattr(self, spec.name)
            if spec.name in (*_INSTANTS, "evidence_from", "evidence_until"):
                value = None if value is None else iso(value)
            elif isinstance(value, frozenset):
                value = sorted(value)
            elif isinstance(value, Frequency):
                value = {"times": value.times, "days": value.days}
            if value is not None:
                document[spec.name] = value
        return document

    @property
    def canonical(self) -> str:
        """The canonical JSON: what is signed and hashed."""
        return canonical_json(self.as_json())

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON."""
        return content_hash(self.as_json())

    def receipt(self) -> dict[str, Json]:
        """The consent as its merchant may have it: without the workspace's id of the person."""
        document = self.as_json()
        del document["subject"]
        return document


def _demand_texts(consent: Consent) -> None:
    for name in ("id", "subject", "merchant", "known_as", "text_version", "text_hash"):
        if not getattr(consent, name).strip():
            raise InvalidInput(f"a consent must state its {name}; it is empty.")
    if not consent.kinds:
        raise InvalidInput(f"consent {consent.id}: it must name at least one kind of evidence.")
    if consent.known_as == consent.subject:
        raise InvalidInput(
            f"consent {consent.id}: known_as must be the merchant's own id of the person, not the "
            "workspace's; make it with pairwise_id."
        )


def _demand_times(consent: Consent) -> None:
    if not consent.given_at <= consent.starts_at < consent.expires_at:
        given, starts, ends = (iso(getattr(consent, name)) for name in _INSTANTS)
        raise InvalidInput(
            f"consent {consent.id}: it must be given no later than it starts, and start before it "
            f"expires; got given {given}, start {starts}, expiry {ends}."
        )
    if consent.life_days < 0 or (consent.mode == "view" and consent.life_days):
        raise InvalidInput(
            f"consent {consent.id}: life_days must be 0 or more, and 0 for view; got "
            f"{consent.life_days}."
        )
    low, high = consent.evidence_from, consent.evidence_until
    if low is not None and high is not None and low >= high:
        raise InvalidInput(
            f"consent {consent.id}: evidence_until must be after evidence_from; got {iso(low)} to "
            f"{iso(high)}."
        )


def read_consent(document: Mapping[str, object], *, where: str = "consent") -> Consent:
    """The consent that a parsed JSON or TOML ``document`` states.

    Raises:
        InvalidInput: an unknown or missing key, another type, or a value that cannot be meant.
        NotPermitted: the box was ticked beforehand.
    """
    body = Reader(document, where)
    body.schema(SCHEMA)
    often = body.table("frequency")
    if often is None:
        raise InvalidInput(f"{where}: frequency is missing; it must be stated.")
    frequency = Frequency(often.whole("times"), often.whole("days"))
    often.done()
    texts = ("id", "subject", "merchant", "known_as", "mode", "text_version", "text_hash")
    consent = Consent(
        **{name: body.text(name) for name in texts},
        **{name: body.instant(name) for name in _INSTANTS},
        purposes=body.texts("purposes"),
        kinds=body.texts("kinds"),
        frequency=frequency,
        life_days=body.whole("life_days"),
        ticked_beforehand=body.flag("ticked_beforehand"),
        warned=body.flag("warned", default=False),
        evidence_from=body.instant("evidence_from", None),
        evidence_until=body.instant("evidence_until", None),
    )
    body.done()
    return consent


# --- signatures --------------------------------------------------------------------------


class Signer(Protocol):
    """Who signs: ``benne.app`` has one for Ed25519 (RFC 8032)."""

    @property
    def key_id(self) -> str:
        """The name of the key, by which a verifier finds its public half."""

    def sign(self, message: bytes) -> bytes:
        """The signature of ``message``."""


class Verifier(Protocol):
    """Who tells whether a signature is right."""

    def verify(self, message: bytes, signature: bytes, *, key_id: str) -> bool:
        """Whether ``signature`` is that of ``message`` under the key ``key_id``."""


@dataclass(frozen=True, slots=True)
class SignedConsent:
    """A consent as it is stored: its canonical JSON, the key that signed it, the signature."""

    canonical: str
    key_id: str
    signature: bytes


def sign_consent(consent: Consent, signer: Signer) -> SignedConsent:
    """``consent`` with its signature."""
    canonical = consent.canonical
    return SignedConsent(canonical, signer.key_id, signer.sign(_DOMAIN + canonical.encode()))


def open_consent(signed: SignedConsent, verifier: Verifier) -> Consent:
    """The consent in ``signed``, once its signature is found right.

    Raises:
        Corrupt: the signature is not that of the text, or its key is not known; or the text was
            signed but is not in canonical form.
    """
    message = _DOMAIN + signed.canonical.encode()
    if not verifier.verify(message, signed.signature, key_id=signed.key_id):
        raise Corrupt(
            f"a stored consent must be as it was signed with key {signed.key_id!r}; this one is "
            "not; restore it from a backup."
        )
    consent = read_consent(json.loads(signed.canonical), where="signed consent")
    if consent.canonical != signed.canonical:
        raise Corrupt(f"signed consent {consent.id} is not in its canonical form.")
    return consent
