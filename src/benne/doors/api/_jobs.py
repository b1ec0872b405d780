"""Jobs: one question about many people, answered in the background, read page by page."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter
from msgspec import Struct

from benne import app
from benne.client import _wire as wire
from benne.doors.api._render import encode
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
from benne.kernel import InvalidInput, from_micros

JobId = Annotated[str, PathParameter(pattern=r"^[0-9a-f-]{36}$")]


class _Page(Struct, frozen=True, kw_only=True):
    """A ``wire.JobPage`` whose answers are encoded already."""

    answers: list[msgspec.Raw]
    next: str | None


def _question(data: wire.JobAsked) -> app.Question:
    given = (data.threshold is not None, data.service is not None, data.amount_minor is not None)
    needed = (data.asked == "brief", data.asked == "consult", data.asked == "consult")
    if given != needed:
        raise InvalidInput(
            "threshold goes with brief and with nothing else; service and amount_minor go with "
            "consult, both of them."
        )
    return app.Question(
        data.asked,
        "",
        data.purpose,
        threshold=data.threshold,
        service=data.service,
        amount_minor=data.amount_minor,
    )


def _state(job: app.Job) -> wire.JobState:
    ended = None if job.finished_at is None else from_micros(job.finished_at)
    state: Any = job.state
    return wire.JobState(
        id=job.id,
        state=state,
        total=job.total,
        done=job.done,
        created_at=from_micros(job.created_at),
        finished_at=ended,
    )


@post(
    "/v1/jobs",
    status_code=202,
    tags=["Jobs"],
    responses={**answered(wire.JobState, "Taken on", 202), **problems(404, 409, 413, 422)},
)
@threaded
def start(
    data: JSONBody[wire.JobAsked], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Ask one question about up to 10,000 people; consent is looked at when each is answered."""
    question = _question(data)

    def work(unit: app.Unit) -> app.Fresh:
        job = app.add_job(service_of(request), unit, request.auth, question, data.people)
        return app.Fresh(202, encode(_state(job)))

    return once(request, idempotency_key, data, work)


@get(
    "/v1/jobs/{job:str}",
    tags=["Jobs"],
    responses={**answered(wire.JobState, "How far it is"), **problems(404)},
)
@threaded
def look(job: JobId, request: Asking) -> Response[bytes]:
    """How far a job is."""
    request.auth.demand("answers.batch")
    with service_of(request).online.reading() as unit:
        return raw(encode(_state(app.job_of(unit, request.auth, job))))


@post(
    "/v1/jobs/{job:str}/cancel",
    status_code=200,
    tags=["Jobs"],
    responses={**answered(wire.JobState, "How far it came"), **problems(404)},
)
@threaded
def cancel(job: JobId, request: Asking) -> Response[bytes]:
    """Answer for nobody more."""
    request.auth.demand("answers.batch")
    service = service_of(request)
    with service.online.begin() as unit:
        return raw(encode(_state(app.cancel_job(service, unit, request.auth, job))))


@get(
    "/v1/jobs/{job:str}/answers",
    tags=["Jobs"],
    responses={**answered(wire.JobPage, "A page of answers"), **problems(404, 422)},
)
@threaded
def answers(
    job: JobId,
    request: Asking,
    cursor: Annotated[str | None, QueryParameter(pattern=r"^[0-9]{1,9}$", required=False)] = None,
    limit: Annotated[int, QueryParameter(ge=1, le=1000, required=False)] = 100,
) -> Response[bytes]:
    """The answers so far, in the order of the people."""
    request.auth.demand("answers.batch")
    start = 0 if cursor is None else int(cursor)
    with service_of(request).online.reading() as unit:
        found, more = app.job_page(unit, request.auth, job, start=start, limit=limit)
    told = [msgspec.Raw(body) for body in found]
    return raw(encode(_Page(answers=told, next=None if more is None else str(more))))


HANDLERS = (start, look, cancel, answers)
