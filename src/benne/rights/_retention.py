"""Retention: until when a record may be seen, and when it must be deleted."""

from __future__ import annotations

from dataclasses import dataclass

from benne.kernel import MICROS_PER_DAY, InvalidInput, Json, Row


@dataclass(frozen=True, slots=True)
class Horizon:
    """Adverse records of ``kind`` are seen for ``days`` after they ended, and then no more.

    ``after`` is the instant column from which the days run; where it is null the behaviour has
    not ended, and the record stays.  Where ``began_days`` names a column of days, the days run
    from so long before ``after`` (a statement's ``days_past_due`` leads back to the day on which
    the delinquency began); but a horizon never ends before ``after`` itself.

    A record is adverse where every test that is stated holds: ``column`` has one of ``values``
    (or, with ``other_than``, none of them); and ``late`` names the instant column by which
    ``paid`` should have come, and it came a day late or more, or not at all.  With no test,
    every record of the kind is adverse.
    """

    rule: str
    kind: str
    days: int
    after: str
    began_days: str | None = None
    column: str | None = None
    values: frozenset[str] = frozenset()
    other_than: bool = False
    late: str | None = None
    paid: str | None = None

    def __post_init__(self) -> None:
        if self.days < 1:
            raise InvalidInput(f"{self.rule}: a horizon must have 1 day or more; got {self.days}.")
        if (self.column is None) != (not self.values):
            raise InvalidInput(f"{self.rule}: a horizon states column and values together.")
        if (self.late is None) != (self.paid is None):
            raise InvalidInput(f"{self.rule}: a horizon states late and paid together.")

    def adverse(self, row: Row) -> bool:
        """Whether the horizon is about ``row``, a version of a record of its kind."""
        if self.column is not None and (row[self.column] in self.values) == self.other_than:
            return False
        if self.late is None or self.paid is None:
            return True
        due, paid = row[self.late], row[self.paid]
        return paid is None or paid - due >= MICROS_PER_DAY  # type: ignore[operator]

    def ends_at(self, row: Row) -> int | None:
        """The first instant (microseconds) at which ``row`` is seen no more; ``None``: never.

        ``after + max(days - began_days, 0) * 86,400,000,000``, a null ``began_days`` being 0.
        """
        after = row[self.after]
        if not isinstance(after, int) or not self.adverse(row):
            return None
        began = None if self.began_days is None else row[self.began_days]
        days = max(self.days - began, 0) if isinstance(began, int) else self.days
        return after + days * MICROS_PER_DAY

    def hides(self, row: Row, *, as_of: int) -> bool:
        """Whether ``row`` is past its horizon at ``as_of``."""
        end = self.ends_at(row)
        return end is not None and end <= as_of

    def as_json(self) -> dict[str, Json]:
        """The horizon as plain JSON."""
        return {
            "rule": self.rule,
            "kind": self.kind,
            "days": self.days,
            "after": self.after,
            "began_days": self.began_days,
            "column": self.column,
            "values": sorted(self.values),
            "other_than": self.other_than,
            "late": self.late,
            "paid": self.paid,
        }


def days_of_years(years: int) -> int:
    """The whole days of ``years``: floor of years x 365.25, at most a day short of any such span.

    >>> [days_of_years(n) for n in (5, 7, 10)]
    [1826, 2556, 3652]
    """
    return years * 1461 // 4
