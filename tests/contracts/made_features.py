"""Features for the contracts: every aggregate under every window, and trees grown at random."""

from __future__ import annotations

from random import Random

from made_histories import KINDS

from benne.evidence import Kind
from benne.features import Aggregate, Atom, Direction, Feature, atom, readable_columns
from benne.kernel import (
    Expression,
    Type,
    as_number,
    as_of,
    coalesce,
    col,
    days_between,
    expression,
    greatest,
    if_else,
    least,
    type_of,
    year_of,
)

_STATE = {
    "statement": "account",
    "instalment": "account",
    "payment": "instalment",
    "account": "product",
    "profile": "region",
    "scored": "flag",
}
_WHOLE = {
    "account": "term_days",
    "statement": "days_past_due",
    "instalment": "paid_minor",
    "payment": "amount_minor",
    "profile": "household_size",
    "scored": "points",
}
_NEEDS_INT = (
    Aggregate.SUM,
    Aggregate.MEAN,
    Aggregate.SPREAD,
    Aggregate.TREND,
    Aggregate.QUANTILE,
)


def a_feature(name: str, value: Expression, *, category: bool = False) -> Feature:
    return Feature(
        name=name,
        value=value,
        unit="number",
        resolution=1.0,
        direction=Direction.EITHER,
        says="Made for a test",
        reason_family="made",
        absent="a bin of its own",
        actionable=False,
        category=category,
    )


def every_aggregate() -> list[Feature]:
    """Each aggregate under each window over each kind."""
    features = []
    for kind in KINDS.values():
        windows = [{"days": 30}, {"days": 365}, {}, {"state_by": _STATE[kind.name]}]
        if kind.ahead:
            windows += [{"ahead": 30}, {"ahead": 400}]
        for number, window in enumerate(windows):
            for made in _atoms(kind, window):
                name = f"{kind.name}_{made.aggregate}_{made.q_permille}_{number}"
                features.append(a_feature(name, made))
    features.append(
        a_feature("latest_text", atom("profile", Aggregate.LATEST, col("region")), category=True)
    )
    features.append(
        a_feature("level_max", atom("scored", Aggregate.MAX, greatest(col("level"), col("points"))))
    )
    features.append(a_feature("level_min", atom("scored", Aggregate.MIN, least(col("level"), 0))))
    features.append(
        a_feature("level_first", atom("scored", Aggregate.FIRST, col("level"), state_by="flag"))
    )
    features.append(a_feature("as_of_year", year_of(as_of) + atom("scored", Aggregate.COUNT)))
    return features


def _atoms(kind: Kind, window: dict[str, object]) -> list[Atom]:
    whole, made = col(_WHOLE[kind.name]), []
    for aggregate in Aggregate:
        if aggregate in (Aggregate.COUNT, Aggregate.DAYS_SINCE_LAST, Aggregate.DAYS_SINCE_FIRST):
            made.append(atom(kind.name, aggregate, **window))  # type: ignore[arg-type]
        elif aggregate is Aggregate.QUANTILE:
            made += [
                atom(kind.name, aggregate, whole, q_permille=q, **window)  # type: ignore[arg-type]
                for q in (333, 1000)
            ]
        elif aggregate is Aggregate.SHARE:
            made.append(atom(kind.name, aggregate, whole > 0, **window))  # type: ignore[arg-type]
        else:
            made.append(atom(kind.name, aggregate, whole, **window))  # type: ignore[arg-type]
    return made


# --- at random ---------------------------------------------------------------------------


def random_features(seed: int, count: int) -> list[Feature]:
    """Features of random atoms, filters and arithmetic."""
    rng = Random(seed)
    features = []
    for number in range(count):
        first, second = (_random_atom(rng) for _ in range(2))
        value = rng.choice(
            (first, first, first / second, first - second * 0.5, coalesce(first, second), -first)
        )
        features.append(a_feature(f"random_{number}", value))
    return features


def _random_atom(rng: Random) -> Atom:
    while True:
        kind = rng.choice(list(KINDS.values()))
        columns = readable_columns(kind)
        aggregate = rng.choice(list(Aggregate))
        value = _random_value(rng, columns, aggregate)
        where = _condition(rng, columns, 2) if rng.random() < 0.7 else None
        windows = [{"days": rng.choice((1, 30, 365))}, {}, {"state_by": _STATE[kind.name]}]
        if kind.ahead:
            windows.append({"ahead": rng.choice((1, 30))})
        if aggregate is Aggregate.QUANTILE:
            windows = [{**window, "q_permille": rng.choice((1, 500, 999))} for window in windows]
        made = atom(kind.name, aggregate, value, where=where, **rng.choice(windows))
        text = value is not None and type_of(value, columns) == "text"
        if not (text and aggregate in (Aggregate.LATEST, Aggregate.FIRST)):
            return made


def _random_value(rng: Random, columns: dict[str, Type], aggregate: Aggregate) -> Expression | None:
    if aggregate in (Aggregate.COUNT, Aggregate.DAYS_SINCE_LAST, Aggregate.DAYS_SINCE_FIRST):
        return rng.choice((None, col(rng.choice(list(columns)))))
    if aggregate is Aggregate.SHARE:
        return _condition(rng, columns, 2)
    if aggregate is Aggregate.DISTINCT:
        return col(rng.choice([c for c, of in columns.items() if of != "float"]))
    if aggregate in _NEEDS_INT:
        return _whole(rng, columns, 2)
    return rng.choice((_whole(rng, columns, 2), _double(rng, columns, 2)))


def _of(rng: Random, columns: dict[str, Type], of: Type, otherwise: Expression) -> Expression:
    """A column of one type, or ``otherwise`` where there is none."""
    names = [name for name, has in columns.items() if has == of]
    return col(rng.choice(names)) if names else otherwise


def _whole(rng: Random, columns: dict[str, Type], depth: int) -> Expression:
    leaf = _of(rng, columns, "int", expression(rng.choice((0, 3, -7))))
    if depth <= 0:
        return leaf
    instant = _of(rng, columns, "instant", as_of)

    def whole() -> Expression:
        return _whole(rng, columns, depth - 1)

    def condition() -> Expression:
        return _condition(rng, columns, depth - 1)

    return rng.choice(
        [
            lambda: leaf,
            lambda: days_between(instant, as_of),
            lambda: year_of(instant),
            lambda: as_number(condition()),
            lambda: whole() - whole(),
            lambda: -whole(),
            lambda: as_number(condition()) * leaf,
            lambda: if_else(condition(), whole(), rng.choice((None, 0, leaf))),
            lambda: least(whole(), leaf, 100),
            lambda: greatest(leaf, None, whole()),
            lambda: coalesce(leaf, whole()),
        ]
    )()


def _double(rng: Random, columns: dict[str, Type], depth: int) -> Expression:
    leaf = _of(rng, columns, "float", expression(0.1))
    whole = _whole(rng, columns, depth)
    return rng.choice(
        [
            lambda: leaf,
            lambda: leaf * leaf,
            lambda: whole / _whole(rng, columns, 1),
            lambda: leaf / whole,
            lambda: leaf + whole,
            lambda: whole * 0.1,
            lambda: -leaf,
            lambda: greatest(leaf, whole),
            lambda: if_else(_condition(rng, columns, 1), leaf, whole),
        ]
    )()


def _condition(rng: Random, columns: dict[str, Type], depth: int) -> Expression:
    left, right = _whole(rng, columns, depth - 1), _whole(rng, columns, 0)
    text = _of(rng, columns, "text", expression("a"))
    instant = _of(rng, columns, "instant", as_of)
    leaves = [
        left < right,
        left >= 0,
        (left > 1) | (right <= 5),
        text.equals("a"),
        text.differs(_of(rng, columns, "text", expression("b"))),
        text < "b",
        text.is_in("a", None, "bank", "event"),
        instant < as_of,
        instant.is_null(),
        _of(rng, columns, "float", expression(0.5)) >= left,
        _of(rng, columns, "bool", left.equals(3)),
    ]
    leaf = rng.choice(leaves)
    if depth <= 0:
        return leaf
    other = _condition(rng, columns, depth - 1)
    return rng.choice((leaf, leaf & other, leaf | other, ~other))
