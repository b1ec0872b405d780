"""A unit of work: one transaction, and the few ways to speak to the database in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Executable, Row, Table
from sqlalchemy.dialects import postgresql, sqlite

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Unit:
    """One database transaction.  Made by ``Online.begin``; whoever holds it ends it, not you."""

    connection: Connection

    @property
    def postgres(self) -> bool:
        """Whether this is PostgreSQL, where it differs (row locks, COPY); else SQLite."""
        return self.connection.dialect.name == "postgresql"

    def run(
        self,
        statement: Executable,
        values: Mapping[str, Any] | Sequence[Mapping[str, Any]] | None = None,
    ) -> int:
        """Execute; how many rows were touched.  A sequence of ``values`` is one statement each."""
        return self.connection.execute(statement, values).rowcount

    def rows(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Sequence[Row[*tuple[Any, ...]]]:
        """Every row of a select."""
        return self.connection.execute(statement, values).fetchall()

    def row(
        self, statement: Executable, values: Mapping[str, Any] | None = None
    ) -> Row[*tuple[Any, ...]] | None:
        """The first row of a select; ``None`` of none."""
        return self.connection.execute(statement, values).fetchone()

    def value(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row of a select; ``None`` of none."""
        found = self.row(statement, values)
        return None if found is None else found[0]

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the unit that is undone by itself where it raises; the rest goes on."""
        with self.connection.begin_nested():
            yield

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert that may say what happens ``on_conflict_…``; both databases know the words."""
        return postgresql.insert(table) if self.postgres else sqlite.insert(table)

    def add_missing(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many ``rows``, a value for each column in order, but for those that are there."""
        if not rows:
            return
        names = ", ".join(column.name for column in table.columns)
        if not self.postgres:
            marks = ", ".join("?" * len(table.columns))
            sql = f"INSERT OR IGNORE INTO {table.name} ({names}) VALUES ({marks})"
            self.connection.exec_driver_sql(sql, list(rows))
            return
        coming = f"coming_{table.name}"
        self.connection.exec_driver_sql(
            f"CREATE TEMP TABLE IF NOT EXISTS {coming} (LIKE {table.name}) ON COMMIT DELETE ROWS"
        )
        cursor: psycopg.Cursor[Any] = self.connection.connection.cursor()  # type: ignore[assignment]
        with cursor, cursor.copy(f"COPY {coming} ({names}) FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)
        self.connection.exec_driver_sql(
            f"INSERT INTO {table.name} ({names}) SELECT {names} FROM {coming} "
            "ON CONFLICT DO NOTHING"
        )
        self.connection.exec_driver_sql(f"TRUNCATE {coming}")
