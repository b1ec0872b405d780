"""Expressions as Ibis: the second interpreter of the kernel's tree.

It gives, on every engine, what ``benne.kernel.evaluate`` gives.  Where engines differ (whole
days, casts of large integers, null among the options of a membership) the form chosen here
is one that they agree on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from benne.kernel import (
    MICROS_PER_DAY,
    AsOf,
    Call,
    Column,
    Constant,
    Expression,
    InvalidInput,
    Type,
    Value,
    type_of,
)

if TYPE_CHECKING:
    import ibis.expr.types as ir

LARGEST_DOUBLE = 1.7976931348623157e308
_SHIFT = 13
_REST = MICROS_PER_DAY >> _SHIFT
"""86,400,000,000 = 2**13 * 10,546,875: an instant shifted by 13 bits fits a double exactly."""


class Lowering:
    """Lowers typed expressions (``benne.kernel.unified``) over ``columns`` to Ibis.

    ``values`` are the columns' Ibis values, ``types`` their types; ``as_of`` is the Ibis value of
    the instant at which we look.
    """

    def __init__(
        self, values: Mapping[str, ir.Value], types: Mapping[str, Type], as_of: ir.Value
    ) -> None:
        self._values, self._types, self._as_of = values, types, as_of
        self._done: dict[Expression, ir.Value] = {}

    def __call__(self, node: Expression) -> ir.Value:
        """The Ibis value of ``node``."""
        if node not in self._done:
            self._done[node] = self._lower(node)
        return self._done[node]

    def _lower(self, node: Expression) -> ir.Value:
        if isinstance(node, Column):
            return self._values[node.name]
        if isinstance(node, AsOf):
            return self._as_of
        if isinstance(node, Constant):
            return literal(node.value)
        if isinstance(node, Call):
            if node.operator == "is_in":
                return self._is_in(node)
            parts = [self(argument) for argument in node.arguments]
            value = _OPERATORS[node.operator](*parts)
            if node.operator in _ARITHMETIC and type_of(node, self._types) == "float":
                value = finite(value)
            return value
        raise InvalidInput(f"{type(node).__name__} is not a node of the expression tree.")

    def _is_in(self, node: Call) -> ir.Value:
        value = self(node.arguments[0])
        options = [
            self(option)
            for option in node.arguments[1:]
            if not (isinstance(option, Constant) and option.value is None)
        ]
        if not options:
            return value.isnull().ifelse(None, literal(value=False))
        return value.isin(options)


_ARITHMETIC = frozenset({"add", "subtract", "multiply", "divide", "negate"})


def literal(value: Value) -> ir.Value:
    """A constant; a double goes by its text, which no engine takes for a decimal."""
    import ibis

    if value is None:
        return ibis.null()
    if isinstance(value, bool):
        return ibis.literal(value)
    if isinstance(value, int):
        return ibis.literal(value, "int64")
    if isinstance(value, float):
        return ibis.literal(repr(value)).cast("float64")
    return ibis.literal(value)


def finite(value: ir.Value) -> ir.Value:
    """``value``, or null where it is infinite or not a number."""
    return (value.abs() <= literal(LARGEST_DOUBLE)).ifelse(value, None)


def days_between(start: ir.Value, end: ir.Value) -> ir.Value:
    """Whole days: floor((end - start) / 86,400,000,000), exactly for all instants.

    Shifting by 13 bits first leaves at most 47 bits, so that the quotient of doubles cannot
    round across a whole number.
    """
    return ((end - start) >> literal(_SHIFT)) // literal(_REST)


def _year_of(instant: ir.Value) -> ir.Value:
    """The Gregorian year by integer arithmetic alone, from 1 March of the year 0 on.

    After C. Neri and L. Schneider, "Euclidean affine functions and their application to
    calendar algorithms" (2022), without the part for months: no engine's time zone enters.
    """
    quarters = (days_between(literal(0), instant) + literal(719_468)) * literal(4) + literal(3)
    century = quarters // literal(146_097)
    of_century = (quarters % literal(146_097)) // literal(4) * literal(4) + literal(3)
    year = century * literal(100) + of_century // literal(1_461)
    from_january = of_century % literal(1_461) // literal(4) >= literal(306)
    return year + from_january.ifelse(literal(1), literal(0))


def _if_else(condition: ir.Value, then: ir.Value, otherwise: ir.Value) -> ir.Value:
    return condition.ifelse(then, otherwise)


def _coalesce(*values: ir.Value) -> ir.Value:
    import ibis

    return ibis.coalesce(*values)


def _least(*values: ir.Value) -> ir.Value:
    import ibis

    return ibis.least(*values)


def _greatest(*values: ir.Value) -> ir.Value:
    import ibis

    return ibis.greatest(*values)


_OPERATORS: dict[str, Callable[..., Any]] = {
    "add": lambda left, right: left + right,
    "subtract": lambda left, right: left - right,
    "multiply": lambda left, right: left * right,
    "negate": lambda value: -value,
    "divide": lambda left, right: left / right.nullif(literal(0.0)),
    "less": lambda left, right: left < right,
    "at_most": lambda left, right: left <= right,
    "greater": lambda left, right: left > right,
    "at_least": lambda left, right: left >= right,
    "equal": lambda left, right: left == right,
    "differ": lambda left, right: left != right,
    "and": lambda left, right: left & right,
    "or": lambda left, right: left | right,
    "not": lambda value: value == literal(value=False),  # ~x loses its parentheses before IS NULL
    "is_null": lambda value: value.isnull(),
    "coalesce": _coalesce,
    "least": _least,
    "greatest": _greatest,
    "if_else": _if_else,
    "days_between": days_between,
    "year_of": _year_of,
    "as_number": lambda flag: flag.cast("int64"),
    "as_double": lambda number: number.cast("float64"),
}
