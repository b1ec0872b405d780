"""The table of results: one row for each (set, method, repeat, fold), appended as it is made."""

from __future__ import annotations

import csv
import fcntl
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TypeAlias

COLUMNS = (
    "set", "method", "repeat", "fold", "n_train", "n_test", "auc", "auc_score", "ks", "brier",
    "calibration_error", "fit_seconds", "score_seconds", "size_bytes", "settings", "version",
)  # fmt: skip
KEY = COLUMNS[:4]

Row: TypeAlias = dict[str, str]
Key: TypeAlias = tuple[str, str, int, int]


def key_of(row: Row) -> Key:
    """(set, method, repeat, fold) of ``row``."""
    return row["set"], row["method"], int(row["repeat"]), int(row["fold"])


def read(path: Path) -> dict[Key, Row]:
    """The rows by key, the last where a key came again; none if there is no file."""
    if not path.exists():
        return {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    whole = (row for row in rows if row["version"])  # a run may have died in the middle of a line
    return {key_of(row): row for row in whole}


def append(path: Path, row: dict[str, object]) -> None:
    """Write ``row`` at the end, in one piece, whoever else is writing."""
    if set(row) != set(COLUMNS):
        raise ValueError(f"a row must have the columns {COLUMNS}; got {tuple(row)}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path) as file:
        file.seek(0, io.SEEK_END)
        text = io.StringIO()
        writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
        if file.tell() == 0:
            writer.writeheader()
        writer.writerow({name: _plain(value) for name, value in row.items()})
        file.write(text.getvalue())


def tidy(path: Path, order: tuple[str, ...]) -> None:
    """Keep the last row of every key, sorted by set (in ``order``), method, repeat and fold."""
    if not path.exists():
        return
    with _locked(path) as file:
        rows = read(path)
        place = {name: number for number, name in enumerate(order)}
        kept = sorted(rows, key=lambda key: (place.get(key[0], len(place)), *key[1:]))
        file.seek(0)
        file.truncate()
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows[key] for key in kept)


@contextmanager
def _locked(path: Path) -> Iterator[IO[str]]:
    path.touch()
    with path.open("r+", encoding="utf-8", newline="") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _plain(value: object) -> object:
    return f"{value:.6g}" if isinstance(value, float) else value
