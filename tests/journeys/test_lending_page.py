"""The page on lending without a deposit does what it says, with the installed command."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from made_workspace import BENNE, ENVIRONMENT
from test_merchant import blocks, free_port, run_page, served

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "lend-without-a-deposit.md"


def test_the_page_on_lending_does_what_it_says(
    promises: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    town = tmp_path / "demo"
    shutil.copytree(promises, town, ignore=shutil.ignore_patterns("lake.duckdb*"))
    settings = (town / "benne.toml").read_text(encoding="utf-8").split("[service]")[0]
    (town / "benne.toml").write_text(settings + "\n".join(blocks(PAGE, "toml")), encoding="utf-8")
    for command in "".join(blocks(PAGE, "sh")).splitlines():
        words = command.replace("benne ", f"{BENNE} ", 1)
        subprocess.run(words, shell=True, check=True, env=ENVIRONMENT, cwd=tmp_path)

    with served(town, free_port()) as url:
        names = run_page(PAGE, url)
    for name in ("banks", "shoes"):
        names[name].close()
    said = capsys.readouterr().out
    assert "cash: 20000 income: -20000" in said
