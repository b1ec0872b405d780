"""``benne society`` as a person runs it: switches, the impossible, a full disk, an interrupt."""

from __future__ import annotations

import re
import resource
import subprocess
import tomllib
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from made_workspace import BENNE, ENVIRONMENT, benne
from test_bad_input import refused, wait_for

from benne.doors.cli._commands import commands
from benne.kernel import InvalidInput

IMPOSSIBLE = {
    "people": (("--people", "5"), "people must be 100 or more; got 5"),
    "months": (("--months", "20"), "months must be from 60"),
    "seed": (("--seed", "-1"), "seed must be 0 or more; got -1"),
    "no number": (("--set", "incumbent.on=yes"), "SECTION.NAME=NUMBER"),
    "no sign": (("--set", "incumbent.on"), "SECTION.NAME=NUMBER"),
    "twice": (("--set", "incumbent.on=1", "--set", "incumbent.on=0"), "incumbent.on twice"),
    "unknown": (("--set", "incumbent.onn=1"), "there are incumbent.on"),
    "another section": (("--set", "weather.rain=1"), "[people]"),
    "half a switch": (("--set", "incumbent.on=0.5"), "incumbent.on must be a whole number from 0"),
    "out of bounds": (("--set", "shocks.job_loss=2"), "from 0 to 0.5; got 2"),
    "not finite": (("--set", "shocks.job_loss=nan"), "from 0 to 0.5; got nan"),
    "late look": (("--set", "calendar.out_of_time_month=30"), "after the last training month, 36"),
    "no file": (("--parameters", "nowhere.toml"), "nowhere.toml must be a file of parameters"),
}


@pytest.mark.parametrize("case", IMPOSSIBLE)
def test_what_cannot_be_simulated_is_refused_in_words(tmp_path: Path, case: str) -> None:
    words, says = IMPOSSIBLE[case]
    with pytest.raises(InvalidInput, match=re.escape(says)):
        commands(["society", str(tmp_path / "town"), *words], standalone_mode=False)
    assert list(tmp_path.iterdir()) == []


def test_a_refusal_ends_with_the_code_of_input(tmp_path: Path) -> None:
    refused(benne("society", tmp_path / "town", "--people", "5"), 2, "must be 100 or more; got 5")


FILES = {
    "no TOML": ("people = [", "must be TOML"),
    "no schema": ("[people]\n", "schema must be 1"),
    "unknown": ('schema = 1\n[people]\nheight = { is = 1, from = "us" }', "there are people."),
    "no source": ("schema = 1\n[people]\nregions = { is = 3 }", "where that comes from"),
    "no number": ('schema = 1\n[people]\nregions = { is = "3", from = "us" }', "got {'is': '3'"),
    "no section": ("schema = 1\npeople = 3", "people must be a section, [people]; got 3"),
    "out of bounds": ('schema = 1\n[people]\nregions = { is = 0, from = "us" }', "from 1 to 100"),
}


@pytest.mark.parametrize("case", FILES)
def test_a_file_of_parameters_that_is_wrong_is_refused_by_name(tmp_path: Path, case: str) -> None:
    text, says = FILES[case]
    path = tmp_path / "numbers.toml"
    path.write_text(text, encoding="utf-8")
    words = ["society", str(tmp_path / "town"), "--parameters", str(path)]
    with pytest.raises(InvalidInput, match="numbers.toml.*" + re.escape(says)):
        commands(words, standalone_mode=False)
    assert not (tmp_path / "town").exists()


def test_switches_and_a_file_take_the_place_of_the_standard_numbers(tmp_path: Path) -> None:
    path = tmp_path / "numbers.toml"
    path.write_text(
        'schema = 1\n[people]\nminority_share = { is = 0.4, from = "us" }\n'
        'regions = { is = 3, from = "us" }\n',
        encoding="utf-8",
    )
    words = ("--people", "150", "--parameters", path, "--set", "people.regions=2")
    ran = benne("society", tmp_path / "town", *words, "--set", "incumbent.on=1")
    assert ran.code == 0, ran.err
    assert "benne build" in ran.out
    used = tomllib.loads((tmp_path / "town" / "truth" / "parameters.toml").read_text())
    assert used["people"]["minority_share"] == {"is": 0.4, "from": "us"}
    assert used["people"]["regions"] == {"is": 2.0, "from": "changed"}
    told = pq.read_table(tmp_path / "town" / "outcome" / "standard_obligation.parquet")
    assert told["policy"].unique().to_pylist() == ["incumbent"]


def test_a_disk_that_fills_leaves_nothing_and_the_command_runs_again(tmp_path: Path) -> None:
    """The limit on the size of a file stands for the disk: the write itself fails."""
    command = [BENNE, "society", tmp_path / "town", "--people", "600"]

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))

    done = subprocess.run(
        command, env=ENVIRONMENT, capture_output=True, text=True, preexec_fn=little_room,
        check=False,
    )  # fmt: skip
    assert done.returncode == 5, done.stderr
    assert "Traceback" not in done.stderr
    assert "make room" in done.stderr
    assert list(tmp_path.iterdir()) == []
    assert benne("society", tmp_path / "town", "--people", "100").code == 0


def test_an_interrupt_leaves_nothing_and_the_command_runs_again(tmp_path: Path) -> None:
    command = [BENNE, "society", tmp_path / "town", "--people", "200000"]
    process = subprocess.Popen(
        command, env=ENVIRONMENT, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    part = tmp_path / ".town.part"
    wait_for(lambda: any(part.glob("evidence/*")) or process.poll() is not None)
    process.send_signal(2)
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []
    assert benne("society", tmp_path / "town", "--people", "100").code == 0


def test_a_workspace_that_exists_is_left_alone(tmp_path: Path) -> None:
    assert benne("society", tmp_path / "town", "--people", "100").code == 0
    before = (tmp_path / "town" / "benne.toml").stat().st_mtime_ns
    refused(benne("society", tmp_path / "town", "--people", "100"), 4, "exists already")
    assert (tmp_path / "town" / "benne.toml").stat().st_mtime_ns == before


def test_the_help_names_switches_that_there_are() -> None:
    from benne.society import standard_parameters

    text = benne("society", "--help").out
    switches = [name for name in standard_parameters() if name.endswith((".on", "wave.lived"))]
    assert switches
    assert all(f"{name} " in text for name in [*switches, "wave.cohort"])
