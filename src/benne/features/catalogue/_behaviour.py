"""Behaviour: how money comes and goes, and how a person uses services."""

from __future__ import annotations

from benne.features._algebra import Feature
from benne.features.catalogue._build import (
    EITHER,
    LOWERS,
    RAISES,
    Group,
    count,
    distinct,
    largest,
    mean,
    since_first,
    since_last,
    spread,
    total,
    trend,
)
from benne.kernel import as_of, col, days_between

_FLOW = Group("cash_flow", "no such transaction is known then: a bin of its own")
_USE = Group("use_of_services", "no use is known then: a bin of its own")
_MONEY = ("sensitive-fin",)

_AMOUNT = col("amount_minor")
_IN = _AMOUNT > 0
_OUT = _AMOUNT < 0
_DAY = days_between(col("happened_at"), as_of)

_TRANSACTIONS: tuple[Feature, ...] = (
    *_FLOW.each(
        (30, 90, 365),
        "transactions_{w}_count",
        count("transaction"),
        EITHER,
        "Money movements {w}",
    ),
    *_FLOW.each(
        (30, 90, 180, 365),
        "money_in_{w}_minor",
        total("transaction", _AMOUNT, _IN),
        LOWERS,
        "Money that came in {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (30, 90, 180, 365),
        "money_out_{w}_minor",
        total("transaction", -_AMOUNT, _OUT),
        EITHER,
        "Money that went out {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (30, 90, 365),
        "money_net_{w}_minor",
        total("transaction", _AMOUNT),
        LOWERS,
        "Money that came in beyond what went out {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (90, 365),
        "money_out_to_in_{w}_ratio",
        total("transaction", -_AMOUNT, _OUT) / total("transaction", _AMOUNT, _IN),
        RAISES,
        "Money out against money in {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (90, 365),
        "money_in_variation_{w}_ratio",
        spread("transaction", _AMOUNT, _IN) / mean("transaction", _AMOUNT, _IN),
        RAISES,
        "How much the amounts that came in varied {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (90, 365),
        "money_out_variation_{w}_ratio",
        spread("transaction", -_AMOUNT, _OUT) / mean("transaction", -_AMOUNT, _OUT),
        RAISES,
        "How much spending varied in size {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (90, 365),
        "money_out_concentration_{w}_share",
        largest("transaction", -_AMOUNT, _OUT) / total("transaction", -_AMOUNT, _OUT),
        RAISES,
        "Share of the largest single expense in all spending {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (90, 365),
        "money_in_{w}_mean_minor",
        mean("transaction", _AMOUNT, _IN),
        LOWERS,
        "Size of an amount that came in, on average, {w}",
        tags=_MONEY,
    ),
    *_FLOW.one(
        "money_in_recent_ratio",
        total("transaction", _AMOUNT, _IN, days=90) / total("transaction", _AMOUNT, _IN, days=365),
        LOWERS,
        "Share of the year's incoming money that came in the last 90 days",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (180,),
        "money_in_{w}_trend_minor_per_day",
        trend("transaction", _AMOUNT, _IN),
        LOWERS,
        "Whether the amounts that come in grew {w}",
        tags=_MONEY,
    ),
    *_FLOW.each(
        (90, 365),
        "counterparties_{w}_count",
        distinct("transaction", col("counterparty")),
        EITHER,
        "Different parties to money movements {w}",
    ),
    *_FLOW.each(
        (90, 365),
        "transaction_categories_{w}_count",
        distinct("transaction", col("category")),
        LOWERS,
        "Different purposes of money movements {w}",
    ),
    *_FLOW.each(
        (90, 365),
        "transaction_channels_{w}_count",
        distinct("transaction", col("channel")),
        EITHER,
        "Different channels of money movements {w}",
    ),
    *_FLOW.each(
        (90, 365),
        "transaction_active_{w}_days",
        distinct("transaction", _DAY),
        LOWERS,
        "Days with a money movement {w}",
    ),
    *_FLOW.one(
        "transaction_recency_days",
        since_last("transaction"),
        RAISES,
        "Time since the last money movement",
    ),
    *_FLOW.one(
        "money_in_recency_days",
        since_last("transaction", _IN),
        RAISES,
        "Time since money last came in",
    ),
    *_FLOW.one(
        "transaction_first_days",
        since_first("transaction"),
        LOWERS,
        "Time since the first money movement",
        actionable=False,
    ),
)

_ACTIVITY: tuple[Feature, ...] = (
    *_USE.each(
        (30, 90, 365),
        "activity_{w}_count",
        count("activity"),
        LOWERS,
        "Uses of services {w}",
    ),
    *_USE.each(
        (30, 90, 365),
        "activity_active_{w}_days",
        distinct("activity", _DAY),
        LOWERS,
        "Days on which services were used {w}",
    ),
    *_USE.each(
        (90, 365),
        "activity_scenes_{w}_count",
        distinct("activity", col("scene")),
        LOWERS,
        "Different scenes in which services were used {w}",
    ),
    *_USE.each(
        (30, 90, 365),
        "activity_devices_{w}_count",
        distinct("activity", col("device")),
        RAISES,
        "Different devices used {w}",
        tags=("device",),
    ),
    *_USE.one(
        "activity_recency_days",
        since_last("activity"),
        RAISES,
        "Time since services were last used",
    ),
    *_USE.one(
        "activity_first_days",
        since_first("activity"),
        LOWERS,
        "Time since services were first used",
        actionable=False,
    ),
    *_USE.one(
        "activity_recent_share",
        count("activity", _DAY <= 30) / count("activity", _DAY <= 365),
        EITHER,
        "Share of the year's use that fell in the last 30 days",
    ),
)

FEATURES: tuple[Feature, ...] = (*_TRANSACTIONS, *_ACTIVITY)
