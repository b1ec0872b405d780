"""A service to ask over HTTP: a made store, a hand-written reader of evidence, a clock to turn."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from made_service import Asker, FakeReader, Turned, made_service

from benne.app import Service
from benne.app.stores.online import Online


@pytest.fixture
def clock() -> Turned:
    """The service's clock, which a test turns."""
    return Turned()


@pytest.fixture
def reader() -> FakeReader:
    """Who answers from evidence: a score for everybody, unless a test says otherwise."""
    return FakeReader()


@pytest.fixture
def service(online: Online, clock: Turned, reader: FakeReader, tmp_path: Path) -> Service:
    """A service on both databases, in turn."""
    return made_service(online, clock, reader, tmp_path)


@pytest.fixture
def asker(service: Service) -> Iterator[Asker]:
    """A merchant with every scope, and a person who consented."""
    with Asker(service) as made:
        yield made
