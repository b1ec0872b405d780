"""Months of the society as instants: int64 microseconds UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from benne.kernel import MICROS_PER_DAY, micros

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

DAY = MICROS_PER_DAY


@dataclass(frozen=True, slots=True)
class Calendar:
    """The months that are simulated, and those before and after that dates need.

    ``starts[i]`` is 00:00 UTC on the first day of month ``i - before``.
    """

    months: int
    starts: Ints
    before: int

    def start(self, month: Ints | int) -> Ints:
        """The first instant of each month in ``month`` (may be negative: before we look)."""
        found: Ints = self.starts[np.asarray(month) + self.before]
        return found

    @property
    def end(self) -> int:
        """The instant after the last month: nothing is known after it."""
        return int(self.start(self.months))


def calendar(start_year: int, months: int, *, before: int = 180, after: int = 72) -> Calendar:
    """The calendar of ``months`` from January of ``start_year``."""
    first = start_year * 12 - before
    starts = [
        micros(datetime((first + i) // 12, (first + i) % 12 + 1, 1, tzinfo=UTC))
        for i in range(before + months + after)
    ]
    return Calendar(months, np.array(starts, dtype=np.int64), before)
