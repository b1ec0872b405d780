"""Rows as numpy columns, and from them Arrow batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from benne.society._calendar import Bools, Ints

Values: TypeAlias = "npt.NDArray[np.int64] | npt.NDArray[np.float64] | npt.NDArray[np.bool_]"
Labels: TypeAlias = "Sequence[str] | pa.Array"


@dataclass(frozen=True, slots=True)
class Column:
    """Values with their nulls.

    ``type`` is ``int``, ``float``, ``bool``, ``instant``; ``text``, codes into ``labels``; or
    ``name``, a number behind a ``prefix``.
    """

    type: str
    values: Values
    null: Bools | None = None
    labels: Labels | None = None
    prefix: str = ""

    def take(self, rows: Bools | Ints) -> Column:
        """The column at ``rows``."""
        null = None if self.null is None else self.null[rows]
        return replace(self, values=self.values[rows], null=null)

    def arrow(self) -> pa.Array:
        """The column as Arrow."""
        if self.type == "instant":
            numbers = pa.array(self.values.astype(np.int64), mask=self.null)
            return numbers.cast(pa.timestamp("us", tz="UTC"))
        if self.type == "name":
            digits = pa.array(self.values.astype(np.int64), mask=self.null).cast(pa.string())
            return pc.binary_join_element_wise(pa.scalar(self.prefix), digits, "")
        if self.type == "text":
            assert self.labels is not None
            codes = pa.array(self.values.astype(np.int32), mask=self.null)
            labels = self.labels if isinstance(self.labels, pa.Array) else pa.array(self.labels)
            return pa.DictionaryArray.from_arrays(codes, labels)
        kinds = {"int": np.int64, "float": np.float64, "bool": np.bool_}
        return pa.array(self.values.astype(kinds[self.type]), mask=self.null)


Rows: TypeAlias = "dict[str, Column]"


def count_of(rows: Mapping[str, Column]) -> int:
    """How many rows there are."""
    return len(next(iter(rows.values())).values)


def take(rows: Mapping[str, Column], which: Bools | Ints) -> Rows:
    """The rows ``which``."""
    return {name: column.take(which) for name, column in rows.items()}


def batch(rows: Mapping[str, Column]) -> pa.RecordBatch:
    """The rows as one Arrow batch."""
    return pa.RecordBatch.from_arrays([c.arrow() for c in rows.values()], names=list(rows))


def ints(values: Values, null: Bools | None = None) -> Column:
    """Whole numbers, money among them (rounded)."""
    return Column("int", np.rint(values).astype(np.int64), null)


def instants(values: Values, null: Bools | None = None) -> Column:
    """Instants in microseconds."""
    return Column("instant", values.astype(np.int64), null)


def words(codes: Values, labels: Labels, null: Bools | None = None) -> Column:
    """Text by its place in ``labels``."""
    return Column("text", codes, null, labels)


def names(prefix: str, numbers: Values, null: Bools | None = None) -> Column:
    """Text such as ``L17``."""
    return Column("name", numbers, null, None, prefix)


def flags(values: Bools, null: Bools | None = None) -> Column:
    """True or false."""
    return Column("bool", values, null)


def reals(values: Values) -> Column:
    """Doubles."""
    return Column("float", values)
