"""The whole validation: every figure or its reason, whatever is handed over."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from benne.kernel import InvalidInput
from benne.monitoring import Held, Validation, ValidationInputs, auc, ks, validate, whyless


def _made() -> ModuleType:
    path = Path(__file__).parent / "made.py"
    spec = importlib.util.spec_from_file_location("made_for_validation", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MADE = _made()
WHOLE: ValidationInputs = MADE.inputs(800)
OPTIONAL = [
    field.name
    for field in dataclasses.fields(ValidationInputs)
    if field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
]


def plain_json(found: dict[str, Any]) -> dict[str, Any]:
    """``found`` through JSON and back; NaN and what is not JSON would raise."""
    read: dict[str, Any] = json.loads(json.dumps(found, allow_nan=False))
    return read


def test_every_key_of_the_contract_is_there_and_every_null_has_its_reason() -> None:
    found = validate(WHOLE)
    assert not set(Validation.__annotations__) - set(found)
    assert whyless(found) == []
    assert plain_json(found) == found
    assert found["schema"] == 1


def test_the_headline_is_that_of_the_functions() -> None:
    found = validate(WHOLE)
    area = auc(WHOLE.y, WHOLE.score, subject=WHOLE.subject)
    assert {key: found[key] for key in area} == area
    assert found["ks"] == ks(WHOLE.y, WHOLE.score)["ks"]
    assert found["gini"] == 2 * found["auc"] - 1


def test_the_same_inputs_give_the_same_validation() -> None:
    assert validate(WHOLE) == validate(MADE.inputs(800))


@given(st.sets(st.sampled_from(OPTIONAL)), st.integers(0, 3))
@settings(max_examples=25, deadline=None)
def test_what_is_absent_is_null_with_its_reason(left_out: set[str], classes: int) -> None:
    bare = ValidationInputs(y=[], score=[])
    inputs = dataclasses.replace(WHOLE, **{name: getattr(bare, name) for name in left_out})
    y = np.asarray(inputs.y)
    shown = (y, np.where(y == 1, 0, y), np.where(y == 0, 1, y), np.full(len(y), np.nan))[classes]
    found = validate(dataclasses.replace(inputs, y=shown))
    assert not set(Validation.__annotations__) - set(found)
    assert whyless(found) == []
    plain_json(found)


@pytest.mark.parametrize("n", [0, 1, 2, 3])
def test_a_handful_of_people_is_no_error(n: int) -> None:
    found = validate(_first(WHOLE, n))
    assert whyless(found) == []
    plain_json(found)


def _first(inputs: ValidationInputs, n: int) -> ValidationInputs:
    """The inputs of the first ``n`` observations."""
    size = len(np.asarray(inputs.y))

    def cut(value: Any) -> Any:
        return value[:n] if isinstance(value, np.ndarray) and len(value) == size else value

    changed = {f.name: cut(getattr(inputs, f.name)) for f in dataclasses.fields(inputs)}
    changed["groups"] = {name: cut(v) for name, v in inputs.groups.items()}
    changed["alternatives"] = {name: cut(v) for name, v in inputs.alternatives.items()}
    assert inputs.turned is not None
    changed["turned"] = dataclasses.replace(
        inputs.turned,
        admitted_pd=cut(inputs.turned.admitted_pd),
        admitted_propensity=cut(inputs.turned.admitted_propensity),
    )
    changed["feature_tables"] = tuple(
        dataclasses.replace(
            t, values=cut(t.values), points=cut(t.points), other=cut(t.other)
        )
        for t in inputs.feature_tables
    )  # fmt: skip
    return ValidationInputs(**changed)


def test_out_of_time_says_why_it_is_missing_in_the_callers_words() -> None:
    found = validate(ValidationInputs(y=[0, 1], score=[600, 500], out_of_time_why="one day only"))
    assert found["out_of_time"] is None and found["out_of_time_why"] == "one day only"


def test_out_of_time_of_one_class_keeps_its_reasons() -> None:
    held = Held(y=[0, 0], score=[500, 600], pd=[0.1, 0.2])
    found = validate(ValidationInputs(y=[0, 1], score=[600, 500], out_of_time=held))
    assert found["out_of_time"]["auc"] is None and "good" in found["out_of_time"]["auc_why"]
    assert whyless(found) == []


def test_prices_have_an_interval_or_the_callers_reason() -> None:
    found = validate(WHOLE)
    low, price, high = (found[f"price_of_additivity{end}"] for end in ("_low", "", "_high"))
    assert low < price < high
    assert found["price_of_monotonicity_why"].startswith("no table is held monotone")


def test_a_promise_comes_from_the_log_odds_where_none_is_given() -> None:
    odds = np.log([9.0, 1 / 9])
    found = validate(ValidationInputs(y=[0, 1], score=[700, 400], log_odds=odds))
    assert found["brier"] == pytest.approx(0.01)


def test_folds_stand_in_their_own_order_whatever_they_are_called() -> None:
    y, score = np.tile([0.0, 1.0], 60), np.arange(120.0)
    number = np.arange(120) % 12
    found = validate(ValidationInputs(y=y, score=score, fold=number))["folds"]
    assert [f["fold"] for f in found] == [str(i) for i in range(12)]
    mixed = np.array([None if i == 0 else f"f{i}" for i in number], dtype=object)
    again = validate(ValidationInputs(y=y, score=score, fold=mixed))["folds"]
    assert [f["observations"] for f in again] == [10] * 12


def test_no_figure_is_about_those_without_a_score() -> None:
    scored = ~np.isnan(np.asarray(WHOLE.score))
    rng = np.random.default_rng(0)
    wild = dataclasses.replace(
        WHOLE,
        log_odds=np.where(scored, WHOLE.log_odds, rng.normal(size=len(scored))),
        alternatives={
            k: np.where(scored, v, rng.normal(size=len(scored)))
            for k, v in WHOLE.alternatives.items()
        },
    )
    found, expected = validate(wild), validate(WHOLE)
    for key in ("brier", "calibration", "auc_of_log_odds", "price_of_strictness", "folds"):
        assert found[key] == expected[key], key


def test_nulls_in_what_is_handed_through_get_a_reason() -> None:
    found = validate(
        ValidationInputs(
            y=[], score=[], evidence={"rows": None, "share": np.nan}, card={"base": None}
        )
    )
    assert whyless(found) == []
    assert found["evidence"]["share_why"] == "not a finite number"


def test_arrays_of_another_length_are_refused_by_name() -> None:
    with pytest.raises(InvalidInput, match="group sex must have one entry for each of the 2"):
        validate(ValidationInputs(y=[0, 1], score=[1, 2], groups={"sex": ["a"]}))


def test_the_explanation_names_every_key() -> None:
    page = Path(__file__).parents[2] / "docs" / "explanation" / "validation.md"
    said = page.read_text(encoding="utf-8")
    assert [key for key in Validation.__annotations__ if f"`{key}`" not in said] == []
