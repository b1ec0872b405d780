"""The page on how to integrate a merchant does what it says, with the installed command."""

from __future__ import annotations

import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from made_workspace import BENNE, ENVIRONMENT, Made

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "integrate-a-merchant.md"


def blocks(page: Path, language: str) -> list[str]:
    """The page's blocks in a language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def run_page(page: Path, url: str) -> dict[str, Any]:
    """Run the page's Python as it stands, but for where the service answers; what it named."""
    there = "http://127.0.0.1:8000"
    python = blocks(page, "python")
    assert there in python[0]
    names: dict[str, Any] = {}
    for block in python:
        exec(compile(block.replace(there, url), str(page), "exec"), names)
    return names


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def served(folder: Path, port: int) -> Iterator[str]:
    """The workspace, answering."""
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [BENNE, "serve", folder, "--port", str(port)],
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    try:
        for _ in range(200):
            assert process.poll() is None, process.stderr and process.stderr.read()
            try:
                if httpx.get(f"{url}/readyz").status_code == 200:
                    break
            except httpx.TransportError:
                time.sleep(0.1)
        yield url
    finally:
        process.terminate()
        _, err = process.communicate(timeout=30)
        assert process.returncode in (0, -signal.SIGTERM), err
        assert "Traceback" not in err


@pytest.fixture
def town(made: Made, tmp_path: Path) -> Path:
    """A copy of the made workspace, under the name that the page has."""
    folder = tmp_path / "demo"
    shutil.copytree(made.folder, folder, ignore=shutil.ignore_patterns("lake.duckdb*"))
    return folder


def test_the_page_on_a_merchant_does_what_it_says(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    with (town / "benne.toml").open("a", encoding="utf-8") as settings:
        settings.write("\n" + "\n".join(blocks(PAGE, "toml")))
    for command in "".join(blocks(PAGE, "sh")).splitlines():
        words = command.replace("benne ", f"{BENNE} ", 1)
        subprocess.run(words, shell=True, check=True, env=ENVIRONMENT, cwd=tmp_path)

    with served(town, free_port()) as url:
        names = run_page(PAGE, url)
    for name in ("grid", "bank", "bikes"):
        names[name].close()
    said = capsys.readouterr().out
    assert re.search(r"\d{3}, \w+; as of", said), said
