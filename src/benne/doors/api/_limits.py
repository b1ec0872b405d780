"""How often a client may ask, and how long a request may take."""

from __future__ import annotations

from dataclasses import dataclass, field
from time import monotonic
from typing import Any

import anyio
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from benne import app
from benne.doors.api._problems import SLOW, TOO_MANY, problem

_MOST_CLIENTS = 10_000


@dataclass
class Buckets:
    """A token bucket for each client: ``rate`` a second, and twice as many at once.

    Counted in each process by itself: each of several has its part of the whole rate.
    """

    rate: float
    _levels: dict[str, tuple[float, float]] = field(default_factory=dict)

    def wait(self, client: str, now: float) -> float:
        """Seconds until the client may ask; 0 takes one token."""
        most = max(1.0, 2 * self.rate)
        level, at = self._levels.get(client, (most, now))
        level = min(most, level + (now - at) * self.rate)
        if level < 1:
            return (1 - level) / self.rate
        if len(self._levels) >= _MOST_CLIENTS:
            self._levels.clear()
        self._levels[client] = (level - 1, now)
        return 0.0


class LimitMiddleware(ASGIMiddleware):
    """Refuses what comes too often, and what takes too long.

    Time is that of the whole request, its body included: who sends it drop by drop is cut off.
    """

    def __init__(self, rate: float, seconds: int) -> None:
        self._buckets = Buckets(rate)
        self._seconds = seconds

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Count, then pass on."""
        if scope["type"] != ScopeType.HTTP:
            await next_app(scope, receive, send)
            return
        wait = self._buckets.wait(_who(scope), monotonic())
        if wait:
            late = problem(
                TOO_MANY,
                "This client asks too often; wait as long as Retry-After says.",
                headers={"Retry-After": str(int(wait) + 1)},
            )
            await _answer(late, scope, receive, send)
            return
        await self._within_time(scope, receive, send, next_app)

    async def _within_time(
        self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp
    ) -> None:
        begun = False

        async def watched(message: Any) -> None:
            nonlocal begun
            begun = True
            await send(message)

        with anyio.move_on_after(self._seconds) as limit:
            await next_app(scope, receive, watched)
        if limit.cancelled_caught and not begun:
            slow = problem(
                SLOW,
                f"A request may take {self._seconds} seconds, its body included. It may still "
                "have been answered: send it again with the same Idempotency-Key.",
                headers={"Retry-After": "1", "Connection": "close"},
            )
            await _answer(slow, scope, receive, send)


def _who(scope: Scope) -> str:
    caller = scope.get("auth")
    if isinstance(caller, app.Caller):
        return caller.client
    peer = scope.get("client")
    return f"@{peer[0]}" if peer else "@"


async def _answer(response: Any, scope: Scope, receive: Receive, send: Send) -> None:
    from litestar import Request

    request: Request[Any, Any, Any] = Request(scope, receive, send)
    await response.to_asgi_response(request=request, app=None)(scope, receive, send)
