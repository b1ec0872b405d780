"""From a basis or consent, a purpose, a jurisdiction and an instant: a permit, or why not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from benne.kernel import InvalidInput, NotPermitted, iso
from benne.rights._consent import Consent
from benne.rights._consent_life import ConsentEvent, Hold, consent_status, hold_at
from benne.rights._jurisdictions import (
    Close,
    Closing,
    Duty,
    Jurisdiction,
    Need,
    NeverCollect,
    Rule,
    jurisdiction,
    rules_hash,
)
from benne.rights._permit import Bar, LawfulBasis, Permit
from benne.rights._purposes import PURPOSES, SCORING_PURPOSES


class ClosedByRule(NotPermitted):
    """A rule of the jurisdiction closes the purpose; ``rule`` is its id."""

    def __init__(self, rule: str, message: str) -> None:
        super().__init__(message)
        self.rule = rule


class ConsentMissing(NotPermitted):
    """No consent of the person is in force for this; ``status`` says how it stands."""

    def __init__(self, status: str, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks: the licences that the scorer holds, and which purposes a model is to serve.

    ``serves`` matters to ``model_building`` alone: a model may read only what every purpose
    that it is to serve may use.
    """

    licences: frozenset[str] = frozenset()
    serves: frozenset[str] = frozenset(SCORING_PURPOSES)

    def __post_init__(self) -> None:
        unknown = sorted(self.serves - set(SCORING_PURPOSES))
        if unknown or not self.serves:
            raise InvalidInput(
                f"a model must serve some of {', '.join(SCORING_PURPOSES)}; "
                f"got {unknown or 'none'}."
            )


ANYONE = Asking()
"""Who holds no licence, and builds models for every scoring purpose."""


def permit_on_basis(
    basis: LawfulBasis,
    *,
    purpose: str,
    jurisdiction: str,
    issued_at: int,
    expires_at: int,
    kinds: frozenset[str] | None = None,
    subjects: frozenset[str] | None = None,
    asking: Asking = ANYONE,
    warned: bool = False,
) -> Permit:
    """The permit that a stated lawful basis gives for ``purpose`` under the rules of that day.

    It ends at ``expires_at``, or when the rules next change, if that comes first: no permit
    outlives the rules that gave it.  Marketing is never given on a basis that a workspace
    states for itself.  ``simulated`` people have nobody's consent to ask.  ``warned`` says that
    the people agreed in writing after a warning of adverse consequences.

    Raises:
        InvalidInput: an unknown purpose or jurisdiction, or a permit that ends before it starts.
        ClosedByRule: a rule closes the purpose on that day.
    """
    consented = basis.basis in ("consent", "simulated")
    permit = Permit(purpose, jurisdiction, issued_at, expires_at, basis, kinds, subjects)
    return _under_rules(permit, asking=asking, consented=consented, own_opt_in=False, warned=warned)


def permit_on_consent(
    consent: Consent,
    events: Iterable[ConsentEvent],
    *,
    holds: Iterable[Hold] = (),
    merchant: str,
    purpose: str,
    jurisdiction: str,
    issued_at: int,
    expires_at: int,
    asking: Asking = ANYONE,
) -> Permit:
    """The permit that a person's ``consent`` gives ``merchant`` for ``purpose``.

    It never outlives the consent, or the rules of the day.  Once a consent is revoked, a hold
    that was placed before still permits the purpose for which it was placed, until it ends;
    nothing else does.

    Raises:
        InvalidInput: an unknown purpose or jurisdiction, or a permit that ends before it starts.
        ConsentMissing: the consent is not in force, is another merchant's, or is not for this.
        ClosedByRule: a rule closes the purpose on that day.
    """
    if merchant != consent.merchant:
        raise ConsentMissing(
            "absent", f"consent {consent.id} was not given to {merchant!r}; ask the person."
        )
    if purpose not in consent.purposes and purpose in PURPOSES:
        raise ConsentMissing(
            "absent",
            f"consent {consent.id} is for {', '.join(sorted(consent.purposes))}, not for "
            f"{purpose}; ask the person.",
        )
    status = consent_status(consent, events, issued_at)
    hold = None if status == "active" else hold_at(holds, purpose, issued_at)
    if status != "active" and (status != "revoked" or hold is None):
        raise ConsentMissing(
            status, f"consent {consent.id} is {status} at {iso(issued_at)}; ask the person."
        )
    text = f"consent {consent.id} to text {consent.text_version}"
    end = consent.expires_at if hold is None else hold.ends_at
    permit = Permit(
        purpose=purpose,
        jurisdiction=jurisdiction,
        issued_at=issued_at,
        expires_at=min(expires_at, end),
        basis=LawfulBasis("consent", text),
        kinds=consent.kinds,
        subjects=frozenset({consent.subject}),
        evidence_from=consent.evidence_from,
        evidence_until=consent.evidence_until,
        consent=consent.id,
        held=None if hold is None else hold.reason,
    )
    own = consent.purposes == {purpose}
    return _under_rules(
        permit, asking=asking, consented=True, own_opt_in=own, warned=consent.warned
    )


def _under_rules(
    permit: Permit, *, asking: Asking, consented: bool, own_opt_in: bool, warned: bool
) -> Permit:
    if permit.purpose not in PURPOSES:
        raise InvalidInput(
            f"a purpose must be one of {', '.join(PURPOSES)}; got {permit.purpose!r}."
        )
    law = jurisdiction(permit.jurisdiction)
    at = permit.issued_at
    if permit.expires_at <= at:
        raise InvalidInput(
            f"a permit must end after it starts; got {iso(at)} to {iso(permit.expires_at)}."
        )
    rules = law.in_force(at, permit.purpose)
    for rule in rules:
        _demand_open(rule, permit, asking.licences)
        _demand_needs(rule, permit, consented=consented, own_opt_in=own_opt_in)
    asked = {rule.id: rule for rule in (*rules, *_served(law, permit, asking))}
    return replace(
        permit,
        expires_at=min(permit.expires_at, law.next_change(at)),
        bars=tuple(_bars(asked.values(), warned=warned)),
        retention=law.horizons(at),
        duties=tuple(dict.fromkeys(r.effect.name for r in rules if isinstance(r.effect, Duty))),
        rules=tuple(asked),
        rules_hash=rules_hash(asked.values()),
    )


def _served(law: Jurisdiction, permit: Permit, asking: Asking) -> tuple[Rule, ...]:
    """The rules on what a model may read, from the purposes that it is to serve.

    A purpose that is closed is served by no model, and asks nothing of one; a model for closed
    purposes alone is refused.
    """
    if permit.purpose != "model_building":
        return ()
    found: list[Rule] = []
    closed: ClosedByRule | None = None
    open_purposes = 0
    for purpose in sorted(asking.serves):
        rules = law.in_force(permit.issued_at, purpose)
        try:
            for rule in rules:
                _demand_open(rule, replace(permit, purpose=purpose), asking.licences)
        except ClosedByRule as refused:
            closed = refused
            continue
        open_purposes += 1
        found += [rule for rule in rules if isinstance(rule.effect, Closing)]
    if closed is not None and not open_purposes:
        raise closed
    return tuple(found)


def _demand_open(rule: Rule, permit: Permit, licences: frozenset[str]) -> None:
    if not isinstance(rule.effect, Close) or rule.effect.unless_licence in licences:
        return
    held = rule.effect.unless_licence
    what_to_do = f"it takes the licence {held}" if held else "ask for another purpose"
    raise ClosedByRule(
        rule.id,
        f"rule {rule.id} closes {permit.purpose} in {permit.jurisdiction} at "
        f"{iso(permit.issued_at)}: {rule.says} ({rule.source}); {what_to_do}.",
    )


def _demand_needs(rule: Rule, permit: Permit, *, consented: bool, own_opt_in: bool) -> None:
    if not isinstance(rule.effect, Need):
        return
    if {"consent": consented, "own_opt_in": own_opt_in}[rule.effect.what]:
        return
    words = {"consent": "the person's consent", "own_opt_in": "each person's own opt-in"}
    raise ClosedByRule(
        rule.id,
        f"{permit.purpose} needs {words[rule.effect.what]} by rule {rule.id} of "
        f"{permit.jurisdiction}: {rule.says} ({rule.source}); "
        f"{permit.basis.statement!r} does not give it.",
    )


def _bars(rules: Iterable[Rule], *, warned: bool) -> Iterable[Bar]:
    for rule in rules:
        closing = rule.effect
        if isinstance(closing, Closing) and not (closing.unless_warned and warned):
            yield Bar(rule.id, closing.domains, closing.kinds, closing.tags)


# --- what else is asked of the rules of a day ------------------------------------------------


def never_collect(code: str, at: int) -> dict[str, str]:
    """The words that no collected column may have in its name, each with the rule's id."""
    return {
        word: rule.id
        for rule in jurisdiction(code).in_force(at)
        if isinstance(rule.effect, NeverCollect)
        for word in sorted(rule.effect.words)
    }


def refused_columns(columns: Iterable[str], code: str, at: int) -> dict[str, str]:
    """Of ``columns``, those that must not be collected, each with the rule's id.

    A column is refused where its words hold those of the rule next to each other:
    ``father_blood_type`` holds ``blood_type``.
    """
    words = never_collect(code, at)
    refused = {}
    for column in columns:
        padded = f"_{_words(column)}_"
        found = next((rule for word, rule in words.items() if f"_{word}_" in padded), None)
        if found is not None:
            refused[column] = found
    return refused


def _words(name: str) -> str:
    """``name`` in small letters, its words parted by one underscore.

    >>> _words("BloodType Code"), _words("fathers-RELIGION")
    ('blood_type_code', 'fathers_religion')
    """
    apart = "".join(
        f"_{letter}" if letter.isupper() and before.islower() else letter
        for before, letter in zip(f" {name}", name, strict=False)
    )
    return "_".join("".join(c if c.isalnum() else " " for c in apart.lower()).split())
