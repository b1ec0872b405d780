"""The journeys share one made workspace, built once by the installed command."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from made_promises import promises_workspace
from made_workspace import Made, Ran, benne, make_workspace


@pytest.fixture(scope="session")
def journey(tmp_path_factory: pytest.TempPathFactory) -> tuple[Made, Ran]:
    """A workspace with both families, built, and what the command said."""
    made = make_workspace(
        tmp_path_factory.mktemp("journey"), kinds=("attribute", "account", "instalment")
    )
    return made, benne("build", made.folder, "--data", made.data)


@pytest.fixture(scope="session")
def made(journey: tuple[Made, Ran]) -> Made:
    """The workspace, which must have been built.  Tests leave its evidence alone."""
    workspace, ran = journey
    assert ran.code == 0, ran.err
    return workspace


@pytest.fixture(scope="session")
def promises(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A built workspace whose card reads nothing that a merchant alone can drive up."""
    return promises_workspace(tmp_path_factory.mktemp("promises") / "town", drop="farmable")
