"""The files of a workspace, by the names that its selects use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benne.app.wiring import Session


def source_files(session: Session) -> dict[str, list[Path]]:
    """For each alias of ``[files]``, the files that its pattern names, in the order of names.

    Paths are relative to the session's data folder.  A pattern that matches nothing stands as
    it is, so that its absence can be said.
    """
    return {
        alias: _matches(session.data, pattern) for alias, pattern in session.workspace.files.items()
    }


def _matches(folder: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute():
        return [Path(pattern)]
    return sorted(folder.glob(pattern)) or [folder / pattern]
