"""Sign-in of people: OpenID Connect, authorization code with PKCE; a session in a signed cookie.

The provider says who the person is; of that, only the pseudonym is kept.  A request that changes
something must say the session's own word in ``X-Benne-CSRF``, which another site cannot know.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from litestar.connection import ASGIConnection
from litestar.datastructures import Cookie
from litestar.handlers import BaseRouteHandler

from benne import app
from benne.doors.api._auth import ALGORITHM, Tokens
from benne.kernel import Unavailable

SESSION = "benne_session"
FLOW = "benne_sign_in"
CSRF = "X-Benne-CSRF"
_SESSION_SECONDS = 1_800
_FLOW_SECONDS = 600
_SECOND = 1_000_000
_ALGORITHMS = ["RS256", "ES256", "PS256", "Ed25519", "EdDSA"]
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class Person:
    """Who signed in: the pseudonym, the word against forged requests, and whether an admin."""

    subject: str
    csrf: str
    admin: str | None = None


class SignIn:
    """The sign-in of one service with one provider.  ``http`` reaches the provider."""

    def __init__(self, tokens: Tokens, http: httpx.Client) -> None:
        self._tokens, self._http = tokens, http
        self._provider: dict[str, Any] = {}

    @property
    def _settings(self) -> app.SignInTable:
        settings = self._tokens.service.workspace.service.sign_in
        if settings is None:
            raise Unavailable("people cannot sign in here: [service.sign_in] names no provider.")
        return settings

    @property
    def _callback(self) -> str:
        return f"{self._tokens.issuer}/auth/callback"

    def begin(self) -> tuple[str, Cookie]:
        """Where to send the person, and the cookie that knows them again when they come back."""
        draw = self._tokens.service.randomness
        state, nonce, verifier = draw(16).hex(), draw(16).hex(), draw(32).hex()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest())
        query = urlencode(
            {
                "response_type": "code",
                "client_id": self._settings.client_id,
                "redirect_uri": self._callback,
                "scope": "openid",
                "state": state,
                "nonce": nonce,
                "code_challenge": challenge.rstrip(b"=").decode(),
                "code_challenge_method": "S256",
            }
        )
        flow = {"state": state, "nonce": nonce, "verifier": verifier}
        address = f"{self._known()['authorization_endpoint']}?{query}"
        return address, self._cookie(FLOW, "flow+jwt", flow, _FLOW_SECONDS, path="/auth")

    def finish(self, *, code: str, state: str, flow: str | None) -> Cookie:
        """The session's cookie of the person who came back from the provider.

        Raises:
            Unauthenticated: they did not set out from here, or the provider does not vouch for
                them.
        """
        begun = self._open(flow, "flow+jwt")
        if not hmac.compare_digest(str(begun["state"]), state):
            raise app.Unauthenticated("this sign-in was not begun here; begin it again.")
        claims = self._claims(code, str(begun["verifier"]), str(begun["nonce"]))
        identifier = claims.get(self._settings.identifier_claim)
        if not isinstance(identifier, str) or not identifier:
            raise app.Unauthenticated("the provider does not say who you are.")
        service = self._tokens.service
        who = claims["sub"] if claims["sub"] in self._settings.admins else None
        session = {
            "subject": app.identified(service, identifier),
            "csrf": service.randomness(16).hex(),
            "admin": who,
        }
        return self._cookie(SESSION, "session+jwt", session, _SESSION_SECONDS)

    def ended(self) -> Cookie:
        """A cookie in the place of the session's, which ends it."""
        return self._made(SESSION, "", 0)

    def person(self, connection: ASGIConnection[Any, Any, Any, Any]) -> Person:
        """Who signed in.

        Raises:
            Unauthenticated: nobody did, the session has ended, or the request is not theirs.
        """
        claims = self._open(connection.cookies.get(SESSION), "session+jwt")
        person = Person(str(claims["subject"]), str(claims["csrf"]), claims.get("admin"))
        said = connection.headers.get(CSRF, "")
        changes = connection.scope.get("method") not in _SAFE
        if changes and not hmac.compare_digest(said.encode(), person.csrf.encode()):
            raise app.Unauthenticated(f"say the session's word in {CSRF}; GET /v1/me tells it.")
        return person

    # --- the provider ----------------------------------------------------------------------

    def _known(self) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0)."""
        if not self._provider:
            base = self._settings.issuer.rstrip("/")
            told = self._get(f"{base}/.well-known/openid-configuration")
            if told.get("issuer") != self._settings.issuer:
                raise Unavailable("the provider of sign-in calls itself by another name.")
            self._provider = told
        return self._provider

    def _claims(self, code: str, verifier: str, nonce: str) -> dict[str, Any]:
        """The claims of the ID token for ``code``, checked as OpenID Connect Core 3.1.3.7 says."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._callback,
            "client_id": self._settings.client_id,
            "code_verifier": verifier,
        }
        secret = self._tokens.service.sign_in_secret
        if secret is not None:
            form["client_secret"] = secret
        try:
            came = self._http.post(self._known()["token_endpoint"], data=form)
            token = came.json()["id_token"] if came.is_success else None
        except (httpx.HTTPError, ValueError, KeyError) as error:
            raise Unavailable("the provider of sign-in cannot be reached; try again.") from error
        if not isinstance(token, str):
            raise app.Unauthenticated("the provider did not vouch for you; sign in again.")
        return self._checked(token, nonce)

    def _checked(self, token: str, nonce: str) -> dict[str, Any]:
        try:
            keys = KeySet.import_key_set(self._get(self._known()["jwks_uri"]))  # type: ignore[arg-type]  # JSON
            claims = dict(jwt.decode(token, keys, algorithms=_ALGORITHMS).claims)
        except (JoseError, ValueError, TypeError) as error:
            raise app.Unauthenticated("the provider's word cannot be verified.") from error
        audience = claims.get("aud")
        named = audience if isinstance(audience, list) else [audience]
        now = self._tokens.service.clock() // _SECOND
        ends = claims.get("exp")
        right = (
            claims.get("iss") == self._settings.issuer
            and self._settings.client_id in named
            and (len(named) == 1 or claims.get("azp") == self._settings.client_id)
            and isinstance(ends, int)
            and now < ends
            and claims.get("nonce") == nonce
            and isinstance(claims.get("sub"), str)
        )
        if not right:
            raise app.Unauthenticated("the provider's word is not about this sign-in.")
        return claims

    def _get(self, address: str) -> dict[str, Any]:
        try:
            came = self._http.get(address)
            came.raise_for_status()
            told: dict[str, Any] = came.json()
        except (httpx.HTTPError, ValueError) as error:
            raise Unavailable("the provider of sign-in cannot be reached; try again.") from error
        return told

    # --- cookies ---------------------------------------------------------------------------

    def _cookie(
        self, name: str, kind: str, claims: dict[str, Any], seconds: int, *, path: str = "/"
    ) -> Cookie:
        now = self._tokens.service.clock() // _SECOND
        whole = {**claims, "iss": self._tokens.issuer, "exp": now + seconds}
        key = self._tokens.keys.keys[0]
        header = {"alg": ALGORITHM, "typ": kind, "kid": str(key.kid)}
        value = jwt.encode(header, whole, key, algorithms=[ALGORITHM])
        return self._made(name, value, seconds, path=path)

    def _made(self, name: str, value: str, seconds: int, *, path: str = "/") -> Cookie:
        return Cookie(
            key=name,
            value=value,
            max_age=seconds,
            path=path,
            httponly=True,
            secure=self._tokens.issuer.startswith("https://"),
            samesite="lax",
        )

    def _open(self, value: str | None, kind: str) -> dict[str, Any]:
        if not value:
            raise app.Unauthenticated("sign in first: /auth/login.")
        try:
            found = jwt.decode(value, self._tokens.keys, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError) as error:
            raise app.Unauthenticated("the session is not one of ours; sign in.") from error
        now = self._tokens.service.clock() // _SECOND
        claims = dict(found.claims)
        ours = found.header.get("typ") == kind and claims.get("iss") == self._tokens.issuer
        if not ours or not isinstance(claims.get("exp"), int) or now >= claims["exp"]:
            raise app.Unauthenticated("the session has ended; sign in again: /auth/login.")
        return claims


def signed_in(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """A guard: somebody signed in; puts them in ``scope["user"]``.

    Raises:
        Unauthenticated: nobody did.
    """
    sign_in: SignIn = connection.app.state.sign_in
    connection.scope["user"] = sign_in.person(connection)
