"""How a CSV file is read: what its header says, and nothing guessed from its rows.

The separator is the one that the header shows most often; every column is text; a line that
is broken (not UTF-8, too few or too many fields, a quote that never ends) is rejected and
told, and the others are read.
"""

from __future__ import annotations

import csv
import gzip
from pathlib import Path

from benne.kernel import InvalidInput

_SEPARATORS = (",", ";", "\t", "|")
_HEADER_BYTES = 1 << 20


def csv_sql(path: Path) -> str:
    """The select that reads the file.

    Raises:
        InvalidInput: the file or its header cannot be read.
    """
    first = _first_line(path)
    separator = max(_SEPARATORS, key=lambda mark: _outside_quotes(first, mark))
    names = _distinct(next(csv.reader([first], delimiter=separator), []))
    if not any(names):
        raise InvalidInput(f"{path}: the first line must name the columns; got {first[:80]!r}.")
    columns = ", ".join(f"{_text(name)}: 'VARCHAR'" for name in names)
    return (
        f"SELECT * FROM read_csv([{_text(str(path))}], auto_detect = false, header = true, "
        f"delim = {_text(separator)}, quote = '\"', escape = '\"', columns = {{{columns}}}, "
        "store_rejects = true, rejects_limit = 0, max_line_size = 16777216)"
    )


def _first_line(path: Path) -> str:
    opened = gzip.open if path.suffix.lower() == ".gz" else Path.open
    try:
        with opened(path, "rb") as file:
            line = file.readline(_HEADER_BYTES)
    except FileNotFoundError as error:
        raise InvalidInput(
            f"{path}: the file must be there, in the folder that --data names; got none."
        ) from error
    except (OSError, EOFError) as error:
        raise InvalidInput(f"{path}: the file must be readable; {error}.") from error
    try:
        return line.decode("utf-8-sig").rstrip("\r\n")
    except UnicodeDecodeError as error:
        raise InvalidInput(f"{path}: the header must be UTF-8; {error}.") from error


def _outside_quotes(line: str, mark: str) -> int:
    return sum(part.count(mark) for part in line.split('"')[::2])


def _distinct(names: list[str]) -> list[str]:
    """Names as DuckDB would make them: one for each field, none twice."""
    found: list[str] = []
    for position, name in enumerate(names):
        base = name.strip() or f"column{position}"
        tried, number = base, 0
        while tried.lower() in {other.lower() for other in found}:
            number += 1
            tried = f"{base}_{number}"
        found.append(tried)
    return found


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
