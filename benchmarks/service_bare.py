"""The bare framework with the reads and writes of a ``consult``, and nothing between them.

No token is checked, no consent opened, no evidence unpacked, no feature computed: what is left is
the price of HTTP and of the database.
"""

from __future__ import annotations

import argparse

import uvicorn
from litestar import Litestar, Request, Response, get, post
from litestar.concurrency import sync_to_thread

from benne import app
from benne.app.stores.online import (
    Unit,
    answers,
    asks,
    clients,
    consents,
    evidence,
    journal,
    keys,
    policies,
)
from benne.app.stores.online.answers import Given
from benne.app.stores.online.asks import Ask

_BODY = b'{"answer":"consult","told":"' + b"x" * 800 + b'"}'


def bare(service: app.Service) -> Litestar:
    """An application that reads and writes what an answer does."""
    with service.online.reading() as unit:
        client = clients.list_clients(unit)[0]
        rows = unit.rows(consents.consents.select().limit(1_500))

    def work(number: int, key: str) -> None:
        at, row = service.clock(), rows[number % len(rows)]

        def transaction(unit: Unit) -> None:
            unit.ahead(
                *keys.asked(client.id, key),
                clients.asked(client.id),
                *consents.asked(row.merchant, row.known_as),
            )
            keys.claim(unit, client.id, key, "r", at=at)
            clients.find_client(unit, client.id)
            consents.of_person_at(unit, row.merchant, row.known_as)
            unit.ahead(
                asks.asked(row.id, since=at),
                evidence.asked(row.subject),
                policies.asked("bare", at=at),
                journal.asked(),
            )
            asks.answered_under(unit, row.id, since=at)
            unit.rows(*evidence.asked(row.subject))
            policies.in_force(unit, "bare", at=at)
            answer = service.new_id()
            asks.add(unit, Ask(answer, client.organisation, client.id, row.subject,
                               f"bare {row.id}", "consult", "deposit_free", "consult", None, True,
                               at))  # fmt: skip
            line = journal.append(unit, "answer", {"answer": answer}, at=at)
            text = "b" * 1_500
            given = Given(answer, row.subject, at, "sesame", at, at, 1, "a" * 64, "e" * 64, None,
                          text, text, line)  # fmt: skip
            answers.put(unit, given)
            keys.remember(unit, client.id, key, "r", status=200, body=_BODY, subject=row.subject,
                          at=at)  # fmt: skip

        service.online.run(transaction)

    count = iter(range(10**9))

    @post("/v1/answers/consult", status_code=200)
    async def consult(request: Request) -> Response[bytes]:
        await request.json()
        await sync_to_thread(work, next(count), request.headers["idempotency-key"])
        return Response(_BODY, media_type="application/json")

    @get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    return Litestar([consult, healthz], openapi_config=None)


def from_environment() -> Litestar:
    """The application of the workspace that ``BENNE_WORKSPACE`` names."""
    return bare(app.shared_service())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--application", default="benchmarks.service_bare:from_environment")
    arguments = parser.parse_args()
    uvicorn.run(
        arguments.application, factory=True, port=arguments.port, workers=arguments.workers,
        loop="uvloop", http="httptools", access_log=False, log_level="warning",
    )  # fmt: skip
