"""The HTTP door: OAuth 2.0, typed answers, problems, webhooks; described by OpenAPI 3.1."""

from benne.doors.api._app import create_app
from benne.doors.api._serve import serve

__all__ = ["create_app", "serve"]
