"""Whom to admit, and up to what: policies, limits, and the risk appetite behind them.

Policy       ``read_policy`` from TOML, ``check_policy`` before it is published
Limits       ``Limits`` of exposure, and which one an amount would exceed (``exceeded``)
Decision     ``decide`` one person in process; ``decided`` a table of cases, as Ibis
"""

from benne.decisions._check import PolicyFindings, check_policy
from benne.decisions._decide import (
    CAP_UNKNOWN,
    NO_RULE,
    Decision,
    Step,
    answer_facts,
    decide,
    decide_on,
    facts_of,
)
from benne.decisions._limits import SCOPES, Exceeded, Limits, Scope, Used, exceeded
from benne.decisions._lowering import decided
from benne.decisions._policy import (
    FACTS,
    OUTCOMES,
    Fact,
    Outcome,
    Policy,
    Rule,
    policy_from,
    read_policy,
)

__all__ = [
    "CAP_UNKNOWN",
    "FACTS",
    "NO_RULE",
    "OUTCOMES",
    "SCOPES",
    "Decision",
    "Exceeded",
    "Fact",
    "Limits",
    "Outcome",
    "Policy",
    "PolicyFindings",
    "Rule",
    "Scope",
    "Step",
    "Used",
    "answer_facts",
    "check_policy",
    "decide",
    "decide_on",
    "decided",
    "exceeded",
    "facts_of",
    "policy_from",
    "read_policy",
]
