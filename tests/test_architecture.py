"""The folder is the architecture: import rules and public surfaces hold."""

from __future__ import annotations

import importlib
import re
from pathlib import Path

import pytest

ROOMS = [
    "kernel", "rights", "evidence", "features", "models", "scores", "decisions", "orders",
    "monitoring", "society", "app", "doors",
]  # fmt: skip
SOURCE = Path(importlib.import_module("benne").__file__ or "").parent
ENGINES = {"duckdb": "app/stores/_duckdb.py", "pyspark": "app/stores/_spark.py"}
WRITING = re.compile(r"\.write_text\(|\.write_bytes\(|\.open\(\"[wax]|shutil\.|os\.remove")


@pytest.mark.parametrize("room", ROOMS)
def test_a_front_door_exports_what_it_names(room: str) -> None:
    module = importlib.import_module(f"benne.{room}")
    assert sorted(module.__all__) == list(dict.fromkeys(sorted(module.__all__)))
    for name in module.__all__:
        assert hasattr(module, name), f"benne.{room}.__all__ names {name}, which it has not"


@pytest.mark.parametrize(("engine", "home"), ENGINES.items())
def test_one_module_knows_an_engine(engine: str, home: str) -> None:
    spoken = re.compile(rf"^\s*(import {engine}|from {engine}[. ])", re.MULTILINE)
    knows = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if spoken.search(path.read_text(encoding="utf-8"))
    ]
    assert knows == [home]


def test_only_stores_write_files() -> None:
    writers = {
        path.relative_to(SOURCE).parent.as_posix()
        for path in SOURCE.rglob("*.py")
        if WRITING.search(path.read_text(encoding="utf-8"))
    }
    assert writers <= {"app/stores"}


def test_only_wiring_reads_the_clock_and_the_environment() -> None:
    asks = re.compile(r"datetime\.now\(|os\.environ|time\.time\(|\bsecrets\.\w")
    found = [
        path.relative_to(SOURCE).as_posix()
        for path in SOURCE.rglob("*.py")
        if asks.search(path.read_text(encoding="utf-8"))
    ]
    assert found == ["app/wiring.py"]
