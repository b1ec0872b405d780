"""The sections of the report, in the order in which a committee reads them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benne.doors.reports._blocks import Section
from benne.doors.reports._evidence import evidence, limits
from benne.doors.reports._outcomes import population
from benne.doors.reports._quality import calibration, discrimination
from benne.doors.reports._ranges import coverage, distribution, domain_worth
from benne.doors.reports._refused import refused
from benne.doors.reports._tables import card, features
from benne.doors.reports._watch import fairness, prices, stability


def sections(v: Mapping[str, Any]) -> tuple[Section, ...]:
    """All sections, each there even when it has nothing but the reason why."""
    return (
        population(v),
        discrimination(v),
        calibration(v),
        distribution(v),
        domain_worth(v),
        refused(v),
        coverage(v),
        features(v),
        stability(v),
        fairness(v),
        prices(v),
        card(v),
        evidence(v),
        limits(v),
    )
