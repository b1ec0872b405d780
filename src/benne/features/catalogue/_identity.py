"""Identity: who the person said they are, how settled, and how checks of it came out."""

from __future__ import annotations

from benne.features._algebra import Atom, Feature
from benne.features.catalogue._build import (
    EITHER,
    EVER,
    LOWERS,
    RAISES,
    Group,
    count,
    distinct,
    latest,
    share,
    since_first,
    since_last,
)
from benne.kernel import as_of, col, days_between, year_of

_PROFILE = Group("profile", "the source did not say: a bin of its own", actionable=False)
_SETTLED = Group("stability", "no start date is known: a bin of its own", actionable=False)
_CHECKS = Group("identity_checks", "nothing of the kind was checked: a bin of its own")


def _held_since(column: str) -> Atom:
    return latest("profile", days_between(col(column), as_of))


_MATCH = col("result").equals("match")
_MISMATCH = col("result").equals("mismatch")

FEATURES: tuple[Feature, ...] = (
    *_PROFILE.one(
        "age_years",
        year_of(as_of) - latest("profile", col("birth_year")),
        LOWERS,
        "Age",
        tags=("age",),
    ),
    *_PROFILE.one(
        "household_size_count",
        latest("profile", col("household_size")),
        EITHER,
        "Number of people in the household",
        tags=("family",),
    ),
    *_PROFILE.one(
        "education_category",
        latest("profile", col("education")),
        EITHER,
        "Level of education",
        tags=("education",),
    ),
    *_PROFILE.one(
        "occupation_category",
        latest("profile", col("occupation")),
        EITHER,
        "Occupation",
        tags=("occupation",),
    ),
    *_PROFILE.one(
        "employment_category",
        latest("profile", col("employment")),
        EITHER,
        "Kind of employment",
        tags=("occupation",),
    ),
    *_PROFILE.one(
        "residence_category",
        latest("profile", col("residence")),
        EITHER,
        "Kind of housing",
        tags=("residence",),
    ),
    *_PROFILE.one(
        "region_category",
        latest("profile", col("region")),
        EITHER,
        "Region of residence",
        tags=("location",),
    ),
    *_SETTLED.one(
        "employment_tenure_days",
        _held_since("employed_since"),
        LOWERS,
        "Time in the present job",
        tags=("occupation",),
    ),
    *_SETTLED.one(
        "residence_tenure_days",
        _held_since("resident_since"),
        LOWERS,
        "Time at the present address",
        tags=("residence",),
    ),
    *_SETTLED.one(
        "phone_tenure_days",
        _held_since("phone_since"),
        LOWERS,
        "Time with the present phone number",
    ),
    *_SETTLED.one(
        "profile_age_days",
        since_first("profile"),
        LOWERS,
        "Time since a source first knew the person",
    ),
    *_SETTLED.one(
        "profile_update_recency_days",
        since_last("profile"),
        EITHER,
        "Time since the personal details were last brought up to date",
        actionable=True,
    ),
    *_SETTLED.one(
        "phone_numbers_730d_count",
        distinct("profile", col("phone_since"), days=730),
        RAISES,
        "Number of phone numbers stated in the last two years",
    ),
    *_SETTLED.one(
        "employments_730d_count",
        distinct("profile", col("employed_since"), days=730),
        RAISES,
        "Number of jobs stated in the last two years",
        tags=("occupation",),
    ),
    *_SETTLED.one(
        "residences_730d_count",
        distinct("profile", col("resident_since"), days=730),
        RAISES,
        "Number of addresses stated in the last two years",
        tags=("residence",),
    ),
    *_CHECKS.each(
        (90, 365, EVER),
        "verification_mismatches_{w}_count",
        count("verification", _MISMATCH),
        RAISES,
        "Checks of identity that did not match {w}",
    ),
    *_CHECKS.each(
        (365, EVER),
        "verification_matches_{w}_share",
        share("verification", _MATCH),
        LOWERS,
        "Share of identity checks that matched {w}",
    ),
    *_CHECKS.one(
        "elements_matched_now_count",
        count("verification", _MATCH, state_by="element"),
        LOWERS,
        "Elements of identity whose latest check matched",
    ),
    *_CHECKS.one(
        "elements_mismatched_now_count",
        count("verification", _MISMATCH, state_by="element"),
        RAISES,
        "Elements of identity whose latest check did not match",
    ),
    *_CHECKS.one(
        "verification_recency_days",
        since_last("verification"),
        RAISES,
        "Time since identity was last checked",
    ),
    *_CHECKS.one(
        "verification_mismatch_recency_days",
        since_last("verification", _MISMATCH),
        LOWERS,
        "Time since a check of identity last failed",
    ),
)
