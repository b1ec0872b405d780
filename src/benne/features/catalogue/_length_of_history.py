"""Length of history: how long, and how much, a person's credit has been on record."""

from __future__ import annotations

from benne.features._algebra import Feature
from benne.features.catalogue._build import (
    EITHER,
    LOWERS,
    count,
    factor,
    largest,
    mean,
    since_first,
    smallest,
)
from benne.features.catalogue._rows import OPEN
from benne.kernel import as_of, col, days_between

_LENGTH = factor(
    "length_of_history",
    "length_of_history",
    "no such record is known: a bin of its own",
    actionable=False,
)

_AGE = days_between(col("opened_at"), as_of)
_LIFE = days_between(col("opened_at"), col("closed_at"))

FEATURES: tuple[Feature, ...] = (
    *_LENGTH.one(
        "account_oldest_days", since_first("account"), LOWERS, "Age of the oldest account"
    ),
    *_LENGTH.one(
        "account_age_mean_days",
        mean("account", _AGE),
        LOWERS,
        "Age of accounts, on average",
        step=0.1,
    ),
    *_LENGTH.one(
        "account_open_oldest_days",
        largest("account", _AGE, OPEN),
        LOWERS,
        "Age of the oldest account that is still open",
    ),
    *_LENGTH.one(
        "account_open_newest_days",
        smallest("account", _AGE, OPEN),
        LOWERS,
        "Age of the newest account that is still open",
    ),
    *_LENGTH.one(
        "account_life_mean_days",
        mean("account", _LIFE),
        EITHER,
        "How long closed accounts had been open, on average",
        step=0.1,
    ),
    *_LENGTH.one(
        "account_life_max_days",
        largest("account", _LIFE),
        EITHER,
        "How long the longest-held closed account had been open",
    ),
    *_LENGTH.one(
        "statement_first_days",
        since_first("statement"),
        LOWERS,
        "Time since the first account statement",
    ),
    *_LENGTH.one(
        "instalment_first_days",
        since_first("instalment"),
        LOWERS,
        "Time since an instalment first fell due",
    ),
    *_LENGTH.one(
        "payment_first_days", since_first("payment"), LOWERS, "Time since the first payment"
    ),
    *_LENGTH.one("accounts_ever_count", count("account"), LOWERS, "Accounts opened so far"),
    *_LENGTH.one(
        "accounts_closed_ever_count", count("account", ~OPEN), LOWERS, "Accounts repaid and closed"
    ),
    *_LENGTH.one(
        "statements_ever_count", count("statement"), LOWERS, "Account statements on record"
    ),
    *_LENGTH.one("instalments_ever_count", count("instalment"), LOWERS, "Instalments on record"),
)
