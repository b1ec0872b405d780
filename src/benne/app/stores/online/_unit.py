"""A unit of work: one transaction, and the few ways to speak to the database in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Executable, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

from benne.app.stores.online._prepared import Prepared, Ready, Values

if TYPE_CHECKING:
    import psycopg


@dataclass(frozen=True, slots=True)
class Unit:
    """One database transaction.  Made by ``Online.begin``; whoever holds it ends it, not you."""

    connection: Connection
    _told: dict[Any, tuple[Ready, list[Any]]] = field(default_factory=dict, repr=False)
    _later: list[tuple[Prepared, Values]] = field(default_factory=list, repr=False)

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
        self.send()
        self._told.clear()
        return self.connection.execute(statement, values).rowcount

    def rows(self, statement: Executable | Prepared, values: Values | None = None) -> Sequence[Any]:
        """Every row of a select."""
        if isinstance(statement, Prepared):
            return self._asked(statement, values or {})
        self.send()
        return self.connection.execute(statement, values).fetchall()

    def row(self, statement: Executable | Prepared, values: Values | None = None) -> Any:
        """The first row of a select; ``None`` of none."""
        if isinstance(statement, Prepared):
            return next(iter(self._asked(statement, values or {})), None)
        self.send()
        return self.connection.execute(statement, values).fetchone()

    def value(self, statement: Executable | Prepared, values: Values | None = None) -> Any:
        """The first column of the first row of a select; ``None`` of none."""
        found = self.row(statement, values)
        return None if found is None else found[0]

    def ahead(self, *asked: tuple[Prepared, Values]) -> None:
        """Ask PostgreSQL in one journey what will be asked next, in this order.

        The same questions are then answered from it, each once, until the unit writes where they
        look.
        """
        if not self.postgres:
            return
        new = [one for one in asked if _name(*one) not in self._told]
        if not new:
            return
        for (statement, values), rows in zip(new, self._sent(new), strict=True):
            ready = statement.ready(self.connection.dialect)
            self._told[_name(statement, values)] = ready, rows

    def put(self, statement: Prepared, values: Values) -> None:
        """Execute what tells nothing.  PostgreSQL is sent several of these in one journey."""
        if self._told:
            written = statement.ready(self.connection.dialect).tables
            for name in [n for n, (ready, _) in self._told.items() if ready.tables & written]:
                del self._told[name]
        if self.postgres:
            self._later.append((statement, values))
        else:
            self._journey([(statement, values)])

    def send(self) -> None:
        """Send what was ``put``."""
        if self._later:
            self._sent([])

    def commit(self) -> None:
        """Send what was ``put``, and on PostgreSQL the commit in the same journey.

        Whoever holds the transaction ends it all the same: it may be over already.
        """
        if self._later:
            later = self._later.copy()
            self._later.clear()
            self._journey(later, commit=True)

    def _asked(self, statement: Prepared, values: Values) -> list[Any]:
        if self._told and (found := self._told.pop(_name(statement, values), None)) is not None:
            return found[1]
        return self._sent([(statement, values)])[0]

    def _sent(self, asked: Sequence[tuple[Prepared, Values]]) -> list[list[Any]]:
        """What is ``asked``, in one journey with what was ``put`` before."""
        later = self._later.copy()
        self._later.clear()
        return self._journey([*later, *asked])[len(later) :]

    def _journey(
        self, asked: Sequence[tuple[Prepared, Values]], *, commit: bool = False
    ) -> list[list[Any]]:
        """The rows of each statement, by the driver itself; on PostgreSQL, sent all at once."""
        dialect = self.connection.dialect
        driver: Any = self.connection.connection.driver_connection
        ready = [(statement.ready(dialect), values) for statement, values in asked]
        how = {"binary": True} if self.postgres else {}
        try:
            with driver.pipeline() if commit or len(ready) > 1 else nullcontext():
                cursors = [
                    driver.execute(one.sql, one.given(values), **how) for one, values in ready
                ]
                if commit:
                    driver.commit()
            return [
                [] if cursor.description is None else list(map(one.row, cursor.fetchall()))
                for (one, _), cursor in zip(ready, cursors, strict=True)
            ]
        except dialect.loaded_dbapi.Error as error:
            raise self._broken(error, driver) from error

    def _broken(self, error: Any, driver: Any) -> Any:
        """What SQLAlchemy would have raised in the place of the driver's own error."""
        dialect = self.connection.dialect
        gone = dialect.is_disconnect(error, driver, None)
        if gone:
            self.connection.invalidate(error)
        return DBAPIError.instance(
            None, None, error, dialect.loaded_dbapi.Error,
            hide_parameters=True, connection_invalidated=gone, dialect=dialect,
        )  # fmt: skip

    @contextmanager
    def attempt(self) -> Iterator[None]:
        """A part of the unit that is undone by itself where it raises; the rest goes on."""
        self.send()
        try:
            with self.connection.begin_nested():
                yield
                self.send()
        except BaseException:
            self._later.clear()
            self._told.clear()
            raise

    def insert(self, table: Table) -> postgresql.Insert | sqlite.Insert:
        """An insert that may say what happens ``on_conflict_…``; both databases know the words."""
        return postgresql.insert(table) if self.postgres else sqlite.insert(table)

    def add_missing(self, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
        """Insert many ``rows``, a value for each column in order, but for those that are there."""
        if not rows:
            return
        self.send()
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


def _name(statement: Prepared, values: Values) -> tuple[int, tuple[tuple[str, Any], ...]]:
    return id(statement), tuple(sorted(values.items()))
