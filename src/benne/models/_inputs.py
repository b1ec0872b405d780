"""What an estimator is given, checked once at the border."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse
from sklearn.utils import assert_all_finite, check_array, check_consistent_length
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import (
    _check_sample_weight,
    column_or_1d,
    validate_data,
)

from benne.kernel import InvalidInput
from benne.models._columns import Column, distinct
from benne.models._read import Raw, level, read
from benne.models._tables import Floats, Ints


@dataclass(frozen=True)
class Told:
    """Training rows as arrays: weights have mean 1, groups are numbers.

    ``kept`` says which of the given rows these are: those of a weight above 0.
    """

    columns: tuple[Column, ...]
    raw: Raw
    bad: Floats
    weight: Floats
    groups: Ints
    classes: NDArray[Any]
    kept: NDArray[np.bool_]


def check_training(
    estimator: Any, X: Any, y: Any, sample_weight: Any, groups: Any, columns: Any
) -> Told:
    """Everything that ``fit`` is given, or the reason why it cannot be used."""
    if y is None:
        raise InvalidInput(
            f"{type(estimator).__name__} requires y to be passed, but the target y is None."
        )
    _demand_table(X)
    if columns is not None:
        _demand_columns(columns)
    frame = _checked(estimator, X, columns, reset=True)
    known = distinct(columns) if columns is not None else _guessed(frame)
    raw = read(frame, known)
    _demand_finite(raw)
    labels = column_or_1d(y, warn=True)
    _demand_outcomes(labels)
    if labels.dtype.kind == "f":
        assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    check_consistent_length(next(iter(raw.values())), labels)
    classes, bad = np.unique(labels, return_inverse=True)
    if len(classes) > 2:
        raise InvalidInput(
            f"Only binary classification is supported. The type of the target is "
            f"{type_of_target(labels)}."
        )
    if len(classes) < 2:
        raise InvalidInput(
            f"y must hold two classes, good and bad; it holds one class, {classes.tolist()[0]!r}."
        )
    weight = _weights(sample_weight, labels)
    numbers = np.arange(len(labels)) if groups is None else _numbered(groups, labels)
    kept = weight > 0
    if len(np.unique(bad[kept])) < 2:
        raise InvalidInput("rows of a weight above 0 must hold two classes; they hold one class.")
    raw = {name: values[kept] for name, values in raw.items()}
    return Told(
        known,
        raw,
        bad[kept].astype(np.float64),
        weight[kept] / weight[kept].mean(),
        numbers[kept].astype(np.int64),
        classes,
        kept,
    )


def _weights(sample_weight: Any, labels: NDArray[Any]) -> Floats:
    if sample_weight is None:
        return np.ones(len(labels))
    weight: Floats = _check_sample_weight(sample_weight, labels, dtype=np.float64)
    if (weight < 0).any() or not weight.any():
        raise InvalidInput("sample_weight must be 0 or more, and not 0 for every row.")
    # equal weights are no weights, to the last bit
    return weight if weight.min() < weight.max() else np.ones(len(labels))


def _numbered(groups: Any, labels: NDArray[Any]) -> Ints:
    """A number for each row's person."""
    people = np.asarray(column_or_1d(groups))
    check_consistent_length(labels, people)
    names = people.tolist()
    nobody = [row for row, name in enumerate(names) if level(name) is None]
    if nobody:
        raise InvalidInput(f"groups must name the person of each row; row {nobody[0]} names none.")
    if len(kinds := sorted({type(name).__name__ for name in names})) > 1:
        raise InvalidInput(f"groups must be of one type; got {', '.join(kinds)}.")
    _, numbers = np.unique(people, return_inverse=True)
    return np.asarray(numbers, dtype=np.int64)


def _demand_table(X: Any) -> None:
    """Refuse what is not yet a table, or has a name twice."""
    # to name the columns of a lazy table may cost a query
    names = [] if hasattr(X, "collect") else list(getattr(X, "columns", ()))
    names = [name for name in names if isinstance(name, str)]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"each column of X must be named once; {', '.join(twice)} came twice.")
    if isinstance(nw.from_native(X, pass_through=True), nw.LazyFrame):
        raise InvalidInput("X must be a table in memory; got a lazy one; collect() it first.")


def _demand_columns(columns: Any) -> None:
    if isinstance(columns, str):
        raise InvalidInput(f"columns must be a sequence of Column; got the text {columns!r}.")
    odd = [column for column in columns if not isinstance(column, Column)]
    if odd:
        raise InvalidInput(
            f"columns must hold Column values; got {odd[0]!r}; write Column({odd[0]!r}, ...)."
        )


def _demand_outcomes(labels: NDArray[Any]) -> None:
    """Refuse an outcome that is not known, by its row."""
    if labels.dtype.kind not in "fO":
        return
    unknown = [row for row, value in enumerate(labels.tolist()) if level(value) is None]
    if unknown:
        raise InvalidInput(
            f"y must hold a known outcome for each row; Input y contains NaN, or nothing, in "
            f"{len(unknown)} rows, the first of them row {unknown[0]}; leave them out."
        )


def check_rows(estimator: Any, X: Any, columns: Sequence[Column]) -> Any:
    """Rows to score, in a form that ``Artefact.contributions`` takes."""
    return _checked(estimator, X, columns, reset=False)


def _checked(estimator: Any, X: Any, columns: Any, *, reset: bool) -> Any:
    """A data frame as it came, or a two-dimensional array in the order of the columns."""
    native = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(native, nw.DataFrame) and not _named(native.columns):
        X = np.asarray(X)
    elif isinstance(native, nw.DataFrame):
        if columns is None or reset:
            validate_data(estimator, X, reset=reset, skip_check_array=True)
        if not native.shape[0]:
            raise InvalidInput("0 sample(s): at least one row is needed.")
        return X
    if isinstance(X, dict) and not issparse(X):
        return X
    plain = columns is None or not any(column.category for column in columns)
    array = check_array(
        X,
        dtype="numeric" if plain else None,
        ensure_all_finite="allow-nan" if reset and plain else False,
        estimator=estimator,
        input_name="X",
    )
    validate_data(estimator, array, reset=reset, skip_check_array=True)
    return array


def _named(names: Sequence[Any]) -> bool:
    """Whether every column of a data frame has a text for a name."""
    return all(isinstance(name, str) for name in names)


def _guessed(frame: Any) -> tuple[Column, ...]:
    """Every column of the domain ``history``; text, and only text, is a category."""
    native = nw.from_native(frame, eager_only=True, pass_through=True)
    if isinstance(native, nw.DataFrame):
        kinds = (nw.String, nw.Categorical, nw.Enum, nw.Object)
        return distinct(
            Column(str(name), category=isinstance(native[name].dtype, kinds))
            for name in native.columns
        )
    if isinstance(frame, dict):
        return distinct(Column(name, category=_is_text(v)) for name, v in frame.items())
    return distinct(Column(f"x{i}", category=_is_text(frame[:, i])) for i in range(frame.shape[1]))


def _is_text(values: Any) -> bool:
    array = np.asarray(values)
    if array.dtype.kind != "O":
        return array.dtype.kind in "US"
    return any(isinstance(value, str) for value in array.tolist())


def _demand_finite(raw: Raw) -> None:
    for name, values in raw.items():
        if values.dtype == np.float64 and np.isinf(values).any():
            row = int(np.flatnonzero(np.isinf(values))[0])
            raise InvalidInput(
                f"training values must be finite or missing; column {name!r} has infinity in "
                f"row {row}."
            )
