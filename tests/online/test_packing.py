"""What was packed is opened as it was, to the bit."""

from __future__ import annotations

import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from benne.app.stores.online._packing import opened, pack, unpack
from benne.kernel import Corrupt

NAMES = ("known_at", "record", "amount", "score", "flag")
rows = st.lists(
    st.fixed_dictionaries(
        {
            "known_at": st.integers(0, 2),
            "record": st.none() | st.sampled_from(["", "x"]),
            "amount": st.none() | st.integers(-(2**63), 2**63 - 1) | st.just(1),
            "score": st.none() | st.sampled_from([0.0, -0.0, 1.5]),
            "flag": st.none() | st.booleans(),
        }
    ),
    max_size=4,
)


def bits(value: Any) -> Any:
    return struct.pack("d", value) if isinstance(value, float) else (type(value), value)


@given(rows)
def test_what_is_packed_is_opened_as_it_was(packed: list[dict[str, Any]]) -> None:
    whole = [{**row, "subject": "s"} for row in packed]
    names = (*NAMES, "subject")
    for found in (unpack(pack(packed, NAMES), names, "s"), opened(pack(packed, NAMES), names, "s")):
        told = [{name: bits(value) for name, value in row.items()} for row in found]
        assert told == [{name: bits(row[name]) for name in names} for row in whole]


def test_a_column_that_a_kind_got_later_is_null_in_what_was_packed_before() -> None:
    body = pack([{"known_at": 1}, {"known_at": 2}], ["known_at"])
    assert opened(body, ("known_at", "new"), "s").column("new") == [None, None]


@pytest.mark.parametrize(
    "document",
    [{}, {"known_at": 1}, {"known_at": [1, 2], "amount": [1]}, {"known_at": [1], "amount": [[1]]}],
)
def test_what_was_not_packed_is_told(document: dict[str, Any]) -> None:
    with pytest.raises(Corrupt, match="not what was written"):
        unpack(msgspec.msgpack.encode(document), ("known_at", "amount"), "s")
    with pytest.raises(Corrupt, match="not what was written"):
        unpack(b"\xc1", ("known_at",), "s")
