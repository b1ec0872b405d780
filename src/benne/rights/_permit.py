"""A permit: the value that allows evidence to be read."""

from __future__ import annotations

from dataclasses import dataclass

from benne.kernel import InvalidInput, NotPermitted, content_hash, iso

SCORING_PURPOSES = ("self_view", "deposit_free", "pay_later", "lending")
PURPOSES = (*SCORING_PURPOSES, "model_building", "fairness_audit", "marketing")
"""Why an answer is asked.  Closed: an unknown purpose is never silently allowed."""

LAWFUL_BASES = (
    "consent",
    "contract",
    "legal_obligation",
    "public_interest",
    "legitimate_interest",
    "research",
    "simulated",
)
"""On what a workspace without consents may rest (after GDPR Art. 6(1) and 89; ``simulated``
says that no person stands behind the records)."""


@dataclass(frozen=True, slots=True)
class LawfulBasis:
    """What a workspace states, in ``benne.toml``, when it holds no consents of its own.

    ``basis`` is one of ``LAWFUL_BASES``; ``statement`` says it in a sentence that the
    report prints.
    """

    basis: str
    statement: str

    def __post_init__(self) -> None:
        if self.basis not in LAWFUL_BASES:
            raise InvalidInput(
                f"a lawful basis must be one of {', '.join(LAWFUL_BASES)}; got {self.basis!r}."
            )
        if not self.statement.strip():
            raise InvalidInput(
                "a lawful basis needs a statement; write in one sentence why these records "
                "may be used for this purpose."
            )


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to read evidence: for one purpose, from one instant until another.

    ``kinds`` names the kinds that may be read (``None``: all), ``subjects`` the people
    (``None``: a whole population, as a batch needs).  Instants are int64 microseconds.
    A permit is made by ``permit_on_basis``; holding one is the proof that a rule was asked.
    """

    purpose: str
    jurisdiction: str
    issued_at: int
    expires_at: int
    basis: LawfulBasis
    kinds: frozenset[str] | None = None
    subjects: frozenset[str] | None = None

    def covers_kind(self, kind: str) -> bool:
        """Whether records of ``kind`` may be read."""
        return self.kinds is None or kind in self.kinds

    def covers_subject(self, subject: str) -> bool:
        """Whether records about ``subject`` may be read."""
        return self.subjects is None or subject in self.subjects

    def demand(self, *, at: int) -> None:
        """Refuse if the permit is not in force at ``at``.

        Raises:
            NotPermitted: before ``issued_at`` or at or after ``expires_at``.
        """
        if not self.issued_at <= at < self.expires_at:
            raise NotPermitted(
                f"the permit for {self.purpose} runs from {iso(self.issued_at)} to "
                f"{iso(self.expires_at)}; it was used at {iso(at)}; ask for a new one."
            )

    @property
    def hash(self) -> str:
        """SHA-256 of the permit's content, as an answer stores it."""
        return content_hash(
            {
                "purpose": self.purpose,
                "jurisdiction": self.jurisdiction,
                "issued_at": self.issued_at,
                "expires_at": self.expires_at,
                "basis": [self.basis.basis, self.basis.statement],
                "kinds": None if self.kinds is None else sorted(self.kinds),
                "subjects": None if self.subjects is None else sorted(self.subjects),
            }
        )


def permit_on_basis(
    basis: LawfulBasis,
    *,
    purpose: str,
    jurisdiction: str,
    issued_at: int,
    expires_at: int,
    kinds: frozenset[str] | None = None,
    subjects: frozenset[str] | None = None,
) -> Permit:
    """The permit that a stated lawful basis gives for ``purpose``.

    Marketing is never given on a basis that a workspace states for itself: it needs each
    person's own opt-in (PIPL Art. 24; GDPR Art. 21(2)).

    Raises:
        InvalidInput: an unknown purpose, or a permit that ends before it starts.
        NotPermitted: the purpose is marketing.
    """
    if purpose not in PURPOSES:
        raise InvalidInput(f"a purpose must be one of {', '.join(PURPOSES)}; got {purpose!r}.")
    if purpose == "marketing":
        raise NotPermitted(
            "marketing needs each person's own opt-in; a stated lawful basis cannot give it."
        )
    if expires_at <= issued_at:
        raise InvalidInput(
            f"a permit must end after it starts; got {iso(issued_at)} to {iso(expires_at)}."
        )
    return Permit(purpose, jurisdiction, issued_at, expires_at, basis, kinds, subjects)
