"""Answers about a person: each path asks one question, and has one closed union of answers."""

from __future__ import annotations

from typing import Annotated

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, PathParameter

from benne import app
from benne.client import _wire as wire
from benne.doors.api import _render as render
from benne.doors.api._requests import (
    Asking,
    IdempotencyKey,
    answered,
    once,
    problems,
    raw,
    service_of,
    threaded,
)

AnswerId = Annotated[str, PathParameter(pattern=r"^[0-9a-f-]{36}$")]
_SAYS = "The typed answer; why there is none is an answer too, and never a number"


def _asked(
    request: Asking, key: str | None, data: msgspec.Struct, question: app.Question
) -> Response[bytes]:
    service = service_of(request)

    def work(unit: app.Unit) -> app.Fresh:
        reply = app.ask(service, unit, request.auth, question)
        subject = None if reply.consent is None else reply.consent.subject
        return app.Fresh(200, render.encode(render.answer(reply)), subject)

    return once(request, key, data, work, ahead=app.asked_first(request.auth, question.person))


@post(
    "/v1/answers/score",
    status_code=200,
    tags=["Answers"],
    responses={**answered(wire.ScoreAnswer, _SAYS), **problems(409, 422)},
)
@threaded
def score(
    data: JSONBody[wire.Question], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """The score itself, with its reasons where the purpose owes them."""
    return _asked(request, idempotency_key, data, app.Question("score", data.person, data.purpose))


@post(
    "/v1/answers/brief",
    status_code=200,
    tags=["Answers"],
    responses={**answered(wire.BriefAnswer, _SAYS), **problems(409, 422)},
)
@threaded
def brief(
    data: JSONBody[wire.BriefQuestion], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Yes or no at a threshold; the score stays hidden."""
    question = app.Question("brief", data.person, data.purpose, threshold=data.threshold)
    return _asked(request, idempotency_key, data, question)


@post(
    "/v1/answers/level",
    status_code=200,
    tags=["Answers"],
    responses={**answered(wire.LevelAnswer, _SAYS), **problems(409, 422)},
)
@threaded
def level(
    data: JSONBody[wire.Question], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """The level, A to E."""
    return _asked(request, idempotency_key, data, app.Question("level", data.person, data.purpose))


@post(
    "/v1/answers/consult",
    status_code=200,
    tags=["Answers"],
    responses={**answered(wire.ConsultAnswer, _SAYS), **problems(404, 409, 422)},
)
@threaded
def consult(
    data: JSONBody[wire.ConsultQuestion], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Whether the person may use a service on credit, and up to what."""
    question = app.Question(
        "consult",
        data.person,
        data.purpose,
        service=data.service,
        amount_minor=data.amount_minor,
        fields=data.fields,
    )
    return _asked(request, idempotency_key, data, question)


@post(
    "/v1/answers/watchlist",
    status_code=200,
    tags=["Answers"],
    responses={**answered(wire.WatchlistAnswer, _SAYS), **problems(409, 422)},
)
@threaded
def watchlist(
    data: JSONBody[wire.Question], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Broken promises: settled or not, disputed or not, with the person's own words."""
    question = app.Question("watchlist", data.person, data.purpose)
    return _asked(request, idempotency_key, data, question)


@post(
    "/v1/answers/inquiries",
    status_code=200,
    tags=["Answers"],
    responses={**answered(wire.InquiriesAnswer, _SAYS), **problems(409, 422)},
)
@threaded
def inquiries(
    data: JSONBody[wire.Question], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """How often lenders asked in the last 3, 7, 30 and 90 days."""
    question = app.Question("inquiries", data.person, data.purpose)
    return _asked(request, idempotency_key, data, question)


@get(
    "/v1/answers/{answer:str}",
    tags=["Answers"],
    responses={**answered(wire.AnswerStanding, "How it stands now"), **problems(404)},
)
@threaded
def look(answer: AnswerId, request: Asking) -> Response[bytes]:
    """Whether an answer stands or was given again after a correction, and what it says then."""
    service = service_of(request)
    with service.online.begin() as unit:
        found = app.answer_standing(service, unit, request.auth, answer)
    return raw(render.encode(render.standing(found)))


HANDLERS = (score, brief, level, consult, watchlist, inquiries, look)
