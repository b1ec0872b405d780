"""Gaming: levers pulled by somebody who wants the score, and what each pull costs them."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Any

from benne.evidence import Kind
from benne.kernel import InvalidInput
from benne.scores._conduct import ConductScore, conduct
from benne.scores._edits import Done, History, as_known
from benne.scores._levers import Lever, Rescore, Step, lever_from

NATURES = ("honest", "appearance", "lie")
"""From the move that lowers the risk to the one that is a crime."""

_DAY = 86_400_000_000
_COST = {"money_minor", "amount_permille", "hours", "source"}
_PRAISE = {"rule", "says", "nature", "hours", "at_most", "source"}
_TOGETHER = 3
_WAIT = (Step("wait"),)


@dataclass(frozen=True, slots=True)
class Cost:
    """What a move takes: money for each thing done and for each thousand moved, and hours."""

    money_minor: float
    amount_permille: float
    hours: float
    source: str


@dataclass(frozen=True, slots=True)
class Move:
    """A lever with its price, and what it is: one of ``NATURES``."""

    lever: Lever
    nature: str
    cost: Cost


@dataclass(frozen=True, slots=True)
class Praise:
    """A rule of the conduct book that anybody can earn points by, and the hours it takes."""

    rule: str
    says: str
    nature: str
    hours: float
    at_most: int
    source: str


@dataclass(frozen=True)
class Moves:
    """All moves, and what an hour is worth in minor units."""

    moves: tuple[Move, ...]
    praise: Praise
    hour_minor: float


@dataclass(frozen=True, slots=True)
class Attempt:
    """One or more moves pulled together: the score then, and what they took.

    ``points`` is the gain over doing nothing for as many ``days`` (for waiting, over now);
    ``cost_minor`` counts money and hours; ``nature`` is the worst of the moves'.
    """

    moves: tuple[str, ...]
    nature: str
    score: int
    points: int
    days: int
    money_minor: float
    hours: float
    cost_minor: float


def attempts(
    history: History,
    as_of: int,
    rescore: Rescore,
    *,
    moves: Moves,
    kinds: Iterable[Kind],
    wanted: int,
) -> tuple[int, tuple[Attempt, ...]]:
    """The score now, and what each move alone makes of it; then sets of moves, up to three.

    Only moves that raise the score above what as many days alone would bring are kept.  Sets
    are tried only while ``wanted`` is not reached by any of the same nature or better, of those
    moves that gain.

    Raises:
        InvalidInput: the person has no score.
    """
    person = _Person(history, as_of, rescore, tuple(kinds), moves.hour_minor)
    gained: dict[str, tuple[Move, Attempt]] = {}
    for move in moves.moves:
        found = person.tries((move,))
        if found is not None:
            gained[move.lever.name] = (move, found)
    made = [attempt for _, attempt in gained.values()]
    for nature in NATURES:
        allowed = NATURES[: NATURES.index(nature) + 1]
        usable = sorted(
            (pair for pair in gained.values() if pair[0].nature in allowed),
            key=lambda pair: (-pair[1].points, pair[1].cost_minor, pair[1].moves),
        )[: _TOGETHER + 1]
        for size in range(2, _TOGETHER + 1):
            if any(a.score >= wanted and a.nature in allowed for a in made):
                break
            sets = combinations([move for move, _ in usable], size)
            made += [found for chosen in sets if (found := person.tries(chosen)) is not None]
    return person.now, tuple(made)


class _Person:
    """Somebody who tries moves: their history, and what it scores after doing nothing."""

    def __init__(
        self,
        history: History,
        as_of: int,
        rescore: Rescore,
        kinds: tuple[Kind, ...],
        hour_minor: float,
    ) -> None:
        now = rescore(as_known(history, as_of, kinds), as_of)
        if now is None:
            raise InvalidInput("a person without a score has nothing to raise.")
        self.now = now
        self._history, self._as_of, self._kinds = history, as_of, kinds
        self._rescore, self._hour_minor = rescore, hour_minor
        self._idle = {0: now}

    def tries(self, chosen: Sequence[Move]) -> Attempt | None:
        """The moves pulled together; ``None`` where there is nothing to do, or no gain."""
        money = hours = 0.0
        for move in chosen:
            pulled = self._pull(move.lever)
            if pulled is None:
                return None
            done, cost = pulled[0], move.cost
            money += cost.money_minor * done.count + cost.amount_permille * done.amount_minor / 1000
            hours += cost.hours * done.count
        days = max(move.lever.after_days for move in chosen)
        names = tuple(move.lever.name for move in chosen)
        steps = tuple(step for move in chosen for step in move.lever.steps)
        then = self._after(Lever("+".join(names), "", "", days, steps))
        before = self.now if steps == _WAIT else max(self.now, self._waited(days))
        if then is None or then <= before:
            return None
        nature = max((move.nature for move in chosen), key=NATURES.index)
        cost_minor = money + hours * self._hour_minor
        return Attempt(names, nature, then, then - before, days, money, hours, cost_minor)

    def _waited(self, days: int) -> int:
        """The score after doing nothing for so long; the score now where there is none."""
        if days not in self._idle:
            then = self._after(Lever("wait", "", "", days, _WAIT))
            self._idle[days] = self.now if then is None else then
        return self._idle[days]

    def _after(self, lever: Lever) -> int | None:
        pulled = self._pull(lever)
        return None if pulled is None else self._rescore(pulled[0].history, pulled[1])

    def _pull(self, lever: Lever) -> tuple[Done, int] | None:
        return lever.pull(self._history, self._as_of, kinds=self._kinds)


def praised(
    events: Sequence[tuple[str, int]], as_of: int, *, moves: Moves, wanted: int
) -> Attempt | None:
    """What it takes to reach ``wanted`` under the conduct rule book by the praised deed alone.

    One a day from ``as_of`` on; ``None`` where ``at_most`` of them are not enough, or the person
    has no score.
    """
    praise = moves.praise
    now = conduct("", events, as_of)
    if not isinstance(now, ConductScore):
        return None
    for count in range(1, praise.at_most + 1):
        deeds = [(praise.rule, as_of + day * _DAY) for day in range(count)]
        then = conduct("", [*events, *deeds], as_of + count * _DAY)
        if isinstance(then, ConductScore) and then.score >= wanted:
            hours = praise.hours * count
            return Attempt(
                (praise.rule,), praise.nature, then.score, then.score - now.score, count, 0.0,
                hours, hours * moves.hour_minor,
            )  # fmt: skip
    return None


def cheapest(made: Iterable[Attempt], *, wanted: int, allowed: Iterable[str]) -> Attempt | None:
    """The attempt of an ``allowed`` nature that reaches ``wanted`` for the least, or ``None``."""
    natures = set(allowed)
    there = [a for a in made if a.score >= wanted and a.nature in natures]
    return min(there, key=lambda a: (a.cost_minor, a.days, a.moves), default=None)


@cache
def standard_moves() -> Moves:
    """The moves that come with Benne."""
    text = files("benne.scores").joinpath("gaming.toml").read_text(encoding="utf-8")
    return moves_from(tomllib.loads(text), where="gaming.toml")


def moves_from(document: Mapping[str, Any], *, where: str) -> Moves:
    """The moves that a parsed TOML ``document`` declares.

    Raises:
        InvalidInput: another schema, an unknown or missing key, a nature or an edit that does
            not exist; the message starts with ``where``.
    """
    if document.get("schema") != 1:
        raise InvalidInput(f"{where}: schema must be 1; got {document.get('schema')!r}.")
    _demand(document, {"schema", "hour", "move", "praise"}, where)
    _demand(document["hour"], {"minor", "source"}, f"{where}, [hour]")
    _demand(document["praise"], _PRAISE, f"{where}, [praise]")
    return Moves(
        tuple(
            _move(name, body, f"{where}, [move.{name}]") for name, body in document["move"].items()
        ),
        Praise(**document["praise"]),
        float(document["hour"]["minor"]),
    )


def _move(name: str, body: Mapping[str, Any], where: str) -> Move:
    _demand(body, {"says", "nature", "after_days", "edits", "cost"}, where)
    _demand(body["cost"], _COST, f"{where}, cost")
    if body["nature"] not in NATURES:
        raise InvalidInput(
            f"{where}: nature must be one of {', '.join(NATURES)}; got {body['nature']!r}."
        )
    plain = {key: body[key] for key in ("says", "after_days", "edits")}
    return Move(lever_from(name, plain, where), body["nature"], Cost(**body["cost"]))


def _demand(body: Mapping[str, Any], keys: set[str], where: str) -> None:
    wrong = sorted(set(body) ^ keys)
    if wrong:
        raise InvalidInput(
            f"{where}: {wrong[0]!r} is {'unknown' if wrong[0] in body else 'missing'}; the keys "
            f"are {', '.join(sorted(keys))}."
        )
