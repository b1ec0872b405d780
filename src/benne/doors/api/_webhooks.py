"""Webhooks, after the Standard Webhooks specification: endpoints and their secrets."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from litestar import Response, delete, get, post
from litestar.params import JSONBody, PathParameter
from msgspec import UNSET, Meta, Struct, UnsetType

from benne import app
from benne.doors.api._render import encode
from benne.doors.api._requests import Asking, answered, problems, raw, service_of, threaded
from benne.kernel import from_micros

EndpointId = Annotated[str, PathParameter(pattern=r"^[0-9a-f-]{36}$")]
Event = Annotated[str, Meta(extra_json_schema={"enum": list(app.EVENTS)})]


class EndpointAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to be told, and of what; no events means all."""

    url: Annotated[str, Meta(min_length=8, max_length=2000)]
    events: Annotated[list[Event], Meta(max_length=50)] = []


class EndpointTold(Struct, frozen=True, kw_only=True):
    """An endpoint.  ``secret`` is there only when it is new: it is shown once."""

    id: str
    url: str
    events: list[str]
    created_at: datetime
    secret: str | UnsetType = UNSET


def _told(endpoint: app.Endpoint, secret: str | UnsetType = UNSET) -> EndpointTold:
    return EndpointTold(
        id=endpoint.id,
        url=endpoint.url,
        events=sorted(endpoint.events or app.EVENTS),
        created_at=from_micros(endpoint.created_at),
        secret=secret,
    )


@post(
    "/v1/webhooks",
    status_code=201,
    tags=["Webhooks"],
    responses={**answered(EndpointTold, "Its secret is shown once", 201), **problems(422)},
)
@threaded
def add(data: JSONBody[EndpointAsked], request: Asking) -> Response[bytes]:
    """Be told at an address of what changes."""
    request.auth.demand("webhooks")
    service = service_of(request)
    with service.online.begin() as unit:
        made = app.add_endpoint(service, unit, request.auth, url=data.url, events=data.events)
    return raw(encode(_told(made.endpoint, made.secret)), status=201)


@get(
    "/v1/webhooks",
    tags=["Webhooks"],
    responses={**answered(list[EndpointTold], "Where you are told"), **problems()},
)
@threaded
def look(request: Asking) -> Response[bytes]:
    """Where your organisation is told."""
    request.auth.demand("webhooks")
    with service_of(request).online.reading() as unit:
        found = app.list_endpoints(unit, request.auth.books)
    return raw(encode([_told(one) for one in found]))


@post(
    "/v1/webhooks/{endpoint:str}/secret",
    status_code=201,
    tags=["Webhooks"],
    responses={**answered(EndpointTold, "Its new secret", 201), **problems(404)},
)
@threaded
def rotate(endpoint: EndpointId, request: Asking) -> Response[bytes]:
    """A new secret; for a day messages are signed with the old one too."""
    request.auth.demand("webhooks")
    service = service_of(request)
    with service.online.begin() as unit:
        made = app.rotate_webhook_secret(service, unit, request.auth, endpoint)
    return raw(encode(_told(made.endpoint, made.secret)), status=201)


@delete(
    "/v1/webhooks/{endpoint:str}",
    status_code=204,
    tags=["Webhooks"],
    responses=problems(404),
)
@threaded
def close(endpoint: EndpointId, request: Asking) -> None:
    """Be told nothing more there."""
    request.auth.demand("webhooks")
    service = service_of(request)
    with service.online.begin() as unit:
        app.close_endpoint(service, unit, request.auth, endpoint)


HANDLERS = (add, look, rotate, close)
