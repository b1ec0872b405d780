"""A payment provider that fails in every documented way, as the next of its faults says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from benne.kernel import Conflict
from benne.orders._port import PaymentRequest, PaymentUnknown, Receipt

FAULTS = {
    "none": "It does what was asked, and says so",
    "lost request": "Nothing was done, and no answer comes",
    "lost answer": "It was done, and no answer comes (a timeout after success)",
    "declined": "Nothing was done, and it says so",
    "partial": "Half was done, and it says so",
    "late": "It says pending; it is done when it is asked again, or by a callback",
    "twice": "It does what was asked, and calls back twice",
    "out of order": "It does what was asked, and calls back done, then pending",
    "changed its mind": "It says declined, and calls back later that it was done",
}
"""Every way in which it answers."""


@dataclass(slots=True)
class _Made:
    request: PaymentRequest
    receipt: Receipt


class SimulatedProvider:
    """In memory.  ``faults`` are taken one a new payment; when they end, all goes well.

    ``callbacks`` are what it would send by itself, in the order in which it sends them.
    """

    def __init__(self, faults: Iterable[str] = ()) -> None:
        self._faults: Iterator[str] = iter(faults)
        self._made: dict[str, _Made] = {}
        self._waiting: list[str] = []
        self.callbacks: list[Receipt] = []

    def ask(self, request: PaymentRequest) -> Receipt:
        """See ``PaymentPort``."""
        known = self._made.get(request.payment)
        if known is not None:
            if known.request != request:
                raise Conflict(f"payment {request.payment} was asked for before, and differently.")
            return self._again(known)
        fault = next(self._faults, "none")
        if fault == "lost request":
            raise PaymentUnknown(f"the provider did not answer about {request.payment}.")
        done = {"declined": 0, "changed its mind": 0, "late": 0}.get(fault, request.amount_minor)
        if fault == "partial" and request.amount_minor > 1:
            done = request.amount_minor // 2
        status = {"declined": "declined", "changed its mind": "declined", "late": "pending"}
        receipt = Receipt(request.payment, status.get(fault, "done"), self._possible(request, done))
        self._made[request.payment] = _Made(request, receipt)
        self._call_back(fault, receipt)
        if fault == "lost answer":
            raise PaymentUnknown(f"the provider did not answer about {request.payment}.")
        return receipt

    def look_up(self, payment: str) -> Receipt | None:
        """See ``PaymentPort``."""
        known = self._made.get(payment)
        return None if known is None else self._again(known)

    def _again(self, made: _Made) -> Receipt:
        if made.receipt.status == "pending":
            self._finish(made)
        return made.receipt

    def _finish(self, made: _Made) -> None:
        amount = self._possible(made.request, made.request.amount_minor)
        status = "done" if amount else "declined"
        made.receipt = replace(made.receipt, status=status, done_minor=amount)

    def _possible(self, request: PaymentRequest, amount: int) -> int:
        """A provider captures and lets go of no more than it holds, and gives back what it took.

        Of what it did before it was started anew it knows nothing, and does as it is asked.
        """
        order, does = request.order, request.does
        if does in ("capture", "void") and self._did(order, "hold"):
            return min(amount, self.held_minor(order))
        if does == "refund" and self._did(order, "charge", "capture"):
            return min(amount, self.taken_minor(order))
        return amount

    def _did(self, order: str, *does: str) -> bool:
        return any(m.request.order == order and m.request.does in does for m in self._made.values())

    def _call_back(self, fault: str, receipt: Receipt) -> None:
        if fault == "twice":
            self.callbacks += [receipt, receipt]
        elif fault == "out of order":
            self.callbacks += [receipt, Receipt(receipt.payment, "pending", 0)]
        elif fault in ("late", "changed its mind"):
            self._waiting.append(receipt.payment)

    def settle(self) -> list[Receipt]:
        """Do what is still to be done, and all callbacks that are then due, once."""
        for payment in self._waiting:
            made = self._made[payment]
            if made.receipt.status != "done":
                self._finish(made)
            self.callbacks.append(made.receipt)
        self._waiting.clear()
        sent, self.callbacks = self.callbacks, []
        return sent

    def held_minor(self, order: str) -> int:
        """What is on hold for an order."""
        return self._sum(order, "hold") - self._sum(order, "capture") - self._sum(order, "void")

    def taken_minor(self, order: str) -> int:
        """What was taken for an order and not given back."""
        taken = self._sum(order, "charge") + self._sum(order, "capture")
        return taken - self._sum(order, "refund")

    def _sum(self, order: str, does: str) -> int:
        return sum(
            made.receipt.done_minor
            for made in self._made.values()
            if made.request.order == order and made.request.does == does
        )
