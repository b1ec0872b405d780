"""Instants: UTC, aware, to the microsecond; stored and computed as int64 microseconds.

An instant is an aware ``datetime`` at the doors and an ``int`` of microseconds since
1970-01-01T00:00Z inside: integers compare, subtract and order alike in every engine.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from benne.kernel._errors import InvalidInput

MICROS_PER_DAY = 86_400_000_000
END_OF_TIME = 2**63 - 1
"""The instant of what has not ended: the largest int64."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ONE = timedelta(microseconds=1)


def micros(instant: datetime) -> int:
    """Microseconds since the epoch of an aware UTC ``instant``.

    >>> micros(datetime(1970, 1, 2, tzinfo=UTC)) == MICROS_PER_DAY
    True

    Raises:
        InvalidInput: the instant is naive or not UTC.
    """
    if instant.utcoffset() != timedelta(0):
        raise InvalidInput(
            f"an instant must be aware and UTC; got {instant!r}; convert it with .astimezone(UTC)."
        )
    return (instant - _EPOCH) // _ONE


def utc_micros(instant: datetime) -> int:
    """Microseconds since the epoch of an aware ``instant`` of any offset.

    Raises:
        InvalidInput: it is naive, or lies before the year 1 or after 9999 in UTC.
    """
    try:
        return micros(instant.astimezone(UTC))
    except OverflowError as error:
        raise InvalidInput(
            f"an instant must lie in the years 1 to 9999 in UTC; got {instant.isoformat()}."
        ) from error


def from_micros(value: int) -> datetime:
    """The aware UTC datetime of ``value`` microseconds since the epoch."""
    return _EPOCH + timedelta(microseconds=value)


def iso(value: int) -> str:
    """ISO 8601 text of an instant in microseconds, with ``Z`` and no idle fraction.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return from_micros(value).isoformat().replace("+00:00", "Z")


def parse_instant(text: str) -> int:
    """Microseconds of an ISO 8601 instant with an offset, or of a plain date at 00:00 UTC.

    >>> parse_instant("1970-01-01T01:00:00+01:00")
    0
    >>> parse_instant("1970-01-02") == MICROS_PER_DAY
    True

    Raises:
        InvalidInput: the text is neither, or is a time of day without an offset.
    """
    stripped = text.strip()
    try:
        if len(stripped) == len("2026-01-01"):
            day = date.fromisoformat(stripped)
            return micros(datetime(day.year, day.month, day.day, tzinfo=UTC))
        instant = datetime.fromisoformat(stripped)
    except ValueError as error:
        raise InvalidInput(
            f"an instant must be ISO 8601, as in 2026-01-31 or 2026-01-31T09:30:00Z; got {text!r}."
        ) from error
    if instant.utcoffset() is None:
        raise InvalidInput(
            f"an instant needs its offset from UTC; got {text!r}; write {stripped}Z if it is UTC."
        )
    return utc_micros(instant)


def whole_days(start: int, end: int) -> int:
    """Whole days from ``start`` to ``end``: floor of microseconds / 86,400,000,000.

    >>> whole_days(1, 0)
    -1
    """
    return (end - start) // MICROS_PER_DAY


def month_start(instant: int) -> int:
    """00:00 UTC on the first day of the month of ``instant``."""
    moment = from_micros(instant)
    return micros(datetime(moment.year, moment.month, 1, tzinfo=UTC))
