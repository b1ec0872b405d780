"""Histories made to be awkward: ties, late and out-of-order, null, corrected, disputed."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

from benne.evidence import About, ColumnSpec, Kind, View, standard_kinds
from benne.kernel import END_OF_TIME
from benne.rights import LawfulBasis, permit_on_basis

DAY = 86_400_000_000
NOW = 20_000 * DAY
PERMIT = permit_on_basis(
    LawfulBasis("simulated", "Nobody stands behind these records."),
    purpose="lending",
    jurisdiction="plain",
    issued_at=0,
    expires_at=END_OF_TIME,
)
SCORED = Kind(
    name="scored",
    domain="behaviour",
    says="A kind that a workspace declared: a double, a flag, and a reference two steps deep",
    window="scored_at",
    columns=(
        ColumnSpec("scored_at", "instant", required=True),
        ColumnSpec("instalment", "text", refers="instalment"),
        ColumnSpec("level", "float"),
        ColumnSpec("flag", "bool"),
        ColumnSpec("points", "int"),
        ColumnSpec("since", "instant"),
        ColumnSpec("settled_at", "instant", known_with="settled_at"),
        ColumnSpec("settled_points", "int", known_with="settled_at"),
    ),
)
_NAMES = ("account", "statement", "instalment", "payment", "profile")
KINDS = {kind.name: kind for kind in standard_kinds() if kind.name in _NAMES} | {"scored": SCORED}

Version = dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One person's versions and the views to look with."""

    subject: str
    history: dict[str, list[Version]]
    views: tuple[View, ...]


def a_case(seed: int) -> Case:
    """A person with few records, few instants and few values, so that everything ties."""
    rng = Random(seed)
    subject = f"person {seed}"
    spots = sorted({_spot(rng) for _ in range(rng.choice((2, 4, 8)))})
    history = {
        name: _versions(rng, kind, subject, spots, rng.choice((0, 1, 2, 5, 9)))
        for name, kind in KINDS.items()
    }
    return Case(subject, history, tuple(_view(rng, spots) for _ in range(2)))


def _spot(rng: Random) -> int:
    """An instant, on or next to a whole day before or after ``NOW``; sometimes far away."""
    if rng.random() < 0.05:
        return rng.choice((-62_135_596_800_000_000, 253_402_300_799_999_999, 0))
    days = rng.choice((0, 0, 1, 29, 30, 31, 90, 365, 400, -1, -30, -31, rng.randint(-60, 800)))
    return NOW - days * DAY + rng.choice((0, 0, 0, 1, -1, rng.randrange(DAY)))


def _versions(
    rng: Random, kind: Kind, subject: str, spots: list[int], records: int
) -> list[Version]:
    versions: list[Version] = []
    for number in range(records):
        source = rng.choice(("bank", "bank", "shop"))
        record = f"{kind.name} {number % 4 if rng.random() < 0.3 else number}"
        if any((v["source"], v["record"]) == (source, record) for v in versions):
            continue
        known = sorted(
            {rng.choice(spots) + rng.choice((0, 1)) for _ in range(rng.choice((1, 1, 2, 3)))}
        )
        causes = ["event", *(rng.choice(_CAUSES) for _ in known[1:])]
        if rng.random() < 0.1:
            causes[0] = rng.choice(_CAUSES)
        ends = [*known[1:], END_OF_TIME]
        batches = sorted(rng.randint(1, 4) for _ in known)
        if rng.random() < 0.2:
            rng.shuffle(batches)
        for cause, known_at, ends_at, batch in zip(causes, known, ends, batches, strict=True):
            own = {c.name: _a_value(rng, c, spots) for c in kind.columns if not c.group}
            versions.append(
                {
                    "source": source,
                    "record": record,
                    "subject": subject,
                    "cause": cause,
                    "known_at": known_at,
                    "superseded_at": ends_at,
                    "batch": batch,
                    **own,
                }
            )
    rng.shuffle(versions)
    return versions


_CAUSES = ("event", "correction", "correction", "retraction", "dispute")


def _a_value(rng: Random, column: ColumnSpec, spots: list[int]) -> Any:
    if not column.required and rng.random() < 0.25:
        return None
    if column.refers is not None:
        return f"{column.refers} {rng.randrange(4)}"
    if column.type == "instant":
        return rng.choice(spots) if rng.random() < 0.7 else _spot(rng)
    if column.type == "text":
        return rng.choice(column.one_of or ("", "a", "b", "ä", "Z", "\U0001f600"))
    if column.type == "bool":
        return rng.random() < 0.5
    if column.type == "float":
        return rng.choice((0.0, -0.0, 0.1, -2.5, 1e300, 5e-324, 3.0))
    if column.type == "year":
        return rng.choice((1950, 1990, 2000))
    large = rng.choice((5, 1000, 2**40, 2**52 if column.name == "points" else 7))
    least = column.at_least if column.at_least is not None else -large
    return rng.choice((0, 1, least, rng.randint(least, large)))


def _view(rng: Random, spots: list[int]) -> View:
    as_of = rng.choice((NOW, *spots))
    about = None
    if rng.random() < 0.5:
        kind = rng.choice(("account", "account", "instalment", "statement", "scored"))
        source = rng.choice(("bank", "bank", None, "shop"))
        about = About(kind, f"{kind} {rng.randrange(4)}", source)
    if rng.random() < 0.5:
        return View(as_of, about=about)
    known_by = rng.choice((None, as_of, as_of + 1, as_of + 40 * DAY, as_of + 900 * DAY))
    return View(as_of, known_by, rng.choice((None, 1, 2, 3, 4)), about)
