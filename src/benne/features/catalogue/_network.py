"""Network: the person's own ties, and how it goes with the people around them.

What neighbours' values mean, and how few people give none, is defined in
``benne.features._neighbours``.  Shares are rounded to steps of a twentieth before a score looks.
"""

from __future__ import annotations

from benne.features._algebra import Aggregate, Feature, Ring
from benne.features._neighbours import neighbours
from benne.features.catalogue._build import (
    EITHER,
    LOWERS,
    RAISES,
    Group,
    count,
    distinct,
    largest,
    mean,
    share,
    since_first,
    since_last,
)
from benne.features.catalogue._rows import MISSED, OVERDUE_DAYS
from benne.kernel import Expression, as_double, col

_TAGS = frozenset({"social_network"})
_TIES = Group("ties", "no tie is on record: a bin of its own", _TAGS, actionable=False)
_AROUND = Group(
    "people_around",
    "fewer than three people may be counted: a bin of its own",
    _TAGS,
    actionable=False,
)
_STEP = 0.05

_STRENGTH = col("strength_permille")

_OWN: tuple[Feature, ...] = (
    *_TIES.one(
        "ties_count",
        count("tie", _STRENGTH > 0, state_by="other"),
        EITHER,
        "People to whom one is tied",
    ),
    *_TIES.one(
        "ties_strong_count",
        count("tie", _STRENGTH >= 700, state_by="other"),
        EITHER,
        "People to whom one is strongly tied",
    ),
    *_TIES.one(
        "ties_ended_share",
        share("tie", _STRENGTH.equals(0), state_by="other"),
        EITHER,
        "Share of ties that have ended",
    ),
    *_TIES.one(
        "tie_strength_mean_share",
        mean("tie", _STRENGTH, state_by="other") / as_double(1000),
        EITHER,
        "Mean strength of ties, as a share of the greatest",
        step=_STEP,
    ),
    *_TIES.one(
        "tie_relations_count",
        distinct("tie", col("relation")),
        EITHER,
        "Different relations to other people",
    ),
    *_TIES.one(
        "tie_oldest_days", since_first("tie"), LOWERS, "Time since a first tie was on record"
    ),
    *_TIES.one("tie_recency_days", since_last("tie"), EITHER, "Time since a tie last changed"),
    *_TIES.each((180, 365), "ties_told_{w}_count", count("tie"), EITHER, "Ties told anew {w}"),
)


# --- what is known of a neighbour ----------------------------------------------------------

_BAD_STATUS = col("status").is_in("default", "charged_off", "collection")
_DEFAULTED: Expression = count("statement", _BAD_STATUS | (col("days_past_due") >= 90)) > 0
"""Known by the cut to have defaulted: charged off, in collection, or 90 days past due."""
_WORST_DAYS = largest("statement", col("days_past_due"))
_MISSED_INSTALMENT: Expression = count("instalment", MISSED) > 0
_MISSED_BILL: Expression = count("obligation", MISSED, days=365) > 0
_BILL_OVERDUE_DAYS = largest("obligation", OVERDUE_DAYS)

_NEAR: tuple[Feature, ...] = (
    *_AROUND.one(
        "neighbours_with_credit_count",
        neighbours(_DEFAULTED, Aggregate.COUNT),
        EITHER,
        "People around one who have a credit history",
    ),
    *_AROUND.one(
        "neighbours_defaulted_share",
        neighbours(_DEFAULTED, Aggregate.SHARE),
        RAISES,
        "Share of people around one who are known to have defaulted",
        step=_STEP,
    ),
    *_AROUND.one(
        "neighbours_defaulted_weighted_share",
        neighbours(_DEFAULTED, Aggregate.SHARE, weighted=True),
        RAISES,
        "Share of people around one who are known to have defaulted, by strength of tie",
        step=_STEP,
    ),
    *_AROUND.one(
        "neighbours_days_past_due_mean_days",
        neighbours(_WORST_DAYS, Aggregate.MEAN),
        RAISES,
        "Mean of the most days past due of people around one",
    ),
    *_AROUND.one(
        "neighbours_days_past_due_max_days",
        neighbours(_WORST_DAYS, Aggregate.MAX),
        RAISES,
        "Most days past due of anyone around one",
    ),
    *_AROUND.one(
        "neighbours_missed_instalment_share",
        neighbours(_MISSED_INSTALMENT, Aggregate.SHARE),
        RAISES,
        "Share of people around one who missed an instalment by over 30 days",
        step=_STEP,
    ),
    *_AROUND.one(
        "neighbours_missed_bill_365d_share",
        neighbours(_MISSED_BILL, Aggregate.SHARE),
        RAISES,
        "Share of people around one who missed a bill by over 30 days in the last year",
        step=_STEP,
    ),
    *_AROUND.one(
        "neighbours_missed_bill_365d_weighted_share",
        neighbours(_MISSED_BILL, Aggregate.SHARE, weighted=True),
        RAISES,
        "Share of people around one who missed a bill in the last year, by strength of tie",
        step=_STEP,
    ),
    *_AROUND.one(
        "neighbours_bill_overdue_mean_days",
        neighbours(_BILL_OVERDUE_DAYS, Aggregate.MEAN),
        RAISES,
        "Mean of the longest that people around one are behind with a bill now",
    ),
)

_BEYOND: tuple[Feature, ...] = (
    *_AROUND.one(
        "neighbours_beyond_defaulted_share",
        neighbours(_DEFAULTED, Aggregate.SHARE, ring=Ring.FAR),
        RAISES,
        "Share of people two ties away who are known to have defaulted",
        step=_STEP,
    ),
    *_AROUND.one(
        "neighbours_beyond_defaulted_weighted_share",
        neighbours(_DEFAULTED, Aggregate.SHARE, ring=Ring.FAR, weighted=True),
        RAISES,
        "Share of people two ties away who are known to have defaulted, by strength of ties",
        step=_STEP,
    ),
    *_AROUND.one(
        "community_with_credit_count",
        neighbours(_DEFAULTED, Aggregate.COUNT, ring=Ring.COMMUNITY),
        EITHER,
        "People of the same community who have a credit history",
    ),
    *_AROUND.one(
        "community_defaulted_share",
        neighbours(_DEFAULTED, Aggregate.SHARE, ring=Ring.COMMUNITY),
        RAISES,
        "Share of the same community who are known to have defaulted",
        step=_STEP,
    ),
    *_AROUND.one(
        "community_missed_bill_365d_share",
        neighbours(_MISSED_BILL, Aggregate.SHARE, ring=Ring.COMMUNITY),
        RAISES,
        "Share of the same community who missed a bill by over 30 days in the last year",
        step=_STEP,
    ),
)

FEATURES = (*_OWN, *_NEAR, *_BEYOND)
