"""What the law of the day closes is an answer with the rule's name: tested day by day."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_service import Asker, FakeReader, Turned, made_service

from benne import app
from benne.app.stores.online import Online
from benne.kernel import MICROS_PER_DAY, parse_instant, subject_id


def asker_on(
    day: str, law: str, online: Online, reader: FakeReader, folder: Path
) -> tuple[Asker, Turned]:
    """A merchant under ``law`` on a day."""
    clock = Turned(parse_instant(day))
    return Asker(made_service(online, clock, reader, folder, jurisdiction=law)), clock


def test_lending_closes_to_an_unlicensed_scorer_in_china_and_deposits_stay_open(
    online: Online, reader: FakeReader, tmp_path: Path
) -> None:
    asker, clock = asker_on("2021-12-31T12:00:00Z", "CN", online, reader, tmp_path)
    with asker:
        person = asker.consent(purposes=["lending", "deposit_free"])["known_as"]
        assert asker.ask("score", person, "lending").json()["answer"] == "score"
        clock.turn(days=1)
        asker.sign_in()
        closed = asker.ask("score", person, "lending").json()
        assert (closed["answer"], closed["rule"]) == ("unavailable", "CN-MCRB-lending")
        assert "score" not in closed
        assert closed["model"] is None
        assert asker.ask("score", person, "deposit_free").json()["answer"] == "score"


def test_social_ties_are_barred_from_creditworthiness_in_the_eu_from_its_day(
    online: Online, reader: FakeReader, tmp_path: Path
) -> None:
    asker, clock = asker_on("2026-11-19T12:00:00Z", "EU", online, reader, tmp_path)
    with asker:
        person = asker.consent(purposes=["lending"])["known_as"]
        asker.ask("score", person, "lending")
        before = reader.permits[-1]
        assert "network" not in before.barred_domains
        clock.turn(days=1)
        asker.sign_in()
        told = asker.ask("score", person, "lending").json()
        after = reader.permits[-1]
        assert "network" in after.barred_domains
        barred = {bar.rule for bar in after.bars if "network" in bar.domains}
        assert barred <= set(told["rules"])
        subject = consented_subject(asker)
        reader.answers[subject] = app.Unavailable("sesame", subject, 0, "no card without it")
        reader.rule = "EU-CCD-18-data"
        closed = asker.ask("score", person, "lending").json()
        assert (closed["answer"], closed["rule"]) == ("unavailable", "EU-CCD-18-data")


def consented_subject(asker: Asker) -> str:
    return subject_id("ID-1", key=asker.service.key)


def test_no_permit_outlives_a_minute_the_consent_or_the_rules(
    asker: Asker, reader: FakeReader, clock: Turned
) -> None:
    given = asker.consent()
    asker.ask("score", given["known_as"])
    permit = reader.permits[-1]
    assert permit.expires_at - permit.issued_at <= MICROS_PER_DAY
    assert permit.consent == given["id"]


@pytest.mark.parametrize(("act", "status"), [("pause", "paused"), ("revoke", "revoked")])
def test_a_paused_or_revoked_consent_answers_no_more(asker: Asker, act: str, status: str) -> None:
    given = asker.consent()
    moved = asker.post(f"/v1/consents/{given['id']}/acts", {"act": act})
    assert moved.json()["status"] == status
    told = asker.ask("score", given["known_as"]).json()
    assert (told["answer"], told["status"]) == ("no_consent", status)
    again = asker.post(f"/v1/consents/{given['id']}/acts", {"act": act})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_a_hold_goes_on_for_its_business_and_ends(asker: Asker, clock: Turned) -> None:
    given = asker.consent(purposes=["deposit_free", "pay_later"])
    hold = {"reason": "order_running", "purpose": "deposit_free", "business": "o-1", "days": 5}
    placed = asker.post(f"/v1/consents/{given['id']}/holds", hold)
    assert placed.status_code == 201, placed.text
    asker.post(f"/v1/consents/{given['id']}/acts", {"act": "revoke"})
    assert asker.ask("level", given["known_as"]).json()["answer"] == "level"
    assert asker.ask("level", given["known_as"], "pay_later").json()["status"] == "revoked"
    clock.turn(days=5)
    asker.sign_in()
    assert asker.ask("level", given["known_as"]).json()["status"] == "revoked"


def test_a_consent_answers_only_as_often_as_it_allows(asker: Asker, clock: Turned) -> None:
    person = asker.consent(frequency={"times": 2, "days": 30})["known_as"]
    for _ in range(2):
        assert asker.ask("level", person).json()["answer"] == "level"
    told = asker.ask("level", person).json()
    assert (told["answer"], told["status"]) == ("no_consent", "frequency")
    assert told["again_at"].startswith("2026-03-31")
    clock.turn(days=30)
    asker.sign_in()
    assert asker.ask("level", person).json()["answer"] == "level"


def test_a_consent_expires_on_its_day(asker: Asker, clock: Turned) -> None:
    person = asker.consent(expires_in_days=10)["known_as"]
    clock.turn(days=10)
    asker.sign_in()
    assert asker.ask("score", person).json()["status"] == "expired"


def test_a_box_ticked_beforehand_and_terms_beyond_the_template_are_refused(asker: Asker) -> None:
    body = {
        "identifier": "ID-1", "purposes": ["deposit_free"], "text_version": "1",
        "text_hash": "0" * 64, "ticked_beforehand": False,
    }  # fmt: skip
    ticked = asker.post("/v1/consents", {**body, "ticked_beforehand": True})
    assert (ticked.status_code, ticked.json()["code"]) == (403, "not_permitted")
    long = asker.post("/v1/consents", {**body, "expires_in_days": 400})
    assert (long.status_code, "365" in long.json()["detail"]) == (422, True)


def test_to_ask_for_a_loan_is_evidence_and_to_ask_for_a_bike_is_not(
    asker: Asker, clock: Turned
) -> None:
    from benne.app.stores.online import evidence
    from benne.evidence import standard_kinds

    subject = consented_subject(asker)
    kinds = [kind for kind in standard_kinds() if kind.name == "inquiry"]

    def inquiries() -> int:
        with asker.service.online.begin() as unit:
            return len(evidence.known(unit, subject, kinds).history["inquiry"])

    person = asker.consent(purposes=["lending", "deposit_free"])["known_as"]
    asker.ask("score", person, "deposit_free")
    assert inquiries() == 0
    asker.ask("score", person, "lending")
    asker.ask("level", person, "lending")
    assert inquiries() == 1
    clock.turn(days=1)
    asker.sign_in()
    asker.ask("score", person, "lending")
    assert inquiries() == 2
