"""A network block over Spark is the same block: ties and values by Spark, the rest alike."""

from __future__ import annotations

from typing import Any

import pytest
from made_features import a_feature
from made_histories import PERMIT
from made_ties import CUT, KINDS, a_society, in_duckdb, tables_of

from benne.app.stores._network import block_of
from benne.features import Aggregate, Ring, atom, neighbours, plan
from benne.kernel import col

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def test_spark_and_duckdb_make_one_block() -> None:
    from benne.app.stores._spark import local_session, run

    worst = atom("statement", Aggregate.MAX, col("days_past_due"))
    leaves = [neighbours(worst, Aggregate.MEAN, ring=Ring.NEAR, weighted=True)]
    leaves += [neighbours(worst, Aggregate.SUM, ring=ring) for ring in Ring]
    of = plan([a_feature(f"f{i}", leaf) for i, leaf in enumerate(leaves)], KINDS.values())
    network = of.network(PERMIT)
    assert network is not None
    people = a_society(1)
    expressions = network.expressions(PERMIT)
    tables: dict[str, Any] = tables_of(people)
    with local_session() as session:
        session.conf.set("spark.sql.shuffle.partitions", "1")
        session.conf.set("spark.sql.codegen.wholeStage", "false")
        block = block_of(
            network,
            cut=CUT,
            run=lambda name: run(expressions[name], tables, session),
            lend=tables.__setitem__,
            allowed=None,
        )
    expected = in_duckdb(of, people)
    assert block.table.to_pylist() == expected.table.to_pylist()
    assert block.table["f1"].null_count < block.table.num_rows
    assert block.hash == expected.hash
