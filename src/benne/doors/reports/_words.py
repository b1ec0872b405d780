"""Figures as people read them.  The full numbers stand in ``validation.json``."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any

NONE = "–"  # noqa: RUF001
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip
NBSP = "\u00a0"
ABSENT = "it is not in this validation"


def count(value: Any) -> str:
    """A whole number with thousands parted.

    >>> count(12345)
    '12,345'
    """
    return NONE if value is None else f"{value:,.0f}"


def percent(value: Any) -> str:
    """A share in percent, with the digits that it deserves.

    >>> [percent(x).replace(NBSP, " ") for x in (0.1234, 0.00123, 1.0)]
    ['12.3 %', '0.12 %', '100 %']
    """
    if value is None:
        return NONE
    digits = 0 if value in (0, 1) else 2 if abs(value) < 0.01 else 1
    return f"{100 * value:.{digits}f}{NBSP}%"


def three(value: Any) -> str:
    """Three digits after the point, as for an AUC.

    >>> three(0.77092)
    '0.771'
    """
    return NONE if value is None else f"{value:.3f}"


def four(value: Any) -> str:
    """Four digits after the point."""
    return NONE if value is None else f"{value:.4f}"


def signed(value: Any) -> str:
    """A difference with its sign, four digits after the point.

    >>> signed(0.00037), signed(-0.0012)
    ('+0.0004', '−0.0012')
    """  # noqa: RUF002
    return NONE if value is None else f"{value:+.4f}".replace("-", "−")  # noqa: RUF001


def points(value: Any) -> str:
    """Points with their sign.

    >>> points(-12.4), points(3), points(-0.01)
    ('−12.4', '+3.0', '0.0')
    """  # noqa: RUF002
    if value is None:
        return NONE
    said_points = f"{value:+.1f}".replace("-", "−")  # noqa: RUF001
    return "0.0" if said_points[1:] == "0.0" else said_points


def whole(value: Any) -> str:
    """A score or a cutoff."""
    return NONE if value is None else f"{value:.0f}"


def chance(value: Any) -> str:
    """A p-value.

    >>> chance(0.0004), chance(0.0412)
    ('< 0.001', '0.041')
    """
    if value is None:
        return NONE
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def times(value: Any) -> str:
    """A ratio."""
    return NONE if value is None else f"{value:.2f}"


def text(value: Any) -> str:
    """Anything as text."""
    if value is None:
        return NONE
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return count(value) if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list | tuple):
        return ", ".join(text(item) for item in value) or "none"
    if isinstance(value, Mapping):
        return "; ".join(f"{said(key)}: {text(item)}" for key, item in value.items()) or "none"
    return str(value)


def said(name: Any) -> str:
    """A name of a key as words.

    >>> said("share_known_at_stated")
    'Share known at stated'
    """
    words = str(name).replace("_", " ").strip()
    return words[:1].upper() + words[1:]


def day(value: Any) -> str:
    """The date of an ISO instant, kept on one line.

    >>> day("2024-03-01T00:00:00Z").replace(NBSP, " ")
    '1 March 2024'
    """
    if value is None:
        return NONE
    try:
        date = datetime.date.fromisoformat(str(value)[:10])
    except ValueError:
        return str(value)
    return f"{date.day}{NBSP}{MONTHS[date.month - 1]}{NBSP}{date.year}"


def at(value: Any, *path: str) -> Any:
    """What stands at ``path`` in nested mappings, or None."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def items(value: Any, *path: str) -> list[dict[str, Any]]:
    """The list of mappings at ``path``, empty where there is none."""
    found = at(value, *path)
    if not isinstance(found, list | tuple):
        return []
    return [row for row in found if isinstance(row, Mapping)]  # type: ignore[misc]


def why(value: Any, *path: str) -> str:
    """The reason why there is nothing at ``path``: that of the first null on the way."""
    for depth in range(len(path)):
        here = at(value, *path[:depth]) if depth else value
        if not isinstance(here, Mapping):
            return ABSENT
        if here.get(path[depth]) is None:
            return str(here.get(f"{path[depth]}_why") or ABSENT)
    return "there is nothing to show"


def kept(value: Any) -> str:
    """Text that stays on one line, such as the name of a period."""
    return text(value).replace(" ", NBSP).replace("-", "\u2011")


def many(number: int, thing: str) -> str:
    """A number of things.

    >>> many(1, "table"), many(2, "table")
    ('1 table', '2 tables')
    """
    return f"{count(number)} {thing}" + ("" if number == 1 else "s")
