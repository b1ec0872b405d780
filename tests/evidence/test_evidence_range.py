"""A consent names a range of evidence time; a view under its permit shows nothing outside it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest

from benne.evidence import View, observations_table, seen, standard_kinds, visible
from benne.kernel import END_OF_TIME, MICROS_PER_DAY, NotPermitted
from benne.rights import Bar, LawfulBasis, permit_on_basis

DAY = MICROS_PER_DAY
KINDS = {kind.name: kind for kind in standard_kinds()}
ACTIVITY = KINDS["activity"]
OPEN = permit_on_basis(
    LawfulBasis("simulated", "Nobody."),
    purpose="self_view",
    jurisdiction="plain",
    issued_at=0,
    expires_at=1,
)


def activity(day: int) -> dict[str, Any]:
    return dict.fromkeys(ACTIVITY.types) | {
        "source": "app",
        "record": str(day),
        "subject": "a",
        "cause": "event",
        "known_at": day * DAY,
        "superseded_at": END_OF_TIME,
        "batch": 1,
        "happened_at": day * DAY,
        "scene": "bus",
    }


@pytest.mark.parametrize(
    ("low", "high", "days"),
    [
        (None, None, ["1", "2", "3", "4"]),
        (2, None, ["2", "3", "4"]),
        (None, 3, ["1", "2"]),
        (2, 4, ["2", "3"]),
    ],
)
def test_what_lies_outside_the_range_is_not_seen(
    low: int | None, high: int | None, days: list[str]
) -> None:
    permit = replace(
        OPEN,
        evidence_from=None if low is None else low * DAY,
        evidence_until=None if high is None else high * DAY,
    )
    history = {"activity": [activity(day) for day in (1, 2, 3, 4)]}
    rows = seen(ACTIVITY, history, permit, View(9 * DAY), kinds=KINDS)
    assert [row["record"] for row in rows] == days

    con = duckdb.connect()
    types = {"text": pa.string(), "int": pa.int64(), "instant": pa.int64()}
    schema = pa.schema([(name, types[of]) for name, of in ACTIVITY.types.items()])
    con.register("evidence_activity", pa.Table.from_pylist(history["activity"], schema=schema))
    con.register(
        "observations", pa.table({"observation": [0], "subject": ["a"], "as_of": [9 * DAY]})
    )
    shown = visible(ACTIVITY, observations_table(about=False), permit, kinds=KINDS)
    sql = str(ibis.to_sql(shown.select("record").order_by("record"), dialect="duckdb"))
    assert [record for (record,) in con.execute(sql).fetchall()] == days


def test_a_barred_domain_cannot_be_read_and_the_rule_is_named() -> None:
    permit = replace(OPEN, bars=(Bar("EU-X", domains=frozenset({"behaviour"})),))
    with pytest.raises(NotPermitted, match="EU-X"):
        seen(ACTIVITY, {}, permit, View(0), kinds=KINDS)
    with pytest.raises(NotPermitted, match="EU-X"):
        visible(ACTIVITY, observations_table(about=False), permit, kinds=KINDS)
