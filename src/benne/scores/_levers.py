"""Levers: what a person can do, and the score that it would bring."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from benne.evidence import Kind, standard_kinds
from benne.kernel import MICROS_PER_DAY, Currency, InvalidInput, Value
from benne.scores._answers import Offer
from benne.scores._edits import EDITS, VALUED, Done, History, Window, as_known, meanwhile

Rescore = Callable[[History, int], int | None]
"""The score of a history as of an instant, or ``None`` where there is no score."""

_NUMBERS = {"lower": "permille", "use": "count", "copy": "count"}
"""The edits that take a number, and what it is called."""


@dataclass(frozen=True, slots=True)
class Step:
    """One edit of a lever: which, of which kind, with its own number and values."""

    do: str
    kind: str = ""
    number: int = 0
    values: tuple[tuple[str, Value], ...] = ()

    def run(self, history: History, window: Window) -> Done:
        """What the edit makes of ``history``."""
        if self.do in VALUED:
            return VALUED[self.do](history, self.kind, window, self.number, dict(self.values))
        return EDITS[self.do](history, self.kind, window, self.number)


@dataclass(frozen=True, slots=True)
class Lever:
    """Something a person can do, as edits of evidence, and how long it takes."""

    name: str
    says: str
    says_one: str
    after_days: int
    steps: tuple[Step, ...]

    def pull(
        self, history: History, as_of: int, *, kinds: Iterable[Kind], lag_days: int = 0
    ) -> tuple[Done, int] | None:
        """What would be on record, and as of when it counts; ``None`` if there is nothing to do.

        ``history`` is cut to what was known at ``as_of`` first.
        """
        lag = lag_days * MICROS_PER_DAY
        window = Window(as_of, as_of + self.after_days * MICROS_PER_DAY, lag)
        done = Done(as_known(history, as_of, kinds))
        for step in self.steps:
            if step.do != "wait" and step.kind not in done.history:
                continue
            one = step.run(done.history, window)
            done = Done(one.history, done.count + one.count, done.amount_minor + one.amount_minor)
        if not done.count:
            return None
        after = meanwhile(done.history, window)
        return Done(after, done.count, done.amount_minor), window.end + lag

    def words(self, done: Done, currency: Currency | None) -> str:
        """What a person reads."""
        amount = (
            f"{done.amount_minor:,} minor units"
            if currency is None
            else currency.text(done.amount_minor)
        )
        says = self.says_one if done.count == 1 else self.says
        return says.format(count=done.count, amount=amount)


def offers(
    history: History,
    as_of: int,
    rescore: Rescore,
    *,
    levers: Iterable[Lever] | None = None,
    kinds: Iterable[Kind] | None = None,
    currency: Currency | None = None,
    lag_days: int = 0,
    at_most: int = 5,
) -> tuple[Offer, ...]:
    """The levers that would raise the score, the greatest gain first, then the soonest.

    Each is pulled alone, run through ``rescore`` (features, then the artefact), and offered only
    if the score comes out higher; it promises that score.  Nothing is offered to a person
    without a score.
    """
    kinds = standard_kinds() if kinds is None else tuple(kinds)
    now = rescore(as_known(history, as_of, kinds), as_of)
    if now is None:
        return ()
    found = []
    for lever in standard_levers() if levers is None else levers:
        pulled = lever.pull(history, as_of, kinds=kinds, lag_days=lag_days)
        if pulled is None:
            continue
        done, acts_by = pulled
        then = rescore(done.history, acts_by)
        if then is not None and then > now:
            says = lever.words(done, currency)
            found.append(Offer(lever.name, says, acts_by, then, then - now))
    found.sort(key=lambda offer: (-offer.points, offer.acts_by, offer.lever))
    return tuple(found[:at_most])


@cache
def standard_levers() -> tuple[Lever, ...]:
    """The levers that every workspace has."""
    text = files("benne.scores").joinpath("levers.toml").read_text(encoding="utf-8")
    return levers_from(tomllib.loads(text), where="levers.toml")


def levers_from(document: Mapping[str, Any], *, where: str) -> tuple[Lever, ...]:
    """The levers that a parsed TOML ``document`` declares under ``[lever.NAME]``.

    Raises:
        InvalidInput: another schema, an unknown or missing key, an edit that does not exist; the
            message starts with ``where``.
    """
    if document.get("schema") != 1:
        raise InvalidInput(f"{where}: schema must be 1; got {document.get('schema')!r}.")
    _demand(set(document), {"schema", "lever"}, set(), where)
    return tuple(
        lever_from(name, body, f"{where}, [lever.{name}]")
        for name, body in document["lever"].items()
    )


def lever_from(name: str, body: Mapping[str, Any], where: str) -> Lever:
    """The lever that ``body`` declares; raises as ``levers_from``."""
    _demand(set(body), {"says", "after_days", "edits"}, {"says_one"}, where)
    if body["after_days"] < 1 or not body["edits"]:
        raise InvalidInput(f"{where}: a lever takes a day or more and makes an edit or more.")
    try:
        for says in (body["says"], body.get("says_one", "")):
            says.format(count=0, amount="")
    except (KeyError, IndexError, ValueError) as error:
        raise InvalidInput(
            f"{where}: says may hold {{count}} and {{amount}}; got {error}."
        ) from error
    return Lever(
        name=name,
        says=body["says"],
        says_one=body.get("says_one", body["says"]),
        after_days=body["after_days"],
        steps=tuple(_step(edit, where) for edit in body["edits"]),
    )


def _step(edit: Mapping[str, Any], where: str) -> Step:
    do = edit.get("do")
    if do not in {*EDITS, *VALUED}:
        names = ", ".join([*EDITS, *VALUED])
        raise InvalidInput(f"{where}: do must be one of {names}; got {do!r}.")
    number = _NUMBERS.get(do)
    needed = {"do", *([] if do == "wait" else ["kind"]), *([number] if number else [])}
    _demand(
        set(edit), needed | ({"values"} if do in VALUED else set()), set(), f"{where}, edit {do}"
    )
    values = tuple(sorted(edit.get("values", {}).items()))
    return Step(do, edit.get("kind", ""), edit[number] if number else 0, values)


def _demand(keys: set[str], needed: set[str], allowed: set[str], where: str) -> None:
    wrong = sorted((keys - needed - allowed) | (needed - keys))
    if wrong:
        raise InvalidInput(
            f"{where}: {wrong[0]!r} is {'unknown' if wrong[0] in keys else 'missing'}; the keys "
            f"are {', '.join(sorted(needed | allowed))}."
        )
