"""What handlers share: the caller, the service, and answers that are given once."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial, wraps
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
from litestar import Request, Response
from litestar.exceptions import ClientException
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter

from benne import app
from benne.client import _wire as wire
from benne.doors.api._problems import MEDIA_TYPE
from benne.doors.api._render import encode

Asking = Request[Any, app.Caller, Any]
"""A request whose caller is known."""

_KEY_SAYS = (
    "A new value for each new request, the same when it is repeated: then the first answer comes "
    "back, byte for byte, and nothing is charged twice. Remembered for 24 hours."
)
_KEY = r"^[!-~]{1,130}$"

IdempotencyKey = Annotated[
    str, HeaderParameter(name="Idempotency-Key", pattern=_KEY, description=_KEY_SAYS)
]
OptionalKey = Annotated[
    str | None,
    HeaderParameter(name="Idempotency-Key", required=False, description=_KEY_SAYS),
]


class JsonRequest(Request[Any, Any, Any]):
    """A request whose JSON is read or refused, whatever its bytes are."""

    async def json(self) -> Any:
        """The JSON of the body.

        Raises:
            ClientException: it is not UTF-8, or is nested too deep.
        """
        try:
            return await super().json()
        except (UnicodeDecodeError, RecursionError) as error:
            raise ClientException("the body must be JSON in UTF-8, not nested deep") from error


P = ParamSpec("P")
T = TypeVar("T")


_ANSWERING = ThreadPoolExecutor(4, "answer")
"""A process works on so many requests at a time.  The store has two lines more, for the worker
and for who asks whether it is ready: who waits for a line is not served in turn, and may wait for
seconds."""


def threaded(work: Callable[P, T]) -> Callable[P, Awaitable[T]]:
    """A handler that works in a thread, so that the event loop goes on.

    The framework's own way wraps a handler again for each method of its path, and breaks it.
    """

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        bound = partial(copy_context().run, work, *args, **kwargs)
        return await asyncio.get_running_loop().run_in_executor(_ANSWERING, bound)

    return run


_PROBLEMS = {
    400: "The request cannot be read, or has no key",
    401: "No access token, or not a good one",
    403: "Scope or purpose not granted",
    404: "There is no such thing",
    409: "Another state stands in the way",
    413: "Too large",
    415: "Of a type or an encoding that is not read",
    422: "Something must be put right",
    429: "Too often",
    503: "Not now",
}


def problems(*statuses: int) -> dict[int, ResponseSpec]:
    """The problems that a path may answer with, for its description."""
    always = (400, 401, 403, 422, 429, 503)
    return {
        status: ResponseSpec(
            wire.Problem,
            generate_examples=False,
            description=_PROBLEMS[status],
            media_type=MEDIA_TYPE,
        )
        for status in sorted({*always, *statuses})
    }


def answered(container: Any, description: str, status: int = 200) -> dict[int, ResponseSpec]:
    """What a path answers, for its description; a repeat of it is told by a header."""
    return {status: ResponseSpec(container, generate_examples=False, description=description)}


def service_of(request: Request[Any, Any, Any]) -> app.Service:
    """The service that the door is hung on."""
    service: app.Service = request.app.state.service
    return service


def once(
    request: Asking,
    key: str | None,
    data: msgspec.Struct,
    work: Callable[[app.Unit], app.Fresh],
    *,
    ahead: app.Ahead = (),
) -> Response[bytes]:
    """``work`` in one transaction with its key, or the bytes that it gave the first time.

    ``ahead`` is what ``work`` asks the store first.
    """
    named = f"{request.method} {request.url.path}\n".encode()
    digest = hashlib.sha256(named + encode(data)).hexdigest()
    kept = app.once(service_of(request), request.auth.client, key, digest, work, ahead=ahead)
    headers = {"Idempotency-Replayed": "true"} if kept.replayed else {}
    return raw(kept.body, status=kept.status, headers=headers)


def raw(
    body: bytes, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    """JSON that is encoded already; nobody on the way may keep it."""
    return Response(
        body,
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )
