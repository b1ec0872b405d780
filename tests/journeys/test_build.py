"""The main job, as a person does it: build, score, explain, mend, build again."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from made_workspace import BENNE, ENVIRONMENT, Made, Ran, benne, make_workspace

from benne.app._bundle import read_bundle
from benne.app._catalogue import catalogue_of
from benne.app._features import feature_plan
from benne.app._score import answer_json, score, scorer_of
from benne.app.stores._histories import histories
from benne.app.wiring import session
from benne.evidence import View, counted, thickness_of
from benne.kernel import NotFound

KEYS = {"schema", "family", "subject", "as_of", "answer", "score", "band", "base_points",
        "domain_points", "limit_points", "reasons", "levers", "artefact"}  # fmt: skip
FAMILIES = ("sesame", "bureau")


def answers(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def written(made: Made, family: str) -> dict[str, dict[str, Any]]:
    """What build wrote of everybody, by subject."""
    text = (made.folder / "reports" / f"{family}.scores.jsonl").read_text(encoding="utf-8")
    return {answer["subject"]: answer for answer in answers(text)}


@pytest.fixture(scope="session")
def scored(made: Made) -> dict[str, list[dict[str, Any]]]:
    """What ``benne score --json`` says of everybody, by family."""
    found = {}
    for family in FAMILIES:
        ran = benne("score", made.folder, "--json", "--no-levers", "--family", family)
        assert ran.code == 0, ran.err
        found[family] = answers(ran.out)
    return found


def test_build_says_what_it_did(journey: tuple[Made, Ran]) -> None:
    made, ran = journey
    assert ran.code == 0, ran.err
    assert "attribute: 1,600 rows read, 1,600 versions new" in ran.out
    assert "400 observations of 400 people" in ran.out
    for family in FAMILIES:
        assert f"open {made.folder / 'reports' / f'{family}.html'}" in ran.lines
    left = {path.name for path in made.folder.rglob("*") if path.name.endswith((".part", ".wal"))}
    assert not left


def test_the_report_is_one_page_and_its_numbers(made: Made) -> None:
    page = (made.folder / "reports" / "sesame.html").read_text(encoding="utf-8")
    numbers = json.loads((made.folder / "reports" / "validation.json").read_text(encoding="utf-8"))
    assert page.startswith("<!")
    assert 0.55 < numbers["auc_low"] < numbers["auc"] < numbers["auc_high"] < 0.95
    assert numbers["price_of_strictness"] is None
    assert numbers["price_of_strictness_why"]


@pytest.mark.parametrize("family", FAMILIES)
def test_every_answer_adds_up(
    made: Made, scored: dict[str, list[dict[str, Any]]], family: str
) -> None:
    found = scored[family]
    assert len(found) == len(made.people)
    assert {answer["subject"] for answer in found}.isdisjoint(made.people)
    for answer in found:
        assert set(answer) >= KEYS
        if answer["answer"] == "not_enough_evidence":
            assert answer["score"] is None
            continue
        assert answer["answer"] == "score"
        parts = sum(answer["domain_points"].values())
        assert answer["base_points"] + parts + answer["limit_points"] == answer["score"]
        assert len(answer["domain_points"]) == 5
        assert all(reason["points"] < 0 for reason in answer["reasons"])
    assert sum(answer["answer"] == "score" for answer in found) > 100


@pytest.mark.parametrize("family", FAMILIES)
def test_build_wrote_the_same_scores(
    made: Made, scored: dict[str, list[dict[str, Any]]], family: str
) -> None:
    assert {answer["subject"]: answer for answer in scored[family]} == written(made, family)


def test_one_person_by_either_name(made: Made) -> None:
    by_source = benne("score", made.folder, "--json", "--subject", made.people[3])
    (answer,) = answers(by_source.out)
    by_pseudonym = benne("score", made.folder, "--json", "--subject", answer["subject"])
    assert by_pseudonym.out == by_source.out
    assert answer["score"] == written(made, "sesame")[answer["subject"]]["score"]
    assert made.people[3] not in by_source.out


def test_as_of_looks_from_that_moment(made: Made, scored: dict[str, list[dict[str, Any]]]) -> None:
    now = benne("score", made.folder, "--json", "--no-levers", "--as-of", "2024-01-01")
    then = benne("score", made.folder, "--json", "--no-levers", "--as-of", "2023-02-01")
    assert {a["subject"]: a for a in answers(now.out)} == written(made, "sesame")
    assert {a["as_of"] for a in answers(then.out)} == {"2023-02-01T00:00:00Z"}
    assert then.out != now.out


def test_explain_adds_up_in_words(made: Made) -> None:
    ran = benne("explain", made.folder, made.people[3])
    assert ran.code == 0, ran.err
    numbers = [int(line.split()[-1]) for line in ran.lines[2:8]]
    total = next(line for line in ran.lines if line.startswith("  Score"))
    assert sum(numbers) == int(total.split()[1])


def test_building_again_adds_nothing_and_gives_the_same_cards(made: Made, tmp_path: Path) -> None:
    again = tmp_path / "again"
    shutil.copytree(made.folder, again)
    before = {path.name: path.read_bytes() for path in (made.folder / "models").iterdir()}
    ran = benne("build", again, "--data", made.data, threads=2)
    assert ran.code == 0, ran.err
    assert ran.out.count("nothing to add") == 3
    assert {path.name: path.read_bytes() for path in (again / "models").iterdir()} == before
    for family in FAMILIES:
        name = f"reports/{family}.scores.jsonl"
        assert (again / name).read_bytes() == (made.folder / name).read_bytes()


@pytest.mark.parametrize("family", FAMILIES)
def test_in_process_scores_are_the_batch_scores(
    made: Made, scored: dict[str, list[dict[str, Any]]], family: str
) -> None:
    opened = session(made.folder)
    bundle = read_bundle(made.folder / "models", family)
    permit = opened.permit("self_view")
    with opened.lake() as lake:
        there = lake.versions()
        catalogue = catalogue_of(opened.workspace, there, permit)
        kinds = tuple(kind for kind in counted(catalogue.kinds) if kind.name in there)
        lake.lend("asked", lake.query("SELECT observation, subject FROM observations"))
        known = histories(lake, kinds, first=0, last=len(made.people))
    scorer, plan = scorer_of(opened, bundle, catalogue), feature_plan(catalogue)
    for answer in scored[family]:
        view = View(as_of=1_704_067_200_000_000)
        history = {kind.name: known[answer["subject"]].get(kind.name, []) for kind in kinds}
        row = plan.compute(history, permit, view)
        row |= thickness_of(kinds, history, permit, view, kinds=plan.kinds)
        assert scorer.rescore(row) == answer["score"]


@pytest.mark.parametrize("family", FAMILIES)
def test_one_person_is_answered_as_all_are_and_nothing_is_written(
    made: Made, scored: dict[str, list[dict[str, Any]]], family: str
) -> None:
    here = session(made.folder)
    lake = made.folder / "lake.duckdb"
    before = lake.read_bytes()
    for one in scored[family][::80]:
        (answer,) = score(here, silent, family=family, subject=one["subject"], with_levers=False)
        assert answer_json(answer) == one
    assert lake.read_bytes() == before


def silent(step: str, done: int, of: int | None) -> None:
    pass


@pytest.mark.parametrize("words", [("score", "--json", "--no-levers"), ("explain",)])
def test_a_reader_that_leaves_early_is_no_error(made: Made, words: tuple[str, ...]) -> None:
    command, *options = words
    who = [made.people[0]] if command == "explain" else []
    running = subprocess.Popen(
        [BENNE, command, made.folder, *who, *options],
        env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert running.stdout is not None
    running.stdout.close()
    _, said = running.communicate()
    assert (running.returncode, "rror" in said) == (0, False), said


def test_a_lake_that_is_gone_is_said(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=1)
    with pytest.raises(NotFound, match="is not there yet; benne ingest makes it"):
        session(made.folder).lake(read_only=True)


def test_bad_rows_wait_are_mended_and_come_in(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=60, kinds=("attribute", "account"))
    path = made.data / "loans.csv"
    good = path.read_text(encoding="utf-8")
    bad = f"{made.people[0]},2023-05-01T00:00:00Z"
    path.write_text(
        good + f"X1,{bad},-5,90,\nX2,{bad},12.5,90,\nX3,,2023-05-01T00:00:00Z,500,90,\n",
        encoding="utf-8",
    )
    ran = benne("ingest", made.folder, "--data", made.data)
    assert ran.code == 0, ran.err
    assert "3 rows put aside" in ran.out
    listed = answers(benne("quarantine", "list", made.folder, "--json").out)
    assert [entry["raw"]["record"] for entry in listed] == ["X1", "X2", "X3"]
    number = listed[0]["entry"]
    wrong = benne("quarantine", "mend", made.folder, str(number), "principal=500")
    assert wrong.code == 2
    assert "principal_minor" in wrong.err
    mended = benne("quarantine", "mend", made.folder, str(number), "principal_minor=500")
    assert mended.code == 0, mended.err
    replayed = benne("quarantine", "replay", made.folder)
    assert replayed.code == 0, replayed.err
    assert "1 versions new" in replayed.out
    left = answers(benne("quarantine", "list", made.folder, "--json").out)
    assert [entry["raw"]["record"] for entry in left] == ["X2", "X3"]
    numbers = [str(entry["entry"]) for entry in left]
    assert benne("quarantine", "dismiss", made.folder, *numbers, "99").code == 2
    assert benne("quarantine", "dismiss", made.folder, *numbers).code == 0
    assert benne("quarantine", "list", made.folder, "--json").out == ""
    assert benne("quarantine", "dismiss", made.folder, *numbers).code == 2


def test_an_outcome_may_be_defined_over_evidence(tmp_path: Path) -> None:
    made = make_workspace(
        tmp_path, people=300, defined=True, families=("sesame",), kinds=("attribute", "obligation")
    )
    ran = benne("build", made.folder, "--data", made.data)
    assert ran.code == 0, ran.err
    numbers = json.loads((made.folder / "reports" / "validation.json").read_text(encoding="utf-8"))
    assert numbers["auc"] > 0.6


WENT_BAD = """\
    case when outcome = 'bad' or person = 'PERSON-0000' then '2024-03-10T00:00:00Z' end as bad_at,
    outcome,"""


def test_a_select_may_say_when_each_went_bad(tmp_path: Path) -> None:
    made = make_workspace(tmp_path, people=300, families=("sesame",), kinds=("attribute",))
    path = made.folder / "observations.sql"
    given = path.read_text(encoding="utf-8").replace("    outcome,", WENT_BAD, 1)
    wrong = given.replace("outcome = 'bad' or person = 'PERSON-0000'", "true")
    path.write_text(wrong, encoding="utf-8")
    assert benne("ingest", made.folder, "--data", made.data).code == 0
    ran = benne("features", made.folder, "--data", made.data)
    assert "bad_at stands with the outcome bad alone" in ran.out + ran.err
    half = given.replace("outcome = 'bad' or person =", "outcome = 'bad' and person >")
    path.write_text(half.replace("'PERSON-0000'", "'PERSON-0150'"), encoding="utf-8")
    ran = benne("features", made.folder, "--data", made.data)
    assert ran.code == 2
    assert "bad_at for every bad outcome or for none" in ran.err
    path.write_text(given.replace(" or person = 'PERSON-0000'", ""), encoding="utf-8")
    ran = benne("build", made.folder, "--data", made.data)
    assert ran.code == 0, ran.err
    numbers = json.loads((made.folder / "reports" / "validation.json").read_text(encoding="utf-8"))
    shares = numbers["outcome"]["vintage_curves"][0]["cumulative"]
    assert shares[1] == 0 < shares[2]  # all went bad 69 days after they were observed
