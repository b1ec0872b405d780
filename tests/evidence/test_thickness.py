"""How much is known of a person: the batch and the in-process count agree."""

from __future__ import annotations

from typing import Any

import duckdb
import ibis
import pyarrow as pa

from benne.evidence import (
    Kind,
    View,
    observations_table,
    standard_kinds,
    thickness,
    thickness_of,
)
from benne.kernel import END_OF_TIME, MICROS_PER_DAY
from benne.rights import LawfulBasis, permit_on_basis

KINDS = {kind.name: kind for kind in standard_kinds()}
PERMIT = permit_on_basis(
    LawfulBasis("simulated", "Nobody."),
    purpose="self_view",
    jurisdiction="plain",
    issued_at=0,
    expires_at=1,
)
THERE = (KINDS["inquiry"], KINDS["activity"])
DAY = MICROS_PER_DAY


def version(kind: Kind, subject: str, source: str, day: int, **said: Any) -> dict[str, Any]:
    own = dict.fromkeys(kind.types)
    return {
        **own,
        "source": source,
        "record": f"{source}-{day}",
        "subject": subject,
        "cause": "event",
        "known_at": day * DAY,
        "superseded_at": END_OF_TIME,
        "batch": 1,
        kind.window: day * DAY,
        **said,
    }


def test_records_sources_and_days_are_those_known_by_then() -> None:
    inquiry, activity = THERE
    history = {
        "inquiry": [
            version(inquiry, "a", "x", 1),
            version(inquiry, "a", "y", 4),
            version(inquiry, "a", "x", 9),  # not known yet
        ],
        "activity": [
            version(activity, "a", "x", 2, cause="retraction"),
            version(activity, "a", "x", 3),
        ],
    }
    as_of = 6 * DAY
    expected = {"records": 3, "sources": 2, "span_days": 5}
    assert thickness_of(THERE, history, PERMIT, View(as_of), kinds=KINDS) == expected

    con = duckdb.connect()
    types = {"text": pa.string(), "int": pa.int64(), "instant": pa.int64()}
    for kind in THERE:
        schema = pa.schema([(name, types[of]) for name, of in kind.types.items()])
        con.register(
            f"evidence_{kind.name}", pa.Table.from_pylist(history[kind.name], schema=schema)
        )
    looks = {"observation": [0, 1], "subject": ["a", "nobody"], "as_of": [as_of, as_of]}
    con.register("observations", pa.table(looks))
    counts = thickness(THERE, observations_table(about=False), PERMIT, kinds=KINDS)
    found = con.execute(str(ibis.to_sql(counts, dialect="duckdb"))).fetchall()
    assert sorted(found) == [(0, 3, 2, 5), (1, 0, 0, 0)]
