"""The aggregates: for each, what it takes and gives, and how both engines compute it.

In batch an aggregate is made of *parts*, plain reductions that atoms share, and a *finish* over
those.  In process it looks at a run of records that are already filtered and in order.
Both follow ``benne.features.Aggregate``, and give the same bits: what is added up are exact
integers, and a double is cast from one by rounding to the nearest.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from benne.features._algebra import Aggregate
from benne.features._lowering import days_between, literal
from benne.kernel import InvalidInput, Type, Value, whole_days

if TYPE_CHECKING:
    import ibis.expr.types as ir

_MOMENT = 10**38
_INT64 = 2**63
_DECIMAL = "decimal(38, 0)"


@dataclass(frozen=True, slots=True)
class Run:
    """A run of kept records, for one atom: ``values[low:high]`` with their instants, in order."""

    values: list[Any]
    instants: list[int]
    low: int
    high: int
    as_of: int
    q_permille: int


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that an atom keeps, in batch: Ibis values over the rows of its kind.

    ``keep`` is true for them.  ``order`` is the struct (instant, ``known_at``, ``record``,
    ``source``), ``days`` the whole days from the instant to ``as_of``.
    """

    rows: ir.Table
    value: ir.Value
    keep: ir.BooleanValue
    instant: ir.Value
    order: ir.Value
    days: ir.Value
    q_permille: int


Parts: TypeAlias = "Mapping[str, ir.Value]"


@dataclass(frozen=True, slots=True)
class Operator:
    """One aggregate.

    ``takes``: the types of the values it takes (``None``: any); ``gives``: its result's type
    (``None``: that of the values).  ``parts`` and ``finish`` are the batch form, ``run`` the one
    in process; ``over_nothing`` is the value where no record is left.
    """

    takes: frozenset[Type] | None
    gives: Type | None
    parts: tuple[str, ...]
    finish: Callable[[Parts, ir.Value], ir.Value]
    run: Callable[[Run], Value]
    needs_value: bool = True
    over_nothing: int | None = None


# --- parts: the reductions in batch ------------------------------------------------------


NEEDS_PRESENT = frozenset(
    {"count", "sum_of_days", "sum_of_days_squared", "latest", "first"}
    | {"last_instant", "first_instant", "quantile"}
)
"""The parts that look past the value; the others pass over nulls by themselves."""


def _reduction(name: str, *types: str, gives: str) -> Callable[..., ir.Value]:
    """The engine's own aggregate function ``name``, typed."""
    import ibis

    def one(a: Any) -> None: ...
    def two(a: Any, b: Any) -> None: ...

    stub: Callable[..., None] = one if len(types) == 1 else two
    return ibis.udf.agg.builtin(stub, name=name, signature=(types, gives))  # type: ignore[no-any-return]


def _exact(value: ir.Value) -> ir.Value:
    return value.cast(_DECIMAL)


def _by_order(name: str) -> Callable[[Kept], ir.Value]:
    def reduce(kept: Kept) -> ir.Value:
        of = str(kept.value.type())
        chosen = _reduction(name, of, str(kept.order.type()), gives=of)
        return chosen(kept.value, kept.order, where=kept.keep)

    return reduce


def _quantile(kept: Kept) -> ir.Value:
    """The value at floor(q (n - 1)) of the sorted values, picked where they are collected."""
    values = kept.value.collect(where=kept.keep).sort()
    count = kept.rows.count(where=kept.keep)
    position = (count - literal(1)) * literal(kept.q_permille) // literal(1000)
    return (count > literal(0)).ifelse(values[position.cast("int32")], None)


PARTS: dict[str, Callable[[Kept], ir.Value]] = {
    "count": lambda k: k.rows.count(where=k.keep),
    "count_true": lambda k: k.rows.count(where=k.keep & k.value),
    "sum": lambda k: _reduction("sum", "int64", gives=_DECIMAL)(k.value, where=k.keep),
    "sum_exact": lambda k: _exact(k.value).sum(where=k.keep),
    "sum_of_squares": lambda k: (_exact(k.value) * _exact(k.value)).sum(where=k.keep),
    "sum_of_days": lambda k: _exact(k.days).sum(where=k.keep),
    "sum_of_days_squared": lambda k: _exact(k.days * k.days).sum(where=k.keep),
    "sum_of_products": lambda k: (_exact(k.days) * _exact(k.value)).sum(where=k.keep),
    "min": lambda k: k.value.min(where=k.keep),
    "max": lambda k: k.value.max(where=k.keep),
    "distinct": lambda k: k.value.nunique(where=k.keep),
    "latest": _by_order("max_by"),
    "first": _by_order("min_by"),
    "last_instant": lambda k: k.instant.max(where=k.keep),
    "first_instant": lambda k: k.instant.min(where=k.keep),
    "quantile": _quantile,
}


# --- finishes: from parts to the value, in batch -----------------------------------------


def _part(name: str) -> Callable[[Parts, ir.Value], ir.Value]:
    return lambda parts, _as_of: parts[name]


def _double(whole: ir.Value) -> ir.Value:
    """The double nearest to an exact integer: by its digits where int64 cannot hold it."""
    import ibis

    fits = whole.between(_wide(-_INT64), _wide(_INT64 - 1))
    return ibis.ifelse(
        fits, whole.cast("int64").cast("float64"), whole.cast("string").cast("float64")
    )


def _wide(number: int) -> ir.Value:
    return literal(number)


def _mean(parts: Parts, _as_of: ir.Value) -> ir.Value:
    return _double(parts["sum"]) / parts["count"].cast("float64").nullif(literal(0.0))


def _share(parts: Parts, _as_of: ir.Value) -> ir.Value:
    count = parts["count"].cast("float64").nullif(literal(0.0))
    return parts["count_true"].cast("float64") / count


def _spread(parts: Parts, _as_of: ir.Value) -> ir.Value:
    n, total = _exact(parts["count"]), parts["sum_exact"]
    over = n * parts["sum_of_squares"] - total * total
    under = parts["count"] * (parts["count"] - literal(1))
    return (_double(over) / under.cast("float64").nullif(literal(0.0))).sqrt()


def _trend(parts: Parts, _as_of: ir.Value) -> ir.Value:
    n, days, total = _exact(parts["count"]), parts["sum_of_days"], parts["sum_exact"]
    over = days * total - n * parts["sum_of_products"]
    under = n * parts["sum_of_days_squared"] - days * days
    return _double(over) / _double(under).nullif(literal(0.0))


def _since(name: str) -> Callable[[Parts, ir.Value], ir.Value]:
    return lambda parts, as_of: days_between(parts[name], as_of)


# --- runs: the same in process -----------------------------------------------------------


def _moment(value: int) -> int:
    if not -_MOMENT < value < _MOMENT:
        raise InvalidInput(f"a moment must fit 38 digits; got {value}; use a larger unit.")
    return value


def _run_sum(run: Run) -> Value:
    if run.low == run.high:
        return None
    total: int = sum(run.values[run.low : run.high])
    if not -_INT64 <= total < _INT64:
        raise InvalidInput(f"a sum must fit int64; got {total}; use a larger unit.")
    return total


def _run_mean(run: Run) -> Value:
    n = run.high - run.low
    return float(sum(run.values[run.low : run.high])) / float(n) if n else None


def _run_spread(run: Run) -> Value:
    n, values = run.high - run.low, run.values[run.low : run.high]
    if n < 2:
        return None
    total = sum(values)
    squares = _moment(sum([value * value for value in values]))
    over = _moment(_moment(n * squares) - _moment(total * total))
    return math.sqrt(float(over) / float(n * (n - 1)))


def _run_trend(run: Run) -> Value:
    n, values = run.high - run.low, run.values[run.low : run.high]
    days = [whole_days(instant, run.as_of) for instant in run.instants[run.low : run.high]]
    of_days, total = sum(days), sum(values)
    under = _moment(n * sum([day * day for day in days]) - of_days * of_days)
    if under == 0:
        return None
    products = sum([day * value for day, value in zip(days, values, strict=True)])
    over = _moment(_moment(of_days * total) - _moment(n * products))
    return float(over) / float(under)


def _run_quantile(run: Run) -> Value:
    n = run.high - run.low
    if n == 0:
        return None
    chosen: Value = sorted(run.values[run.low : run.high])[run.q_permille * (n - 1) // 1000]
    return chosen


def _run_share(run: Run) -> Value:
    n = run.high - run.low
    return float(sum(run.values[run.low : run.high])) / float(n) if n else None


def _run_min(run: Run) -> Value:
    return min(run.values[run.low : run.high], default=None)


def _run_max(run: Run) -> Value:
    return max(run.values[run.low : run.high], default=None)


def _run_latest(run: Run) -> Value:
    return run.values[run.high - 1] if run.high > run.low else None


def _run_first(run: Run) -> Value:
    return run.values[run.low] if run.high > run.low else None


def _run_since_last(run: Run) -> Value:
    return whole_days(run.instants[run.high - 1], run.as_of) if run.high > run.low else None


def _run_since_first(run: Run) -> Value:
    return whole_days(run.instants[run.low], run.as_of) if run.high > run.low else None


# --- the table ---------------------------------------------------------------------------

_INT: frozenset[Type] = frozenset({"int"})
_BOOL: frozenset[Type] = frozenset({"bool"})
_ORDERED: frozenset[Type] = frozenset({"int", "float"})
_EXACT: frozenset[Type] = frozenset({"int", "text", "bool", "instant"})
_SHOWN: frozenset[Type] = frozenset({"int", "float", "text"})

OPERATORS: dict[Aggregate, Operator] = {
    Aggregate.COUNT: Operator(
        None,
        "int",
        ("count",),
        _part("count"),
        lambda run: run.high - run.low,
        needs_value=False,
        over_nothing=0,
    ),
    Aggregate.SUM: Operator(
        _INT, "int", ("sum",), lambda parts, _as_of: parts["sum"].cast("int64"), _run_sum
    ),
    Aggregate.MEAN: Operator(_INT, "float", ("sum", "count"), _mean, _run_mean),
    Aggregate.MIN: Operator(_ORDERED, None, ("min",), _part("min"), _run_min),
    Aggregate.MAX: Operator(_ORDERED, None, ("max",), _part("max"), _run_max),
    Aggregate.SPREAD: Operator(
        _INT, "float", ("count", "sum_exact", "sum_of_squares"), _spread, _run_spread
    ),
    Aggregate.DISTINCT: Operator(
        _EXACT,
        "int",
        ("distinct",),
        _part("distinct"),
        lambda run: len(set(run.values[run.low : run.high])),
        over_nothing=0,
    ),
    Aggregate.LATEST: Operator(_SHOWN, None, ("latest",), _part("latest"), _run_latest),
    Aggregate.FIRST: Operator(_SHOWN, None, ("first",), _part("first"), _run_first),
    Aggregate.DAYS_SINCE_LAST: Operator(
        None, "int", ("last_instant",), _since("last_instant"), _run_since_last, needs_value=False
    ),
    Aggregate.DAYS_SINCE_FIRST: Operator(
        None,
        "int",
        ("first_instant",),
        _since("first_instant"),
        _run_since_first,
        needs_value=False,
    ),
    Aggregate.SHARE: Operator(_BOOL, "float", ("count", "count_true"), _share, _run_share),
    Aggregate.QUANTILE: Operator(_INT, None, ("quantile",), _part("quantile"), _run_quantile),
    Aggregate.TREND: Operator(
        _INT,
        "float",
        ("count", "sum_exact", "sum_of_days", "sum_of_days_squared", "sum_of_products"),
        _trend,
        _run_trend,
    ),
}
"""Every aggregate; a value of a type that it does not take is refused by ``check``."""
