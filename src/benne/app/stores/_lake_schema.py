"""The tables of a lake, and how an older lake becomes a newer one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from benne.app.stores._duckdb import Connection
from benne.evidence import COLUMN_TYPES, Kind, quoted
from benne.kernel import END_OF_TIME, Conflict, Corrupt, InvalidInput

SCHEMA = 3
SQL_TYPES = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "float": "DOUBLE",
    "bool": "BOOLEAN",
    "instant": "BIGINT",
}
VERSION_COLUMNS = {
    "source": "VARCHAR",
    "record": "VARCHAR",
    "subject": "VARCHAR",
    "cause": "VARCHAR",
    "known_at": "BIGINT",
    "superseded_at": "BIGINT",
    "batch": "BIGINT",
}
GROUP_COLUMNS = {"source": "VARCHAR", "record": "VARCHAR", "known_at": "BIGINT", "batch": "BIGINT"}

_TABLES = (
    "CREATE TABLE IF NOT EXISTS lake (schema INTEGER)",
    """CREATE TABLE IF NOT EXISTS batches (
        batch BIGINT, read_at BIGINT, source VARCHAR, kind VARCHAR, mapping VARCHAR,
        fingerprint VARCHAR, status VARCHAR, historical BOOLEAN, rows_read BIGINT,
        versions_new BIGINT, versions_known BIGINT, rows_quarantined BIGINT)""",
    """CREATE TABLE IF NOT EXISTS quarantine (
        entry BIGINT, batch BIGINT, source VARCHAR, kind VARCHAR, mapping VARCHAR,
        "row" BIGINT, record VARCHAR, raw VARCHAR, mended VARCHAR, status VARCHAR)""",
    """CREATE TABLE IF NOT EXISTS findings (
        entry BIGINT, code VARCHAR, "column" VARCHAR, must VARCHAR, got VARCHAR,
        place VARCHAR)""",
    "CREATE TABLE IF NOT EXISTS synced (store VARCHAR, position BIGINT)",
    "CREATE TABLE IF NOT EXISTS erased (subject VARCHAR, name VARCHAR, erased_at BIGINT)",
)
HIDE_NAMES = "hide the names of erased records"
MIGRATIONS: dict[int, tuple[str, ...]] = {1: _TABLES[-2:], 2: (HIDE_NAMES,)}
"""For each older schema number, the statements that make it the next one."""


def plain_name(kind: str, source: str, record: str) -> str:
    """SQL for the plain digest of a record's name, each part in SQL too."""
    return f"md5(concat_ws(chr(31), {kind}, {source}, {record}))"


def hidden_name(plain: str) -> str:
    """SQL for the keyed digest of a plain one: HMAC-SHA-256, in hex.

    Its two parameters are ``key_pads`` of the key.
    """
    return f"sha256(?::BLOB || unhex(sha256(?::BLOB || encode({plain}))))"


def key_pads(key: bytes) -> tuple[bytes, bytes]:
    """The outer and the inner pad of an HMAC with a key of 64 bytes or fewer (RFC 2104)."""
    whole = key.ljust(64, b"\0")
    return bytes(c ^ 0x5C for c in whole), bytes(c ^ 0x36 for c in whole)


def evidence_table(kind: str) -> str:
    """The name of the table of a kind's versions."""
    return f"evidence_{kind}"


def groups_table(kind: str) -> str:
    """The name of the table where a kind's protected group columns are kept apart."""
    return f"groups_{kind}"


def own_columns(kind: Kind, *, group: bool) -> dict[str, str]:
    """A kind's own columns with their SQL types: the protected ones, or the others."""
    return {
        column.name: SQL_TYPES[COLUMN_TYPES[column.type]]
        for column in kind.columns
        if column.group is group
    }


def prepare(
    connection: Connection, kinds: Iterable[Kind], *, read_only: bool, key: bytes = b""
) -> None:
    """Check the lake's schema number, migrate an older one, and make what is missing.

    ``key`` is that of the digests of what was erased.

    Raises:
        Conflict: a newer Benne wrote the lake, or it is older and opened only to be read.
        InvalidInput: a kind changed the type of a column that the lake already holds.
    """
    held = _tables(connection)
    found = _schema_number(connection, held)
    if found > SCHEMA:
        raise Conflict(
            f"{connection.name} must have schema {SCHEMA} or older; it has {found}; "
            "open it with the newer Benne that wrote it."
        )
    if read_only:
        if found < SCHEMA:
            raise Conflict(
                f"{connection.name} must have schema {SCHEMA}; it has {found}; open it once "
                "for writing, as benne ingest does, and it is migrated."
            )
        return
    statements = [*_TABLES, f"INSERT INTO lake VALUES ({SCHEMA})"] if found == 0 else []
    for number in range(max(found, 1), SCHEMA):
        statements += [*MIGRATIONS[number], f"UPDATE lake SET schema = {number + 1}"]
    for kind in kinds:
        statements += _kind_statements(kind, held)
    with connection.transaction():
        for statement in statements:
            if statement == HIDE_NAMES:
                hidden = f"UPDATE erased SET name = {hidden_name('name')} WHERE name IS NOT NULL"
                connection.run(hidden, key_pads(key))
            else:
                connection.run(statement)


def _tables(connection: Connection) -> dict[str, dict[str, str]]:
    held: dict[str, dict[str, str]] = {}
    for table, column, sql_type in connection.rows(
        "SELECT table_name, column_name, data_type FROM duckdb_columns() "
        "WHERE schema_name = 'main' AND NOT internal"
    ):
        held.setdefault(table, {})[column] = sql_type
    return held


def _schema_number(connection: Connection, held: dict[str, dict[str, str]]) -> int:
    """The schema number of the lake; 0 where it is new and empty."""
    if "lake" not in held:
        if held:
            raise InvalidInput(
                f"{connection.name} must be a lake; it holds other tables "
                f"({', '.join(sorted(held)[:5])}); name another file."
            )
        return 0
    numbers = connection.rows("SELECT schema FROM lake")
    if len(numbers) != 1 or not isinstance(numbers[0][0], int) or numbers[0][0] < 1:
        raise Corrupt(f"{connection.name} must state one schema number; it states {numbers}.")
    return int(numbers[0][0])


def _kind_statements(kind: Kind, held: dict[str, dict[str, str]]) -> Iterator[str]:
    own = own_columns(kind, group=False)
    yield from _table_statements(evidence_table(kind.name), {**VERSION_COLUMNS, **own}, held)
    groups = own_columns(kind, group=True)
    if groups:
        yield from _table_statements(groups_table(kind.name), {**GROUP_COLUMNS, **groups}, held)
    shown = {*VERSION_COLUMNS, *own}
    if held.get(f"readable_{kind.name}", {}).keys() != shown:
        yield _readable_view(kind)


def _table_statements(
    table: str, columns: dict[str, str], held: dict[str, dict[str, str]]
) -> Iterator[str]:
    if table not in held:
        body = ", ".join(f"{quoted(name)} {sql_type}" for name, sql_type in columns.items())
        yield f"CREATE TABLE {quoted(table)} ({body})"
        return
    for name, sql_type in columns.items():
        found = held[table].get(name)
        if found is None:
            yield f"ALTER TABLE {quoted(table)} ADD COLUMN {quoted(name)} {sql_type}"
        elif found != sql_type:
            raise InvalidInput(
                f"column {name!r} of {table} must stay {found} in this lake; the kind now declares "
                f"{sql_type}; give the column another name."
            )


def _readable_view(kind: Kind) -> str:
    """The kind's versions for a person to read: times as timestamps, no end as null."""
    instants = {"known_at", "superseded_at"}
    instants |= {column.name for column in kind.columns if column.type == "instant"}
    names = [*VERSION_COLUMNS, *own_columns(kind, group=False)]
    shown = ", ".join(
        f"make_timestamptz(nullif({quoted(name)}, {END_OF_TIME})) AS {quoted(name)}"
        if name in instants
        else quoted(name)
        for name in names
    )
    view, table = quoted(f"readable_{kind.name}"), quoted(evidence_table(kind.name))
    return f"CREATE OR REPLACE VIEW {view} AS SELECT {shown} FROM {table}"
