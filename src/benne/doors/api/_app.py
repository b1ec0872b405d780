"""The application: handlers, middleware, description and limits, hung on a service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TypeAlias

import httpx
from litestar import Litestar
from litestar.datastructures import State
from litestar.logging import LoggingConfig
from litestar.middleware import DefineMiddleware
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController

from benne import app
from benne.doors.api import (
    _admin,
    _answers,
    _consents,
    _evidence,
    _health,
    _jobs,
    _oauth,
    _orders,
    _people,
    _webhooks,
)
from benne.doors.api._auth import BearerMiddleware, Tokens
from benne.doors.api._description import described
from benne.doors.api._limits import LimitMiddleware
from benne.doors.api._problems import HANDLERS as PROBLEMS
from benne.doors.api._requests import JsonRequest
from benne.doors.api._sign_in import SignIn

HANDLERS = (
    *_answers.HANDLERS,
    *_consents.HANDLERS,
    *_evidence.HANDLERS,
    *_jobs.HANDLERS,
    *_orders.HANDLERS,
    *_people.HANDLERS,
    *_admin.HANDLERS,
    *_webhooks.HANDLERS,
    *_health.HANDLERS,
    _oauth.token,
    _oauth.jwks,
)
"""Every path that the door has."""

_PROVIDER_SECONDS = 10.0
Life: TypeAlias = AbstractAsyncContextManager[None]


class Metrics(PrometheusController):
    """Counts and times of requests, by path; nothing about anybody."""

    path = "/metrics"
    openmetrics_format = True
    opt = {"exclude_from_auth": True}  # noqa: RUF012 (the framework reads it so)
    include_in_schema = False


def create_app(
    service: app.Service,
    *,
    lifespan: Sequence[Callable[[Litestar], Life]] = (),
    provider: httpx.Client | None = None,
) -> Litestar:
    """The HTTP door of ``service``, as an ASGI application.

    ``lifespan`` runs beside it; ``provider`` reaches the provider of people's sign-in.
    """
    tokens = Tokens.of(service)
    sign_in = SignIn(tokens, provider or httpx.Client(timeout=_PROVIDER_SECONDS))
    settings = service.workspace.service
    metrics = PrometheusConfig(app_name="benne", prefix="benne", group_path=True)
    return Litestar(
        route_handlers=[*HANDLERS, Metrics],
        state=State({"service": service, "tokens": tokens, "sign_in": sign_in}),
        middleware=[
            metrics.middleware,
            DefineMiddleware(BearerMiddleware, exclude="^/schema/"),
            LimitMiddleware(settings.requests_a_second, settings.seconds_at_most),
        ],
        exception_handlers=PROBLEMS,
        request_class=JsonRequest,
        request_max_body_size=settings.body_bytes_at_most,
        openapi_config=described(),
        logging_config=_logging(),
        debug=False,
        lifespan=lifespan,
    )


def _logging() -> LoggingConfig:
    """Faults are logged once, by the table of problems."""
    return LoggingConfig(log_exceptions="never", configure_root_logger=False)
