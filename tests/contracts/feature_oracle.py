"""The naive oracle: what a feature is, written for reading, not for speed.

It shares nothing with ``benne.features`` but the tree of the expression: no interpreter, no view,
no check.  Numbers are exact (``Fraction``, ``int``) until the one division at the end.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta
from typing import Any

from benne.evidence import Kind, View
from benne.features import Aggregate, Ahead, Atom, Feature, Past
from benne.kernel import AsOf, Call, Column, Constant, Expression

Version = dict[str, Any]
DAY = 86_400_000_000


def value_of(
    feature: Feature, kinds: dict[str, Kind], history: dict[str, list[Version]], view: View
) -> Any:
    """The value of ``feature`` for the person of ``history``."""

    def leaf(node: Expression) -> Any:
        assert isinstance(node, Atom)
        return atom_value(node, kinds, history, view)

    return evaluated(feature.value, leaf, view.as_of)


def shown(
    kind: Kind, kinds: dict[str, Kind], history: dict[str, list[Version]], view: View
) -> list[Version]:
    """One masked version of each record of ``kind`` that the view shows."""
    rows = []
    for key in {(v["source"], v["record"]) for v in history[kind.name]}:
        version = known(history[kind.name], key, view)
        if version is None or of_what_it_is_about(kind, version, kinds, history, view):
            continue
        version = dict(version)
        hidden = []
        for column in kind.columns:
            if column.known_with is not None:
                moment = version[column.known_with]
                if moment is None or not moment < view.as_of:
                    hidden.append(column.name)
        for name in hidden:
            version[name] = None
        rows.append(version)
    return rows


def known(versions: list[Version], key: tuple[str, str], view: View) -> Version | None:
    """The version of the record ``key`` that was the last known, if it was known at all."""
    known_by = view.as_of if view.known_by is None else view.known_by
    last = None
    was_known_by_as_of = False
    for version in versions:
        if (version["source"], version["record"]) != key:
            continue
        if view.batch is not None and version["batch"] > view.batch:
            continue
        horizon = view.as_of if version["cause"] == "event" else known_by
        if version["known_at"] > horizon:
            continue
        if version["known_at"] <= view.as_of:
            was_known_by_as_of = True
        if last is None or (version["known_at"], version["batch"]) > (
            last["known_at"],
            last["batch"],
        ):
            last = version
    if last is None or not was_known_by_as_of or last["cause"] == "retraction":
        return None
    return last


def of_what_it_is_about(
    kind: Kind,
    version: Version,
    kinds: dict[str, Kind],
    history: dict[str, list[Version]],
    view: View,
) -> bool:
    """Whether a record is the one that the observation is about, or descends from it."""
    about = view.about
    if about is None:
        return False
    same_source = about.source is None or about.source == version["source"]
    if same_source and about.kind == kind.name and about.record == version["record"]:
        return True
    for column in kind.columns:
        name = version[column.name] if column.refers is not None else None
        if column.refers is None or name is None:
            continue
        if same_source and about.kind == column.refers and about.record == name:
            return True
        above = known(history[column.refers], (version["source"], name), view)
        if above is not None and of_what_it_is_about(
            kinds[column.refers], above, kinds, history, view
        ):
            return True
    return False


# --- atoms -------------------------------------------------------------------------------


def atom_value(
    atom: Atom, kinds: dict[str, Kind], history: dict[str, list[Version]], view: View
) -> Any:
    kind, as_of = kinds[atom.kind], view.as_of
    rows = [row for row in shown(kind, kinds, history, view) if row[kind.window] is not None]
    rows.sort(key=lambda row: (row[kind.window], row["known_at"], row["record"], row["source"]))
    kept = []
    for row in within(atom, kind, rows, as_of):
        if atom.where is not None and evaluated(atom.where, row, as_of) is not True:
            continue
        value = None if atom.value is None else evaluated(atom.value, row, as_of)
        if atom.value is not None and value is None:
            continue
        kept.append((value, row[kind.window]))
    return aggregated(atom, [value for value, _ in kept], [at for _, at in kept], as_of)


def within(atom: Atom, kind: Kind, rows: list[Version], as_of: int) -> list[Version]:
    window = atom.window
    if isinstance(window, Ahead):
        return [r for r in rows if as_of <= r[kind.window] < as_of + window.days * DAY]
    past = [r for r in rows if r[kind.window] < as_of]
    if isinstance(window, Past):
        if window.days is None:
            return past
        return [r for r in past if r[kind.window] >= as_of - window.days * DAY]
    refers = kind.column(window.by).refers is not None
    state: list[Version] = []
    for row in past:  # in order: a later one takes the place of an earlier
        state = [
            other
            for other in state
            if other[window.by] != row[window.by] or (refers and other["source"] != row["source"])
        ]
        state.append(row)
    return state


def aggregated(atom: Atom, values: list[Any], instants: list[int], as_of: int) -> Any:
    name, n = atom.aggregate, len(values)
    if name is Aggregate.COUNT:
        return n
    if name is Aggregate.DISTINCT:
        return len(set(values))
    if n == 0:
        return None
    days = [(as_of - at) // DAY for at in instants]
    simple = {
        Aggregate.LATEST: lambda: values[-1],
        Aggregate.FIRST: lambda: values[0],
        Aggregate.DAYS_SINCE_LAST: lambda: days[-1],
        Aggregate.DAYS_SINCE_FIRST: lambda: days[0],
        Aggregate.MIN: lambda: min(values),
        Aggregate.MAX: lambda: max(values),
        Aggregate.SUM: lambda: sum(values),
        Aggregate.MEAN: lambda: float(sum(values)) / float(n),
        Aggregate.SHARE: lambda: float(values.count(True)) / float(n),
        Aggregate.QUANTILE: lambda: sorted(values)[(atom.q_permille or 0) * (n - 1) // 1000],
    }
    if name in simple:
        value = simple[name]()
        return value + 0.0 if isinstance(value, float) else value  # of two zeros, the plain one
    if name is Aggregate.SPREAD:
        if n < 2:
            return None
        over = n * sum(v * v for v in values) - sum(values) ** 2
        return math.sqrt(float(over) / float(n * (n - 1)))
    assert name is Aggregate.TREND
    forward = [-day for day in days]
    under = n * sum(t * t for t in forward) - sum(forward) ** 2
    over = n * sum(t * v for t, v in zip(forward, values, strict=True))
    over -= sum(forward) * sum(values)
    return None if under == 0 else float(over) / float(under)


# --- expressions -------------------------------------------------------------------------


def evaluated(node: Expression, row: Any, as_of: int) -> Any:
    """The value of a tree; ``row`` gives the columns, or is a function of the leaves."""
    if isinstance(node, Constant):
        return node.value
    if isinstance(node, AsOf):
        return as_of
    if isinstance(node, Column):
        return row[node.name]
    if not isinstance(node, Call):
        return row(node)
    parts = [evaluated(part, row, as_of) for part in node.arguments]
    return applied(node.operator, parts)


def applied(operator: str, parts: list[Any]) -> Any:
    if any(isinstance(part, float) for part in parts):
        parts = [float(part) if type(part) is int else part for part in parts]
    present = [part for part in parts if part is not None]
    if operator == "and":
        if any(part is False for part in parts):
            return False
        return None if len(present) < len(parts) else True
    if operator == "or":
        if any(part is True for part in parts):
            return True
        return None if len(present) < len(parts) else False
    if operator == "coalesce":
        return present[0] if present else None
    if operator == "least":
        return min(present) if present else None
    if operator == "greatest":
        return max(present) if present else None
    if operator == "if_else":
        return parts[1] if parts[0] is True else parts[2]
    if operator == "is_null":
        return parts[0] is None
    if operator == "is_in":
        return None if parts[0] is None else any(parts[0] == other for other in parts[1:])
    if len(present) < len(parts):
        return None
    a, b = (*parts, None)[:2]
    if operator == "divide":
        quotient = None if b == 0 else float(a) / float(b)
        return quotient if quotient is not None and math.isfinite(quotient) else None
    if operator == "days_between":
        return math.floor((b - a) // DAY)
    if operator == "year_of":
        return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=a)).year
    result = {
        "add": lambda: a + b,
        "subtract": lambda: a - b,
        "multiply": lambda: a * b,
        "negate": lambda: -a,
        "less": lambda: a < b,
        "at_most": lambda: a <= b,
        "greater": lambda: a > b,
        "at_least": lambda: a >= b,
        "equal": lambda: a == b,
        "differ": lambda: a != b,
        "not": lambda: not a,
        "as_number": lambda: 1 if a else 0,
        "as_double": lambda: float(a),
    }[operator]()
    return result if type(result) is not float or math.isfinite(result) else None
