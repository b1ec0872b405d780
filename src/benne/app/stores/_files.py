"""Small files of a workspace, written whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from benne.kernel import Corrupt, NotFound, Unavailable


def write_whole(path: Path, content: str | bytes) -> None:
    """Write ``content`` to ``path`` so that a reader sees the old file or the new, never a part.

    Raises:
        Unavailable: the disk is full or the folder cannot be written; the old file stands.
    """
    data = content.encode() if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise Unavailable(
            f"{path} could not be written: {error.strerror}; the earlier file, if any, stands; "
            "make room or mend the folder's permissions, then run the command again."
        ) from error


def read_whole(path: Path, *, made_by: str) -> str:
    """The text of ``path``.

    Raises:
        NotFound: there is none; the message names the command ``made_by`` that makes it.
        Corrupt: it is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(f"{path} is not there yet; {made_by} makes it.") from error
    except UnicodeDecodeError as error:
        raise Corrupt(f"{path} is not the UTF-8 that was written: {error}.") from error


def workspace_key(folder: Path, fresh: bytes) -> bytes:
    """The secret under which the workspace's subjects are pseudonyms; made once.

    It lies in ``.benne/key`` (mode 0600).  Whoever loses it can no longer join new evidence to
    the people already there.

    Raises:
        Corrupt: the key file does not hold 32 bytes in hex.
        Unavailable: the folder cannot be written.
    """
    path = folder / ".benne" / "key"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "w") as file:
                file.write(fresh.hex() + "\n")
    except OSError as error:
        raise Unavailable(f"{path} could not be made: {error.strerror}.") from error
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (ValueError, UnicodeDecodeError) as error:
        raise Corrupt(f"{path} must hold 32 bytes in hex; put the backup back.") from error
    if len(key) != 32:
        raise Corrupt(f"{path} must hold 32 bytes in hex; it holds {len(key)}.")
    return key


def remove(path: Path) -> None:
    """Take away what an earlier run wrote and this one does not."""
    path.unlink(missing_ok=True)


def write_lines_whole(path: Path, lines: Iterable[str]) -> int:
    """Write ``lines`` as they come to ``path``, whole or not at all; how many there were.

    Raises:
        Unavailable: as ``write_whole``.
    """
    part = path.with_name(f".{path.name}.part")
    written = 0
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("w", encoding="utf-8") as file:
            for line in lines:
                file.write(line + "\n")
                written += 1
        part.replace(path)
    except OSError as error:
        raise Unavailable(
            f"{path} could not be written: {error.strerror}; the earlier file, if any, stands."
        ) from error
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return written
