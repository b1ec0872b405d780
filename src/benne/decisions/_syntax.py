"""Expressions as a person writes them in a policy, read into the kernel's tree; never run as code.

The words are Python's: ``score >= 600 and (answer == "score" or basket_minor is None)``,
``600 <= score < 650``, ``level in ("A", "B")``, arithmetic, and the functions of ``FUNCTIONS``.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from difflib import get_close_matches

from benne.kernel import (
    Call,
    Constant,
    Expression,
    InvalidInput,
    coalesce,
    days_between,
    greatest,
    if_else,
    least,
)

LONGEST = 2_000
"""Characters that one expression may have."""
_DEEPEST = 40
_SHOWN = 20

FUNCTIONS: Mapping[str, tuple[Callable[..., Expression], int | None]] = {
    "coalesce": (coalesce, None),
    "least": (least, None),
    "greatest": (greatest, None),
    "if_else": (if_else, 3),
    "days_between": (days_between, 2),
}
"""Every function that may be called, and how many arguments it takes (``None``: one or more)."""

_COMPARISONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "at_most",
    ast.Gt: "greater",
    ast.GtE: "at_least",
    ast.Eq: "equal",
    ast.NotEq: "differ",
}
_ARITHMETIC: Mapping[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
}


def parse(text: str, names: Mapping[str, Expression], *, where: str) -> Expression:
    """The expression that ``text`` writes, over ``names`` (what each name stands for).

    >>> from benne.kernel import col, evaluate
    >>> band = parse("600 <= score < 650", {"score": col("score")}, where="a rule")
    >>> evaluate(band, {"score": 649}, as_of=0), evaluate(band, {"score": 650}, as_of=0)
    (True, False)

    Raises:
        InvalidInput: not an expression, an unknown name or function, or something that is no part
            of the language; the message starts with ``where`` and shows the place.
    """
    if len(text) > LONGEST:
        raise InvalidInput(
            f"{where}: an expression has at most {LONGEST:,} characters; got {len(text):,}."
        )
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        column = getattr(error, "offset", None)
        place = f" near character {column}" if column else ""
        raise InvalidInput(f"{where}: {text!r} is no expression{place}.") from error
    return _Reader(text, names, where).read(tree.body, 0)


class _Reader:
    def __init__(self, text: str, names: Mapping[str, Expression], where: str) -> None:
        self._text, self._names, self._where = text, names, where

    def _refuse(self, node: ast.expr, why: str) -> InvalidInput:
        part = ast.get_source_segment(self._text.strip(), node) or self._text
        return InvalidInput(f"{self._where}: {part!r} {why}.")

    def read(self, node: ast.expr, depth: int) -> Expression:
        """The expression of one node."""
        if depth > _DEEPEST:
            raise self._refuse(node, f"is nested more than {_DEEPEST} deep")
        deeper = depth + 1
        match node:
            case ast.Name(id=name):
                return self._name(node, name)
            case ast.Constant(value=value):
                return self._constant(node, value)
            case ast.BoolOp(op=op, values=values):
                joint = "and" if isinstance(op, ast.And) else "or"
                return self._chain(joint, [self.read(value, deeper) for value in values])
            case ast.UnaryOp():
                return self._unary(node, deeper)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return Call(
                    _ARITHMETIC[type(op)], (self.read(left, deeper), self.read(right, deeper))
                )
            case ast.Compare():
                return self._comparison(node, deeper)
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                return self._call(node, name, [self.read(arg, deeper) for arg in args])
            case _:
                raise self._foreign(node)

    def _foreign(self, node: ast.expr) -> InvalidInput:
        return self._refuse(
            node,
            "is no part of a policy's language, which has names, numbers, texts, comparisons, and, "
            f"or, not, in, is None, + - * / and {', '.join(FUNCTIONS)}",
        )

    def _unary(self, node: ast.UnaryOp, depth: int) -> Expression:
        match node:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Call("not", (self.read(operand, depth),))
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return self._constant(node, -value)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Call("negate", (self.read(operand, depth),))
            case _:
                raise self._foreign(node)

    def _name(self, node: ast.expr, name: str) -> Expression:
        if name not in self._names:
            near = get_close_matches(name, self._names, n=5, cutoff=0.5)
            there = ", ".join(sorted(self._names) if len(self._names) <= _SHOWN else near)
            said = f"there are {there}" if len(self._names) <= _SHOWN else f"near to it are {there}"
            raise self._refuse(node, f"is unknown; {said if there else 'see the list of features'}")
        return self._names[name]

    def _constant(self, node: ast.expr, value: object) -> Expression:
        if value is None or isinstance(value, bool | int | float | str):
            return Constant(value)
        raise self._refuse(node, "is no number, text, True, False or None")

    @staticmethod
    def _chain(joint: str, parts: list[Expression]) -> Expression:
        whole = parts[0]
        for part in parts[1:]:
            whole = Call(joint, (whole, part))
        return whole

    def _comparison(self, node: ast.Compare, depth: int) -> Expression:
        lefts = [node.left, *node.comparators[:-1]]
        parts = [
            self._one(node, left, op, right, depth)
            for left, op, right in zip(lefts, node.ops, node.comparators, strict=True)
        ]
        return self._chain("and", parts)

    def _one(
        self, node: ast.expr, left: ast.expr, op: ast.cmpop, right: ast.expr, depth: int
    ) -> Expression:
        value = self.read(left, depth)
        if isinstance(op, ast.Is | ast.IsNot):
            if not (isinstance(right, ast.Constant) and right.value is None):
                raise self._refuse(node, "compares with is; only None is compared so, others by ==")
            null = Call("is_null", (value,))
            return null if isinstance(op, ast.Is) else Call("not", (null,))
        if isinstance(op, ast.In | ast.NotIn):
            if not isinstance(right, ast.Tuple | ast.List | ast.Set) or not right.elts:
                raise self._refuse(node, "needs a list after in, such as [1, 2] or ['A']")
            options = tuple(self.read(option, depth) for option in right.elts)
            if not all(isinstance(option, Constant) and option.value is not None
                       for option in options):  # fmt: skip
                raise self._refuse(node, "may list numbers and texts only")
            inside = Call("is_in", (value, *options))
            return inside if isinstance(op, ast.In) else Call("not", (inside,))
        if isinstance(right, ast.Constant) and right.value is None:
            raise self._refuse(node, "compares with None; write is None")
        return Call(_COMPARISONS[type(op)], (value, self.read(right, depth)))

    def _call(self, node: ast.expr, name: str, arguments: list[Expression]) -> Expression:
        if name not in FUNCTIONS:
            raise self._refuse(
                node, f"calls {name}, which is unknown; there are {', '.join(FUNCTIONS)}"
            )
        make, count = FUNCTIONS[name]
        if not arguments or (count is not None and len(arguments) != count):
            raise self._refuse(node, f"gives {name} {len(arguments)} arguments; it takes {count}")
        return make(*arguments)
