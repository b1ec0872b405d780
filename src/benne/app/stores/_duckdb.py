"""DuckDB, behind one door: connections, their limits, their errors, and the sandbox of a select.

No other module imports duckdb.  Its errors leave here as ``BenneError``; nothing is installed
or loaded, and nothing is fetched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import duckdb
import pyarrow as pa

from benne.app.stores._lake_csv import csv_sql
from benne.kernel import BenneError, Conflict, Corrupt, InvalidInput, Unavailable

Source: TypeAlias = "Sequence[Path] | pa.Table"
Sources: TypeAlias = "Mapping[str, Source]"
"""What a select may read: by alias, files (Parquet or CSV) or an Arrow table."""

_OFFLINE = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "python_enable_replacements": "false",
    "enable_external_file_cache": "false",
}
_HELD = re.compile(r"Conflicting lock is held in (?P<command>.*?) \(PID (?P<pid>\d+)\)")
_FULL = ("No space left on device", "Disk quota exceeded", "File too large")
_LINE = re.compile(r"\n\nLINE (?P<line>\d+): (?P<text>[^\n]*)\n(?P<caret>\s*)\^+", re.DOTALL)
_OPERATOR = duckdb.token_type.operator
_ALIAS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class SelectError(InvalidInput):
    """A select of the user cannot be run: its own words, and its line where DuckDB knows it."""

    def __init__(self, message: str, *, line: int | None = None, text: str | None = None) -> None:
        super().__init__(message)
        self.line, self.text = line, text


class Unreadable(InvalidInput):
    """A file cannot be read as what it claims to be."""


def _translated(error: duckdb.Error, path: str) -> BenneError:
    """The error of ours that says what DuckDB's says."""
    text = str(error)
    held = _HELD.search(text)
    if held:
        pid = int(held["pid"])
        return Conflict(
            f"{path} must be open in one process at a time; process {pid} "
            f"({_command(pid) or held['command']}) holds it; wait for it, or stop it."
        )
    if any(full in text for full in _FULL):
        return Unavailable(
            f"{path} must have room to grow, and the disk is full ({text}); what was stored before "
            "stands; make room, then run the command again."
        )
    if isinstance(error, duckdb.ConnectionException):
        return Conflict(f"{path} is already open in this process; close it first ({text}).")
    if isinstance(error, (duckdb.OutOfMemoryException, duckdb.InterruptException)):
        return Unavailable(f"{path}: {text}")
    if isinstance(error, (duckdb.SerializationException, duckdb.FatalException)):
        return Corrupt(f"{path} cannot be read as a lake: {text}")
    if isinstance(error, duckdb.IOException):
        if "not a valid DuckDB" in text or "Corrupt" in text:
            return Corrupt(
                f"{path} must be a lake that Benne wrote: {text}; put a backup back, or move the "
                "file away and ingest again."
            )
        return Unavailable(f"{path}: {text}; mend its permissions or its disk, then try again.")
    return InvalidInput(f"{path}: {text}")


def _command(pid: int) -> str:
    """The command line of a process, where the system shows it."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return ""
    return " ".join(b" ".join(words).decode(errors="replace").split())[:120]


class _Registered:
    """What a registered name stands for now.

    DuckDB holds on to everything registered in a transaction until it ends, dropped or not.  So
    a name is registered once, and what it stands for changes.
    """

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self.table.__arrow_c_stream__(requested_schema)

    def __arrow_c_schema__(self) -> object:
        return self.table.schema.__arrow_c_schema__()


class Connection:
    """One open database.  Values go in and come out as Arrow or as tuples."""

    def __init__(self, path: Path | None, *, read_only: bool, threads: int, memory: str) -> None:
        self.name = str(path) if path is not None else "the sandbox"
        config: dict[str, Any] = {**_OFFLINE, "threads": threads, "memory_limit": memory}
        database = str(path) if path is not None else ":memory:"
        with self._errors():
            self._duckdb = duckdb.connect(database, read_only=read_only, config=config)
        self._registered: dict[str, _Registered] = {}
        self.run("SET TimeZone = 'UTC'")

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except duckdb.Error as error:
            raise _translated(error, self.name) from error

    def run(self, sql: str, parameters: Sequence[object] = ()) -> None:
        """Run one statement for what it does."""
        with self._errors():
            self._duckdb.execute(sql, list(parameters) or None)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Every row of a query that returns few."""
        with self._errors():
            return self._duckdb.execute(sql, list(parameters) or None).fetchall()  # type: ignore[no-any-return]

    def value(self, sql: str, parameters: Sequence[object] = ()) -> Any:
        """The one value of a query that returns one."""
        return self.rows(sql, parameters)[0][0]

    def arrow(self, sql: str) -> pa.Table:
        """The result of a query as an Arrow table."""
        with self._errors():
            return self._duckdb.sql(sql).to_arrow_table()

    def batches(self, sql: str, *, rows: int) -> Iterator[pa.RecordBatch]:
        """The result of a query, ``rows`` at a time, without ever holding it whole."""
        with self._errors():
            reader = self._duckdb.sql(sql).to_arrow_reader(rows)
        while True:
            with self._errors():
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
            yield batch

    def limit(self, memory_kb: int) -> None:
        """Bound what the database takes, from now on; the rest spills."""
        self.run(f"SET memory_limit = '{memory_kb}KB'")

    def register(self, name: str, table: pa.Table) -> None:
        """Let queries read ``table`` as ``name``, in place of what had that name."""
        held = self._registered.get(name)
        if held is not None and held.table.schema.equals(table.schema):
            held.table = table
            return
        self.unregister(name)
        held = self._registered[name] = _Registered(table)
        with self._errors():
            self._duckdb.register(name, held)

    def unregister(self, name: str) -> None:
        """Let go of what was registered as ``name``; the name stands, without rows."""
        held = self._registered.get(name)
        if held is not None:
            held.table = held.table.schema.empty_table()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of it, or nothing of it."""
        self.run("BEGIN")
        try:
            yield
        except BaseException:
            self._rollback()
            raise
        self.run("COMMIT")

    def _rollback(self) -> None:
        self._registered.clear()
        try:
            self._duckdb.execute("ROLLBACK")
        except duckdb.Error:  # the transaction is already gone, as after a fatal error
            return

    def close(self) -> None:
        """Close it.  Closing twice is no error."""
        self._duckdb.close()


class Sandbox(Connection):
    """Where a user's select runs: in memory, alone with the files that were declared for it.

    It cannot write, attach, load, reach a network, or read any other file or the lake.
    """

    def __init__(self, sources: Sources, *, threads: int, memory: str, spill: Path) -> None:
        super().__init__(None, read_only=False, threads=threads, memory=memory)
        # A folder of its own: what a lake clears away on opening is never another's.
        self.run(f"SET temp_directory = {_text(f'{spill}.select')}")
        files = [str(path) for source in sources.values() for path in _paths(source)]
        self.run(f"SET allowed_paths = [{', '.join(map(_text, files))}]")
        self.run("SET enable_external_access = false")
        for alias, source in sources.items():
            self._declare(alias, source)
        self.run("SET lock_configuration = true")

    def _declare(self, alias: str, source: Source) -> None:
        if not _ALIAS.match(alias):
            raise InvalidInput(
                f"a source's alias must be a name of letters, digits and _; got {alias!r}."
            )
        try:
            if isinstance(source, pa.Table):
                self.register(alias, source)
                return
            self.run(f'CREATE VIEW "{alias}" AS {_reader(source)}')
        except BenneError as error:
            raise Unreadable(_plain(error)) from error

    def described(self, select: str) -> dict[str, str]:
        """The columns that a user's select returns, with DuckDB's types.

        Raises:
            SelectError: it is not exactly one select, or cannot be bound; with its line.
            Unreadable: a file under it cannot be read.
        """
        self._demand_one_select(select)
        with self._errors_of_select():
            found = self._duckdb.execute(f"DESCRIBE {nested(select)}").fetchall()
        names = [name.lower() for name, *_ in found]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise SelectError(f"a select must return each column once; {twice[0]!r} comes twice")
        return {name: str(sql_type) for name, sql_type, *_ in found}

    def stream(self, sql: str, *, rows: int) -> Iterator[pa.RecordBatch]:
        """The rows of ``sql``, which holds a user's select.  Raises as ``described``."""
        with self._errors_of_select():
            reader = self._duckdb.sql(sql).to_arrow_reader(rows)
        while True:
            with self._errors_of_select():
                try:
                    batch = reader.read_next_batch()
                except StopIteration:
                    return
            yield batch

    def rejected_lines(self) -> list[RejectedLine]:
        """The broken lines that the selects so far met, each once.

        Raises:
            SelectError: a cast of the user's failed on one; DuckDB does it while reading.
        """
        held = self.rows("SELECT count(*) FROM duckdb_tables() WHERE table_name = 'reject_errors'")
        if not held[0][0]:
            return []
        found = self.rows(
            "SELECT s.file_path, e.line, any_value(e.csv_line), any_value(e.error_message), "
            "bool_or(e.error_type = 'CAST') "
            "FROM reject_errors e JOIN reject_scans s USING (scan_id, file_id) "
            "GROUP BY ALL ORDER BY ALL"
        )
        for file, line, _, why, is_cast in found:
            if is_cast:
                raise SelectError(f"{why} ({file}, line {line})")
        return [
            RejectedLine(file, int(line), text or "", why) for file, line, text, why, _ in found
        ]

    def _demand_one_select(self, select: str) -> None:
        with self._errors_of_select():
            statements = self._duckdb.extract_statements(select)
        kinds = [str(statement.type).rpartition(".")[2] for statement in statements]
        if kinds != ["SELECT"]:
            raise SelectError(
                "a mapping must be exactly one select; "
                f"got {' and '.join(kind.lower() for kind in kinds) or 'nothing'}"
            )

    @contextmanager
    def _errors_of_select(self) -> Iterator[None]:
        try:
            yield
        except (pa.ArrowException, OSError) as error:
            raise _of_select(str(error)) from error
        except (duckdb.OutOfMemoryException, duckdb.InterruptException) as error:
            raise _translated(error, self.name) from error
        except duckdb.Error as error:
            raise _of_select(str(error)) from error


_FILE_TROUBLE = re.compile(
    r"read_parquet|parquet|read_csv|CSV Error|unicode|utf-?8|IO Error|Invalid Input Error: .*file",
    re.IGNORECASE,
)


def _of_select(message: str) -> SelectError | Unreadable:
    """A user's select failed: because of a file under it, or because of its own words."""
    line = _LINE.search(message)
    if line is None and _FILE_TROUBLE.search(message):
        return Unreadable(_first_lines(message))
    if line is None:
        return SelectError(_first_lines(message))
    return SelectError(
        _first_lines(message[: line.start()]), line=int(line["line"]), text=line["text"].strip()
    )


def _first_lines(message: str) -> str:
    lines = [line.strip() for line in message.strip().splitlines() if line.strip()]
    return " ".join(lines[:6])[:600]


def _plain(error: BaseException) -> str:
    """What DuckDB says of a file, without the statement of ours that met it."""
    text = str(error).removeprefix("the sandbox: ").removeprefix("Invalid Input Error: ")
    return _first_lines(re.sub(r"\n+LINE \d+:.*", "", text, flags=re.DOTALL))


def _paths(source: Source) -> Iterable[Path]:
    return () if isinstance(source, pa.Table) else source


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def nested(select: str) -> str:
    """``select`` as it may stand in the parentheses of a subquery.

    Its closing semicolon goes, and all that follows: no statement, as was checked.  Comments
    before it stay, so that lines keep their numbers.
    """
    text = select.encode()
    for at, kind in duckdb.tokenize(select):
        if kind == _OPERATOR and text[at : at + 1] == b";":
            return text[:at].decode() + "\n"
    return select + "\n"


def _reader(files: Sequence[Path]) -> str:
    """The select of all the files of one alias, columns matched by name."""
    return " UNION ALL BY NAME ".join(map(_file_sql, files))


def _file_sql(path: Path) -> str:
    if path.suffix.lower() in (".parquet", ".pq"):
        return f"SELECT * FROM read_parquet([{_text(str(path))}])"
    return csv_sql(path)


@dataclass(frozen=True, slots=True)
class RejectedLine:
    """A line of a CSV file that is no row."""

    file: str
    line: int
    text: str
    why: str
