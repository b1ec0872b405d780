"""Answers are typed: a score, or the reason why there is none; never a number in its place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from benne.kernel import InvalidInput, Json, NotPermitted, iso

SCHEMA = 1

_FIGURES = ("score", "band", "base_points", "domain_points", "limit_points")


@dataclass(frozen=True, slots=True)
class Reason:
    """What lowers a score against the average: a family of causes, and its foremost feature.

    ``points`` is negative: what the family as a whole takes off, to the nearest point.
    """

    family: str
    feature: str
    dimension: str
    points: int
    says: str

    def as_json(self) -> dict[str, Json]:
        """The reason as plain JSON."""
        return {
            "family": self.family,
            "feature": self.feature,
            "dimension": self.dimension,
            "points": self.points,
            "says": self.says,
        }


@dataclass(frozen=True, slots=True)
class Offer:
    """A lever that would raise the score: what to do, by when it acts, and what it promises.

    ``score`` is the recomputed score and ``points`` its gain, exactly; ``acts_by`` is an
    instant in microseconds.
    """

    lever: str
    says: str
    acts_by: int
    score: int
    points: int

    def as_json(self) -> dict[str, Json]:
        """The offer as plain JSON."""
        return {
            "lever": self.lever,
            "says": self.says,
            "acts_by": iso(self.acts_by),
            "score": self.score,
            "points": self.points,
        }


@dataclass(frozen=True, slots=True)
class Score:
    """A score, and the parts that it is: ``base + dimensions + limit = score``, exactly.

    ``as_of`` is in microseconds; ``artefact`` is the content hash of the model; ``withheld``
    names the domains that were not allowed to be read, which give exactly 0 points; ``levers`` is
    null where nobody asked for them; ``pd`` is the probability of the outcome, where a table of it
    is known.

    Raises:
        InvalidInput: the parts do not add up, or a withheld domain has points.
    """

    family: str
    subject: str
    as_of: int
    score: int
    band: str
    base_points: int
    domain_points: Mapping[str, int]
    limit_points: int
    artefact: str
    reasons: tuple[Reason, ...] = ()
    levers: tuple[Offer, ...] | None = None
    withheld: tuple[str, ...] = ()
    pd: float | None = None

    def __post_init__(self) -> None:
        total = self.base_points + sum(self.domain_points.values()) + self.limit_points
        if total != self.score:
            raise InvalidInput(
                f"the parts of a score must add up; {self.subject!r} has {self.score} and parts "
                f"of {total}."
            )
        given = [name for name in self.withheld if self.domain_points.get(name, 0) != 0]
        if given:
            raise InvalidInput(f"a withheld domain gives 0 points; {given[0]} gives some.")


@dataclass(frozen=True, slots=True)
class NotEnoughEvidence:
    """Too little is known to score: the rule, and what is missing, in sentences."""

    family: str
    subject: str
    as_of: int
    rule: str
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoConsent:
    """No permission covers the question."""

    family: str
    subject: str
    as_of: int
    why: str


@dataclass(frozen=True, slots=True)
class Unavailable:
    """The answer cannot be given now; the same question may be answered later."""

    family: str
    subject: str
    as_of: int
    why: str


@dataclass(frozen=True, slots=True)
class Erased:
    """What would answer was lawfully erased: under which rule, and when (microseconds)."""

    family: str
    subject: str
    as_of: int
    rule: str
    erased_at: int


Answer: TypeAlias = Score | NotEnoughEvidence | NoConsent | Unavailable | Erased
"""Every answer there is; only a ``Score`` carries a number."""


def admits(answer: Answer, threshold: int) -> bool:
    """Whether an answer reaches ``threshold``: the one step from a score to a consequence.

    What is not a score does not reach it.

    Raises:
        NotPermitted: something else than an answer, such as a conduct score, from which nothing
            may follow.
    """
    if not isinstance(answer, Answer):
        raise NotPermitted(
            f"a decision must rest on an answer of a family that may have consequences; got a "
            f"{type(answer).__name__}, which is for comparison only."
        )
    return isinstance(answer, Score) and answer.score >= threshold


def to_json(answer: Answer) -> dict[str, Json]:
    """The answer as one JSON object; what does not apply is null, with its ``…_why`` beside it.

    ``withheld`` is there only where a domain was withheld, and ``levers_why`` where nobody asked
    for levers, so that their empty list does not say that nothing would help.
    """
    document: dict[str, Json] = {
        "schema": SCHEMA,
        "family": answer.family,
        "subject": answer.subject,
        "as_of": iso(answer.as_of),
    }
    match answer:
        case Score():
            return {**document, "answer": "score", **_figures(answer)}
        case NotEnoughEvidence():
            why = f"{answer.rule} Missing: {'; '.join(answer.missing)}."
            more: dict[str, Json] = {"rule": answer.rule, "missing": list(answer.missing)}
            return {**document, "answer": "not_enough_evidence", **_none(why), **more}
        case NoConsent():
            return {**document, "answer": "no_consent", **_none(answer.why)}
        case Unavailable():
            return {**document, "answer": "unavailable", **_none(answer.why)}
        case Erased():
            why = f"Erased on {iso(answer.erased_at)} under this rule: {answer.rule}"
            return {**document, "answer": "erased", **_none(why)}


def _figures(score: Score) -> dict[str, Json]:
    figures: dict[str, Json] = {
        "score": score.score,
        "band": score.band,
        "base_points": score.base_points,
        "domain_points": dict(score.domain_points),
        "limit_points": score.limit_points,
        "reasons": [reason.as_json() for reason in score.reasons],
        "levers": [offer.as_json() for offer in score.levers or ()],
        "artefact": score.artefact,
    }
    if score.levers is None:
        figures["levers_why"] = "They were not asked for."
    if score.withheld:
        figures["withheld"] = list(score.withheld)
    return figures


def _none(why: str) -> dict[str, Json]:
    figures: dict[str, Json] = dict.fromkeys(_FIGURES)
    whys: dict[str, Json] = {f"{name}_why": why for name in (*_FIGURES, "artefact")}
    return {**figures, "reasons": [], "levers": [], "artefact": None, **whys}
