"""From any data frame to arrays: doubles with NaN for numbers, text with None for categories.

One rule for every engine.  A number is cast once to a double; null and NaN are missing; an
infinite value, or an integer too large for a double, lies beyond the outer edges.  The text
of a level is ``true``/``false`` for a boolean, the digits of a whole number, else the value's
text; one trailing ``.0`` is dropped, so that 3, 3.0 and "3" are one level.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray

from benne.kernel import InvalidInput
from benne.models._columns import Column

Floats = NDArray[np.float64]
Raw = dict[str, NDArray[Any]]


def read(frame: Any, columns: Sequence[Column]) -> Raw:
    """Each of ``columns`` as an array of shape ``(n,)``: float64, or text objects if a category.

    ``frame`` is a pandas, Polars or Arrow table, a mapping of arrays, or a two-dimensional
    array whose columns stand in the order of ``columns``.

    Raises:
        InvalidInput: a column is missing, or a number is not a number.
    """
    return {
        column.name: _convert(values, column)
        for column, values in zip(columns, _pick(frame, columns), strict=True)
    }


def _pick(frame: Any, columns: Sequence[Column]) -> list[Any]:
    if isinstance(frame, Mapping):
        _demand_names(columns, list(frame))
        parts = [np.asarray(frame[column.name]) for column in columns]
        if len({part.shape for part in parts}) > 1 or any(part.ndim != 1 for part in parts):
            told = ", ".join(f"{c.name} {p.shape}" for c, p in zip(columns, parts, strict=True))
            raise InvalidInput(
                f"a mapping must hold arrays of shape (rows,), all alike; got {told}."
            )
        return parts
    native = nw.from_native(frame, eager_only=True, pass_through=True)
    if isinstance(native, nw.DataFrame):
        _demand_names(columns, native.columns)
        return [_series_values(native[column.name]) for column in columns]
    array = np.asarray(frame)
    if array.ndim != 2 or array.shape[1] != len(columns):
        raise InvalidInput(
            f"an array must have shape (rows, {len(columns)}), a column each; got {array.shape}."
        )
    return [array[:, position] for position in range(len(columns))]


def _demand_names(columns: Sequence[Column], names: Sequence[str]) -> None:
    absent = [column.name for column in columns if column.name not in names]
    if absent:
        raise InvalidInput(
            f"the table must have the columns {', '.join(absent)}; it has "
            f"{', '.join(map(str, names))}."
        )


def _series_values(series: Any) -> NDArray[Any]:
    dtype = series.dtype
    if dtype.is_numeric() and not dtype.is_decimal():
        values = series.cast(nw.Float64).to_numpy()
        if values.dtype == np.float64:
            return np.asarray(values)
    if dtype.is_numeric() or dtype == nw.Boolean:
        return np.asarray(series.to_list(), dtype=object)
    return np.asarray(
        series.cast(nw.String).to_list() if dtype != nw.Object else series.to_list(), dtype=object
    )


def _convert(values: NDArray[Any], column: Column) -> NDArray[Any]:
    if column.category:
        return texts(values)
    if values.dtype.kind in "fiub":
        return values.astype(np.float64)
    return _numbers(values, column.name)


def _numbers(values: NDArray[Any], name: str) -> Floats:
    out = np.empty(len(values))
    for row, value in enumerate(values):
        try:
            out[row] = number(value)
        except (TypeError, ValueError) as error:
            raise InvalidInput(
                f"column {name!r} must hold numbers; row {row} is {value!r}; declare it with "
                f"category=True if it is one, and make a time a number of days."
            ) from error
    return out


def number(value: Any) -> float:
    """``value`` as a double: NaN if missing, infinite if too large for one.

    >>> number(10**400), number(None)
    (inf, nan)
    """
    kind = type(value)
    if kind is float:
        return value  # type: ignore[no-any-return]
    if kind is not int:
        if value is None or kind.__name__ in ("NAType", "NaTType"):
            return math.nan
        if isinstance(value, (str, bytes)):
            raise TypeError("text is not a number")
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def level(value: Any) -> str | None:
    """The text of a category's level, or ``None`` where it is missing.

    >>> level(3.0), level("3"), level(True), level(float("nan"))
    ('3', '3', 'true', None)
    """
    if isinstance(value, str):
        return value.removesuffix(".0")
    if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (float, np.floating)):
        return repr(float(value)).removesuffix(".0")
    return str(value).removesuffix(".0")


def texts(values: NDArray[Any]) -> NDArray[Any]:
    """``values`` as an object array of level texts, ``None`` where missing."""
    if values.dtype.kind == "b":
        return np.where(values, "true", "false").astype(object)
    if values.dtype.kind in "OUS":
        known: dict[Any, str | None] = {}
        out = np.empty(len(values), dtype=object)
        for row, value in enumerate(values.tolist()):
            if not isinstance(value, Hashable):
                raise InvalidInput(
                    f"a category must hold single values; row {row} is {value!r}; make it a text."
                )
            key = (type(value), value)
            if key not in known:
                known[key] = level(value)
            out[row] = known[key]
        return out
    kinds, where = np.unique(values, return_inverse=True)
    return np.array([level(value) for value in kinds.tolist()], dtype=object)[where]
