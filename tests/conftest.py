"""What may be missing on a machine, and what a missing part does to a test.

A test marked ``spark``, ``browser``, ``data`` or ``postgres`` is skipped, with the reason
printed, where its part is missing; ``BENNE_REQUIRE`` names the parts whose absence is a failure.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))

import made_postgres

settings.register_profile("benne", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("benne")
"""No test is timed: how long an example takes says how busy the machine is."""

if TYPE_CHECKING:
    from benne.app.stores.online import Online


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


PARTS = {
    "spark": _missing_spark,
    "browser": _missing_browser,
    "data": _missing_data,
    "postgres": made_postgres.missing,
}


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


# --- online stores -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[made_postgres.Server]:
    """A running PostgreSQL; a test that uses it is marked ``postgres``."""
    with made_postgres.server() as server:
        yield server


@pytest.fixture(scope="session")
def postgres_template(postgres: made_postgres.Server) -> str:
    """The name of a database with the newest schema and no rows."""
    from benne.app.stores.online import Online

    url = postgres.database()
    Online.open(url).close()
    return made_postgres.name_of(url)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with the newest schema and no rows."""
    from benne.app.stores.online import Online

    path = tmp_path_factory.mktemp("sqlite") / "benne.db"
    Online.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty online store; each test that asks runs on both databases."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "benne.db")
        yield f"sqlite:///{tmp_path / 'benne.db'}"
        return
    server: made_postgres.Server = request.getfixturevalue("postgres")
    url = server.database(request.getfixturevalue("postgres_template"))
    yield url
    server.drop(url)


@pytest.fixture
def online(store_url: str) -> Iterator[Online]:
    """An open online store with nothing in it, on each database in turn."""
    from benne.app.stores.online import Online

    store = Online.open(store_url)
    yield store
    store.close()


@pytest.fixture(scope="module")
def spark() -> Iterator[object]:
    """A local Spark session of one core."""
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master("local[1]")
        .config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .getOrCreate()
    )
    yield session
    session.stop()
