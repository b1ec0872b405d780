"""The typed client makes the commonest mistakes impossible; the sandbox never changes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from made_service import DAY, TEXT, Asker, FakeReader, Turned
from test_evidence import BILL

from benne import app, client
from benne.client import _wire as wire
from benne.doors.api._render import answer, encode
from benne.kernel import from_micros, subject_id


class Line(httpx.BaseTransport):
    """A line to the service that breaks after the service has answered, ``breaks`` times."""

    def __init__(self, asker: Asker, breaks: int = 0) -> None:
        self._inner, self.breaks, self.sent = asker.http._transport, breaks, 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        came = self._inner.handle_request(request)
        self.sent += request.url.path.startswith("/v1")
        if self.breaks and request.url.path.startswith("/v1"):
            self.breaks -= 1
            raise httpx.ReadTimeout("no answer came")
        return came


def calling(asker: Asker, line: Line, keys: Path, **more: Any) -> client.Client:
    return client.Client(
        "http://testserver.local",
        asker.credentials.client,
        asker.credentials.secret,
        keys=keys,
        transport=line,
        **more,
    )


def consented(bureau: client.Client) -> str:
    terms = client.ConsentGiven(
        identifier="ID-1",
        purposes=["deposit_free"],
        text_version="1",
        text_hash=TEXT,
        ticked_beforehand=False,
    )
    return bureau.give_consent(terms, reference="c-1").known_as


def charged(asker: Asker) -> int:
    return int(asker.http.get("/v1/usage").json()["charged"])


def test_a_line_that_breaks_after_the_answer_is_charged_once(asker: Asker, tmp_path: Path) -> None:
    line = Line(asker)
    with calling(asker, line, tmp_path / "keys.db") as bureau:
        person = consented(bureau)
        line.breaks, line.sent = 2, 0
        told = bureau.score(person, purpose="deposit_free", reference="order-1")
        assert isinstance(told, client.ScoreGiven)
        assert (told.score, line.sent, charged(asker)) == (667, 3, 1)


def test_a_client_that_died_asks_the_same_question_again(asker: Asker, tmp_path: Path) -> None:
    line = Line(asker)
    with calling(asker, line, tmp_path / "keys.db", tries=1) as bureau:
        person = consented(bureau)
        line.breaks = 1
        with pytest.raises(client.NotReached):
            bureau.score(person, purpose="deposit_free", reference="order-1")
    with calling(asker, line, tmp_path / "keys.db") as reborn:
        told = reborn.score(person, purpose="deposit_free", reference="order-1")
        assert reborn.score(person, purpose="deposit_free", reference="order-1") == told
        other = reborn.score(person, purpose="deposit_free", reference="order-2")
    assert told.id != other.id
    assert charged(asker) == 2


def test_the_file_of_keys_names_nobody(asker: Asker, tmp_path: Path) -> None:
    with calling(asker, Line(asker), tmp_path / "keys.db") as bureau:
        bureau.score("somebody", purpose="deposit_free", reference="order of PRIVATE-PERSON")
    assert b"PRIVATE-PERSON" not in (tmp_path / "keys.db").read_bytes()
    assert (tmp_path / "keys.db").stat().st_mode & 0o077 == 0


def test_what_went_wrong_is_an_exception_and_what_is_not_known_is_no_number(
    asker: Asker, tmp_path: Path, reader: FakeReader
) -> None:
    with calling(asker, Line(asker), tmp_path / "keys.db") as bureau:
        with pytest.raises(client.ServiceProblem) as refused:
            bureau.score("x", purpose="marketing", reference="1")
        assert refused.value.code == "more_than_needed"
        nobody = bureau.score("x", purpose="deposit_free", reference="2")
        assert isinstance(nobody, client.NoConsent)
        assert not hasattr(nobody, "score")
        person = consented(bureau)
        subject = subject_id("ID-1", key=asker.service.key)
        reader.answers[subject] = app.NotEnoughEvidence("sesame", subject, 0, "8", ("3 more",))
        thin = bureau.consult(
            person, purpose="deposit_free", service="power_bank", amount_minor=1, reference="3"
        )
        assert isinstance(thin, client.ConsultGiven)
        assert (thin.permit, thin.refusal_code) == (False, "NOT_ENOUGH_EVIDENCE")
        assert thin.freshness.days == 3


def test_how_an_answer_stands_is_told_to_who_got_it(asker: Asker, tmp_path: Path) -> None:
    with calling(asker, Line(asker), tmp_path / "keys.db") as bureau:
        told = bureau.score(consented(bureau), purpose="deposit_free", reference="1")
        stands = bureau.answer(told.id)
        assert (stands.status, stands.outcome, stands.asked) == ("stands", "score", "score")
        assert (stands.superseded_by, stands.answer) == (None, None)
        nobody = bureau.score("x", purpose="deposit_free", reference="2")
        assert bureau.answer(nobody.id).outcome == "no_consent"


def work(asker: Asker) -> None:
    render = lambda reply: encode(answer(reply))  # noqa: E731 (as the door hands it over)
    worker = app.Worker(asker.service, "w", lambda *_: 200, render)
    while worker.step():
        pass


def test_a_job_answers_typed_about_each_and_ends_when_there_is_no_more(
    asker: Asker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        work(asker)

    monkeypatch.setattr("benne.client._client.time.sleep", sleep)
    asker.http.post("/v1/evidence", json={**BILL, "subject": "ID-1"})
    with calling(asker, Line(asker), tmp_path / "keys.db") as bureau:
        people = [consented(bureau), "nobody"]
        asked = client.JobAsked(asked="brief", purpose="deposit_free", people=people, threshold=600)
        job = bureau.start_job(asked, reference="1")
        assert bureau.start_job(asked, reference="1") == job
        one, other = bureau.job_answers(job.id)
        assert slept == [1.0], "it waits for what is to come"
        assert isinstance(one, client.BriefGiven)
        assert isinstance(other, client.NoConsent)
        assert [one.person, other.person] == people
        assert (bureau.job(job.id).state, bureau.cancel_job(job.id).state) == ("done", "done")
        app.erase(asker.service, "ID-1")
        gone, _ = bureau.job_answers(job.id)
        assert isinstance(gone, client.Erased)
        assert (gone.person, gone.evidence, gone.consent) == (people[0], None, None)


def test_of_whom_nothing_may_be_asked_a_job_says_so_and_gives_no_answer(
    asker: Asker, tmp_path: Path
) -> None:
    with calling(asker, Line(asker), tmp_path / "keys.db") as bureau:
        person = consented(bureau)
        asked = client.JobAsked(
            asked="consult", purpose="deposit_free", people=[person], service="none",
            amount_minor=1,
        )  # fmt: skip
        job = bureau.start_job(asked, reference="1")
        work(asker)
        (refused,) = bureau.job_answers(job.id)
        assert isinstance(refused, client.Refused)
        assert (refused.person, "none" in refused.why) == (person, True)


def test_a_consent_is_paused_resumed_held_and_revoked_and_says_how_it_stands(
    asker: Asker, tmp_path: Path
) -> None:
    with calling(asker, Line(asker), tmp_path / "keys.db") as bureau:
        terms = client.ConsentGiven(
            identifier="ID-1", purposes=["lending"], text_version="1", text_hash=TEXT,
            ticked_beforehand=False,
        )  # fmt: skip
        given = bureau.give_consent(terms, reference="c")
        assert bureau.pause_consent(given.id, reference="p").status == "paused"
        told = bureau.score(given.known_as, purpose="lending", reference="1")
        assert isinstance(told, client.NoConsent)
        assert told.status == "paused"
        assert bureau.resume_consent(given.id, reference="r").status == "active"
        hold = client.HoldAsked(
            reason="loan_applied", purpose="lending", business="loan 7", days=30
        )
        held = bureau.hold_consent(given.id, hold, reference="h")
        assert bureau.hold_consent(given.id, hold, reference="h") == held
        ends = from_micros(asker.service.clock() + 30 * DAY)
        assert abs((held.ends_at - ends).total_seconds()) < 1
        assert bureau.revoke_consent(given.id, reference="x").status == "revoked"
        told = bureau.score(given.known_as, purpose="lending", reference="2")
        assert isinstance(told, client.ScoreGiven), "the hold goes on for its purpose"
        with pytest.raises(client.ServiceProblem) as wrong:
            bureau.pause_consent(given.id, reference="x")
        assert wrong.value.code == "key_reused"


def test_an_answer_of_another_sort_cannot_be_taken_for_this_one() -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"answer":"N/A"}', type=wire.ScoreAnswer)
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"answer":"score","score":"N/A"}', type=wire.ScoreAnswer)


@pytest.mark.parametrize("purpose", ["deposit_free", "lending"])
def test_everybody_in_the_sandbox_has_one_answer_for_good(asker: Asker, purpose: str) -> None:
    asker.another_client(mode="test")
    kinds = set()
    for one in app.sandbox_people():
        first, again = (asker.ask("score", one.id, purpose).json() for _ in range(2))
        assert {k: v for k, v in first.items() if k != "id"} == {
            k: v for k, v in again.items() if k != "id"
        }
        assert first["mode"] == "test"
        kinds.add(first["answer"])
    assert kinds == {"score", "not_enough_evidence", "no_consent", "unavailable", "erased"}
    assert charged(asker) == 0


def test_the_sandbox_answers_every_question(asker: Asker) -> None:
    asker.another_client(mode="test")
    low = asker.ask("watchlist", "test_low").json()
    assert (low["matched"], low["worst"], low["rows"][0]["code"]) == (True, 3, "AK002")
    disputed = asker.ask("watchlist", "test_disputed").json()
    assert disputed["rows"][0]["status"] == "disputed"
    assert disputed["rows"][0]["statement"] == "I had moved out by then."
    assert disputed["disputed"][0]["state"] == "disputed"
    settled = asker.ask("watchlist", "test_settled").json()
    assert (settled["matched"], settled["worst"], settled["rows"][0]["settled"]) == (True, 0, True)
    often = asker.ask("inquiries", "test_low", "lending").json()
    assert [often[f"days_{n}"] for n in (3, 7, 30, 90)] == [2, 3, 4, 5]
    edge = [
        asker.ask("brief", "test_at_threshold", threshold=t).json()["admitted"] for t in (650, 651)
    ]
    assert edge == [True, False]


def test_a_test_client_sees_nobody_real(asker: Asker) -> None:
    person = asker.consent()["known_as"]
    asker.another_client(mode="test")
    assert asker.ask("score", person).json()["answer"] == "no_consent"


def test_a_merchants_program_finds_lists_and_syncs_its_orders(
    asker: Asker, clock: Turned, service: app.Service, tmp_path: Path
) -> None:
    limits = app.FundLimits(9_000, 9_000, 9_000)
    service.online.run(lambda unit: app.open_fund(service, unit, "bikes", limits))
    bureau = calling(asker, Line(asker), tmp_path / "keys.db")
    person = consented(bureau)
    made = [
        bureau.order(
            client.OrderAsked(
                number=f"rent-{n}",
                person=person,
                service="rental",
                offer="power_bank",
                due_at=from_micros(clock.now + DAY),
                value_minor=9_900,
                deposit_minor=9_900,
            )
        )
        for n in range(2)
    ]
    assert bureau.order_of("rent-1") == made[1]
    assert bureau.order_of("rent-9") is None
    acts = [
        client.SyncedAct(act=act, order=one.id, request=f"{one.number}-{act}")
        for one in made
        for act in ("start", "complete", "start")
    ]
    done = bureau.sync(acts)
    assert [one.code for one in done] == [None, None, None, None, None, None]
    assert {one.id for one in bureau.list_orders(state="completed")} == {one.id for one in made}
    assert list(bureau.list_orders(state="overdue")) == []
    history = bureau.order_history(made[0].id)
    assert [one.act for one in history] == ["admit", "start", "complete"]
    for _ in range(2):
        assert bureau.pay_into_fund(500, reference="first").pending_minor == 500
    app.send_contributions(service, app.SimulatedProvider())
    assert (bureau.fund().balance_minor, bureau.fund().pending_minor) == (500, 0)
    assert [one.status for one in bureau.fund().contributions] == ["done"]
    assert bureau.referrals() == []
