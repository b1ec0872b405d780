"""What a model must know of a column before it sees a row."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from benne.kernel import DOMAINS, InvalidInput, Json


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a plain table, as the model will use it.

    ``direction`` is +1 where the column lowers risk as it grows, -1 where it raises it and 0
    where nothing is expected.  ``resolution`` is the step, in the column's own unit, to which
    values are rounded before they are looked up; ``None`` leaves them as they are.
    ``specials`` are codes that look like numbers and are not: each gets a bin of its own.

    >>> Column("age_years", "identity", direction=1, resolution=1.0).domain
    'identity'

    Raises:
        InvalidInput: a domain that is none of the five, a direction other than -1, 0, 1, a
            resolution that is not positive and finite, or a code that is not finite.
    """

    name: str
    domain: str = "history"
    direction: int = 0
    resolution: float | None = None
    category: bool = False
    specials: tuple[float, ...] = ()
    reason_family: str = ""
    kinds: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        where = f"column {self.name!r}"
        if self.domain not in DOMAINS:
            raise InvalidInput(
                f"the domain of {where} must be one of {', '.join(DOMAINS)}; got {self.domain!r}."
            )
        if self.direction not in (-1, 0, 1):
            raise InvalidInput(
                f"the direction of {where} must be -1, 0 or 1; got {self.direction!r}."
            )
        if self.resolution is not None and not (
            math.isfinite(self.resolution) and self.resolution > 0
        ):
            raise InvalidInput(
                f"the resolution of {where} must be positive; got {self.resolution!r}."
            )
        if not all(map(math.isfinite, self.specials)):
            raise InvalidInput(f"the codes of {where} must be finite; got {self.specials!r}.")
        if self.category and self.specials:
            raise InvalidInput(f"{where} is a category: its codes are levels, not specials.")
        object.__setattr__(self, "specials", tuple(sorted({float(s) for s in self.specials})))
        object.__setattr__(self, "kinds", tuple(self.kinds))

    def as_json(self) -> dict[str, Json]:
        """The column as plain JSON."""
        return {
            "name": self.name,
            "domain": self.domain,
            "direction": self.direction,
            "resolution": None if self.resolution is None else float(self.resolution),
            "category": self.category,
            "specials": list(self.specials),
            "reason_family": self.reason_family,
            "kinds": list(self.kinds),
        }


def distinct(columns: Iterable[Column]) -> tuple[Column, ...]:
    """``columns`` as a tuple, each name once.

    Raises:
        InvalidInput: no column, or one name twice.
    """
    kept = tuple(columns)
    names = [column.name for column in kept]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"each column must be named once; {', '.join(twice)} came twice.")
    if not kept:
        raise InvalidInput("a model needs at least one column; got none.")
    return kept
