"""Amounts owed: balances, how much of the limits is used, and what falls due next."""

from __future__ import annotations

from benne.features._algebra import Feature
from benne.features.catalogue._build import (
    EITHER,
    EVER,
    LOWERS,
    RAISES,
    Group,
    count,
    earliest,
    factor,
    largest,
    latest,
    mean,
    smallest,
    tally,
    total,
    trend,
)
from benne.features.catalogue._rows import OPEN, UNPAID_MINOR
from benne.kernel import col

_BALANCE = factor("amounts_owed", "balances", "no statement is known then: a bin of its own")
_USED = factor("amounts_owed", "utilisation", "no limit is known: a bin of its own")
_REPAID = factor("amounts_owed", "share_repaid", "no statement is known then: a bin of its own")
_DUE = factor("amounts_owed", "due_ahead", "nothing falls due then: a bin of its own")
_LOANS = factor("amounts_owed", "loan_size", "no loan of known amount: a bin of its own")
_AGAINST_MEANS = Group(
    "debt_to_means", "debts or means are not known: a bin of its own", frozenset({"sensitive-fin"})
)

_LIMITED = col("limit_minor") > 0
_PRINCIPAL = col("principal_minor")

_STATEMENTS: tuple[Feature, ...] = (
    *_BALANCE.one(
        "balance_now_minor",
        total("statement", col("balance_minor"), state_by="account"),
        EITHER,
        "Debt on all accounts by their latest statements",
    ),
    *_BALANCE.each(
        (90, 180, 365),
        "balance_{w}_mean_minor",
        mean("statement", col("balance_minor")),
        EITHER,
        "Balance of an account, on average, {w}",
    ),
    *_BALANCE.each(
        (365, 730),
        "balance_{w}_max_minor",
        largest("statement", col("balance_minor")),
        EITHER,
        "Highest balance of an account {w}",
    ),
    *_BALANCE.each(
        (180, 365),
        "balance_{w}_trend_minor_per_day",
        trend("statement", col("balance_minor")),
        EITHER,
        "Whether balances grew {w}",
    ),
    *_BALANCE.one(
        "balance_recent_ratio",
        mean("statement", col("balance_minor"), days=90)
        / mean("statement", col("balance_minor"), days=365),
        EITHER,
        "Balance of the last 90 days against that of the year",
    ),
    *_BALANCE.one(
        "accounts_with_balance_now_count",
        tally("statement", col("balance_minor") > 0, state_by="account"),
        RAISES,
        "Accounts with a balance by their latest statement",
    ),
    *_BALANCE.one(
        "accounts_with_balance_now_share",
        tally("statement", col("balance_minor") > 0, state_by="account")
        / count("statement", state_by="account"),
        RAISES,
        "Share of accounts with a balance",
    ),
    *_BALANCE.one(
        "minimum_due_now_minor",
        total("statement", col("minimum_due_minor"), state_by="account"),
        EITHER,
        "Minimum payments asked for by the latest statements",
    ),
    *_USED.one(
        "limit_now_minor",
        total("statement", col("limit_minor"), state_by="account"),
        LOWERS,
        "Credit limits together",
        actionable=False,
    ),
    *_USED.one(
        "limit_latest_minor",
        latest("statement", col("limit_minor")),
        LOWERS,
        "Credit limit on the most recent statement",
        actionable=False,
    ),
    *_USED.one(
        "credit_available_now_minor",
        total("statement", col("limit_minor") - col("balance_minor"), _LIMITED, state_by="account"),
        LOWERS,
        "Credit still unused",
    ),
    *_USED.one(
        "utilisation_now_ratio",
        total("statement", col("balance_minor"), _LIMITED, state_by="account")
        / total("statement", col("limit_minor"), _LIMITED, state_by="account"),
        RAISES,
        "Share of the credit limits in use",
    ),
    *_USED.one(
        "utilisation_now_max_ratio",
        largest(
            "statement", col("balance_minor") / col("limit_minor"), _LIMITED, state_by="account"
        ),
        RAISES,
        "Share in use of the account nearest to its limit",
    ),
    *_USED.one(
        "utilisation_latest_ratio",
        latest("statement", col("balance_minor") / col("limit_minor"), _LIMITED),
        RAISES,
        "Share of the limit in use on the most recent statement",
    ),
    *_USED.each(
        (90, 180, 365, 730),
        "utilisation_{w}_mean_ratio",
        total("statement", col("balance_minor"), _LIMITED)
        / total("statement", col("limit_minor"), _LIMITED),
        RAISES,
        "Share of the limits in use, on average, {w}",
    ),
    *_USED.each(
        (180, 365),
        "utilisation_{w}_max_ratio",
        largest("statement", col("balance_minor") / col("limit_minor"), _LIMITED),
        RAISES,
        "Highest share of a limit in use {w}",
    ),
    *_USED.one(
        "utilisation_recent_change_ratio",
        total("statement", col("balance_minor"), _LIMITED, days=90)
        / total("statement", col("limit_minor"), _LIMITED, days=90)
        - total("statement", col("balance_minor"), _LIMITED, days=365)
        / total("statement", col("limit_minor"), _LIMITED, days=365),
        EITHER,
        "Share of limits in use in the last 90 days against that of the year",
    ),
    *_USED.one(
        "accounts_over_limit_now_count",
        tally(
            "statement", _LIMITED & (col("balance_minor") > col("limit_minor")), state_by="account"
        ),
        RAISES,
        "Accounts over their limit",
    ),
    *_REPAID.each(
        (90, 180, 365),
        "statements_repaid_{w}_share",
        total("statement", col("paid_minor"), col("balance_minor") > 0)
        / total("statement", col("balance_minor"), ~col("paid_minor").is_null()),
        LOWERS,
        "Share of the balances that was paid off {w}",
    ),
    *_REPAID.one(
        "statement_repaid_latest_share",
        latest("statement", col("paid_minor") / col("balance_minor"), col("balance_minor") > 0),
        LOWERS,
        "Share of the balance that was paid off by the most recent statement",
    ),
    *_REPAID.each(
        (90, 180, 365),
        "statements_without_payment_{w}_count",
        tally("statement", (col("balance_minor") > 0) & col("paid_minor").equals(0)),
        RAISES,
        "Statements with a balance and no payment {w}",
    ),
    *_REPAID.one(
        "statement_paid_latest_minor",
        latest("statement", col("paid_minor")),
        LOWERS,
        "Amount paid by the most recent statement",
    ),
    *_REPAID.each(
        (90, 180, 365),
        "statement_paid_{w}_mean_minor",
        mean("statement", col("paid_minor")),
        LOWERS,
        "Amount paid in a statement's period, on average, {w}",
    ),
    *_REPAID.each(
        (180,),
        "statement_paid_{w}_min_minor",
        smallest("statement", col("paid_minor")),
        LOWERS,
        "Smallest amount paid in a statement's period {w}",
    ),
    *_REPAID.each(
        (365,),
        "minimum_due_cover_{w}_ratio",
        total("statement", col("paid_minor"), col("minimum_due_minor") > 0)
        / total("statement", col("minimum_due_minor"), ~col("paid_minor").is_null()),
        LOWERS,
        "Payments against the minimum asked for {w}",
    ),
)

_DUE_AHEAD: tuple[Feature, ...] = (
    *(
        feature
        for days, words in ((30, "30 days"), (90, "90 days"), (365, "year"))
        for feature in _DUE.one(
            f"instalments_due_{days}d_ahead_minor",
            total("instalment", UNPAID_MINOR, ahead=days),
            EITHER,
            f"Still to be paid in the next {words}",
        )
    ),
    *_DUE.one(
        "instalments_due_90d_ahead_count",
        count("instalment", UNPAID_MINOR > 0, ahead=90),
        RAISES,
        "Instalments that fall due in the next 90 days",
    ),
    *_DUE.one(
        "instalments_due_growth_ratio",
        total("instalment", col("due_minor"), ahead=90)
        / total("instalment", col("due_minor"), days=90),
        RAISES,
        "What falls due in the next 90 days against the last 90",
    ),
    *_DUE.one(
        "instalments_paid_365d_minor",
        total("instalment", col("paid_minor"), days=365),
        LOWERS,
        "Paid on instalments that fell due in the last year",
    ),
)

_PRINCIPALS: tuple[Feature, ...] = (
    *_LOANS.one(
        "principal_open_minor",
        total("account", _PRINCIPAL, OPEN),
        EITHER,
        "Amount first borrowed on the loans that are open",
    ),
    *_LOANS.one(
        "principal_open_share",
        total("account", _PRINCIPAL, OPEN) / total("account", _PRINCIPAL),
        RAISES,
        "Share of all that was ever borrowed that is on open loans",
    ),
    *_LOANS.one(
        "principal_repaid_minor",
        total("account", _PRINCIPAL, ~OPEN),
        LOWERS,
        "Amount of the loans that were repaid and closed",
    ),
    *_LOANS.one(
        "principal_latest_minor",
        latest("account", _PRINCIPAL),
        EITHER,
        "Amount of the most recent loan",
    ),
    *_LOANS.each(
        (365, EVER),
        "principal_{w}_max_minor",
        largest("account", _PRINCIPAL),
        EITHER,
        "Largest loan taken {w}",
    ),
    *_LOANS.one(
        "principal_ever_mean_minor",
        mean("account", _PRINCIPAL),
        EITHER,
        "Size of a loan, on average",
    ),
    *_LOANS.one(
        "principal_growth_ratio",
        latest("account", _PRINCIPAL) / earliest("account", _PRINCIPAL),
        EITHER,
        "Most recent loan against the first",
    ),
    *_LOANS.one(
        "principal_latest_to_mean_ratio",
        latest("account", _PRINCIPAL) / mean("account", _PRINCIPAL),
        EITHER,
        "Most recent loan against the usual",
    ),
    *_LOANS.one(
        "principal_latest_to_repaid_max_ratio",
        latest("account", _PRINCIPAL) / largest("account", _PRINCIPAL, ~OPEN),
        RAISES,
        "Most recent loan against the largest ever repaid",
    ),
    *_LOANS.one(
        "principal_ever_trend_minor_per_day",
        trend("account", _PRINCIPAL),
        EITHER,
        "Whether loans grew from one to the next",
    ),
)

_PAIRED: tuple[Feature, ...] = (
    *_AGAINST_MEANS.one(
        "balance_to_income_ratio",
        total("statement", col("balance_minor"), state_by="account")
        / latest("means", col("income_minor")),
        RAISES,
        "Debt on accounts against income",
    ),
    *_AGAINST_MEANS.one(
        "instalments_due_30d_ahead_to_income_ratio",
        total("instalment", UNPAID_MINOR, ahead=30) / latest("means", col("income_minor")),
        RAISES,
        "Instalments of the next 30 days against income",
    ),
    *_AGAINST_MEANS.one(
        "principal_open_to_asset_ratio",
        total("account", _PRINCIPAL, OPEN) / latest("means", col("asset_minor")),
        RAISES,
        "Open loans against what the person owns",
    ),
)

FEATURES: tuple[Feature, ...] = (*_STATEMENTS, *_DUE_AHEAD, *_PRINCIPALS, *_PAIRED)
