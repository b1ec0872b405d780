"""The made service of the API tests."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any
from uuid import uuid4

from litestar.testing import TestClient

from benne import app
from benne.app import Reading, Score, Service
from benne.app.settings import Workspace, workspace_of
from benne.app.stores.online import Online, Unit
from benne.doors.api import create_app
from benne.kernel import parse_instant
from benne.rights import Permit
from benne.scores import Answer, family

START = parse_instant("2026-03-01T12:00:00Z")
DAY = 86_400_000_000
KEY = b"k" * 32
PURPOSES = ("deposit_free", "pay_later", "lending", "self_view", "marketing")
TEXT = hashlib.sha256(b"May we ask Benne about you?").hexdigest()


@dataclass
class Turned:
    """A clock that stands until it is turned; it ticks a microsecond at each look."""

    now: int = START

    def __call__(self) -> int:
        self.now += 1
        return self.now

    def turn(self, *, days: float = 0, seconds: float = 0) -> None:
        self.now += int(days * DAY) + int(seconds * 1_000_000)


@dataclass
class FakeReader:
    """Answers ``answers[subject]``, or a score of 667; keeps the permits under which it read."""

    answers: dict[str, Answer] = field(default_factory=dict)
    seen: Mapping[str, Any] = field(default_factory=dict)
    permits: list[Permit] = field(default_factory=list)
    rule: str | None = None

    def __call__(
        self, unit: Unit, subject: str, *, permit: Permit, as_of: int, family: str
    ) -> Reading:
        assert permit.covers_subject(subject)
        self.permits.append(permit)
        answer = self.answers.get(subject) or scored(subject, 667, as_of)
        return Reading(
            answer=answer,
            as_of=as_of,
            known_by=as_of,
            batch=7,
            artefact="a" * 64,
            evidence="e" * 64,
            network="b" * 64,
            rule=self.rule,
            last_known_at=as_of - 3 * DAY,
            seen=self.seen,
        )


def scored(subject: str, score: int, as_of: int) -> Score:
    """A score with its parts."""
    parts = {"identity": 0, "history": score - 650, "fulfilment": 0, "behaviour": 0, "network": 0}
    return Score(
        "sesame", subject, as_of, score, family("sesame").band(score), 650, parts, 0, "a" * 64
    )


def made_workspace(folder: Path, **changes: Any) -> Workspace:
    """A workspace whose ``benne.toml`` states what ``changes`` say of a service."""
    document: dict[str, Any] = {
        "schema": 1,
        "workspace": {"name": "made", "currency": "EUR"},
        "lawful_basis": {"basis": "simulated", "statement": "Nobody in it exists."},
        "files": {"rows": "rows.csv"},
        "outcome": {"says": "Bad"},
        "rights": {"jurisdiction": changes.pop("jurisdiction", "plain")},
        "service": {
            "offers": [
                {"name": "power_bank", "threshold": 600, "cap_minor": 10_000},
                {"name": "camera", "threshold": 700, "cap_minor": 90_000},
            ],
            **changes,
        },
    }
    return workspace_of(document, folder=folder, where="benne.toml")


def made_service(
    online: Online, clock: Turned, reader: FakeReader, folder: Path, **changes: Any
) -> Service:
    """A service with the clock and the reader of a test."""
    drawn = iter(range(1, 1_000_000))
    return Service(
        workspace=made_workspace(folder, **changes),
        online=online,
        key=KEY,
        clock=clock,
        randomness=lambda n: hashlib.sha512(b"%d" % next(drawn)).digest()[:n],
        reader=reader,
    )


@dataclass
class Asker:
    """A merchant's program, in the manner of one that is written by hand."""

    service: Service
    organisation: str = "bikes"
    scopes: tuple[str, ...] = tuple(app.SCOPES)
    purposes: tuple[str, ...] = PURPOSES
    mode: str = "production"

    def __enter__(self) -> Asker:
        app.add_organisation(self.service, self.organisation.title(), id=self.organisation)
        self.http = TestClient(create_app(self.service), raise_server_exceptions=False)
        self.http.__enter__()
        self.another_client()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.http.__exit__(kind, error, trace)

    def another_client(self, **changes: Any) -> None:
        """From now on ask as a new client of the organisation."""
        self.credentials = app.add_client(
            self.service,
            self.organisation,
            name="program",
            scopes=changes.get("scopes", self.scopes),
            purposes=changes.get("purposes", self.purposes),
            mode=changes.get("mode", self.mode),
        )
        self.sign_in()

    def sign_in(self) -> None:
        """Get a token, and use it from now on."""
        came = self.http.post(
            "/oauth/token",
            data={"grant_type": "client_credentials"},
            auth=(self.credentials.client, self.credentials.secret),
        )
        assert came.status_code == 200, came.text
        self.http.headers["authorization"] = f"Bearer {came.json()['access_token']}"

    def post(self, path: str, body: Any, key: str | None = None, **more: Any) -> Any:
        """Post ``body`` with an idempotency key, a new one unless it is stated."""
        headers = {"idempotency-key": key or str(uuid4())}
        return self.http.post(path, json=body, headers=headers, **more)

    def consent(self, identifier: str = "ID-1", **terms: Any) -> dict[str, Any]:
        """The receipt of a consent that a person gives."""
        body = {
            "identifier": identifier,
            "purposes": ["deposit_free"],
            "text_version": "1",
            "text_hash": TEXT,
            "ticked_beforehand": False,
            **terms,
        }
        came = self.post("/v1/consents", body)
        assert came.status_code == 201, came.text
        given: dict[str, Any] = came.json()
        return given

    def ask(self, what: str, person: str, purpose: str = "deposit_free", **more: Any) -> Any:
        """The response to a question."""
        key = more.pop("key", None)
        return self.post(f"/v1/answers/{what}", {"person": person, "purpose": purpose, **more}, key)
