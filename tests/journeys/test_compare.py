"""``benne compare`` on a small society: three scores, one page, and what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from made_workspace import Made, benne
from test_bad_input import refused

from benne.app._conduct import conduct_answers
from benne.app.wiring import session
from benne.kernel import NotPermitted
from benne.monitoring import whyless
from benne.scores import ConductAnswer

SMALL = ("--people", "1000", "--seed", "3")


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small society, built with few features, so that it takes seconds."""
    folder = tmp_path_factory.mktemp("compare") / "town"
    assert benne("society", folder, *SMALL).code == 0
    settings = folder / "benne.toml"
    text = settings.read_text(encoding="utf-8")
    text = text.replace("features_at_most = 60", "features_at_most = 12")
    settings.write_text(text, encoding="utf-8")
    ran = benne("build", folder)
    assert ran.code == 0, ran.err
    return folder


def test_the_three_scores_are_compared_on_the_same_people(town: Path) -> None:
    ran = benne("compare", town, "--draws", "30")
    assert ran.code == 0, ran.err
    assert "conduct AUC" in ran.out and "open " in ran.out
    found = json.loads((town / "reports" / "comparison.json").read_text(encoding="utf-8"))
    assert whyless({k: v for k, v in found.items() if k != "shock"}) == []
    everyone, both, without = found["populations"]
    assert both["people"] + without["people"] <= everyone["people"]
    scores = {score["name"]: score for score in everyone["scores"]}
    assert list(scores) == ["sesame", "bureau", "conduct"]
    assert scores["sesame"]["attainable"]["latent"]["value"] is not None
    assert scores["conduct"]["expected"]["value"] is None
    assert scores["bureau"]["coverage"]["value"] < scores["sesame"]["coverage"]["value"]
    assert [row["name"] for row in found["shock"]] == ["sesame", "bureau", "conduct"]
    assert (
        found["shock"][0]["bad_rate_shock"]["value"] > found["shock"][0]["bad_rate_calm"]["value"]
    )
    worth = found["worth"]
    assert sum(row["worth"]["value"] for row in worth["domains"]) == pytest.approx(
        worth["gini"]["value"]
    )
    assert worth["sets"] == 2 ** len(worth["domains"])
    for domain in worth["domains"]:
        kinds = [k["worth"]["value"] for k in worth["kinds"] if k["domain"] == domain["name"]]
        assert kinds and all(np.isfinite(kinds))
    assert sum(k["worth"]["value"] for k in worth["kinds"]) == pytest.approx(worth["gini"]["value"])
    gaming = {score["name"]: score for score in found["gaming"]["scores"]}
    assert {row["move"] for row in gaming["sesame"]["moves"]} - {"wait_a_year"}
    assert [row["move"] for row in gaming["conduct"]["moves"]] == ["volunteering"]
    for score in gaming.values():
        ever = [row["ever"]["value"] for row in score["reach"]]
        assert ever == sorted(ever), "who may do more reaches no less"
    lines = (town / "reports" / "conduct.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(lines) == everyone["people"]
    assert all(json.loads(line)["used_for"] == "comparison only" for line in lines)


def test_the_conduct_family_is_refused_wherever_a_score_is_asked_for(town: Path) -> None:
    refused(benne("score", town, "--family", "conduct"), 3, "no consequence")
    refused(benne("explain", town, "P0000001", "--family", "conduct"), 3, "no consequence")


def test_people_who_exist_get_no_conduct_score(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    shutil.copytree(made.folder, folder)
    ran = benne("compare", folder, "--draws", "20")
    assert ran.code == 0, ran.err
    found = json.loads((folder / "reports" / "comparison.json").read_text("utf-8"))
    assert "whom benne society made up" in found["left_out"][0]
    assert [row["name"] for row in found["uses"]] == ["sesame", "bureau"]
    assert found["shock"] is None
    assert not (folder / "reports" / "conduct.jsonl").exists()


def conduct_of_all(folder: Path) -> list[ConductAnswer]:
    with session(folder).lake(read_only=True) as lake:
        numbers = lake.query("SELECT observation FROM observations")["observation"].to_pylist()
        return conduct_answers(session(folder), lake, numbers, {})


def test_a_stated_basis_makes_nobody_simulated(made: Made, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    shutil.copytree(made.folder, folder)
    with pytest.raises(NotPermitted, match=r"no truth/people\.parquet"):
        conduct_of_all(folder)
    settings = folder / "benne.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('basis = "simulated"', 'basis = "consent"'), "utf-8")
    with pytest.raises(NotPermitted, match="it is 'consent'"):
        conduct_of_all(folder)


def test_a_society_that_a_stranger_joined_gets_no_conduct_score(town: Path, tmp_path: Path) -> None:
    assert conduct_of_all(town)
    folder = tmp_path / "workspace"
    shutil.copytree(town, folder)
    people = folder / "truth" / "people.parquet"
    pq.write_table(pq.read_table(people).slice(1), people)
    with pytest.raises(NotPermitted, match="people here are not in truth"):
        conduct_of_all(folder)


def test_too_few_draws_and_unknown_refits_are_refused(town: Path) -> None:
    refused(benne("compare", town, "--draws", "5"), 2, "--draws must be 20 or more")
    refused(benne("compare", town, "--refit", "trees"), 2, "--refit must be points or card")


def test_what_the_comparison_needs_is_named_where_it_is_not_there(
    town: Path, tmp_path: Path
) -> None:
    bare = tmp_path / "bare"
    shutil.copytree(town, bare, ignore=shutil.ignore_patterns("lake*", "models", "reports"))
    refused(benne("compare", bare), 2, "lake.duckdb is not there yet", "benne ingest")
    assert not (bare / "lake.duckdb").exists() and not (bare / "reports").exists()
    shutil.copy(town / "lake.duckdb", bare)
    refused(benne("compare", bare), 2, "models/sesame.json is not there yet", "benne train")
    (bare / "models").mkdir()
    whole = (town / "models" / "sesame.json").read_text("utf-8")
    (bare / "models" / "sesame.json").write_text(whole[: len(whole) // 2], "utf-8")
    shutil.copy(town / "models" / "sesame.scheme.json", bare / "models")
    ran = benne("compare", bare)
    assert ran.code == 1 and "sesame.json" in ran.err and "Train again" in ran.err, ran.err
    assert not (bare / "reports").exists()


def test_a_full_disk_leaves_the_earlier_comparison(town: Path, tmp_path: Path) -> None:
    folder = tmp_path / "workspace"
    shutil.copytree(town, folder)
    page = folder / "reports" / "comparison.html"
    page.write_text("the earlier one", "utf-8")
    lines = folder / "reports" / "conduct.jsonl"
    lines.unlink(missing_ok=True)
    lines.mkdir()
    (lines / "in the way").touch()
    ran = benne("compare", folder, "--draws", "20")
    assert ran.code == 5 and "conduct.jsonl could not be written" in ran.err, ran.err
    assert page.read_text("utf-8") == "the earlier one"
    assert not list((folder / "reports").glob(".*"))
