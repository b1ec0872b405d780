"""What may be missing on a machine, and what a missing part does to a test.

A test marked ``spark``, ``browser`` or ``data`` is skipped, with the reason printed, where
its part is missing; ``BENNE_REQUIRE`` names the parts whose absence is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest


def _missing_spark() -> str | None:
    if shutil.which("java") is None:
        return "no java on the path"
    return None if importlib.util.find_spec("pyspark") else "pyspark is not installed"


def _missing_browser() -> str | None:
    return None if shutil.which("chromium") else "no chromium on the path"


def _missing_data() -> str | None:
    folder = os.environ.get("BENNE_TEST_DATA")
    if not folder:
        return "BENNE_TEST_DATA names no folder of the public data sets"
    return None if Path(folder).is_dir() else f"BENNE_TEST_DATA names {folder}, which is no folder"


PARTS = {"spark": _missing_spark, "browser": _missing_browser, "data": _missing_data}


def pytest_runtest_setup(item: pytest.Item) -> None:
    required = set(filter(None, os.environ.get("BENNE_REQUIRE", "").split(",")))
    for part, missing in PARTS.items():
        if item.get_closest_marker(part) is None or (reason := missing()) is None:
            continue
        if part in required:
            pytest.fail(f"BENNE_REQUIRE demands {part}: {reason}")
        pytest.skip(f"{part}: {reason}")


@pytest.fixture(scope="session")
def data() -> Path:
    """The folder of public data sets."""
    return Path(os.environ["BENNE_TEST_DATA"])
