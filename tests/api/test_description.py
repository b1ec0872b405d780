"""The description of the door is OpenAPI 3.1, and the door keeps to it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from litestar import Litestar
from litestar.serialization import decode_json, encode_json
from litestar.testing import TestClient
from made_service import Asker, FakeReader, Turned, made_service
from schemathesis.core.parameters import ParameterLocation
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance
from test_people import BILL, ISSUER, Browser, Provider

from benne.app.stores.online import Online
from benne.doors.api import create_app
from benne.doors.api._app import HANDLERS
from benne.doors.api._description import described, exact

DOCUMENT: dict[str, Any] = decode_json(
    encode_json(
        exact(
            Litestar(
                route_handlers=list(HANDLERS), openapi_config=described()
            ).openapi_schema.to_schema()
        )
    )
)
OPERATIONS = {
    found.ok().label: found.ok()
    for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations()
}
CASES = settings(
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
MEANING = {
    "POST /v1/consents": "a template of law bounds what may be asked",
    "POST /v1/consents/{consent}/holds": "only stated reasons hold",
    "POST /v1/evidence": "each kind has columns of its own",
    "POST /v1/evidence/batch": "each kind has columns of its own",
    "POST /v1/evidence/disputes": "what is corrected, and nothing else, has changes",
    "POST /v1/jobs": "a threshold goes with brief alone",
    "POST /v1/webhooks": "http is for this machine alone",
    "POST /v1/orders": "an order must fit its service",
    "POST /v1/orders/{order}/acts": "each act takes words of its own",
    "POST /v1/me/orders/{order}/acts": "each act takes words of its own",
    "GET /v1/reconciliation/{day}": "not every text of digits is a day",
}
"""Where what fits the description may still not be meant, and why."""
MODES = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


@schemathesis.serializer("application/x-ndjson")
def _lines(_: Any, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


class Everybody(Asker):
    """A merchant, and the sessions of a person and of an administrator."""

    sessions: dict[str, dict[str, str]]

    def __enter__(self) -> Everybody:
        super().__enter__()
        self.consent()
        self.http.post("/v1/evidence", json=BILL)
        clock = self.service.clock
        assert isinstance(clock, Turned)
        provider = Provider(clock)
        door = create_app(self.service, provider=httpx.Client(transport=provider))
        self.sessions = {}
        for whose, sub in (("/v1/me", "sub-of-ann"), ("/v1/admin", "sub-of-admin")):
            with TestClient(door) as http:
                provider.sub = sub
                browser = Browser(http, provider)
                browser.sign_in()
                cookie = f"benne_session={http.cookies['benne_session']}"
                self.sessions[whose] = {"cookie": cookie, "x-benne-csrf": browser.csrf}
        return self

    def session(self, path: str) -> dict[str, str]:
        """The headers of the session that a path asks for."""
        return next((said for whose, said in self.sessions.items() if path.startswith(whose)), {})


@pytest.fixture(scope="module")
def asker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Everybody]:
    """A service on SQLite that allows as many requests as come."""
    folder: Path = tmp_path_factory.mktemp("described")
    online = Online.open(f"sqlite:///{folder / 'benne.db'}")
    sign_in = {
        "issuer": ISSUER, "client_id": "benne", "identifier_claim": "national_id",
        "admins": ["sub-of-admin"],
    }  # fmt: skip
    service = made_service(
        online, Turned(), FakeReader(), folder, requests_a_second=1_000_000, sign_in=sign_in
    )
    with Everybody(service) as made:
        yield made
    online.close()


def sent(asker: Everybody, case: Any) -> dict[str, Any]:
    """A case as our client sends it; under a good token or session, unless a header is to be
    wrong."""
    request: dict[str, Any] = case.as_transport_kwargs(base_url="http://testserver.local")
    request.pop("cookies", None)
    headers = {name.lower(): value for name, value in request.get("headers", {}).items()}
    of_headers = case.meta.components.get(ParameterLocation.HEADER)
    if of_headers is None or of_headers.mode is schemathesis.GenerationMode.POSITIVE:
        headers["authorization"] = asker.http.headers["authorization"]
        of_cookies = case.meta.components.get(ParameterLocation.COOKIE)
        if of_cookies is None or of_cookies.mode is schemathesis.GenerationMode.POSITIVE:
            headers |= asker.session(case.path)
        if "idempotency-key" in headers:
            headers["idempotency-key"] = str(uuid4())
    else:
        headers.setdefault("authorization", "")
    request["headers"] = {k: str(v).encode("latin-1", "replace") for k, v in headers.items()}
    if isinstance(request.get("data"), bytes | str):
        request["content"] = request.pop("data")
    return request


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("operation", OPERATIONS)
def test_the_door_keeps_to_its_description(
    asker: Everybody, operation: str, mode: schemathesis.GenerationMode
) -> None:
    statuses = set()

    @CASES
    @given(case=OPERATIONS[operation].as_strategy(generation_mode=mode))
    def keeps(case: Any) -> None:
        left_out = [ignored_auth]
        if operation in MEANING:
            left_out.append(positive_data_acceptance)
        came = asker.http.request(**sent(asker, case))
        statuses.add(came.status_code)
        case.validate_response(came, excluded_checks=left_out)

    try:
        keeps()
    except Unsatisfiable:
        assert not OPERATIONS[operation].body, "only what takes nothing has nothing to refuse"
    if mode is schemathesis.GenerationMode.POSITIVE:
        assert statuses != {401}, "nobody was let in"


def test_the_description_is_openapi_3_1_and_names_no_person_in_an_address(asker: Asker) -> None:
    told = asker.http.get("/schema/openapi.json", headers={"authorization": ""}).json()
    assert told["openapi"].startswith("3.1")
    for path, item in told["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                assert parameter["name"] not in ("person", "subject", "identifier"), path


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_path_but_the_open_ones_asks_for_a_token(asker: Asker, operation: str) -> None:
    method, path = operation.split(" ")
    came = asker.http.request(method, path, headers={"authorization": ""})
    open_to_all = {} in OPERATIONS[operation].definition.raw.get("security", ())
    assert (came.status_code == 401) != open_to_all or path == "/oauth/token", came.text
