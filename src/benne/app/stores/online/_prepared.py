"""Statements that every answer needs, compiled once and run by the driver itself.

To execute a statement of Core anew costs more than SQLite takes to answer it.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sqlalchemy import Dialect, Insert, Select, Table, Update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql import visitors

Statement: TypeAlias = Select[Any] | Insert | Update
Values: TypeAlias = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ready:
    """A statement in one database's words: its text, its values in place, and its rows."""

    sql: str
    places: tuple[str, ...] | None
    row: Callable[[Iterable[Any]], Any]
    constants: Values
    tables: frozenset[str]
    """The names of the tables that it reads or writes."""

    def given(self, values: Values) -> Any:
        """The values as the driver takes them."""
        values = {**self.constants, **values} if self.constants else values
        return values if self.places is None else [values[name] for name in self.places]


class Prepared:
    """A select, insert or update whose values all have names, none of them expanding.

    ``names`` are the columns that an insert fills.  An insert that may say what happens
    ``on_conflict_…`` is a function of the database's own ``insert``.
    Rows are named tuples, and values the driver's own: a boolean of SQLite is 0 or 1.
    """

    __slots__ = ("_names", "_ready", "_statement")

    def __init__(
        self, statement: Statement | Callable[[Callable[..., Any]], Statement], *names: str
    ) -> None:
        self._statement, self._names = statement, names
        self._ready: dict[str, Ready] = {}

    def ready(self, dialect: Dialect) -> Ready:
        """The statement in the words of ``dialect``."""
        found = self._ready.get(dialect.name)
        if found is None:
            found = self._ready[dialect.name] = self._compiled(dialect)
        return found

    def _compiled(self, dialect: Dialect) -> Ready:
        own = postgresql.insert if dialect.name == "postgresql" else sqlite.insert
        statement = self._statement(own) if callable(self._statement) else self._statement
        compiled = statement.compile(dialect=dialect, column_keys=list(self._names) or None)
        order: list[str] | None = getattr(compiled, "positiontup", None)
        columns = [str(column.key) for column in statement.exported_columns]
        row = namedtuple("Row", columns, rename=True)  # type: ignore[misc]
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        tables = frozenset(t.name for t in visitors.iterate(statement) if isinstance(t, Table))
        if isinstance(statement, Insert | Update):
            tables |= {str(statement.table)}
        places = None if order is None else tuple(order)
        return Ready(str(compiled), places, row._make, constants, tables)


Ahead: TypeAlias = Sequence[tuple[Prepared, Values]]
"""Questions that will be asked, in this order."""
