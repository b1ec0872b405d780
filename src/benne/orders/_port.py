"""The port to a payment provider: what Benne asks of it, and what a real one would implement."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from benne.kernel import InvalidInput, Unavailable
from benne.orders._acts import Act
from benne.orders._order import Order, Payment


class PaymentUnknown(Unavailable):
    """The provider did not answer: the payment may or may not have been made; ask again."""


@dataclass(frozen=True, slots=True)
class PaymentRequest:
    """What is asked (``PAYMENTS``) for an order of a person.

    To ``contribute`` is the merchant's own affair: it has no order and no person.
    """

    payment: str
    order: str
    merchant: str
    subject: str
    does: str
    amount_minor: int


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the provider says: ``done_minor`` is what was done of the payment so far, in all."""

    payment: str
    status: str
    done_minor: int

    def __post_init__(self) -> None:
        if self.status not in ("pending", "done", "declined"):
            raise InvalidInput(
                f"a receipt's status is pending, done or declined; got {self.status!r}."
            )


class PaymentPort(Protocol):
    """A payment provider.  Both calls are idempotent by the payment's id: asked again for the same
    payment, it says how that one stands, and takes nothing twice."""

    def ask(self, request: PaymentRequest) -> Receipt:
        """Make the payment, in whole or in part; or say that it is pending, or declined.

        Raises:
            PaymentUnknown: no answer came; ask again with the same id.
        """
        ...

    def look_up(self, payment: str) -> Receipt | None:
        """How a payment stands; ``None``: it never came here.

        Raises:
            PaymentUnknown: no answer came.
        """
        ...


def request_of(order: Order, payment: Payment) -> PaymentRequest:
    """What to ask of the provider for one of the order's payments."""
    return PaymentRequest(
        payment.id, order.id, order.merchant, order.subject, payment.does, payment.amount_minor
    )


def contribution_of(payment: Payment, merchant: str) -> PaymentRequest:
    """What to ask of the provider for what a merchant pays into its cover fund."""
    return PaymentRequest(payment.id, "", merchant, "", payment.does, payment.amount_minor)


def told_by(receipt: Receipt, *, at: int) -> Act:
    """The act by which an order hears what the provider says.

    Its request id follows from what is said, so that a callback that comes twice is the same.
    """
    return Act(
        request=f"told {receipt.payment} {receipt.status} {receipt.done_minor}",
        name="told",
        at=at,
        by="provider",
        payment=receipt.payment,
        status=receipt.status,
        amount_minor=receipt.done_minor,
    )
