"""The application: handlers, middleware, description and limits, hung on a service."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, TypeAlias

import httpx
from litestar import Litestar, Request
from litestar.datastructures import State
from litestar.exceptions import MissingDependencyException
from litestar.logging import LoggingConfig
from litestar.middleware import DefineMiddleware
from litestar.plugins.prometheus import PrometheusConfig, PrometheusController
from litestar.types import Middleware, Scope

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
    _own_orders,
    _own_page,
    _payments,
    _people,
    _usage,
    _webhooks,
)
from benne.doors.api._auth import BearerMiddleware, Tokens
from benne.doors.api._description import described
from benne.doors.api._limits import LimitMiddleware
from benne.doors.api._problems import HANDLERS as PROBLEMS
from benne.doors.api._requests import JsonRequest
from benne.doors.api._sign_in import SignIn
from benne.kernel import Unavailable

if TYPE_CHECKING:
    from opentelemetry.trace import TracerProvider

HANDLERS = (
    *_answers.HANDLERS,
    *_consents.HANDLERS,
    *_evidence.HANDLERS,
    *_jobs.HANDLERS,
    *_orders.HANDLERS,
    *_payments.HANDLERS,
    *_people.HANDLERS,
    *_own_orders.HANDLERS,
    *_own_page.HANDLERS,
    *_admin.HANDLERS,
    *_usage.HANDLERS,
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
    tracer_provider: TracerProvider | None = None,
) -> Litestar:
    """The HTTP door of ``service``, as an ASGI application.

    ``lifespan`` runs beside it; ``provider`` reaches the provider of people's sign-in;
    ``tracer_provider`` takes the traces, where they are on (``None``: the process's own).
    """
    tokens = Tokens.of(service)
    sign_in = SignIn(tokens, provider or httpx.Client(timeout=_PROVIDER_SECONDS))
    settings = service.workspace.service
    metrics = PrometheusConfig(app_name="benne", prefix="benne", group_path=True)
    return Litestar(
        route_handlers=[*HANDLERS, Metrics],
        state=State({"service": service, "tokens": tokens, "sign_in": sign_in}),
        middleware=[
            *(_traces(tracer_provider) if settings.traces else []),
            metrics.middleware,
            DefineMiddleware(BearerMiddleware, exclude="^/schema/"),
            LimitMiddleware(
                settings.requests_a_second / service.processes, settings.seconds_at_most
            ),
        ],
        exception_handlers=PROBLEMS,
        request_class=JsonRequest,
        request_max_body_size=settings.body_bytes_at_most,
        openapi_config=described(),
        logging_config=_logging(),
        debug=False,
        lifespan=lifespan,
        before_request=_name_span if settings.traces else None,
    )


def _traces(provider: TracerProvider | None) -> list[Middleware]:
    """A span for each request, named by its path's template: nothing of anybody stands in it.

    Raises:
        Unavailable: the extra is not installed.
    """
    try:
        from litestar.plugins.opentelemetry import OpenTelemetryConfig
    except MissingDependencyException as error:
        raise Unavailable(
            "traces need the extra: pip install 'benne[traces]', or say traces = false."
        ) from error
    config = OpenTelemetryConfig(
        tracer_provider=provider,
        exclude_spans=["receive", "send"],
        scope_span_details_extractor=_method,
    )
    return [config.middleware]


def _method(scope: Scope) -> tuple[str, dict[str, Any]]:
    """A span's first name: its path is not known yet, and may hold an id."""
    return str(scope.get("method", "")), {}


async def _name_span(request: Request[Any, Any, Any]) -> None:
    """Name the span by the template of its path, once that is known."""
    from opentelemetry.trace import get_current_span

    template = request.scope["path_template"]
    span = get_current_span()
    span.update_name(f"{request.method} {template}")
    span.set_attribute("http.route", template)


def _logging() -> LoggingConfig:
    """Faults are logged once, by the table of problems."""
    return LoggingConfig(log_exceptions="never", configure_root_logger=False)
