"""A figure is a number, or the reason why there is none; never a NaN.

Inside this room a function answers with a number or a ``Why``.  ``figures`` writes both as
JSON: the number under its name, or null under its name and the reason under ``name_why``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benne.kernel import InvalidInput

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]
Facts: TypeAlias = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Why:
    """The reason why a figure does not apply."""

    reason: str


Figure: TypeAlias = float | Why


def figures(**values: object) -> Facts:
    """The values as plain JSON, with a ``…_why`` beside each that is null.

    >>> figures(auc=0.5, ks=Why("there is no bad"))
    {'auc': 0.5, 'ks': None, 'ks_why': 'there is no bad'}
    """
    facts: Facts = {}
    for name, value in values.items():
        if isinstance(value, Why):
            facts[name] = None
            facts[f"{name}_why"] = value.reason
        else:
            facts |= _explained({name: value})
    return facts


def plain(value: object) -> Any:
    """``value`` as JSON: numpy unwrapped, what is not finite null."""
    if isinstance(value, bool | np.bool_):
        return bool(value)
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    if value is None or isinstance(value, str):
        return value if value is None else str(value)
    if isinstance(value, np.ndarray):
        return [plain(item) for item in value.tolist()]
    if isinstance(value, Mapping):
        return _explained({str(key): item for key, item in value.items()})
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    return str(value)


def _explained(facts: Mapping[str, object]) -> Facts:
    """``facts`` as JSON, with a reason beside each null that has none."""
    known: Facts = {}
    for key, item in facts.items():
        known[key] = plain(item)
        if known[key] is None and not facts.get(f"{key}_why") and not key.endswith("_why"):
            known[f"{key}_why"] = "not given" if item is None else "not a finite number"
    return known


def whyless(value: object, path: str = "") -> list[str]:
    """The paths of all nulls that lack their ``…_why``: empty for a sound report.

    >>> whyless({"auc": None, "ks": None, "ks_why": "there is no bad"})
    ['auc']
    """
    if isinstance(value, Mapping):
        return [
            miss
            for key, item in value.items()
            for miss in (
                ([f"{path}{key}"] if not value.get(f"{key}_why") else [])
                if item is None
                else whyless(item, f"{path}{key}.")
            )
        ]
    if isinstance(value, list):
        return [
            miss
            for place, item in enumerate(value)
            for miss in ([f"{path}{place}"] if item is None else whyless(item, f"{path}{place}."))
        ]
    return []


def floats(name: str, values: ArrayLike, n: int | None = None) -> Floats:
    """``values`` as float64, shape ``(n,)``; infinite values are refused by row."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or (n is not None and len(array) != n):
        raise InvalidInput(
            f"{name} must have shape ({'n' if n is None else n},); got {array.shape}."
        )
    if np.isinf(array).any():
        row = int(np.flatnonzero(np.isinf(array))[0])
        raise InvalidInput(f"{name} must be finite or NaN for unknown; row {row} is {array[row]}.")
    return array


def outcomes(values: ArrayLike) -> Floats:
    """Outcomes as float64: 1 bad, 0 good, NaN unknown."""
    array = floats("y", values)
    odd = ~np.isnan(array) & (array != 0) & (array != 1)
    if odd.any():
        row = int(np.flatnonzero(odd)[0])
        raise InvalidInput(
            f"y must be 1 (bad), 0 (good) or NaN (unknown); row {row} is {array[row]}."
        )
    return array


def weights(values: ArrayLike | None, n: int) -> Floats:
    """Weights as float64, shape ``(n,)``, all one where none are given."""
    if values is None:
        return np.ones(n)
    array = floats("weight", values, n)
    wrong = np.isnan(array) | (array < 0)
    if wrong.any():
        row = int(np.flatnonzero(wrong)[0])
        raise InvalidInput(f"weight must be 0 or more; row {row} is {array[row]}.")
    return array


def labels(values: ArrayLike) -> NDArray[np.object_]:
    """``values`` as text, shape ``(n,)``; null and NaN become ``(unknown)``."""
    typed = np.asarray(values)
    if typed.dtype.kind in "iubU":
        return typed.astype(str).astype(object)
    array = np.asarray(values, dtype=object)
    return np.array(
        [
            "(unknown)" if item is None or item != item else str(item)  # NaN differs from itself
            for item in array
        ],
        dtype=object,
    )


def share(part: float, whole: float, of: str) -> Figure:
    """``part / whole``, or why it cannot be had."""
    return part / whole if whole > 0 else Why(f"there is no {of}")


def effective(weight: Floats) -> float:
    """Kish's effective number of observations, ``(Σw)² / Σw²``; the count under equal weights."""
    squares = float(np.square(weight).sum())
    return float(weight.sum()) ** 2 / squares if squares > 0 else 0.0
