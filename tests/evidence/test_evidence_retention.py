"""Past its retention horizon an adverse record is not seen, in query or in process."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import duckdb
import ibis
import pyarrow as pa
import pytest
from hypothesis import given, settings, strategies as st

from benne.evidence import View, observations_table, seen, standard_kinds, visible
from benne.kernel import END_OF_TIME, MICROS_PER_DAY
from benne.rights import Asking, Horizon, LawfulBasis, Permit, permit_on_basis

DAY = MICROS_PER_DAY
AS_OF = 6000 * DAY
KINDS = {kind.name: kind for kind in standard_kinds()}
BASIS = LawfulBasis("simulated", "Nobody.")
OPEN = permit_on_basis(BASIS, purpose="self_view", jurisdiction="plain", issued_at=0, expires_at=1)
HORIZONS = (
    Horizon("lateness", "instalment", 100, after="paid_at", late="due_at", paid="paid_at"),
    Horizon(
        "charged", "statement", 100, after="period_end", began_days="days_past_due",
        column="status", values=frozenset({"charged_off"}),
    ),
    Horizon(
        "other", "public_record", 100, after="settled_at",
        column="category", values=frozenset({"bankruptcy"}), other_than=True,
    ),
)  # fmt: skip
PERMIT = replace(OPEN, retention=HORIZONS)

maybe_day = st.none() | st.integers(5800, 6001).map(lambda day: day * DAY)
days = st.integers(5800, 6001).map(lambda day: day * DAY)
ROWS = {
    "instalment": st.fixed_dictionaries({"due_at": days, "paid_at": maybe_day}),
    "statement": st.fixed_dictionaries(
        {
            "period_end": days,
            "days_past_due": st.none() | st.integers(0, 200),
            "status": st.sampled_from(["current", "charged_off"]),
        }
    ),
    "public_record": st.fixed_dictionaries(
        {
            "happened_at": days,
            "settled_at": maybe_day,
            "category": st.sampled_from(["bankruptcy", "judgement"]),
        }
    ),
}


def version(kind: str, record: int, **said: Any) -> dict[str, Any]:
    return dict.fromkeys(KINDS[kind].types) | {
        "source": "bank", "record": str(record), "subject": "a", "cause": "event",
        "known_at": 0, "superseded_at": END_OF_TIME, "batch": 1, **said,
    }  # fmt: skip


def in_query(kind: str, rows: list[dict[str, Any]], permit: Permit) -> list[str]:
    types = {"text": pa.string(), "int": pa.int64(), "instant": pa.int64(), "bool": pa.bool_()}
    schema = pa.schema([(name, types[of]) for name, of in KINDS[kind].types.items()])
    looks = pa.table({"observation": [0], "subject": ["a"], "as_of": [AS_OF]})
    with duckdb.connect() as con:
        con.register(f"evidence_{kind}", pa.Table.from_pylist(rows, schema=schema))
        con.register("observations", looks)
        shown = visible(KINDS[kind], observations_table(about=False), permit, kinds=KINDS)
        sql = str(ibis.to_sql(shown.select("record"), dialect="duckdb"))
        return sorted(record for (record,) in con.execute(sql).fetchall())


def in_process(kind: str, rows: list[dict[str, Any]], permit: Permit) -> list[str]:
    shown = seen(KINDS[kind], {kind: rows}, permit, View(AS_OF), kinds=KINDS)
    return sorted(str(row["record"]) for row in shown)


@pytest.mark.parametrize("kind", ROWS)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_both_forms_of_a_view_hide_what_the_horizon_hides(kind: str, data: st.DataObject) -> None:
    said = data.draw(st.lists(ROWS[kind], min_size=1, max_size=12))
    rows = [version(kind, number, **row) for number, row in enumerate(said)]
    (horizon,) = PERMIT.horizons(kind)
    stays = sorted(row["record"] for row in rows if not horizon.hides(row, as_of=AS_OF))
    assert in_process(kind, rows, PERMIT) == stays
    assert in_query(kind, rows, PERMIT) == stays


def test_the_horizon_ends_on_its_instant() -> None:
    ended = AS_OF - 100 * DAY
    rows = [version("instalment", n, due_at=ended - 9 * DAY, paid_at=ended + n) for n in range(2)]
    assert in_process("instalment", rows, PERMIT) == ["1"]
    assert in_query("instalment", rows, PERMIT) == ["1"]


def test_the_law_of_a_jurisdiction_reaches_the_view() -> None:
    china = permit_on_basis(
        BASIS, purpose="self_view", jurisdiction="CN", issued_at=20_000 * DAY,
        expires_at=20_001 * DAY, asking=Asking(frozenset(), frozenset({"self_view"})), warned=True,
    )  # fmt: skip
    rows = [
        version("breach", 0, happened_at=0, settled_at=AS_OF - 1826 * DAY),
        version("breach", 1, happened_at=0, settled_at=AS_OF - 1825 * DAY),
        version("breach", 2, happened_at=0, settled_at=None),
    ]
    assert in_process("breach", rows, china) == ["1", "2"]
    assert in_query("breach", rows, china) == ["1", "2"]
    assert in_query("breach", rows, OPEN) == ["0", "1", "2"]
