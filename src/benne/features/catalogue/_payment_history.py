"""Payment history: were debts paid, how late, how recently, and what is overdue now."""

from __future__ import annotations

from benne.features._algebra import Feature
from benne.features.catalogue._build import (
    EITHER,
    EVER,
    LOWERS,
    RAISES,
    count,
    earliest,
    factor,
    largest,
    latest,
    mean,
    quantile,
    share,
    since_last,
    smallest,
    spread,
    tally,
    total,
    trend,
)
from benne.features.catalogue._rows import (
    DELAY_DAYS,
    EARLY,
    LATE,
    MISSED,
    OPEN,
    OVERDUE,
    OVERDUE_DAYS,
    OVERDUE_MINOR,
    SETTLED,
)
from benne.kernel import as_of, coalesce, col, days_between, greatest, if_else

_LATE = factor("payment_history", "late_payment", "nothing fell due then: a bin of its own")
_NOW = factor("payment_history", "overdue_now", "nothing ever fell due: a bin of its own")
_EARLY = factor("payment_history", "early_payment", "nothing fell due then: a bin of its own")
_TERM = factor("payment_history", "earlier_loans", "no earlier loan has ended: a bin of its own")
_STATE = factor("payment_history", "account_state", "no statement is known: a bin of its own")
_PAID = factor("payment_history", "payments", "no payment is known: a bin of its own")
_COURT = factor("payment_history", "public_record", "no such record: a bin of its own")

_INSTALMENTS: tuple[Feature, ...] = (
    *_LATE.each(
        (90, 180, 365, 730, EVER),
        "instalments_late_{w}_share",
        share("instalment", LATE),
        RAISES,
        "Share of instalments that were late {w}",
    ),
    *_LATE.each(
        (30, 90, 365, 730),
        "instalments_late_{w}_count",
        tally("instalment", LATE),
        RAISES,
        "Instalments that were late {w}",
    ),
    *_LATE.each(
        (365, 730, EVER),
        "instalments_missed_{w}_count",
        tally("instalment", MISSED),
        RAISES,
        "Instalments more than 30 days late {w}",
    ),
    *_LATE.each(
        (90, 180, 365, 730, EVER),
        "instalment_delay_{w}_mean_days",
        mean("instalment", DELAY_DAYS),
        RAISES,
        "Days from due date to payment, on average, {w}",
        step=0.1,
    ),
    *_LATE.each(
        (90, 180, 365, 730, EVER),
        "instalment_delay_{w}_max_days",
        largest("instalment", DELAY_DAYS),
        RAISES,
        "Longest delay of an instalment {w}",
    ),
    *_LATE.each(
        (365, EVER),
        "instalment_delay_{w}_p90_days",
        quantile("instalment", DELAY_DAYS, q_permille=900),
        RAISES,
        "Delay that about nine of ten instalments did not exceed {w}",
    ),
    *_LATE.one(
        "instalment_delay_latest_days",
        latest("instalment", DELAY_DAYS),
        RAISES,
        "Delay of the most recent instalment",
    ),
    *_LATE.one(
        "instalment_delay_first_days",
        earliest("instalment", DELAY_DAYS),
        RAISES,
        "Delay of the very first instalment",
        actionable=False,
    ),
    *_LATE.one(
        "instalment_delay_ever_spread_days",
        spread("instalment", DELAY_DAYS),
        RAISES,
        "How much the delay of instalments varies",
        step=0.1,
    ),
    *_LATE.one(
        "instalment_delay_365d_trend_days_per_day",
        trend("instalment", DELAY_DAYS, days=365),
        RAISES,
        "Whether instalments are paid later and later",
    ),
    *_LATE.one(
        "instalment_delay_recent_change_days",
        mean("instalment", DELAY_DAYS, days=90) - mean("instalment", DELAY_DAYS, days=730),
        RAISES,
        "Delay of the last 90 days against that of two years",
        step=0.1,
    ),
    *_LATE.one(
        "instalment_late_recency_days",
        since_last("instalment", LATE),
        LOWERS,
        "Time since an instalment was last late",
    ),
    *_LATE.one(
        "instalment_missed_recency_days",
        since_last("instalment", MISSED),
        LOWERS,
        "Time since an instalment was last more than 30 days late",
    ),
    *_EARLY.each(
        (365, EVER),
        "instalments_early_{w}_share",
        share("instalment", EARLY),
        LOWERS,
        "Share of instalments paid before the due date {w}",
    ),
    *_EARLY.each(
        (365, EVER),
        "instalment_lead_{w}_mean_days",
        mean("instalment", greatest(-DELAY_DAYS, 0)),
        LOWERS,
        "Days that instalments were paid early, on average, {w}",
        step=0.1,
    ),
    *_EARLY.one(
        "instalments_prepaid_30d_ahead_minor",
        total("instalment", coalesce(col("paid_minor"), 0), ahead=30),
        LOWERS,
        "Already paid of what falls due in the next 30 days",
    ),
    *_EARLY.one(
        "instalments_prepaid_90d_ahead_count",
        count("instalment", SETTLED, ahead=90),
        LOWERS,
        "Instalments of the next 90 days that are already paid",
    ),
    *_EARLY.one(
        "instalment_lead_90d_ahead_max_days",
        largest("instalment", -DELAY_DAYS, SETTLED, ahead=90),
        LOWERS,
        "Days ahead of its date that an instalment of the next 90 days was paid",
    ),
    *_NOW.one(
        "instalments_overdue_now_count",
        tally("instalment", OVERDUE),
        RAISES,
        "Instalments overdue now",
    ),
    *_NOW.one(
        "instalments_overdue_now_minor",
        total("instalment", OVERDUE_MINOR),
        RAISES,
        "Amount overdue now",
    ),
    *_NOW.one(
        "instalment_overdue_now_max_days",
        largest("instalment", OVERDUE_DAYS),
        RAISES,
        "Days past due of the oldest unpaid instalment",
    ),
    *_NOW.each(
        (365, EVER),
        "instalments_unpaid_{w}_share",
        total("instalment", OVERDUE_MINOR) / total("instalment", col("due_minor")),
        RAISES,
        "Share of the amounts due {w} that is overdue and unpaid",
    ),
)

_AFTER_TERM = days_between(col("opened_at"), coalesce(col("closed_at"), as_of)) - col("term_days")
_ENDED = ~OPEN
_HAS_TERM = ~col("term_days").is_null()
_LIFE = days_between(col("opened_at"), col("closed_at"))

_EARLIER_LOANS: tuple[Feature, ...] = (
    *_TERM.each(
        (365, EVER),
        "loans_ended_late_{w}_share",
        share("account", _AFTER_TERM > 0, _ENDED),
        RAISES,
        "Share of the loans taken {w} that were repaid after their term",
    ),
    *_TERM.one(
        "loans_ended_early_ever_share",
        share("account", _AFTER_TERM < 0, _ENDED),
        LOWERS,
        "Share of earlier loans repaid before the end of their term",
    ),
    *_TERM.each(
        (180, 365, EVER),
        "loan_delay_{w}_mean_days",
        mean("account", _AFTER_TERM, _ENDED),
        RAISES,
        "Days after its term that a loan taken {w} was repaid, on average",
        step=0.1,
    ),
    *_TERM.each(
        (365, EVER),
        "loan_delay_{w}_max_days",
        largest("account", _AFTER_TERM, _ENDED),
        RAISES,
        "Days after its term that the latest-repaid loan taken {w} was repaid",
    ),
    *_TERM.each(
        (180, EVER),
        "loans_ended_late_{w}_count",
        tally("account", _ENDED & (_AFTER_TERM > 0)),
        RAISES,
        "Loans taken {w} that were repaid after their term",
    ),
    *_TERM.each(
        (180, EVER),
        "loan_lateness_{w}_mean_days",
        mean("account", greatest(_AFTER_TERM, 0), _ENDED & _HAS_TERM),
        RAISES,
        "Days that a loan taken {w} was repaid late, on average, early ones counted as in time",
        step=0.1,
    ),
    *_TERM.each(
        (180, EVER),
        "loan_lead_{w}_mean_days",
        mean("account", greatest(-_AFTER_TERM, 0), _ENDED & _HAS_TERM),
        LOWERS,
        "Days that a loan taken {w} was repaid early, on average, late ones counted as in time",
        step=0.1,
    ),
    *_TERM.one(
        "loan_delay_recent_change_days",
        latest("account", _AFTER_TERM, _ENDED) - mean("account", _AFTER_TERM, _ENDED),
        RAISES,
        "How much later the most recent loan was repaid than usual",
        step=0.1,
    ),
    *_TERM.each(
        (30, 90),
        "loan_delay_new_{w}_max_days",
        largest("account", _AFTER_TERM, _ENDED),
        RAISES,
        "Most days after its term that a loan both taken and repaid {w} was repaid",
    ),
    *_TERM.one(
        "loan_delay_ever_min_days",
        smallest("account", _AFTER_TERM, _ENDED),
        RAISES,
        "Days after its term that the best-repaid loan was repaid",
    ),
    *_TERM.one(
        "loan_delay_ever_spread_days",
        spread("account", _AFTER_TERM, _ENDED),
        RAISES,
        "How much the time of repaying loans varies",
        step=0.1,
    ),
    *_TERM.one(
        "loan_delay_latest_days",
        latest("account", _AFTER_TERM, _ENDED),
        RAISES,
        "Days after its term that the most recent loan was repaid",
    ),
    *_TERM.one(
        "loan_delay_first_days",
        earliest("account", _AFTER_TERM, _ENDED),
        RAISES,
        "Days after its term that the first loan was repaid",
        actionable=False,
    ),
    *_TERM.one(
        "loan_delay_ever_trend_days_per_day",
        trend("account", _AFTER_TERM, _ENDED),
        RAISES,
        "Whether loans are repaid later and later",
    ),
    *_TERM.each(
        (180, EVER),
        "loan_term_used_{w}_ratio",
        total("account", _LIFE, _ENDED & _HAS_TERM) / total("account", col("term_days"), _ENDED),
        RAISES,
        "Share of its term until a loan taken {w} was repaid, on average",
    ),
    *_TERM.one(
        "loan_term_used_latest_ratio",
        latest("account", _LIFE / col("term_days"), _ENDED),
        RAISES,
        "Share of its term until the most recent loan was repaid",
    ),
    *_TERM.one(
        "loans_past_term_now_count",
        count("account", OPEN & (_AFTER_TERM > 0)),
        RAISES,
        "Loans still open after their term",
    ),
    *_TERM.one(
        "loan_past_term_now_max_days",
        largest("account", if_else(OPEN, greatest(_AFTER_TERM, 0), 0)),
        RAISES,
        "Days past its term of the loan longest overdue",
    ),
)

_DPD = coalesce(col("days_past_due"), 0)
_BAD_STATES = ("default", "charged_off", "collection")
_IN_ARREARS = (_DPD > 0) | col("status").is_in("late", *_BAD_STATES)
_IN_DEFAULT = (_DPD >= 90) | col("status").is_in(*_BAD_STATES)

_STATEMENTS: tuple[Feature, ...] = (
    *_STATE.each(
        (90, 180, 365, 730),
        "statements_late_{w}_share",
        share("statement", _IN_ARREARS),
        RAISES,
        "Share of account statements in arrears {w}",
    ),
    *_STATE.each(
        (90, 180, 365, 730, EVER),
        "statement_past_due_{w}_max_days",
        largest("statement", col("days_past_due")),
        RAISES,
        "Worst days past due on any account {w}",
    ),
    *_STATE.each(
        (90, 180, 730),
        "statement_past_due_{w}_mean_days",
        mean("statement", col("days_past_due")),
        RAISES,
        "Days past due on accounts, on average, {w}",
        step=0.1,
    ),
    *_STATE.one(
        "statement_past_due_now_max_days",
        largest("statement", col("days_past_due"), state_by="account"),
        RAISES,
        "Worst days past due on any account, by its latest statement",
    ),
    *_STATE.one(
        "statement_past_due_latest_days",
        latest("statement", col("days_past_due")),
        RAISES,
        "Days past due on the most recent statement",
    ),
    *_STATE.one(
        "accounts_late_now_count",
        tally("statement", _IN_ARREARS, state_by="account"),
        RAISES,
        "Accounts in arrears by their latest statement",
    ),
    *_STATE.one(
        "accounts_late_now_minor",
        total("statement", if_else(_IN_ARREARS, col("balance_minor"), 0), state_by="account"),
        RAISES,
        "Balance of the accounts in arrears",
    ),
    *_STATE.each(
        (730, EVER),
        "statements_default_{w}_count",
        tally("statement", _IN_DEFAULT),
        RAISES,
        "Statements in default, written off or in collection {w}",
    ),
    *_STATE.each(
        (730,),
        "statements_restructured_{w}_count",
        tally("statement", col("status").equals("restructured")),
        RAISES,
        "Statements of restructured debt {w}",
    ),
    *_STATE.one(
        "statement_late_recency_days",
        since_last("statement", _IN_ARREARS),
        LOWERS,
        "Time since an account was last in arrears",
    ),
    *_STATE.one(
        "statement_past_due_180d_trend_days_per_day",
        trend("statement", col("days_past_due"), days=180),
        RAISES,
        "Whether days past due have been growing",
    ),
)

_PAYMENTS: tuple[Feature, ...] = (
    *_PAID.each(
        (30, 90, 365),
        "payments_{w}_count",
        count("payment", col("amount_minor") > 0),
        LOWERS,
        "Payments made on accounts {w}",
    ),
    *_PAID.one(
        "payment_recency_days",
        since_last("payment", col("amount_minor") > 0),
        RAISES,
        "Time since the last payment on an account",
    ),
    *_PAID.one(
        "payment_365d_mean_minor",
        mean("payment", col("amount_minor"), days=365),
        LOWERS,
        "Size of a payment, on average, in the last year",
    ),
    *_PAID.one(
        "payment_variation_365d_ratio",
        spread("payment", col("amount_minor"), days=365)
        / mean("payment", col("amount_minor"), days=365),
        EITHER,
        "How much payments vary in size",
    ),
    *_PAID.each(
        (365,),
        "payments_reversed_{w}_count",
        tally("payment", col("amount_minor") < 0),
        RAISES,
        "Payments taken back {w}",
    ),
)

_UNSETTLED = col("settled_at").is_null()

_PUBLIC_RECORDS: tuple[Feature, ...] = (
    *_COURT.each(
        (365, 730, EVER),
        "public_records_{w}_count",
        count("public_record"),
        RAISES,
        "Court and public-register records {w}",
    ),
    *_COURT.one(
        "public_records_unsettled_count",
        count("public_record", _UNSETTLED),
        RAISES,
        "Court and public-register records not settled",
    ),
    *_COURT.one(
        "public_records_unsettled_minor",
        total("public_record", col("amount_minor"), _UNSETTLED),
        RAISES,
        "Amount of the court and public-register records not settled",
    ),
    *_COURT.one(
        "public_record_recency_days",
        since_last("public_record"),
        LOWERS,
        "Time since the last court or public-register record",
    ),
)

FEATURES: tuple[Feature, ...] = (
    *_INSTALMENTS,
    *_EARLIER_LOANS,
    *_STATEMENTS,
    *_PAYMENTS,
    *_PUBLIC_RECORDS,
)
