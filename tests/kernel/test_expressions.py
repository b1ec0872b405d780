"""The expression tree: its nulls, its types and its int64."""

from __future__ import annotations

import pytest

from benne.kernel import (
    OPERATORS,
    Call,
    InvalidInput,
    as_of,
    col,
    days_between,
    evaluate,
    greatest,
    if_else,
    type_of,
)

DAY = 86_400_000_000


def test_null_is_passed_on_by_arithmetic_and_comparison() -> None:
    for node in (col("a") + 1, col("a") < 1, col("a").equals(None), -col("a")):
        assert evaluate(node, {"a": None}, as_of=0) is None


def test_and_or_are_kleene() -> None:
    unknown, yes, no = col("n").equals(1), col("one").equals(1), col("one").equals(2)
    row = {"n": None, "one": 1}
    assert evaluate(unknown & no, row, as_of=0) is False
    assert evaluate(unknown & yes, row, as_of=0) is None
    assert evaluate(unknown | yes, row, as_of=0) is True
    assert evaluate(unknown | no, row, as_of=0) is None


def test_days_past_due_is_a_floor() -> None:
    node = days_between(col("due_at"), as_of)
    assert evaluate(node, {"due_at": 1}, as_of=DAY) == 0
    assert evaluate(node, {"due_at": 0}, as_of=DAY) == 1
    assert evaluate(node, {"due_at": DAY + 1}, as_of=DAY) == -1


def test_overflow_is_an_error_not_a_wrap() -> None:
    with pytest.raises(InvalidInput, match="overflowed"):
        evaluate(col("a") * 2, {"a": 2**62}, as_of=0)


def test_a_null_condition_takes_the_other_branch() -> None:
    assert evaluate(if_else(col("a") > 0, 1, 2), {"a": None}, as_of=0) == 2


def test_greatest_passes_over_nulls() -> None:
    assert evaluate(greatest(col("a"), 3), {"a": None}, as_of=0) == 3


def test_an_unknown_column_names_those_there_are() -> None:
    with pytest.raises(InvalidInput, match="there are a, b"):
        type_of(col("c"), {"a": "int", "b": "int"})


def test_a_text_is_not_added() -> None:
    with pytest.raises(InvalidInput, match="add takes numbers; got text, int"):
        type_of(col("a") + 1, {"a": "text"})


def test_every_operator_has_a_type_rule() -> None:
    for name in OPERATORS:
        try:
            type_of(Call(name, (col("a"), col("a"), col("a"))), {"a": "bool"})
        except InvalidInput as error:
            assert "unknown operator" not in str(error)
