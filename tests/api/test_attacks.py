"""What careless and hostile callers do: never a fault, never a leak, never more than was given."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import anyio
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey
from made_service import PURPOSES, Asker, FakeReader, Turned
from test_evidence import BILL

from benne import app
from benne.app.stores.online import Online, consents
from benne.kernel import InvalidInput

QUESTION = {"person": "x", "purpose": "deposit_free"}


def part(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def claims_of(asker: Asker) -> dict[str, Any]:
    token = str(asker.http.headers["authorization"]).split(" ")[1]
    body = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims


def ask_with(asker: Asker, token: str) -> Any:
    headers = {"authorization": f"Bearer {token}", "idempotency-key": "k"}
    return asker.http.post("/v1/answers/score", json=QUESTION, headers=headers)


def forged(asker: Asker) -> dict[str, str]:
    """Tokens that are not ours, by the way in which they were made."""
    claims = claims_of(asker)
    ours = app.Ed25519Signer(asker.service.token_signers[0].seed)
    raw = base64.urlsafe_b64encode(ours.public).rstrip(b"=").decode()
    mine = OKPKey.generate_key("Ed25519")
    right = OKPKey.import_key(
        {"kty": "OKP", "crv": "Ed25519", "x": raw,
         "d": base64.urlsafe_b64encode(ours.seed).rstrip(b"=").decode()}
    )  # fmt: skip
    header = {"alg": "Ed25519", "typ": "at+jwt", "kid": ours.key_id}

    def signed(changes: dict[str, Any], **head: Any) -> str:
        return jwt.encode({**header, **head}, {**claims, **changes}, right, algorithms=["Ed25519"])

    whole = signed({})
    confused = f"{part({**header, 'alg': 'HS256'})}.{part(claims)}"
    mac = hmac.new(raw.encode(), confused.encode(), hashlib.sha256).digest()
    secret = OctKey.import_key(raw)
    return {
        "none": f"{part({**header, 'alg': 'none'})}.{part(claims)}.",
        "none, in capitals": f"{part({**header, 'alg': 'NONE'})}.{part(claims)}.",
        "wrong key": jwt.encode(header, claims, mine, algorithms=["Ed25519"]),
        "public key as a secret": f"{confused}.{base64.urlsafe_b64encode(mac).decode()}",
        "public key as a secret, by a library": jwt.encode(
            {**header, "alg": "HS256"}, claims, secret, algorithms=["HS256"]
        ),
        "other claims under the signature": ".".join(
            [whole.split(".")[0], part({**claims, "org": "books"}), whole.split(".")[2]]
        ),
        "wrong audience": signed({"aud": "https://elsewhere.example"}),
        "wrong issuer": signed({"iss": "https://elsewhere.example"}),
        "no audience": signed({"aud": None}),
        "expired": signed({"exp": claims["iat"] - 1}),
        "from the future": signed({"iat": claims["iat"] + 3600, "exp": claims["exp"] + 7200}),
        "another type": signed({}, typ="JWT"),
        "no expiry": jwt.encode(
            header, {k: v for k, v in claims.items() if k != "exp"}, right, algorithms=["Ed25519"]
        ),
        "text for a time": signed({"exp": "tomorrow"}),
        "empty": "",
        "dots": "..",
        "not ours at all": "hello",
        "long": "a" * 100_000,
        "unknown key": signed({}, kid="nobody"),
    }


def test_no_forged_token_is_taken(asker: Asker) -> None:
    token = str(asker.http.headers["authorization"]).split(" ")[1]
    assert ask_with(asker, token).status_code == 200
    for how, made in forged(asker).items():
        came = ask_with(asker, made)
        assert came.status_code == 401, (how, came.text)
        assert came.json()["code"] == "unauthenticated", how


def test_a_token_ends_with_its_time_and_with_its_client(asker: Asker, clock: Turned) -> None:
    clock.turn(seconds=601)
    assert asker.ask("score", "x").status_code == 401
    asker.sign_in()
    assert asker.ask("score", "x").status_code == 200
    app.close_client(asker.service, asker.credentials.client)
    assert asker.ask("score", "x").json()["code"] == "unauthenticated"
    came = asker.http.post(
        "/oauth/token",
        data={"grant_type": "client_credentials"},
        auth=(asker.credentials.client, asker.credentials.secret),
        headers={"authorization": ""},
    )
    assert came.status_code == 401


def test_a_secret_rotates_and_the_old_one_ends(asker: Asker, clock: Turned) -> None:
    old = asker.credentials
    asker.credentials = app.rotate_secret(asker.service, old.client)
    asker.sign_in()
    app.authenticate(asker.service, old.client, old.secret)
    clock.turn(days=1, seconds=1)
    with pytest.raises(app.Unauthenticated):
        app.authenticate(asker.service, old.client, old.secret)
    asker.sign_in()


def test_another_tenants_person_is_not_told_from_nobody(asker: Asker) -> None:
    mine = asker.consent()
    with Asker(asker.service, organisation="books") as other:
        theirs = other.consent()
        assert theirs["known_as"] != mine["known_as"]
        stolen, unknown = other.ask("score", mine["known_as"]), other.ask("score", "f" * 32)
        hide = ("id", "person", "as_of")
        bodies = [{k: v for k, v in c.json().items() if k not in hide} for c in (stolen, unknown)]
        assert bodies[0] == bodies[1]
        assert bodies[0]["answer"] == "no_consent"
        for path in (f"/v1/consents/{mine['id']}", "/v1/consents/" + "0" * 36):
            came = other.http.get(path)
            assert (came.status_code, came.json()["code"]) == (404, "not_found")
        acts = other.post(f"/v1/consents/{mine['id']}/acts", {"act": "revoke"})
        assert acts.status_code == 404
        held = {"reason": "order_running", "purpose": "deposit_free", "business": "b", "days": 3}
        assert other.post(f"/v1/consents/{mine['id']}/holds", held).status_code == 404
    assert asker.http.get(f"/v1/consents/{mine['id']}").json()["status"] == "active"


def test_anothers_key_is_not_mine(asker: Asker) -> None:
    mine = asker.ask("score", "x", key="shared")
    with Asker(asker.service, organisation="books") as other:
        theirs = other.ask("score", "x", key="shared")
        assert theirs.json()["id"] != mine.json()["id"]


@pytest.mark.parametrize(
    ("changes", "body", "code"),
    [
        ({"scopes": ("consents",)}, QUESTION, "scope_missing"),
        ({"purposes": ("lending",)}, QUESTION, "purpose_not_granted"),
        ({}, {**QUESTION, "purpose": "marketing"}, "more_than_needed"),
        ({"purposes": ("model_building",)}, {**QUESTION, "purpose": "model_building"},
         "more_than_needed"),
    ],
)  # fmt: skip
def test_nobody_gets_what_was_not_granted(
    asker: Asker, changes: dict[str, Any], body: dict[str, Any], code: str
) -> None:
    asker.another_client(**changes)
    came = asker.post("/v1/answers/score", body)
    assert (came.status_code, came.json()["code"]) == (403, code)


def test_a_token_of_fewer_scopes_gives_fewer(asker: Asker) -> None:
    form = {"grant_type": "client_credentials", "scope": "answers.level"}
    auth = (asker.credentials.client, asker.credentials.secret)
    narrow = asker.http.post("/oauth/token", data=form, auth=auth).json()
    assert narrow["scope"] == "answers.level"
    assert ask_with(asker, narrow["access_token"]).json()["code"] == "scope_missing"
    wide = {**form, "scope": "answers.level admin"}
    assert asker.http.post("/oauth/token", data=wide, auth=auth).json()["error"] == "invalid_scope"


def test_few_thresholds_may_be_tried_of_one_person(asker: Asker, clock: Turned) -> None:
    person = asker.consent(frequency={"times": 30, "days": 30})["known_as"]
    for threshold in (600, 650, 600, 700):
        assert asker.ask("brief", person, threshold=threshold).status_code == 200
    probed = asker.ask("brief", person, threshold=675)
    assert (probed.status_code, probed.json()["code"]) == (429, "too_many_thresholds")
    assert asker.ask("brief", person, threshold=700).status_code == 200
    other = asker.consent("ID-2")["known_as"]
    assert asker.ask("brief", other, threshold=675).status_code == 200
    again = asker.consent(frequency={"times": 30, "days": 30})["known_as"]
    assert again == person
    assert asker.ask("brief", again, threshold=675).status_code == 429
    job = {"asked": "brief", "purpose": "deposit_free", "people": [person], "threshold": 675}
    assert asker.post("/v1/jobs", job).status_code == 202
    clock.turn(days=31)
    asker.sign_in()
    assert asker.ask("brief", person, threshold=675).status_code == 200


@dataclass
class Slow(FakeReader):
    """A reader that takes its time, so that answers overlap."""

    def __call__(self, *args: Any, **more: Any) -> app.Reading:
        time.sleep(0.02)
        return super().__call__(*args, **more)


def test_who_asks_many_things_at_once_gets_no_more_than_one_after_the_other(
    asker: Asker,
) -> None:
    service = replace(asker.service, reader=Slow())
    often = {"times": 5, "days": 30}
    person = asker.consent(frequency=often)["known_as"]
    other = asker.consent("ID-2", frequency=often)["known_as"]
    client = asker.credentials.client
    caller = app.Caller(client, "bikes", frozenset(app.SCOPES), frozenset(PURPOSES), "production")

    def ask(question: app.Question) -> str:
        try:
            return service.online.run(lambda unit: app.ask(service, unit, caller, question)).kind
        except app.TooManyThresholds:
            return "refused"

    briefs = [
        app.Question("brief", person, "deposit_free", threshold=500 + 10 * n) for n in range(12)
    ]
    levels = [app.Question("level", other, "deposit_free")] * 12
    with ThreadPoolExecutor(5) as pool:
        told = Counter(pool.map(ask, [*briefs, *levels]))
    assert told == {"brief": 3, "refused": 9, "level": 5, "no_consent": 7}


@pytest.mark.parametrize("name", ["benne", "self"])
def test_nobody_passes_for_the_bureau_or_for_people_themselves(asker: Asker, name: str) -> None:
    with pytest.raises(InvalidInput, match="the bureau's own"):
        app.add_organisation(asker.service, "Sneaky", id=name)


NASTY = (
    "'; DROP TABLE answers; --", "' OR '1'='1", "\x00", "../../etc/passwd", "%s%n", "{{7*7}}",
    "${jndi:ldap://x}", "<script>alert(1)</script>", "\ud800", "‮", "a" * 70_000, "", " ", "\n",
    "NaN", "-1", "null", "🜁" * 40,
)  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {
    "/v1/answers/score": QUESTION,
    "/v1/answers/brief": {**QUESTION, "threshold": 600},
    "/v1/answers/consult": {**QUESTION, "service": "power_bank", "amount_minor": 1},
    "/v1/consents": {
        "identifier": "ID-1", "purposes": ["deposit_free"], "text_version": "1",
        "text_hash": "0" * 64, "ticked_beforehand": False, "kinds": ["account"], "mode": "query",
    },
    "/v1/evidence": {
        "kind": "obligation", "record": "r", "subject": "s", "due_at": "2026-01-01",
        "contract": "power", "due_minor": 1, "paid_minor": 0,
    },
    "/v1/jobs": {"asked": "score", "purpose": "deposit_free", "people": ["x"]},
    "/v1/webhooks": {"url": "https://a.example/", "events": ["consent.given"]},
}  # fmt: skip


@pytest.mark.parametrize("path", BODIES)
def test_nothing_in_a_text_does_anything(asker: Asker, path: str, online: Online) -> None:
    """Every text field takes every nasty text: kept as it is, or refused."""
    for field, value in BODIES[path].items():
        for text in NASTY:
            bad = [text] if isinstance(value, list) else text
            body = json.dumps({**BODIES[path], field: bad}).encode("utf-8", "surrogatepass")
            came = asker.http.post(
                path,
                content=body,
                headers={"content-type": "application/json", "idempotency-key": "k" + field},
            )
            assert came.status_code < 500, (field, text[:50], came.text[:300])
            if came.status_code >= 400:
                assert came.headers["content-type"].startswith("application/problem+json")
    assert asker.ask("score", asker.consent()["known_as"]).json()["answer"] == "score"


def test_headers_and_addresses_are_no_way_in(asker: Asker) -> None:
    for key in ("", "é".encode().decode("latin-1"), "a" * 200, "a b", "\t", '""'):
        came = asker.http.post(
            "/v1/answers/score", json=QUESTION, headers={"idempotency-key": key.encode("latin-1")}
        )
        assert came.status_code in (400, 422), (key, came.text)
    for path in ("/v1/consents/..%2f..%2fetc", "/v1/jobs/%00", "/v1/jobs/'--", "/v1/webhooks/x"):
        assert asker.http.get(path).status_code in (400, 404, 405, 422), path
    assert asker.http.get("/v1/jobs/" + "0" * 36 + "/answers?cursor=1e9").status_code == 422
    for auth in ("Basic x", "Bearer", "bearer  ", "Basic " + "A" * 9999, "\x7f"):
        came = asker.http.post("/oauth/token", data={}, headers={"authorization": auth})
        assert came.status_code in (400, 401), auth


def test_what_is_too_large_or_too_deep_is_refused(asker: Asker) -> None:
    headers = {"content-type": "application/json", "idempotency-key": "k"}
    for path in (*BODIES, "/v1/evidence/batch"):
        deep = b'{"a":' * 100_000
        nested = b"[" * 50_000 + b"]" * 50_000
        large = b'{"person":"' + b"a" * 10_000_001 + b'"}'
        for body, allowed in ((deep, (400, 422)), (nested, (400, 422)), (large, (413,))):
            came = asker.http.post(path, content=body, headers=headers)
            assert came.status_code in allowed, (path, body[:20], came.text[:200])
            assert len(came.content) < 5_000


def test_ten_thousand_malformed_bodies_make_no_fault(asker: Asker) -> None:
    """Bodies that are mutated at random: refused or answered, never a fault."""
    drawn = random.Random(7)
    paths = list(BODIES)
    seen: dict[int, int] = {}
    for n in range(10_000 if asker.service.online.engine.dialect.name == "sqlite" else 500):
        path = paths[n % len(paths)]
        body = mutated(json.dumps(BODIES[path]).encode(), drawn)
        came = asker.http.post(
            path,
            content=body,
            headers={"content-type": "application/json", "idempotency-key": f"k{n}"},
        )
        seen[came.status_code] = seen.get(came.status_code, 0) + 1
        assert came.status_code < 500, (path, body)
        asker.service.workspace  # noqa: B018 (the service stands)
    assert seen.get(400, 0) > 100
    assert seen.get(422, 0) > 100


def mutated(body: bytes, drawn: random.Random) -> bytes:
    """``body`` with some bytes changed, cut, doubled, or put in the place of a value."""
    out = bytearray(body)
    for _ in range(drawn.randint(1, 4)):
        at = drawn.randrange(len(out)) if out else 0
        match drawn.randrange(5):
            case 0 if out:
                out[at] = drawn.randrange(256)
            case 1:
                del out[at : at + drawn.randint(1, 12)]
            case 2:
                out[at:at] = out[at : at + drawn.randint(1, 12)]
            case 3:
                junk = (b"null", b"1e999", b"-0", b'""', b"[]", b"{}", b"true", b"\xff", b"\\u0000")
                out[at:at] = drawn.choice(junk)
            case _:
                out = out[: drawn.randint(0, len(out))]
    return bytes(out)


def test_no_secret_and_no_person_is_logged_or_told(
    asker: Asker, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not when all goes well, and not when a fault is met with a person's data in its message."""
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").disabled = True
    person = asker.consent("VERY-PRIVATE-ID")["known_as"]

    private = ("-".join(("VERY", "PRIVATE", "ID")), person, asker.credentials.secret)

    def fails(*_: object, **__: object) -> None:
        raise RuntimeError(" is ".join(private))

    monkeypatch.setattr(type(asker.service.reader), "__call__", fails)
    came = asker.ask("score", person)
    assert (came.status_code, came.json()["code"]) == (500, "internal")
    told = caplog.text + came.text
    assert "RuntimeError at /v1/answers/score" in told
    for secret in (*private, asker.service.key.hex()):
        assert secret not in told
    assert asker.credentials.secret not in repr(asker.credentials)
    assert repr(asker.service.key) not in repr(asker.service)


def test_the_store_holds_no_secret_and_no_identifier(asker: Asker, online: Online) -> None:
    asker.consent("VERY-PRIVATE-ID")
    hook = asker.http.post("/v1/webhooks", json={"url": "https://a.example/"}).json()["secret"]
    from sqlalchemy import select

    from benne.app.stores.online import METADATA

    with online.begin() as unit:
        held = "\n".join(
            repr(tuple(row)) for table in METADATA.sorted_tables for row in unit.rows(select(table))
        )
    raw = base64.b64decode(hook.removeprefix("whsec_"))
    for private in ("VERY-PRIVATE-ID", asker.credentials.secret, hook, repr(raw)[2:-1]):
        assert private not in held


@pytest.mark.parametrize("header", ["authorization", "idempotency-key"])
def test_a_header_that_is_said_twice_is_refused(asker: Asker, header: str) -> None:
    """As a server hands it over: the client of tests joins what is said twice into one."""
    said = {
        "authorization": asker.http.headers["authorization"],
        "idempotency-key": "one",
        "content-type": "application/json",
    }
    headers = [(name.encode(), text.encode()) for name, text in [*said.items(), (header, "two")]]
    told: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": json.dumps(QUESTION).encode(), "more_body": False}

    async def send(message: Any) -> None:
        told.append(message)

    scope = {
        "type": "http", "method": "POST", "path": "/v1/answers/score", "headers": headers,
        "raw_path": b"/v1/answers/score", "query_string": b"", "scheme": "http", "root_path": "",
        "http_version": "1.1", "client": ("127.0.0.1", 1), "server": ("a", 1), "extensions": {},
    }  # fmt: skip
    anyio.run(asker.http.app, scope, receive, send)
    problem = json.loads(told[1]["body"])
    assert (told[0]["status"], problem["code"]) == (400, "malformed")
    assert header in problem["detail"]


def test_a_client_of_tests_neither_sees_nor_touches_what_is_real(asker: Asker) -> None:
    asker.http.post("/v1/evidence", json=BILL)
    consent = asker.consent()
    person = consent["known_as"]
    body = {"asked": "brief", "purpose": "deposit_free", "people": [person], "threshold": 600}
    job = asker.post("/v1/jobs", body).json()["id"]
    hook = asker.http.post("/v1/webhooks", json={"url": "https://a.example/"}).json()["id"]
    asker.another_client(mode="test")
    paths = {
        f"/v1/consents/{consent['id']}/acts": {"act": "revoke"},
        f"/v1/consents/{consent['id']}/holds": {
            "reason": "order_running", "purpose": "deposit_free", "business": "1", "days": 1,
        },
        f"/v1/jobs/{job}/cancel": None,
        f"/v1/webhooks/{hook}/secret": None,
        "/v1/evidence/disputes": {
            "subject": "ID-1", "kind": BILL["kind"], "record": BILL["record"], "act": "uphold",
        },
    }  # fmt: skip
    for path, sent in paths.items():
        assert asker.post(path, sent).status_code == 404, path
    for path in (f"/v1/consents/{consent['id']}", f"/v1/jobs/{job}", f"/v1/jobs/{job}/answers"):
        assert asker.http.get(path).status_code == 404, path
    assert asker.http.delete(f"/v1/webhooks/{hook}").status_code == 404
    assert asker.http.get("/v1/webhooks").json() == []
    tried = asker.consent()
    assert tried["known_as"] != person
    assert asker.http.get(f"/v1/consents/{tried['id']}").json()["status"] == "active"
    asker.another_client(mode="production")
    assert asker.http.get(f"/v1/consents/{tried['id']}").status_code == 404
    assert asker.http.get(f"/v1/consents/{consent['id']}").json()["status"] == "active"
    assert [one["id"] for one in asker.http.get("/v1/webhooks").json()] == [hook]
    with asker.service.online.reading() as unit:
        subject = app.identified(asker.service, "ID-1")
        assert len(consents.of_subject(unit, subject)) == 1, "nobody real has consented to a test"
