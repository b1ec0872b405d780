"""Run the door: one process with uvicorn and a worker beside it, or several processes."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial

import httpx
import uvicorn
from litestar import Litestar

from benne import app
from benne.doors.api import _render as render
from benne.doors.api._app import create_app
from benne.kernel import Unavailable

_IDLE_SECONDS = 0.5
_WEBHOOK_SECONDS = 10.0
_FACTORY = "benne.doors.api._serve:from_environment"


def serve(
    session: app.Session,
    *,
    database: str | None,
    host: str,
    port: int,
    workers: int = 1,
    begins: Callable[[], None] = lambda: None,
) -> None:
    """Answer over HTTP until a signal comes; ``begins`` is called when nothing is in the way.

    One process opens the service itself; of several, each opens its own from the environment.

    Raises:
        NotFound: nothing was trained yet.
        Unavailable: the store cannot be reached, or the port cannot be listened on.
    """
    _may_listen(host, port)
    options = {
        "host": host,
        "port": port,
        "loop": "uvloop",
        "http": "httptools",
        "access_log": False,
        "log_level": "warning",
        "server_header": False,
        "date_header": True,
        "timeout_graceful_shutdown": 10,
    }
    if workers == 1:
        service = app.service(session, database=database)
        try:
            begins()
            uvicorn.run(with_worker(service), **options)  # type: ignore[arg-type]
        finally:
            service.online.close()
        return
    app.share_workspace(session, database, workers=workers)
    begins()
    uvicorn.run(_FACTORY, factory=True, workers=workers, **options)  # type: ignore[arg-type]


def _may_listen(host: str, port: int) -> None:
    try:
        family, kind, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        raise Unavailable(
            f"port {port} of {host} must be free to listen on: {error.strerror}; "
            "stop what listens there, or name another with --port or --host."
        ) from error


def from_environment() -> Litestar:
    """The door of the workspace that ``BENNE_WORKSPACE`` names: for several processes."""
    return with_worker(app.shared_service())


def with_worker(service: app.Service) -> Litestar:
    """The door, and a thread that works beside it: jobs, webhooks, seals, forgetting."""

    app.keep_models(service.workspace, service.online, at=service.clock())

    @asynccontextmanager
    async def working(_: Litestar) -> AsyncIterator[None]:
        ended = threading.Event()
        worker = app.Worker(
            service,
            f"worker-{service.new_id()}",
            partial(_post, inside=app.may_stay_inside(service)),
            lambda reply: render.encode(render.answer(reply)),
            payments=app.payment_port(service.workspace.service.payments),
        )
        thread = threading.Thread(target=worker.run, args=(ended, _IDLE_SECONDS), daemon=True)
        thread.start()
        gc.collect()
        gc.freeze()  # models and handlers live as long as the process: no collection walks them
        try:
            yield
        finally:
            ended.set()
            thread.join(timeout=10)

    return create_app(service, lifespan=[working])


def _post(url: str, body: bytes, headers: Mapping[str, str], *, inside: bool) -> int:
    """Post a webhook; redirects are not followed, and what comes back is not read.

    A name that leads to an inner network is not called, unless the service itself is ``inside``:
    it is looked up once, and what was found is what is called, whatever the name leads to then.
    """
    try:
        to, name = httpx.URL(url), {}
        if not inside:
            address = _outer_address(to)
            if address is None:
                return 0
            name = {"sni_hostname": to.host}
            headers = {**headers, "host": to.netloc.decode()}
            to = to.copy_with(host=address)
        with (
            httpx.Client(timeout=_WEBHOOK_SECONDS, follow_redirects=False) as http,
            http.stream("POST", to, content=body, headers=dict(headers), extensions=name) as came,
        ):
            return came.status_code
    except (httpx.HTTPError, httpx.InvalidURL, ValueError):  # the last: a name that is none
        return 0


def _outer_address(url: httpx.URL) -> str | None:
    """An address that a URL's host leads to; ``None``: it leads nowhere, or to an inner network."""
    try:
        found = socket.getaddrinfo(url.host, url.port or 443, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    addresses = [str(address[0]) for *_, address in found]
    return None if any(map(app.is_inner, addresses)) else addresses[0]
