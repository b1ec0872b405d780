"""People sign in with OpenID Connect, and do for themselves what only they may."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import RSAKey
from litestar.testing import TestClient
from made_service import START, TEXT, Asker, FakeReader, Turned, made_service, scored
from made_shop import Shop
from sqlalchemy import update

from benne import app
from benne.app._own_orders import OWN_ORDER_ACTS
from benne.app.stores.online import Online, answers
from benne.app.stores.online.asks import asks
from benne.doors.api import _own_page, create_app
from benne.orders import ACTS, STATES

ISSUER = "https://id.example"


@dataclass
class Provider(httpx.BaseTransport):
    """An OpenID Connect provider; ``changes`` go into the next ID token's claims."""

    clock: Turned
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048, {"kid": "p1"}))
    signs_with: RSAKey | None = None
    person: str = "ID-1"
    sub: str = "sub-of-ann"
    changes: dict[str, Any] = field(default_factory=dict)
    nonce: str = ""
    challenge: str = ""
    forms: list[dict[str, list[str]]] = field(default_factory=list)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        match request.url.path:
            case "/.well-known/openid-configuration":
                return httpx.Response(200, json={
                    "issuer": ISSUER, "authorization_endpoint": f"{ISSUER}/authorize",
                    "token_endpoint": f"{ISSUER}/token", "jwks_uri": f"{ISSUER}/keys",
                })  # fmt: skip
            case "/keys":
                return httpx.Response(200, json={"keys": [self.key.as_dict(private=False)]})
            case "/token":
                self.forms.append(parse_qs(request.read().decode()))
                return httpx.Response(200, json={"id_token": self.id_token()})
        return httpx.Response(404)

    def id_token(self) -> str:
        now = self.clock.now // 1_000_000
        claims = {
            "iss": ISSUER, "aud": "benne", "sub": self.sub, "nonce": self.nonce, "iat": now,
            "exp": now + 300, "national_id": self.person, **self.changes,
        }  # fmt: skip
        key = self.signs_with or self.key
        return jwt.encode({"alg": "RS256", "kid": "p1"}, claims, key)


@dataclass
class Browser:
    """A person's browser at the service."""

    http: TestClient[Any]
    provider: Provider
    csrf: str = ""

    def sign_in(self) -> httpx.Response:
        away = self.http.get("/auth/login", follow_redirects=False)
        assert away.status_code == 303, away.text
        asked = parse_qs(urlsplit(away.headers["location"]).query)
        self.provider.nonce, state = asked["nonce"][0], asked["state"][0]
        assert asked["code_challenge_method"] == ["S256"]
        came = self.http.get(
            "/auth/callback", params={"code": "c", "state": state}, follow_redirects=False
        )
        if came.status_code == 303:
            self.csrf = self.http.get("/v1/me").json()["csrf"]
        return came

    def post(self, path: str, body: Any = None, **headers: str) -> httpx.Response:
        return self.http.post(path, json=body, headers={"x-benne-csrf": self.csrf, **headers})


@pytest.fixture
def provider(clock: Turned) -> Provider:
    return Provider(clock)


@pytest.fixture
def service(online: Online, clock: Turned, reader: FakeReader, tmp_path: Path) -> app.Service:
    sign_in = {
        "issuer": ISSUER, "client_id": "benne", "identifier_claim": "national_id",
        "admins": ["sub-of-admin", "sub-of-second"],
    }  # fmt: skip
    return made_service(online, clock, reader, tmp_path, sign_in=sign_in)


@pytest.fixture
def browser(service: app.Service, provider: Provider) -> Iterator[Browser]:
    door = create_app(service, provider=httpx.Client(transport=provider))
    with TestClient(door, raise_server_exceptions=False) as http:
        yield Browser(http, provider)


def test_a_person_signs_in_and_sees_the_score_with_its_parts(
    browser: Browser, service: app.Service
) -> None:
    assert browser.http.get("/v1/me").status_code == 401
    came = browser.sign_in()
    cookie = came.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "ID-1" not in cookie
    assert "code_verifier" in browser.provider.forms[0]
    told = browser.post("/v1/me/score").json()
    assert told["answer"]["score"] == 667
    with service.online.reading() as unit:
        assert answers.find(unit, told["answer"]["id"]).subject == app.identified(service, "ID-1")
    assert told["base_points"] + sum(told["domain_points"].values()) + told["limit_points"] == 667


def test_a_person_sees_who_asked_and_changes_their_mind(
    browser: Browser, service: app.Service
) -> None:
    with Asker(service) as merchant:
        given = merchant.consent("ID-1")
        merchant.ask("brief", given["known_as"], threshold=600)
        browser.sign_in()
        (mine,) = browser.http.get("/v1/me/consents").json()
        assert (mine["id"], mine["organisation"], mine["status"]) == (
            given["id"],
            "bikes",
            "active",
        )
        (asked,) = browser.http.get("/v1/me/asks").json()["asked"]
        assert (asked["organisation"], asked["asked"], asked["outcome"]) == (
            "bikes",
            "brief",
            "brief",
        )
        path = f"/v1/me/consents/{given['id']}/acts"
        assert browser.post(path, {"act": "revoke"}).json()["status"] == "revoked"
        assert merchant.ask("score", given["known_as"]).json()["status"] == "revoked"
        terms = {
            "organisation": "bikes", "purposes": ["deposit_free"], "text_version": "2",
            "text_hash": TEXT, "ticked_beforehand": False,
        }  # fmt: skip
        assert browser.post("/v1/me/consents", terms).status_code == 201
        assert merchant.ask("score", given["known_as"]).json()["answer"] == "score"


def test_a_person_sees_who_asked_without_their_leave(
    browser: Browser, service: app.Service
) -> None:
    with Asker(service) as merchant:
        given = merchant.consent("ID-1")
        merchant.post(f"/v1/consents/{given['id']}/acts", {"act": "revoke"})
        told = merchant.ask("level", given["known_as"]).json()
        assert (told["answer"], told["status"]) == ("no_consent", "revoked")
    browser.sign_in()
    (asked,) = browser.http.get("/v1/me/asks").json()["asked"]
    assert (asked["organisation"], asked["asked"], asked["outcome"]) == (
        "bikes", "level", "no_consent",
    )  # fmt: skip


def test_the_pages_of_who_asked_leave_out_nobody_who_asked_at_the_same_instant(
    browser: Browser, service: app.Service
) -> None:
    with Asker(service) as merchant:
        person = merchant.consent("ID-1")["known_as"]
        for _ in range(5):
            merchant.ask("level", person)
    with service.online.begin() as unit:
        unit.run(update(asks).values(at=START))
    browser.sign_in()
    seen, cursor = 0, ""
    while cursor is not None:
        page = browser.http.get(f"/v1/me/asks?limit=2{cursor and '&cursor='}{cursor}").json()
        seen, cursor = seen + len(page["asked"]), page["next"]
    assert seen == 5


def test_a_person_gets_a_copy_of_all_that_is_held(browser: Browser, service: app.Service) -> None:
    with Asker(service) as merchant:
        merchant.http.post("/v1/evidence", json=BILL)
        merchant.ask("score", merchant.consent("ID-1")["known_as"])
        browser.sign_in()
        copy = browser.http.get("/v1/me/copy")
    assert copy.status_code == 200, copy.text
    assert "bikes" in copy.text
    assert "bill-1" in copy.text


def test_nobody_touches_what_is_anothers(browser: Browser, service: app.Service) -> None:
    with Asker(service) as merchant:
        theirs = merchant.consent("ID-2")
        browser.sign_in()
        came = browser.post(f"/v1/me/consents/{theirs['id']}/acts", {"act": "revoke"})
        assert came.status_code == 404
        assert browser.http.get("/v1/me/consents").json() == []


def test_another_site_cannot_act_in_a_persons_name(browser: Browser) -> None:
    browser.sign_in()
    for word in ("", "wrong"):
        came = browser.post("/v1/me/score", **{"x-benne-csrf": word})
        assert came.status_code == 401
    bearer = {"authorization": f"Bearer {browser.http.cookies['benne_session']}"}
    assert browser.http.post("/v1/answers/score", json={}, headers=bearer).status_code == 401


def test_a_session_ends(browser: Browser, clock: Turned) -> None:
    browser.sign_in()
    clock.turn(seconds=1_801)
    assert browser.http.get("/v1/me").status_code == 401
    browser.sign_in()
    assert browser.post("/auth/logout").status_code == 204
    assert browser.http.get("/v1/me").status_code == 401


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://evil.example"}, {"aud": "another"}, {"aud": ["benne", "another"]},
        {"exp": 1}, {"exp": None}, {"nonce": "replayed"}, {"national_id": ""},
        {"national_id": None}, {"sub": None},
    ],
)  # fmt: skip
def test_the_provider_must_vouch_for_this_person_here_and_now(
    browser: Browser, changes: dict[str, Any]
) -> None:
    browser.provider.changes = changes
    assert browser.sign_in().status_code == 401


def test_a_word_that_another_key_signed_is_not_the_providers(browser: Browser) -> None:
    browser.provider.signs_with = RSAKey.generate_key(2048, {"kid": "p1"})
    assert browser.sign_in().status_code == 401


def test_who_did_not_set_out_here_does_not_come_in(browser: Browser) -> None:
    browser.http.get("/auth/login", follow_redirects=False)
    params = {"code": "c", "state": "of another"}
    assert browser.http.get("/auth/callback", params=params).status_code == 401
    browser.http.cookies.clear()
    assert browser.http.get("/auth/callback", params=params).status_code == 401


BILL = {
    "kind": "obligation", "record": "bill-1", "subject": "ID-1", "due_at": "2026-01-15",
    "contract": "power", "due_minor": 5_000, "paid_minor": 0,
}  # fmt: skip


def test_a_person_disputes_a_record_and_who_brought_it_is_told(
    browser: Browser, service: app.Service
) -> None:
    with Asker(service) as merchant:
        merchant.http.post("/v1/evidence", json=BILL)
        merchant.http.post("/v1/webhooks", json={"url": "https://a.example/"})
        browser.sign_in()
        record = {"kind": "obligation", "source": "bikes", "record": "bill-1"}
        opened = browser.post("/v1/me/disputes", {**record, "act": "open", "text": "I paid."})
        assert (opened.status_code, opened.json()["state"]) == (200, "disputed")
        assert opened.json()["answer_by"] > "2026-03"
        again = browser.post("/v1/me/disputes", {**record, "act": "open", "text": "I paid."})
        assert again.status_code == 409
        missing = browser.post("/v1/me/disputes", {**record, "record": "x", "act": "withdraw"})
        assert missing.status_code == 404
        told: list[bytes] = []
        worker = app.Worker(
            service, "w", lambda _url, body, _headers: told.append(body) or 200, lambda _: b""
        )
        worker.step()
    assert b"evidence.disputed" in told[0]
    assert b"ID-1" not in told[0]


def test_who_brought_a_disputed_record_says_what_came_of_checking_it(
    browser: Browser, service: app.Service
) -> None:
    path, mine = "/v1/evidence/disputes", {"kind": "obligation", "record": "bill-1"}
    with Asker(service) as grid:
        grid.http.post("/v1/evidence", json=BILL)
        answer = {**mine, "subject": "ID-1"}
        assert grid.post(path, {**answer, "act": "uphold"}).status_code == 409, "nobody disputes it"
        browser.sign_in()
        disputed = {**mine, "source": "bikes", "act": "open", "text": "I paid."}
        assert browser.post("/v1/me/disputes", disputed).status_code == 200
        grid.organisation, theirs = "other", grid.credentials
        app.add_organisation(service, "Other", id="other")
        grid.another_client()
        assert grid.post(path, {**answer, "act": "uphold"}).status_code == 404
        grid.credentials = theirs
        grid.sign_in()
        assert grid.post(path, {**answer, "subject": "ID-2", "act": "uphold"}).status_code == 404
        assert grid.post(path, {**answer, "act": "correct"}).status_code == 422
        stands = grid.post(path, {**answer, "act": "uphold"}).json()
        assert stands == {"state": "upheld", "answer_by": None}
        assert browser.post("/v1/me/disputes", disputed).status_code == 200
        right = {**answer, "act": "correct", "changes": {"due_minor": 10}}
        assert grid.post(path, right).json()["state"] == "corrected"
        again = grid.http.post("/v1/evidence", json=BILL).json()
        assert again["errors"][0]["code"] == "put_right"
    copy = browser.http.get("/v1/me/copy").json()
    assert copy["evidence"]["obligation"][-1]["due_minor"] == 10


def administrator(browser: Browser, sub: str) -> None:
    browser.http.cookies.clear()
    browser.provider.sub, browser.provider.person = sub, f"ID of {sub}"
    browser.sign_in()


def act_on(browser: Browser, order: str, act: str, key: str, **said: Any) -> httpx.Response:
    path = f"/v1/me/orders/{order}/acts"
    return browser.post(path, {"act": act, **said}, **{"idempotency-key": key})


def test_a_person_sees_what_they_owe_by_when_and_pays_confirms_and_objects(
    browser: Browser, service: app.Service, clock: Turned, reader: FakeReader
) -> None:
    reader.answers[app.identified(service, "ID-1")] = scored("s", 750, clock.now)
    with Asker(service) as merchant:
        shop = Shop(merchant, clock)
        known = merchant.consent("ID-1", purposes=["deposit_free"])["known_as"]
        order = shop.order(
            str(known), offer="camera", value_minor=80_000, price_minor=80_000, deposit_minor=80_000
        )
        assert order["state"] == "admitted"
        shop.act(order["id"], "start")
        browser.sign_in()
        (mine,) = browser.http.get("/v1/me/orders").json()
        assert (mine["organisation"], mine["state"], mine["can"]) == (
            "Bikes", "running", ["ask_pause", "dispute"],
        )  # fmt: skip
        shop.act(order["id"], "complete", amount_minor=70_000)
        shop.act(order["id"], "deduct")
        (mine,) = browser.http.get("/v1/me/orders").json()
        assert [one["notice"] for one in mine["notices"]] == [
            "admitted", "started", "charged", "confirm_payment",
        ]  # fmt: skip
        assert (mine["owed_minor"], mine["next"]["act"]) == (70_000, "remind")
        (waiting,) = [p["id"] for p in mine["payments"]]
        assert act_on(browser, order["id"], "confirm", "k1", payment=waiting).status_code == 200
        said = act_on(browser, order["id"], "ask_pause", "k2", text="I lost my work.")
        assert said.json()["state"] == "paying"
        shop.work()
        (mine,) = browser.http.get("/v1/me/orders").json()
        assert (mine["state"], mine["paid_minor"], mine["can"]) == (
            "completed", 70_000, ["dispute"],
        )  # fmt: skip
        objected = act_on(browser, order["id"], "dispute", "k3", text="It was broken.").json()
        assert (objected["state"], objected["can"]) == ("disputed", ["withdraw"])
        again = act_on(browser, order["id"], "dispute", "k3", text="It was broken.")
        assert again.json()["state"] == "disputed"


def test_a_page_shows_a_person_their_orders_and_sends_strangers_to_sign_in(
    browser: Browser, service: app.Service, clock: Turned, reader: FakeReader
) -> None:
    away = browser.http.get("/me/orders", follow_redirects=False)
    assert (away.status_code, away.headers["location"]) == (303, "/auth/login")
    reader.answers[app.identified(service, "ID-1")] = scored("s", 750, clock.now)
    with Asker(service) as merchant:
        shop = Shop(merchant, clock)
        known = str(merchant.consent("ID-1", purposes=["deposit_free"])["known_as"])
        browser.sign_in()
        assert "You have no orders." in browser.http.get("/me/orders").text
        order = shop.order(
            known, offer="camera", value_minor=80_000, price_minor=80_000, deposit_minor=80_000,
            )  # fmt: skip
        shop.act(order["id"], "start")
        shop.act(order["id"], "complete", amount_minor=70_000)
        shop.act(order["id"], "deduct")
        came = browser.http.get("/me/orders")
        for words in (
            "You are reminded 3 and 1 days before a deadline.",
            "The grace is 7 days, and you are told 3 days ahead",
            "Bikes: rental", "EUR 700.00", "Confirm the deduction of EUR 700.00",
            "Pay all that is owed now", "Object", "Ask for a pause", "If nothing else happens",
        ):  # fmt: skip
            assert words in came.text
        assert "default-src 'none'" in came.headers["content-security-policy"]
        assert "ID-1" not in came.text


def test_a_person_sees_what_would_rise_and_agrees_to_that_and_nothing_else(
    browser: Browser, service: app.Service, clock: Turned, reader: FakeReader
) -> None:
    reader.answers[app.identified(service, "ID-1")] = scored("s", 750, clock.now)
    with Asker(service) as merchant:
        shop = Shop(merchant, clock)
        known = str(merchant.consent("ID-1", purposes=["deposit_free"])["known_as"])
        order = shop.order(known, value_minor=9_000, deposit_minor=5_000, price_minor=5_000)
        asked = {"value_minor": 9_500, "deposit_minor": 5_000, "price_minor": 8_000}
        told = shop.act(order["id"], "modify", value_minor=9_500, price_minor=8_000)
        assert (told["price_minor"], told["proposed"]) == (5_000, asked)
        browser.sign_in()
        page = browser.http.get("/me/orders").text
        assert "the most that it may cost would be EUR 80.00, not EUR 50.00." in page
        assert f'data-with="{json.dumps(asked, sort_keys=True)}"' in unescape(page)
        other = act_on(browser, order["id"], "agree", "k1", **asked | {"price_minor": 8_001})
        assert other.status_code == 409
        agreed = act_on(browser, order["id"], "agree", "k2", **asked).json()
        assert (agreed["price_minor"], agreed["proposed"]) == (8_000, None)
        assert agreed["can"] == ["cancel"]
        shop.act(order["id"], "modify", price_minor=9_000)
        declined = act_on(browser, order["id"], "decline", "k3").json()
        assert (declined["price_minor"], declined["proposed"]) == (8_000, None)


def test_every_state_and_every_act_of_a_person_has_its_words() -> None:
    assert set(_own_page.STATES) == set(STATES)
    assert set(_own_page.ACTS) == set(OWN_ORDER_ACTS)
    tasks = {act for act, rule in ACTS.items() if "system" in rule.by}
    assert set(_own_page.NEXT) <= tasks


def test_a_person_does_nothing_with_what_is_not_theirs_and_nothing_for_the_merchant(
    browser: Browser, service: app.Service, clock: Turned
) -> None:
    with Asker(service) as merchant:
        shop = Shop(merchant, clock)
        order = shop.order(str(merchant.consent("ID-2", purposes=["deposit_free"])["known_as"]))
        own = shop.order(str(merchant.consent("ID-1", purposes=["deposit_free"])["known_as"]))
        browser.sign_in()
        assert [one["id"] for one in browser.http.get("/v1/me/orders").json()] == [own["id"]]
        assert act_on(browser, order["id"], "cancel", "k1").status_code == 404
        assert act_on(browser, own["id"], "complete", "k2").status_code == 422
        assert act_on(browser, own["id"], "dispute", "k3", text="why").status_code == 409
        path = f"/v1/me/orders/{own['id']}/acts"
        assert browser.http.post(path, json={"act": "cancel"}).status_code == 401
        assert act_on(browser, own["id"], "cancel", "k4").json()["state"] == "cancelled"


def test_what_cannot_be_undone_takes_two(browser: Browser, service: app.Service) -> None:
    with Asker(service) as merchant:
        merchant.http.post("/v1/evidence", json=BILL)
        administrator(browser, "sub-of-admin")
        asked = {"act": "close_client", "about": merchant.credentials.client}
        made = browser.post("/v1/admin/proposals", asked).json()
        path = f"/v1/admin/proposals/{made['id']}/decision"
        alone = browser.post(path, {"agree": True})
        assert (alone.status_code, alone.json()["code"]) == (409, "needs_second_person")
        assert merchant.ask("level", "x").status_code == 200
        administrator(browser, "sub-of-second")
        (waits,) = browser.http.get("/v1/admin/proposals").json()
        assert waits["proposed_by"] == "sub-of-admin"
        assert browser.post(path, {"agree": True}).json()["agreed"] == "yes"
        assert browser.post(path, {"agree": True}).status_code == 409
        assert merchant.ask("level", "x").status_code == 401


def test_a_person_asks_to_be_erased_and_an_administrator_decides(
    browser: Browser, service: app.Service
) -> None:
    with Asker(service) as merchant:
        merchant.http.post("/v1/evidence", json=BILL)
        browser.sign_in()
        assert browser.post("/v1/me/erasure").status_code == 202
        administrator(browser, "sub-of-admin")
        (waits,) = browser.http.get("/v1/admin/proposals").json()
        came = browser.post(f"/v1/admin/proposals/{waits['id']}/decision", {"agree": True})
        assert came.json()["agreed"] == "yes"


def test_nobody_but_an_administrator_administers(browser: Browser) -> None:
    assert browser.http.get("/v1/admin/proposals").status_code == 401
    browser.sign_in()
    assert browser.http.get("/v1/admin/proposals").json()["code"] == "not_permitted"
    asked = {"act": "erase_person", "about": "ID-2"}
    assert browser.post("/v1/admin/proposals", asked).status_code == 403
