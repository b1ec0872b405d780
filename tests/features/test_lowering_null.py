"""A negation keeps its own null, whatever asks about it."""

from __future__ import annotations

import duckdb
import ibis
import pytest

from benne.features._lowering import Lowering
from benne.kernel import coalesce, col, evaluate


@pytest.mark.parametrize("a", [None, 0, 2])
def test_the_null_of_a_negation_is_seen_by_both_interpreters(a: int | None) -> None:
    table = ibis.table({"a": "int64"}, name="t")
    lower = Lowering({"a": table.a}, {"a": "int"}, ibis.literal(0))
    for node in ((~(col("a") > 1)).is_null(), coalesce(~(col("a") > 1), True), ~(col("a") > 1)):
        sql = str(ibis.to_sql(table.select(z=lower(node)), dialect="duckdb"))
        con = duckdb.connect()
        con.execute("CREATE TABLE t (a BIGINT)")
        con.execute("INSERT INTO t VALUES (?)", [a])
        assert con.execute(sql).fetchall() == [(evaluate(node, {"a": a}, as_of=0),)]
