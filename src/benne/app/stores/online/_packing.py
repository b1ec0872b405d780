"""A person's versions of one kind as one value: a list for each column, in MessagePack.

Versions keep the order in which they came, so that what was there at an earlier ``batch`` is a
beginning of the list, and its digest can be told again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from operator import itemgetter

import msgspec

from benne.evidence import Kind
from benne.kernel import Corrupt, Row, Value

NOTHING = b""
"""The digest of no version."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(dict[str, list[bool | int | float | str | None]]).decode
_UNSAID = frozenset({"subject", "superseded_at"})


def pack(rows: Sequence[Row], names: Iterable[str]) -> bytes:
    """The columns ``names`` of ``rows``, but for the person, who is the key."""
    return _encode({name: [row[name] for row in rows] for name in names if name != "subject"})


def pack_columns(columns: Mapping[str, list[Value]], names: Iterable[str]) -> bytes:
    """What ``pack`` gives for the rows of ``columns``."""
    return _encode({name: columns[name] for name in names if name != "subject"})


def digest_columns(columns: Mapping[str, list[Value]], kind: Kind) -> bytes:
    """What ``digest`` gives for the rows of ``columns``, which are of one batch."""
    names = (name for name in kind.types if name not in _UNSAID)
    return hashlib.sha256(NOTHING + pack_columns(columns, names)).digest()


def unpack(body: bytes, names: Iterable[str], subject: str) -> list[dict[str, Value]]:
    """The rows that ``pack`` packed; a column that a kind got later is null in older ones.

    Raises:
        Corrupt: the value is not what was packed.
    """
    try:
        columns = _decode(body)
        size = len(columns["known_at"])
        columns["subject"] = [subject] * size
        names = tuple(names)
        values = [columns.get(name) or [None] * size for name in names]
        return [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]
    except (msgspec.DecodeError, KeyError, ValueError) as error:
        raise Corrupt(f"a person's packed evidence is not what was written: {error}.") from error


def digest(rows: Iterable[Row], kind: Kind, *, before: bytes = NOTHING) -> bytes:
    """The digest of ``before`` and then ``rows``, in the order in which they came, batch by batch.

    ``d' = SHA-256(d, columns of the batch's versions)``; when a version was superseded is not
    part of it.
    """
    names = tuple(name for name in kind.types if name not in _UNSAID)
    for _, batch in groupby(rows, key=itemgetter("batch")):
        before = hashlib.sha256(before + pack(list(batch), names)).digest()
    return before
