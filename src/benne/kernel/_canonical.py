"""One way to write a value as text, so that its hash means something."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from benne.kernel._errors import InvalidInput

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


_encode = json.JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
).encode


def canonical_json(value: Json) -> str:
    """JSON with sorted keys, no white space, and the shortest text that reads back the same.

    >>> canonical_json({"b": 1, "a": [0.1, None]})
    '{"a":[0.1,null],"b":1}'

    Raises:
        InvalidInput: the value holds a number that is not finite, or is not JSON.
    """
    try:
        return _encode(value)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"only finite JSON values have a canonical form: {error}.") from error


def content_hash(value: Json) -> str:
    """SHA-256, in hex, of the canonical JSON of ``value``."""
    return text_hash(canonical_json(value))


def text_hash(canonical: str) -> str:
    """``content_hash`` of the value whose canonical JSON this is."""
    return hashlib.sha256(canonical.encode()).hexdigest()
