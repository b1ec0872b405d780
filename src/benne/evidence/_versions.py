"""One person's versions of a kind: what a new one says, and which it supersedes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Literal, TypeAlias

from benne.evidence._kinds import Kind
from benne.kernel import END_OF_TIME, Row, Value

Verdict: TypeAlias = Literal["new", "known", "conflict"]


def add_version(versions: list[dict[str, Value]], new: Mapping[str, Value], kind: Kind) -> Verdict:
    """Put ``new`` at the end of a person's ``versions`` of ``kind``, unless it says nothing new.

    A version that says what the record's last one says, or what one of the same ``known_at`` says,
    is ``known``; another content of the same ``known_at`` is a ``conflict``; both leave
    ``versions`` as they were.  Each version of a record ends (``superseded_at``) where the
    record's next begins.
    """
    own = [
        row for row in versions if row["record"] == new["record"] and row["source"] == new["source"]
    ]
    said, moment = _content(new, kind), _known_at(new)
    for row in own:
        if _known_at(row) == moment:
            return "known" if _content(row, kind) == said else "conflict"
    before = max((r for r in own if _known_at(r) < moment), key=_known_at, default=None)
    after = min((r for r in own if _known_at(r) > moment), key=_known_at, default=None)
    if before is not None and after is None and _content(before, kind) == said:
        return "known"
    if before is not None:
        before["superseded_at"] = moment
    end = END_OF_TIME if after is None else _known_at(after)
    versions.append({**new, "superseded_at": end})
    return "new"


def put_right(
    versions: Iterable[Mapping[str, Value]], new: Mapping[str, Value], kind: Kind
) -> dict[str, Value]:
    """What ``new``, an event, says as it was said before it was put right: column to right value.

    A correction puts right the columns that differ from the version before it, until an event
    says a value of them that is neither.  ``record`` among the names means that the record was
    retracted: it is right that there is none.
    """
    own = [r for r in versions if r["record"] == new["record"] and r["source"] == new["source"]]
    own.sort(key=_known_at)
    right: dict[str, Value] = {}
    wrong: dict[str, list[Value]] = {}
    before: Mapping[str, Value] = {}
    for row in own:
        differs = [c.name for c in kind.columns if before and row.get(c.name) != before.get(c.name)]
        for name in differs:
            if row["cause"] == "correction":
                wrong.setdefault(name, []).append(before.get(name))
                right[name] = row.get(name)
            elif row.get(name) not in wrong.get(name, ()):
                wrong.pop(name, None)
                right.pop(name, None)
        before = row
    if before and before["cause"] == "retraction":
        return {"record": None}
    return {
        name: value
        for name, value in right.items()
        if new.get(name) != value and new.get(name) in wrong[name]
    }


def merge_versions(versions: list[dict[str, Value]], others: Iterable[Mapping[str, Value]]) -> int:
    """Put at the end of ``versions`` those of ``others`` that are not there; how many there were.

    A version is there where one has its source, record and ``known_at``.  Each version of a
    record then ends where the record's next begins.
    """
    there = {(row["source"], row["record"], row["known_at"]) for row in versions}
    new = [dict(o) for o in others if (o["source"], o["record"], o["known_at"]) not in there]
    versions += new
    touched = {(row["source"], row["record"]) for row in new}
    records: dict[tuple[Value, Value], list[dict[str, Value]]] = {name: [] for name in touched}
    for row in versions:
        name = row["source"], row["record"]
        if name in touched:
            records[name].append(row)
    for own in records.values():
        own.sort(key=_known_at)
        for row, following in pairwise(own):
            row["superseded_at"] = following["known_at"]
        own[-1]["superseded_at"] = END_OF_TIME
    return len(new)


def as_corrected(
    versions: Iterable[Mapping[str, Value]], kind: Kind, *, as_of: int
) -> list[dict[str, Value]]:
    """``versions`` as an observation at ``as_of`` that is looked at again later may see them.

    A correction carries all columns of its record, and so also what events after ``as_of`` had
    changed, such as a payment.  Here it changes only the columns that differ from the version
    before it, on top of what was known at ``as_of``: what is put right is seen, what happened
    later is not.
    """
    records: dict[tuple[Value, Value], list[dict[str, Value]]] = {}
    for row in versions:
        records.setdefault((row["source"], row["record"]), []).append(dict(row))
    names = [column.name for column in kind.columns]
    shown: list[dict[str, Value]] = []
    for own in records.values():
        own.sort(key=_known_at)
        base = before = None
        for row in own:
            if _known_at(row) <= as_of:
                base = row
            elif row["cause"] != "event" and base is not None and before is not None:
                differs = {n: row.get(n) for n in names if row.get(n) != before.get(n)}
                kept = {n: base.get(n) for n in names if n in row}
                base = {**row, **kept, **differs}
            before = row
            shown.append(base if base is not None and row["cause"] != "event" else row)
    return shown


def _known_at(row: Row) -> int:
    moment = row["known_at"]
    assert isinstance(moment, int)
    return moment


def _content(row: Row, kind: Kind) -> tuple[object, ...]:
    """All that a version says, protected columns too; types count, as 1 is not true."""
    names = ("subject", "cause", *(column.name for column in kind.columns))
    values = [row.get(name) for name in names]
    return tuple((type(value), value) for value in values)
