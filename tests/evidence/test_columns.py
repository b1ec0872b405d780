"""Versions kept as columns are shown as the same rows would be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from benne.evidence import Columns, View, seen, standard_kinds
from benne.kernel import END_OF_TIME, NotPermitted
from benne.rights import Horizon, LawfulBasis, permit_on_basis

KINDS = {kind.name: kind for kind in standard_kinds()}
INSTALMENT = KINDS["instalment"]
BASIS = LawfulBasis("simulated", "Nobody.")
OPEN = permit_on_basis(BASIS, purpose="self_view", jurisdiction="plain", issued_at=0, expires_at=1)
LATE = Horizon("late", "instalment", 1, after="paid_at", late="due_at", paid="paid_at")

instants = st.integers(0, 9)
bound = st.none() | instants
versions = st.fixed_dictionaries(
    {
        "source": st.sampled_from(["a", "b"]),
        "record": st.sampled_from(["x", "y", "z"]),
        "cause": st.sampled_from(["event", "correction", "retraction"]),
        "known_at": instants,
        "superseded_at": instants | st.just(END_OF_TIME),
        "due_at": instants,
        "paid_at": bound,
        "paid_minor": st.none() | st.integers(0, 9),
    }
)


def columns(rows: list[dict[str, Any]]) -> Columns:
    names = tuple(INSTALMENT.types)
    return Columns(names, len(rows), lambda name: [row[name] for row in rows])


@settings(max_examples=60, deadline=None)
@given(said=st.lists(versions, max_size=8), as_of=instants, low=bound, high=bound)
def test_a_view_shows_of_columns_what_it_shows_of_rows(
    said: list[dict[str, Any]], as_of: int, low: int | None, high: int | None
) -> None:
    rows = [dict.fromkeys(INSTALMENT.types) | {"subject": "s"} | one for one in said]
    permit = replace(OPEN, evidence_from=low, evidence_until=high, retention=(LATE,))
    of_rows = seen(INSTALMENT, {"instalment": rows}, permit, View(as_of), kinds=KINDS)
    history = {"instalment": columns(rows)}
    of_columns = seen(INSTALMENT, history, permit, View(as_of), kinds=KINDS)
    assert isinstance(of_columns, Columns)
    assert list(of_columns) == of_rows
    assert [of_columns[i] for i in range(len(of_columns))] == of_rows
    general = View(as_of, known_by=9)
    assert list(seen(INSTALMENT, history, permit, general, kinds=KINDS)) == list(
        seen(INSTALMENT, {"instalment": rows}, permit, general, kinds=KINDS)
    )


def test_a_column_that_nobody_asks_for_is_never_made() -> None:
    asked: list[str] = []

    def fetch(name: str) -> list[Any]:
        asked.append(name)
        return [1, 2]

    rows = Columns(("a", "b"), 2, fetch).at([1])
    assert rows.column("a") == rows.column("a") == [2]
    assert asked == ["a"]


def test_columns_of_another_person_are_refused() -> None:
    rows = [dict.fromkeys(INSTALMENT.types) | {"subject": "other"}]
    with pytest.raises(NotPermitted, match="this person"):
        seen(INSTALMENT, {"instalment": columns(rows)}, replace(OPEN, subjects=frozenset({"s"})),
             View(1), kinds=KINDS)  # fmt: skip
