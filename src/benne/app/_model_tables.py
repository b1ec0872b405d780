"""What ``[model]`` of a workspace's ``benne.toml`` states: how its cards are fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass

from benne.kernel import DOMAINS, InvalidInput, parse_instant

REFUSED = ("accepts_only", "inverse_propensity", "augmentation")
LEARNERS = ("auto", "spline", "steps", "boost")


@dataclass(frozen=True, slots=True)
class PresenceTable:
    """``when`` of a ``[[model.segments]]``: what must hold of one feature.

    ``test`` is ``present`` or ``absent`` (the feature has a value, or none), or, of a count or
    of days since something, ``at_least`` or ``below`` a ``value``.
    """

    feature: str
    test: str
    value: float | None = None

    def __post_init__(self) -> None:
        if self.test not in ("present", "absent", "at_least", "below"):
            raise InvalidInput(
                f"test must be present, absent, at_least or below; got {self.test!r}."
            )
        if (self.value is None) != (self.test in ("present", "absent")):
            raise InvalidInput("value goes with at_least and below, and with no other test.")


@dataclass(frozen=True, slots=True)
class SegmentTable:
    """``[[model.segments]]``: a group of people with a card of its own, by presence of evidence.

    A person is in the first group of which all of ``when`` hold.  The last states no ``when``:
    it is everybody else.
    """

    name: str
    when: tuple[PresenceTable, ...] = ()


@dataclass(frozen=True, slots=True)
class ModelTable:
    """``[model]``: how the card is fitted.

    ``features_at_most`` offers each fit only so many features, those with the most information
    value on its own training rows.  ``folds`` are the outer folds of the validation: 5, or 3 for
    many rows or features.
    ``tolerance`` shortens every card: none of its tables says more than this, in log-odds, other
    than what was learned (0.01 is about half a point); the report prints what that costs.
    ``segments`` is ``true`` (groups of whom a domain says nothing are tried, and kept where they
    pay), ``false`` (one card) or two to six tables ``[[model.segments]]``.
    ``withheld`` lists sets of domains for which a card is refitted without them; ``prices`` says
    whether the report works out what strictness, additivity and monotone tables cost.
    ``refused`` says how a card learns where observations tell who was admitted, and who was
    refused has no outcome: ``accepts_only``, ``inverse_propensity`` (an admitted row weighs
    1 / propensity, at most ``refused_weight_at_most``) or ``augmentation`` (a refused row enters
    as part bad and part good, its odds of being bad those of a model of the admitted times a
    factor within ``refused_odds``).
    """

    families: tuple[str, ...] = ("sesame",)
    form: str = "strict"
    learner: str = "auto"
    monotone: bool = True
    segments: bool | tuple[SegmentTable, ...] = False
    folds: int | None = None
    seed: int = 0
    out_of_time_from: str | None = None
    features_at_most: int | None = None
    tolerance: float = 0.0
    prices: bool = True
    withheld: tuple[tuple[str, ...], ...] = ()
    refused: str = "accepts_only"
    refused_weight_at_most: float = 20.0
    refused_odds: tuple[float, ...] = (1.0, 3.0)
    drop_tags: tuple[str, ...] = ()
    drop_features: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.form not in ("strict", "paired"):
            raise InvalidInput(f"model.form must be strict or paired; got {self.form!r}.")
        if self.folds is not None and self.folds < 2:
            raise InvalidInput(f"model.folds must be 2 or more; got {self.folds}.")
        if not self.families or len(set(self.families)) < len(self.families):
            raise InvalidInput(
                f"families must name at least one score, each once; got {list(self.families)}."
            )
        if self.learner not in LEARNERS:
            raise InvalidInput(
                f"learner must be one of {', '.join(LEARNERS)}; got {self.learner!r}."
            )
        if self.features_at_most is not None and self.features_at_most < 1:
            raise InvalidInput(f"features_at_most must be 1 or more; got {self.features_at_most}.")
        if not 0 <= self.tolerance <= 1:
            raise InvalidInput(
                f"model.tolerance must be 0 to 1, in log-odds, as in 0.01; got {self.tolerance}."
            )
        if self.out_of_time_from is not None:
            parse_instant(self.out_of_time_from)
        if not isinstance(self.segments, bool):
            _check_segments(self.segments)
        _check_refused(self.refused, self.refused_weight_at_most, self.refused_odds)
        unknown = sorted({domain for asked in self.withheld for domain in asked} - set(DOMAINS))
        if unknown:
            raise InvalidInput(
                f"withheld must name domains ({', '.join(DOMAINS)}); got {unknown[0]!r}."
            )


def _check_refused(method: str, weight: float, odds: tuple[float, ...]) -> None:
    if method not in REFUSED:
        raise InvalidInput(f"refused must be one of {', '.join(REFUSED)}; got {method!r}.")
    if not 1 <= weight < math.inf:
        raise InvalidInput(f"refused_weight_at_most must be 1 or more; got {weight:g}.")
    if len(odds) != 2 or not 0 < odds[0] <= odds[1] < math.inf:
        raise InvalidInput(
            "refused_odds must be the least and the greatest factor of the odds, as in [1.0, 3.0]; "
            f"got {list(odds)}."
        )


def _check_segments(segments: tuple[SegmentTable, ...]) -> None:
    if not 2 <= len(segments) <= 6:
        raise InvalidInput(f"segments must be two to six groups; got {len(segments)}.")
    names = [segment.name for segment in segments]
    if len(set(names)) < len(names):
        raise InvalidInput(f"segments must have names of their own; got {names}.")
    if segments[-1].when:
        raise InvalidInput(
            f"the last of segments must state no when, for everybody else; got {names[-1]!r}."
        )
    without = [segment.name for segment in segments[:-1] if not segment.when]
    if without:
        raise InvalidInput(
            f"each of segments but the last must state when; {without[0]!r} states none."
        )
