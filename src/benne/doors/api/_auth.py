"""Access tokens: short-lived, signed with Ed25519, and asked again of the store when used."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any, cast

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from litestar.connection import ASGIConnection
from litestar.exceptions import ClientException
from litestar.middleware import AbstractAuthenticationMiddleware, AuthenticationResult

from benne import app

ALGORITHM = "Ed25519"
_SECOND = 1_000_000
_LONGEST = 4096
_SKEW_SECONDS = 60
_KEPT_AT_MOST = 10_000


@dataclass(frozen=True)
class Tokens:
    """Makes and reads the service's access tokens.

    ``keys`` are private Ed25519 keys, the newest first; only the newest signs.  ``clock`` is the
    service's own.
    """

    service: app.Service
    keys: KeySet
    _read: dict[str, tuple[int, int, app.Caller]] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, service: app.Service) -> Tokens:
        """The tokens of ``service``."""
        return cls(service, KeySet([_key(signer) for signer in service.token_signers]))

    @property
    def issuer(self) -> str:
        """Who issues and whom the tokens are for: the service's own address."""
        return self.service.workspace.service.public_url.rstrip("/")

    @property
    def seconds(self) -> int:
        """For how long a token is good."""
        return self.service.workspace.service.token_minutes * 60

    def issue(self, caller: app.Caller) -> str:
        """A token that says who ``caller`` is and what it may do."""
        now = self.service.clock() // _SECOND
        claims = {
            "iss": self.issuer,
            "aud": self.issuer,
            "sub": caller.client,
            "org": caller.organisation,
            "scope": " ".join(sorted(caller.scopes)),
            "purposes": sorted(caller.purposes),
            "mode": caller.mode,
            "iat": now,
            "exp": now + self.seconds,
            "jti": self.service.new_id(),
        }
        key = self.keys.keys[0]
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": str(key.kid)}
        return jwt.encode(header, claims, key, algorithms=[ALGORITHM])

    def read(self, token: str) -> app.Caller:
        """The caller whom ``token`` names.

        A signature that was found right is not checked again: the same bytes stay right.

        Raises:
            Unauthenticated: it is not one of ours, not for us, or not good now.
        """
        if len(token) > _LONGEST:
            raise app.Unauthenticated("an access token is shorter than that.")
        found = self._read.get(token)
        if found is None:
            found = self._verified(token)
            if len(self._read) >= _KEPT_AT_MOST:
                self._read.clear()
            self._read[token] = found
        begins, ends, caller = found
        if not begins - _SKEW_SECONDS <= self.service.clock() // _SECOND < ends:
            raise app.Unauthenticated("the access token has expired; get a new one.")
        return caller

    def _verified(self, token: str) -> tuple[int, int, app.Caller]:
        """From when until when, in seconds, and for whom the token is, its signature right."""
        try:
            found = jwt.decode(token, self.keys, algorithms=[ALGORITHM])
        except (JoseError, ValueError, TypeError) as error:
            raise app.Unauthenticated("the access token is not one of ours.") from error
        claims: dict[str, Any] = found.claims
        if found.header.get("typ") != "at+jwt":
            raise app.Unauthenticated("the token is no access token.")
        if claims.get("iss") != self.issuer or claims.get("aud") != self.issuer:
            raise app.Unauthenticated("the access token is for another service.")
        begins, ends = claims.get("iat"), claims.get("exp")
        if not isinstance(begins, int) or not isinstance(ends, int):
            raise app.Unauthenticated("the access token says no time.")
        caller = app.Caller(
            client=claims["sub"],
            organisation=claims["org"],
            scopes=frozenset(claims["scope"].split()),
            purposes=frozenset(claims["purposes"]),
            mode=claims["mode"],
        )
        return begins, ends, caller

    def public(self) -> dict[str, Any]:
        """The public halves of the keys, as a JWK set (RFC 7517)."""
        return cast("dict[str, Any]", json.loads(json.dumps(self.keys.as_dict(private=False))))


def _key(signer: app.Ed25519Signer) -> OKPKey:
    import base64

    def text(data: bytes) -> str:
        return base64.urlsafe_b64encode(data).rstrip(b"=").decode()

    return OKPKey.import_key(
        {
            "kty": "OKP",
            "crv": "Ed25519",
            "d": text(signer.seed),
            "x": text(signer.public),
            "kid": signer.key_id,
            "use": "sig",
            "alg": ALGORITHM,
        }
    )


class BearerMiddleware(AbstractAuthenticationMiddleware):
    """Puts the caller of the request's bearer token in ``scope["auth"]``."""

    async def authenticate_request(
        self, connection: ASGIConnection[Any, Any, Any, Any]
    ) -> AuthenticationResult:
        """The caller, or ``Unauthenticated``."""
        _demand_once(connection, b"authorization", b"idempotency-key")
        scheme, _, token = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise app.Unauthenticated(
                "send an access token: Authorization: Bearer TOKEN; /oauth/token gives one."
            )
        tokens: Tokens = connection.app.state.tokens
        return AuthenticationResult(user=None, auth=tokens.read(token.strip()))


def _demand_once(connection: ASGIConnection[Any, Any, Any, Any], *names: bytes) -> None:
    """Refuse a header that is said twice: who reads the one or the other reads another request."""
    said = [name for name, _ in connection.scope["headers"]]
    for name in names:
        if said.count(name) > 1:
            raise ClientException(f"the header {name.decode()} must be sent once.")
