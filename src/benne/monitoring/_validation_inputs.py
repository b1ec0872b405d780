"""What a validation is computed from, and the keys of what comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict

from numpy.typing import ArrayLike

from benne.kernel import DOMAINS
from benne.monitoring._features import FeatureTable
from benne.monitoring._figures import Facts
from benne.monitoring._refused import Turned

BANDS = (550, 600, 650, 700)
PRICES = {
    "price_of_strictness": "paired",
    "price_of_additivity": "unrestricted",
    "price_of_monotonicity": "not_monotone",
    "price_of_brevity": "whole",
}


class Validation(TypedDict, total=False):
    """The keys of ``validation.json``; each that is null has a sibling ``…_why``.

    ``price_of_…`` is the AUC that an alternative without the constraint gains on the same rows
    and folds (``paired`` domains, an ``unrestricted`` learner, ``not_monotone`` tables, the
    ``whole`` card before it was shortened), each less the AUC of the score's own log-odds, with
    ``_low`` and ``_high``.
    """

    schema: int
    family: str
    workspace: str | None
    made_with: dict[str, Any] | None
    lawful_basis: Any
    population: Facts
    outcome: Facts
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    auc_interval: str
    auc_on: str
    gini: float | None
    ks: float | None
    brier: float | None
    calibration_error: float | None
    roc: list[Facts] | None
    folds: list[Facts] | None
    out_of_time: Facts | None
    calibration: Facts
    distribution: Facts
    gains: list[Facts] | None
    swap: Facts | None
    domain_worth: dict[str, float | None] | None
    domain_worth_detail: Facts | None
    refused: Facts | None
    coverage: Facts
    features: list[Facts] | None
    stability: Facts | None
    fairness: Facts | None
    price_of_strictness: float | None
    price_of_additivity: float | None
    price_of_monotonicity: float | None
    price_of_brevity: float | None
    card: Any
    evidence: dict[str, Any] | None
    limits: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Rows held out by time: trained on what was known before, scored after."""

    y: ArrayLike
    score: ArrayLike
    pd: ArrayLike | None = None
    subject: ArrayLike | None = None
    weight: ArrayLike | None = None
    as_of: ArrayLike | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class States:
    """Delinquency states for roll rates: one row per account and numbered period."""

    entity: ArrayLike
    period: ArrayLike
    state: ArrayLike
    order: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ValidationInputs:
    """What a validation is computed from: plain arrays of shape ``(n,)``, and words.

    ``y`` is 1 bad, 0 good, NaN unknown (indeterminate, not yet over).  ``score`` is NaN where
    the answer was not a score; ``log_odds`` are of being good, ``pd`` the chance of being bad
    (from ``log_odds`` where it is not given).  ``out_of_fold`` says that these come from models
    that did not see the row.  ``as_of`` and ``bad_at`` (0 where never) are microseconds UTC;
    ``bad_at`` is watched until ``observed_until``.  ``domain_contributions``, shape ``(n, d)``,
    and ``base`` are in points or log-odds of being good.  ``alternatives`` are log-odds of being
    good from learners without a constraint, on the same rows and folds: see ``PRICES``; a reason
    for one that was not tried stands in ``alternatives_why`` under its name.  ``groups`` are the
    held-apart columns.  ``turned`` are those who were refused.  ``cutoff`` is the score from which
    a person is admitted, for the swap table and the groups.  All but ``y`` and ``score`` may be
    absent.
    """

    y: ArrayLike
    score: ArrayLike
    log_odds: ArrayLike | None = None
    pd: ArrayLike | None = None
    weight: ArrayLike | None = None
    fold: ArrayLike | None = None
    subject: ArrayLike | None = None
    out_of_fold: bool = False
    as_of: ArrayLike | None = None
    bad_at: ArrayLike | None = None
    observed_until: int | None = None
    domain_contributions: ArrayLike | None = None
    domains: Sequence[str] = DOMAINS
    base: ArrayLike | None = None
    thickness: ArrayLike | None = None
    thickness_order: Sequence[str] = ()
    feature_tables: Sequence[FeatureTable] = ()
    states: States | None = None
    out_of_time: Held | None = None
    out_of_time_why: str = ""
    turned: Turned | None = None
    turned_why: str = ""
    comparator: ArrayLike | None = None
    comparator_name: str = ""
    comparator_cutoff: float | None = None
    cutoff: float = 600.0
    groups: Mapping[str, ArrayLike] = field(default_factory=dict)
    alternatives: Mapping[str, ArrayLike] = field(default_factory=dict)
    alternatives_why: Mapping[str, str] = field(default_factory=dict)
    band_edges: Sequence[float] = BANDS
    band_names: Sequence[str] = ()
    family: str = "sesame"
    workspace: str | None = None
    made_with: Mapping[str, Any] | None = None
    lawful_basis: Any = None
    outcome_definition: Any = None
    population: Mapping[str, Any] = field(default_factory=dict)
    evidence: Mapping[str, Any] | None = None
    card: Any = None
    limits: Sequence[str] = ()
