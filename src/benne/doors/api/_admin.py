"""Administrators: what cannot be undone, and takes two of them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody, PathParameter
from msgspec import Meta, Struct

from benne import app
from benne.doors.api._render import encode
from benne.doors.api._requests import answered, problems, raw, service_of, threaded
from benne.doors.api._sign_in import Person, signed_in
from benne.kernel import NotPermitted, from_micros

Administered = Request[Person, Any, Any]
ProposalId = Annotated[str, PathParameter(pattern=r"^[0-9a-f-]{36}$")]


def administrator(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: an administrator signed in.

    Raises:
        Unauthenticated: nobody did.
        NotPermitted: somebody else did.
    """
    signed_in(connection, _)
    if connection.scope["user"].admin is None:
        raise NotPermitted("only an administrator may do this.")


_ADMIN: dict[str, Any] = {
    "exclude_from_auth": True,
    "guards": [administrator],
    "security": [{"session": []}],
    "tags": ["Administration"],
}


class ProposalAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What to do for good: with a client, by its id; with a person, by what sources share."""

    act: Literal["close_client", "erase_person"]
    about: Annotated[str, Meta(min_length=1, max_length=200)]


class ProposalTold(Struct, frozen=True, kw_only=True):
    """A proposal.  Of a person, only the pseudonym is told."""

    id: str
    act: str
    about: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    agreed: str | None


class Decided(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether one agrees."""

    agree: bool


def _told(one: app.Proposal) -> ProposalTold:
    return ProposalTold(
        id=one.id,
        act=one.act,
        about=one.about,
        proposed_by=one.proposed_by,
        proposed_at=from_micros(one.proposed_at),
        decided_by=one.decided_by,
        agreed=one.agreed,
    )


@get(
    "/v1/admin/proposals",
    responses={**answered(list[ProposalTold], "What waits"), **problems()},
    **_ADMIN,
)
@threaded
def waiting(request: Administered) -> Response[bytes]:
    """What waits for a second person."""
    with service_of(request).online.reading() as unit:
        return raw(encode([_told(one) for one in app.waiting_proposals(unit)]))


@post(
    "/v1/admin/proposals",
    status_code=201,
    responses={**answered(ProposalTold, "Proposed", 201), **problems(404)},
    **_ADMIN,
)
@threaded
def propose(data: JSONBody[ProposalAsked], request: Administered) -> Response[bytes]:
    """Propose what cannot be undone; another administrator must agree."""
    service = service_of(request)
    person = data.act == "erase_person"
    about = app.identified(service, data.about) if person else data.about
    with service.online.begin() as unit:
        made = app.propose(service, unit, act=data.act, about=about, by=request.user.admin or "")
    return raw(encode(_told(made)), status=201)


@post(
    "/v1/admin/proposals/{proposal:str}/decision",
    status_code=200,
    responses={**answered(ProposalTold, "Decided"), **problems(404, 409)},
    **_ADMIN,
)
@threaded
def decide(proposal: ProposalId, data: JSONBody[Decided], request: Administered) -> Response[bytes]:
    """Agree, and it is done; or do not, and it is dropped."""
    service = service_of(request)
    by = request.user.admin or ""
    with service.online.begin() as unit:
        decided = app.decide_proposal(service, unit, proposal, by=by, agree=data.agree)
    return raw(encode(_told(decided.proposal)))


HANDLERS = (waiting, propose, decide)
