"""Who got an answer that rested on what was corrected since sees so, and may have the new one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import pytest
from litestar.testing import TestClient
from made_bureau import go_on, scored
from sqlalchemy import select
from test_corrections import Furnisher, furnisher, identifier_of, worker

from benne.app import Service, add_client, add_endpoint, add_organisation, authenticate, erase
from benne.app._replay import KeptModels, replay
from benne.app.settings import OfferTable
from benne.app.stores.online import asks, outbox, policies
from benne.app.wiring import Session
from benne.decisions import read_policy
from benne.doors.api import create_app

Bureau = tuple[Session, Service]
ASKED = ("score", "brief", "level", "consult", "watchlist", "inquiries")


@dataclass
class Lender:
    """A lender that asks about one person, and its program."""

    served: Service
    http: Any
    person: str
    subject: str
    consent: str
    grid: Furnisher

    def ask(self, what: str, **more: object) -> dict[str, Any]:
        go_on(self.served)
        body = {"person": self.person, "purpose": "lending", **more}
        headers = {"idempotency-key": str(uuid4())}
        came = self.http.post(f"/v1/answers/{what}", json=body, headers=headers)
        assert came.status_code == 200, came.text
        told: dict[str, Any] = came.json()
        return told

    def look(self, answer: str) -> dict[str, Any]:
        came = self.http.get(f"/v1/answers/{answer}")
        assert came.status_code == 200, came.text
        told: dict[str, Any] = came.json()
        return told

    def act(self, act: str) -> None:
        headers = {"idempotency-key": str(uuid4())}
        path = f"/v1/consents/{self.consent}/acts"
        assert self.http.post(path, json={"act": act}, headers=headers).status_code == 200

    def corrected(self) -> None:
        assert self.grid.brings(cause="retraction").new == 1
        while worker(self.served).step():
            go_on(self.served)

    def told(self) -> list[dict[str, str]]:
        with self.served.online.reading() as unit:
            found = unit.rows(select(outbox.messages.c.body, outbox.messages.c.event))
        return [json.loads(r.body)["data"] for r in found if r.event == "answer.changed"]


def sign_in(served: Service, http: Any, organisation: str, mode: str = "production") -> None:
    scopes = ["consents", "webhooks", *(f"answers.{what}" for what in ASKED)]
    made = add_client(
        served, organisation, name="p", scopes=scopes, purposes=["lending"], mode=mode
    )
    data = {"grant_type": "client_credentials"}
    came = http.post("/oauth/token", data=data, auth=(made.client, made.secret))
    http.headers["authorization"] = f"Bearer {came.json()['access_token']}"
    if organisation == "lender" and mode == "production":
        caller = authenticate(served, made.client, made.secret)
        with served.online.begin() as unit:
            add_endpoint(served, unit, caller, url="https://lender.example/told")


@pytest.fixture
def lender(loaded: Bureau) -> Iterator[Lender]:
    town, served = loaded
    offers = (OfferTable("bike", 600, 10_000, ("lending",)),)
    settings = replace(served.workspace.service, offers=offers)
    served = replace(served, workspace=replace(served.workspace, service=settings))
    add_organisation(served, "Lender", id="lender")
    subject = scored(town, served)[0]
    with TestClient(create_app(served), raise_server_exceptions=False) as http:
        sign_in(served, http, "lender")
        body = {"identifier": identifier_of(served, subject), "purposes": ["lending"],
                "text_version": "1", "text_hash": "0" * 64, "ticked_beforehand": False,
                "frequency": {"times": 12, "days": 30}, "evidence_days": 3652}  # fmt: skip
        came = http.post("/v1/consents", json=body, headers={"idempotency-key": "c"})
        assert came.status_code == 201, came.text
        given = came.json()
        grid = furnisher(served, subject)
        assert grid.brings().new == 1
        yield Lender(served, http, given["known_as"], subject, given["id"], grid)


def test_each_kind_of_answer_says_that_it_was_given_again_and_what_it_says_then(
    lender: Lender,
) -> None:
    more: dict[str, dict[str, object]] = {
        "brief": {"threshold": 600},
        "consult": {"service": "bike", "amount_minor": 500},
    }
    old = {what: lender.ask(what, **more.get(what, {})) for what in ASKED}
    assert {row["industry"] for row in old["watchlist"]["rows"]} >= {"rental"}
    assert lender.look(old["score"]["id"])["status"] == "stands"
    lender.corrected()
    for what, was in old.items():
        stands = lender.look(was["id"])
        assert stands["status"] == "superseded", what
        assert stands["answer"] is None, "what was told is not told twice"
        new = lender.look(stands["superseded_by"])
        assert (new["status"], new["again_of"]) == ("stands", was["id"])
        now = new["answer"]
        same = ("answer", "asked", "person", "purpose", "as_of", "model", "consent", "family")
        assert {name: now[name] for name in same} == {name: was[name] for name in same}
        assert now["id"] == stands["superseded_by"]
        assert now["evidence"] != was["evidence"]
        told = {"answer": was["id"], "again": now["id"]}
        differs = {"score", "watchlist"} >= {what} or any(
            now[name] != was[name]
            for name in ("admitted", "level", "band", "permit", "days_3")
            if name in was
        )
        assert (told in lender.told()) == differs, what
        verdict = replay(KeptModels(lender.served.workspace), lender.served.online, now["id"])
        assert verdict.verdict == "same"
    again = lender.look(lender.look(old["watchlist"]["id"])["superseded_by"])["answer"]
    assert "rental" not in {row["industry"] for row in again["rows"]}
    assert again["freshness"]["last_known_at"] <= again["as_of"]


def test_the_new_answer_costs_nothing_and_needs_the_consent_still(lender: Lender) -> None:
    was = lender.ask("score")
    lender.corrected()
    new = lender.look(was["id"])["superseded_by"]
    with lender.served.online.reading() as unit:
        before = len(asks.about(unit, lender.subject, before=None, limit=99))
    assert lender.look(new)["answer"]["answer"] == "score"
    lender.act("pause")
    paused = lender.look(new)["answer"]
    assert (paused["answer"], paused["status"]) == ("no_consent", "paused")
    lender.act("resume")
    assert lender.look(new)["answer"]["answer"] == "score"
    lender.act("revoke")
    gone = lender.look(new)["answer"]
    assert (gone["answer"], gone["status"]) == ("no_consent", "revoked")
    with lender.served.online.reading() as unit:
        assert len(asks.about(unit, lender.subject, before=None, limit=99)) == before


def test_of_two_corrections_the_newest_answer_stands(lender: Lender) -> None:
    was = lender.ask("score")
    assert lender.grid.brings(cause="correction", amount_minor=1).new == 1
    while worker(lender.served).step():
        go_on(lender.served)
    first = lender.look(was["id"])["superseded_by"]
    lender.corrected()
    second = lender.look(was["id"])["superseded_by"]
    assert second != first
    between = lender.look(first)
    assert (between["superseded_by"], between["answer"]) == (second, None)
    assert lender.look(second)["answer"]["answer"] == "score"


def test_a_policy_decides_again_on_the_facts_of_then(lender: Lender) -> None:
    policy = read_policy(
        'schema = 1\nname = "bank"\nversion = 1\nservice = "bike"\nsays = "Bikes"\n'
        '[fields]\nstudent = "bool"\n'
        '[[rules]]\nname = "all"\nwhen = "student and score >= 0"\nthen = "admit"\n'
        'cap_minor = 8000\n[[rules]]\nname = "no"\nwhen = "not student"\nthen = "refuse"\n'
        'code = "NO"\nunknown = "pass"\n',
        features={}, where="bank.toml",
    )  # fmt: skip
    served = lender.served
    with served.online.begin() as unit:
        stored = policies.StoredPolicy(
            policy.hash, policy.name, policy.version, policy.service, policy.to_json(), "ann", 1
        )
        policies.propose(unit, stored)
        policies.publish(unit, "bank", policy.version, by="bob", role="live", at=served.clock())
    go_on(served)
    was = lender.ask("consult", service="bike", amount_minor=500, fields={"student": True})
    with served.online.begin() as unit:
        policies.withdraw(unit, "bike", role="live", at=go_on(served))
    lender.corrected()
    new = lender.look(lender.look(was["id"])["superseded_by"])["answer"]
    assert (new["permit"], new["policy"]) == (True, was["policy"])


def test_what_was_erased_or_deleted_says_so(lender: Lender) -> None:
    was = lender.ask("score")
    lender.corrected()
    new = lender.look(was["id"])["superseded_by"]
    erase(lender.served, lender.subject)
    for name in (was["id"], new):
        stands = lender.look(name)
        assert (stands["status"], stands["answer"]) == ("erased", None)
        assert stands["rule"]


def test_nobody_else_finds_it_nor_a_client_of_the_other_mode(lender: Lender) -> None:
    was = lender.ask("score")
    lender.corrected()
    new = lender.look(was["id"])["superseded_by"]
    nobody = lender.http.get(f"/v1/answers/{uuid4()}")
    assert nobody.status_code == 404
    add_organisation(lender.served, "Other", id="other")
    for organisation, mode in (("other", "production"), ("lender", "test")):
        sign_in(lender.served, lender.http, organisation, mode)
        for name in (was["id"], new):
            came = lender.http.get(f"/v1/answers/{name}")
            assert came.status_code == 404
            assert came.json()["detail"] == nobody.json()["detail"]
