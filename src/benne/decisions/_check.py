"""Check a policy before anybody is decided by it: gaps, overlaps, and rules that never decide.

The facts are cut into cells within which no condition changes: a number at every constant that it
is compared with, a text at every value that is named.  Each cell is decided once.  A condition
over two facts or over arithmetic is no such cut; it is taken as true, false and unknown in turn,
so what is found with its help may not occur, and is a warning.  A cap that is made of steps and
choices is one amount in each cell; one that is made by arithmetic is looked at when it is used.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from benne.decisions._policy import ANSWERS, FACTS, OUTCOMES, Policy, Rule
from benne.kernel import (
    Call,
    Column,
    Constant,
    Evaluator,
    Expression,
    InvalidInput,
    Value,
    evaluator,
)
from benne.scores import family, level_at

CELLS_AT_MOST = 200_000
_SHOWN = 3
_CHOICES = frozenset({"least", "greatest", "coalesce"})
_COMPARISONS = frozenset({"less", "at_most", "greater", "at_least", "equal", "differ"})


@dataclass(frozen=True, slots=True)
class PolicyFindings:
    """What is wrong with a policy (``errors``), and what may be (``warnings``), in sentences."""

    errors: tuple[str, ...]
    warnings: tuple[str, ...]

    def demand(self, where: str) -> None:
        """Demand that there are no errors.

        Raises:
            InvalidInput: there are; the message lists them.
        """
        if self.errors:
            raise InvalidInput(f"{where} cannot be published: {' '.join(self.errors)}")


@dataclass
class _Cuts:
    """Where each fact is cut; and the conditions that are no cuts, by the name they go under."""

    policy: Policy
    values: dict[str, set[Value]] = field(default_factory=dict)
    opaque: dict[Expression, str] = field(default_factory=dict)

    def replaced(self, node: Expression) -> Expression:
        """``node`` with every opaque condition as a column of its own."""
        if isinstance(node, Call) and node.operator in ("and", "or", "not"):
            return Call(node.operator, tuple(map(self.replaced, node.arguments)))
        if self._cut(node):
            return node
        return Column(self.opaque.setdefault(node, f"condition {len(self.opaque) + 1}"))

    def settled(self, node: Expression | None) -> bool:
        """Cut the facts so that a cap, too, is one amount in each cell; whether that can be."""
        if not isinstance(node, Call):
            return isinstance(node, Constant)
        if node.operator == "if_else":
            condition, *amounts = node.arguments
            return self._joint(condition) and all(self.settled(one) for one in amounts)
        return node.operator in _CHOICES and all(self.settled(one) for one in node.arguments)

    def _joint(self, node: Expression) -> bool:
        if isinstance(node, Call) and node.operator in ("and", "or", "not"):
            return all(self._joint(one) for one in node.arguments)
        return self._cut(node)

    def _cut(self, node: Expression) -> bool:
        subject: Expression
        options: list[Expression]
        if isinstance(node, Constant):
            return True
        if isinstance(node, Column):
            self.values.setdefault(node.name, set())
            return True
        if not isinstance(node, Call):
            return False
        if node.operator == "is_null" or node.operator == "is_in":
            subject, *options = node.arguments
        elif node.operator in _COMPARISONS:
            subject, other = node.arguments
            if isinstance(subject, Constant):
                subject, other = other, subject
            options = [other]
        else:
            return False
        name = _plain(subject)
        if name is None or not all(isinstance(option, Constant) for option in options):
            return False
        named = {option.value for option in options if isinstance(option, Constant)}
        self.values.setdefault(name, set()).update(named - {None})
        return True

    def parts(self) -> dict[str, list[Value]]:
        """For each fact that is cut, a value of each part."""
        if "level" in self.values:
            self.values.setdefault("score", set()).update(
                band.lowest for band in family(self.policy.family).bands
            )
        if "score" in self.values or "level" in self.values:
            self.values.setdefault("answer", set())
        found = {name: self._parts(name, named) for name, named in self.values.items()}
        found.pop("level", None)
        return found | {name: [True, False, None] for name in self.opaque.values()}

    def _parts(self, name: str, named: set[Value]) -> list[Value]:
        fact = self.policy.facts[name]
        if name == "answer":
            return list(ANSWERS)
        if name == "score":  # any score will do where none is named
            named = named | {family(self.policy.family).scale.lowest}
        parts: list[Value]
        if fact.type == "bool":
            parts = [True, False]
        elif fact.type == "text":
            texts = sorted(str(value) for value in named)
            parts = [*texts, "any other " + "".join(texts)]
        else:
            numbers = _numbers(named, whole=fact.type == "int")
            parts = [n for n in numbers if n >= 0 or not _never_negative(name)]
        return [*parts, None] if fact.nullable else parts


def _plain(node: Expression) -> str | None:
    """The fact that ``node`` is, bare or as a double."""
    if isinstance(node, Call) and node.operator == "as_double":
        return _plain(node.arguments[0])
    return node.name if isinstance(node, Column) else None


def _never_negative(name: str) -> bool:
    """Whether a fact is an amount asked for or at risk, or a count, by its name's unit."""
    return name.endswith("_count") or (name.endswith("_minor") and name in FACTS)


def _numbers(named: Iterable[Value], *, whole: bool) -> Iterator[float]:
    """A number of every part that the ``named`` numbers leave, themselves among them."""
    cuts = sorted({float(v) for v in named if isinstance(v, int | float)})
    if not cuts:
        yield 0
        return
    if whole:
        around = {int(c // 1) + step for c in cuts for step in (-1, 0, 1)}
        yield from sorted(around)
        return
    yield cuts[0] - 1.0
    for cut, following in itertools.pairwise([*cuts, cuts[-1] + 2.0]):
        yield from (cut, (cut + following) / 2)


def check_policy(policy: Policy) -> PolicyFindings:
    """Errors: a case that no rule speaks of, two caps for one case, a rule that never decides.

    Raises:
        InvalidInput: the rules cut the facts into more than ``CELLS_AT_MOST`` cells.
    """
    cuts = _Cuts(policy)
    rules = [(rule, evaluator(cuts.replaced(rule.when))) for rule in policy.rules]
    caps = {
        rule.name: evaluator(rule.cap)
        for rule in policy.rules
        if rule.cap is not None and cuts.settled(rule.cap)
    }
    parts = cuts.parts()
    size = 1
    for values in parts.values():
        size *= len(values)
    if size > CELLS_AT_MOST:
        raise InvalidInput(
            f"policy {policy.name} cuts its facts into {size:,} cases, more than "
            f"{CELLS_AT_MOST:,}, too many to check; name fewer different constants or facts."
        )
    seen = _Seen(policy, frozenset(cuts.opaque.values()), caps)
    for cell in _cells(policy, parts):
        seen.add(cell, [(rule, when(cell, 0)) for rule, when in rules])
    return seen.findings(cuts.opaque)


def _cells(policy: Policy, parts: Mapping[str, list[Value]]) -> Iterator[dict[str, Value]]:
    """Every case that can be: a score goes with the answer ``score`` alone, and has one level."""
    names = list(parts)
    scale = family(policy.family).scale
    for values in itertools.product(*parts.values()):
        cell: dict[str, Value] = dict(zip(names, values, strict=True))
        if "answer" in cell and "score" in cell:
            if (cell["answer"] == "score") != (cell["score"] is not None):
                continue
            score = cell["score"]
            if isinstance(score, int):
                if not scale.lowest <= score <= scale.highest:
                    continue
                cell["level"] = level_at(policy.family, score)
            else:
                cell["level"] = None
        yield cell


class _Seen:
    """What the cells have shown."""

    def __init__(
        self, policy: Policy, opaque: frozenset[str], caps: Mapping[str, Evaluator]
    ) -> None:
        self._policy, self._opaque, self._caps = policy, opaque, caps
        self._uncapped: dict[str, dict[str, Value]] = {}
        self._held: set[str] = set()
        self._decided: set[str] = set()
        self._gaps: list[dict[str, Value]] = []
        self._clashes: dict[tuple[str, str], dict[str, Value]] = {}

    def add(self, cell: dict[str, Value], held: list[tuple[Rule, Value]]) -> None:
        """One case, and how each rule stands in it."""
        asking = [
            (rule, rule.then if true else rule.unknown)
            for rule, true in held
            if true or (true is None and rule.unknown != "pass")
        ]
        self._held |= {rule.name for rule, true in held if true}
        if not asking:
            self._gaps.append(cell)
            return
        strongest = max((asks for _, asks in asking), key=OUTCOMES.index)
        deciding = [rule for rule, asks in asking if asks == strongest]
        self._decided |= {rule.name for rule in deciding}
        if strongest == "admit":
            caps = {rule.name: self._cap(rule, cell) for rule in deciding}
            for one, other in itertools.combinations(deciding, 2):
                if caps[one.name] != caps[other.name]:
                    self._clashes.setdefault((one.name, other.name), cell)
            cap = caps[deciding[0].name]
            if cap is None or (isinstance(cap, int) and cap < 0):
                self._uncapped.setdefault(deciding[0].name, cell)

    def _cap(self, rule: Rule, cell: Mapping[str, Value]) -> Value | Expression:
        """The amount up to which a rule admits here; where it is no one amount, what it is."""
        return self._caps[rule.name](cell, 0) if rule.name in self._caps else rule.cap

    def findings(self, opaque: Mapping[Expression, str]) -> PolicyFindings:
        """The errors and warnings, in sentences."""
        errors, warnings = [], []
        certain = [cell for cell in self._gaps if not self._uncertain(cell)]
        possible = [cell for cell in self._gaps if self._uncertain(cell)]
        if certain:
            errors.append(f"No rule speaks of {_cases(certain)}.")
        elif possible:
            warnings.append(
                f"No rule speaks of {_cases(possible)}, if that can be; it would be referred."
            )
        for (one, other), cell in self._clashes.items():
            overlap = f"Rules {one} and {other} admit with different caps where {_case(cell)}."
            (warnings if self._uncertain(cell) else errors).append(overlap)
        for name, cell in self._uncapped.items():
            without = f"Rule {name} admits up to no amount where {_case(cell)}."
            (warnings if self._uncertain(cell) else errors).append(without)
        for rule in self._policy.rules:
            if rule.name not in self._held:
                errors.append(f"Rule {rule.name} can never be true.")
            elif rule.name not in self._decided:
                errors.append(f"Rule {rule.name} never decides: a stronger rule always holds too.")
        return PolicyFindings(tuple(errors), tuple(warnings))

    def _uncertain(self, cell: Mapping[str, Value]) -> bool:
        return bool(self._opaque & set(cell))


def _cases(cells: list[dict[str, Value]]) -> str:
    shown = "; ".join(f"({_case(cell)})" for cell in cells[:_SHOWN])
    more = len(cells) - _SHOWN
    return f"{shown}, and {more:,} cases more" if more > 0 else shown


def _case(cell: Mapping[str, Value]) -> str:
    return ", ".join(
        f"{name} {'is null' if value is None else value}" for name, value in cell.items()
    )
