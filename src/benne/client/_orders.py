"""Orders over the wire, shared by the HTTP door and the client."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, TypeAlias

from msgspec import Meta, Struct

from benne.client._wire import Field, Minor, Name, PersonId

Number: TypeAlias = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Za-z_.:-]{1,64}$",
        description="The merchant's own number of the order: the same number is the same order.",
    ),
]
Positive: TypeAlias = Annotated[int, Meta(ge=1, le=2**53 - 1, description="Money, minor units.")]
Words: TypeAlias = Annotated[str, Meta(min_length=1, max_length=2000)]
Instant: TypeAlias = Annotated[datetime, Meta(tz=True)]
ActName: TypeAlias = Literal[
    "admit", "offer", "refuse", "deposit", "start", "extend", "progress", "benefit", "return",
    "complete", "deduct", "capture", "pay", "confirm", "refund", "reduce", "cancel", "pause",
    "resume", "dispute", "uphold", "correct", "withdraw", "claim", "award", "reject", "write_off",
    "ask_pause", "modify", "agree", "decline",
]  # fmt: skip


class Instalment(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One part of a price, and the day on which it falls due."""

    at: Instant
    amount_minor: Positive


class OrderAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A service on credit that a person wants.

    ``service`` is one of the standard services, ``offer`` what ``consult`` is asked about (the
    service's own name if it is left out).  ``price_minor`` bounds what may be charged, and
    ``deposit_minor`` what may be asked as compensation.  ``partial_deposit``: a person whose cap is
    lower than ``value_minor`` may put down the rest.  ``fields`` are the merchant's own facts,
    where the policy of the offer asks for some.
    """

    number: Number
    person: PersonId
    service: Name
    due_at: Instant
    value_minor: Positive
    deposit_minor: Minor = 0
    price_minor: Minor = 0
    promised: Annotated[int, Meta(ge=0, le=2**53 - 1)] = 0
    plan: Annotated[list[Instalment], Meta(max_length=60)] = []
    offer: Name | None = None
    partial_deposit: bool = False
    fields: dict[Name, Field] = {}


class Proof(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A document that a claim rests on, by the SHA-256 of its bytes."""

    kind: Annotated[str, Meta(min_length=1, max_length=64)]
    sha256: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}$")]


class OrderAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something done to an order; the `Idempotency-Key` is its id, remembered for ever.

    What each act needs is on the reference page of orders.  ``by`` is left out by merchants.
    """

    act: ActName
    by: Literal["merchant", "person", "system"] | None = None
    amount_minor: Annotated[int, Meta(ge=-(2**53) + 1, le=2**53 - 1)] | None = None
    compensation_minor: Minor | None = None
    until: Instant | None = None
    payment: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    text: Words | None = None
    proofs: Annotated[list[Proof], Meta(min_length=1, max_length=20)] | None = None
    value_minor: Positive | None = None
    deposit_minor: Minor | None = None
    price_minor: Minor | None = None


class SyncedAct(OrderAct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act as a list of them has it: on which order, and under which request id."""

    order: Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}$")]
    request: Annotated[str, Meta(pattern=r"^[!-~]{1,128}$")]


class Sync(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acts that a merchant brings together, each done or refused by itself, in order."""

    acts: Annotated[list[SyncedAct], Meta(min_length=1, max_length=500)]


class Due(Struct, frozen=True, kw_only=True):
    """What is, or was, to be paid by when."""

    at: datetime
    what: str
    amount_minor: int
    paid_minor: int
    forgiven_minor: int
    refunded_minor: int
    owed_minor: int


class Payment(Struct, frozen=True, kw_only=True):
    """What the provider was asked, and how it stands."""

    id: str
    does: str
    amount_minor: int
    done_minor: int
    status: str


class Breach(Struct, frozen=True, kw_only=True):
    """A promise that was broken."""

    at: datetime
    type: str
    amount_minor: int
    settled_at: datetime | None
    dispute: str


class Claim(Struct, frozen=True, kw_only=True):
    """What the merchant asked of its cover fund."""

    amount_minor: int
    awarded_minor: int
    state: str
    at: datetime


class Terms(Struct, frozen=True, kw_only=True):
    """The terms of an order or an offer, to be shown to the person before they take it.

    What is owed is paid within ``pay_within_days`` of the end (an instalment by its own day).  The
    person is reminded so many days before a deadline.  A promise counts as broken after
    ``grace_days``, and ``notice_days`` after the person was told that it would.  A deduction above
    ``confirm_above_minor`` waits for the person.
    """

    says: str
    pay_within_days: int
    reminders_days: list[int]
    grace_days: int
    notice_days: int
    confirm_above_minor: int
    extensions_max: int
    hardship_days_max: int
    kept: str
    broken: str


class Offer(Struct, frozen=True, kw_only=True):
    """What may be ordered (``offer`` of an order); ``service`` and ``terms`` null: any service."""

    offer: str
    purposes: list[str]
    service: str | None
    terms: Terms | None


class Amounts(Struct, frozen=True, kw_only=True):
    """What a merchant asks the person to agree to: with ``agree``, and these very amounts."""

    value_minor: int
    deposit_minor: int
    price_minor: int


class Order(Struct, frozen=True, kw_only=True):
    """An order as its merchant may have it.

    ``code`` says why it was refused, or offered a part.  ``can`` lists what may be done with it
    now; ``next_at`` is when the system does something by itself; ``answer_by`` is by when an
    objection must be answered, or it counts as right.  ``proposed`` waits for the person to agree.
    """

    id: str
    number: str
    person: str
    service: str
    state: str
    code: str | None
    policy: str | None
    answer: str | None
    created_at: datetime
    due_at: datetime
    started_at: datetime | None
    returned_at: datetime | None
    closed_at: datetime | None
    value_minor: int
    deposit_minor: int
    price_minor: int
    proposed: Amounts | None
    terms: Terms
    waived_minor: int
    required_minor: int
    held_minor: int
    owed_minor: int
    paid_minor: int
    exposure_minor: int
    dues: list[Due]
    payments: list[Payment]
    breaches: list[Breach]
    claim: Claim | None
    can: list[str]
    next_at: datetime | None
    answer_by: datetime | None = None
    consent_held_until: datetime | None


class Orders(Struct, frozen=True, kw_only=True):
    """A page of orders; ``after`` asks for the next one, null: this is the last."""

    orders: list[Order]
    after: str | None


class Referred(Struct, frozen=True, kw_only=True):
    """An order that a person is to decide: with admit, offer or refuse, before it expires.

    ``answer`` is the consult, which says what was known; ``code`` why it was referred.
    """

    id: str
    organisation: str
    service: str
    code: str | None
    policy: str | None
    answer: str | None
    value_minor: int
    deposit_minor: int
    price_minor: int
    created_at: datetime
    expires_at: datetime


class OpenClaim(Struct, frozen=True, kw_only=True):
    """A claim on a merchant's cover fund, to answer with award or reject, and what it rests on.

    ``owed_minor`` is what the person still owes, of which the fund has paid ``covered_minor``.
    """

    order: str
    organisation: str
    service: str
    at: datetime
    amount_minor: int
    text: str
    proofs: list[Proof]
    owed_minor: int
    covered_minor: int


class ActDone(Struct, frozen=True, kw_only=True):
    """One act in the history of an order."""

    request: str
    act: str
    by: str
    at: datetime
    start: str
    end: str


class History(Struct, frozen=True, kw_only=True):
    """All that was done to an order."""

    order: str
    acts: list[ActDone]


class SyncDone(Struct, frozen=True, kw_only=True):
    """What became of one act of a list: the order, or why it was refused."""

    request: str
    order: Order | None
    code: str | None
    detail: str | None


class Synced(Struct, frozen=True, kw_only=True):
    """What became of every act, in the order in which they came."""

    done: list[SyncDone]


class PaymentAsked(Struct, frozen=True, kw_only=True):
    """What a payment provider is to do: charge, hold, capture, void, refund or contribute.

    It does it once for each ``payment``, however often it sees it.  ``number`` and ``person`` are
    the names that ``organisation`` has for the order and the person; a merchant that contributes to
    its own cover fund has none.
    """

    payment: str
    does: str
    amount_minor: int
    organisation: str
    order: str | None
    number: str | None
    person: str | None


class Payments(Struct, frozen=True, kw_only=True):
    """A page of payments; ``after`` asks for the next one, null: this is the last."""

    payments: list[PaymentAsked]
    after: str | None


class Told(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a payment stands; ``done_minor`` is what was done of it in all."""

    status: Literal["pending", "done", "declined"]
    done_minor: Minor


class Heard(Struct, frozen=True, kw_only=True):
    """A callback was taken."""

    payment: str
    status: str


class PaidIn(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a merchant pays into its cover fund."""

    amount_minor: Positive


class Contribution(Struct, frozen=True, kw_only=True):
    """What a merchant asked to pay in, under its own request id, and what the provider took."""

    payment: str
    request: str
    amount_minor: int
    done_minor: int
    status: str
    at: datetime


class Fund(Struct, frozen=True, kw_only=True):
    """A merchant's cover fund: what it can pay, what it paid, its limits, and what was paid in.

    Of what was asked for, ``pending_minor`` is not taken yet, and cannot be paid out.
    """

    balance_minor: int
    pending_minor: int
    paid_minor: int
    paid_today_minor: int
    order_minor: int
    day_minor: int
    total_minor: int
    share_permille: int
    contributions: list[Contribution]
