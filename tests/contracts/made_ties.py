"""Small societies made to be awkward: ties that end, move and are told twice; joint accounts."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random
from typing import Any

import duckdb
import ibis
import pyarrow as pa
from made_histories import DAY, PERMIT
from made_lake import ARROW

from benne.app.stores._network import block_of
from benne.evidence import ColumnSpec, Kind, standard_kinds
from benne.features import NetworkBlock, Plan
from benne.kernel import END_OF_TIME, micros

Version = dict[str, Any]
History = dict[str, list[Version]]
_NAMES = ("account", "statement", "instalment", "payment", "obligation", "tie")
KINDS = {kind.name: kind for kind in standard_kinds() if kind.name in _NAMES}
CUT = micros(datetime(2024, 5, 1, tzinfo=UTC))


def a_society(seed: int, *, size: int = 14, cut: int = CUT) -> dict[str, History]:
    """People with few records and few instants, so that everything meets."""
    rng = Random(seed)
    names = [f"person {number:02d}" for number in range(size)]
    people = {name: {kind: [] for kind in KINDS} for name in names}
    for kind in KINDS.values():
        most = 8 * size if kind.name == "tie" else rng.choice((2 * size, 5 * size))
        for number in range(most):
            who = rng.choice(names)
            people[who][kind.name] += _record(rng, kind, f"{kind.name} {number}", who, names, cut)
    for name in rng.sample(names, rng.choice((0, 2))):
        people[name]["account"] = []
    return people


def _record(
    rng: Random, kind: Kind, record: str, subject: str, names: list[str], cut: int
) -> list[Version]:
    source = rng.choice(("bank", "bank", "shop"))
    known = sorted({_spot(rng, cut) for _ in range(rng.choice((1, 1, 2)))})
    ends = [*known[1:], END_OF_TIME]
    own = {c.name: _value(rng, c, names, cut) for c in kind.columns if not c.group}
    versions = []
    for number, (at, until) in enumerate(zip(known, ends, strict=True)):
        cause = "event" if number == 0 else rng.choice(("event", "correction", "retraction"))
        changed = {c.name: _value(rng, c, names, cut) for c in kind.columns if not c.group}
        keep = {name: own[name] for name in own if name == "other" or rng.random() < 0.5}
        versions.append(
            {
                "source": source,
                "record": record,
                "subject": subject,
                "cause": cause,
                "known_at": at,
                "superseded_at": until,
                "batch": 1,
                **changed,
                **keep,
            }
        )
    return versions


def _spot(rng: Random, cut: int) -> int:
    days = rng.choice((0, 1, 20, 29, 30, 31, 45, 60, 61, 200, 400, -1, -20))
    return cut - days * DAY + rng.choice((0, 0, 1, -1, rng.randrange(DAY)))


def _value(rng: Random, column: ColumnSpec, names: list[str], cut: int) -> Any:
    if column.subject:
        return rng.choice((*names, "an outsider"))
    if column.refers is not None:
        return f"{column.refers} {rng.choice((rng.randrange(12), rng.randrange(400)))}"
    if not column.required and rng.random() < 0.2:
        return None
    if column.type == "instant":
        return _spot(rng, cut)
    if column.type == "text":
        return rng.choice(column.one_of or ("a", "b"))
    if column.name == "strength_permille":
        return rng.choice((0, 1, 300, 300, 700, 1000, 1000, *(rng.randrange(1, 1001),) * 9))
    if column.type == "bool":
        return rng.random() < 0.5
    least = -50 if column.at_least is None else column.at_least
    return rng.choice((least, rng.randint(least, 400)))


def tables_of(people: dict[str, History], kinds: dict[str, Kind] = KINDS) -> dict[str, pa.Table]:
    """The versions of all, a table for each kind, as a lake holds them."""
    return {
        f"evidence_{kind.name}": pa.Table.from_pylist(
            [version for history in people.values() for version in history[kind.name]],
            schema=pa.schema([(name, ARROW[of]) for name, of in kind.types.items()]),
        )
        for kind in kinds.values()
    }


_SQL: dict[int, tuple[Plan, dict[str, str]]] = {}


def in_duckdb(
    plan: Plan, people: dict[str, History], *, cut: int = CUT, allowed: set[str] | None = None
) -> NetworkBlock:
    """The network block of ``plan`` over ``people``, by DuckDB and SciPy."""
    network = plan.network(PERMIT)
    assert network is not None
    if id(plan) not in _SQL:
        expressions = network.expressions(PERMIT).items()
        _SQL[id(plan)] = plan, {n: str(ibis.to_sql(e, dialect="duckdb")) for n, e in expressions}
    sql = _SQL[id(plan)][1]
    with duckdb.connect(config={"threads": 1}) as connection:
        for name, table in tables_of(people).items():
            connection.register(name, table)
        return block_of(
            network,
            cut=cut,
            run=lambda name: connection.sql(sql[name]).to_arrow_table(),
            lend=connection.register,
            allowed=None if allowed is None else pa.array(sorted(allowed), pa.string()),
        )


def a_version(kind: str, record: str, subject: str, known_at: int, **own: Any) -> Version:
    """One version of a record, the first and the last of it."""
    return {
        "source": "bank",
        "record": record,
        "subject": subject,
        "cause": "event",
        "known_at": known_at,
        "superseded_at": END_OF_TIME,
        "batch": 1,
        **{column.name: None for column in KINDS[kind].columns if not column.group},
        **own,
    }


def a_tie(one: str, two: str, told: int, strength: int = 500) -> Version:
    """That ``one`` says to be tied to ``two``, told at an instant."""
    own = {"other": two, "relation": "friend", "strength_permille": strength}
    return a_version("tie", f"{one} {two} {told}", one, told, happened_at=told, **own)


def nobody(names: list[str]) -> dict[str, History]:
    """People of whom nothing is known."""
    return {name: {kind: [] for kind in KINDS} for name in names}


def poisoned(rng: Random, people: dict[str, History], cut: int) -> dict[str, History]:
    """``people`` with more that was not known at ``cut``: new records, and newer versions."""
    names, result = list(people), {}
    for name, history in people.items():
        result[name] = {kind: [dict(v) for v in rows] for kind, rows in history.items()}
        for kind, rows in result[name].items():
            for version in list(rows):
                if version["superseded_at"] == END_OF_TIME and rng.random() < 0.7:
                    later = max(cut, version["known_at"]) + 1 + rng.randrange(DAY)
                    (newer,) = _record(rng, KINDS[kind], version["record"], name, names, cut)[:1]
                    cause = rng.choice(("event", "correction", "retraction", "dispute"))
                    said = {"source": version["source"], "known_at": later, "cause": cause}
                    rows.append(newer | said | {"superseded_at": END_OF_TIME})
                    version["superseded_at"] = later
            for number in range(3):
                (new,) = _record(rng, KINDS[kind], f"new {number} {name}", name, names, cut)[:1]
                rows.append(new | {"known_at": cut + 1, "superseded_at": END_OF_TIME})
    return result
