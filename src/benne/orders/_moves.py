"""The state machine of every order as a table: (state, act) to state, money, evidence, notices."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benne.orders._acts import Act
from benne.orders._order import CHANGEABLE, ENDED, OVER, WAITING, Order, deadline
from benne.orders._services import Service

PRIOR = "prior"
"""As the end of a move: the state in which the order was paused or disputed."""

SAME = "same"
"""As the end of a move: the state in which it started."""


@dataclass(frozen=True, slots=True)
class Move:
    """One line of the table.  ``when`` names the condition, on the order as the act leaves it.

    ``entries`` are the kinds of ledger entry that it may post, ``evidence`` the kinds of evidence
    that it makes or corrects, ``notices`` who is told what (``NOTICES``).
    """

    start: str
    act: str
    end: str
    when: str = "always"
    entries: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    notices: tuple[str, ...] = ()


NOTICES: dict[str, tuple[str, str]] = {
    "admitted": ("person", "You may use it without a deposit"),
    "deposit_asked": ("person", "You may use it if you put down a part of the deposit"),
    "refused": ("person", "It was refused, why, and how to object"),
    "started": ("person", "It has begun: what you owe, by when, and what happens otherwise"),
    "extended": ("person", "The end moved later"),
    "change_asked": ("person", "The merchant asks for more; nothing rises unless you agree"),
    "changed": ("person", "What is at risk, or what it may cost, is less now"),
    "change_agreed": ("merchant", "The person agreed to what you asked to change"),
    "change_declined": ("merchant", "The person does not agree; all stays as it was"),
    "charged": ("person", "It is over, and this is what you owe, by when"),
    "closed": ("person", "All is done, and nothing is held or owed any more"),
    "confirm_payment": ("person", "A large deduction waits for your confirmation"),
    "payment_failed": ("person", "A deduction failed; how else to pay"),
    "money_back": ("person", "Money is on its way back to you"),
    "due_soon": ("person", "A deadline comes near"),
    "breach_ahead": ("person", "A breach will be recorded on this day if nothing happens"),
    "broken": ("person", "A breach was recorded, how to settle it, and how to object"),
    "pause_asked": ("merchant", "The person asks for a pause, in hardship; answer soon"),
    "paused": ("person", "Clocks stand still until this day, and nothing is deducted"),
    "resumed": ("person", "Clocks run again, and these are your new days"),
    "consent_held": ("person", "Your consent is ended for what is new; this order goes on until"),
    "hold_over": ("person", "From now on nothing new about this order becomes evidence"),
    "objection": ("merchant", "The person objects; answer in time"),
    "objection_conceded": (
        "merchant",
        "You left an objection without an answer: it counts as right",
    ),
    "objection_answered": ("person", "Your objection was checked, and this is what was found"),
    "claim_opened": ("person", "The merchant asks its cover fund about your order; you may object"),
    "claim_answered": ("merchant", "What the cover fund answered"),
    "written_off": ("person", "The merchant expects nothing more; the breach stays as it is"),
}
"""Every notice: to whom, and what it says."""


def _kept(order: Order) -> bool:
    return all(breach.dispute == "corrected" for breach in order.breaches)


Condition = Callable[[Order, Act, Service], bool]

CONDITIONS: dict[str, Condition] = {
    "always": lambda order, act, service: True,
    "the deposit is complete": lambda order, act, service: order.held_minor >= order.required_minor,
    "all done, kept": lambda order, act, service: order.done(service) and _kept(order),
    "all done, after a breach": lambda order, act, service: order.done(service),
    "arrears paid, more to come": lambda order, act, service: (
        (next_one := deadline(order, service)) is not None and next_one.at > act.at
    ),
    "all given back": lambda order, act, service: order.paid_minor == 0,
    "to be confirmed": lambda order, act, service: order.payments[-1].status == "unconfirmed",
    "it failed": lambda order, act, service: order.payment(act.payment or "").status == "declined",
    "goods are out": lambda order, act, service: order.goods_out(service),
    "final, and owing": lambda order, act, service: order.completed_at is not None,
    "was written off": lambda order, act, service: order.lost_minor + order.fund_lost_minor > 0,
    "a pause runs on": lambda order, act, service: order.pause_runs(act.at),
    "the person is to agree": lambda order, act, service: order.proposed is not None,
    "goods are back": lambda order, act, service: order.returned_at is not None,
}
"""Every condition, by the name that the table uses."""

_LIVE = ("running", "extended")
_TAKE = (
    "capture", "recover", "reinstate", "post", "surplus", "hold", "repay", "repaid_twice",
    "set_off",
)  # fmt: skip
_BACK = ("give_back", "set_off")
_UNDO = ("forgive", "claw_back", *_BACK)
_END = ("release", "unwaive")
_ORDER, _DUE, _BREACH = ("order",), ("obligation",), ("breach",)


def _rows(
    starts: tuple[str, ...],
    act: str,
    end: str,
    when: str = "always",
    *,
    entries: tuple[str, ...] = (),
    evidence: tuple[str, ...] = (),
    notices: tuple[str, ...] = (),
) -> list[Move]:
    found = []
    for start in starts:
        to = start if end == SAME else end
        closes = _END if to in OVER else ()
        found.append(Move(start, act, to, when, entries + closes, evidence, notices))
    return found


def _done(
    starts: tuple[str, ...],
    act: str,
    *,
    entries: tuple[str, ...],
    notices: tuple[str, ...] = ("closed",),
) -> list[Move]:
    """The two good ends: kept, and made good after a breach."""
    found = _ORDER + _DUE + _BREACH
    return [
        *_rows(
            starts, act, "completed", "all done, kept",
            entries=entries, evidence=found, notices=notices,
        ),
        *_rows(
            starts, act, "settled", "all done, after a breach",
            entries=entries, evidence=found, notices=notices,
        ),
    ]  # fmt: skip


_BEFORE: list[Move] = [
    *_rows(("created",), "admit", "admitted", entries=("waive",), notices=("admitted",)),
    *_rows(("created",), "offer", "offered", entries=("waive",), notices=("deposit_asked",)),
    *_rows(("created",), "refuse", "refused", notices=("refused",)),
    *_rows(("offered",), "deposit", SAME),
    *_rows(
        ("offered",), "told", "admitted", "the deposit is complete",
        entries=("hold",), notices=("admitted",),
    ),
    *_rows(("offered",), "told", SAME, entries=("hold",)),
    *_rows(("admitted",), "told", SAME, entries=("hold",)),
    *_rows(
        ("admitted",), "start", "running",
        entries=("charge",), evidence=_ORDER + _DUE, notices=("started",),
    ),
    *_rows(tuple(sorted(WAITING)), "expire", "expired"),
    *_rows(tuple(sorted(WAITING)), "cancel", "cancelled"),
    *_rows(tuple(sorted(WAITING)), "hold_consent", "cancelled", notices=("consent_held",)),
]  # fmt: skip

_CHANGE: list[Move] = [
    *_rows(CHANGEABLE, "modify", SAME, "the person is to agree", notices=("change_asked",)),
    *_rows(
        CHANGEABLE, "modify", SAME, entries=("waive", "unwaive"), evidence=_ORDER,
        notices=("changed",),
    ),
    *_rows(
        CHANGEABLE, "agree", SAME, entries=("waive", "unwaive"), evidence=_ORDER,
        notices=("change_agreed",),
    ),
    *_rows(CHANGEABLE, "decline", SAME, notices=("change_declined",)),
]  # fmt: skip

_USE: list[Move] = [
    *_rows(_LIVE, "extend", "extended", evidence=_ORDER, notices=("extended",)),
    *_rows(_LIVE, "progress", SAME),
    *_rows(_LIVE, "benefit", SAME),
    *_rows((*_LIVE, "overdue"), "return", "returned"),
    *_rows(("hardship", "disputed"), "return", SAME),
    *_done((*_LIVE, "returned"), "complete", entries=("charge", "compensate")),
    *_rows(
        (*_LIVE, "returned"), "complete", "paying",
        entries=("charge", "compensate"), evidence=_ORDER + _DUE, notices=("charged",),
    ),
    *_rows(
        ("overdue",), "complete", "settled", "all done, after a breach",
        entries=("charge", "compensate"), evidence=_ORDER + _DUE + _BREACH, notices=("closed",),
    ),
    *_rows(
        ("overdue",), "complete", SAME,
        entries=("charge", "compensate"), evidence=_ORDER + _DUE, notices=("charged",),
    ),
    *_rows(
        (*_LIVE, "returned", "paying", "overdue", "claimed"), "cancel", "cancelled",
        entries=_UNDO, evidence=_ORDER + _DUE + _BREACH, notices=("closed",),
    ),
    *_rows(
        (*_LIVE, "returned", "paying", "overdue", "hardship", "disputed", "claimed"),
        "hold_consent", SAME, notices=("consent_held",),
    ),
    *_rows(
        (*_LIVE, "returned", "paying", "overdue", "hardship", "disputed", "claimed", "written_off"),
        "end_hold", SAME, notices=("hold_over",),
    ),
]  # fmt: skip

_OWING = (*_LIVE, "returned", "paying", "overdue")

_PAY: list[Move] = [
    *_rows(_OWING, "deduct", SAME, "to be confirmed", notices=("confirm_payment",)),
    *_rows(_OWING, "deduct", SAME),
    *_rows(_OWING, "confirm", SAME),
    *_rows(_OWING, "capture", SAME),
    *_rows((*_OWING, "hardship", "claimed", "written_off"), "pay", SAME),
    *_done((*_LIVE, "paying"), "told", entries=_TAKE),
    *_rows(
        ("overdue", "claimed", "written_off"), "told", "settled", "all done, after a breach",
        entries=_TAKE, evidence=_ORDER + _DUE + _BREACH, notices=("closed",),
    ),
    *_done(("hardship",), "told", entries=_TAKE),
    *_rows(
        ("overdue",), "told", "running", "arrears paid, more to come",
        entries=_TAKE, evidence=_ORDER + _DUE + _BREACH,
    ),
    *_rows(
        (*_OWING, "hardship", "disputed", "claimed", "written_off"), "told", SAME, "it failed",
        entries=_TAKE, evidence=_DUE, notices=("payment_failed",),
    ),
    *_rows(
        (*_OWING, "hardship", "disputed", "claimed", "written_off"), "told", SAME,
        entries=_TAKE, evidence=_DUE,
    ),
    *_rows(tuple(sorted(ENDED)), "told", SAME, entries=_TAKE),
    *_rows(
        ("completed", "settled"), "refund", "refunded", "all given back",
        entries=_BACK, evidence=_ORDER + _DUE, notices=("money_back",),
    ),
    *_rows(
        ("completed", "settled", *_OWING), "refund", SAME,
        entries=_BACK, evidence=_DUE, notices=("money_back",),
    ),
    *_done(("paying", "overdue"), "reduce", entries=("forgive",)),
    *_rows(("paying", "overdue"), "reduce", SAME, entries=("forgive",), evidence=_DUE),
]  # fmt: skip

_TIME: list[Move] = [
    *_rows(_OWING, "remind", SAME, notices=("due_soon",)),
    *_rows(_OWING, "warn", SAME, notices=("breach_ahead",)),
    *_rows(
        (*_LIVE, "returned", "paying"), "lapse", "overdue",
        evidence=_ORDER + _BREACH, notices=("broken",),
    ),
    *_rows(_OWING, "ask_pause", SAME, notices=("pause_asked",)),
    *_rows(_OWING, "pause", "hardship", notices=("paused",)),
    *_rows(("hardship",), "resume", PRIOR, evidence=_ORDER + _DUE, notices=("resumed",)),
]  # fmt: skip

_FOUND_RIGHT = (
    ("correct", ("objection_answered",)),
    ("concede", ("objection_answered", "objection_conceded")),
)
"""By whom or what an objection is found right, and who is told."""

_OBJECT: list[Move] = [
    *_rows(
        (*_OWING, "hardship", "claimed", "completed", "settled", "written_off"),
        "dispute", "disputed", evidence=_BREACH, notices=("objection",),
    ),
    *(
        row
        for end, when in (("hardship", "a pause runs on"), (PRIOR, "always"))
        for row in (
            *_rows(
                ("disputed",), "uphold", end, when,
                evidence=_ORDER + _DUE + _BREACH, notices=("objection_answered",),
            ),
            *_rows(("disputed",), "withdraw", end, when, evidence=_ORDER + _DUE + _BREACH),
        )
    ),
    *(
        row
        for act, told in _FOUND_RIGHT
        for row in _done(("disputed",), act, entries=_UNDO, notices=told)
    ),
    *(
        row
        for act, told in _FOUND_RIGHT
        for end, when in (
            ("written_off", "was written off"),
            ("running", "goods are out"),
            ("paying", "final, and owing"),
            ("returned", "goods are back"),
            ("running", "always"),
        )
        for row in _rows(
            ("disputed",), act, end, when,
            entries=_UNDO, evidence=_ORDER + _DUE + _BREACH, notices=told,
        )
    ),
]  # fmt: skip

_LOSS: list[Move] = [
    *_rows(("overdue",), "claim", "claimed", notices=("claim_opened",)),
    *_rows(
        ("claimed",), "award", "overdue", entries=("award",), notices=("claim_answered",)
    ),
    *_rows(("claimed",), "reject", "overdue", notices=("claim_answered",)),
    *_rows(
        ("overdue",), "write_off", "written_off",
        entries=("write_off",), evidence=_ORDER + _BREACH, notices=("written_off",),
    ),
]  # fmt: skip

MOVES: tuple[Move, ...] = (*_BEFORE, *_CHANGE, *_USE, *_PAY, *_TIME, *_OBJECT, *_LOSS)
"""The whole machine.  Of the lines of one (state, act), the first whose condition holds."""

MOVES_OF: dict[tuple[str, str], tuple[Move, ...]] = {
    key: tuple(move for move in MOVES if (move.start, move.act) == key)
    for key in dict.fromkeys((move.start, move.act) for move in MOVES)
}


def acts_of(state: str) -> tuple[str, ...]:
    """What may be done to an order in ``state``."""
    return tuple(act for start, act in MOVES_OF if start == state)
