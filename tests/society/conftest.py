"""One society for all tests of the room, and a way to make others."""

from __future__ import annotations

from collections import defaultdict
from typing import Protocol, TypeAlias

import pyarrow as pa
import pytest

from benne.society import simulate, standard_parameters

Tables: TypeAlias = dict[tuple[str, str], pa.Table]


class Make(Protocol):
    """Makes a society; ``section__name=value`` changes a parameter."""

    def __call__(self, people: int, seed: int, **changes: float) -> Tables: ...


def _make(people: int, seed: int, **changes: float) -> Tables:
    parameters = standard_parameters().change({k.replace("__", "."): v for k, v in changes.items()})
    found: dict[tuple[str, str], list[pa.RecordBatch]] = defaultdict(list)
    for _, emissions in simulate(people=people, months=60, seed=seed, parameters=parameters):
        for emission in emissions:
            found[emission.place, emission.table].append(emission.batch)
    return {key: pa.Table.from_batches(batches) for key, batches in found.items()}


@pytest.fixture(scope="session")
def make() -> Make:
    return _make


@pytest.fixture(scope="session")
def tables() -> Tables:
    return _make(5_000, 11)
