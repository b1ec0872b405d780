"""Spark, behind one door: a plan of features over tables of evidence, on a local session.

No other module imports pyspark.  Java and the extra ``benne[spark]`` must be installed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pyspark.sql import SparkSession

from benne.kernel import InvalidInput

if TYPE_CHECKING:
    import pyarrow as pa

Tables: TypeAlias = "Mapping[str, Path | pa.Table]"
"""Tables by name: a Parquet file or folder, or an Arrow table."""

_SETTINGS = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",  # what overflows is an error, never a wrap
    "spark.sql.shuffle.partitions": "4",
    "spark.ui.enabled": "false",
    "spark.sql.execution.arrow.pyspark.enabled": "true",
}


@contextmanager
def local_session(*, cores: int = 1, memory: str = "1g") -> Iterator[SparkSession]:
    """A Spark session of this machine, stopped at the end."""
    builder = SparkSession.builder.master(f"local[{cores}]").appName("benne")
    for key, value in {**_SETTINGS, "spark.driver.memory": memory}.items():
        builder = builder.config(key, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()


def run(expression: Any, tables: Tables, session: SparkSession) -> pa.Table:
    """The rows of an unbound Ibis expression over ``tables``, by Spark.

    The settings that Benne's exactness rests on (UTC, and overflow as an error) are set on
    ``session`` first.

    Raises:
        InvalidInput: a table that the expression reads is not there.
    """
    import ibis

    for key in ("spark.sql.session.timeZone", "spark.sql.ansi.enabled"):
        session.conf.set(key, _SETTINGS[key])
    needed = {str(node.name) for node in expression.op().find(ibis.expr.operations.UnboundTable)}
    missing = sorted(needed - set(tables))
    if missing:
        raise InvalidInput(
            f"the expression reads {', '.join(missing)}; there are {', '.join(sorted(tables))}."
        )
    for name in sorted(needed):
        _declare(name, tables[name], session)
    backend = ibis.pyspark.connect(session)
    return session.sql(str(backend.compile(expression))).toArrow()


def _declare(name: str, table: Path | pa.Table, session: SparkSession) -> None:
    if isinstance(table, Path):
        frame = session.read.parquet(str(table))
    else:
        frame = session.createDataFrame(table)
    frame.createOrReplaceTempView(name)
