"""One table from errors to problems (RFC 9457), and from problems to responses.

A problem never holds what was not sent with the request, and a bug says nothing of itself.
"""

from __future__ import annotations

import logging
import traceback
from dataclasses import dataclass
from typing import Any

from litestar import Request, Response
from litestar.exceptions import (
    ClientException,
    HTTPException,
    MethodNotAllowedException,
    NotAuthorizedException,
    NotFoundException,
    PermissionDeniedException,
    TooManyRequestsException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import ExceptionHandlersMap

from benne import app
from benne.kernel import (
    BenneError,
    Conflict,
    Corrupt,
    InvalidInput,
    NotFound,
    NotPermitted,
    Unavailable,
    consequence_of,
)

_LOG = logging.getLogger("benne")
MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """A stable ``code``, its HTTP status and its title."""

    code: str
    status: int
    title: str

    @property
    def type(self) -> str:
        """The page about it, below the service's own address."""
        return f"/problems/{self.code}"


def _of(error: type[BenneError], code: str, title: str, status: int | None = None) -> ProblemKind:
    return ProblemKind(code, status or consequence_of(error("")).http_status, title)


MALFORMED = ProblemKind("malformed", 400, "The request cannot be read")
UNAUTHENTICATED = ProblemKind("unauthenticated", 401, "Nobody whom we know is asking")
NOT_FOUND = ProblemKind("not_found", 404, "There is no such thing here")
METHOD = ProblemKind("method_not_allowed", 405, "The path does not take this method")
TOO_LARGE = ProblemKind("too_large", 413, "The request is too large")
UNREADABLE = ProblemKind("unsupported_media_type", 415, "The body is not of a type we read")
INVALID = ProblemKind("invalid_input", 422, "Something in the request must be put right")
TOO_MANY = ProblemKind("too_many_requests", 429, "Too many requests")
BUG = ProblemKind("internal", 500, "Something is wrong with the service")
SLOW = ProblemKind("timeout", 503, "The request took too long")

ERRORS: dict[type[BenneError], ProblemKind] = {
    app.Unauthenticated: UNAUTHENTICATED,
    app.ScopeMissing: _of(NotPermitted, "scope_missing", "The client was not given this part"),
    app.PurposeNotGranted: _of(
        NotPermitted, "purpose_not_granted", "The client was not admitted to this purpose"
    ),
    app.MoreThanNeeded: _of(NotPermitted, "more_than_needed", "The purpose needs less"),
    app.KeyMissing: ProblemKind("key_missing", 400, "An Idempotency-Key is needed"),
    app.KeyReused: _of(InvalidInput, "key_reused", "The key belongs to another request"),
    app.KeyInFlight: _of(Conflict, "key_in_flight", "The first request is still being answered"),
    app.KeyErased: _of(Conflict, "key_erased", "What was answered was lawfully erased"),
    app.TooManyThresholds: ProblemKind(
        "too_many_thresholds", 429, "So many thresholds would find out the score"
    ),
    app.NoticeMissing: _of(InvalidInput, "notice_missing", "Prior notice must be stated"),
    app.NeedsSecondPerson: _of(Conflict, "needs_second_person", "A second person must agree"),
    InvalidInput: INVALID,
    NotPermitted: _of(NotPermitted, "not_permitted", "No permission covers the request"),
    NotFound: NOT_FOUND,
    Conflict: _of(Conflict, "conflict", "Another state stands in the way"),
    Unavailable: _of(Unavailable, "unavailable", "It cannot be answered now"),
    Corrupt: BUG,
}
"""The nearest class in the table says what an error is at this door."""

HTTP: dict[type[HTTPException], ProblemKind] = {
    ValidationException: INVALID,
    NotAuthorizedException: UNAUTHENTICATED,
    PermissionDeniedException: ERRORS[NotPermitted],
    NotFoundException: NOT_FOUND,
    MethodNotAllowedException: METHOD,
    RequestEntityTooLarge: TOO_LARGE,
    TooManyRequestsException: TOO_MANY,
    ClientException: MALFORMED,
}
"""What the framework itself refuses."""

KINDS: dict[str, ProblemKind] = {
    kind.code: kind for kind in (*ERRORS.values(), *HTTP.values(), UNREADABLE, SLOW, BUG)
}
"""Every problem that there is, by its code."""


def kind_of(error: BenneError) -> ProblemKind:
    """The problem that ``error`` is."""
    for cls in type(error).__mro__:
        if cls in ERRORS:
            return ERRORS[cls]
    return BUG


def problem(
    kind: ProblemKind,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    errors: list[dict[str, str]] | None = None,
) -> Response[dict[str, Any]]:
    """The response that says so."""
    body: dict[str, Any] = {
        "type": kind.type,
        "title": kind.title,
        "status": kind.status,
        "detail": detail,
        "code": kind.code,
    }
    if errors:
        body["errors"] = errors
    return Response(body, status_code=kind.status, media_type=MEDIA_TYPE, headers=headers)


def _benne_error(request: Request[Any, Any, Any], error: BenneError) -> Response[Any]:
    kind = kind_of(error)
    if kind is BUG:
        return _bug(request, error)
    headers = {"WWW-Authenticate": 'Bearer realm="benne"'} if kind is UNAUTHENTICATED else None
    if isinstance(error, app.KeyInFlight | Unavailable):
        headers = {"Retry-After": "1"}
    if isinstance(error, app.StoreUnavailable):
        _LOG.warning("%s", error)
        return problem(kind, _STORE_SAYS, headers=headers)
    return problem(kind, str(error), headers=headers)


_STORE_SAYS = (
    "The store cannot be used now. Nothing of this request was kept: send the same again, later."
)
"""To who asks; which database it is, and what it said, is for who runs it."""


def _http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[Any]:
    kind = next((HTTP[cls] for cls in type(error).__mro__ if cls in HTTP), None)
    if kind is None:
        kind = UNREADABLE if error.status_code == UNREADABLE.status else BUG
    if kind is BUG:
        return _bug(request, error)
    if _no_key(error):
        return problem(kind_of(app.KeyMissing()), app.KEY_SAYS)
    headers = dict(error.headers) if error.headers else {}
    if kind is UNAUTHENTICATED:
        headers["WWW-Authenticate"] = 'Bearer realm="benne"'
    return problem(kind, _detail(error), headers=headers, errors=_errors(error))


def _no_key(error: HTTPException) -> bool:
    """Whether the framework missed the header by which a request is known again."""
    return isinstance(error, ValidationException) and "'Idempotency-Key'" in error.detail


def _detail(error: HTTPException) -> str:
    """The framework's words, without the address and the query of the request."""
    words = error.detail.split(" for GET ")[0].split(" for POST ")[0]
    return words or "The request must be as the description of the service says."


def _errors(error: HTTPException) -> list[dict[str, str]] | None:
    if not isinstance(error.extra, list):
        return None
    keys = ("key", "message", "source")
    return [
        {name: str(one[name]) for name in keys if name in one}
        for one in error.extra
        if isinstance(one, dict)
    ]


def _bug(request: Request[Any, Any, Any], error: Exception) -> Response[Any]:
    """Log where a fault was met, and not what it says: that may be of a person."""
    where = "".join(traceback.format_tb(error.__traceback__))
    path = request.scope.get("path_template", "an unknown path")
    _LOG.error("%s at %s\n%s", type(error).__name__, path, where)
    return problem(BUG, "A fault was met, and noted; try again later.")


HANDLERS: ExceptionHandlersMap = {
    BenneError: _benne_error,
    HTTPException: _http_error,
    Exception: _bug,
}
"""How the door answers an error."""
