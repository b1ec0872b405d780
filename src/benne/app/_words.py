"""The names of the rooms below that doors speak of."""

from __future__ import annotations

from benne.orders import (
    ACTS as ORDER_ACTS,
    Act as OrderAct,
    Amounts as Amounts,
    Breach as Breach,
    Claim as Claim,
    Due as Due,
    Fund as Fund,
    FundLimits as FundLimits,
    Order as Order,
    Payment as OrderPayment,
    PaymentPort as PaymentPort,
    Proof as Proof,
    Receipt as PaymentReceipt,
    Service as OrderService,
    SimulatedProvider as SimulatedProvider,
)
from benne.rights import Dispute as Dispute, Frequency as Frequency
from benne.scores import (
    Answer as Answer,
    Erased as Erased,
    Inquiries as Inquiries,
    NoConsent as NoConsent,
    NotEnoughEvidence as NotEnoughEvidence,
    Score as Score,
    Unavailable as Unavailable,
    Watchlist as Watchlist,
    WatchRow as WatchRow,
    level_of as level_of,
)

__all__ = [
    "ORDER_ACTS",
    "Amounts",
    "Answer",
    "Breach",
    "Claim",
    "Dispute",
    "Due",
    "Erased",
    "Frequency",
    "Fund",
    "FundLimits",
    "Inquiries",
    "NoConsent",
    "NotEnoughEvidence",
    "Order",
    "OrderAct",
    "OrderPayment",
    "OrderService",
    "PaymentPort",
    "PaymentReceipt",
    "Proof",
    "Score",
    "SimulatedProvider",
    "Unavailable",
    "WatchRow",
    "Watchlist",
    "level_of",
]
