"""Credit mix: what kinds of credit a person holds."""

from __future__ import annotations

from benne.features._algebra import Feature
from benne.features.catalogue._build import (
    EITHER,
    LOWERS,
    RAISES,
    count,
    distinct,
    factor,
    largest,
    latest,
    mean,
    share,
    smallest,
)
from benne.features.catalogue._rows import OPEN
from benne.kernel import col

_MIX = factor("credit_mix", "credit_mix", "no account is known: a bin of its own")

_WITHOUT_LIMIT = col("limit_minor").is_null()
_SHORT = col("term_days") <= 31

FEATURES: tuple[Feature, ...] = (
    *_MIX.one("accounts_open_count", count("account", OPEN), EITHER, "Accounts open now"),
    *_MIX.one(
        "accounts_open_share", share("account", OPEN), EITHER, "Share of accounts still open"
    ),
    *_MIX.one(
        "products_ever_count",
        distinct("account", col("product")),
        LOWERS,
        "Different kinds of credit held so far",
    ),
    *_MIX.one(
        "products_open_count",
        distinct("account", col("product"), OPEN),
        LOWERS,
        "Different kinds of credit held now",
    ),
    *_MIX.one(
        "product_latest_category",
        latest("account", col("product")),
        EITHER,
        "Kind of the most recent credit",
    ),
    *_MIX.one(
        "ownership_latest_category",
        latest("account", col("ownership")),
        EITHER,
        "Ownership of the most recent account, alone or joint",
    ),
    *_MIX.one(
        "accounts_secured_share",
        share("account", col("secured")),
        LOWERS,
        "Share of accounts that are secured",
    ),
    *_MIX.one(
        "accounts_revolving_share",
        1 - share("account", _WITHOUT_LIMIT),
        EITHER,
        "Share of accounts with a limit, such as cards",
    ),
    *_MIX.one(
        "accounts_revolving_open_count",
        count("account", OPEN & ~_WITHOUT_LIMIT),
        EITHER,
        "Open accounts with a limit, such as cards",
    ),
    *_MIX.one(
        "loans_short_share",
        share("account", _SHORT),
        RAISES,
        "Share of loans for a month or less",
    ),
    *_MIX.one(
        "loan_term_latest_days",
        latest("account", col("term_days")),
        EITHER,
        "Term of the most recent loan",
    ),
    *_MIX.one(
        "loan_term_ever_mean_days",
        mean("account", col("term_days")),
        EITHER,
        "Term of loans, on average",
        step=0.1,
    ),
    *_MIX.one(
        "loan_term_ever_max_days",
        largest("account", col("term_days")),
        LOWERS,
        "Longest term of a loan so far",
    ),
    *_MIX.one(
        "loan_term_ever_min_days",
        smallest("account", col("term_days")),
        LOWERS,
        "Shortest term of a loan so far",
    ),
)
