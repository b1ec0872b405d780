"""The expression tree: one small typed language for rows, filters, features and policies.

An expression is data.  This module gives its nodes, its types and its in-process
interpreter; ``benne.features`` lowers the same tree to Ibis.  What both must agree on
is written here, once:

* values are ``bool``, ``int`` (int64), ``float`` (finite doubles), ``text`` and ``instant``
  (int64 microseconds, UTC); any of them may be null (``None``);
* arithmetic and comparison with null give null; ``and``, ``or``, ``not`` are Kleene's;
  a filter keeps a row only where it is true;
* ``/`` is one division of two doubles, each cast once, and null where the divisor is 0;
* an int that meets a double is cast to one, once (``unified`` writes the casts down);
* int64 arithmetic that overflows is an error, never a wrap; arithmetic of doubles whose
  result is not finite is null, as a division by 0 is;
* ``least`` and ``greatest`` pass over nulls, and are null where all are null.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from benne.kernel._errors import InvalidInput
from benne.kernel._instants import from_micros, whole_days

Type: TypeAlias = Literal["bool", "int", "float", "text", "instant"]
Value: TypeAlias = "bool | int | float | str | None"
Row: TypeAlias = Mapping[str, Value]
Evaluator: TypeAlias = Callable[[Row, int], Value]

_LEAST_INT, _LARGEST_INT = -(2**63), 2**63 - 1


class Expression:
    """A node of the tree.  Operators build nodes; nothing is computed until asked."""

    __slots__ = ()

    def __add__(self, other: Operand) -> Call:
        return Call("add", (self, expression(other)))

    def __sub__(self, other: Operand) -> Call:
        return Call("subtract", (self, expression(other)))

    def __mul__(self, other: Operand) -> Call:
        return Call("multiply", (self, expression(other)))

    def __truediv__(self, other: Operand) -> Call:
        return Call("divide", (self, expression(other)))

    def __radd__(self, other: Operand) -> Call:
        return Call("add", (expression(other), self))

    def __rsub__(self, other: Operand) -> Call:
        return Call("subtract", (expression(other), self))

    def __rmul__(self, other: Operand) -> Call:
        return Call("multiply", (expression(other), self))

    def __rtruediv__(self, other: Operand) -> Call:
        return Call("divide", (expression(other), self))

    def __neg__(self) -> Call:
        return Call("negate", (self,))

    def __lt__(self, other: Operand) -> Call:
        return Call("less", (self, expression(other)))

    def __le__(self, other: Operand) -> Call:
        return Call("at_most", (self, expression(other)))

    def __gt__(self, other: Operand) -> Call:
        return Call("greater", (self, expression(other)))

    def __ge__(self, other: Operand) -> Call:
        return Call("at_least", (self, expression(other)))

    def __and__(self, other: Operand) -> Call:
        return Call("and", (self, expression(other)))

    def __or__(self, other: Operand) -> Call:
        return Call("or", (self, expression(other)))

    def __invert__(self) -> Call:
        return Call("not", (self,))

    def equals(self, other: Operand) -> Call:
        """Equality as an expression; ``==`` compares the trees themselves."""
        return Call("equal", (self, expression(other)))

    def differs(self, other: Operand) -> Call:
        """Inequality as an expression."""
        return Call("differ", (self, expression(other)))

    def is_null(self) -> Call:
        """True where the value is null."""
        return Call("is_null", (self,))

    def is_in(self, *values: Value) -> Call:
        """True where the value is one of ``values``."""
        return Call("is_in", (self, *map(Constant, values)))

    def __bool__(self) -> bool:
        raise InvalidInput("an expression has no truth value; use & | ~ in place of and, or, not.")


@dataclass(frozen=True, slots=True)
class Column(Expression):
    """The value of a named column."""

    name: str


@dataclass(frozen=True, slots=True)
class Constant(Expression):
    """A value that is the same in every row."""

    value: Value

    def __post_init__(self) -> None:
        if isinstance(self.value, float) and not math.isfinite(self.value):
            raise InvalidInput(f"a constant must be finite; got {self.value!r}.")

    def __eq__(self, other: object) -> bool:
        """Equal in type, too: 1, 1.0 and True are three constants."""
        return isinstance(other, Constant) and self._key == other._key

    def __hash__(self) -> int:
        return hash(self._key)

    @property
    def _key(self) -> tuple[type, Value]:
        return type(self.value), self.value


@dataclass(frozen=True, slots=True)
class AsOf(Expression):
    """The instant at which we look."""


@dataclass(frozen=True, slots=True)
class Call(Expression):
    """An operator applied to expressions."""

    operator: str
    arguments: tuple[Expression, ...]


Operand: TypeAlias = "Expression | bool | int | float | str | None"

as_of = AsOf()


def expression(value: Operand) -> Expression:
    """``value`` itself if it is an expression, else a constant."""
    return value if isinstance(value, Expression) else Constant(value)


def col(name: str) -> Column:
    """The column ``name``."""
    return Column(name)


def coalesce(*values: Operand) -> Call:
    """The first of ``values`` that is not null."""
    return Call("coalesce", tuple(map(expression, values)))


def least(*values: Operand) -> Call:
    """The smallest of ``values``, passing over nulls."""
    return Call("least", tuple(map(expression, values)))


def greatest(*values: Operand) -> Call:
    """The largest of ``values``, passing over nulls."""
    return Call("greatest", tuple(map(expression, values)))


def if_else(condition: Operand, then: Operand, otherwise: Operand) -> Call:
    """``then`` where ``condition`` is true, else ``otherwise`` (where it is null, too)."""
    return Call("if_else", tuple(map(expression, (condition, then, otherwise))))


def days_between(start: Operand, end: Operand) -> Call:
    """Whole days from ``start`` to ``end``: floor of microseconds / 86,400,000,000."""
    return Call("days_between", (expression(start), expression(end)))


def year_of(instant: Operand) -> Call:
    """The calendar year, UTC, of an instant."""
    return Call("year_of", (expression(instant),))


def as_number(flag: Operand) -> Call:
    """1 where a condition is true, 0 where it is false, null where it is null."""
    return Call("as_number", (expression(flag),))


def as_double(number: Operand) -> Call:
    """A number as a double: the nearest one."""
    return Call("as_double", (expression(number),))


# --- types -----------------------------------------------------------------------------

_NUMBERS = frozenset({"int", "float"})


def type_of(node: Expression, columns: Mapping[str, Type]) -> Type | None:
    """The type of ``node`` over ``columns``; ``None`` for a bare null.

    >>> type_of(col("due_minor") - col("paid_minor"), {"due_minor": "int", "paid_minor": "int"})
    'int'

    Raises:
        InvalidInput: an unknown column or operator, or operands that do not fit.
    """
    if isinstance(node, Column):
        if node.name not in columns:
            raise InvalidInput(
                f"unknown column {node.name!r}; there are {', '.join(sorted(columns))}."
            )
        return columns[node.name]
    if isinstance(node, AsOf):
        return "instant"
    if isinstance(node, Constant):
        return _type_of_value(node.value)
    if isinstance(node, Call):
        types = [type_of(argument, columns) for argument in node.arguments]
        return _type_of_call(node.operator, types)
    raise InvalidInput(f"{type(node).__name__} is not a node of the expression tree.")


def _type_of_value(value: Value) -> Type | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        if not _LEAST_INT <= value <= _LARGEST_INT:
            raise InvalidInput(f"an integer must fit int64; got {value}.")
        return "int"
    return "float" if isinstance(value, float) else "text"


_RULES: dict[str, tuple[frozenset[str] | None, str, Type | None]] = {
    # operator: (operand types, or None where they need only agree; in words; result type)
    **dict.fromkeys(("add", "subtract", "multiply", "negate"), (_NUMBERS, "numbers", None)),
    "divide": (_NUMBERS, "numbers", "float"),
    **dict.fromkeys(
        ("less", "at_most", "greater", "at_least", "equal", "differ", "is_in"),
        (None, "operands of one type", "bool"),
    ),
    **dict.fromkeys(("and", "or", "not"), (frozenset({"bool"}), "conditions", "bool")),
    **dict.fromkeys(("coalesce", "least", "greatest"), (None, "operands of one type", None)),
    "is_null": (frozenset({"bool", "int", "float", "text", "instant"}), "one value", "bool"),
    "days_between": (frozenset({"instant"}), "instants", "int"),
    "year_of": (frozenset({"instant"}), "an instant", "int"),
    "as_number": (frozenset({"bool"}), "a condition", "int"),
    "as_double": (_NUMBERS, "a number", "float"),
}


def _type_of_call(name: str, types: list[Type | None]) -> Type | None:
    if name == "if_else":
        _demand(types[0] in ("bool", None), name, "a condition first", types)
        types = types[1:]
        name = "coalesce"  # the branches agree as its operands do
    if name not in _RULES:
        raise InvalidInput(f"unknown operator {name!r}; there are {', '.join(OPERATORS)}.")
    allowed, words, result = _RULES[name]
    known = {t for t in types if t is not None}
    _demand(_agree(known) if allowed is None else known <= allowed, name, words, types)
    return result or _common(known)


def _agree(known: set[Type]) -> bool:
    return len(known) <= 1 or known <= _NUMBERS


def _common(known: set[Type]) -> Type | None:
    if not known:
        return None
    return "float" if "float" in known else next(iter(known))


def _demand(holds: bool, name: str, what: str, types: list[Type | None]) -> None:  # noqa: FBT001
    if not holds:
        got = ", ".join(t or "null" for t in types)
        raise InvalidInput(f"{name} takes {what}; got {got}.")


def unified(node: Expression, columns: Mapping[str, Type]) -> Expression:
    """``node`` with a cast wherever an int meets a double, so that no engine casts in silence.

    >>> unified(col("n") < 0.5, {"n": "int"}) == (as_double(col("n")) < 0.5)
    True

    Raises:
        InvalidInput: as ``type_of``.
    """
    type_of(node, columns)
    return _unified(node, columns)


def _unified(node: Expression, columns: Mapping[str, Type]) -> Expression:
    if not isinstance(node, Call):
        return node
    parts = tuple(_unified(argument, columns) for argument in node.arguments)
    types = [type_of(part, columns) for part in parts]
    doubles = "float" in types or node.operator == "divide"
    if doubles and node.operator != "as_double":
        parts = tuple(
            (_cast(part) if kind == "int" else part)
            for part, kind in zip(parts, types, strict=True)
        )
    return Call(node.operator, parts)


def _cast(node: Expression) -> Expression:
    if isinstance(node, Constant) and isinstance(node.value, int):
        return Constant(float(node.value))
    return as_double(node)


# --- the in-process interpreter --------------------------------------------------------


def evaluate(node: Expression, row: Row, *, as_of: int) -> Value:
    """The value of ``node`` for one ``row`` at ``as_of`` (microseconds).

    >>> evaluate(col("a") / 0, {"a": 1}, as_of=0) is None
    True
    """
    return evaluator(node)(row, as_of)


def evaluator(node: Expression) -> Evaluator:
    """A function of (row, as_of) for ``node``, built once and called for many rows."""
    if isinstance(node, Column):
        name = node.name
        return lambda row, _: row[name]
    if isinstance(node, Constant):
        value = node.value
        return lambda _row, _as_of: value
    if isinstance(node, AsOf):
        return lambda _, as_of: as_of
    if isinstance(node, Call):
        parts = tuple(map(evaluator, node.arguments))
        if node.operator not in FUNCTIONS:
            raise InvalidInput(f"unknown operator {node.operator!r}.")
        return _evaluate_call(FUNCTIONS[node.operator], parts)
    raise InvalidInput(f"{type(node).__name__} is not a node of the expression tree.")


def _evaluate_call(function: Callable[..., Value], parts: tuple[Evaluator, ...]) -> Evaluator:
    if len(parts) == 1:
        (only,) = parts
        return lambda row, as_of: function(only(row, as_of))
    if len(parts) == 2:
        left, right = parts
        return lambda row, as_of: function(left(row, as_of), right(row, as_of))
    return lambda row, as_of: function(*[part(row, as_of) for part in parts])


def _strict(function: Callable[..., Value]) -> Callable[..., Value]:
    def null_in_null_out(*values: Value) -> Value:
        return None if None in values else function(*values)

    return null_in_null_out


def _whole(function: Callable[..., Value]) -> Callable[..., Value]:
    def within_int64(*values: Value) -> Value:
        result = function(*values)
        if type(result) is int and not _LEAST_INT <= result <= _LARGEST_INT:
            raise InvalidInput(f"int64 arithmetic overflowed: {function.__name__} of {values}.")
        if type(result) is float and not math.isfinite(result):
            return None
        return result

    return _strict(within_int64)


def _divide(left: float, right: float) -> float | None:
    if right == 0:
        return None
    quotient = float(left) / float(right)
    return quotient if math.isfinite(quotient) else None


def _and(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def _or(left: bool | None, right: bool | None) -> bool | None:  # noqa: FBT001
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def _first(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


def _least(*values: Value) -> Value:
    return min((value for value in values if value is not None), default=None)


def _greatest(*values: Value) -> Value:
    return max((value for value in values if value is not None), default=None)


FUNCTIONS: dict[str, Callable[..., Value]] = {
    "add": _whole(operator.add),
    "subtract": _whole(operator.sub),
    "multiply": _whole(operator.mul),
    "negate": _whole(operator.neg),
    "divide": _strict(_divide),
    "less": _strict(operator.lt),
    "at_most": _strict(operator.le),
    "greater": _strict(operator.gt),
    "at_least": _strict(operator.ge),
    "equal": _strict(operator.eq),
    "differ": _strict(operator.ne),
    "is_in": lambda value, *options: None if value is None else value in options,
    "and": _and,
    "or": _or,
    "not": _strict(operator.not_),
    "is_null": lambda value: value is None,
    "coalesce": _first,
    "least": _least,
    "greatest": _greatest,
    "if_else": lambda condition, then, otherwise: then if condition else otherwise,
    "days_between": _strict(whole_days),
    "year_of": _strict(lambda instant: from_micros(instant).year),
    "as_number": _strict(int),
    "as_double": _strict(float),
}
"""What each operator does to values."""

OPERATORS: tuple[str, ...] = tuple(FUNCTIONS)
"""Every operator's name; each interpreter covers them all."""
