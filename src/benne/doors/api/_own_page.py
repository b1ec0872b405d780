"""The page on which people see their orders, pay, confirm, object, and ask for a pause."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined, Template
from litestar import Request, Response, get
from litestar.response import Redirect

from benne import app
from benne.doors.api._requests import service_of, threaded
from benne.doors.api._sign_in import SignIn
from benne.kernel import Currency, iso

STATES = {
    "created": "It waits for somebody to decide.",
    "refused": "It was refused.",
    "offered": "You can have it if you put down a deposit of {required}.",
    "admitted": "It is granted, and has not begun.",
    "expired": "Nobody began it in time; nothing is owed.",
    "cancelled": "It was cancelled; nothing is owed.",
    "running": "It is in use, until {due}.",
    "extended": "It is in use, and was extended to {due}.",
    "returned": "It is back; the merchant is to say what it cost.",
    "paying": "It is over, and is to be paid.",
    "completed": "It is done; nothing is owed.",
    "refunded": "All was given back.",
    "overdue": "A promise was broken. Make it good, or object if that is wrong.",
    "hardship": "It is paused until {pause}: nothing is deducted, and no clock runs.",
    "disputed": "You objected: nothing is deducted, and no clock runs, until that is answered.",
    "claimed": "The merchant asks its cover fund about it. You may object.",
    "settled": "It is settled; nothing is owed any more.",
    "written_off": "The merchant expects nothing more. You may still pay what was owed.",
}
"""How an order stands, to its person."""

ACTS = {
    "deposit": ("Put down the deposit", ""),
    "agree": ("Agree", ""),
    "decline": ("Do not agree; leave it as it is", ""),
    "pay": ("Pay all that is owed now", ""),
    "confirm": ("Confirm the deduction of {amount}", ""),
    "cancel": ("Cancel it", ""),
    "dispute": ("Object", "What is wrong?"),
    "withdraw": ("Take the objection back", ""),
    "ask_pause": ("Ask for a pause", "In hardship: why, and until when?"),
    "resume": ("End the pause", ""),
}
"""What a person may do: on the button, and what is asked beside it."""

NEXT = {
    "expire": "it ends if it was not begun by then",
    "remind": "you are reminded",
    "warn": "you are warned that a breach will be recorded",
    "lapse": "a breach is recorded",
    "deduct": "money is taken for what is owed",
    "resume": "the pause ends",
    "complete": "it is closed, unless the merchant says before what it cost",
}
"""What the system does by itself, if nobody does anything."""

ANSWERS = {
    "original": "",
    "disputed": "; you objected",
    "upheld": "; it was checked, and stands",
    "corrected": "; it was checked, and taken back",
}
"""What became of an objection to a breach."""

_ALARM = {"overdue", "claimed"}
_WAITS = {"created", "offered", "admitted"}
"""In which a person has not taken it yet: the terms stand open before them."""


@cache
def _template() -> Template:
    text = files("benne.doors.api").joinpath("own_orders.html").read_text(encoding="utf-8")
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)


@get("/me/orders", exclude_from_auth=True, include_in_schema=False, media_type="text/html")
@threaded
def own_orders_page(request: Request[Any, Any, Any]) -> Response[str] | Redirect:
    """One's own orders, to read; who has not signed in is sent to do so."""
    sign_in: SignIn = request.app.state.sign_in
    try:
        person = sign_in.person(request)
    except app.Unauthenticated:
        return Redirect("/auth/login", status_code=303)
    service = service_of(request)
    with service.online.reading() as unit:
        found = app.own_orders(unit, person.subject)
    money = service.workspace.currency
    nonce = service.randomness(16).hex()
    page = _template().render(
        nonce=nonce, csrf=person.csrf, orders=[_shown(one, money) for one in reversed(found)]
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(page, media_type="text/html", headers=headers)


def _day(at: int | None) -> str:
    return "" if at is None else iso(at)[:10]


def _shown(own: app.OwnOrder, money: Currency) -> dict[str, Any]:
    """An order as the page shows it."""
    order = own.stored.order
    said = STATES[order.state].format(
        required=money.text(order.required_minor),
        due=_day(order.due_at),
        pause=_day(order.pause_until),
    )
    return {
        "id": order.id,
        "number": own.stored.number,
        "organisation": own.merchant,
        "service": order.service.replace("_", " "),
        "says": own.service.says,
        "terms": list(_terms(own.service, money)),
        "waits": order.state in _WAITS,
        "made": _day(order.created_at),
        "state": said,
        "alarm": order.state in _ALARM,
        "dues": [
            {
                "by": _day(due.at),
                "what": due.what,
                "amount": money.text(due.amount_minor - due.forgiven_minor),
                "paid": money.text(due.paid_minor - due.refunded_minor),
                "owed": money.text(due.owed_minor),
            }
            for due in order.dues
        ],
        "lines": list(_lines(own, money)),
        "acts": list(_acts(own, money)),
        "notices": [{"on": _day(one.at), "says": one.says} for one in own.told],
    }


def _lines(own: app.OwnOrder, money: Currency) -> Iterator[str]:
    order = own.stored.order
    if order.held_minor:
        yield f"Of your money {money.text(order.held_minor)} is on hold as a deposit."
    if own.goods_out:
        yield f"Bring it back by {_day(order.due_at)}."
    if order.proposed is not None:
        yield from _proposal(order, order.proposed, money)
    for breach in order.breaches:
        settled = f", settled on {_day(breach.settled_at)}" if breach.settled_at else ""
        kind = breach.type.replace("_", " ")
        answer = ANSWERS[breach.dispute]
        yield f"A breach ({kind}) was recorded on {_day(breach.at)}{settled}{answer}."
    if order.consent_held_until is not None:
        yield f"You ended your consent; this order goes on until {_day(order.consent_held_until)}."
    if own.next is not None:
        yield f"If nothing else happens, on {_day(own.next.at)} {NEXT[own.next.act]}."


def _terms(service: app.OrderService, money: Currency) -> Iterator[str]:
    """The terms on which an order was made, in sentences."""
    terms = service.terms
    if service.paying == "schedule":
        yield "Each instalment is paid by its own day."
    elif terms.pay_within_days:
        yield f"What it costs is paid within {_days(terms.pay_within_days)} of its end."
    ahead = " and ".join(str(days) for days in sorted(terms.reminders_days, reverse=True))
    yield f"You are reminded {ahead} days before a deadline."
    broken = re.sub(r" \(\w+\)", "", service.broken)  # without the codes of the evidence
    yield (
        f"{broken} The grace is {_days(terms.grace_days)}, and you are told "
        f"{_days(terms.notice_days)} ahead; only then a breach is recorded."
    )
    yield f"A deduction above {money.text(terms.confirm_above_minor)} waits until you confirm it."
    yield f"In hardship it may be paused for up to {_days(terms.hardship_days_max)}."


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"


def _proposal(order: app.Order, asked: app.Amounts, money: Currency) -> Iterator[str]:
    """What the merchant asks to change, each amount as it is and as it would be."""
    for now, then, says in (
        (order.price_minor, asked.price_minor, "the most that it may cost"),
        (order.deposit_minor, asked.deposit_minor, "the most that damage may cost"),
        (order.value_minor, asked.value_minor, "what you are trusted with"),
    ):
        if now != then:
            yield (
                f"The merchant asks you to agree: {says} would be {money.text(then)}, not "
                f"{money.text(now)}."
            )


def _acts(own: app.OwnOrder, money: Currency) -> Iterator[dict[str, Any]]:
    order = own.stored.order
    for name in own.can:
        says, asks = ACTS[name]
        plain = {"name": name, "says": says, "asks": asks, "with": {}}
        if name == "agree" and order.proposed is not None:
            yield {**plain, "with": asdict(order.proposed)}
        elif name != "confirm":
            yield plain
        else:
            for payment in order.payments:
                if payment.status == "unconfirmed":
                    told = says.format(amount=money.text(payment.amount_minor))
                    yield {**plain, "says": told, "with": {"payment": payment.id}}


HANDLERS = (own_orders_page,)
