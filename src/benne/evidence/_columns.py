"""Rows kept as columns: what a person's packed versions are, until somebody asks for rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import overload

from benne.kernel import Row, Value


class Columns(Sequence[dict[str, Value]]):
    """``size`` rows with the columns ``names``, each a list that ``fetch`` gives when first asked.

    It is a sequence of rows to whoever wants rows, each made when it is asked for; what
    computes goes by ``column``, and a column that nobody reads is never made.
    """

    __slots__ = ("_fetch", "_fetched", "_names", "_size")

    def __init__(
        self, names: Sequence[str], size: int, fetch: Callable[[str], list[Value]]
    ) -> None:
        self._names, self._size, self._fetch = names, size, fetch
        self._fetched: dict[str, list[Value]] = {}

    def column(self, name: str) -> list[Value]:
        """The values of column ``name``, in the order of the rows; not to be changed."""
        found = self._fetched.get(name)
        if found is None:
            found = self._fetched[name] = self._fetch(name)
        return found

    def at(self, positions: Sequence[int]) -> Columns:
        """The rows at ``positions``, which are in order and none twice."""
        if len(positions) == self._size:
            return self

        def picked(name: str) -> list[Value]:
            values = self.column(name)
            return [values[i] for i in positions]

        return Columns(self._names, len(positions), picked)

    def replacing(self, fetch: Callable[[str], list[Value]], names: frozenset[str]) -> Columns:
        """The same rows, where ``fetch`` gives the columns ``names``."""
        return Columns(
            self._names, self._size, lambda name: (fetch if name in names else self.column)(name)
        )

    def __len__(self) -> int:
        return self._size

    @overload
    def __getitem__(self, which: int) -> dict[str, Value]: ...
    @overload
    def __getitem__(self, which: slice) -> list[dict[str, Value]]: ...
    def __getitem__(self, which: int | slice) -> dict[str, Value] | list[dict[str, Value]]:
        if isinstance(which, slice):
            return list(self)[which]
        return {name: self.column(name)[which] for name in self._names}

    def __iter__(self) -> Iterator[dict[str, Value]]:
        columns = [self.column(name) for name in self._names]
        for values in zip(*columns, strict=True):
            yield dict(zip(self._names, values, strict=True))


def column_of(rows: Sequence[Row], name: str) -> list[Value]:
    """The values of column ``name`` of ``rows``, which may be ``Columns``."""
    return rows.column(name) if isinstance(rows, Columns) else [row[name] for row in rows]
