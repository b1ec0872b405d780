"""Figures with their intervals, in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from benne.doors.reports._words import NONE, three

Form = Callable[[Any], str]


def interval(figure: Mapping[str, Any], form: Form = three) -> str:
    """A figure and its interval, where that is wider than what is shown.

    >>> interval({"value": 0.5, "low": 0.4, "high": 0.6})
    '0.500 (0.400 to 0.600)'
    """
    if figure["value"] is None:
        return NONE
    value, low, high = (
        None if figure[key] is None else _nought(form(figure[key]))
        for key in ("value", "low", "high")
    )
    return f"{value}" if low is None or low == high else f"{value} ({low} to {high})"


def _nought(words: str) -> str:
    """Nothing below nothing: a minus goes where only zeros follow."""
    return (
        words[1:] if words.startswith("-") and not any(c in words for c in "123456789") else words
    )


def flat(row: Mapping[str, Any], forms: Mapping[str, Form]) -> dict[str, Any]:
    """The row with each figure and its interval in words; null where there is none, and why."""
    found: dict[str, Any] = {}
    for key, value in row.items():
        if not (isinstance(value, Mapping) and "value" in value):
            found[key] = value
        elif value["value"] is None:
            found[key], found[f"{key}_why"] = None, value.get("value_why")
        else:
            found[key] = interval(value, forms.get(key, three))
    return found
