"""The tests of this room share ``made_bureau``, and a hamlet with scores."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from made_bureau import Clock, make_town, middle, quiet, train_by_hand

from benne.app._load import load
from benne.app._service import Service
from benne.app.wiring import Session, service, session


@pytest.fixture(scope="session")
def hamlet(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """A workspace of 120 people with every kind of evidence; tests leave it alone."""
    made = make_town(tmp_path_factory.mktemp("hamlet") / "w", people=120, months=36)
    train_by_hand(made, at=middle(made), withheld=[("network",), ("behaviour",)])
    return made


@pytest.fixture
def bureau(hamlet: Session, tmp_path: Path, store_url: str) -> Iterator[tuple[Session, Service]]:
    """A copy of the hamlet that a test may change, with its service on an online store."""
    folder = tmp_path / "hamlet"
    shutil.copytree(hamlet.workspace.folder, folder, ignore=shutil.ignore_patterns("evidence"))
    shutil.copytree(hamlet.workspace.folder / "mapping", folder / "mapping", dirs_exist_ok=True)
    town = session(folder)
    served = service(town, database=store_url)
    yield town, Clock.put_in(served)
    served.online.close()


@pytest.fixture
def loaded(bureau: tuple[Session, Service]) -> tuple[Session, Service]:
    """The same with the lake's evidence in the online store."""
    load(*bureau, quiet)
    return bureau
