"""Beside the answers: health, counts, traces, limits, a backup restored, webhooks replayed."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
import sqlite3
import subprocess
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import made_postgres
import pytest
from litestar.testing import TestClient
from made_service import Asker, FakeReader, Turned, made_service
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from standardwebhooks import Webhook, WebhookVerificationError

from benne.app import Service
from benne.app._journal import seal, verify
from benne.app._webhooks import _shown, signed_headers
from benne.app.stores.online import Online, StoreUnavailable, answers
from benne.doors.api import create_app, serve
from benne.doors.api._requests import threaded
from benne.kernel import Unavailable


def test_it_says_whether_it_lives_and_what_it_counts(asker: Asker) -> None:
    open_to_all = {"authorization": ""}
    for path in ("/healthz", "/readyz"):
        assert asker.http.get(path, headers=open_to_all).json()["status"] == "ok"
    person = asker.consent()["known_as"]
    asker.ask("score", person)
    counts = asker.http.get("/metrics", headers=open_to_all).text
    assert "/v1/answers/score" in counts
    assert person not in counts
    about = asker.http.get("/problems/key_reused", headers=open_to_all)
    assert (about.status_code, "belongs to another request" in about.text) == (200, True)
    assert asker.http.get("/problems/nonsense", headers=open_to_all).status_code == 404


def test_a_store_that_is_gone_is_told_and_not_guessed(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker.service.online.close()
    monkeypatch.setattr(
        type(asker.service.online), "reading", lambda _: _raise("the database is gone")
    )
    came = asker.http.get("/readyz", headers={"authorization": ""})
    assert (came.status_code, came.json()["code"]) == (503, "unavailable")


def test_a_port_that_is_taken_is_told_before_anything_is_said_to_begin() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(Unavailable, match=f"port {port} of 127.0.0.1 must be free"):
            serve(
                None,  # type: ignore[arg-type]  # it is not looked at before the port
                database=None,
                host="127.0.0.1",
                port=port,
                begins=lambda: pytest.fail("it said that it answers"),
            )


def test_which_database_it_is_is_told_to_nobody_who_asks(
    asker: Asker, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    person = asker.consent()["known_as"]

    def gone(*_: object) -> None:
        raise StoreUnavailable("postgresql://benne@inner-host/benne cannot be used now")

    monkeypatch.setattr(type(asker.service.online), "run", gone)
    with caplog.at_level(logging.WARNING, "benne"):
        came = asker.ask("level", person)
    assert (came.status_code, came.json()["code"]) == (503, "unavailable")
    assert came.headers["retry-after"] == "1"
    assert "inner-host" not in came.text
    assert "inner-host" in caplog.text


def _raise(what: str) -> Any:
    from benne.kernel import Unavailable

    raise Unavailable(what)


def test_who_asks_too_often_is_told_how_long_to_wait(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    service = made_service(online, clock, reader, tmp_path, requests_a_second=1)
    with Asker(service) as asker:
        told = [asker.ask("level", "x") for _ in range(4)]
        assert told[-1].status_code == 429
        assert told[-1].json()["code"] == "too_many_requests"
        assert int(told[-1].headers["retry-after"]) >= 1


def test_several_processes_share_a_clients_rate(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    service = made_service(online, clock, reader, tmp_path, requests_a_second=40)
    with Asker(replace(service, processes=20)) as asker:
        told = [asker.ask("level", "x").status_code for _ in range(5)]
    assert told.count(200) == 4, "two a second, and twice as many at once"


def test_a_span_is_named_by_the_template_of_its_path(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    service = made_service(online, clock, reader, tmp_path, traces=True)
    seen, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(seen))
    with TestClient(create_app(service, tracer_provider=provider)) as http:
        http.get("/problems/0123456789")
        http.get("/healthz")
    names = [span.name for span in seen.get_finished_spans()]
    assert any("/healthz" in name for name in names), names
    assert not any("0123456789" in name for name in names)


def test_a_replayed_webhook_is_refused_by_its_receiver() -> None:
    secret, body, now = b"s" * 32, b'{"type":"job.done"}', int(time.time())
    hook = Webhook(_shown(secret))
    assert hook.verify(body, signed_headers("msg_1", body, [secret], at=now))["type"] == "job.done"
    late = signed_headers("msg_1", body, [secret], at=now - 600)
    for headers, said in (
        (late, body),
        ({**late, "webhook-timestamp": str(now)}, body),
        (signed_headers("msg_1", body, [secret], at=now), b'{"type":"job.Done"}'),
        (signed_headers("msg_1", body, [b"x" * 32], at=now), body),
    ):
        with pytest.raises(WebhookVerificationError):
            hook.verify(said, headers)


def test_what_was_backed_up_is_restored_whole(
    asker: Asker, store_url: str, clock: Turned, reader: FakeReader, tmp_path: Path,
    request: pytest.FixtureRequest,
) -> None:  # fmt: skip
    """As the page on deployment says: a copy made while it runs, taken up by another process."""
    person = asker.consent()["known_as"]
    first = asker.ask("score", person, key="k1")
    seal(asker.service.online, asker.service.signer, at=clock())
    if store_url.startswith("sqlite"):
        copy = f"sqlite:///{tmp_path / 'restored.db'}"
        with (
            closing(sqlite3.connect(store_url.removeprefix("sqlite:///"))) as live,
            closing(sqlite3.connect(tmp_path / "restored.db")) as restored,
        ):
            live.backup(restored)
    else:
        copy = _restored(store_url, tmp_path / "benne.dump", request)
    asker.ask("score", person, key="later")
    again = Online.open(copy)
    with door(made_service(again, clock, reader, tmp_path)) as restored_http:
        headers = {"idempotency-key": "k1", **_bearer(asker)}
        came = restored_http.post(
            "/v1/answers/score", json={"person": person, "purpose": "deposit_free"}, headers=headers
        )
        assert came.content == first.content
        assert verify(again, asker.service.verifier).flaws == ()
        with again.reading() as unit:
            assert answers.find(unit, first.json()["id"]).body
    again.close()


def door(service: Service) -> TestClient[Any]:
    return TestClient(create_app(service))


def _bearer(asker: Asker) -> dict[str, str]:
    return {"authorization": str(asker.http.headers["authorization"])}


def _restored(url: str, dump: Path, request: pytest.FixtureRequest) -> str:
    server: made_postgres.Server = request.getfixturevalue("postgres")
    home = made_postgres.binaries()
    if home is None or shutil.which(str(home / "pg_dump")) is None:
        pytest.skip("there is no pg_dump beside the server")
    subprocess.run([home / "pg_dump", "--format=custom", "--file", dump, url], check=True)
    empty = server.database()
    subprocess.run(
        [home / "pg_restore", "--exit-on-error", "--no-owner", "--dbname", empty, dump], check=True
    )
    return empty


def test_a_process_works_on_four_requests_at_a_time() -> None:
    """The store has a line for each of the four: who has to wait for one may wait for seconds."""
    guard, now, most = Lock(), 0, 0

    @threaded
    def work() -> None:
        nonlocal now, most
        with guard:
            now += 1
            most = max(most, now)
        time.sleep(0.02)
        with guard:
            now -= 1

    async def at_once() -> None:
        await asyncio.gather(*(work() for _ in range(12)))

    asyncio.run(at_once())
    assert (most, now) == (4, 0)
