"""Fulfilment: were bills paid and orders kept, what was broken, and what are the means."""

from __future__ import annotations

from benne.features._algebra import Feature
from benne.features.catalogue._build import (
    EITHER,
    EVER,
    LOWERS,
    RAISES,
    Group,
    count,
    distinct,
    largest,
    latest,
    mean,
    share,
    since_first,
    since_last,
    spread,
    tally,
    total,
    trend,
    within,
)
from benne.features.catalogue._rows import (
    DELAY_DAYS,
    LATE,
    OPEN,
    OVERDUE,
    OVERDUE_DAYS,
    OVERDUE_MINOR,
    UNPAID_MINOR,
)
from benne.kernel import as_of, coalesce, col, days_between, greatest

_BILLS = Group("bills", "no bill fell due then: a bin of its own")
_ORDERS = Group("orders", "no such order is known: a bin of its own")
_FARMABLE = ("farmable",)
"""What a merchant who lies along can drive up alone: it says what orders there were and of what
value; it cannot be other merchants, nor make time pass."""
_BREACHES = Group("breaches", "no breach is on record: a bin of its own")
_MEANS = Group(
    "means", "the person's means are not known: a bin of its own", frozenset({"sensitive-fin"})
)

CONTRACTS = ("rent", "power", "water", "telecom", "insurance", "tax")
"""The values of ``obligation.contract`` that have features of their own; others count in all."""

_SENSITIVE = {"insurance": ("sensitive-fin",), "tax": ("sensitive-fin",)}

INDUSTRIES = (
    "finance",
    "court",
    "payment",
    "travel",
    "hotel",
    "commerce",
    "housing",
    "telecom",
    "insurance",
    "leasing",
)
"""The values of ``breach.industry`` that have features of their own; others count in all."""

_ALL_BILLS: tuple[Feature, ...] = (
    *_BILLS.each(
        (90, 180, 365, 730),
        "bills_late_{w}_share",
        share("obligation", LATE),
        RAISES,
        "Share of bills that were late {w}",
    ),
    *_BILLS.each(
        (90, 365),
        "bills_late_{w}_count",
        tally("obligation", LATE),
        RAISES,
        "Bills that were late {w}",
    ),
    *_BILLS.each(
        (180, 730),
        "bill_delay_{w}_mean_days",
        mean("obligation", DELAY_DAYS),
        RAISES,
        "Days from a bill's due date to its payment, on average, {w}",
        step=0.1,
    ),
    *_BILLS.each(
        (180, 730),
        "bill_delay_{w}_max_days",
        largest("obligation", DELAY_DAYS),
        RAISES,
        "Longest delay of a bill {w}",
    ),
    *_BILLS.one(
        "bill_delay_latest_days",
        latest("obligation", DELAY_DAYS),
        RAISES,
        "Delay of the most recent bill",
    ),
    *_BILLS.each(
        (365,),
        "bill_delay_{w}_trend_days_per_day",
        trend("obligation", DELAY_DAYS),
        RAISES,
        "Whether bills are paid later and later",
    ),
    *_BILLS.one(
        "bill_late_recency_days",
        since_last("obligation", LATE),
        LOWERS,
        "Time since a bill was last late",
    ),
    *_BILLS.one(
        "bills_overdue_now_count", tally("obligation", OVERDUE), RAISES, "Bills overdue now"
    ),
    *_BILLS.one(
        "bills_overdue_now_minor",
        total("obligation", OVERDUE_MINOR),
        RAISES,
        "Amount of the bills overdue now",
    ),
    *_BILLS.one(
        "bill_overdue_now_max_days",
        largest("obligation", OVERDUE_DAYS),
        RAISES,
        "Days past due of the oldest unpaid bill",
    ),
    *_BILLS.one(
        "bills_due_30d_ahead_minor",
        total("obligation", UNPAID_MINOR, ahead=30),
        EITHER,
        "Bills to pay in the next 30 days",
    ),
    *_BILLS.each(
        (365,),
        "contracts_{w}_count",
        distinct("obligation", col("contract")),
        LOWERS,
        "Kinds of contract with bills {w}",
    ),
    *_BILLS.one(
        "bill_first_days",
        since_first("obligation"),
        LOWERS,
        "Time since a bill first fell due",
        actionable=False,
    ),
)

_BY_CONTRACT: tuple[Feature, ...] = tuple(
    feature
    for contract in CONTRACTS
    for feature in (
        *_BILLS.each(
            (365,),
            f"{contract}_bills_late_{{w}}_share",
            share("obligation", LATE, col("contract").equals(contract)),
            RAISES,
            f"Share of {contract} bills that were late {{w}}",
            tags=_SENSITIVE.get(contract, ()),
        ),
        *_BILLS.one(
            f"{contract}_bills_overdue_now_minor",
            total("obligation", OVERDUE_MINOR, col("contract").equals(contract)),
            RAISES,
            f"Amount of {contract} bills overdue now",
            tags=_SENSITIVE.get(contract, ()),
        ),
    )
)

_ORDER_DELAY = days_between(col("due_at"), coalesce(col("closed_at"), as_of))
_ORDER_LATE = _ORDER_DELAY > 0
_ORDER_ENDED = ~OPEN
_ORDER_KEPT = _ORDER_ENDED & (_ORDER_DELAY <= 0)

_ALL_ORDERS: tuple[Feature, ...] = (
    *_ORDERS.each(
        (30, 90, 365, 730),
        "orders_{w}_count",
        count("order"),
        LOWERS,
        "Orders on credit {w}",
        tags=_FARMABLE,
    ),
    *_ORDERS.each(
        (90, 365, EVER),
        "orders_kept_{w}_share",
        share("order", _ORDER_DELAY <= 0, _ORDER_ENDED),
        LOWERS,
        "Share of orders on credit ended in time {w}",
        tags=_FARMABLE,
    ),
    *_ORDERS.each(
        (365, EVER),
        "orders_kept_{w}_count",
        count("order", _ORDER_KEPT),
        LOWERS,
        "Orders on credit ended in time {w}",
        tags=_FARMABLE,
    ),
    *_ORDERS.each(
        (90, 365, EVER),
        "orders_late_{w}_count",
        count("order", _ORDER_LATE),
        RAISES,
        "Orders on credit ended late, or late now, {w}",
    ),
    *_ORDERS.each(
        (365,),
        "order_delay_{w}_mean_days",
        mean("order", _ORDER_DELAY, _ORDER_ENDED | _ORDER_LATE),
        RAISES,
        "Days from the end agreed to the end of an order, on average, {w}",
        step=0.1,
    ),
    *_ORDERS.each(
        (365,),
        "order_delay_{w}_max_days",
        largest("order", greatest(_ORDER_DELAY, 0)),
        RAISES,
        "Longest delay of an order {w}",
    ),
    *_ORDERS.one("orders_open_count", count("order", OPEN), EITHER, "Orders on credit running now"),
    *_ORDERS.one(
        "orders_open_late_count",
        count("order", OPEN & _ORDER_LATE),
        RAISES,
        "Orders on credit overdue now",
    ),
    *_ORDERS.one(
        "orders_open_minor",
        total("order", col("value_minor"), OPEN),
        EITHER,
        "Value of the orders running now",
    ),
    *_ORDERS.one(
        "deposit_waived_open_minor",
        total("order", col("deposit_waived_minor"), OPEN),
        EITHER,
        "Deposits waived on the orders running now",
    ),
    *_ORDERS.each(
        (365, EVER),
        "deposit_waived_{w}_max_minor",
        largest("order", col("deposit_waived_minor")),
        LOWERS,
        "Largest deposit waived {w}",
        tags=_FARMABLE,
    ),
    *_ORDERS.one(
        "deposit_waived_kept_minor",
        total("order", col("deposit_waived_minor"), _ORDER_KEPT),
        LOWERS,
        "Deposits waived on orders that were ended in time",
        tags=_FARMABLE,
    ),
    *_ORDERS.each(
        (365,),
        "order_merchants_{w}_count",
        distinct("order", col("merchant")),
        LOWERS,
        "Different merchants that gave credit {w}",
    ),
    *_ORDERS.each(
        (365, EVER),
        "orders_kept_{w}_merchants_count",
        distinct("order", col("merchant"), _ORDER_KEPT),
        LOWERS,
        "Different merchants to whom promises were kept {w}",
    ),
    *_ORDERS.one(
        "orders_kept_minor",
        total("order", col("value_minor"), _ORDER_KEPT),
        LOWERS,
        "Value of the orders that were ended in time",
        tags=_FARMABLE,
    ),
    *_ORDERS.one(
        "orders_kept_lasting_days",
        total(
            "order", greatest(days_between(col("happened_at"), col("closed_at")), 0), _ORDER_KEPT
        ),
        LOWERS,
        "For how long orders lasted that were ended in time, together",
        tags=_FARMABLE,
    ),
    *_ORDERS.each(
        (365,),
        "order_services_{w}_count",
        distinct("order", col("service")),
        LOWERS,
        "Different services used on credit {w}",
    ),
    *_ORDERS.one(
        "order_first_days",
        since_first("order"),
        LOWERS,
        "Time since the first order on credit",
        actionable=False,
    ),
    *_ORDERS.one(
        "order_recency_days", since_last("order"), EITHER, "Time since the last order on credit"
    ),
    *_ORDERS.one(
        "order_late_recency_days",
        since_last("order", _ORDER_LATE),
        LOWERS,
        "Time since an order was last ended late",
    ),
)

_UNSETTLED = col("settled_at").is_null() & col("dispute").differs("disputed")

_ALL_BREACHES: tuple[Feature, ...] = (
    *_BREACHES.each(
        (180, 365, 730, EVER),
        "breaches_{w}_count",
        count("breach", col("dispute").differs("disputed")),
        RAISES,
        "Broken promises on record {w}, without those under dispute",
    ),
    *_BREACHES.one(
        "breaches_unsettled_count",
        count("breach", _UNSETTLED),
        RAISES,
        "Broken promises not yet made good",
    ),
    *_BREACHES.one(
        "breaches_unsettled_minor",
        total("breach", col("amount_minor"), _UNSETTLED),
        RAISES,
        "Amount of the broken promises not yet made good",
    ),
    *_BREACHES.one(
        "breaches_settled_share",
        1 - share("breach", col("settled_at").is_null()),
        LOWERS,
        "Share of broken promises made good",
    ),
    *_BREACHES.one(
        "breach_settling_mean_days",
        mean("breach", days_between(col("happened_at"), col("settled_at"))),
        RAISES,
        "Days until a broken promise was made good, on average",
        step=0.1,
    ),
    *_BREACHES.one(
        "breach_recency_days", since_last("breach"), LOWERS, "Time since a promise was last broken"
    ),
    *_BREACHES.each(
        (730,),
        "breach_industries_{w}_count",
        distinct("breach", col("industry")),
        RAISES,
        "Industries in which promises were broken {w}",
    ),
    *(
        feature
        for industry in INDUSTRIES
        for feature in _BREACHES.one(
            f"{industry}_breaches_unsettled_count",
            count("breach", _UNSETTLED & col("industry").equals(industry)),
            RAISES,
            f"Broken promises ({industry}) not yet made good",
        )
    ),
)

_INCOME, _ASSET, _DEBT = col("income_minor"), col("asset_minor"), col("debt_minor")

_ALL_MEANS: tuple[Feature, ...] = (
    *_MEANS.one("income_minor", latest("means", _INCOME), LOWERS, "Income", tags=("income",)),
    *_MEANS.one("asset_minor", latest("means", _ASSET), LOWERS, "What the person owns"),
    *_MEANS.one("debt_minor", latest("means", _DEBT), RAISES, "What the person owes"),
    *_MEANS.one(
        "net_worth_minor",
        latest("means", _ASSET) - latest("means", _DEBT),
        LOWERS,
        "What the person owns beyond what they owe",
    ),
    *_MEANS.one(
        "debt_to_income_ratio",
        latest("means", _DEBT) / latest("means", _INCOME),
        RAISES,
        "Debt against income",
        tags=("income",),
    ),
    *_MEANS.one(
        "debt_to_asset_ratio",
        latest("means", _DEBT) / latest("means", _ASSET),
        RAISES,
        "Debt against what the person owns",
    ),
    *_MEANS.each(
        (365, 730),
        "income_{w}_mean_minor",
        mean("means", _INCOME),
        LOWERS,
        "Income, on average, {w}",
        tags=("income",),
    ),
    *_MEANS.one(
        "income_variation_730d_ratio",
        within(spread("means", _INCOME) / mean("means", _INCOME), 730),
        RAISES,
        "How much income varied in the last two years",
        tags=("income",),
    ),
    *_MEANS.each(
        (730,),
        "income_{w}_trend_minor_per_day",
        trend("means", _INCOME),
        LOWERS,
        "Whether income grew {w}",
        tags=("income",),
    ),
    *_MEANS.each(
        (730,),
        "debt_{w}_trend_minor_per_day",
        trend("means", _DEBT),
        RAISES,
        "Whether debt grew {w}",
    ),
    *_MEANS.one(
        "means_recency_days", since_last("means"), RAISES, "Time since income was last confirmed"
    ),
)

FEATURES: tuple[Feature, ...] = (
    *_ALL_BILLS,
    *_BY_CONTRACT,
    *_ALL_ORDERS,
    *_ALL_BREACHES,
    *_ALL_MEANS,
)
