"""The door's description of itself, OpenAPI 3.1, with every bound that it holds values to."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, OAuthFlow, OAuthFlows, SecurityScheme

import benne
from benne import app

_REFERENCE = "#/components/schemas/{name}"


class ExactRenderPlugin(JsonRenderPlugin):
    """Serves the description with the schemas that decode and encode the values themselves."""

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The description as JSON."""
        return super().render(request, exact(openapi_schema))


def exact(document: Mapping[str, Any]) -> dict[str, Any]:
    """``document`` with msgspec's own schema of every value in the place of the framework's.

    The framework leaves out bounds of what is nested, and that unknown fields are refused.
    """
    values = {one.__name__: one for one in _values(msgspec.Struct)}
    schemas = dict(document["components"]["schemas"])
    named = [values[name] for name in schemas if name in values]
    _, found = msgspec.json.schema_components(named, ref_template=_REFERENCE)
    components = {**document["components"], "schemas": {**schemas, **found}}
    return {**document, "components": components}


def _values(of: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Every value of ours that goes over the wire."""
    for one in of.__subclasses__():
        if one.__module__.startswith("benne."):
            yield one
            yield from _values(one)


def described() -> OpenAPIConfig:
    """How the door describes itself."""
    scopes = dict(app.SCOPES)
    flow = OAuthFlow(token_url="/oauth/token", scopes=scopes)  # noqa: S106 (an address)
    return OpenAPIConfig(
        title="Benne",
        version=benne.__version__,
        description=(
            "Consented, typed, replayable answers about a person's credit. What is not a score "
            "is a typed answer of its own, and never a number."
        ),
        security=[{"bearer": []}],
        components=Components(
            security_schemes={
                "bearer": SecurityScheme(type="http", scheme="bearer", bearer_format="JWT"),
                "session": SecurityScheme(
                    type="apiKey", name="benne_session", security_scheme_in="cookie"
                ),
                "client": SecurityScheme(type="http", scheme="basic"),
                "oauth": SecurityScheme(type="oauth2", flows=OAuthFlows(client_credentials=flow)),
            }
        ),
        path="/schema",
        use_handler_docstrings=True,
        render_plugins=[ExactRenderPlugin(path="/openapi.json")],
    )
