"""The conduct family: points by a published rule book, for comparison on simulated people only.

Nothing here is statistical, and nothing may follow from it: a ``ConductScore`` is not an
``Answer``, so that what decides about people does not take it.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, TypeAlias

from benne.kernel import InvalidInput, Json, iso
from benne.scores._answers import SCHEMA

_DAY = 86_400_000_000
_KEYS = {
    "book": {"schema", "base", "grades", "lowest", "participation", "tier", "praise", "rule"},
    "participation": {"leaves", "returns", "source"},
    "tier": {"counts_days", "repair_after_days", "source"},
    "praise": {"counts_days", "source"},
    "lowest": {"grade"},
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One entry of the book: praise has points above 0 and no ``tier``, a deduction has both."""

    name: str
    points: int
    tier: str | None
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Tier:
    """How long a deduction counts, and how long after it praise may repair it, in days."""

    counts_days: int
    repair_after_days: int
    source: str


@dataclass(frozen=True)
class RuleBook:
    """The published rules: a base, points for each kind of event, grades, expiry and repair.

    Whoever ``leaves`` has no score until they return: names of events that are no rules.
    """

    base: int
    grades: tuple[tuple[str, int], ...]
    lowest_grade: str
    leaves: str
    returns: str
    tiers: Mapping[str, Tier]
    praise_counts_days: int
    rules: Mapping[str, Rule]

    def grade(self, score: int) -> str:
        """The grade of ``score``.

        >>> [rule_book().grade(points) for points in (1050, 1000, 849, 100)]
        ['AAA', 'A', 'C', 'D']
        """
        return next((name for name, at in self.grades if score >= at), self.lowest_grade)


@dataclass(frozen=True, slots=True)
class Noted:
    """An event under the book that counts: its rule, when it happened, what it gives or takes."""

    rule: str
    happened_at: int
    points: int


@dataclass(frozen=True, slots=True)
class ConductScore:
    """``base_points`` plus the points of what is ``noted``; for comparison only.

    Raises:
        InvalidInput: the points do not add up.
    """

    subject: str
    as_of: int
    score: int
    grade: str
    base_points: int
    noted: tuple[Noted, ...]

    def __post_init__(self) -> None:
        total = self.base_points + sum(event.points for event in self.noted)
        if total != self.score:
            raise InvalidInput(
                f"the points of a conduct score must add up; {self.subject!r} has {self.score} and "
                f"events that make {total}."
            )


@dataclass(frozen=True, slots=True)
class ConductDeclined:
    """The person declined to take part: there is no score, and nothing is held against it."""

    subject: str
    as_of: int


ConductAnswer: TypeAlias = ConductScore | ConductDeclined
"""What the conduct family says; never an ``Answer``."""


def conduct(
    subject: str,
    events: Iterable[tuple[str, int]],
    as_of: int,
    *,
    book: RuleBook | None = None,
) -> ConductAnswer:
    """The conduct score of one person at ``as_of``.

    ``events`` are (rule, instant in microseconds); those from ``as_of`` on do not count.  A
    deduction counts until it expires or is repaired: praise repairs the earliest open deduction
    whose waiting time has passed, one each, and counts itself until it expires.  Whoever left
    last, and has not returned, has no score.

    Raises:
        InvalidInput: an event under a rule that the book does not have.
    """
    rules = rule_book() if book is None else book
    before = sorted((at, name) for name, at in events if at < as_of)
    choices = [name for _, name in before if name in (rules.leaves, rules.returns)]
    if choices and choices[-1] == rules.leaves:
        return ConductDeclined(subject, as_of)
    past = [(at, name) for at, name in before if name not in (rules.leaves, rules.returns)]
    unknown = sorted({name for _, name in past} - set(rules.rules))
    if unknown:
        raise InvalidInput(
            f"a rule event must name a rule of the book, one of {', '.join(sorted(rules.rules))}; "
            f"got {unknown[0]!r} for {subject!r}."
        )
    noted = _counting(rules, past, as_of)
    score = rules.base + sum(event.points for event in noted)
    return ConductScore(subject, as_of, score, rules.grade(score), rules.base, noted)


def _counting(book: RuleBook, past: list[tuple[int, str]], as_of: int) -> tuple[Noted, ...]:
    """What still counts of the ``past``, in order of time."""
    praise: list[Noted] = []
    open_deductions: list[Noted] = []
    for at, name in past:
        rule = book.rules[name]
        event = Noted(name, at, rule.points)
        if rule.tier is None:
            _repair(book, open_deductions, at)
            praise.append(event)
        else:
            open_deductions.append(event)
    counting = [
        event
        for event in (*praise, *open_deductions)
        if as_of - event.happened_at < _days(book, event) * _DAY
    ]
    return tuple(sorted(counting, key=lambda event: (event.happened_at, event.rule)))


def _repair(book: RuleBook, open_deductions: list[Noted], at: int) -> None:
    """Take out the earliest deduction that praise at ``at`` may repair, if there is one."""
    for event in open_deductions:
        tier = book.tiers[str(book.rules[event.rule].tier)]
        age = at - event.happened_at
        if tier.repair_after_days * _DAY <= age < tier.counts_days * _DAY:
            open_deductions.remove(event)
            return


def _days(book: RuleBook, event: Noted) -> int:
    tier = book.rules[event.rule].tier
    return book.praise_counts_days if tier is None else book.tiers[tier].counts_days


def conduct_json(answer: ConductAnswer) -> dict[str, Json]:
    """The answer as one JSON object; it says that nothing may follow from it."""
    head: dict[str, Json] = {
        "schema": SCHEMA,
        "family": "conduct",
        "subject": answer.subject,
        "as_of": iso(answer.as_of),
        "used_for": "comparison only",
    }
    if isinstance(answer, ConductDeclined):
        return {**head, "answer": "declined", "score": None, "score_why": "the person declined"}
    noted: list[Json] = [
        {"rule": event.rule, "happened_at": iso(event.happened_at), "points": event.points}
        for event in answer.noted
    ]
    return {
        **head,
        "answer": "conduct_score",
        "score": answer.score,
        "grade": answer.grade,
        "base_points": answer.base_points,
        "noted": noted,
    }


@cache
def rule_book() -> RuleBook:
    """The rule book that comes with Benne."""
    place = files("benne.scores").joinpath("conduct.toml")
    return rule_book_from(tomllib.loads(place.read_text(encoding="utf-8")), where="conduct.toml")


def rule_book_from(document: Mapping[str, Any], *, where: str) -> RuleBook:
    """The book that a parsed TOML ``document`` declares.

    Raises:
        InvalidInput: another schema, an unknown or a missing key, grades that do not fall, a
            deduction without a known tier, or praise with one; the message starts with ``where``.
    """
    if document.get("schema") != 1:
        raise InvalidInput(f"{where}: schema must be 1; got {document.get('schema')!r}.")
    _demand(document, _KEYS["book"], where)
    for part in ("lowest", "participation", "praise"):
        _demand(document[part], _KEYS[part], f"{where}, [{part}]")
    for name, body in document["tier"].items():
        _demand(body, _KEYS["tier"], f"{where}, [tier.{name}]")
    grades = tuple(document["grades"].items())
    starts = [at for _, at in grades]
    if starts != sorted(set(starts), reverse=True):
        raise InvalidInput(f"{where}: the grades must fall from the highest; got {starts}.")
    tiers = {name: Tier(**body) for name, body in document["tier"].items()}
    rules = {
        name: _rule(name, body, tiers, f"{where}, [rule.{name}]")
        for name, body in document["rule"].items()
    }
    return RuleBook(
        base=document["base"],
        grades=grades,
        lowest_grade=document["lowest"]["grade"],
        leaves=document["participation"]["leaves"],
        returns=document["participation"]["returns"],
        tiers=tiers,
        praise_counts_days=document["praise"]["counts_days"],
        rules=rules,
    )


def _rule(name: str, body: Mapping[str, Any], tiers: Mapping[str, Tier], where: str) -> Rule:
    _demand({"tier": None, **body}, {"points", "tier", "says", "source"}, where)
    tier = body.get("tier")
    if (body["points"] < 0) != (tier is not None) or (tier is not None and tier not in tiers):
        raise InvalidInput(
            f"{where}: a deduction must have a tier, one of {', '.join(tiers)}, and praise none; "
            f"got {body['points']} points and {tier!r}."
        )
    return Rule(name, body["points"], tier, body["says"], body["source"])


def _demand(body: Mapping[str, Any], keys: set[str], where: str) -> None:
    wrong = sorted(set(body) ^ keys)
    if wrong:
        raise InvalidInput(
            f"{where}: {wrong[0]!r} is {'unknown' if wrong[0] in body else 'missing'}; the keys "
            f"are {', '.join(sorted(keys))}."
        )
