"""Money asked of the provider, and what it answers: late, twice, in part or out of order."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benne.kernel import MICROS_PER_DAY, Conflict
from benne.orders._order import CHANGEABLE, OVER, PAUSED, Order
from benne.orders._work import Work, take


def _deposit(work: Work) -> None:
    order = work.order
    missing = order.required_minor - order.held_minor - order.pending_minor("hold")
    if missing < 1:
        raise Conflict(f"the deposit of order {order.id} is on hold, or already asked for.")
    work.ask("hold", missing)


def _deduct(work: Work) -> None:
    """A large sum waits for the person, however many slices it comes in.

    Each instalment of a plan is a sum of its own, which was agreed with its day.
    """
    order = work.order
    amount = _amount(work, order.deductible_minor(work.act.at))
    since = min((d.at for d in order.dues if d.owed_minor and d.what == "instalment"), default=0)
    unconfirmed = sum(
        p.amount_minor if p.open else p.done_minor
        for p in order.payments
        if p.does == "charge" and not p.confirmed and p.asked_at >= since
    )
    large = unconfirmed + amount > work.service.terms.confirm_above_minor
    work.ask("charge", amount, status="unconfirmed" if large else "pending")


def _capture(work: Work) -> None:
    order = work.order
    free = order.held_minor - order.pending_minor("capture")
    owed = order.deductible_minor(work.act.at)
    most = max(min(owed, free), 0)
    amount = most if work.act.amount_minor is None else work.act.amount_minor
    if not 0 < amount <= most:
        raise Conflict(
            f"of order {order.id} {most} can be captured: {max(owed, 0)} may be taken now and is "
            f"not asked for, {free} is on hold; got {amount}."
        )
    work.ask("capture", amount)


def _pay(work: Work) -> None:
    """Who pays by hand need not confirm as well: what waited for that is asked for no more."""
    _drop_unconfirmed(work)
    work.ask("charge", _amount(work, work.order.collectable_minor))


def _amount(work: Work, most: int) -> int:
    """What is to be taken, of at most ``most``: all of it where the act does not say."""
    amount = work.act.amount_minor
    if not work.order.owed_minor:
        raise Conflict(f"nothing is owed of order {work.order.id}.")
    if most < 1 or not 0 < (amount or most) <= most:
        asked = "" if amount is None else f"; got {amount}"
        raise Conflict(
            f"of order {work.order.id} {max(most, 0)} may be taken now and is not already asked "
            f"for{asked}; wait for the answer to open payments, or for the day of an instalment."
        )
    return amount or most


def _confirm(work: Work) -> None:
    payment = work.order.payment(work.act.payment or "")
    if payment.status != "unconfirmed":
        raise Conflict(f"payment {payment.id} is {payment.status}; it waits for no confirmation.")
    sure = replace(payment, status="pending", confirmed=True)
    work.put(sure)
    work.asked.append(sure)


def _told(work: Work) -> None:
    """Money that the provider took is booked even if it had said before that it did not."""
    act, payment = work.act, work.order.payment(work.act.payment or "")
    if payment.status == "unconfirmed":
        raise Conflict(f"payment {payment.id} waits for confirmation, and was asked of nobody.")
    payment, more = payment.told(act.status or "", act.amount_minor or 0)
    work.put(payment)
    if more:
        _BOOK[payment.does](work, more)


def _book_hold(work: Work, amount: int) -> None:
    work.move("hold", amount, debit="held", credit="deposit")
    work.change(held_minor=work.order.held_minor + amount)


def _book_capture(work: Work, amount: int) -> None:
    work.move("post", amount, debit="deposit", credit="held")
    work.change(held_minor=work.order.held_minor - amount)
    take(work, amount)


def _book_refund(work: Work, amount: int) -> None:
    """What was given back against the provider's own word, it owes until it is set off."""
    due_back = min(amount, work.order.surplus_minor)
    work.move("repay", due_back, debit="surplus", credit="cash")
    work.move("repaid_twice", amount - due_back, debit="provider", credit="cash")
    work.change(surplus_minor=work.order.surplus_minor - due_back)


def _book_void(work: Work, amount: int) -> None:
    """The ledger let go when the order ended; the provider follows."""


_BOOK: dict[str, Callable[[Work, int], None]] = {
    "charge": take,
    "hold": _book_hold,
    "capture": _book_capture,
    "refund": _book_refund,
    "void": _book_void,
}

PAYMENT_EFFECTS: dict[str, Callable[[Work], None]] = {
    "deposit": _deposit,
    "deduct": _deduct,
    "capture": _capture,
    "pay": _pay,
    "confirm": _confirm,
    "told": _told,
}


def tidy(work: Work, end: str) -> None:
    """What must hold after every act: nothing held past the end, nothing kept that is not owed."""
    if end in OVER or end in PAUSED:
        _drop_unconfirmed(work)
    if end not in CHANGEABLE and work.order.proposed is not None:
        work.change(proposed=None)
    if end in OVER:
        _let_go(work)
        claim = work.order.claim
        if claim is not None and claim.state == "open":
            work.change(claim=replace(claim, state="closed"))
    if (loose := _loose(work.order)) > 0:
        _ask_back(work, "void", loose)
    _set_off(work)
    surplus = work.order.surplus_minor - work.order.pending_minor("refund")
    if surplus > 0:
        _ask_back(work, "refund", surplus)
    elif surplus < 0:
        _ask_no_more(work, -surplus)


def _set_off(work: Work) -> None:
    """What a person was given twice is set against what must go back to them: they have it."""
    order = work.order
    if not order.surplus_minor:
        return
    part = min(order.surplus_minor, order.given_twice_minor)
    work.move("set_off", part, debit="surplus", credit="provider")
    work.change(surplus_minor=order.surplus_minor - part)


def _ask_no_more(work: Work, given: int) -> None:
    """A refund that waits for its day is dropped, where an earlier one was made after all."""
    for payment in reversed(work.order.payments):
        waits = payment.status == "pending" and payment.asked_at > work.act.at
        if waits and payment.does == "refund" and payment.amount_minor <= given:
            work.put(replace(payment, status="cancelled"))
            given -= payment.amount_minor


def _ask_back(work: Work, does: str, amount: int) -> None:
    """Ask for what must go back; where the provider did not do it all before, a while later."""
    failed = any(p.does == does and p.fell_short for p in work.order.payments)
    pause = work.service.terms.retry_days * MICROS_PER_DAY if failed else 0
    work.ask(does, amount, at=work.act.at + pause)


def _loose(order: Order) -> int:
    """What the ledger let go of, and the provider was not asked to let go of, or did not."""

    def done(does: str) -> int:
        return sum(p.done_minor for p in order.payments if p.does == does)

    at_provider = done("hold") - done("capture") - done("void") - order.pending_minor("void")
    return at_provider - order.held_minor


def _drop_unconfirmed(work: Work) -> None:
    for payment in work.order.payments:
        if payment.status == "unconfirmed":
            work.put(replace(payment, status="cancelled"))


def _let_go(work: Work) -> None:
    order = work.order
    free = order.held_minor - order.pending_minor("capture")
    if free > 0:
        work.move("release", free, debit="deposit", credit="held")
        work.change(held_minor=order.held_minor - free)
    if order.closed_at is None:
        work.move("unwaive", order.waived_minor, debit="credit", credit="waived")
        work.change(closed_at=work.act.at)
