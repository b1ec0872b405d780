"""Jobs and webhooks: the same question about many, and who is told of what."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from made_service import Asker, FakeReader, Turned, made_service
from standardwebhooks import Webhook, WebhookVerificationError

from benne import app
from benne.app._jobs import _answer_next
from benne.app.stores.online import Online, jobs, journal
from benne.doors.api import _render as render


@dataclass
class Receiver:
    """An integrator's endpoint that answers ``status``."""

    status: int = 200
    came: list[tuple[str, bytes, dict[str, str]]] = field(default_factory=list)

    def __call__(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        self.came.append((url, body, dict(headers)))
        return self.status


def worker(asker: Asker, post: Receiver | None = None) -> app.Worker:
    return app.Worker(
        asker.service, "w1", post or Receiver(), lambda reply: render.encode(render.answer(reply))
    )


def start(asker: Asker, people: list[str], **more: Any) -> str:
    body = {"asked": "score", "purpose": "deposit_free", "people": people, **more}
    came = asker.post("/v1/jobs", body)
    assert came.status_code == 202, came.text
    return str(came.json()["id"])


def test_a_job_answers_for_each_and_is_read_page_by_page(asker: Asker) -> None:
    people = [asker.consent(f"ID-{n}")["known_as"] for n in range(5)]
    job = start(asker, [*people, "nobody"])
    while worker(asker).step():
        pass
    assert asker.http.get(f"/v1/jobs/{job}").json()["state"] == "done"
    page = asker.http.get(f"/v1/jobs/{job}/answers?limit=4").json()
    rest = asker.http.get(f"/v1/jobs/{job}/answers?limit=4&cursor={page['next']}").json()
    told = [*page["answers"], *rest["answers"]]
    assert [one["person"] for one in told] == [*people, "nobody"]
    assert [one["answer"] for one in told] == ["score"] * 5 + ["no_consent"]
    assert rest["next"] is None


def test_a_page_of_a_job_that_still_runs_is_not_the_last(asker: Asker) -> None:
    people = [asker.consent(f"ID-{n}")["known_as"] for n in range(3)]
    job = start(asker, people)
    told: list[str] = []
    cursor, looks = "0", 0
    while cursor is not None:
        page = asker.http.get(f"/v1/jobs/{job}/answers?limit=2&cursor={cursor}").json()
        told += [one["person"] for one in page["answers"]]
        cursor, looks = page["next"], looks + 1
        worker(asker).step()
    assert told == people
    assert looks == 3, "empty, two, and the last one"


def test_two_workers_on_one_job_answer_for_each_person_once(asker: Asker, clock: Turned) -> None:
    people = [asker.consent(f"ID-{n}")["known_as"] for n in range(60)]
    job = start(asker, people)
    both = [worker(asker), replace(worker(asker), name="w2")]

    def work(one: app.Worker) -> None:
        while asker.http.get(f"/v1/jobs/{job}").json()["state"] == "waiting":
            one.step()

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(work, both))
    told = asker.http.get(f"/v1/jobs/{job}/answers?limit=1000").json()["answers"]
    assert [one["person"] for one in told] == people
    assert len({one["id"] for one in told}) == asker.http.get("/v1/usage").json()["charged"] == 60


def test_a_worker_that_lost_its_job_answers_for_nobody_more(asker: Asker, clock: Turned) -> None:
    service = asker.service
    people = [asker.consent(f"ID-{n}")["known_as"] for n in range(3)]
    start(asker, people)
    with service.online.begin() as unit:
        stalled = jobs.take(unit, "w0", at=clock(), until=clock() + 30_000_000)
    assert stalled is not None
    worker(asker).step()
    assert asker.http.get("/v1/usage").json()["charged"] == 0, "another has it"
    clock.turn(seconds=31)
    while worker(asker).step():
        pass

    def render_none(_: app.Replied) -> bytes:
        raise AssertionError("it answered")

    assert not service.online.run(
        lambda unit: _answer_next(service, unit, stalled, "w0", render_none)
    )
    assert asker.http.get("/v1/usage").json()["charged"] == 3


def test_consent_revoked_midway_drops_out(asker: Asker) -> None:
    one, two = (asker.consent(f"ID-{n}") for n in range(2))
    job = start(asker, [one["known_as"], two["known_as"]])
    asker.post(f"/v1/consents/{two['id']}/acts", {"act": "revoke"})
    while worker(asker).step():
        pass
    told = asker.http.get(f"/v1/jobs/{job}/answers").json()["answers"]
    assert [(x["answer"], x.get("status")) for x in told] == [
        ("score", None),
        ("no_consent", "revoked"),
    ]


def test_a_job_whose_client_is_closed_fails_and_answers_for_nobody(asker: Asker) -> None:
    job = start(asker, [asker.consent()["known_as"]])
    app.close_client(asker.service, asker.credentials.client)
    while worker(asker).step():
        pass
    asker.another_client()
    assert asker.http.get(f"/v1/jobs/{job}").json()["state"] == "failed"
    assert asker.http.get(f"/v1/jobs/{job}/answers").json()["answers"] == []


def test_another_organisations_job_is_not_found(asker: Asker) -> None:
    job = start(asker, [asker.consent()["known_as"]])
    with Asker(asker.service, organisation="books") as other:
        assert other.http.get(f"/v1/jobs/{job}").status_code == 404
        assert other.http.get(f"/v1/jobs/{job}/answers").status_code == 404
        assert other.http.post(f"/v1/jobs/{job}/cancel").status_code == 404


def endpoint(asker: Asker, **more: Any) -> dict[str, Any]:
    came = asker.http.post("/v1/webhooks", json={"url": "https://bikes.example/hook", **more})
    assert came.status_code == 201, came.text
    told: dict[str, Any] = came.json()
    return told


def test_one_may_be_told_of_any_one_thing_that_there_is_and_of_nothing_else(asker: Asker) -> None:
    for event in app.EVENTS:
        assert endpoint(asker, events=[event])["events"] == [event]
    body = {"url": "https://bikes.example/hook", "events": ["order.burnt"]}
    came = asker.http.post("/v1/webhooks", json=body)
    assert (came.status_code, "order.burnt" in came.json()["detail"]) == (422, True)


def verified(secret: str, message: tuple[str, bytes, dict[str, str]]) -> Any:
    """What the reference library reads of a message, whenever it was sent."""
    _, body, headers = message
    hook = Webhook(secret)
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), tz=UTC)
    wanted = hook.sign(headers["webhook-id"], at, body.decode())
    if wanted not in headers["webhook-signature"].split(" "):
        raise WebhookVerificationError("no signature matches")
    return json.loads(body)


def test_a_webhook_is_signed_as_the_standard_says(asker: Asker) -> None:
    hook = endpoint(asker)
    given = asker.consent()
    receiver = Receiver()
    worker(asker, receiver).step()
    ((url, _, headers),) = receiver.came
    assert url == "https://bikes.example/hook"
    told = verified(hook["secret"], receiver.came[0])
    assert told["type"] == "consent.given"
    assert told["data"] == {
        "consent": given["id"],
        "known_as": given["known_as"],
        "status": "active",
    }
    assert "ID-1" not in str(receiver.came)
    assert set(headers) >= {"webhook-id", "webhook-timestamp", "webhook-signature"}
    worker(asker, receiver).step()
    assert len(receiver.came) == 1
    with pytest.raises(WebhookVerificationError):
        verified("whsec_" + "A" * 43 + "=", receiver.came[0])


def test_a_webhook_that_is_not_taken_comes_again_with_the_same_id(
    asker: Asker, clock: Turned
) -> None:
    endpoint(asker)
    asker.consent()
    receiver = Receiver(status=500)
    worker(asker, receiver).step()
    worker(asker, receiver).step()
    assert len(receiver.came) == 1
    clock.turn(seconds=6)
    worker(asker, receiver).step()
    receiver.status = 200
    clock.turn(seconds=70)
    worker(asker, receiver).step()
    assert len(receiver.came) == 3
    assert len({headers["webhook-id"] for _, _, headers in receiver.came}) == 1
    clock.turn(days=3)
    worker(asker, receiver).step()
    assert len(receiver.came) == 3


def test_secrets_rotate_without_a_gap(asker: Asker, clock: Turned) -> None:
    hook = endpoint(asker)
    new = asker.http.post(f"/v1/webhooks/{hook['id']}/secret").json()
    receiver = Receiver()
    asker.consent("ID-1")
    worker(asker, receiver).step()
    assert verified(hook["secret"], receiver.came[0]) == verified(new["secret"], receiver.came[0])
    clock.turn(days=1, seconds=1)
    asker.sign_in()
    asker.consent("ID-2")
    worker(asker, receiver).step()
    assert verified(new["secret"], receiver.came[1])["type"] == "consent.given"
    with pytest.raises(WebhookVerificationError):
        verified(hook["secret"], receiver.came[1])


@pytest.mark.parametrize(
    "url",
    ["http://bikes.example/", "ftp://bikes.example/", "https://me:pw@bikes.example/", "https://"],
)
def test_a_webhook_goes_over_tls_and_holds_no_password(asker: Asker, url: str) -> None:
    came = asker.http.post("/v1/webhooks", json={"url": url})
    assert came.status_code == 422


INNER = (
    "https://169.254.169.254/latest", "https://10.0.0.7/", "https://[::1]:8443/",
    "https://localhost/", "http://127.0.0.1:8000/", "https://db.internal/",
    "https://[::ffff:10.0.0.7]/", "https://shop.example:99999/", "https://localhost./",
    "https://[64:ff9b::7f00:1]/", "https://[2002:7f00:1::]/", "https://224.0.0.1/",
    "https://metadata.internal./", "https://DB.Internal/",
)  # fmt: skip


def test_a_webhook_of_a_public_service_knocks_at_no_inner_door(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    public = made_service(online, clock, reader, tmp_path, public_url="https://bureau.example")
    with Asker(public) as merchant:
        for url in INNER:
            came = merchant.http.post("/v1/webhooks", json={"url": url})
            assert (came.status_code, came.json()["code"]) == (422, "invalid_input"), url
        came = merchant.http.post("/v1/webhooks", json={"url": "https://shop.example/told"})
        assert came.status_code == 201


def test_a_name_that_leads_inside_is_not_called(monkeypatch: pytest.MonkeyPatch) -> None:
    from benne.doors.api import _serve

    def inner(*_: object, **__: object) -> list[object]:
        return [(2, 1, 6, "", ("10.0.0.7", 443))]

    def never(*_: object, **__: object) -> None:
        raise AssertionError("it was called")

    monkeypatch.setattr(_serve.socket, "getaddrinfo", inner)
    monkeypatch.setattr(_serve.httpx, "Client", never)
    assert _serve._post("https://shop.example/", b"{}", {}, inside=False) == 0


def test_one_thing_that_is_broken_stops_none_of_the_others(
    asker: Asker, clock: Turned, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint(asker)
    asker.consent()
    ended = threading.Event()

    def broken(*_: object) -> int:
        ended.set()
        raise RuntimeError("SEC" + "RET")

    app.Worker(asker.service, "w", broken, lambda _: b"").run(ended, 0)
    assert "RuntimeError in the worker" in caplog.text
    assert "SECRET" not in caplog.text
    with asker.service.online.reading() as unit:
        assert next(journal.sealed(unit), None) is not None, "what comes after it was done"


@pytest.mark.parametrize("url", ["https://xn--/", "https://xn--a.example/", "https://a..b/"])
def test_a_name_that_is_none_is_not_called_and_stops_nothing(url: str) -> None:
    from benne.doors.api import _serve

    assert [_serve._post(url, b"{}", {}, inside=inside) for inside in (True, False)] == [0, 0]


def test_a_webhook_names_its_host_plainly(asker: Asker) -> None:
    for host in ("exa mple", "\uff10.\uff10.\uff10.\uff10", "a\u0000b", "[fe80::1%25eth0]"):
        came = asker.http.post("/v1/webhooks", json={"url": f"https://{host}/"})
        assert (came.status_code, came.json()["code"]) == (422, "invalid_input"), host


def test_a_name_that_leads_elsewhere_the_second_time_is_called_where_it_led_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from benne.doors.api import _serve

    led = iter(["93.184.216.34", "127.0.0.1"])
    called: list[tuple[str, int]] = []

    def turning(*_: object, **__: object) -> list[object]:
        return [(2, 1, 6, "", (next(led), 443))]

    def connect(address: tuple[str, int], *_: object, **__: object) -> None:
        called.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(_serve.socket, "getaddrinfo", turning)
    monkeypatch.setattr(_serve.socket, "create_connection", connect)
    assert _serve._post("https://shop.example/told", b"{}", {}, inside=False) == 0
    assert called == [("93.184.216.34", 443)]


def test_one_is_told_of_what_one_asked_for_and_of_nothing_else(asker: Asker) -> None:
    endpoint(asker, events=["consent.revoked"])
    given = asker.consent()
    asker.post(f"/v1/consents/{given['id']}/acts", {"act": "revoke"})
    receiver = Receiver()
    worker(asker, receiver).step()
    assert len(receiver.came) == 1
    with Asker(asker.service, organisation="books") as other:
        assert other.http.get("/v1/webhooks").json() == []
