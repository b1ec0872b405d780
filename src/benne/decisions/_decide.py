"""Decide: what a policy says about one person, and by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from benne.decisions._policy import ANSWERS, FACTS, OUTCOMES, Fact, Outcome, Policy, Rule
from benne.kernel import InvalidInput, Json, NotPermitted, Value, evaluator
from benne.scores import (
    Answer,
    Erased,
    NoConsent,
    NotEnoughEvidence,
    Score,
    Unavailable,
    level_of,
)

NO_RULE, CAP_UNKNOWN = "NO_RULE", "CAP_UNKNOWN"
"""Codes of a case that is referred because the rules leave it open."""

_PYTHON: Mapping[str, type | tuple[type, ...]] = {
    "int": int, "instant": int, "float": (int, float), "text": str, "bool": bool,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Step:
    """How one rule stood: true, false or unknown; and what it asked for, if anything."""

    rule: str
    held: bool | None
    asks: Outcome | None

    def as_json(self) -> dict[str, Json]:
        """The step as plain JSON."""
        return {"rule": self.rule, "held": self.held, "asks": self.asks}


@dataclass(frozen=True, slots=True)
class Decision:
    """Admit, refuse or refer; up to ``cap_minor`` where admitted; the codes of what decided.

    ``trace`` is every rule in order; ``policy`` and ``version`` with ``hash`` say whose.
    """

    outcome: Outcome
    cap_minor: int | None
    codes: tuple[str, ...]
    says: tuple[str, ...]
    policy: str
    version: int
    hash: str
    trace: tuple[Step, ...]

    def as_json(self) -> dict[str, Json]:
        """The decision as plain JSON."""
        return {
            "outcome": self.outcome,
            "cap_minor": self.cap_minor,
            "codes": list(self.codes),
            "says": list(self.says),
            "policy": self.policy,
            "version": self.version,
            "hash": self.hash,
            "trace": [step.as_json() for step in self.trace],
        }


def answer_facts(answer: Answer) -> dict[str, Value]:
    """What an answer tells a policy: its type, and score and level where there are any.

    Raises:
        NotPermitted: something else than an answer, such as a conduct score, from which nothing
            may follow.
    """
    if not isinstance(answer, Answer):
        raise NotPermitted(
            f"a decision must rest on an answer of a family that may have consequences; got a "
            f"{type(answer).__name__}, which is for comparison only."
        )
    match answer:
        case Score():
            return {"answer": "score", "score": answer.score, "level": level_of(answer)}
        case NotEnoughEvidence():
            said = "not_enough_evidence"
        case NoConsent():
            said = "no_consent"
        case Unavailable():
            said = "unavailable"
        case Erased():
            said = "erased"
    return {"answer": said, "score": None, "level": None}


def decide(policy: Policy, answer: Answer, facts: Mapping[str, Value]) -> Decision:
    """What ``policy`` says of a person with this ``answer`` and these other ``facts``.

    A feature that ``facts`` lacks is null (it may be withheld); every other fact that a rule speaks
    of must be there.

    Raises:
        NotPermitted: as ``answer_facts``.
        InvalidInput: a fact that is needed is missing, unknown, or of another type; or the
            answer is of another family than the policy's.
    """
    return decide_on(policy, facts_of(policy, answer, facts))


def facts_of(policy: Policy, answer: Answer, facts: Mapping[str, Value]) -> dict[str, Value]:
    """The facts of which ``policy`` speaks, each checked, in one row; as ``decide`` takes them."""
    known = answer_facts(answer)
    if answer.family != policy.family:
        raise InvalidInput(
            f"policy {policy.name} stands on the {policy.family} score; got one of {answer.family}."
        )
    clash = sorted(set(known) & set(facts))
    if clash:
        raise InvalidInput(f"{clash[0]} comes from the answer; it must not be stated beside it.")
    return _row(policy, {**known, **facts})


def decide_on(policy: Policy, facts: Mapping[str, Value]) -> Decision:
    """The same, over all facts in one row, such as a row of a back-test."""
    row = _row(policy, facts)
    steps, asking = [], []
    for rule in policy.rules:
        held = _held(rule, row)
        asks = _asks(rule, held)
        steps.append(Step(rule.name, held, asks))
        if asks is not None:
            asking.append((rule, asks))
    outcome, cap, codes, says = _settle(asking, row)
    return Decision(
        outcome, cap, codes, says, policy.name, policy.version, policy.hash, tuple(steps)
    )


def _held(rule: Rule, row: Mapping[str, Value]) -> bool | None:
    held = evaluator(rule.when)(row, 0)
    return None if held is None else bool(held)


def _asks(rule: Rule, held: bool | None) -> Outcome | None:  # noqa: FBT001 (Kleene's three)
    if held:
        return rule.then
    return rule.unknown if held is None and rule.unknown != "pass" else None


def _settle(
    asking: list[tuple[Rule, Outcome]], row: Mapping[str, Value]
) -> tuple[Outcome, int | None, tuple[str, ...], tuple[str, ...]]:
    if not asking:
        return "refer", None, (NO_RULE,), ("No rule of the policy speaks of this case.",)
    outcome = max((asks for _, asks in asking), key=OUTCOMES.index)
    deciding = [rule for rule, asks in asking if asks == outcome]
    says = tuple(rule.says for rule in deciding if rule.says)
    if outcome != "admit":
        return outcome, None, tuple(rule.code or "" for rule in deciding), says
    first = deciding[0].cap
    assert first is not None
    cap = evaluator(first)(row, 0)
    if not isinstance(cap, int) or cap < 0:
        return "refer", None, (CAP_UNKNOWN,), ("The policy's cap is not known for this case.",)
    return "admit", cap, (), says


def _row(policy: Policy, facts: Mapping[str, Value]) -> dict[str, Value]:
    unknown = sorted(set(facts) - set(policy.facts))
    if unknown:
        raise InvalidInput(
            f"policy {policy.name} knows no fact {unknown[0]!r}; its own fields are "
            f"{', '.join(policy.fields) or 'none'}."
        )
    return {name: _checked(policy, name, facts) for name in policy.names}


def _checked(policy: Policy, name: str, facts: Mapping[str, Value]) -> Value:
    fact = policy.facts[name]
    value = facts.get(name)
    if value is None:
        if not fact.nullable:
            raise InvalidInput(
                f"policy {policy.name} needs {name} ({_words(fact)}); none was given."
            )
        return None
    fits = isinstance(value, _PYTHON[fact.type])
    if not fits or (isinstance(value, bool) and fact.type != "bool"):
        raise InvalidInput(f"policy {policy.name} needs {name} as {_words(fact)}; got {value!r}.")
    if name == "answer" and value not in ANSWERS:
        raise InvalidInput(f"answer must be one of {', '.join(ANSWERS)}; got {value!r}.")
    return float(value) if fact.type == "float" and isinstance(value, int) else value


def _words(fact: Fact) -> str:
    return {"int": "a whole number", "text": "text", "bool": "true or false"}.get(
        fact.type, fact.type
    )


__all__ = [
    "CAP_UNKNOWN", "FACTS", "NO_RULE", "Decision", "Step", "answer_facts", "decide", "decide_on",
    "facts_of",
]  # fmt: skip
