"""A score is its parts: in numpy, in process, in Arrow and in SQL."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from handmade import FACTORS_OF, artefact, bureau_artefact, people, rows
from hypothesis import given, strategies as st

from benne.kernel import InvalidInput
from benne.scores import dimension_micro, family, points, points_of_row, points_select

SESAME, BUREAU = family("sesame"), family("bureau")
ARTEFACT, OTHER = artefact(), bureau_artefact()


@pytest.mark.parametrize("withheld", [(), ("network",)])
def test_numpy_python_arrow_and_sql_agree_to_the_point(withheld):
    frame = people(20_000)
    ours = points(ARTEFACT.contributions(frame, withheld), SESAME)
    con = duckdb.connect()
    con.register("people", frame.assign(id=np.arange(len(frame))))
    micro = ARTEFACT.micro_sql("people", withheld, keys=["id"])
    sql = points_select(SESAME, f"({micro}) AS micro", ["id"])
    theirs = con.sql(f"SELECT * FROM ({sql}) ORDER BY id").to_arrow_table().drop("id")
    assert theirs.column_names == ours.table().column_names
    for name in theirs.column_names:
        assert theirs[name].to_pylist() == ours.table()[name].to_pylist(), name
    for i, row in enumerate(frame.head(1_000).to_dict("records")):
        base, parts, limit = points_of_row(ARTEFACT.score_one(row, withheld), SESAME)
        assert (base, limit) == (ours.base[i], ours.limit[i])
        assert list(parts.values()) == ours.dimensions[i].tolist()


@given(rows, st.sampled_from([(), ("network",)]))
def test_base_domains_and_limit_add_up_to_a_score_in_range(row, withheld):
    base, parts, limit = points_of_row(ARTEFACT.score_one(row, withheld), SESAME)
    score = base + sum(parts.values()) + limit
    assert 350 <= score <= 950
    assert all(parts[name] == 0 for name in withheld)
    exact = SESAME.scale.points(ARTEFACT.score_one(row, withheld).total_micro - 3_401_197) + 650
    assert abs(score - limit - exact) <= 3  # six roundings against one


@given(rows)
def test_factors_add_up_too(row):
    contributions = OTHER.score_one(row)
    base, parts, limit = points_of_row(contributions, BUREAU, FACTORS_OF)
    assert list(parts) == list(BUREAU.dimension_names)
    assert 300 <= base + sum(parts.values()) + limit <= 850
    many = points(OTHER.contributions({k: np.array([v], dtype=object) for k, v in row.items()}),
                  BUREAU, FACTORS_OF)  # fmt: skip
    assert many.dimensions[0].tolist() == list(parts.values())
    assert (many.base[0], many.limit[0]) == (base, limit)


@given(rows, st.data())
def test_more_of_a_monotone_good_never_lowers_the_score(row, data):
    column = data.draw(st.sampled_from([c for c in ARTEFACT.columns if c.direction]))
    value = row[column.name]
    if value is None or value in column.specials:
        return
    better = value + column.direction * data.draw(st.floats(0, 1e6))
    if better in column.specials:
        return

    def score(some):
        base, parts, limit = points_of_row(ARTEFACT.score_one(some), SESAME)
        return base + sum(parts.values()) + limit

    assert score({**row, column.name: better}) >= score(row)


def test_a_term_over_two_factors_is_shared_to_the_last_millionth():
    made = OTHER.contributions(people(5_000))
    shared = dimension_micro(made, BUREAU, FACTORS_OF)
    assert (shared.sum(axis=1) == made.total_micro - made.base_micro).all()
    pair = made.term_micro[:, made.terms.index("late_share x asked_count")]
    assert (pair % 2 == 1).any()


def test_a_feature_without_a_factor_is_refused():
    with pytest.raises(InvalidInput, match="age_years"):
        points(ARTEFACT.contributions(people(3)), BUREAU, FACTORS_OF)
