"""A family of score is data: a scale, bands, dimensions, who can be scored, how many reasons."""

from __future__ import annotations

import tomllib
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal, TypeAlias

from benne.kernel import DOMAINS, InvalidInput, NotFound, NotPermitted
from benne.scores._scale import PointsScale

FAMILIES = ("sesame", "bureau")
"""The families that Benne knows, in order."""

FACTORS = ("payment_history", "amounts_owed", "length_of_history", "new_credit", "credit_mix")
"""The five factors of a FICO-like score: the dimensions of the bureau family."""

_KEYS = {
    "family": {"schema", "name", "says", "dimension", "scale", "bands", "dimensions",
               "scorable", "reasons"},
    "scale": {"anchor_points", "anchor_odds", "pdo", "lowest", "highest"},
    "enough_evidence": {"rule", "records", "sources", "span_days"},
    "credit_file": {"rule", "oldest_account_days", "last_report_days"},
    "reasons": {"at_most", "also"},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Band:
    """A named stretch of the scale, from ``lowest`` up to the next band."""

    name: str
    lowest: int


@dataclass(frozen=True, slots=True)
class EnoughEvidence:
    """At least ``records`` records, from ``sources`` sources, over ``span_days`` days."""

    records: int
    sources: int
    span_days: int

    def __post_init__(self) -> None:
        if self.records < 1 or self.sources < 1 or self.span_days < 0:
            raise InvalidInput(
                f"a score needs at least one record of one source; got {self.records} records, "
                f"{self.sources} sources, {self.span_days} days."
            )

    @property
    def says(self) -> str:
        """The rule in a sentence."""
        return (
            f"A score needs {_many(self.records, 'record')} or more, from "
            f"{_many(self.sources, 'source')} or more, over {_many(self.span_days, 'day')} or more."
        )


@dataclass(frozen=True, slots=True)
class CreditFile:
    """An account ``oldest_account_days`` old, and an undisputed report in ``last_report_days``."""

    oldest_account_days: int
    last_report_days: int

    @property
    def says(self) -> str:
        """The rule in a sentence."""
        return (
            f"A score needs an account that is {_many(self.oldest_account_days, 'day')} old or "
            f"older, and a report that nobody disputes in the last "
            f"{_many(self.last_report_days, 'day')}."
        )


Scorable: TypeAlias = EnoughEvidence | CreditFile


@dataclass(frozen=True, slots=True)
class Family:
    """A family of score.

    ``dimensions`` names the parts that add up, each with the words a person reads;
    ``dimension`` says whether they are domains of evidence or factors of credit history.
    """

    name: str
    says: str
    dimension: Literal["domain", "factor"]
    scale: PointsScale
    bands: tuple[Band, ...]
    dimensions: tuple[tuple[str, str], ...]
    scorable: Scorable
    reasons_at_most: int
    reasons_also: tuple[str, ...]

    def __post_init__(self) -> None:
        starts = [band.lowest for band in self.bands]
        if not starts or starts[0] != self.scale.lowest or starts != sorted(set(starts)):
            raise InvalidInput(
                f"the bands of {self.name} must rise from {self.scale.lowest}; got {starts}."
            )
        if starts[-1] > self.scale.highest:
            raise InvalidInput(f"a band of {self.name} begins above {self.scale.highest}.")
        wanted = DOMAINS if self.dimension == "domain" else FACTORS
        if self.dimension_names != wanted:
            raise InvalidInput(
                f"the dimensions of {self.name} must be {', '.join(wanted)}; got "
                f"{', '.join(self.dimension_names)}."
            )

    @property
    def dimension_names(self) -> tuple[str, ...]:
        """The names of the dimensions, in order."""
        return tuple(name for name, _ in self.dimensions)

    def band(self, score: int) -> str:
        """The band that ``score`` lies in.

        >>> family("sesame").band(649), family("sesame").band(650)
        ('good', 'very_good')

        Raises:
            InvalidInput: the score is out of range.
        """
        if not self.scale.lowest <= score <= self.scale.highest:
            raise InvalidInput(
                f"a {self.name} score runs from {self.scale.lowest} to {self.scale.highest}; "
                f"got {score}."
            )
        return self.bands[bisect_right([band.lowest for band in self.bands], score) - 1].name


@cache
def family(name: str) -> Family:
    """The family ``name``.

    Raises:
        NotFound: no such family.
        NotPermitted: the conduct family, which is for comparison only.
    """
    if name == "conduct":
        raise NotPermitted(
            "the conduct family may have no consequence for anybody: it is not trained, asked or "
            "decided by; benne compare shows it beside the others, on simulated people."
        )
    if name not in FAMILIES:
        raise NotFound(f"a family must be one of {', '.join(FAMILIES)}; got {name!r}.")
    place = files("benne.scores").joinpath("families", f"{name}.toml")
    return family_from(tomllib.loads(place.read_text(encoding="utf-8")), where=f"{name}.toml")


def family_from(document: Mapping[str, Any], *, where: str) -> Family:
    """The family that a parsed TOML ``document`` declares.

    Raises:
        InvalidInput: another schema, an unknown or a missing key, or values that do not fit;
            the message starts with ``where``.
    """
    if document.get("schema") != 1:
        raise InvalidInput(f"{where}: schema must be 1; got {document.get('schema')!r}.")
    _demand(document, "family", where)
    _demand(document["scale"], "scale", f"{where}, [scale]")
    _demand(document["reasons"], "reasons", f"{where}, [reasons]")
    if document["dimension"] not in ("domain", "factor"):
        raise InvalidInput(
            f"{where}: dimension must be domain or factor; got {document['dimension']!r}."
        )
    return Family(
        name=document["name"],
        says=document["says"],
        dimension=document["dimension"],
        scale=PointsScale(**document["scale"]),
        bands=tuple(Band(name, lowest) for name, lowest in document["bands"].items()),
        dimensions=tuple(document["dimensions"].items()),
        scorable=_scorable(document["scorable"], f"{where}, [scorable]"),
        reasons_at_most=document["reasons"]["at_most"],
        reasons_also=tuple(document["reasons"]["also"]),
    )


def _scorable(body: Mapping[str, Any], where: str) -> Scorable:
    rule = body.get("rule")
    if rule not in ("enough_evidence", "credit_file"):
        raise InvalidInput(f"{where}: rule must be enough_evidence or credit_file; got {rule!r}.")
    _demand(body, rule, where)
    limits = {key: value for key, value in body.items() if key != "rule"}
    return EnoughEvidence(**limits) if rule == "enough_evidence" else CreditFile(**limits)


def _demand(body: Mapping[str, Any], what: str, where: str) -> None:
    wrong = sorted(set(body) ^ _KEYS[what])
    if wrong:
        raise InvalidInput(
            f"{where}: {wrong[0]!r} is {'unknown' if wrong[0] in body else 'missing'}; the keys "
            f"are {', '.join(sorted(_KEYS[what]))}."
        )


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
