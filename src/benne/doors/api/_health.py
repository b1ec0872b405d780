"""Whether the service lives and can answer; what it is; pages about problems."""

from __future__ import annotations

from typing import Any

from litestar import MediaType, Request, Response, get
from litestar.params import FromPath
from msgspec import Struct

import benne
from benne import app
from benne.doors.api._problems import KINDS
from benne.doors.api._requests import service_of, threaded


class Health(Struct, frozen=True):
    """``ok``, and which Benne it is."""

    status: str
    version: str


@get("/healthz", sync_to_thread=False, exclude_from_auth=True, tags=["Service"], security=[{}])
def healthz() -> Health:
    """The process lives."""
    return Health("ok", benne.__version__)


@get("/readyz", exclude_from_auth=True, tags=["Service"], security=[{}])
@threaded
def readyz(request: Request[Any, Any, Any]) -> Health:
    """The store answers too."""
    app.ready(service_of(request))
    return Health("ok", benne.__version__)


@get(
    "/problems/{code:str}",
    sync_to_thread=False,
    exclude_from_auth=True,
    media_type=MediaType.TEXT,
    include_in_schema=False,
)
def about_problem(code: FromPath[str]) -> Response[str]:
    """What a problem's ``type`` names."""
    kind = KINDS.get(code)
    if kind is None:
        return Response(
            f"There is no problem of this name; there are {', '.join(sorted(KINDS))}.\n",
            status_code=404,
            media_type=MediaType.TEXT,
        )
    return Response(f"{kind.code} ({kind.status}): {kind.title}.\n", media_type=MediaType.TEXT)


HANDLERS = (healthz, readyz, about_problem)
