"""The sandbox: people who do not exist, and whose answers never change."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from benne.app._reading import FlaggedRecord, Reading
from benne.kernel import DOMAINS, MICROS_PER_DAY, Row, content_hash, parse_instant
from benne.scores import (
    Answer,
    Erased,
    NoConsent,
    NotEnoughEvidence,
    Reason,
    Score,
    Unavailable,
    family,
)

MODEL = content_hash("the sandbox's model")


@dataclass(frozen=True, slots=True)
class TestPerson:
    """Somebody of the sandbox: the id to ask about, and what it is good for."""

    __test__ = False

    id: str
    says: str


def sandbox_people() -> list[TestPerson]:
    """Everybody in the sandbox, in the order of the file."""
    return [TestPerson(name, body["says"]) for name, body in _document()["person"].items()]


def sandbox_subject(person: str, family_name: str) -> tuple[Reading, str]:
    """What is read of somebody of the sandbox, and how their consent stands.

    Whom the sandbox does not have gave no consent.
    """
    at = sandbox_day()
    body = _document()["person"].get(person, {"answer": "no_consent"})
    seen = {"breach": _breaches(person, body, at), "inquiry": _inquiries(person, body, at)}
    flags = tuple(
        FlaggedRecord(
            kind="breach",
            source="sandbox",
            record=str(row["record"]),
            state="disputed",
            used=True,
            rule="TEST-3",
            statement=one.get("statement"),
        )
        for row, one in zip(seen["breach"], body.get("breaches", ()), strict=True)
        if one.get("dispute") == "disputed"
    )
    reading = Reading(
        answer=_answer(person, body, family_name, at),
        as_of=at,
        known_by=at,
        batch=0,
        artefact=MODEL,
        evidence=content_hash([person, at]),
        last_known_at=at - MICROS_PER_DAY,
        flags=flags,
        seen=seen,
    )
    return reading, str(body.get("status", "absent"))


def sandbox_day() -> int:
    """The instant from which the sandbox is looked at, in microseconds."""
    return parse_instant(_document()["as_of"].isoformat())


def _answer(person: str, body: Mapping[str, Any], name: str, at: int) -> Answer:
    match body.get("answer", "score"):
        case "not_enough_evidence":
            rule = family(name).scorable.says
            return NotEnoughEvidence(name, person, at, rule, ("8 records more",))
        case "no_consent":
            return NoConsent(name, person, at, "the person gave you no consent; ask them.")
        case "unavailable":
            return Unavailable(name, person, at, "rule TEST-1 closes the purpose.")
        case "erased":
            return Erased(name, person, at, "TEST-2", at - 30 * MICROS_PER_DAY)
    given = _points(body["domain_points"], name)
    lowest = sorted(given.items(), key=lambda part: part[1])[:2]
    return Score(
        family=name,
        subject=person,
        as_of=at,
        score=body["score"],
        band=family(name).band(body["score"]),
        base_points=body["score"] - sum(given.values()),
        domain_points=given,
        limit_points=0,
        artefact=MODEL,
        reasons=tuple(
            Reason(domain, f"{domain}_test", domain, points, f"The sandbox says so of {domain}")
            for domain, points in lowest
            if points < 0
        ),
    )


def _points(stated: Mapping[str, int], name: str) -> dict[str, int]:
    """The stated points by domain; a family of other dimensions has them in its own order."""
    return dict(
        zip(family(name).dimension_names, (stated[domain] for domain in DOMAINS), strict=True)
    )


def _breaches(person: str, body: Mapping[str, Any], at: int) -> list[Row]:
    return [
        {
            "record": f"{person}-breach-{n}",
            "happened_at": at - one["days"] * MICROS_PER_DAY,
            "known_at": at - (one["days"] - 1) * MICROS_PER_DAY,
            "industry": one["industry"],
            "type": one["type"],
            "amount_minor": 5_000,
            "settled_at": at - one["settled_days"] * MICROS_PER_DAY
            if "settled_days" in one
            else None,
            "dispute": one.get("dispute", "original"),
        }
        for n, one in enumerate(body.get("breaches", ()))
    ]


def _inquiries(person: str, body: Mapping[str, Any], at: int) -> list[Row]:
    return [
        {
            "record": f"{person}-inquiry-{n}",
            "happened_at": at - days * MICROS_PER_DAY,
            "purpose": "lending",
            "lender": f"lender_{n % 3}",
        }
        for n, days in enumerate(body.get("inquiries", ()))
    ]


@cache
def _document() -> dict[str, Any]:
    return tomllib.loads(files("benne.app").joinpath("sandbox.toml").read_text("utf-8"))
