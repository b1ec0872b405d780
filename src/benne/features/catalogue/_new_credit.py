"""New credit: who asked about the person lately, and what was opened."""

from __future__ import annotations

from benne.features._algebra import Feature
from benne.features.catalogue._build import (
    EITHER,
    LOWERS,
    RAISES,
    count,
    distinct,
    factor,
    mean,
    since_first,
    since_last,
    smallest,
)
from benne.features.catalogue._rows import OPEN
from benne.kernel import as_of, col, days_between

_ASKED = factor("new_credit", "inquiries", "nobody ever asked: a bin of its own")
_OPENED = factor("new_credit", "new_accounts", "no such account is known: a bin of its own")

_INQUIRIES: tuple[Feature, ...] = (
    *_ASKED.each(
        (7, 30, 90, 180, 365, 730),
        "inquiries_{w}_count",
        count("inquiry"),
        RAISES,
        "Inquiries by lenders {w}",
    ),
    *_ASKED.each(
        (30, 90, 365),
        "inquiry_lenders_{w}_count",
        distinct("inquiry", col("lender")),
        RAISES,
        "Different lenders that asked {w}",
    ),
    *_ASKED.each(
        (365,),
        "inquiry_purposes_{w}_count",
        distinct("inquiry", col("purpose")),
        RAISES,
        "Different purposes for which lenders asked {w}",
    ),
    *_ASKED.one(
        "inquiry_recency_days", since_last("inquiry"), LOWERS, "Time since a lender last asked"
    ),
    *_ASKED.each(
        (365,),
        "inquiries_per_new_account_{w}_ratio",
        count("inquiry") / count("account"),
        RAISES,
        "Inquiries for each account opened {w}",
    ),
)

_ACCOUNTS: tuple[Feature, ...] = (
    *_OPENED.each(
        (30, 90, 180, 365, 730),
        "accounts_opened_{w}_count",
        count("account"),
        EITHER,
        "Accounts opened {w}",
    ),
    *_OPENED.one(
        "account_newest_days",
        since_last("account"),
        EITHER,
        "Time since the last account was opened",
    ),
    *_OPENED.one(
        "account_closed_recency_days",
        smallest("account", days_between(col("closed_at"), as_of)),
        EITHER,
        "Time since an account was last repaid and closed",
    ),
    *_OPENED.one(
        "account_gap_mean_days",
        (since_first("account") - since_last("account")) / (count("account") - 1),
        LOWERS,
        "Time from one account to the next, on average",
        step=0.1,
    ),
    *_OPENED.one(
        "account_pace_ratio",
        since_last("account")
        * (count("account") - 1)
        / (since_first("account") - since_last("account")),
        EITHER,
        "Time since the last account against the usual time between two",
    ),
    *_OPENED.one(
        "accounts_opened_365d_share",
        count("account", days_between(col("opened_at"), as_of) <= 365) / count("account"),
        RAISES,
        "Share of accounts opened in the last year",
    ),
    *_OPENED.each(
        (90, 365),
        "accounts_open_new_{w}_count",
        count("account", OPEN),
        RAISES,
        "Accounts opened and not yet repaid {w}",
    ),
    *_OPENED.each(
        (180,),
        "loan_term_new_{w}_mean_days",
        mean("account", col("term_days")),
        EITHER,
        "Term of loans taken {w}, on average",
        step=0.1,
    ),
)

FEATURES: tuple[Feature, ...] = (*_INQUIRIES, *_ACCOUNTS)
