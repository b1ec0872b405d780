"""People about themselves: sign in, see the score and who asked, change one's mind, take a copy."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from litestar import Request, Response, get, post
from litestar.params import JSONBody, QueryParameter
from litestar.response import Redirect
from msgspec import Meta, Struct

from benne import app
from benne.client import _wire as wire
from benne.doors.api import _render as render
from benne.doors.api._consents import ConsentId, terms_of
from benne.doors.api._render import encode
from benne.doors.api._requests import answered, problems, raw, service_of, threaded
from benne.doors.api._sign_in import FLOW, Person, SignIn, signed_in
from benne.kernel import canonical_json, from_micros

Mine = Request[Person, Any, Any]
_PLACE = r"^[0-9]{1,18}\.[0-9a-f-]{36}$"
"""A cursor: the instant of an ask, and the id of its answer."""
OWN: dict[str, Any] = {
    "exclude_from_auth": True,
    "guards": [signed_in],
    "security": [{"session": []}],
    "tags": ["People"],
}


class Me(Struct, frozen=True, kw_only=True):
    """Who is signed in; ``csrf`` is said in X-Benne-CSRF by what changes something."""

    csrf: str
    administrator: bool


class OwnScore(Struct, frozen=True, kw_only=True):
    """The person's own answer, with the parts that the score is, exactly."""

    answer: wire.ScoreAnswer
    base_points: int | None
    domain_points: dict[str, int] | None
    limit_points: int | None


class OwnConsent(wire.ConsentReceipt, frozen=True, kw_only=True):
    """A consent, and to whom it was given."""

    organisation: str


class WhoAsked(Struct, frozen=True, kw_only=True):
    """Who asked about the person, what, why, and what they were told."""

    organisation: str
    asked: str
    purpose: str
    outcome: str
    at: datetime


class WhoAskedPage(Struct, frozen=True, kw_only=True):
    """A page, the newest first; ``next`` is the cursor of what follows, null at the end."""

    asked: list[WhoAsked]
    next: str | None


class ConsentAtOrganisation(
    wire.ConsentTerms, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """What a person, signed in, allows an organisation."""

    organisation: wire.OrganisationId


def _sign_in(request: Request[Any, Any, Any]) -> SignIn:
    found: SignIn = request.app.state.sign_in
    return found


@get("/auth/login", exclude_from_auth=True, include_in_schema=False)
@threaded
def login(request: Request[Any, Any, Any]) -> Redirect:
    """To the provider."""
    address, cookie = _sign_in(request).begin()
    return Redirect(address, status_code=303, cookies=[cookie])


@get("/auth/callback", exclude_from_auth=True, include_in_schema=False)
@threaded
def callback(request: Request[Any, Any, Any]) -> Redirect:
    """Back from the provider."""
    cookie = _sign_in(request).finish(
        code=request.query_params.get("code", ""),
        state=request.query_params.get("state", ""),
        flow=request.cookies.get(FLOW),
    )
    return Redirect("/me/orders", status_code=303, cookies=[cookie])


@post("/auth/logout", status_code=204, include_in_schema=False, **OWN)
@threaded
def logout(request: Mine) -> Response[None]:
    """End the session."""
    return Response(None, status_code=204, cookies=[_sign_in(request).ended()])


@get("/v1/me", responses={**answered(Me, "Who is signed in"), **problems()}, **OWN)
@threaded
def me(request: Mine) -> Response[bytes]:
    """Who is signed in."""
    return raw(encode(Me(csrf=request.user.csrf, administrator=request.user.admin is not None)))


@post(
    "/v1/me/score",
    status_code=200,
    responses={**answered(OwnScore, "The score, and its parts"), **problems()},
    **OWN,
)
@threaded
def own_score(request: Mine) -> Response[bytes]:
    """One's own score with its parts and reasons, free of charge."""
    service = service_of(request)
    with service.online.begin() as unit:
        reply = app.own_score(service, unit, request.user.subject)
    score = reply.answer if isinstance(reply.answer, app.Score) else None
    told: Any = render.answer(reply)
    own = OwnScore(
        answer=told,
        base_points=None if score is None else score.base_points,
        domain_points=None if score is None else dict(score.domain_points),
        limit_points=None if score is None else score.limit_points,
    )
    return raw(encode(own))


@get(
    "/v1/me/consents",
    responses={**answered(list[OwnConsent], "What one allowed"), **problems()},
    **OWN,
)
@threaded
def own_consents(request: Mine) -> Response[bytes]:
    """What one allowed whom, and how each consent stands."""
    service = service_of(request)
    with service.online.reading() as unit:
        found = app.own_consents(service, unit, request.user.subject)
    return raw(encode([_own(one) for one in found]))


def _own(found: app.Receipt) -> OwnConsent:
    receipt = render.receipt(found)
    fields = {name: getattr(receipt, name) for name in receipt.__struct_fields__}
    return OwnConsent(**fields, organisation=found.consent.merchant)


@post(
    "/v1/me/consents",
    status_code=201,
    responses={**answered(OwnConsent, "Given", 201), **problems(404, 422)},
    **OWN,
)
@threaded
def give_own(data: JSONBody[ConsentAtOrganisation], request: Mine) -> Response[bytes]:
    """Allow an organisation something."""
    service = service_of(request)
    with service.online.begin() as unit:
        given = app.give_own_consent(
            service,
            unit,
            merchant=data.organisation,
            subject=request.user.subject,
            terms=terms_of(data),
        )
    return raw(encode(_own(given)), status=201)


@post(
    "/v1/me/consents/{consent:str}/acts",
    status_code=200,
    responses={**answered(OwnConsent, "How it stands now"), **problems(404, 409)},
    **OWN,
)
@threaded
def act(consent: ConsentId, data: JSONBody[wire.ConsentAct], request: Mine) -> Response[bytes]:
    """Pause, resume or revoke a consent."""
    service = service_of(request)
    with service.online.begin() as unit:
        moved = app.change_consent(service, unit, consent, data.act, subject=request.user.subject)
    return raw(encode(_own(moved)))


@get(
    "/v1/me/asks",
    responses={**answered(WhoAskedPage, "Who asked"), **problems()},
    **OWN,
)
@threaded
def who_asked(
    request: Mine,
    cursor: Annotated[str | None, QueryParameter(pattern=_PLACE, required=False)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, required=False)] = 100,
) -> Response[bytes]:
    """Who asked about one, what and why, the newest first."""
    before = None
    if cursor is not None:
        at, _, answer = cursor.partition(".")
        before = int(at), answer
    with service_of(request).online.reading() as unit:
        found = app.who_asked(unit, request.user.subject, before=before, limit=limit)
    page = WhoAskedPage(
        asked=[
            WhoAsked(
                organisation=one.organisation,
                asked=one.asked,
                purpose=one.purpose,
                outcome=one.outcome,
                at=from_micros(one.at),
            )
            for one in found
        ],
        next=f"{found[-1].at}.{found[-1].answer}" if len(found) == limit else None,
    )
    return raw(encode(page))


class DisputeAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A record of one's own, by what `GET /v1/me/copy` tells of it, and what to do about it.

    ``open`` disputes it, ``withdraw`` takes that back, ``state`` puts one's own words beside it.
    """

    kind: wire.Name
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    record: Annotated[str, Meta(min_length=1, max_length=1000)]
    act: Literal["open", "withdraw", "state"]
    text: Annotated[str, Meta(max_length=4000)] = ""


class DisputeTold(Struct, frozen=True, kw_only=True):
    """How the record stands, and by when the dispute must be answered."""

    state: str
    answer_by: datetime | None
    statement: str | None


@post(
    "/v1/me/disputes",
    status_code=200,
    responses={**answered(DisputeTold, "How the record stands"), **problems(404, 409)},
    **OWN,
)
@threaded
def dispute(data: JSONBody[DisputeAsked], request: Mine) -> Response[bytes]:
    """Dispute a record of one's own, take it back, or put a statement beside it."""
    service = service_of(request)
    name = (data.kind, data.source, data.record)
    with service.online.begin() as unit:
        found = app.dispute_own(service, unit, request.user.subject, name, data.act, text=data.text)
    due = render.answer_by(found)
    told = DisputeTold(state=found.state, answer_by=due, statement=found.statement)
    return raw(encode(told))


class ErasureAsked(Struct, frozen=True, kw_only=True):
    """A request to be erased: an administrator decides it, as the law says."""

    id: str
    asked_at: datetime


@post(
    "/v1/me/erasure",
    status_code=202,
    responses={**answered(ErasureAsked, "Asked", 202), **problems()},
    **OWN,
)
@threaded
def erasure(request: Mine) -> Response[bytes]:
    """Ask to be erased; what the law holds is kept until its horizon."""
    service = service_of(request)
    with service.online.begin() as unit:
        made = app.propose(
            service, unit, act="erase_person", about=request.user.subject, by="the person"
        )
    told = ErasureAsked(id=made.id, asked_at=from_micros(made.proposed_at))
    return raw(encode(told), status=202)


@get(
    "/v1/me/copy", responses={200: answered(dict[str, Any], "A copy")[200], **problems(404)}, **OWN
)
@threaded
def own_copy(request: Mine) -> Response[bytes]:
    """A copy of all that is held of one."""
    service = service_of(request)
    with service.online.begin() as unit:
        copy = app.export_person(service, unit, request.user.subject)
        service.note(unit, "access", {"person": service.hashed(request.user.subject)})
    return raw(canonical_json(copy).encode())


HANDLERS = (
    login, callback, logout, me, own_score, own_consents, give_own, act, who_asked, dispute,
    erasure, own_copy,
)  # fmt: skip
