"""People scored: an artefact, a family and a table of features become typed answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benne.features import Feature
from benne.kernel import Currency
from benne.models import Artefact
from benne.scores._answers import NotEnoughEvidence, Offer, Score
from benne.scores._default import DefaultTable
from benne.scores._evidence import LAST_REPORT, OLDEST_ACCOUNT, missing_evidence
from benne.scores._families import EnoughEvidence, Family, Scorable
from benne.scores._points import Factors, Points, points, points_of_row
from benne.scores._reasons import RowReasons, reader, reasons

_COUNTS = ("records", "sources", "span_days")


@dataclass(frozen=True)
class Scorer:
    """Everything that turns a table of features into answers of one family.

    ``rule`` says who can be scored (the family's own if not given); ``features`` give reasons
    their words; ``factors`` are needed by a family of factors; ``withheld`` domains are not
    read; ``default`` is the table of the outcome's probability.
    """

    artefact: Artefact
    family: Family
    rule: Scorable | None = None
    features: Mapping[str, Feature] | None = None
    factors: Factors | None = None
    currency: Currency | None = None
    withheld: tuple[str, ...] = ()
    default: DefaultTable | None = None

    @property
    def scorable(self) -> Scorable:
        """Who can be scored: the rule as it was stated, or the family's own."""
        return self.family.scorable if self.rule is None else self.rule

    def points(self, frame: Any) -> Points:
        """The points of every row, whether or not there is enough evidence."""
        contributions = self.artefact.contributions(frame, self.withheld)
        return points(contributions, self.family, self.factors)

    def answers(
        self,
        frame: Any,
        *,
        subjects: Sequence[str],
        as_of: Sequence[int],
        levers: Callable[[int], tuple[Offer, ...]] | None = None,
    ) -> Iterator[Score | NotEnoughEvidence]:
        """An answer for each row of ``frame``, in order.

        ``frame`` has the artefact's columns and the evidence counts of the rule; ``as_of`` is in
        microseconds; ``levers`` gives the offers of a row that has a score.
        """
        contributions = self.artefact.contributions(frame, self.withheld)
        mine = points(contributions, self.family, self.factors)
        why = reasons(
            self.artefact,
            contributions,
            frame,
            self.family,
            features=self.features,
            currency=self.currency,
            withheld=self.withheld,
            factors=self.factors,
        )
        rule = self.scorable
        value = reader(frame)
        names = _COUNTS if isinstance(rule, EnoughEvidence) else (OLDEST_ACCOUNT, LAST_REPORT)
        for row, (subject, instant) in enumerate(zip(subjects, as_of, strict=True)):
            missing = missing_evidence(rule, {name: value(name, row) for name in names})
            if missing:
                yield NotEnoughEvidence(self.family.name, subject, int(instant), rule.says, missing)
                continue
            score = int(mine.score[row])
            yield Score(
                family=self.family.name,
                subject=subject,
                as_of=int(instant),
                score=score,
                band=self.family.band(score),
                base_points=int(mine.base[row]),
                domain_points=dict(
                    zip(self.family.dimension_names, mine.dimensions[row].tolist(), strict=True)
                ),
                limit_points=int(mine.limit[row]),
                artefact=self.artefact.hash,
                reasons=why[row],
                levers=None if levers is None else levers(row),
                withheld=self.withheld,
                pd=None if self.default is None else self.default.probability_of_default(score),
            )

    def answer(
        self, row: Mapping[str, Any], *, subject: str, as_of: int
    ) -> Score | NotEnoughEvidence:
        """What ``answers`` gives for a table of this one row, without a table; no levers."""
        missing = missing_evidence(self.scorable, row)
        if missing:
            return NotEnoughEvidence(self.family.name, subject, as_of, self.scorable.says, missing)
        found = self.artefact.score_one(row, self.withheld)
        base, parts, limit = points_of_row(found, self.family, self.factors)
        score = base + sum(parts.values()) + limit
        return Score(
            family=self.family.name,
            subject=subject,
            as_of=as_of,
            score=score,
            band=self.family.band(score),
            base_points=base,
            domain_points=parts,
            limit_points=limit,
            artefact=self.artefact.hash,
            reasons=self._reasons(found, row),
            withheld=self.withheld,
            pd=None if self.default is None else self.default.probability_of_default(score),
        )

    @cached_property
    def _reasons(self) -> RowReasons:
        return RowReasons(
            self.artefact,
            self.family,
            features=self.features,
            currency=self.currency,
            withheld=self.withheld,
            factors=self.factors,
        )

    def rescore(self, row: Mapping[str, Any]) -> int | None:
        """The score of one row in process, or ``None`` where there is not enough evidence."""
        if missing_evidence(self.scorable, row):
            return None
        contributions = self.artefact.score_one(row, self.withheld)
        base, parts, limit = points_of_row(contributions, self.family, self.factors)
        return base + sum(parts.values()) + limit
