"""Jurisdictions: effective-dated rules, each with its source, as data.

The words of the files are told in ``jurisdictions/plain.toml``.  What a rule says of a purpose
at an instant is all that the rest of the room asks; dates are 00:00 UTC.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from benne.kernel import (
    END_OF_TIME,
    MICROS_PER_DAY,
    InvalidInput,
    Json,
    Reader,
    content_hash,
    from_micros,
    iso,
    micros,
)
from benne.rights._purposes import PURPOSES
from benne.rights._retention import Horizon, days_of_years

SCHEMA = 1
FLOOR = "plain"
JURISDICTIONS = (FLOOR, "CN", "EU", "US")
"""The jurisdictions that Benne knows; ``plain`` is the floor under all."""

NEEDS = ("consent", "own_opt_in")
DISPUTED = ("used", "withheld")
UNANSWERED = ("keep", "delete")
CLOCKS = {
    "dispute_answer": "to answer a dispute",
    "dispute_extension": "added to it, once, where there is reason",
    "dispute_forward": "to tell the furnisher of a dispute",
    "access": "to give a person what is known of them",
    "erasure": "to erase, or to say why not",
    "adverse_action_notice": "to tell an applicant of a refusal",
    "free_report_after_refusal": "in which a refused person may ask for a free report",
    "decision_records": "for which what a decision rested on is kept",
}
"""Every clock that a rule may set."""
LIMITS = {
    "free_reports_a_year": "free reports a year",
    "key_factors": "factors named with a score",
    "principal_reasons": "reasons named with a refusal",
    "statement_words": "words of a person's statement",
}
"""Every number that a rule may set."""
DUTIES = {
    "prior_notice_of_adverse": "tell the person before adverse information is furnished",
    "no_onward_supply": "use the answer for the agreed purpose alone, and hand it to nobody",
    "human_review": "let a human review the decision, and hear the person",
    "explain_logic": "explain the logic of the score",
    "explain_counterfactual": "explain what was applied to this person, and what would change it",
    "score_is_decision": "treat the making of the score as the decision itself",
    "score_disclosure": "give the score with range, date, maker and key factors",
    "adverse_action_notice": "tell a refused person of the score, the agency and their rights",
    "principal_reasons": "give the principal reasons of a refusal",
    "effects_test": "watch neutral practices for a disproportionate effect",
    "impact_assessment": "assess the impact before it is used",
    "high_risk_system": "run it as a high-risk system: risk, data, documents, logs, oversight",
    "disclose_method": "say by which method scores are made",
}
"""Every duty that a rule may state, and what it asks."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Domains and kinds of evidence, and tags of features, that a rule closes to a purpose."""

    domains: frozenset[str]
    kinds: frozenset[str]
    tags: frozenset[str]
    unless_warned: bool

    def __str__(self) -> str:
        parts = {"domains": self.domains, "kinds": self.kinds, "tags": self.tags}
        said = [f"{name} {', '.join(sorted(of))}" for name, of in parts.items() if of]
        unless = " (unless the person was warned)" if self.unless_warned else ""
        return f"bars {'; '.join(said)}{unless}"


@dataclass(frozen=True, slots=True)
class Close:
    """The purpose itself is closed, but to who holds ``unless_licence``."""

    unless_licence: str | None

    def __str__(self) -> str:
        licence = self.unless_licence
        return "closed" + (f", but to a holder of licence {licence}" if licence else "")


@dataclass(frozen=True, slots=True)
class Need:
    """What must be there before the purpose is open: one of ``NEEDS``."""

    what: str

    def __str__(self) -> str:
        return f"needs {self.what}"


@dataclass(frozen=True, slots=True)
class NeverCollect:
    """Words that the name of a collected column may not have."""

    words: frozenset[str]

    def __str__(self) -> str:
        return f"never collect {', '.join(sorted(self.words))}"


@dataclass(frozen=True, slots=True)
class Retain:
    """Until when adverse records are seen."""

    horizons: tuple[Horizon, ...]

    def __str__(self) -> str:
        return "; ".join(map(_horizon_text, self.horizons))


@dataclass(frozen=True, slots=True)
class Clock:
    """A time that someone has.  Exactly one of the three counts is above 0."""

    name: str
    days: int = 0
    business_days: int = 0
    months: int = 0

    def due(self, start: int) -> int:
        """The instant at which the time that began at ``start`` is over.

        A month ends on the same day of the next one, or on its last day; business days are
        Monday to Friday, holidays not known.
        """
        if self.months:
            return _months_later(start, self.months)
        if self.business_days:
            return _business_days_later(start, self.business_days)
        return start + self.days * MICROS_PER_DAY

    def __str__(self) -> str:
        counts = {"day": self.days, "business day": self.business_days, "month": self.months}
        (span,) = (f"{n} {unit}{'s' * (n > 1)}" for unit, n in counts.items() if n)
        return f"{span} {CLOCKS[self.name]} ({self.name})"


@dataclass(frozen=True, slots=True)
class Limit:
    """A number that a rule sets."""

    name: str
    count: int

    def __str__(self) -> str:
        return f"{self.count} {LIMITS[self.name]} ({self.name})"


@dataclass(frozen=True, slots=True)
class Duty:
    """What an answer owes the person: one of ``DUTIES``."""

    name: str

    def __str__(self) -> str:
        return f"{DUTIES[self.name]} ({self.name})"


@dataclass(frozen=True, slots=True)
class ErasureRule:
    """Whether erasure is granted on request, and adverse records held to their horizon."""

    granted: bool
    adverse_held: bool

    def __str__(self) -> str:
        granted = "on request" if self.granted else "not on request"
        held = ", adverse records held to their horizon" if self.adverse_held else ""
        return f"erased {granted}{held}"


@dataclass(frozen=True, slots=True)
class DisputeRule:
    """What becomes of a disputed record meanwhile, and when the clock has run out."""

    disputed: str
    unanswered: str

    def __str__(self) -> str:
        return f"disputed: {self.disputed}; unanswered: {self.unanswered}"


Effect: TypeAlias = (
    Closing
    | Close
    | Need
    | NeverCollect
    | Retain
    | Clock
    | Limit
    | Duty
    | ErasureRule
    | DisputeRule
)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule: what it says in a sentence of ours, where that is written, and its one effect.

    In force from ``effective_from`` (inclusive) until ``effective_until`` (exclusive), both in
    microseconds; ``purposes`` ``None`` is every purpose.
    """

    id: str
    says: str
    source: str
    effect: Effect
    purposes: frozenset[str] | None = None
    effective_from: int = -(2**63)
    effective_until: int = END_OF_TIME

    def in_force(self, at: int) -> bool:
        """Whether the rule is in force at ``at``."""
        return self.effective_from <= at < self.effective_until

    def about(self, purpose: str | None) -> bool:
        """Whether the rule is about ``purpose``; ``None`` asks about none in particular."""
        return purpose is None or self.purposes is None or purpose in self.purposes


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A body of rules.  Those of the floor come first, so that the law's own come last."""

    code: str
    says: str
    rules: tuple[Rule, ...]

    def in_force(self, at: int, purpose: str | None = None) -> tuple[Rule, ...]:
        """The rules in force at ``at`` that are about ``purpose``."""
        return tuple(rule for rule in self.rules if rule.in_force(at) and rule.about(purpose))

    def next_change(self, at: int) -> int:
        """The first instant after ``at`` at which some rule begins or ends."""
        edges = {edge for r in self.rules for edge in (r.effective_from, r.effective_until)}
        return min((edge for edge in edges if edge > at), default=END_OF_TIME)

    def clock(self, name: str, at: int, purpose: str | None = None) -> Clock | None:
        """The clock ``name`` in force at ``at``; the law's own before the floor's."""
        found = [r.effect for r in self.in_force(at, purpose) if isinstance(r.effect, Clock)]
        return next((clock for clock in reversed(found) if clock.name == name), None)

    def limit(self, name: str, at: int, purpose: str | None = None) -> int | None:
        """The number ``name`` in force at ``at``."""
        found = [r.effect for r in self.in_force(at, purpose) if isinstance(r.effect, Limit)]
        return next((limit.count for limit in reversed(found) if limit.name == name), None)

    def dispute_rule(self, at: int) -> tuple[str, DisputeRule]:
        """The id of the rule on disputed records in force at ``at``, and what it says."""
        found = [(r.id, r.effect) for r in self.in_force(at) if isinstance(r.effect, DisputeRule)]
        return found[-1]

    def erasure_rule(self, at: int) -> tuple[str, ErasureRule]:
        """The id of the rule on erasure in force at ``at``, and what it says."""
        found = [(r.id, r.effect) for r in self.in_force(at) if isinstance(r.effect, ErasureRule)]
        return found[-1]

    def horizons(self, at: int) -> tuple[Horizon, ...]:
        """The retention horizons in force at ``at``."""
        return tuple(
            horizon
            for rule in self.in_force(at)
            if isinstance(rule.effect, Retain)
            for horizon in rule.effect.horizons
        )


def rules_hash(rules: Iterable[Rule]) -> str:
    """SHA-256 of everything that ``rules`` say: the version of the rules behind a permit."""
    return content_hash([_rule_json(rule) for rule in rules])


def _rule_json(rule: Rule) -> dict[str, Json]:
    return {
        "id": rule.id,
        "says": rule.says,
        "source": rule.source,
        "effect": [type(rule.effect).__name__, str(rule.effect)],
        "purposes": None if rule.purposes is None else sorted(rule.purposes),
        "from": rule.effective_from,
        "until": rule.effective_until,
    }


def _horizon_text(horizon: Horizon) -> str:
    text = f"{horizon.kind}: {horizon.days} days after {horizon.after}"
    if horizon.began_days is not None:
        text += f" less {horizon.began_days}"
    if horizon.column is not None:
        but = "not " if horizon.other_than else ""
        text += f", {horizon.column} {but}{' or '.join(sorted(horizon.values))}"
    if horizon.late is not None:
        text += f", {horizon.paid} late of {horizon.late}"
    return text


# --- reading the files ---------------------------------------------------------------------


@cache
def jurisdiction(code: str) -> Jurisdiction:
    """The jurisdiction ``code``, on the floor that is under all.

    Raises:
        InvalidInput: Benne does not know it.
    """
    if code not in JURISDICTIONS:
        raise InvalidInput(
            f"a jurisdiction must be one of {', '.join(JURISDICTIONS)}; got {code!r}."
        )
    text = files("benne.rights").joinpath(f"jurisdictions/{code}.toml").read_text("utf-8")
    own = read_jurisdiction(text, where=f"{code}.toml")
    if code == FLOOR:
        return own
    return Jurisdiction(own.code, own.says, (*jurisdiction(FLOOR).rules, *own.rules))


def read_jurisdiction(text: str, *, where: str) -> Jurisdiction:
    """The jurisdiction that a TOML ``text`` states, without the floor.

    Raises:
        InvalidInput: not TOML, an unknown or missing key, a word that is not known, a rule with
            no effect or with two, or an id that comes twice; the message starts with ``where``.
    """
    try:
        document = Reader(tomllib.loads(text), where)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{where} must be TOML: {error}.") from error
    document.schema(SCHEMA)
    code, says = document.text("code"), document.text("says")
    rules = tuple(map(_rule, document.tables("rule") or ()))
    document.done()
    ids = [rule.id for rule in rules]
    twice = sorted({name for name in ids if ids.count(name) > 1})
    if twice:
        raise InvalidInput(f"{where}: rule {twice[0]!r} is there twice; an id names one rule.")
    return Jurisdiction(code, says, rules)


def _rule(body: Reader) -> Rule:
    name = body.text("id")
    body.where += f" ({name})"
    effects = [effect for effect in _effects(body, name) if effect is not None]
    if len(effects) != 1:
        raise InvalidInput(
            f"{body.where}: a rule must have exactly one effect; it has {len(effects)}."
        )
    rule = Rule(
        id=name,
        says=body.text("says"),
        source=body.text("source"),
        effect=effects[0],
        purposes=body.some_of("purposes", PURPOSES, None),
        effective_from=body.instant("from", -(2**63)),
        effective_until=body.instant("until", END_OF_TIME),
    )
    body.done()
    if not rule.effective_from < rule.effective_until:
        raise InvalidInput(f"{body.where}: until ({iso(rule.effective_until)}) must be after from.")
    return rule


def _effects(body: Reader, rule: str) -> Iterable[Effect | None]:
    bar, close = body.table("bar"), body.table("close")
    need, words = body.one_of("need", NEEDS, None), body.texts("never_collect", None)
    retain, clock = body.tables("retain"), body.table("clock")
    limit, duty = body.table("limit"), body.one_of("duty", DUTIES, None)
    erasure, dispute = body.table("erasure"), body.table("dispute")
    yield None if bar is None else _closing(bar)
    yield None if close is None else _close(close)
    yield None if need is None else Need(need)
    yield None if words is None else NeverCollect(words)
    yield None if retain is None else Retain(tuple(_horizon(each, rule) for each in retain))
    yield None if clock is None else _clock(clock)
    yield None if limit is None else _limit(limit)
    yield None if duty is None else Duty(duty)
    yield None if erasure is None else _erasure(erasure)
    yield None if dispute is None else _dispute(dispute)


def _closing(body: Reader) -> Closing:
    none: frozenset[str] = frozenset()
    closing = Closing(
        domains=body.texts("domains", none),
        kinds=body.texts("kinds", none),
        tags=body.texts("tags", none),
        unless_warned=body.flag("unless_warned", default=False),
    )
    body.done()
    if not closing.domains | closing.kinds | closing.tags:
        raise InvalidInput(f"{body.where} must name domains, kinds or tags; it names none.")
    return closing


def _close(body: Reader) -> Close:
    close = Close(body.text("unless_licence", None))
    body.done()
    return close


def _horizon(body: Reader, rule: str) -> Horizon:
    days = days_of_years(body.whole("years")) + body.whole("plus_days", 0)
    horizon = Horizon(
        rule=rule,
        kind=body.text("kind"),
        days=days,
        after=body.text("after"),
        began_days=body.text("began_days", None),
        column=body.text("column", None),
        values=body.texts("values", frozenset()),
        other_than=body.flag("other_than", default=False),
        late=body.text("late", None),
        paid=body.text("paid", None),
    )
    body.done()
    return horizon


def _clock(body: Reader) -> Clock:
    clock = Clock(
        name=body.one_of("name", CLOCKS),
        days=body.whole("days", 0),
        business_days=body.whole("business_days", 0),
        months=body.whole("months", 0),
    )
    body.done()
    if sum(count > 0 for count in (clock.days, clock.business_days, clock.months)) != 1:
        raise InvalidInput(f"{body.where} must state one of days, business_days or months.")
    return clock


def _limit(body: Reader) -> Limit:
    limit = Limit(body.one_of("name", LIMITS), body.whole("count"))
    body.done()
    return limit


def _erasure(body: Reader) -> ErasureRule:
    rule = ErasureRule(body.flag("granted"), body.flag("adverse_held"))
    body.done()
    return rule


def _dispute(body: Reader) -> DisputeRule:
    rule = DisputeRule(body.one_of("disputed", DISPUTED), body.one_of("unanswered", UNANSWERED))
    body.done()
    return rule


def _months_later(start: int, months: int) -> int:
    moment = from_micros(start)
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    first = moment.replace(year=year, month=month + 1, day=1)
    following = first.replace(year=year + (month == 11), month=(month + 1) % 12 + 1)
    last = (following - first).days
    return micros(first.replace(day=min(moment.day, last)))


def _business_days_later(start: int, days: int) -> int:
    instant = start
    while days:
        instant += MICROS_PER_DAY
        days -= from_micros(instant).weekday() < 5
    return instant
