"""Whom to admit, and up to what: policies, limits, and the risk appetite behind them.

Appetite     ``read_appetite``; ``best_plan`` of threshold and caps, ``frontier``, ``out_of_bag``
Policy       ``read_policy`` from TOML, ``check_policy`` before it is published
Limits       ``Limits`` of exposure, and which one an amount would exceed (``exceeded``)
Decision     ``decide`` one person in process; ``decided`` a table of cases, as Ibis
"""

from benne.decisions._appetite import REST, Appetite, Bears, Cap, Segment, read_appetite
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
from benne.decisions._honest import Honest, Sample, out_of_bag, realised, swapped
from benne.decisions._limits import SCOPES, Exceeded, Limits, Scope, Used, exceeded
from benne.decisions._lowering import decided
from benne.decisions._optimum import (
    Grid,
    Infeasible,
    Plan,
    best_plan,
    frontier,
    grid_of,
    stressed,
    upper_rate,
)
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
    "REST",
    "SCOPES",
    "Appetite",
    "Bears",
    "Cap",
    "Decision",
    "Exceeded",
    "Fact",
    "Grid",
    "Honest",
    "Infeasible",
    "Limits",
    "Outcome",
    "Plan",
    "Policy",
    "PolicyFindings",
    "Rule",
    "Sample",
    "Scope",
    "Segment",
    "Step",
    "Used",
    "answer_facts",
    "best_plan",
    "check_policy",
    "decide",
    "decide_on",
    "decided",
    "exceeded",
    "facts_of",
    "frontier",
    "grid_of",
    "out_of_bag",
    "policy_from",
    "read_appetite",
    "read_policy",
    "realised",
    "stressed",
    "swapped",
    "upper_rate",
]
