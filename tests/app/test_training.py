"""What is done to rows before a card is fitted: folds, the cut in time, screening."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, strategies as st

from benne.app._catalogue import catalogue_of
from benne.app._screening import screened
from benne.app._train import _demand_lightgbm
from benne.app._training import Rows, demand_enough, outer_folds, time_cut
from benne.app.settings import Workspace, workspace_of
from benne.kernel import MICROS_PER_DAY, InvalidInput, Unavailable, parse_instant
from benne.models import Column
from benne.rights import Permit, permit_on_basis

RNG = np.random.default_rng(7)


def rows(subject: list[int], bad: list[int]) -> Rows:
    size = len(subject)
    return Rows(
        features=pa.table({"x": RNG.normal(size=size)}),
        observation=np.arange(size),
        subject=np.array(subject),
        as_of=np.zeros(size, dtype=np.int64),
        bad=np.array(bad),
        weight=np.ones(size),
        admitted=np.ones(size, dtype=bool),
        propensity=np.full(size, np.nan),
    )


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 1)), min_size=10), st.integers(0, 5))
def test_a_fold_parts_nobody(looks: list[tuple[int, int]], seed: int) -> None:
    people = [person for person, _ in looks]
    fold = outer_folds(rows(people, [bad for _, bad in looks]), 3, seed=seed)
    for person in set(people):
        assert len({f for f, p in zip(fold, people, strict=True) if p == person}) == 1


def test_folds_hold_bad_people_alike() -> None:
    bad = [1] * 30 + [0] * 70
    fold = outer_folds(rows(list(range(100)), bad), 5, seed=0)
    assert np.bincount(fold, weights=np.array(bad)).tolist() == [6.0] * 5


def test_too_few_bad_is_said_with_the_count() -> None:
    with pytest.raises(InvalidInput, match=r"at least 20 bad observations .* there are 3 of 53"):
        demand_enough(rows(list(range(53)), [1] * 3 + [0] * 50))


def test_a_short_history_has_no_test_out_of_time() -> None:
    as_of = np.array([0, 20]) * MICROS_PER_DAY
    assert time_cut(as_of, None) == (
        None,
        "all observations lie within 20 days; a test out of time needs 180, or a date stated as "
        "[model] out_of_time_from",
    )
    assert time_cut(as_of[:1], None)[1].startswith("all observations are of one day; a test out")
    assert time_cut(as_of, int(10 * MICROS_PER_DAY)) == (10 * MICROS_PER_DAY, "")
    assert time_cut(as_of, int(30 * MICROS_PER_DAY))[0] is None


def test_screening_keeps_what_tells_and_passes_over_copies() -> None:
    tells = RNG.normal(size=2000)
    bad = (tells + RNG.normal(size=2000) > 1).astype(np.int64)
    table = pa.table(
        {"noise": RNG.normal(size=2000), "tells": tells, "copy": 2 * tells + 1,
         "level": np.where(bad == 1, "a", "b")}
    )  # fmt: skip
    columns = tuple(Column(name, category=name == "level") for name in table.column_names)
    kept = screened(columns, table, bad, np.ones(2000), 2)
    assert [column.name for column in kept] == ["tells", "level"]
    assert screened(columns, table, bad, np.ones(2000), None) == columns


def permit_of(workspace: Workspace, date: str = "2026-01-01") -> Permit:
    """A permit to build models in ``workspace`` on ``date``."""
    at = parse_instant(date)
    return permit_on_basis(
        workspace.lawful_basis,
        purpose="model_building",
        jurisdiction=workspace.rights.jurisdiction,
        issued_at=at,
        expires_at=at + 1,
        asking=workspace.rights.asking,
    )


def test_what_a_rule_closes_is_left_out_with_the_rules_id() -> None:
    document = {
        "schema": 1,
        "workspace": {"name": "w", "currency": "EUR"},
        "lawful_basis": {"basis": "simulated", "statement": "Nobody."},
        "rights": {"jurisdiction": "EU", "serves": ["lending"]},
        "files": {"a": "a.csv"},
        "outcome": {"says": "bad"},
        "attributes": {
            "friends_late_share": {"domain": "network"},
            "posts": {"domain": "behaviour", "tags": ["social_network"]},
            "salary": {"domain": "fulfilment"},
        },
    }
    workspace = workspace_of(document, folder=Path("w"), where="benne.toml")
    before = catalogue_of(workspace, ["attribute"], permit_of(workspace, "2026-11-19"))
    after = catalogue_of(workspace, ["attribute"], permit_of(workspace, "2026-11-20"))
    kept = {feature.name for feature in before.features}
    assert kept == {"friends_late_share", "posts", "salary"}
    assert {feature.name for feature in after.features} == {"salary"}
    assert dict(after.left_out)["posts"] == "rule EU-CCD-18-data closes it"


def test_what_a_workspace_lacks_is_left_out_with_its_reason() -> None:
    document = {
        "schema": 1,
        "workspace": {"name": "w", "currency": "EUR"},
        "lawful_basis": {"basis": "simulated", "statement": "Nobody."},
        "files": {"a": "a.csv"},
        "outcome": {"says": "bad"},
        "model": {"drop_tags": ["age"]},
    }
    workspace = workspace_of(document, folder=Path("w"), where="benne.toml")
    catalogue = catalogue_of(workspace, ["profile", "inquiry"], permit_of(workspace))
    left = dict(catalogue.left_out)
    assert {kind for feature in catalogue.features for kind in feature.lineage} == {
        "profile",
        "inquiry",
    }
    assert left["age_years"] == "the workspace drops the tag age ([model] drop_tags)"
    assert "there is no evidence of kind instalment" in left.values()
    bureau = catalogue.columns({}, "bureau")
    assert {column.domain for column in bureau} == {"history"}


def test_a_machine_without_the_runtime_of_openmp_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacks = 'raise OSError("libgomp.so.1: cannot open shared object file")\n'
    (tmp_path / "lightgbm.py").write_text(lacks, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "lightgbm", raising=False)
    with pytest.raises(Unavailable, match="apt-get install libgomp1"):
        _demand_lightgbm()
