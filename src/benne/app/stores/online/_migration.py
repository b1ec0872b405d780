"""Bring an online store's schema up to date: numbered revisions, each up and down."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine, inspect, text

from benne.kernel import Conflict

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

_HOME = Path(__file__).parent / "migrations"
_LOCK = 0x62656E6E65  # "benne": one worker at a time migrates a PostgreSQL store


@cache
def newest() -> str:
    """The number of the newest revision, such as ``0001``."""
    return max(path.name[:4] for path in _HOME.glob("[0-9]*.py"))


def revision_of(connection: Connection) -> str | None:
    """The revision that the store has; ``None``: it is new and empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def migrate(engine: Engine, *, to: str | None = None) -> None:
    """Take the store to revision ``to``, the newest if not given, in one transaction.

    ``base`` is the revision of the store with no table.

    Raises:
        Conflict: the store has a revision that this Benne does not know.
    """
    wanted = to or newest()
    with engine.begin() as connection:
        if revision_of(connection) == wanted:
            return
        if connection.dialect.name == "postgresql":
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        found = revision_of(connection)
        if found is not None and found > newest():
            raise Conflict(
                f"the online store must have revision {newest()} or older; it has {found}; open it "
                "with the newer Benne that wrote it."
            )
        if (found or "base") != wanted:
            _run(connection, found, wanted)


def script() -> ScriptDirectory:
    """Alembic's view of the revisions."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(_HOME), version_locations=[str(_HOME)])


def _run(connection: Connection, found: str | None, wanted: str) -> None:
    from alembic.operations import Operations
    from alembic.runtime.migration import MigrationContext

    revisions = script()
    down = found is not None and (wanted == "base" or wanted < found)

    def steps(current: object, _context: object) -> object:
        if down:
            return revisions._downgrade_revs(wanted, current)  # type: ignore[arg-type]
        return revisions._upgrade_revs(wanted, current)  # type: ignore[arg-type]

    options = {"fn": steps, "transactional_ddl": True}
    context = MigrationContext.configure(connection, opts=options)
    with Operations.context(context):
        context.run_migrations()
