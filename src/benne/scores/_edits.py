"""Edits of evidence: what would be on record if a person did something.

A history maps each kind to its versions, as rows with the columns of the lake.  An edit never
changes what was known: it closes a version and adds the next one, or adds a new record.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from benne.evidence import Kind
from benne.kernel import END_OF_TIME, MICROS_PER_DAY

Row: TypeAlias = Mapping[str, Any]
History: TypeAlias = Mapping[str, Sequence[Row]]
"""A person's versions by kind, with the columns of the lake; a kind that is used in the
workspace is there even where the person has none of it."""

_SOON = MICROS_PER_DAY // 2
_PAID_LATE = ("late", "default", "restructured")
_RUNNING = ("current", *_PAID_LATE)
_FIRST_ORDER: Row = {
    "source": "lever",
    "subject": "",
    "batch": 0,
    "service": "deposit_free",
    "merchant": "any",
    "value_minor": 0,
    "deposit_waived_minor": 0,
    "state": "completed",
}
_FALLING_DUE = ("instalment", "obligation")


@dataclass(frozen=True, slots=True)
class Window:
    """When an edit happens: after ``start`` (``as_of``) and before ``end``, known ``lag`` later."""

    start: int
    end: int
    lag: int

    @property
    def soon(self) -> int:
        """Half a day from the start: when a person who acts now has acted."""
        return self.start + _SOON


@dataclass(frozen=True, slots=True)
class Done:
    """What an edit came to: the new history, how many things it touched, and their amount."""

    history: History
    count: int = 0
    amount_minor: int = 0


Edit: TypeAlias = Callable[[History, str, Window, int], Done]
"""(history, kind, window, the edit's own number) to what came of it."""

Values: TypeAlias = Mapping[str, Any]
Valued: TypeAlias = Callable[[History, str, Window, int, Values], Done]
"""An edit that also takes values by column."""


def as_known(history: History, as_of: int, kinds: Iterable[Kind]) -> dict[str, list[Row]]:
    """The history with nothing that was learned, paid, closed or settled at or after ``as_of``."""
    known: dict[str, list[Row]] = {}
    for kind in kinds:
        if kind.name not in history:
            continue
        tied = [c for c in kind.columns if c.known_with is not None]
        known[kind.name] = [
            _forget(row, as_of, [(c.name, str(c.known_with)) for c in tied])
            for row in history[kind.name]
            if row["known_at"] <= as_of
        ]
    return known


def _forget(row: Row, as_of: int, tied: Sequence[tuple[str, str]]) -> Row:
    late = [
        name
        for name, instant in tied
        if row.get(name) is not None and (row.get(instant) is None or row[instant] >= as_of)
    ]
    changed: dict[str, Any] = dict.fromkeys(late)
    if row["superseded_at"] > as_of:
        changed["superseded_at"] = END_OF_TIME
    return {**row, **changed}


def current(history: History, kind: str) -> Iterator[tuple[int, Row]]:
    """The newest version of each record of ``kind``, with its place; retracted ones left out."""
    for place, row in enumerate(history.get(kind, ())):
        if row["superseded_at"] == END_OF_TIME and row["cause"] != "retraction":
            yield place, row


def revise(
    history: History, kind: str, changes: Mapping[int, Mapping[str, Any]], window: Window
) -> History:
    """``history`` with a new version of some rows, by place; each change states ``known_at``."""
    rows = list(history[kind])
    for place, change in changes.items():
        old = rows[place]
        known = max(change["known_at"] + window.lag, window.start + 1)
        rows[place] = {**old, "superseded_at": known}
        rows.append({**old, **change, "cause": "event", "known_at": known, "content": None})
    return {**history, kind: rows}


def add(
    history: History, kind: str, model: Row, changes: Sequence[Mapping[str, Any]], window: Window
) -> History:
    """``history`` with new records of ``kind``, each like ``model`` but for its changes."""
    rows = list(history[kind])
    for number, change in enumerate(changes):
        rows.append(
            {
                **model,
                **change,
                "record": f"lever {kind} {len(history[kind]) + number}",
                "cause": "event",
                "known_at": change["known_at"] + window.lag,
                "superseded_at": END_OF_TIME,
                "content": None,
            }
        )
    return {**history, kind: rows}


def pay(history: History, kind: str, window: Window, _: int) -> Done:
    """Every row that fell due before the start and is not paid in full is paid now."""
    changes, amount = {}, 0
    for place, row in current(history, kind):
        unpaid = row["due_minor"] - (row["paid_minor"] or 0)
        if row["due_at"] < window.start and unpaid > 0:
            amount += unpaid
            changes[place] = _paid(row, window.soon)
    return Done(revise(history, kind, changes, window), len(changes), amount)


def _paid(row: Row, instant: int) -> dict[str, Any]:
    return {"paid_minor": row["due_minor"], "paid_at": instant, "known_at": instant}


def settle(history: History, kind: str, window: Window, _: int) -> Done:
    """Every row without ``settled_at``, and not under dispute, is settled now."""
    changes, amount = {}, 0
    for place, row in current(history, kind):
        if row["settled_at"] is None and row.get("dispute") != "disputed":
            amount += row["amount_minor"] or 0
            changes[place] = {"settled_at": window.soon, "known_at": window.soon}
    return Done(revise(history, kind, changes, window), len(changes), amount)


def end(history: History, kind: str, window: Window, _: int) -> Done:
    """Every running row past its ``due_at`` is ended now."""
    changes = {
        place: {"closed_at": window.soon, "known_at": window.soon}
        for place, row in current(history, kind)
        if row["closed_at"] is None and row["due_at"] < window.start
    }
    return Done(revise(history, kind, changes, window), len(changes))


def bring_current(history: History, kind: str, window: Window, _: int) -> Done:
    """Every account whose last row is late has its next one up to date."""
    behind = [
        row
        for row in _latest_by(history, kind, "account", "period_end")
        if row["status"] in _RUNNING
        and ((row["days_past_due"] or 0) > 0 or row["status"] in _PAID_LATE)
    ]
    return _next_statements(history, kind, behind, window, lambda row: row["balance_minor"])


def lower(history: History, kind: str, window: Window, permille: int) -> Done:
    """Every account whose last balance is above a share of its limit has its next one at it."""
    high = [
        row
        for row in _latest_by(history, kind, "account", "period_end")
        if row["status"] in _RUNNING
        and row["limit_minor"]
        and row["balance_minor"] * 1000 > row["limit_minor"] * permille
    ]
    return _next_statements(
        history, kind, high, window, lambda row: row["limit_minor"] * permille // 1000
    )


def _next_statements(
    history: History,
    kind: str,
    rows: Sequence[Row],
    window: Window,
    balance: Callable[[Row], int],
) -> Done:
    period_end, amount = window.end - MICROS_PER_DAY, 0
    done = history
    for row in rows:
        less = row["balance_minor"] - balance(row)
        amount += less
        due = row["minimum_due_minor"] or 0
        change = {
            "period_end": period_end,
            "known_at": period_end,
            "balance_minor": balance(row),
            "paid_minor": max(less, due),
            "days_past_due": 0,
            "status": "current",
        }
        done = add(done, kind, row, [change], window)
    return Done(done, len(rows), amount)


def use(history: History, kind: str, window: Window, count: int) -> Done:
    """``count`` new orders, one after the other, each ended on its day.

    Each is like the person's last one; the first orders of a person are of no value and waive
    no deposit, so that no more is promised than using the service brings.
    """
    model = max(
        (row for _, row in current(history, kind)),
        key=lambda row: (row["happened_at"], row["known_at"], str(row["record"])),
        default=_FIRST_ORDER,
    )
    subject = next((row["subject"] for rows in history.values() for row in rows), "")
    whole = (window.end - window.start) // count
    changes = []
    for number in range(count):
        start = window.start + number * whole + _SOON
        due = window.start + (number + 1) * whole - _SOON
        instants = {"happened_at": start, "due_at": due, "closed_at": due, "known_at": due}
        changes.append({**instants, "subject": subject})
    return Done(add(history, kind, model, changes, window), count)


def verify(history: History, kind: str, window: Window, _: int) -> Done:
    """Every element whose last check is no match is checked again, and matches."""
    rows = [
        row
        for row in _latest_by(history, kind, "element", "happened_at")
        if row["result"] != "match"
    ]
    change = {"happened_at": window.soon, "known_at": window.soon, "result": "match"}
    done = history
    for row in rows:
        done = add(done, kind, row, [change], window)
    return Done(done, len(rows))


def strike(history: History, kind: str, window: Window, _: int) -> Done:
    """Every row that tells against the person is retracted.

    A statement tells against them where it is past due; any other row by being there.
    """
    rows, count, known = list(history[kind]), 0, window.end - _SOON
    for place, row in current(history, kind):
        if row["known_at"] < window.start and (kind != "statement" or (row["days_past_due"] or 0)):
            rows[place] = {**row, "superseded_at": known}
            rows.append({**row, "cause": "retraction", "known_at": known, "content": None})
            count += 1
    return Done({**history, kind: rows}, count)


def claim(history: History, kind: str, window: Window, _: int, values: Values) -> Done:
    """A new row like the last, but for ``values``; nothing where it says that already."""
    model = _last(history, kind, window)
    if model is None or all(model[name] == value for name, value in values.items()):
        return Done(history)
    return _once(history, kind, window, model, dict(values))


def inflate(history: History, kind: str, window: Window, _: int, values: Values) -> Done:
    """A new row like the last, each number named in ``values`` at so many permille of it."""
    model = _last(history, kind, window)
    if model is None:
        return Done(history)
    changed = {
        name: model[name] * int(str(permille)) // 1000
        for name, permille in values.items()
        if model[name] is not None
    }
    return _once(history, kind, window, model, changed)


def copy(history: History, kind: str, window: Window, count: int, values: Values) -> Done:
    """``count`` new rows like the last, spread evenly over the time, but for ``values``."""
    model = _last(history, kind, window)
    if model is None:
        return Done(history)
    apart = (window.end - window.start) // count
    moments = [window.start + number * apart + _SOON // 2 for number in range(count)]
    rows = [{**values, "happened_at": at, "known_at": at} for at in moments]
    amount = abs(int(str(values.get("amount_minor", 0))))
    return Done(add(history, kind, model, rows, window), count, amount * count)


def _last(history: History, kind: str, window: Window) -> Row | None:
    """The person's last row of ``kind`` that had happened at the start, if there is one."""
    return max(
        (row for _, row in current(history, kind) if row["happened_at"] < window.start),
        key=lambda row: (row["happened_at"], row["known_at"], str(row["record"])),
        default=None,
    )


def _once(history: History, kind: str, window: Window, model: Row, values: Values) -> Done:
    change = {**values, "happened_at": window.soon, "known_at": window.soon}
    return Done(add(history, kind, model, [change], window), 1)


def wait(history: History, kind: str, window: Window, _: int) -> Done:
    """Nothing but time."""
    return Done(history, 1)


def meanwhile(history: History, window: Window) -> History:
    """What falls due inside the window is paid on its day, and what runs out is ended on it."""
    done = history
    for kind in _FALLING_DUE:
        falling = {
            place: _paid(row, row["due_at"])
            for place, row in current(done, kind)
            if window.start <= row["due_at"] < window.end
            and (row["paid_minor"] or 0) < row["due_minor"]
        }
        if falling:
            done = revise(done, kind, falling, window)
    ending = {
        place: {"closed_at": row["due_at"], "known_at": row["due_at"]}
        for place, row in current(done, "order")
        if window.start <= row["due_at"] < window.end and row["closed_at"] is None
    }
    return revise(done, "order", ending, window) if ending else done


def _latest_by(history: History, kind: str, by: str, instant: str) -> list[Row]:
    """The last row for each value of ``by`` of each source, in order of both."""
    latest: dict[tuple[str, str], Row] = {}
    order = sorted(
        (row for _, row in current(history, kind)),
        key=lambda row: (row[instant], row["known_at"], str(row["record"])),
    )
    for row in order:
        latest[row["source"], row[by]] = row
    return [latest[key] for key in sorted(latest)]


EDITS: dict[str, Edit] = {
    "pay": pay,
    "settle": settle,
    "end": end,
    "current": bring_current,
    "lower": lower,
    "use": use,
    "verify": verify,
    "strike": strike,
    "wait": wait,
}
"""Every edit that a lever may be made of."""

VALUED: dict[str, Valued] = {"claim": claim, "inflate": inflate, "copy": copy}
"""The edits that take values by column, too."""
