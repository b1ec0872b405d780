"""The worth of the domains: Shapley's own axioms, and a value known by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st
from sklearn.metrics import roc_auc_score

from benne.kernel import DOMAINS, InvalidInput
from benne.monitoring import domain_worth, whyless


def some(seed: int = 0, n: int = 400, d: int = 5) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    parts = rng.normal(0, rng.random(d) + 0.1, (n, d))
    y = (rng.random(n) < 1 / (1 + np.exp(parts.sum(axis=1)))).astype(float)
    return y, parts


def gini(y: np.ndarray, score: np.ndarray) -> float:
    return 2 * roc_auc_score(y, -score) - 1


@given(st.integers(0, 1000))
@settings(max_examples=10, deadline=None)
def test_the_domains_share_out_the_gini(seed: int) -> None:
    y, parts = some(seed, 200)
    found = domain_worth(y, parts, DOMAINS)
    assert found["gini"] == pytest.approx(gini(y, parts.sum(axis=1)))
    total = found["base"] + sum(row["worth"] for row in found["domains"])
    assert total == pytest.approx(found["gini"])
    assert sum(row["share"] for row in found["domains"]) == pytest.approx(1)


def test_shapley_is_the_mean_over_all_orders() -> None:
    y, parts = some(1, 150, 3)
    found = domain_worth(y, parts, ("a", "b", "c"))
    worth = np.zeros(3)
    for order in permutations(range(3)):
        so_far, before = np.zeros(len(y)), 0.0
        for i in order:
            so_far = so_far + parts[:, i]
            after = gini(y, so_far)
            worth[i] += (after - before) / 6
            before = after
    assert [row["worth"] for row in found["domains"]] == pytest.approx(worth.tolist())


def test_a_silent_domain_is_worth_nothing_and_twins_the_same() -> None:
    y, parts = some(2)
    parts[:, 3] = 0
    parts[:, 4] = parts[:, 0]
    rows = domain_worth(y, parts, DOMAINS)["domains"]
    assert rows[3]["worth"] == 0 and rows[3]["last"] == 0
    assert rows[4]["worth"] == pytest.approx(rows[0]["worth"])


def test_the_base_of_the_cards_has_its_own_worth() -> None:
    y, parts = some(3)
    base = np.where(np.random.default_rng(0).random(len(y)) < 0.5, 0.0, 1.0) * (1 - 2 * y)
    found = domain_worth(y, parts, DOMAINS, base=base)
    assert found["base"] > 0.3
    total = found["base"] + sum(row["worth"] for row in found["domains"])
    assert total == pytest.approx(found["gini"])


def test_a_base_that_is_the_same_for_all_is_worth_nothing() -> None:
    y, parts = some(6)
    assert domain_worth(y, parts, DOMAINS, base=np.full(len(y), 571.0)) == domain_worth(
        y, parts, DOMAINS
    )


def test_a_silent_domain_stays_worthless_beside_a_base() -> None:
    y, parts = some(7)
    parts[:, 4] = 0
    base = np.arange(len(y)) % 3.0
    assert domain_worth(y, parts, DOMAINS, base=base)["domains"][4]["worth"] == 0


def test_a_useless_score_has_no_shares() -> None:
    y, parts = some(4)
    found = domain_worth(y, -parts, DOMAINS)
    assert all(row["share"] is None and row["share_why"] for row in found["domains"])
    assert whyless(domain_worth([1, 1], np.zeros((2, 5)), DOMAINS)) == []
    assert whyless(domain_worth([], np.zeros((0, 5)), DOMAINS)) == []


def test_rows_without_contributions_do_not_count() -> None:
    y, parts = some(5)
    more = np.vstack([parts, np.full((3, 5), np.nan)])
    assert domain_worth(np.append(y, [1, 0, 1]), more, DOMAINS) == domain_worth(y, parts, DOMAINS)


def test_the_shape_is_checked() -> None:
    with pytest.raises(InvalidInput, match=r"\(3, 5\)"):
        domain_worth([0, 1, 0], np.zeros((3, 4)), DOMAINS)
