"""Policies for the tests."""

from __future__ import annotations

from benne.decisions import Policy, read_policy

FEATURES = {
    "breaches_unsettled_count": "int",
    "inquiries_30d_count": "int",
    "utilisation_ratio": "float",
}

POWER_BANK = """
schema = 1
name = "power_bank"
version = 1
service = "rental"
says = "Whom we lend a power bank to without a deposit"

[fields]
new_customer = "bool"
city = "text?"

[tables.cap]
over = "score"
below = 0
steps = [[600, 9900], [650, 20000], [700, 50000]]

[[rules]]
name = "no_score"
when = "answer != 'score'"
then = "refer"
code = "NO_SCORE"
says = "Nothing is known yet; this is not a low score."

[[rules]]
name = "low"
when = "score < 600"
then = "refuse"
code = "SCORE_BELOW"
unknown = "pass"

[[rules]]
name = "unpaid"
when = "breaches_unsettled_count > 0"
then = "refuse"
code = "WATCHLIST"

[[rules]]
name = "full"
when = "exposure_here_minor + amount_minor > 60000"
then = "refuse"
code = "EXPOSURE_FULL"

[[rules]]
name = "new"
when = "score >= 600 and new_customer"
then = "admit"
cap_minor = 5000

[[rules]]
name = "known"
when = "score >= 600 and not new_customer"
then = "admit"
cap_minor = "least(cap, 40000)"
"""


def power_bank(**changes: str) -> Policy:
    """The policy above, with some texts in the place of others."""
    text = POWER_BANK
    for old, new in changes.items():
        text = text.replace(old.replace("__", " "), new)
    return read_policy(text, features=FEATURES, where="power_bank.toml")


def made(rules: str, *, fields: str = "", tables: str = "", family: str = "sesame") -> Policy:
    """A policy of these ``rules``."""
    head = 'schema = 1\nname = "made"\nversion = 1\nservice = "rental"\nsays = "Made"\n'
    text = f'{head}family = "{family}"\n{fields}\n{tables}\n{rules}'
    return read_policy(text, features=FEATURES, where="made.toml")
