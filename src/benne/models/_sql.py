"""The same tables as SQL: a select for DuckDB or for Spark that agrees with numpy to the unit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from benne.kernel import DOMAINS, InvalidInput
from benne.models._artefact import Deck, Presence
from benne.models._columns import Column
from benne.models._tables import Axis, Table

Dialect: TypeAlias = Literal["duckdb", "spark"]

_EXACT = 2.0**52


@dataclass(frozen=True, slots=True)
class Words:
    """What the dialects write differently: a name, a text, and an element counted from 1.

    >>> DIALECTS["duckdb"].name('a"b'), DIALECTS["spark"].name("a`b")
    ('"a""b"', '`a``b`')
    >>> DIALECTS["duckdb"].text("it's"), DIALECTS["spark"].text("it's")
    ("'it''s'", "'it\\\\'s'")
    """

    quote: str
    text_type: str
    escapes: tuple[tuple[str, str], ...]
    element: str

    def name(self, identifier: str) -> str:
        """A quoted identifier."""
        return self.quote + identifier.replace(self.quote, self.quote * 2) + self.quote

    def text(self, value: str) -> str:
        """A text literal."""
        for character, written in self.escapes:
            value = value.replace(character, written)
        return f"'{value}'"


DIALECTS = {
    "duckdb": Words(
        '"', "VARCHAR", (("'", "''"),), "list_extract(CAST([{entries}] AS BIGINT[]), {place})"
    ),
    "spark": Words(
        "`",
        "STRING",
        (("\\", "\\\\"), ("'", "\\'")),
        "element_at(array({entries}), CAST({place} AS INT))",
    ),
}


def words_of(dialect: str) -> Words:
    """The words of a dialect.

    Raises:
        InvalidInput: no such dialect.
    """
    if dialect not in DIALECTS:
        raise InvalidInput(f"dialect must be one of {', '.join(DIALECTS)}; got {dialect!r}.")
    return DIALECTS[dialect]


def micro_select(
    deck: Deck,
    columns: Sequence[Column],
    table: str,
    keys: Sequence[str],
    dialect: Dialect = "duckdb",
) -> str:
    """SQL giving ``keys``, card, base_micro and ``<domain>_micro`` for each row of ``table``.

    Columns are cast once; a ``_v`` column holds the rounded value, null where it is missing,
    and ``_x`` the value as it came.  ``table`` is SQL: a name, quoted where it must be.
    """
    w = words_of(dialect)
    cast = [_cast(column, w) for column in columns]
    rounded = [_rounded(column, w) for column in columns if not column.category]
    kept = [w.name(key) for key in keys]
    lines = [
        "WITH cast_once AS (SELECT " + ", ".join([*kept, *cast, "1 AS one_"]) + f" FROM {table}),",  # noqa: S608
        "rounded AS (SELECT *" + "".join(f", {part}" for part in rounded) + " FROM cast_once),",  # noqa: S608
        f"chosen AS (SELECT *, {_choice(deck, w)} AS card FROM rounded)",  # noqa: S608
        "SELECT " + ", ".join([*kept, "card", _by_card([_base(c.base_micro) for c in deck.cards])]),
    ]
    sums = [
        _by_card([_domain_sum(card.tables, domain, w) for card in deck.cards]) for domain in DOMAINS
    ]
    lines[-1] += " AS base_micro"
    for domain, total in zip(DOMAINS, sums, strict=True):
        lines.append(f", {total} AS {domain}_micro")
    return "\n".join([*lines, "FROM chosen"])


def _double(value: float) -> str:
    return f"CAST('{float(value)!r}' AS DOUBLE)"


def _base(micro: int) -> str:
    return f"CAST({micro} AS BIGINT)"


def _cast(column: Column, w: Words) -> str:
    raw, out = w.name(column.name), w.name(column.name + "_x")
    if column.category:
        return f"regexp_replace(CAST({raw} AS {w.text_type}), '[.]0$', '') AS {out}"
    # NaN is missing here as it is in numpy
    return f"nullif(CAST({raw} AS DOUBLE), CAST('nan' AS DOUBLE)) AS {out}"


def _rounded(column: Column, w: Words) -> str:
    x, out = w.name(column.name + "_x"), w.name(column.name + "_v")
    if column.resolution is None:
        return f"{x} AS {out}"
    step = _double(column.resolution)
    limit = _double(_EXACT * column.resolution)
    half = _double(0.5)
    return (
        f"CASE WHEN abs({x}) < {limit} THEN floor({x} / {step} + {half}) * {step} "
        f"ELSE {x} END AS {out}"
    )


def _choice(deck: Deck, w: Words) -> str:
    if len(deck.cards) == 1:
        return _base(0)
    parts = [
        f"WHEN {' AND '.join(_presence(test, w) for test in segment.when)} THEN {position}"
        for position, segment in enumerate(deck.segments)
        if segment.when
    ]
    return f"CAST(CASE {' '.join(parts)} ELSE {len(deck.cards) - 1} END AS BIGINT)"


def _presence(test: Presence, w: Words) -> str:
    x = w.name(test.column + "_x")
    if test.test in ("present", "absent"):
        return f"{x} IS {'NOT ' if test.test == 'present' else ''}NULL"
    sign = ">=" if test.test == "at_least" else "<"
    return f"coalesce({x} {sign} {_double(test.value)}, false)"


def _by_card(parts: Sequence[str]) -> str:
    if len(set(parts)) == 1:
        return parts[0]
    cases = " ".join(f"WHEN {position} THEN {part}" for position, part in enumerate(parts))
    return f"CASE card {cases} END"


def _domain_sum(tables: Sequence[Table], domain: str, w: Words) -> str:
    parts = [f"({_table(table, w)})" for table in tables if domain in table.domains]
    return " + ".join(parts) if parts else _base(0)


def _table(table: Table, w: Words) -> str:
    """What the table adds for one of its domains: all of it, or an exact half."""
    if len(table.axes) == 2:
        return _pair(table, w)
    (axis,) = table.axes
    entries = [_base(micro) for micro in table.micro.tolist()]
    if table.slope is not None:
        v = w.name(axis.feature + "_v")
        for position in range(1, len(axis.edges)):
            steep = float(table.slope[position])
            if steep:
                low = _double(axis.edges[position - 1])
                entries[position] += (
                    f" + CAST(floor({_double(steep)} * ({v} - {low}) + {_double(0.5)}) AS BIGINT)"
                )
    return _by_bin(axis, entries, w)


def _by_bin(axis: Axis, entries: Sequence[str], w: Words) -> str:
    """A CASE over the bins of ``axis``, in the order that the other engines test them."""
    x, v = w.name(axis.feature + "_x"), w.name(axis.feature + "_v")
    parts = [f"WHEN {x} IS NULL THEN {entries[axis.missing]}"]
    if axis.column.category:
        parts += [
            f"WHEN {x} = {w.text(text)} THEN {entry}"
            for text, entry in zip(axis.levels, entries, strict=False)
        ]
        return f"CASE {' '.join(parts)} ELSE {entries[len(axis.levels)]} END"
    for position, code in enumerate(axis.column.specials, start=axis.missing + 1):
        parts.append(f"WHEN {x} = {_double(code)} THEN {entries[position]}")
    parts += [
        f"WHEN {v} < {_double(edge)} THEN {entry}"
        for edge, entry in zip(axis.edges, entries, strict=False)
    ]
    return f"CASE {' '.join(parts)} ELSE {entries[len(axis.edges)]} END"


def _pair(table: Table, w: Words) -> str:
    first, second = table.axes
    row = _by_bin(first, [str(position * len(second)) for position in range(len(first))], w)
    column = _by_bin(second, [str(position + 1) for position in range(len(second))], w)
    share = table.micro // len(table.domains)
    entries = ", ".join(map(_base, share.ravel().tolist()))
    return w.element.format(entries=entries, place=f"{row} + {column}")
