"""What a careless or a hostile person does: told in words what must hold, with its exit code."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from made_workspace import BENNE, ENVIRONMENT, MAPPINGS, Made, Ran, benne, make_workspace


def refused(ran: Ran, code: int, *words: str) -> None:
    """The command ended with ``code`` and said each of ``words``, without a traceback."""
    assert ran.code == code, ran.err
    assert "Traceback" not in ran.err
    assert ran.out == ""
    for word in words:
        assert word in ran.err


@pytest.fixture
def small(tmp_path: Path) -> Made:
    """A workspace of few people, of which nothing was read yet."""
    return make_workspace(tmp_path, people=60, families=("sesame",), kinds=("attribute",))


def replaced(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


def test_a_folder_that_is_no_workspace(tmp_path: Path) -> None:
    refused(benne("build", tmp_path), 2, "a folder with a benne.toml", str(tmp_path))
    refused(benne("build", tmp_path / "nowhere"), 2, "nowhere has none")
    assert list(tmp_path.iterdir()) == []


def test_data_that_is_no_folder(small: Made) -> None:
    refused(benne("build", small.folder, "--data", "nowhere"), 2, "--data", "nowhere")


SETTINGS = {
    "unknown key": ('learner = "spline"', 'lerner = "spline"', "unknown key 'lerner'"),
    "no TOML": ("[model]", "[model", "must be TOML"),
    "learner": ('learner = "spline"', 'learner = "magic"', "learner must be one of"),
    "no family": ('families = ["sesame"]', "families = []", "at least one score"),
    "another family": ('["sesame"]', '["fico"]', "one of sesame, bureau"),
    "a date": ("folds = 2", 'folds = 2\nout_of_time_from = "soon"', "ISO 8601"),
    "a zone": ('"observations.sql"', '"observations.sql"\nnaive_times = "Mars"', "a zone"),
    "withheld": ("folds = 2", 'folds = 2\nwithheld = [["friends"]]', "'friends'"),
    "features": ("features_at_most = 6", "features_at_most = 0", "1 or more"),
    "tolerance": ("features_at_most = 6", "tolerance = 2.0", "0 to 1, in log-odds"),
    "ages": ("[model]", "[report]\nage_groups = [50, 25]\n\n[model]", "ages that rise"),
}


@pytest.mark.parametrize("wrong", SETTINGS)
def test_a_wrong_setting_is_refused_before_anything_is_read(small: Made, wrong: str) -> None:
    old, new, words = SETTINGS[wrong]
    replaced(small.folder / "benne.toml", old, new)
    ran = benne("build", small.folder, "--data", small.data)
    refused(ran, 2, words)
    assert not (small.folder / "lake.duckdb").exists()


def test_steps_out_of_order_name_the_step_that_is_missing(small: Made) -> None:
    refused(benne("score", small.folder), 2, "benne train makes it")
    refused(benne("report", small.folder), 2, "benne ingest makes it")
    refused(benne("train", small.folder), 2, "benne features makes them")
    refused(benne("features", small.folder), 2, "benne ingest brings it")


def test_a_file_that_is_not_there(small: Made) -> None:
    (small.data / "applications.csv").unlink()
    ran = benne("build", small.folder, "--data", small.data)
    refused(ran, 2, "applications.csv")


def test_people_without_a_bad_outcome(small: Made) -> None:
    replaced(small.folder / "observations.sql", "    outcome,", "    'good' as outcome,")
    ran = benne("build", small.folder, "--data", small.data)
    refused(ran, 2, "at least 20 bad observations", "there are 0 of 60")


def test_an_outcome_over_evidence_that_is_not_there(small: Made) -> None:
    file = small.folder / "benne.toml"
    definition = '[outcome.definition]\nkind = "instalment"\nwindow_days = 365\n\n[model]'
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("[model]", definition, 1), encoding="utf-8")
    assert benne("ingest", small.folder, "--data", small.data).code == 0
    ran = benne("features", small.folder, "--data", small.data)
    refused(ran, 2, "no evidence of it", "mapping/instalment.sql")


HOSTILE = {
    "copy": "copy (select 1) to 'stolen.csv'",
    "attach": "attach 'other.duckdb' as other",
    "read": "select * from read_csv('/etc/passwd')",
    "two": "select 1; drop table applications",
}


@pytest.mark.parametrize("sql", HOSTILE)
def test_a_mapping_may_only_select_from_its_files(small: Made, sql: str) -> None:
    head = MAPPINGS["attribute"].split("select")[0]
    (small.folder / "mapping" / "attribute.sql").write_text(head + HOSTILE[sql], encoding="utf-8")
    ran = benne("ingest", small.folder, "--data", small.data, cwd=small.folder)
    refused(ran, 2, "attribute.sql")
    assert "root:" not in ran.err
    assert not (small.folder / "stolen.csv").exists()


def test_a_lake_that_another_process_holds(small: Made) -> None:
    from benne.app.wiring import session

    with session(small.folder).lake():
        ran = benne("ingest", small.folder, "--data", small.data)
    refused(ran, 4, str(os.getpid()), "one process at a time")


def test_an_interrupt_leaves_nothing_half_done(small: Made) -> None:
    mapping = small.folder / "mapping" / "attribute.sql"
    quick = mapping.read_text(encoding="utf-8")
    long = " where (select sum(a.range % 7) from range(1000000) a, range(1000000)) > 0\n"
    mapping.write_text(quick + long, encoding="utf-8")
    command = [BENNE, "build", small.folder, "--data", small.data]
    process = subprocess.Popen(
        command, env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    wait_for(lambda: (small.folder / "lake.duckdb").exists() or process.poll() is not None)
    process.send_signal(2)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 130
    assert "interrupted" in said
    assert "Traceback" not in said
    assert not (small.folder / "models").exists()
    mapping.write_text(quick, encoding="utf-8")
    ran = benne("ingest", small.folder, "--data", small.data)
    assert ran.code == 0, ran.err


def wait_for(holds: Callable[[], bool]) -> None:
    for _ in range(6_000):
        if holds():
            return
        time.sleep(0.01)
    pytest.fail("waited a minute in vain")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--family", "fico"), "one of sesame, bureau"),
        (("--subject", "nobody"), "nobody named 'nobody'"),
        (("--as-of", "yesterday"), "ISO 8601"),
        (("--as-of", "2999-01-01"), "must not lie in the future"),
        (("--as-of", "1900-01-01"), "is known at that moment"),
    ],
)
def test_a_score_that_cannot_be_given(made: Made, words: tuple[str, ...], says: str) -> None:
    refused(benne("score", made.folder, *words), 2, says)


def test_a_file_in_the_place_of_the_lake_that_is_none(small: Made) -> None:
    (small.folder / "lake.duckdb").write_bytes(b"no lake" * 1000)
    ran = benne("ingest", small.folder, "--data", small.data)
    refused(ran, 1, "must be a lake that Benne wrote", "move the file away")
    assert (small.folder / "lake.duckdb").read_bytes() == b"no lake" * 1000


def test_what_a_killed_process_spilled_is_cleared(small: Made) -> None:
    spilled = small.folder / "lake.duckdb.tmp" / "duckdb_temp_storage_S32K-0.tmp"
    spilled.parent.mkdir()
    spilled.write_bytes(b"left behind")
    ran = benne("ingest", small.folder, "--data", small.data)
    assert ran.code == 0, ran.err
    assert not spilled.exists()


def test_a_full_disk_is_said_to_be_full() -> None:
    import duckdb

    from benne.app.stores._duckdb import _translated
    from benne.kernel import Unavailable

    error = duckdb.TransactionException(
        "TransactionContext Error: Failed to commit: Could not write file: No space left on device"
    )
    told = _translated(error, "lake.duckdb")
    assert isinstance(told, Unavailable)
    assert "make room" in str(told)
