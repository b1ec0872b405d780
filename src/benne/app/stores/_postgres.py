"""Tables of a PostgreSQL, registered as Arrow: each is copied to a file that ingest then reads.

All are copied within one read-only transaction, so that they show one moment of the database,
and row by row, so that a table may be larger than memory.  Values keep their meaning: whole
numbers, ``numeric`` as an exact decimal (as double where a value of the column is NaN or infinite,
as text where one has more than 38 digits), instants to the microsecond; an infinite one lies
beyond the year 9999, where ingest finds it.  Everything else comes as text, as PostgreSQL has it.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
from psycopg import sql

from benne.kernel import InvalidInput, Unavailable

_ROWS_AT_A_TIME = 20_000
_SELECT = re.compile(r"\s*(select|with)\b", re.IGNORECASE)
_NUMERIC = 1700
_TIME = (
    "CASE WHEN isfinite({{c}}) THEN {} WHEN {{c}} > '2000-01-01' THEN {{far}} "
    "WHEN {{c}} < '2000-01-01' THEN -{{far}} END"
)
_DAYS = _TIME.format("{c} - DATE '1970-01-01'")
_MICROS = _TIME.format("(extract(epoch FROM {c}) * 1000000)::bigint")
_FAR_DAYS, _FAR_MICROS = 10_000_000, 9_000_000_000_000_000_000
_PLAIN: dict[int, pa.DataType] = {
    16: pa.bool_(),
    **dict.fromkeys((20, 21, 23, 26), pa.int64()),
    **dict.fromkeys((700, 701), pa.float64()),
}
_TIMED: dict[int, tuple[pa.DataType, pa.DataType, str, int]] = {
    1082: (pa.date32(), pa.int32(), _DAYS, _FAR_DAYS),
    1114: (pa.timestamp("us"), pa.int64(), _MICROS, _FAR_MICROS),
    1184: (pa.timestamp("us", "UTC"), pa.int64(), _MICROS, _FAR_MICROS),
}
"""By PostgreSQL's number of a type: what it becomes, as what it is read, and by which SQL."""


@dataclass(frozen=True, slots=True)
class _Column:
    """A column of a table: how it is selected, read and written."""

    name: str
    select: sql.Composable
    read: pa.DataType
    write: pa.DataType


@contextmanager
def copied(url: str, tables: Mapping[str, str], folder: Path) -> Iterator[dict[str, list[Path]]]:
    """The ``tables`` (alias to a relation's name, or a select) as files below ``folder``.

    The files are there until the block ends; what a killed process left is removed first.

    Raises:
        Unavailable: the server cannot be reached, or the disk is full.
        InvalidInput: a table cannot be read; the message names its alias.
    """
    shutil.rmtree(folder, ignore_errors=True)
    try:
        folder.mkdir(parents=True)
        with _snapshot(url) as connection:
            files = {
                alias: [_copy(connection, alias, table, folder)] for alias, table in tables.items()
            }
        yield files
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _snapshot(url: str) -> Iterator[psycopg.Connection]:
    try:
        connection = psycopg.connect(url, client_encoding="utf8", application_name="benne")
    except (psycopg.OperationalError, psycopg.ProgrammingError) as error:
        # the message of the driver names the host, and never the password
        raise Unavailable(
            "the PostgreSQL that BENNE_POSTGRES names must be there and let us in: "
            f"{_first_line(error)}; start it or correct the URL, then run the command again."
        ) from error
    try:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        yield connection
    except psycopg.OperationalError as error:
        raise Unavailable(
            f"the PostgreSQL that BENNE_POSTGRES names broke off: {_first_line(error)}; "
            "nothing was taken; run the command again."
        ) from error
    finally:
        connection.close()


def _copy(connection: psycopg.Connection, alias: str, table: str, folder: Path) -> Path:
    path = folder / f"{alias}.parquet"
    source = _relation(table)
    try:
        columns = _columns(connection, source)
        schema = pa.schema([(column.name, column.write) for column in columns])
        query = sql.SQL("SELECT {} FROM {}").format(
            sql.SQL(", ").join(column.select for column in columns), source
        )
        with connection.cursor(name="benne") as cursor, pq.ParquetWriter(path, schema) as writer:
            cursor.execute(query)
            while rows := cursor.fetchmany(_ROWS_AT_A_TIME):
                arrays = [
                    pa.array(values, column.read).cast(column.write)
                    for column, values in zip(columns, zip(*rows, strict=True), strict=True)
                ]
                writer.write_table(pa.Table.from_arrays(arrays, schema=schema))
    except psycopg.OperationalError:
        raise
    except (psycopg.Error, pa.ArrowInvalid, UnicodeDecodeError) as error:
        raise InvalidInput(
            f"[postgres] {alias} must be a table or a select that PostgreSQL can read: "
            f"{_first_line(error)}; correct it in benne.toml, or grant the right to select."
        ) from error
    except OSError as error:
        raise Unavailable(
            f"{path} could not be written: {error.strerror or error}; make room, then run the "
            "command again."
        ) from error
    return path


def _relation(table: str) -> sql.Composable:
    if _SELECT.match(table):
        body = table.strip().rstrip(";")
        return sql.SQL("({}\n) AS benne_table").format(sql.SQL(body))
    return sql.SQL("{} AS benne_table").format(sql.Identifier(*table.split(".")))


def _columns(connection: psycopg.Connection, source: sql.Composable) -> list[_Column]:
    found = connection.execute(sql.SQL("SELECT * FROM {} LIMIT 0").format(source)).description
    assert found is not None
    numeric = _numeric(connection, source, [c.name for c in found if c.type_code == _NUMERIC])
    return [_column(column.name, numeric.get(column.name, column.type_code)) for column in found]


def _column(name: str, type_code: int | pa.DataType) -> _Column:
    column = sql.Identifier(name)
    if isinstance(type_code, pa.DataType):
        cast = sql.SQL("{}::float8" if pa.types.is_float64(type_code) else "{}")
        return _Column(name, cast.format(column), type_code, type_code)
    if type_code in _PLAIN:
        return _Column(name, column, _PLAIN[type_code], _PLAIN[type_code])
    if type_code in _TIMED:
        write, read, template, far = _TIMED[type_code]
        select = sql.SQL(template).format(c=column, far=sql.Literal(far))
        return _Column(name, select, read, write)
    return _Column(name, sql.SQL("{}::text").format(column), pa.string(), pa.string())


def _numeric(
    connection: psycopg.Connection, source: sql.Composable, names: list[str]
) -> dict[str, pa.DataType]:
    """What holds all values of each ``numeric`` column; a column that is left out is text."""
    if not names:
        return {}
    measures = sql.SQL(", ").join(
        sql.SQL(
            "coalesce(max(scale({c})), 0), coalesce(max(length(trunc(abs({c}))::text)), 1), "
            "coalesce(bool_or({c}::text IN ('NaN', 'Infinity', '-Infinity')), FALSE)"
        ).format(c=sql.Identifier(name))
        for name in names
    )
    row = connection.execute(sql.SQL("SELECT {} FROM {}").format(measures, source)).fetchone()
    assert row is not None
    measured = zip(names, row[::3], row[1::3], row[2::3], strict=True)
    return {
        name: pa.float64() if odd else pa.decimal128(38, scale)
        for name, scale, digits, odd in measured
        if odd or scale + digits <= 38
    }


def _first_line(error: BaseException) -> str:
    return str(error).strip().partition("\n")[0]
