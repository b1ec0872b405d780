"""Points: by whole numbers alone, the same in every engine."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pytest
from hypothesis import given, strategies as st

from benne.kernel import InvalidInput
from benne.scores import FAMILIES, PointsScale, family

SESAME = family("sesame").scale
INT64 = st.integers(-(2**63), 2**63 - 1)
ODDS = st.integers(-30_000_000, 30_000_000)

EXTREMES = [
    0, 1, -1, 8_664, 8_665, -8_664, -8_665, 693_147, -693_147, 3_401_197, 10**10, -(10**10),
    10**10 + 1, -(10**10) - 1, 2**53, -(2**53), 2**63 - 1, -(2**63),
]  # fmt: skip


def many() -> np.ndarray:
    rng = np.random.default_rng(0)
    near = rng.integers(-20_000_000, 20_000_000, 20_000)
    wide = rng.integers(-(2**62), 2**62, 2_000)
    return np.concatenate([EXTREMES, near, wide]).astype(np.int64)


@pytest.mark.parametrize("name", FAMILIES)
def test_numpy_python_and_duckdb_agree_to_the_point(name):
    scale, micro = family(name).scale, many()
    con = duckdb.connect()
    con.register("people", {"micro": micro, "place": np.arange(len(micro))})
    sql = f"select {scale.points_sql('micro')} from people order by place"
    theirs = [row[0] for row in con.execute(sql).fetchall()]
    ours = scale.points_array(micro)
    assert ours.tolist() == theirs
    assert ours.tolist() == [scale.points(value) for value in micro.tolist()]
    based = [m for m in micro.tolist() if abs(m) < 2**62]
    array = np.array(based, dtype=np.int64)
    assert scale.base_points_array(array).tolist() == [scale.base_points(m) for m in based]


def test_sql_passes_over_null():
    con = duckdb.connect()
    assert con.execute(f"select {SESAME.points_sql('null')}").fetchall() == [(None,)]
    assert con.execute(f"select {SESAME.base_points_sql('3401197')}").fetchall() == [(650,)]


@given(ODDS)
def test_points_are_the_rounded_formula(micro):
    exact = 40 / math.log(2) * micro / 1e6
    assert abs(SESAME.points(micro) - exact) <= 0.5 + 1e-4


@given(INT64, INT64)
def test_more_log_odds_are_never_fewer_points(a, b):
    assert SESAME.points(min(a, b)) <= SESAME.points(max(a, b))


def test_the_anchor_and_the_doubling_are_what_they_say():
    for scale in (family("sesame").scale, family("bureau").scale):
        for doublings in range(-5, 6):
            micro = round((math.log(scale.anchor_odds) + doublings * math.log(2)) * 1e6)
            assert scale.base_points(micro) == scale.anchor_points + 40 * doublings
            odds = math.exp(scale.log_odds(scale.anchor_points + 40 * doublings))
            assert odds == pytest.approx(scale.anchor_odds * 2.0**doublings)


@given(st.integers(-10_000, 10_000))
def test_limit_points_bring_a_sum_into_range_and_no_further(unclipped):
    limit = SESAME.limit_points(unclipped)
    assert 350 <= unclipped + limit <= 950
    assert limit == 0 or unclipped + limit in (350, 950)


def test_a_scale_refuses_nonsense():
    with pytest.raises(InvalidInput, match="positive odds"):
        PointsScale(650, 0, 40, 350, 950)
    with pytest.raises(InvalidInput, match="over its anchor"):
        PointsScale(990, 30, 40, 350, 950)
    with pytest.raises(InvalidInput, match="340 points"):
        PointsScale(650, 30, 4000, 350, 950)
    with pytest.raises(InvalidInput, match="integers"):
        SESAME.points_array(np.array([0.5]))


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore:Exception ignored in. <socket")  # pyspark leaves it open
def test_spark_agrees_to_the_point(spark):
    micro = many()[:3_000]
    frame = spark.createDataFrame(
        [(i, int(m)) for i, m in enumerate(micro)], "place long, micro long"
    )
    rows = frame.selectExpr("place", f"{SESAME.points_sql('micro', 'spark')} as p").collect()
    assert [r.p for r in sorted(rows, key=lambda r: r.place)] == SESAME.points_array(micro).tolist()
