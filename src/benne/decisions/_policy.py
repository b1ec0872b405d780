"""Policies as data: rules over what is known at the counter, each with its outcome and code."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal, TypeAlias

from benne.decisions._syntax import parse
from benne.kernel import (
    Call as _Call,
    Column,
    Constant,
    Expression,
    InvalidInput,
    NotPermitted,
    Reader,
    Type,
    canonical_json,
    content_hash,
    if_else,
    type_of,
    unified,
)
from benne.scores import FAMILIES

SCHEMA = 1
Outcome: TypeAlias = Literal["admit", "refuse", "refer"]
OUTCOMES: tuple[Outcome, ...] = ("admit", "refer", "refuse")
"""Every outcome, the weakest first: where rules disagree, the strongest decides."""


@dataclass(frozen=True, slots=True)
class Fact:
    """Something that a rule may speak of: its type, whether it can be null, what it says."""

    type: Type
    nullable: bool
    says: str


FACTS: Mapping[str, Fact] = {
    "answer": Fact("text", False, "the type of answer: score, not_enough_evidence, no_consent, "
                   "unavailable or erased"),
    "score": Fact("int", True, "the score; null where the answer is none"),
    "level": Fact("text", True, "the level, A (best) to E; null where the answer is no score"),
    "amount_minor": Fact("int", False, "what is asked for, in minor units; 0 if nothing was named"),
    "exposure_minor": Fact("int", False, "what the person owes or holds over all merchants"),
    "exposure_here_minor": Fact("int", False, "what the person owes or holds at this merchant"),
}  # fmt: skip
"""What every rule may speak of, beside the catalogue's features and the policy's own fields."""

ANSWERS = ("score", "not_enough_evidence", "no_consent", "unavailable", "erased")
LEVELS = ("A", "B", "C", "D", "E")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_CODE = re.compile(r"[A-Z][A-Z0-9_]{0,63}")
_OWN_TYPES = ("int", "text", "bool")


@dataclass(frozen=True, slots=True)
class Rule:
    """Where ``when`` is true, ``then``; where it is null, ``unknown`` (``pass``: nothing).

    A rule that refuses or refers has a ``code``; one that admits has a ``cap`` in minor units.
    """

    name: str
    when: Expression
    then: Outcome
    unknown: Literal["admit", "refuse", "refer", "pass"]
    code: str | None
    says: str
    cap: Expression | None


@dataclass(frozen=True)
class Policy:
    """A version of a policy: of rules that hold, the strictest outcome decides.

    ``facts`` is everything that its rules may speak of; ``document`` is what was written.
    """

    name: str
    version: int
    service: str
    family: str
    says: str
    rules: tuple[Rule, ...]
    facts: Mapping[str, Fact]
    fields: tuple[str, ...]
    document: Mapping[str, Any]

    @cached_property
    def hash(self) -> str:
        """The content hash of what was written."""
        return content_hash(dict(self.document))

    @cached_property
    def types(self) -> dict[str, Type]:
        """The type of every fact."""
        return {name: fact.type for name, fact in self.facts.items()}

    @cached_property
    def names(self) -> frozenset[str]:
        """The facts that the rules do speak of."""
        spoken: set[str] = set()
        for rule in self.rules:
            spoken |= columns_of(rule.when) | (set() if rule.cap is None else columns_of(rule.cap))
        return frozenset(spoken)

    @cached_property
    def features(self) -> tuple[str, ...]:
        """The features of the catalogue that the rules speak of."""
        return tuple(sorted(self.names - set(FACTS) - set(self.fields)))

    def to_json(self) -> str:
        """What was written, as canonical JSON; ``policy_from`` reads it back."""
        return canonical_json(dict(self.document))


def columns_of(node: Expression) -> set[str]:
    """The names of the columns that an expression reads."""
    if isinstance(node, Column):
        return {node.name}
    if isinstance(node, _Call):
        return set().union(*map(columns_of, node.arguments))
    return set()


def read_policy(text: str, *, features: Mapping[str, Type], where: str) -> Policy:
    """The policy that the TOML ``text`` states.

    ``features`` are the names and types of the features that its rules may speak of.

    Raises:
        InvalidInput: not TOML, an unknown or missing key, a name that is unknown, an expression
            that does not read or whose types do not fit.
        NotPermitted: it stands on the conduct score.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidInput(f"{where} is not TOML: {error}.") from error
    return policy_from(document, features=features, where=where)


def policy_from(document: Mapping[str, Any], *, features: Mapping[str, Type], where: str) -> Policy:
    """The policy that a parsed ``document`` states; as ``read_policy``."""
    body = Reader(document, where)
    body.schema(SCHEMA)
    family = body.text("family", "sesame")
    if family == "conduct":
        raise NotPermitted(
            f"{where}: a policy cannot stand on the conduct score, from which nothing may follow "
            "for anybody; it is for comparison on simulated people."
        )
    if family not in FAMILIES:
        raise InvalidInput(f"{where}: family must be one of {', '.join(FAMILIES)}; got {family!r}.")
    name, service = _word(body, "name"), _word(body, "service")
    version, says = body.whole("version"), body.text("says")
    own = _fields(body, features)
    facts = {**{n: Fact(t, True, "") for n, t in features.items()}, **FACTS, **own}
    types = {n: fact.type for n, fact in facts.items()}
    names: dict[str, Expression] = {n: Column(n) for n in facts}
    names |= _tables(body, names, types)
    bodies = body.tables("rules")
    if not bodies:
        raise InvalidInput(f"{where}: a policy needs one rule or more, as [[rules]].")
    rules = tuple(_rule(one, names, types) for one in bodies)
    body.done()
    _demand_distinct(rules, where)
    return Policy(
        name=name,
        version=version,
        service=service,
        family=family,
        says=says,
        rules=rules,
        facts=facts,
        fields=tuple(own),
        document=dict(document),
    )


def _word(body: Reader, key: str) -> str:
    value: str = body.text(key)
    if not _NAME.fullmatch(value):
        raise InvalidInput(
            f"{body.where}: {key} must be small letters, digits and _, from a letter on; "
            f"got {value!r}."
        )
    return value


def _fields(body: Reader, features: Mapping[str, Type]) -> dict[str, Fact]:
    """The merchant's own fields: each a type, with a ? after it where it may be left out."""
    table = body.table("fields")
    if table is None:
        return {}
    own: dict[str, Fact] = {}
    for name in table.names:
        said: str = table.text(name)
        kind, nullable = said.removesuffix("?"), said.endswith("?")
        if kind not in _OWN_TYPES:
            raise InvalidInput(
                f"{table.where}: {name} must be {', '.join(_OWN_TYPES)}, or one of them with ? "
                f"after it; got {said!r}."
            )
        if not _NAME.fullmatch(name) or name in FACTS or name in features:
            raise InvalidInput(
                f"{table.where}: {name!r} must be small letters, digits and _, and no name that "
                "has a meaning already."
            )
        own[name] = Fact(kind, nullable, "a field of the merchant's own")  # type: ignore[arg-type]
    return own


def _tables(
    body: Reader, names: Mapping[str, Expression], types: Mapping[str, Type]
) -> dict[str, Expression]:
    """Step tables, each the expression that its name stands for; over facts, or tables before."""
    made: dict[str, Expression] = {}
    tables = body.table("tables")
    for name in tables.names if tables else ():
        assert tables is not None
        table = tables.table(name)
        assert table is not None
        if name in names or not _NAME.fullmatch(name):
            raise InvalidInput(f"{table.where}: the name {name!r} is taken, or not fit for a name.")
        over = parse(table.text("over"), {**names, **made}, where=f"{table.where}, over")
        if type_of(over, types) != "int":
            raise InvalidInput(f"{table.where}: over must be a whole number.")
        made[name] = _steps(over, table.pairs("steps"), table.whole("below", None), table.where)
        table.done()
    return made


def _steps(
    over: Expression, steps: tuple[tuple[int, int], ...], below: int | None, where: str
) -> Expression:
    starts = [start for start, _ in steps]
    if not starts or starts != sorted(set(starts)):
        raise InvalidInput(f"{where}: the starts of steps must rise; got {starts}.")
    value: Expression = Constant(below)
    for start, reached in steps:
        value = if_else(over >= start, reached, value)
    return value


def _rule(body: Reader, names: Mapping[str, Expression], types: Mapping[str, Type]) -> Rule:
    name = _word(body, "name")
    then: Outcome = body.one_of("then", OUTCOMES)
    when = unified(parse(body.text("when"), names, where=f"{body.where}, when"), types)
    if type_of(when, types) != "bool":
        raise InvalidInput(f"{body.where}: when must be a condition, true or false.")
    cap: Expression | None = None
    code: str | None = None
    unknown: Any = "pass"
    if then == "admit":
        cap = _cap(body, names, types)
    else:
        code = body.text("code")
        if not _CODE.fullmatch(code or ""):
            raise InvalidInput(
                f"{body.where}: code must be capitals, digits and _, such as SCORE_BELOW; "
                f"got {code!r}."
            )
        unknown = body.one_of("unknown", ("refer", "refuse", "pass"), "refer")
    says = body.text("says", "")
    body.done()
    return Rule(name, when, then, unknown, code, says, cap)


def _cap(body: Reader, names: Mapping[str, Expression], types: Mapping[str, Type]) -> Expression:
    said = body.whole_or_text("cap_minor")
    if isinstance(said, int):
        return Constant(said)
    cap = unified(parse(said, names, where=f"{body.where}, cap_minor"), types)
    if type_of(cap, types) != "int":
        raise InvalidInput(f"{body.where}: cap_minor must be a whole number of minor units.")
    return cap


def _demand_distinct(rules: tuple[Rule, ...], where: str) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.name in seen:
            raise InvalidInput(f"{where}: two rules are called {rule.name!r}; each needs its own.")
        seen.add(rule.name)
