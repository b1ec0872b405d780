"""Spark agrees: doubles to 1e-9, everything else exactly."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from made_features import every_aggregate
from made_histories import KINDS, PERMIT, a_case
from made_lake import evidence_tables, observations

from benne.evidence import observations_table
from benne.features import plan
from benne.kernel import InvalidInput

pytestmark = [
    pytest.mark.spark,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


def close(left: Any, right: Any) -> bool:
    if isinstance(left, float) and isinstance(right, float):
        return math.isclose(left, right, rel_tol=1e-9, abs_tol=1e-9)
    return type(left) is type(right) and left == right


def test_spark_agrees_over_a_small_history(tmp_path: Path) -> None:
    from benne.app.stores._spark import local_session, run

    cases = [a_case(seed) for seed in range(12)]
    looks = [(case, view) for case in cases for view in case.views]
    some = [
        f
        for f in every_aggregate()
        if f.name.startswith("level") or (f.name.startswith("instalment") and f.name[-1] in "134")
    ]
    of = plan(some, KINDS.values())
    tables: dict[str, Any] = evidence_tables(cases)
    for name in list(tables):
        pq.write_table(tables[name], tmp_path / f"{name}.parquet")
        tables[name] = tmp_path / f"{name}.parquet"
    tables["observations"] = observations(looks, general=True)
    expression = of.ibis(PERMIT, observations_table(general=True))
    with local_session() as session:
        session.conf.set("spark.sql.shuffle.partitions", "1")
        session.conf.set(
            "spark.sql.codegen.wholeStage", "false"
        )  # compiling costs more than it saves
        rows = run(expression, tables, session).to_pylist()
        with pytest.raises(InvalidInput, match="the expression reads"):
            run(expression, {}, session)
    rows.sort(key=lambda row: row["observation"])
    assert len(rows) == len(looks)
    for (case, view), row in zip(looks, rows, strict=True):
        values = of.compute(case.history, PERMIT, view)
        assert {
            name: (row[name], value)
            for name, value in values.items()
            if not close(row[name], value)
        } == {}
