"""The files and tables of a workspace, by the names that its selects use."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benne.app._ingest import mentioned
from benne.kernel import InvalidInput

if TYPE_CHECKING:
    from benne.app.wiring import Session
    from benne.evidence import Mapping


@contextmanager
def sources(session: Session, mappings: Iterable[Mapping]) -> Iterator[dict[str, list[Path]]]:
    """For each alias of ``[files]`` and ``[postgres]``, the files that hold it.

    Paths are relative to the session's data folder.  A pattern that matches nothing stands as
    it is, so that its absence can be said.  Of the tables of PostgreSQL, those that ``mappings``
    speak of are copied, all at one moment, and are there until the block ends.  The lake
    must be open for writing, so that no other process copies into the same place.

    Raises:
        InvalidInput: no server is named, or a table cannot be read.
        Unavailable: the server cannot be reached.
    """
    workspace = session.workspace
    files = {alias: _matches(session.data, pattern) for alias, pattern in workspace.files.items()}
    needed: dict[str, str] = {}
    for mapping in mappings:
        needed |= mentioned(mapping, workspace.postgres)
    if not needed:
        yield files
        return
    if session.postgres is None:
        raise InvalidInput(
            f"[postgres] of benne.toml names tables ({', '.join(needed)}); BENNE_POSTGRES must be "
            "the URL of their server, as in postgresql://reader@db.example/core."
        )
    from benne.app.stores._postgres import copied

    with copied(session.postgres, needed, workspace.folder / ".benne" / "postgres") as tables:
        yield files | tables


def _matches(folder: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute():
        return [Path(pattern)]
    return sorted(folder.glob(pattern)) or [folder / pattern]
