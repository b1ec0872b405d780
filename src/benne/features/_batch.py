"""The batch form of a plan: one unbound Ibis expression, one pass over each kind of evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.evidence import Kind, leave_out, visible
from benne.features._aggregates import NEEDS_PRESENT, OPERATORS, PARTS, Kept
from benne.features._algebra import Ahead, Atom, Past, State, Window
from benne.features._checks import Checked, readable_columns
from benne.features._lowering import Lowering, days_between, literal
from benne.kernel import MICROS_PER_DAY, Expression
from benne.rights import Permit

if TYPE_CHECKING:
    import ibis.expr.types as ir


@dataclass(frozen=True, slots=True)
class _Part:
    """A reduction that atoms of a kind share, and the column that holds it."""

    kind: str
    name: str
    value: Expression | None
    where: Expression | None
    window: Window
    q_permille: int


def features_table(
    checked: Iterable[Checked],
    kinds: Mapping[str, Kind],
    observations: ir.Table,
    permit: Permit,
    left_out: ir.Table | None = None,
) -> ir.Table:
    """A row for each of ``observations`` that ``permit`` covers, a column for each feature.

    ``left_out`` names records that are not looked at (see ``benne.evidence.left_out_table``).
    """
    checked = tuple(checked)
    if permit.subjects is not None:
        observations = observations.filter(observations.subject.isin(sorted(permit.subjects)))
    atoms = tuple(dict.fromkeys(atom for one in checked for atom in one.atoms))
    table = observations.select("observation", "as_of")
    columns: dict[_Part, str] = {}
    for name in dict.fromkeys(atom.kind for atom in atoms):
        parts = _parts_of(atom for atom in atoms if atom.kind == name)
        names = {part: f"part_{len(columns) + i}" for i, part in enumerate(parts)}
        rows = visible(kinds[name], observations, permit, kinds=kinds)
        if left_out is not None:
            rows = leave_out(kinds[name], rows, left_out, observations, kinds=kinds)
        reduced = _reduced(kinds[name], rows, names).rename(of_observation="observation")
        joined = table.left_join(reduced, table.observation == reduced.of_observation)
        table = joined.drop("of_observation")
        columns |= {part: names[part] for part in parts}
    values = {atom: _finish(atom, table, columns) for atom in atoms}
    return table.select(
        "observation", **{one.feature.name: _value(one, values, table) for one in checked}
    )


def _value(one: Checked, values: Mapping[Atom, ir.Value], table: ir.Table) -> ir.Value:
    columns = {f"atom_{i}": values[atom] for i, atom in enumerate(one.atoms)}
    types = {f"atom_{i}": of for i, of in enumerate(one.atom_types)}
    value = Lowering(columns, types, table.as_of)(one.value)
    return value.cast({"int": "int64", "float": "float64", "text": "string"}[one.type])


# --- what is reduced, and over which rows --------------------------------------------------


def _part_of(atom: Atom, name: str) -> _Part:
    return _Part(atom.kind, name, atom.value, atom.where, atom.window, atom.q_permille or 0)


def _parts_of(atoms: Iterable[Atom]) -> tuple[_Part, ...]:
    return tuple(
        dict.fromkeys(
            _part_of(atom, name) for atom in atoms for name in OPERATORS[atom.aggregate].parts
        )
    )


def _finish(atom: Atom, table: ir.Table, columns: Mapping[_Part, str]) -> ir.Value:
    operator = OPERATORS[atom.aggregate]
    parts = {name: table[columns[_part_of(atom, name)]] for name in operator.parts}
    value = operator.finish(parts, table.as_of)
    if operator.over_nothing is not None:
        value = value.fill_null(operator.over_nothing)
    return value


def _reduced(kind: Kind, rows: ir.Table, names: Mapping[_Part, str]) -> ir.Table:
    """The parts of one kind, a row for each observation that has any record of it.

    Every distinct value, filter and window is a column of its own, computed once for each row.
    """
    windows = tuple(dict.fromkeys(part.window for part in names))
    rows = _within_any(kind, rows, windows)
    columns = readable_columns(kind)
    lower = Lowering({name: rows[name] for name in columns}, columns, rows.as_of)
    values = _numbered("value", (part.value for part in names))
    wheres = _numbered("where", (part.where for part in names))
    within = {window: f"within_{i}" for i, window in enumerate(windows)}
    used = {kind.window, "known_at", "record", "source"}
    table = rows.select(
        "observation",
        **{name: rows[name] for name in sorted(used)},
        days=days_between(rows[kind.window], rows.as_of),
        **{name: lower(node) for node, name in (*values.items(), *wheres.items())},
        **{name: _within(kind, window, rows) for window, name in within.items()},
    )
    return table.group_by("observation").aggregate(
        **{
            column: PARTS[part.name](_kept(kind, table, part, values, wheres, within))
            for part, column in names.items()
        }
    )


def _numbered(prefix: str, nodes: Iterable[Expression | None]) -> dict[Expression, str]:
    distinct = dict.fromkeys(node for node in nodes if node is not None)
    return {node: f"{prefix}_{i}" for i, node in enumerate(distinct)}


def _kept(
    kind: Kind,
    table: ir.Table,
    part: _Part,
    values: Mapping[Expression, str],
    wheres: Mapping[Expression, str],
    within: Mapping[Window, str],
) -> Kept:
    import ibis

    keep, value = table[within[part.window]], table[kind.window]
    if part.where is not None:
        keep = keep & table[wheres[part.where]]
    if part.value is not None:
        value = table[values[part.value]]
        if part.name in NEEDS_PRESENT:
            keep = keep & value.notnull()
    order = {
        "instant": table[kind.window],
        "known_at": table.known_at,
        "record": table.record,
        "source": table.source,
    }
    return Kept(
        table, value, keep, table[kind.window], ibis.struct(order), table.days, part.q_permille
    )


def _span(days: int) -> ir.Value:
    return literal(days * MICROS_PER_DAY)


def _within(kind: Kind, window: Window, rows: ir.Table) -> ir.BooleanValue:
    instant = rows[kind.window]
    if isinstance(window, State):
        return _last_of_each(kind, rows, window)
    if isinstance(window, Ahead):
        return (instant >= rows.as_of) & (instant < rows.as_of + _span(window.days))
    before = instant < rows.as_of
    if window.days is None:
        return before
    return before & (instant >= rows.as_of - _span(window.days))


def _within_any(kind: Kind, rows: ir.Table, windows: tuple[Window, ...]) -> ir.Table:
    """The rows that lie in the hull of the windows: the others need not be looked at."""
    instant = rows[kind.window]
    ahead = [window.days for window in windows if isinstance(window, Ahead)]
    back = [
        window.days if isinstance(window, Past) else None
        for window in windows
        if not isinstance(window, Ahead)
    ]
    end = rows.as_of + _span(max(ahead)) if ahead else rows.as_of
    rows = rows.filter(instant < end)
    if any(days is None for days in back):
        return rows
    start = max((days for days in back if days is not None), default=0)
    return rows.filter(rows[kind.window] >= rows.as_of - _span(start))


def _last_of_each(kind: Kind, rows: ir.Table, window: State) -> ir.BooleanValue:
    """Whether a row is the last before ``as_of`` of its value of the window's column."""
    import ibis

    instant = rows[kind.window]
    before = instant < rows.as_of
    keys = [rows.observation, before, rows[window.by]]
    if any(column.name == window.by and column.refers for column in kind.columns):
        keys.append(rows.source)
    last_first = [instant.desc(), rows.known_at.desc(), rows.record.desc(), rows.source.desc()]
    return before & (ibis.row_number().over(group_by=keys, order_by=last_first) == 0)
