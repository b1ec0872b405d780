"""OAuth 2.0 client credentials (RFC 6749, 4.4) and the keys that tell a right token."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus

import msgspec
from litestar import Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import URLEncodedBody

from benne import app
from benne.client import _wire as wire
from benne.doors.api._auth import Tokens
from benne.doors.api._render import encode
from benne.doors.api._requests import threaded


@dataclass(frozen=True)
class TokenForm:
    """What a client posts; its id and secret may come in an Authorization header instead."""

    grant_type: str = ""
    scope: str = ""
    client_id: str = ""
    client_secret: str = ""


class OAuthError(msgspec.Struct, frozen=True):
    """An error as RFC 6749, 5.2 writes it."""

    error: str
    error_description: str


@post(
    "/oauth/token",
    status_code=200,
    exclude_from_auth=True,
    tags=["Access"],
    summary="Get an access token",
    security=[{"client": []}],
    responses={
        200: ResponseSpec(wire.Token, generate_examples=False, description="A token"),
        400: ResponseSpec(OAuthError, generate_examples=False, description="Not a request"),
        401: ResponseSpec(OAuthError, generate_examples=False, description="Not a client"),
    },
)
@threaded
def token(
    data: URLEncodedBody[TokenForm],
    request: Request[Any, Any, Any],
) -> Response[bytes]:
    """A token good for some minutes, with the scopes asked for (none: all that were granted)."""
    tokens: Tokens = request.app.state.tokens
    if data.grant_type != "client_credentials":
        return _refused(400, "unsupported_grant_type", "grant_type must be client_credentials.")
    credentials = _credentials(data, request.headers.get("authorization"))
    if credentials is None:
        return _refused(401, "invalid_client", "Send the client's id and secret.")
    try:
        caller = app.authenticate(tokens.service, *credentials)
    except app.Unauthenticated as error:
        return _refused(401, "invalid_client", str(error))
    wanted = frozenset(data.scope.split()) or caller.scopes
    if not wanted <= caller.scopes:
        return _refused(400, "invalid_scope", "The client was not granted all of these scopes.")
    narrowed = app.Caller(caller.client, caller.organisation, wanted, caller.purposes, caller.mode)
    made = wire.Token(
        access_token=tokens.issue(narrowed),
        token_type="Bearer",  # noqa: S106 (a type of token, not a password)
        expires_in=tokens.seconds,
        scope=" ".join(sorted(wanted)),
    )
    return _json(200, made)


def _credentials(form: TokenForm, header: str | None) -> tuple[str, str] | None:
    """The client's id and secret, from the header (RFC 6749, 2.3.1) or the form; not both."""
    if header is None:
        return (form.client_id, form.client_secret) if form.client_id else None
    scheme, _, coded = header.partition(" ")
    if scheme.lower() != "basic" or form.client_secret:
        return None
    try:
        name, colon, secret = base64.b64decode(coded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return (unquote_plus(name), unquote_plus(secret)) if colon else None


def _refused(status: int, code: str, says: str) -> Response[bytes]:
    headers = {"WWW-Authenticate": 'Basic realm="benne"'} if status == 401 else {}
    return _json(status, OAuthError(code, says), headers)


def _json(status: int, body: Any, headers: dict[str, str] | None = None) -> Response[bytes]:
    return Response(
        encode(body),
        status_code=status,
        media_type="application/json",
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


@get(
    "/.well-known/jwks.json",
    sync_to_thread=False,
    exclude_from_auth=True,
    tags=["Access"],
    security=[{}],
)
def jwks(request: Request[Any, Any, Any]) -> dict[str, Any]:
    """The public keys of the access tokens."""
    tokens: Tokens = request.app.state.tokens
    return tokens.public()
