"""PSI: a value by hand, its sampling null by simulation, and its periods."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benne.kernel import MICROS_PER_DAY, parse_instant
from benne.monitoring import periods, psi, stability, whyless

START = parse_instant("2024-01-01T00:00:00Z")


def days(*numbers: int) -> np.ndarray:
    return START + np.array(numbers, dtype=np.int64) * MICROS_PER_DAY


def test_psi_by_hand() -> None:
    p, q = (30.5 / 101, 70.5 / 101), (50.5 / 101, 50.5 / 101)
    expected = sum((a - b) * np.log(a / b) for a, b in zip(p, q, strict=True))
    found = psi([30, 70], [50, 50])
    assert found["psi"] == pytest.approx(expected)
    assert found["expected"] == pytest.approx(1 / 100 + 1 / 100)
    assert found["p"] == pytest.approx(stats.chi2.sf(expected / 0.02, 1))


def test_without_change_psi_is_what_chance_makes_it() -> None:
    rng = np.random.default_rng(0)
    shares = np.full(10, 0.1)
    drawn = [psi(rng.multinomial(300, shares), rng.multinomial(500, shares)) for _ in range(800)]
    expected = drawn[0]["expected"]
    assert expected == pytest.approx(9 * (1 / 300 + 1 / 500))
    assert np.mean([d["psi"] for d in drawn]) == pytest.approx(expected, rel=0.06)
    assert stats.kstest([d["p"] for d in drawn], "uniform").pvalue > 0.001


def test_a_real_shift_is_certain_and_an_empty_bin_is_finite() -> None:
    found = psi([0, 1000], [500, 500])
    assert found["p"] < 1e-6 and np.isfinite(found["psi"])


@pytest.mark.parametrize(
    ("counts", "base"), [([], []), ([5], [5]), ([0, 0], [5, 5]), ([0, 0], [0, 0])]
)
def test_psi_of_nothing_says_why(counts: list[int], base: list[int]) -> None:
    found = psi(counts, base)
    assert found["psi"] is None and whyless(found) == []


@pytest.mark.parametrize(
    ("instants", "names"),
    [
        (days(0, 400, 800), ["2024", "2025", "2026"]),
        (days(0, 100, 200, 300), ["2024 Q1", "2024 Q2", "2024 Q3", "2024 Q4"]),
        (days(0, 40, 70), ["2024-01", "2024-02", "2024-03"]),
        (days(0, 8, 15), ["week of 2024-01-01", "week of 2024-01-08", "week of 2024-01-15"]),
        (days(0, 1, 2), ["2024-01-01", "2024-01-02", "2024-01-03"]),
        (days(0, 0), ["2024"]),
        (days(), ["none"]),
    ],
    ids=["years", "quarters", "months", "weeks", "days", "one moment", "nothing"],
)
def test_time_is_cut_into_the_longest_periods_that_fill(
    instants: np.ndarray, names: list[str]
) -> None:
    number, found = periods(instants)
    assert found == names
    assert len(number) == len(instants)


def test_periods_are_in_order_whatever_the_order_of_rows() -> None:
    number, names = periods(days(70, 0, 40))
    assert names == ["2024-01", "2024-02", "2024-03"]
    assert number.tolist() == [2, 0, 1]


def test_only_the_measure_that_moved_is_found() -> None:
    rng = np.random.default_rng(0)
    n = 6000
    as_of = START + rng.integers(0, 360, n) * MICROS_PER_DAY
    late = as_of >= START + 274 * MICROS_PER_DAY
    still = np.where(rng.random(n) < 0.1, np.nan, rng.normal(size=n))
    moved = rng.normal(size=n) + late
    words = np.where(late & (rng.random(n) < 0.3), "c", rng.choice(["a", "b"], n)).astype(object)
    found = stability(as_of, {"still": still, "moved": moved, "words": words, "same": np.ones(n)})
    last = {m["name"]: m["periods"][-1] for m in found["measures"]}
    assert last["still"]["p"] > 0.001
    assert last["moved"]["p"] < 1e-6 and last["words"]["p"] < 1e-6
    assert last["same"]["psi"] is None
    assert whyless(found) == []
    first = next(m for m in found["measures"] if m["name"] == "moved")["periods"][0]
    assert first["psi"] < last["moved"]["psi"]


def test_one_moment_has_no_periods_to_compare() -> None:
    found = stability(days(*[0] * 500), {"score": np.arange(500)})
    assert found["measures"] is None and whyless(found) == []
    assert whyless(stability(days(), {})) == []
