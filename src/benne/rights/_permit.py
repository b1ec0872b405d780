"""A permit: the value that allows evidence to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from benne.kernel import DOMAINS, Corrupt, InvalidInput, Json, NotPermitted, content_hash, iso
from benne.rights._retention import Horizon

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
class Bar:
    """What a rule closes to a purpose: domains of evidence, kinds, and tags of features."""

    rule: str
    domains: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()
    tags: frozenset[str] = frozenset()

    def as_json(self) -> dict[str, Json]:
        """The bar as plain JSON."""
        return {
            "rule": self.rule,
            "domains": sorted(self.domains),
            "kinds": sorted(self.kinds),
            "tags": sorted(self.tags),
        }


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to read evidence: for one purpose, from one instant until another.

    ``kinds`` names the kinds that may be read (``None``: all), ``subjects`` the people
    (``None``: a whole population, as a batch needs).  Instants are int64 microseconds.
    ``bars`` are what rules of the jurisdiction close, ``retention`` until when records are
    seen, ``evidence_from`` and ``evidence_until`` the half-open range of the records' own
    instants that a consent names, ``duties`` what an answer under this permit owes the person;
    ``rules`` names every rule that was asked, ``rules_hash`` the text of them all.
    ``consent`` is the id of the consent on which it rests, ``held`` the business reason for
    which a revoked one still stands.

    A permit is made by ``permit_on_basis`` or ``permit_on_consent``; holding one is the proof
    that a rule was asked.
    """

    purpose: str
    jurisdiction: str
    issued_at: int
    expires_at: int
    basis: LawfulBasis
    kinds: frozenset[str] | None = None
    subjects: frozenset[str] | None = None
    bars: tuple[Bar, ...] = ()
    retention: tuple[Horizon, ...] = ()
    evidence_from: int | None = None
    evidence_until: int | None = None
    duties: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    rules_hash: str = ""
    consent: str | None = None
    held: str | None = None

    def bar_on(
        self, *, kind: str | None = None, domain: str | None = None, tags: Iterable[str] = ()
    ) -> Bar | None:
        """The first rule that closes this kind, domain or any of these tags; ``None``: open."""
        asked = frozenset(tags)
        for bar in self.bars:
            if kind in bar.kinds or domain in bar.domains or asked & bar.tags:
                return bar
        return None

    def covers_kind(self, kind: str, domain: str | None = None) -> bool:
        """Whether records of ``kind``, which is of ``domain``, may be read."""
        allowed = self.kinds is None or kind in self.kinds
        return allowed and self.bar_on(kind=kind, domain=domain) is None

    @property
    def barred_domains(self) -> tuple[str, ...]:
        """The domains that rules close, in the order of the score's dimensions."""
        closed = frozenset[str]().union(*(bar.domains for bar in self.bars))
        return tuple(domain for domain in DOMAINS if domain in closed)

    def covers_subject(self, subject: str) -> bool:
        """Whether records about ``subject`` may be read."""
        return self.subjects is None or subject in self.subjects

    def covers_instant(self, instant: object) -> bool:
        """Whether a record whose own instant (the window of its kind) is this may be read."""
        low, high = self.evidence_from, self.evidence_until
        return isinstance(instant, int) and (
            (low is None or low <= instant) and (high is None or instant < high)
        )

    def horizons(self, kind: str) -> tuple[Horizon, ...]:
        """The retention horizons of ``kind``: a record past any of them is not seen."""
        return tuple(horizon for horizon in self.retention if horizon.kind == kind)

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

    def as_json(self) -> dict[str, Json]:
        """The permit as plain JSON, of which it can be made again (``permit_from``)."""
        return {
            "purpose": self.purpose,
            "jurisdiction": self.jurisdiction,
            "issued_at": self.issued_at,
            "expires_at": self.expires_at,
            "basis": [self.basis.basis, self.basis.statement],
            "kinds": None if self.kinds is None else sorted(self.kinds),
            "subjects": None if self.subjects is None else sorted(self.subjects),
            "bars": [bar.as_json() for bar in self.bars],
            "retention": [horizon.as_json() for horizon in self.retention],
            "evidence": [self.evidence_from, self.evidence_until],
            "duties": list(self.duties),
            "rules": list(self.rules),
            "rules_hash": self.rules_hash,
            "consent": self.consent,
            "held": self.held,
        }

    @property
    def hash(self) -> str:
        """SHA-256 of the permit's content, as an answer stores it."""
        return content_hash(self.as_json())


def permit_from(document: Mapping[str, Any]) -> Permit:
    """The permit that ``as_json`` wrote: how an answer of long ago is read again.

    Raises:
        Corrupt: it is not what was written.
    """
    given = dict(document)
    try:
        low, high = given.pop("evidence")
        return Permit(
            basis=LawfulBasis(*given.pop("basis")),
            kinds=_names(given.pop("kinds")),
            subjects=_names(given.pop("subjects")),
            bars=tuple(_bar(bar) for bar in given.pop("bars")),
            retention=tuple(
                Horizon(**{**one, "values": frozenset(one["values"])})
                for one in given.pop("retention")
            ),
            evidence_from=low,
            evidence_until=high,
            duties=tuple(given.pop("duties")),
            rules=tuple(given.pop("rules")),
            **given,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Corrupt(f"a stored permit is not what was written: {error!r}.") from error


def _names(given: Iterable[str] | None) -> frozenset[str] | None:
    return None if given is None else frozenset(given)


def _bar(given: Mapping[str, Any]) -> Bar:
    closed = {name: frozenset(given[name]) for name in ("domains", "kinds", "tags")}
    return Bar(given["rule"], **closed)
