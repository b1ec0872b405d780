"""People's histories: every version of theirs, by kind, as rows for the in-process interpreter."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from benne.app.stores._lake import Lake
from benne.evidence import Kind, quoted


def histories(
    lake: Lake, kinds: Iterable[Kind], *, first: int, last: int
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """By subject and kind, every version of the people in the lake's table ``asked``.

    ``first`` and ``last`` are the numbers of the observations, both included.
    """
    found: dict[str, dict[str, list[dict[str, Any]]]] = defaultdict(lambda: defaultdict(list))
    who = f"SELECT subject FROM asked WHERE observation BETWEEN {first} AND {last}"
    for kind in kinds:
        columns = ", ".join(map(quoted, kind.types))
        table = quoted(f"evidence_{kind.name}")
        rows = lake.query(
            f"SELECT {columns} FROM {table} WHERE subject IN ({who}) "
            "ORDER BY subject, known_at, batch, record"
        )
        for row in rows.to_pylist():
            found[row["subject"]][kind.name].append(row)
    return {subject: dict(history) for subject, history in found.items()}
