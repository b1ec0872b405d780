"""One meaning, three engines: DuckDB = in process = the naive oracle, bit for bit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from feature_oracle import value_of
from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from made_features import every_aggregate, random_features
from made_histories import KINDS, PERMIT, Case, a_case
from made_lake import Look, in_duckdb, sql_of

from benne.evidence import Columns, History, View
from benne.features import Feature, Plan, plan
from benne.kernel import Row

EVERY = plan(every_aggregate(), KINDS.values())
seeds = st.integers(0, 2**32)
few = settings(
    max_examples=3,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a seed has no smaller one
    suppress_health_check=list(HealthCheck),
)


def same(left: Any, right: Any) -> bool:
    """Equal in type and to the last bit."""
    if isinstance(left, float) and isinstance(right, float):
        return left.hex() == right.hex()
    return type(left) is type(right) and left == right


def looks_of(seed: int, cases: int) -> list[Look]:
    made = [a_case(seed + i) for i in range(cases)]
    return [(case, view) for case in made for view in case.views]


def demand_agreement(of: Plan, looks: list[Look], *, general: bool) -> None:
    in_batch = in_duckdb(sql_of(of, general=general), looks, general=general)
    for (case, view), batch in zip(looks, in_batch, strict=True):
        in_process = of.compute(case.history, PERMIT, view)
        by_column = of.compute(as_columns(case.history), PERMIT, view)
        engines = {"in process": in_process, "by column": by_column, "DuckDB": batch}
        for feature in of.features:
            expected = oracle(of, feature, case, view)
            for engine, values in engines.items():
                got = values[feature.name]
                assert same(got, expected), (engine, feature.name, got, expected, view, case)


def as_columns(history: History) -> dict[str, Columns]:
    """A person's versions as the online store keeps them."""

    def columns(kind: str, rows: Sequence[Row]) -> Columns:
        return Columns(
            tuple(KINDS[kind].types), len(rows), lambda name: [row[name] for row in rows]
        )

    return {kind: columns(kind, rows) for kind, rows in history.items()}


def oracle(of: Plan, feature: Feature, case: Case, view: View) -> Any:
    """The oracle's value, of the type that the plan gives it."""
    value = value_of(feature, KINDS, case.history, view)
    return value if value is None or of.types[feature.name] != "float" else float(value)


@few
@given(seeds)
def test_every_aggregate_agrees_in_the_ordinary_view(seed: int) -> None:
    looks = [(case, View(view.as_of, about=view.about)) for case, view in looks_of(seed, 12)]
    demand_agreement(EVERY, looks, general=False)


@few
@given(seeds)
def test_every_aggregate_agrees_in_the_general_view(seed: int) -> None:
    demand_agreement(EVERY, looks_of(seed, 12), general=True)


@few
@given(seeds)
def test_expressions_grown_at_random_agree(seed: int) -> None:
    looks = [(case, View(view.as_of, about=view.about)) for case, view in looks_of(seed, 10)]
    demand_agreement(plan(random_features(seed, 30), KINDS.values()), looks, general=False)
