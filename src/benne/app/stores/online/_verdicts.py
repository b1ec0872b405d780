"""What becomes of a record that arrives: stored, known already, or wrong and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from benne.evidence import Arrival, Finding, put_right
from benne.kernel import Value


@dataclass(frozen=True, slots=True)
class Accepted:
    """A record that is stored, or was before: ``verdict`` is ``new`` or ``known``."""

    record: str
    verdict: str
    known_at: int
    batch: int


_WRONG = {
    "other_subject": ("a record must be of the person whose it was", "another person"),
    "erased": ("what was lawfully deleted must not come again", "a record that was deleted"),
    "conflict": (
        "one request must not say two things of a record",
        "other values than in an earlier row",
    ),
}


def outcome(one: Arrival, verdict: str, *, row: int, known: Accepted) -> Accepted | Finding:
    """What became of an arrival, by its verdict: a word, or ``put_right`` and a column's name."""
    if verdict in ("new", "known"):
        return replace(known, verdict=verdict)
    code, _, column = verdict.partition(" ")
    if code == "put_right":
        retracted = column == "record"
        must = "what was put right must not be said again as it was before"
        got = "a record that was retracted" if retracted else f"the {column} of before"
        return Finding(code, one.source, one.kind.name, must, got, column, row, one.record)
    must, got = _WRONG[code]
    code = "different_content" if code == "conflict" else code
    return Finding(code, one.source, one.kind.name, must, got, row=row, record=one.record)


def as_right(one: Arrival, versions: Sequence[Mapping[str, Value]]) -> tuple[Arrival, str | None]:
    """An event as it is right, and a column that it says as it was before that was put right.

    How a record is disputed is ours to say, once the person disputed it here.
    """
    if one.cause != "event":
        return one, None
    own = [r for r in versions if (r["source"], r["record"]) == (one.source, one.record)]
    values = dict(one.values)
    if "dispute" in values and any(row["cause"] == "dispute" for row in own):
        values["dispute"] = max(own, key=_known_at)["dispute"]
    said = {**values, **one.groups, "source": one.source, "record": one.record}
    wrong = put_right(own, said, one.kind)
    mended = {name: wrong.get(name, value) for name, value in values.items()}
    return replace(one, values=mended), next(iter(wrong), None)


def _known_at(row: Mapping[str, Value]) -> int:
    moment = row["known_at"]
    assert isinstance(moment, int)
    return moment
