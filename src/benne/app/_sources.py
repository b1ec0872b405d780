"""The files that a select of the workspace names."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benne.app.wiring import Session


def source_files(session: Session, sql: str) -> dict[str, list[Path]]:
    """For each alias of ``[files]`` that ``sql`` mentions, the files that its pattern names.

    Paths are relative to the session's data folder; a pattern's files are in the order of their
    names.  A name without a match stands as it is, so that its absence can be said.
    """
    mentioned = set(re.findall(r"[A-Za-z_]\w*", sql))
    return {
        alias: _matches(session.data, pattern)
        for alias, pattern in session.workspace.files.items()
        if alias in mentioned
    }


def _matches(folder: Path, pattern: str) -> list[Path]:
    if Path(pattern).is_absolute():
        return [Path(pattern)]
    return sorted(folder.glob(pattern)) or [folder / pattern]
