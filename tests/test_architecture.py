"""The folder is the architecture: import rules and public surfaces hold."""

from __future__ import annotations

import importlib

import pytest

ROOMS = ["kernel", "rights", "evidence", "features"]


@pytest.mark.parametrize("room", ROOMS)
def test_a_front_door_exports_what_it_names(room: str) -> None:
    module = importlib.import_module(f"benne.{room}")
    assert sorted(module.__all__) == list(dict.fromkeys(sorted(module.__all__)))
    for name in module.__all__:
        assert hasattr(module, name), f"benne.{room}.__all__ names {name}, which it has not"
