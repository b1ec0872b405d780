"""An order: a service on credit in use, with what it owes, holds, and has broken."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from benne.kernel import MICROS_PER_DAY, InvalidInput
from benne.orders._services import Service, Terms

STATES = (
    "created", "refused", "offered", "admitted", "expired", "cancelled", "running", "extended",
    "returned", "paying", "completed", "refunded", "overdue", "hardship", "disputed", "claimed",
    "settled", "written_off",
)  # fmt: skip
"""Every state of an order.  ``offered``: admitted if the person puts down a part of the deposit."""

ENDED = frozenset({"refused", "expired", "cancelled", "completed", "refunded", "settled"})
"""The states in which nothing more is owed: nothing may be on hold any more."""

OVER = ENDED | {"written_off"}
"""The states in which the merchant expects nothing more."""

WAITING = frozenset({"created", "offered", "admitted"})
"""The states before the service is used."""

PAUSED = frozenset({"hardship", "disputed"})
"""The states in which clocks stand still and nothing is deducted."""

CHANGEABLE = ("admitted", "running", "extended", "returned")
"""The states in which what is at risk, the price and the deposit may be changed."""

CHARGES = ("use", "price", "instalment", "benefit", "compensation")
"""What a due may be for.  Compensation is bounded by the deposit, all others by the price."""

PAYMENTS = ("charge", "hold", "capture", "void", "refund", "contribute")
"""What is asked of the payment provider: take money; put money on hold; take some of what is on
hold; let go of some of it; give money back; take what a merchant pays into its cover fund."""

PAYMENT_STATES = ("unconfirmed", "pending", "done", "declined", "cancelled")


@dataclass(frozen=True, slots=True)
class Due:
    """An amount to be paid by an instant, and what became of it, in minor units."""

    at: int
    amount_minor: int
    what: str
    paid_minor: int = 0
    forgiven_minor: int = 0
    refunded_minor: int = 0
    paid_at: int | None = None

    def __post_init__(self) -> None:
        if self.what not in CHARGES:
            raise InvalidInput(f"a due is for one of {', '.join(CHARGES)}; got {self.what!r}.")
        if self.amount_minor < 1:
            raise InvalidInput(f"a due must be 1 minor unit or more; got {self.amount_minor}.")

    @property
    def owed_minor(self) -> int:
        """What is still to be paid."""
        return self.amount_minor - self.forgiven_minor - self.paid_minor

    @property
    def net_minor(self) -> int:
        """What the merchant keeps of it, or is to get."""
        return self.amount_minor - self.forgiven_minor - self.refunded_minor


@dataclass(frozen=True, slots=True)
class Payment:
    """One thing asked of the provider, by an id that is asked with again until it is answered.

    It is asked from ``asked_at`` on.
    """

    id: str
    does: str
    amount_minor: int
    asked_at: int
    status: str = "pending"
    done_minor: int = 0
    confirmed: bool = False

    @property
    def open(self) -> bool:
        """Whether its end is not known."""
        return self.status in ("unconfirmed", "pending")

    @property
    def fell_short(self) -> bool:
        """Whether the provider answered, and did not do all of it."""
        return self.status in ("done", "declined") and self.done_minor < self.amount_minor

    def told(self, status: str, done_minor: int) -> tuple[Payment, int]:
        """The payment after the provider said how it stands, and how much more was done of it.

        What it says is cumulative: said twice, or late, it moves nothing twice.

        Raises:
            InvalidInput: more was done than was asked for.
        """
        if done_minor > self.amount_minor:
            raise InvalidInput(
                f"payment {self.id} was asked for {self.amount_minor}; the provider says "
                f"{done_minor} was done; it must mend that first."
            )
        more = max(done_minor - self.done_minor, 0)
        if not self.open and (status == "pending" or (not more and self.status == "done")):
            status = self.status
        return replace(self, status=status, done_minor=self.done_minor + more), more


@dataclass(frozen=True, slots=True)
class Breach:
    """A promise that was broken.  Settling it clears the flag, and not the past."""

    at: int
    type: str
    amount_minor: int
    settled_at: int | None = None
    dispute: str = "original"


@dataclass(frozen=True, slots=True)
class Proof:
    """What a claim rests on: which kind of document, and the SHA-256 of its bytes in hex."""

    kind: str
    sha256: str

    def __post_init__(self) -> None:
        if len(self.sha256) != 64 or set(self.sha256) - set("0123456789abcdef"):
            raise InvalidInput(
                f"a proof is named by the SHA-256 of its bytes, 64 hex digits; got {self.sha256!r}."
            )
        if not self.kind.strip():
            raise InvalidInput("a proof must say what it is, such as photo or contract.")


@dataclass(frozen=True, slots=True)
class Claim:
    """What the merchant asks of its loss cover fund, and why."""

    amount_minor: int
    at: int
    proofs: tuple[Proof, ...]
    text: str
    awarded_minor: int = 0
    state: str = "open"


@dataclass(frozen=True, slots=True)
class Amounts:
    """What an order has at risk, and the most that it may ask for, in minor units."""

    value_minor: int
    deposit_minor: int
    price_minor: int

    def above(self, other: Amounts) -> bool:
        """Whether any of them is above ``other``'s."""
        return (
            self.value_minor > other.value_minor
            or self.deposit_minor > other.deposit_minor
            or self.price_minor > other.price_minor
        )


@dataclass(frozen=True, slots=True)
class Order:
    """A service on credit.  Instants are int64 microseconds, money int64 minor units.

    ``value_minor`` is what the merchant has at risk.  ``price_minor`` is the most that may be
    charged beside compensation, which ``deposit_minor`` bounds.  Of the deposit, ``waived_minor``
    need not be paid; ``required_minor`` is what a person who was offered a part must put down.
    ``cap_minor`` is up to what the person was admitted without; ``proposed`` are higher amounts,
    which the merchant asks the person to agree to.  ``terms`` are those of its offer, where they
    are other than the service's: as they were when it was made.  An objection that nobody answered
    by ``answer_by`` counts as right.
    """

    id: str
    service: str
    merchant: str
    subject: str
    created_at: int
    due_at: int
    value_minor: int
    deposit_minor: int
    price_minor: int
    state: str = "created"
    prior: str | None = None
    last_at: int = 0
    moves: int = 0
    waived_minor: int = 0
    required_minor: int = 0
    held_minor: int = 0
    awarded_minor: int = 0
    covered_minor: int = 0
    lost_minor: int = 0
    fund_lost_minor: int = 0
    surplus_minor: int = 0
    promised_minor: int = 0
    progress_minor: int = 0
    benefits_minor: int = 0
    plan: tuple[Due, ...] = ()
    dues: tuple[Due, ...] = ()
    payments: tuple[Payment, ...] = ()
    breaches: tuple[Breach, ...] = ()
    claim: Claim | None = None
    started_at: int | None = None
    returned_at: int | None = None
    goods_lost: bool = False
    completed_at: int | None = None
    closed_at: int | None = None
    paused_at: int | None = None
    pause_until: int | None = None
    answer_by: int | None = None
    paused_micros: int = 0
    extensions: int = 0
    reminded: tuple[int, ...] = ()
    warned_at: int | None = None
    consent_held_until: int | None = None
    hold_over: bool = False
    cap_minor: int = 0
    proposed: Amounts | None = None
    terms: Terms | None = None

    @property
    def amounts(self) -> Amounts:
        """What may be changed while it runs."""
        return Amounts(self.value_minor, self.deposit_minor, self.price_minor)

    @property
    def owed_minor(self) -> int:
        """What the person is still to pay."""
        return sum(due.owed_minor for due in self.dues)

    @property
    def paid_minor(self) -> int:
        """What the person paid and did not get back."""
        return sum(due.paid_minor - due.refunded_minor for due in self.dues)

    @property
    def compensation_minor(self) -> int:
        """What was charged as compensation, less what was forgiven or given back."""
        return sum(due.net_minor for due in self.dues if due.what == "compensation")

    @property
    def charged_minor(self) -> int:
        """What was charged beside compensation, less what was forgiven or given back."""
        return sum(due.net_minor for due in self.dues if due.what != "compensation")

    @property
    def settled(self) -> bool:
        """Whether it is over, and the provider has answered all that it was asked for it."""
        return self.state in OVER and not any(payment.open for payment in self.payments)

    def pending_minor(self, *does: str) -> int:
        """What is asked of the provider by open payments of these kinds, and not yet done."""
        return sum(
            p.amount_minor - p.done_minor for p in self.payments if p.open and p.does in does
        )

    @property
    def collectable_minor(self) -> int:
        """What is owed and not already asked for: the most that a new payment may take."""
        return self.owed_minor - self.pending_minor("charge", "capture")

    @property
    def given_twice_minor(self) -> int:
        """What the provider gave back beyond what was to go back, and was not set off since."""
        taken = sum(p.done_minor for p in self.payments if p.does in ("charge", "capture"))
        back = sum(p.done_minor for p in self.payments if p.does == "refund")
        return self.paid_minor + self.surplus_minor - (taken - back)

    def deductible_minor(self, at: int) -> int:
        """What the merchant may take at ``at``: an instalment not before the day agreed for it."""
        ahead = (d.owed_minor for d in self.dues if d.what == "instalment" and d.at > at)
        return self.collectable_minor - sum(ahead)

    @property
    def exposure_minor(self) -> int:
        """What the merchant can still lose: value at risk less deposit put down and paid.

        An objection to an order that is over puts nothing at risk again.
        """
        state = self.prior if self.state == "disputed" else self.state
        if state in OVER or state == "created":
            return 0
        held = self.required_minor if self.state == "offered" else self.held_minor
        return max(self.value_minor - held - self.paid_minor, 0)

    def pause_runs(self, at: int) -> bool:
        """Whether a pause for hardship, that was agreed before an objection, is not over yet."""
        return self.pause_until is not None and at < self.pause_until

    def goods_out(self, service: Service) -> bool:
        """Whether goods are with the person and expected back."""
        return (
            service.goods
            and self.started_at is not None
            and self.returned_at is None
            and not self.goods_lost
        )

    def done(self, service: Service) -> bool:
        """Whether all that was promised is done: goods back, final, and nothing owed."""
        final = self.completed_at is not None or (
            service.paying == "schedule" and self.started_at is not None
        )
        return final and self.owed_minor == 0 and not self.goods_out(service)

    def payment(self, id: str) -> Payment:
        """The payment ``id``.  Raises ``InvalidInput`` where there is none."""
        for payment in self.payments:
            if payment.id == id:
                return payment
        known = ", ".join(p.id for p in self.payments) or "none"
        raise InvalidInput(f"order {self.id} has no payment {id!r}; it has {known}.")


@dataclass(frozen=True, slots=True)
class Deadline:
    """By when a promise must be kept, and what kind of breach it otherwise is."""

    at: int
    type: str


def deadline(order: Order, service: Service) -> Deadline | None:
    """The next promise of the order that is not kept yet, as its clocks stand."""
    open_ones = [Deadline(due.at, "unpaid") for due in order.dues if due.owed_minor]
    if order.goods_out(service):
        open_ones.append(Deadline(order.due_at, "not_returned"))
    return min(open_ones, key=lambda promise: promise.at, default=None)


def breaks_at(order: Order, service: Service) -> int | None:
    """When the next promise counts as broken; ``None`` where none is open.

    Not before its grace has passed, nor before the person was told for long enough.
    """
    promise = deadline(order, service)
    if promise is None:
        return None
    terms = service.terms
    told = promise.at if order.warned_at is None else order.warned_at
    return max(
        promise.at + terms.grace_days * MICROS_PER_DAY,
        told + terms.notice_days * MICROS_PER_DAY,
    )


def shifted(order: Order, *, until: int) -> Order:
    """The order with its clocks moved on by the time for which it was paused."""
    assert order.paused_at is not None
    pause = max(until - order.paused_at, 0)
    return replace(
        order,
        due_at=order.due_at + pause,
        dues=tuple(
            replace(due, at=due.at + pause) if due.owed_minor else due for due in order.dues
        ),
        warned_at=None if order.warned_at is None else order.warned_at + pause,
        paused_micros=order.paused_micros + pause,
        paused_at=None,
        pause_until=None,
    )


def paid_off(dues: Iterable[Due], amount_minor: int, *, at: int) -> tuple[tuple[Due, ...], int]:
    """The dues after a payment, the oldest first, and what is left of it."""
    found = list(dues)
    for place in sorted(range(len(found)), key=lambda i: (found[i].at, i)):
        due = found[place]
        part = min(due.owed_minor, amount_minor)
        if part:
            found[place] = replace(due, paid_minor=due.paid_minor + part, paid_at=at)
            amount_minor -= part
    return tuple(found), amount_minor
