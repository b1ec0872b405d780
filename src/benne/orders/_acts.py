"""What may be done to an order, by whom, and what must be said with it."""

from __future__ import annotations

from dataclasses import dataclass, fields

from benne.kernel import InvalidInput, content_hash
from benne.orders._order import PAYMENT_STATES, Due, Proof

ACTORS = ("merchant", "person", "system", "provider")


@dataclass(frozen=True, slots=True)
class Rule:
    """Who may do an act, which values it needs, and which it may have."""

    says: str
    by: tuple[str, ...]
    needs: tuple[str, ...] = ()
    may: tuple[str, ...] = ()


_M, _P, _S = "merchant", "person", "system"

ACTS: dict[str, Rule] = {
    "admit": Rule(
        "Benne admits the person without a deposit, up to an amount", (_S,), (), ("amount_minor",)
    ),
    "offer": Rule("Benne admits the person if they put down a part", (_S,), ("amount_minor",)),
    "refuse": Rule("Benne does not admit the person", (_S,), ("text",)),
    "deposit": Rule("The person puts down the part that was asked", (_P, _M)),
    "expire": Rule("Nobody started the order in time", (_S,)),
    "start": Rule("The goods are handed over, or the service begins", (_M, _P)),
    "modify": Rule(
        "The merchant changes what is at risk, the price or the deposit; for a rise it asks",
        (_M,), (), ("value_minor", "deposit_minor", "price_minor"),
    ),
    "agree": Rule(
        "The person agrees to a rise, and says to which", (_P,),
        ("value_minor", "deposit_minor", "price_minor"),
    ),
    "decline": Rule("The person does not agree to a rise: all stays as it was", (_P,)),
    "extend": Rule("The end agreed moves later", (_M,), ("until",)),
    "progress": Rule("A step, or a step back, of what was promised", (_M,), ("amount_minor",)),
    "benefit": Rule("The person received a benefit", (_M,), ("amount_minor",)),
    "return": Rule("The goods are back", (_M,)),
    "complete": Rule(
        "The service is over, and this is what it costs", (_M, _S), (),
        ("amount_minor", "compensation_minor", "text"),
    ),
    "deduct": Rule("Money is to be taken for what is owed", (_M, _S), (), ("amount_minor",)),
    "capture": Rule("Some of the money on hold is to be taken", (_M, _S), (), ("amount_minor",)),
    "pay": Rule("The person pays of their own accord", (_P,), (), ("amount_minor",)),
    "confirm": Rule("The person confirms a large deduction", (_P,), ("payment",)),
    "told": Rule(
        "The provider says how a payment stands", ("provider",), ("payment", "status"),
        ("amount_minor",),
    ),
    "refund": Rule("The merchant gives money back", (_M,), ("amount_minor",)),
    "reduce": Rule("The merchant asks for less", (_M,), ("amount_minor",)),
    "cancel": Rule("The order is undone, and with it all that was charged", (_M, _P)),
    "remind": Rule("The person is reminded of a deadline", (_S,)),
    "warn": Rule("The person is told that a breach will be recorded", (_S,)),
    "lapse": Rule("A promise counts as broken", (_S,)),
    "ask_pause": Rule("The person asks for a pause, in hardship", (_P,), ("text",), ("until",)),
    "pause": Rule("Hardship: clocks stop, and nothing is deducted", (_M, _S), ("until", "text")),
    "resume": Rule("The pause is over", (_M, _P, _S)),
    "dispute": Rule("The person objects: clocks stop, and nothing is deducted", (_P,), ("text",)),
    "uphold": Rule("The objection was checked; the merchant was right", (_M, _S), ("text",)),
    "correct": Rule(
        "The objection was checked; the person was right", (_M, _S), ("text",), ("amount_minor",)
    ),
    "concede": Rule("Nobody answered the objection in time: it counts as right", (_S,)),
    "withdraw": Rule("The person takes the objection back", (_P,)),
    "claim": Rule(
        "The merchant asks its loss cover fund", (_M,), ("amount_minor", "proofs", "text")
    ),
    "award": Rule("The fund pays", (_S,), ("amount_minor",)),
    "reject": Rule("The fund does not pay, or the claim is taken back", (_S, _M), ("text",)),
    "write_off": Rule("The merchant expects nothing more", (_M,)),
    "hold_consent": Rule(
        "Consent was revoked; what runs goes on under a hold that ends", (_S,), ("until",)
    ),
    "end_hold": Rule("The hold is over: nothing new of the order becomes evidence", (_S,)),
}  # fmt: skip
"""Every act but ``create``, which makes the order."""

_SIGNED = frozenset({"progress"})


@dataclass(frozen=True, slots=True)
class Act:
    """One request to an order.  ``request`` is the caller's own id; the same moves nothing twice.

    Raises:
        InvalidInput: no such act; a value that it needs is missing, or one it has no use for.
    """

    request: str
    name: str
    at: int
    by: str
    amount_minor: int | None = None
    compensation_minor: int | None = None
    until: int | None = None
    payment: str | None = None
    status: str | None = None
    text: str | None = None
    proofs: tuple[Proof, ...] | None = None
    value_minor: int | None = None
    deposit_minor: int | None = None
    price_minor: int | None = None

    def __post_init__(self) -> None:
        rule = ACTS.get(self.name)
        if rule is None:
            raise InvalidInput(f"an act must be one of {', '.join(ACTS)}; got {self.name!r}.")
        if self.by not in rule.by:
            raise InvalidInput(f"{self.name} is done by {' or '.join(rule.by)}; got {self.by!r}.")
        _demand_request(self.request)
        said = {f.name for f in fields(self)[4:] if getattr(self, f.name) is not None}
        missing = [name for name in rule.needs if name not in said]
        if missing:
            raise InvalidInput(f"{self.name} needs {', '.join(missing)}; state it.")
        surplus = sorted(said - set(rule.needs) - set(rule.may))
        if surplus:
            raise InvalidInput(f"{self.name} has no {surplus[0]}; leave it out.")
        _demand_values(self)

    @property
    def digest(self) -> str:
        """SHA-256 of all that the caller said: a repeated id must say the same."""
        return content_hash(
            {
                "name": self.name,
                "by": self.by,
                "amount_minor": self.amount_minor,
                "compensation_minor": self.compensation_minor,
                "until": self.until,
                "payment": self.payment,
                "status": self.status,
                "text": self.text,
                "proofs": [[p.kind, p.sha256] for p in self.proofs or ()],
                **self._amounts,
            }
        )

    @property
    def _amounts(self) -> dict[str, int]:
        """Only what was said: what was said before these were there has the digest that it had."""
        said = {name: getattr(self, name) for name in _CHANGED}
        return {name: value for name, value in said.items() if value is not None}


_CHANGED = ("value_minor", "deposit_minor", "price_minor")


def _demand_request(request: str) -> None:
    if not 1 <= len(request) <= 128 or not request.isprintable():
        raise InvalidInput(
            f"a request id must be 1 to 128 printable characters; got {request[:140]!r}."
        )


def _demand_values(act: Act) -> None:
    for name in ("amount_minor", "compensation_minor", *_CHANGED):
        value = getattr(act, name)
        least = 0 if name != "amount_minor" or act.name in ("told", "complete") else 1
        if value is not None and act.name not in _SIGNED and value < least:
            raise InvalidInput(f"{act.name}: {name} must be {least} or more; got {value}.")
        if value is not None and abs(value) >= 2**53:
            raise InvalidInput(f"{act.name}: {name} must be below 2**53; got {value}.")
    if act.status is not None and act.status not in PAYMENT_STATES:
        raise InvalidInput(
            f"a payment's status is one of {', '.join(PAYMENT_STATES)}; got {act.status!r}."
        )
    if act.text is not None and not 1 <= len(act.text.strip()) <= 2000:
        raise InvalidInput(f"{act.name}: text must be 1 to 2,000 characters; got {len(act.text)}.")
    if act.proofs is not None and not 1 <= len(act.proofs) <= 20:
        raise InvalidInput(f"a claim rests on 1 to 20 proofs; got {len(act.proofs)}.")


@dataclass(frozen=True, slots=True)
class Opening:
    """What a merchant asks for: the first act of an order.  ``due_at`` is the end agreed.

    ``plan`` are the dues of a service that is paid by a schedule; ``promised_minor`` is what a
    membership promises: times, or an amount.
    """

    request: str
    order: str
    service: str
    merchant: str
    subject: str
    at: int
    due_at: int
    value_minor: int
    deposit_minor: int = 0
    price_minor: int = 0
    promised_minor: int = 0
    plan: tuple[Due, ...] = ()

    def __post_init__(self) -> None:
        _demand_request(self.request)
        for name in ("value_minor", "deposit_minor", "price_minor", "promised_minor"):
            value = getattr(self, name)
            if not 0 <= value < 2**53:
                raise InvalidInput(f"{name} must be 0 or more, and below 2**53; got {value}.")

    @property
    def digest(self) -> str:
        """SHA-256 of all that the merchant said; not of the id and the instant that we gave it."""
        return content_hash(
            {
                "service": self.service,
                "merchant": self.merchant,
                "subject": self.subject,
                "due_at": self.due_at,
                "value_minor": self.value_minor,
                "deposit_minor": self.deposit_minor,
                "price_minor": self.price_minor,
                "promised_minor": self.promised_minor,
                "plan": [[due.at, due.amount_minor, due.what] for due in self.plan],
            }
        )
