"""What a merchant gets: typed answers, for consented people, once for each key."""

from __future__ import annotations

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import made_postgres
import pytest
from made_service import DAY, TEXT, Asker, FakeReader, Turned
from sqlalchemy import select
from test_evidence import BILL

from benne import app
from benne.app.stores.online import Online, consents, keys
from benne.kernel import parse_instant, subject_id


def test_a_merchant_asks_for_a_person_who_consented(asker: Asker) -> None:
    person = asker.consent()["known_as"]
    score = asker.ask("score", person)
    assert score.status_code == 200, score.text
    told = score.json()
    assert (told["answer"], told["score"], told["level"]) == ("score", 667, "B")
    assert told["purpose"] == "deposit_free"
    assert told["as_of"].startswith("2026-03-01T12:00")
    assert told["model"] == "a" * 64
    assert told["evidence"] == "e" * 64
    assert told["network"] == "b" * 64
    assert told["freshness"]["days"] == 3
    assert told["reasons"] == []

    brief = asker.ask("brief", person, threshold=600).json()
    assert (brief["answer"], brief["admitted"], "score" in brief) == ("brief", True, False)
    consult = asker.ask("consult", person, service="power_bank", amount_minor=5_000).json()
    assert (consult["permit"], consult["refusal_code"], consult["cap_minor"]) == (True, None, 10000)


def test_the_same_key_has_the_same_bytes_and_is_charged_once(asker: Asker) -> None:
    person = asker.consent()["known_as"]
    first = asker.ask("score", person, key="k1")
    again = asker.ask("score", person, key="k1")
    assert first.content == again.content
    assert "idempotency-replayed" not in first.headers
    assert again.headers["idempotency-replayed"] == "true"
    other = asker.ask("score", "somebody_else", key="k1")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")


def kept(service: app.Service) -> list[Any]:
    with service.online.reading() as unit:
        return list(unit.rows(select(keys.idempotency_keys)))


def test_of_what_is_kept_for_a_key_the_store_alone_tells_nothing(asker: Asker) -> None:
    headers = {"content-type": "application/x-ndjson", "idempotency-key": "k"}
    body = b'{"kind": "obligation", "due_minor": "RAW-VALUE", "subject": "SECRET-PERSON"}'
    came = asker.http.post("/v1/evidence/batch", content=body, headers=headers)
    assert b"RAW-VALUE" in came.content
    (row,) = kept(asker.service)
    assert b"RAW-VALUE" not in row.body
    plain = hashlib.sha256(b"/v1/evidence/batch\n" + body).hexdigest()
    assert row.request != plain, "a person could be found out by trying"
    again = asker.http.post("/v1/evidence/batch", content=body, headers=headers)
    assert again.content == came.content


def test_what_an_older_benne_kept_is_given_again(asker: Asker) -> None:
    with asker.service.online.begin() as unit:
        at = asker.service.clock()
        keys.remember(unit, "c", "k", "r" * 64, status=201, body=b"old", subject=None, at=at)

    def work(_: app.Unit) -> app.Fresh:
        raise AssertionError("it was answered")

    given = app.once(asker.service, "c", "k", "r" * 64, work)
    assert (given.status, given.body, given.replayed) == (201, b"old", True)


def test_a_key_of_a_person_who_was_erased_gives_nothing_again_and_does_nothing(
    asker: Asker,
) -> None:
    body = {"identifier": "ID-1", "purposes": ["deposit_free"], "text_version": "1",
            "text_hash": TEXT, "ticked_beforehand": False}  # fmt: skip
    asker.http.post("/v1/evidence", json={**BILL, "subject": "ID-1"})
    person = asker.post("/v1/consents", body, "c").json()["known_as"]
    assert asker.ask("score", person, key="k").status_code == 200
    app.erase(asker.service, "ID-1")
    told = [asker.ask("score", person, key="k"), asker.post("/v1/consents", body, "c")]
    assert [(one.status_code, one.json()["code"]) for one in told] == [(409, "key_erased")] * 2
    assert {row.body for row in kept(asker.service) if row.subject is None} >= {b""}
    assert asker.ask("score", "somebody", key="k").json()["code"] == "key_reused"
    subject = subject_id("ID-1", key=asker.service.key)
    with asker.service.online.reading() as unit:
        assert len(consents.of_subject(unit, subject)) == 1


def test_a_key_is_forgotten_after_a_day(asker: Asker, clock: Turned) -> None:
    person = asker.consent()["known_as"]
    first = asker.ask("score", person, key="k1").json()
    clock.turn(days=1)
    asker.sign_in()
    assert asker.ask("score", person, key="k1").json()["id"] != first["id"]


def test_no_data_no_consent_and_low_are_told_apart(asker: Asker, reader: FakeReader) -> None:
    person = asker.consent()["known_as"]
    subject = subject_id("ID-1", key=asker.service.key)
    assert asker.ask("score", "nobody").json()["answer"] == "no_consent"
    thin = app.NotEnoughEvidence("sesame", subject, 0, "8 records", ("3 more",))
    for answer, name in (
        (thin, "not_enough_evidence"),
        (app.Unavailable("sesame", subject, 0, "closed"), "unavailable"),
        (app.Erased("sesame", subject, 0, "GDPR-17", 0), "erased"),
    ):
        reader.answers[subject] = answer
        for what, more in (("score", {}), ("brief", {"threshold": 600}), ("level", {})):
            told = asker.ask(what, person, **more).json()
            assert told["answer"] == name
            assert not {"score", "admitted", "level", "permit"} & set(told)


def test_two_at_once_with_one_key_get_one_answer(asker: Asker) -> None:
    """The second is told to wait, or gets the bytes of the first; never an answer of its own."""
    made: list[int] = []
    began, go = threading.Event(), threading.Event()

    def work(_: app.Unit) -> app.Fresh:
        made.append(1)
        began.set()
        go.wait(10)
        return app.Fresh(200, b"first")

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(app.once, asker.service, "c", "k", "r", work)
        assert began.wait(10)
        with pytest.raises(app.KeyInFlight):
            app.once(asker.service, "c", "k", "r", work)
        go.set()
        assert first.result().body == b"first"
    again = app.once(asker.service, "c", "k", "r", work)
    assert (again.body, again.replayed, len(made)) == (b"first", True, 1)


def test_an_error_keeps_nothing_and_frees_the_key(asker: Asker) -> None:
    refused = asker.ask("consult", "x", service="nowhere", amount_minor=1, key="k")
    person = asker.consent()["known_as"]
    unknown = asker.ask("consult", person, service="nowhere", amount_minor=1, key="k2")
    assert unknown.status_code == 404
    known = asker.ask("consult", person, service="power_bank", amount_minor=1, key="k2")
    assert (refused.status_code, known.status_code) == (200, 200)


@pytest.mark.postgres
def test_two_processes_cannot_hold_one_key(
    postgres: made_postgres.Server, postgres_template: str
) -> None:
    url = postgres.database(postgres_template)
    one, two = Online.open(url), Online.open(url)
    with one.begin() as unit, two.begin() as other:
        assert isinstance(keys.claim(unit, "c", "k", "r", at=0), keys.New)
        assert isinstance(keys.claim(other, "c", "k", "r", at=0), keys.InFlight)
        assert isinstance(keys.claim(other, "c", "another", "r", at=0), keys.New)
    one.close()
    two.close()


def test_an_organisation_sees_what_it_asked_and_was_charged_month_by_month(
    asker: Asker, clock: Turned
) -> None:
    person = asker.consent()["known_as"]
    for _ in range(2):
        asker.ask("brief", person, threshold=600)
    asker.ask("score", "nobody")
    now = asker.http.get("/v1/usage").json()
    rows = [(r["asked"], r["answer"], r["count"], r["charged"]) for r in now["answers"]]
    assert rows == [("brief", "brief", 2, 2), ("score", "no_consent", 1, 0)]
    assert (now["month"], now["mode"], now["charged"]) == ("2026-03", "production", 2)
    clock.turn(days=31)
    asker.sign_in()
    asker.ask("level", person)
    assert asker.http.get("/v1/usage").json()["charged"] == 1
    assert asker.http.get("/v1/usage?month=2026-03").json() == now
    assert asker.http.get("/v1/usage?month=2026-13").status_code == 422
    asker.another_client(mode="test")
    assert asker.http.get("/v1/usage").json()["answers"] == []
    app.add_organisation(asker.service, "Other", id="other")
    asker.organisation = "other"
    asker.another_client()
    assert asker.http.get("/v1/usage").json()["answers"] == []


def test_a_consent_answers_from_its_start_and_until_its_end(asker: Asker, clock: Turned) -> None:
    given = asker.consent(starts_in_days=2, expires_in_days=1, evidence_days=10)
    assert given["status"] == "pending"
    start, end = (parse_instant(given[name]) for name in ("starts_at", "expires_at"))
    assert (end - start, start - parse_instant(given["evidence_from"])) == (DAY, 10 * DAY)

    def at(instant: int) -> tuple[str, str | None]:
        clock.now = instant - 1_000
        asker.sign_in()
        clock.now = instant - 1_000  # some looks at the clock come before the one that counts
        told = asker.ask("level", given["known_as"]).json()
        return told["answer"], told.get("status")

    assert at(start - 1_000) == ("no_consent", "pending")
    assert at(start + 1_000) == ("level", None)
    assert at(end - 1_000) == ("level", None)
    assert at(end + 1_000) == ("no_consent", "expired")
