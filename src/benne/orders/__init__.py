"""Services on credit in use: one state machine, a double-entry ledger, claims and a payment port.

Service      ``standard_services``, ``read_service``: what may be lent or owed, on which terms
Order        ``open_order`` and ``apply`` an ``Act``: a ``Step`` says what the order becomes, what
             is posted, who is told, which evidence it makes, and what to ask of the provider;
             ``possible`` is what may be done, ``next_task`` what the system does by itself;
             ``MOVES`` is the whole machine
Life         ``begin`` and ``act_on``: the same in memory, where a repeated request moves nothing
Ledger       ``Entry``, ``balances``, ``trial_balance``; ``Fund`` covers a merchant's losses
Payments     ``PaymentPort`` is what a provider implements; ``SimulatedProvider`` fails on demand
Evidence     ``evidence_of`` an order: rows for the ordinary ingest; ``exposure_seen`` in them
"""

from benne.orders._acts import ACTORS, ACTS, Act, Opening, Rule
from benne.orders._agenda import Task, next_task
from benne.orders._evidence import EvidenceRow, evidence_of
from benne.orders._exposure import exposure_seen
from benne.orders._fund import Fund, FundLimits, pay_in
from benne.orders._ledger import ACCOUNTS, Entry, Posting, balances, moved, trial_balance
from benne.orders._life import Life, act_on, begin, demand_same
from benne.orders._moves import CONDITIONS, MOVES, NOTICES, Move, acts_of
from benne.orders._order import (
    CHARGES,
    ENDED,
    OVER,
    PAUSED,
    PAYMENT_STATES,
    PAYMENTS,
    STATES,
    WAITING,
    Amounts,
    Breach,
    Claim,
    Deadline,
    Due,
    Order,
    Payment,
    Proof,
    breaks_at,
    deadline,
)
from benne.orders._port import (
    PaymentPort,
    PaymentRequest,
    PaymentUnknown,
    Receipt,
    contribution_of,
    request_of,
    told_by,
)
from benne.orders._possible import possible
from benne.orders._services import (
    PAYING,
    SERVICES,
    Service,
    Terms,
    read_service,
    standard_services,
)
from benne.orders._simulated import FAULTS, SimulatedProvider
from benne.orders._step import Notice, Step, apply, open_order

__all__ = [
    "ACCOUNTS",
    "ACTORS",
    "ACTS",
    "CHARGES",
    "CONDITIONS",
    "ENDED",
    "FAULTS",
    "MOVES",
    "NOTICES",
    "OVER",
    "PAUSED",
    "PAYING",
    "PAYMENTS",
    "PAYMENT_STATES",
    "SERVICES",
    "STATES",
    "WAITING",
    "Act",
    "Amounts",
    "Breach",
    "Claim",
    "Deadline",
    "Due",
    "Entry",
    "EvidenceRow",
    "Fund",
    "FundLimits",
    "Life",
    "Move",
    "Notice",
    "Opening",
    "Order",
    "Payment",
    "PaymentPort",
    "PaymentRequest",
    "PaymentUnknown",
    "Posting",
    "Proof",
    "Receipt",
    "Rule",
    "Service",
    "SimulatedProvider",
    "Step",
    "Task",
    "Terms",
    "act_on",
    "acts_of",
    "apply",
    "balances",
    "begin",
    "breaks_at",
    "contribution_of",
    "deadline",
    "demand_same",
    "evidence_of",
    "exposure_seen",
    "moved",
    "next_task",
    "open_order",
    "pay_in",
    "possible",
    "read_service",
    "request_of",
    "standard_services",
    "told_by",
    "trial_balance",
]
