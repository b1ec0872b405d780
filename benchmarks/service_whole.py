"""The service, where each answer computes the whole catalogue and not only what its card reads."""

from __future__ import annotations

from litestar import Litestar

from benne import app
from benne.doors.api._serve import with_worker


def from_environment() -> Litestar:
    """The door of the workspace that ``BENNE_WORKSPACE`` names."""
    service = app.shared_service()
    for model in service.reader.models.values():  # type: ignore[attr-defined]
        model.plan = model.everything.only(
            name for name in model.everything.types if name not in model.everything.of_neighbours
        )
    return with_worker(service)
