"""Neighbours mean one thing: Ibis and SciPy agree with the naive oracle, bit for bit."""

from __future__ import annotations

from random import Random
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings, strategies as st
from made_features import a_feature
from made_ties import CUT, KINDS, a_society, in_duckdb
from network_oracle import Oracle

from benne.features import Aggregate, Neighbours, Ring, atom, neighbours, plan
from benne.kernel import as_number, as_of, col, days_between, if_else

BAD = atom("statement", Aggregate.MAX, col("days_past_due"))
LATE = atom("instalment", Aggregate.SUM, days_between(col("due_at"), as_of), days=200)
PAID = atom("payment", Aggregate.COUNT)
TIES = atom("tie", Aggregate.COUNT)
BILL = atom("obligation", Aggregate.SUM, as_number(col("paid_minor") >= col("due_minor")))
OWN = atom("account", Aggregate.SUM, if_else(col("closed_at").is_null(), 1, 0))


def every_leaf() -> list[Neighbours]:
    leaves = []
    for of in (BAD, LATE, PAID, TIES, BILL, OWN):
        for ring in Ring:
            for aggregate in (Aggregate.COUNT, Aggregate.SUM, Aggregate.MEAN, Aggregate.MAX):
                if not (ring is Ring.COMMUNITY and aggregate is Aggregate.MAX):
                    leaves.append(neighbours(of, aggregate, ring=ring))
            leaves.append(neighbours(of > 1, Aggregate.SHARE, ring=ring))
            if ring is not Ring.COMMUNITY:
                leaves.append(neighbours(of, Aggregate.MEAN, ring=ring, weighted=True))
                leaves.append(neighbours(of > 1, Aggregate.SHARE, ring=ring, weighted=True))
    return leaves


FEATURES = {f"feature_{number}": leaf for number, leaf in enumerate(every_leaf())}
EVERY = plan([a_feature(name, leaf) for name, leaf in FEATURES.items()], KINDS.values())
few = settings(
    max_examples=4,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],  # a seed has no smaller one
    suppress_health_check=list(HealthCheck),
)


def same(left: Any, right: Any) -> bool:
    """Equal in type and to the last bit."""
    if isinstance(left, float) and isinstance(right, float):
        return left.hex() == right.hex()
    return type(left) is type(right) and left == right


@few
@given(st.integers(0, 2**32))
def test_every_aggregate_and_ring_agrees_with_the_oracle(seed: int) -> None:
    people = a_society(seed)
    rng = Random(seed)
    allowed = {name for name in (*people, "an outsider") if rng.random() < 0.9}
    block = in_duckdb(EVERY, people, allowed=allowed)
    oracle = Oracle(people, KINDS, CUT, allowed)
    rows = {row["subject"]: row for row in block.table.to_pylist()}
    assert sorted(rows) == oracle.tied
    for name, leaf in FEATURES.items():
        rings = {other.ring for other in FEATURES.values() if other.of == leaf.of}
        for person in oracle.tied:
            got, expected = rows[person][name], oracle.answer(leaf, person, rings)
            assert same(got, expected), (name, leaf, person, got, expected)
