"""The refused in a validation: overlap, and no claim without support goes unmarked."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from benne.monitoring import Turned, ValidationInputs, validate, whyless

SCORES = st.lists(st.integers(350, 950), min_size=1, max_size=30)


def facts(
    scores: list[int],
    refused: list[int],
    *,
    chance: list[float] | None = None,
    theirs: list[float] | None = None,
    bad: list[int] | None = None,
) -> dict[str, Any]:
    n = len(scores)
    turned = Turned(
        score=np.array(refused, dtype=float),
        pd=np.full(len(refused), 0.2),
        propensity=np.array(theirs or [np.nan] * len(refused)),
        admitted_pd=np.full(n, 0.1),
        admitted_propensity=np.array(chance or [np.nan] * n),
        weight_at_most=20.0,
        method="accepts_only",
    )
    y = np.array(bad if bad is not None else [0, 1] * n, dtype=float)[:n]
    found = validate(ValidationInputs(y=y, score=np.array(scores, dtype=float), turned=turned))
    assert whyless(found["refused"]) == []
    return found["refused"]


@given(SCORES, SCORES)
def test_every_claim_below_the_lowest_admitted_score_is_counted_in_its_band(
    admitted: list[int], refused: list[int]
) -> None:
    found = facts(admitted, refused)
    bare = [score for score in refused if score < min(admitted)]
    assert found["support"]["lowest_admitted_score"] == min(admitted)
    assert found["support"]["refused_below"] == len(bare)
    assert sum(band["unsupported"] for band in found["bands"]) == len(bare)
    assert sum(band["refused"] for band in found["bands"]) == len(refused)
    assert (found["support"]["claimed_below"] is None) == (not bare)


def test_a_person_without_an_outcome_supports_no_claim() -> None:
    turned = Turned(
        score=[500.0], pd=[0.3], propensity=[np.nan], admitted_pd=[0.3, 0.1],
        admitted_propensity=[np.nan, np.nan], weight_at_most=20.0, method="accepts_only",
    )  # fmt: skip
    inputs = ValidationInputs(y=[np.nan, 0.0], score=[400.0, 600.0], turned=turned)
    assert validate(inputs)["refused"]["support"]["refused_below"] == 1


def test_overlap_counts_whom_too_few_or_nobody_stands_for() -> None:
    found = facts([600, 700], [500, 510, 520], chance=[0.04, 0.9], theirs=[0.0, 0.03, 0.5])
    overlap = found["overlap"]
    assert overlap["floor"] == 0.05
    assert overlap["refused_below_floor"] == 2
    assert overlap["refused_below_any_admitted"] == 2
    assert overlap["refused_never_admitted"] == 1
    assert overlap["capped"] == 0.5
    assert sum(cell["admitted"] for cell in overlap["cells"]) == 2
    assert sum(cell["refused"] for cell in overlap["cells"]) == 3
    weight = np.array([20, 1 / 0.9])
    assert overlap["effective"] == pytest.approx(weight.sum() ** 2 / (weight**2).sum())


def test_without_propensities_overlap_says_why_and_support_stands() -> None:
    found = facts([600, 700], [500])
    assert found["overlap"] is None
    assert "no propensity" in found["overlap_why"]
    assert found["weighted"] is None
    assert found["support"]["refused_below"] == 1


def test_the_admitted_speak_for_all_who_applied_by_their_chances() -> None:
    found = facts([600] * 4, [500], chance=[0.25, 1, 1, 1], theirs=[0.25], bad=[1, 0, 0, 0])
    assert found["weighted"]["admitted_seen"] == 0.25
    assert found["weighted"]["applicants_seen"] == pytest.approx(4 / 7)
    assert found["weighted"]["refused_seen"] == 1.0


def test_where_nobody_was_refused_the_validation_says_so() -> None:
    inputs = ValidationInputs(y=[0.0, 1.0], score=[600.0, 500.0], turned_why="nobody was refused")
    assert validate(inputs)["refused_why"] == "nobody was refused"
