"""Protected groups, kept apart from features: read for the fairness figures alone."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa

from benne.app.stores._lake import Lake
from benne.app.stores._lake_schema import groups_table
from benne.evidence import Kind, literal, quoted


def protected_groups(lake: Lake, kinds: Iterable[Kind], attributes: Iterable[str]) -> pa.Table:
    """``observation`` and a text column for each group that the lake knows of, in its order.

    A group is a kind's group column, or an attribute that the workspace declares to be one; each
    is what was known last at ``as_of``.
    """
    held = lake.tables()
    parts: dict[str, str] = {}
    for kind in kinds:
        names = [column.name for column in kind.columns if column.group]
        if names and held.get(groups_table(kind.name)):
            parts |= {name: _of_kind(kind, name) for name in names}
    if held.get("evidence_attribute"):
        parts |= {name: _of_attribute(name) for name in attributes}
    joins = "".join(f" LEFT JOIN ({sql}) USING (observation)" for sql in parts.values())
    columns = "".join(f", {quoted(name)}" for name in parts)
    return lake.query(f"SELECT observation{columns} FROM observations{joins} ORDER BY observation")


def _of_kind(kind: Kind, name: str) -> str:
    column, table = quoted(name), quoted(f"evidence_{kind.name}")
    return (
        f"SELECT o.observation, arg_max(CAST(g.{column} AS VARCHAR), v.known_at) AS {column} "
        f"FROM observations o JOIN {table} v ON v.subject = o.subject AND v.known_at <= o.as_of "
        f"AND v.cause <> 'retraction' JOIN {quoted(groups_table(kind.name))} g "
        "ON g.source = v.source AND g.record = v.record AND g.known_at = v.known_at "
        "AND g.batch = v.batch GROUP BY o.observation"
    )


def _of_attribute(name: str) -> str:
    value = "coalesce(v.text, CAST(v.number AS VARCHAR))"
    return (
        f"SELECT o.observation, arg_max({value}, v.known_at) AS {quoted(name)} "
        "FROM observations o JOIN evidence_attribute v ON v.subject = o.subject "
        f"AND v.known_at <= o.as_of AND v.cause <> 'retraction' AND v.name = {literal(name)} "
        "GROUP BY o.observation"
    )
