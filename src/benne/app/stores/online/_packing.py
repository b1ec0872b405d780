"""A person's versions of one kind as one value: a list for each column, in MessagePack.

A column with one value throughout, as a source is, is that value in place of a list.
Versions keep the order in which they came, so that what was there at an earlier ``batch`` is a
beginning of the list, and its digest can be told again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import TypeAlias

import msgspec

from benne.evidence import Columns, Kind
from benne.kernel import Corrupt, Row, Value

NOTHING = b""
"""The digest of no version."""

_Scalar: TypeAlias = bool | int | float | str | None
Lists: TypeAlias = Mapping[str, list[Value]]
_encode = msgspec.msgpack.Encoder().encode
_columns = msgspec.msgpack.Decoder(dict[str, msgspec.Raw]).decode
_column = msgspec.msgpack.Decoder(list[_Scalar] | _Scalar).decode
_DAMAGED = "a person's packed evidence is not what was written"
_UNSAID = frozenset({"subject", "superseded_at"})


def pack(rows: Sequence[Row], names: Iterable[str]) -> bytes:
    """The columns ``names`` of ``rows``, but for the person, who is the key."""
    names = tuple(names)
    return pack_columns(_lists(rows, names), names)


def pack_columns(columns: Lists, names: Iterable[str]) -> bytes:
    """What ``pack`` gives for the rows of ``columns``."""
    told = {name: columns[name] for name in names if name != "subject"}
    return _encode({n: v[0] if n != "known_at" and _throughout(v) else v for n, v in told.items()})


def _throughout(values: list[Value]) -> bool:
    """Whether there is one value throughout.  A double is not asked: -0.0 equals 0.0."""
    return bool(values) and type(values[0]) is not float and values.count(values[0]) == len(values)


def _lists(rows: Sequence[Row], names: Iterable[str]) -> dict[str, list[Value]]:
    return {name: [row[name] for row in rows] for name in names if name != "subject"}


def unpack(body: bytes, names: Iterable[str], subject: str) -> list[dict[str, Value]]:
    """The rows that ``pack`` packed; a column that a kind got later is null in older ones.

    Raises:
        Corrupt: the value is not what was packed.
    """
    return list(opened(body, tuple(names), subject))


def opened(body: bytes, names: Sequence[str], subject: str) -> Columns:
    """``unpack``, where a column is unpacked when it is first asked for.

    Raises:
        Corrupt: the value is not what was packed; so does what asks for a column.
    """
    try:
        columns = _columns(body)
        known_at = _column(columns["known_at"])
    except (msgspec.DecodeError, KeyError) as error:
        raise Corrupt(f"{_DAMAGED}: {error}.") from error
    if not isinstance(known_at, list):
        raise Corrupt(f"{_DAMAGED}: known_at is no list.")
    size = len(known_at)

    def unpacked(name: str) -> list[Value]:
        if name == "subject":
            return [subject] * size
        packed = columns.get(name)
        try:
            values = None if packed is None else _column(packed)
        except msgspec.DecodeError as error:
            raise Corrupt(f"{_DAMAGED}: {error}.") from error
        if not isinstance(values, list):
            return [values] * size
        if len(values) != size:
            raise Corrupt(f"{_DAMAGED}: {name} has {len(values)} values of {size}.")
        return values

    return Columns(names, size, unpacked)


def digest_columns(columns: Lists, kind: Kind) -> bytes:
    """What ``digest`` gives for the rows of ``columns``, which are of one batch."""
    return _digest(NOTHING, columns, [name for name in kind.types if name not in _UNSAID])


def _digest(before: bytes, columns: Lists, names: Iterable[str]) -> bytes:
    return hashlib.sha256(before + _encode({name: columns[name] for name in names})).digest()


def digest(rows: Iterable[Row], kind: Kind, *, before: bytes = NOTHING) -> bytes:
    """The digest of ``before`` and then ``rows``, in the order in which they came, batch by batch.

    ``d' = SHA-256(d, columns of the batch's versions)``; when a version was superseded is not
    part of it.
    """
    names = tuple(name for name in kind.types if name not in _UNSAID)
    for _, batch in groupby(rows, key=itemgetter("batch")):
        before = _digest(before, _lists(list(batch), names), names)
    return before
