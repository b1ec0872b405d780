"""Records that an observation leaves out by name, any number of them, with their descendants.

A neighbour is looked at without what they share with the person whose neighbour they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.evidence._kinds import Kind
from benne.evidence._views import Kinds, _above, _known, _refers, _same_record

if TYPE_CHECKING:
    import ibis.expr.types as ir


def left_out_table(name: str = "left_out") -> ir.Table:
    """The unbound table of records that are left out: of which observation, and which."""
    import ibis

    schema = {"observation": "int64", "kind": "string", "source": "string", "record": "string"}
    return ibis.table(schema, name=name)


def leave_out(
    kind: Kind, rows: ir.Table, named: ir.Table, observations: ir.Table, *, kinds: Kinds
) -> ir.Table:
    """``rows`` of ``kind``, as ``visible`` gives them, without what ``named`` names.

    ``named`` has the columns of ``left_out_table``: a record of that kind, and all that names it
    or descends from what names it, is left out of that observation.
    """
    return _staying(kind, rows, named, observations, kinds, frozenset({kind.name}))


def _staying(
    kind: Kind,
    rows: ir.Table,
    named: ir.Table,
    observations: ir.Table,
    kinds: Kinds,
    path: frozenset[str],
) -> ir.Table:
    for column, name in [("record", kind.name), *_refers(kind)]:
        gone = named.filter(named.kind == name).select(
            gone_observation="observation", gone_source="source", gone_record="record"
        )
        rows = rows.anti_join(gone, _same_record(rows, column, gone))
    for column, above in _above(kind, kinds, path):
        known = _known(above, observations)
        stays = _staying(above, known, named, observations, kinds, path | {above.name})
        keys = ["observation", "source", "record"]
        gone = (
            known.select(*keys)
            .anti_join(stays.select(*keys), keys)
            .select(gone_observation="observation", gone_source="source", gone_record="record")
        )
        rows = rows.anti_join(gone, _same_record(rows, column, gone))
    return rows
