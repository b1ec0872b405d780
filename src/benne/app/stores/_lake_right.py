"""What a batch says as it was before it was put right: put aside, whatever else it says anew."""

from __future__ import annotations

from itertools import groupby
from operator import itemgetter

import pyarrow as pa

from benne.app.stores._duckdb import Connection
from benne.app.stores._lake_rows import STAGED, content_sql, corrected_sql, held_sql
from benne.evidence import Kind, Mapping, put_right
from benne.kernel import Row

_ASIDE = pa.schema(
    [
        ("rid", pa.int64()),
        ("column", pa.string()),
    ]
)


def is_disputable(kind: Kind) -> bool:
    """Whether records of ``kind`` say themselves how they are disputed."""
    return any(column.name == "dispute" for column in kind.columns)


def keep_disputes(lake: Connection, mapping: Mapping, *, now: int) -> None:
    """Say in staged events how a record is disputed as it stands: once it is, that is ours to say.

    An event that says only what an older version said is left as it is: it is known.
    """
    if not is_disputable(mapping.kind):
        return
    held = held_sql(mapping)
    stands = (
        f"SELECT record AS named, arg_max(dispute, known_at) AS stands FROM {held} GROUP BY record "
        "HAVING bool_or(cause = 'dispute')"
    )
    lake.run(
        f"UPDATE {STAGED} SET dispute = stands FROM ({stands}) WHERE record = named "
        f'AND rowid IN (SELECT ":rid" FROM ({_news(mapping, now)}))'
    )


def aside_put_right(lake: Connection, mapping: Mapping, *, now: int) -> None:
    """Move to ``temp.conflicts`` the staged events that say what a correction put right.

    As the online store judges (``put_right``): a column that was corrected, with a value that it
    had before, or a record that was retracted.  An event that says only what an older version
    said is none: it is known.
    """
    content = content_sql(mapping.kind)
    new = lake.arrow(
        f"SELECT * FROM ({_news(mapping, now)}) WHERE record IN (SELECT record FROM "
        f"{held_sql(mapping)} WHERE cause IN ('correction', 'retraction')) ORDER BY record"
    )
    if not new.num_rows:
        return
    lake.register("doubtful", new.select(["record"]))
    held = lake.arrow(
        f"SELECT * FROM {held_sql(mapping)} SEMI JOIN doubtful USING (record) "
        "ORDER BY record, known_at"
    )
    lake.unregister("doubtful")
    by_record = {name: list(own) for name, own in groupby(held.to_pylist(), itemgetter("record"))}
    wrong = []
    for row in new.to_pylist():
        column = _said_as_before(row, by_record[row["record"]], mapping)
        if column is not None:
            wrong.append({"rid": row[":rid"], "column": column})
    if not wrong:
        return
    lake.register("wrong", pa.Table.from_pylist(wrong, schema=_ASIDE))
    lake.run(
        f'INSERT INTO temp.conflicts SELECT s.record, s.known_at, {content}, s.":row", '
        f"'put_right', w.\"column\" FROM {STAGED} s JOIN wrong w ON s.rowid = w.rid"
    )
    lake.run(f"DELETE FROM {STAGED} WHERE rowid IN (SELECT rid FROM wrong)")
    lake.unregister("wrong")


def _news(mapping: Mapping, now: int) -> str:
    """The staged events that say what no version said before a correction."""
    content = content_sql(mapping.kind)
    staged = f'SELECT rowid AS ":rid", {content} AS content, * FROM {STAGED}'
    return (
        f"SELECT * FROM ({staged}) WHERE cause = 'event' AND known_at = {now} "
        f"AND NOT {corrected_sql(mapping, content)}"
    )


def _said_as_before(row: Row, own: list[Row], mapping: Mapping) -> str | None:
    source = {"source": mapping.source}
    before = [{**one, **source} for one in own]
    return next(iter(put_right(before, {**row, **source}, mapping.kind)), None)
