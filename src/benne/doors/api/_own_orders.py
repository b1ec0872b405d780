"""People about their own orders: what is owed by when, what comes next, and what they may do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta, Struct

from benne import app
from benne.client import _orders as wire
from benne.client._wire import Minor
from benne.doors.api import _render_orders as render
from benne.doors.api._orders import OrderId
from benne.doors.api._people import OWN, Mine
from benne.doors.api._render import encode
from benne.doors.api._requests import (
    IdempotencyKey,
    answered,
    problems,
    raw,
    service_of,
    threaded,
)
from benne.kernel import from_micros


class Next(Struct, frozen=True, kw_only=True):
    """What happens by itself, and when, if nobody does anything."""

    at: datetime
    act: str
    says: str


class Notice(Struct, frozen=True, kw_only=True):
    """What one was to be told of an order."""

    at: datetime
    notice: str
    says: str


class OwnOrder(wire.Order, frozen=True, kw_only=True):
    """An order of one's own; ``can`` is what one may do with it now.

    ``organisation`` is whom it is with, ``says`` the service in words.
    """

    organisation: str
    says: str
    next: Next | None
    notices: list[Notice]
    pause_until: datetime | None


class OwnOrderAct(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one does with an order of one's own.

    ``amount_minor`` goes with ``pay`` (all that is owed, if left out), ``payment`` with
    ``confirm``, ``text`` with ``dispute`` and ``ask_pause``, which may say ``until`` when.
    ``agree`` says to what: all three amounts of ``proposed``.
    """

    act: Literal[
        "deposit", "agree", "decline", "pay", "confirm", "cancel", "ask_pause", "resume",
        "dispute", "withdraw",
    ]  # fmt: skip
    amount_minor: Annotated[int, Meta(ge=1, le=2**53 - 1)] | None = None
    payment: Annotated[str, Meta(min_length=1, max_length=64)] | None = None
    text: wire.Words | None = None
    until: wire.Instant | None = None
    value_minor: wire.Positive | None = None
    deposit_minor: Minor | None = None
    price_minor: Minor | None = None


def _rendered(found: app.OwnOrder) -> OwnOrder:
    plain = render.order(found.stored)
    fields = {name: getattr(plain, name) for name in plain.__struct_fields__}
    pause = found.stored.order.pause_until
    task = found.next
    return OwnOrder(
        **{**fields, "can": list(found.can)},
        organisation=found.merchant,
        says=found.service.says,
        next=None
        if task is None
        else Next(at=from_micros(task.at), act=task.act, says=app.ORDER_ACTS[task.act].says),
        notices=[
            Notice(at=from_micros(one.at), notice=one.notice, says=one.says) for one in found.told
        ],
        pause_until=None if pause is None else from_micros(pause),
    )


@get(
    "/v1/me/orders",
    responses={**answered(list[OwnOrder], "One's own orders"), **problems()},
    **OWN,
)
@threaded
def own_orders(request: Mine) -> Response[bytes]:
    """One's own orders, the oldest first: what is owed by when, and what comes next."""
    with service_of(request).online.reading() as unit:
        found = app.own_orders(unit, request.user.subject)
    return raw(encode([_rendered(one) for one in found]))


@post(
    "/v1/me/orders/{order:str}/acts",
    status_code=200,
    responses={**answered(OwnOrder, "As the act left it"), **problems(404, 409)},
    **OWN,
)
@threaded
def act_on_own(
    order: OrderId,
    data: JSONBody[OwnOrderAct],
    request: Mine,
    idempotency_key: IdempotencyKey,
) -> Response[bytes]:
    """Pay, confirm a large deduction, agree to a change, object, or ask for a pause in hardship."""
    service = service_of(request)
    said = app.OrderAct(
        request=idempotency_key.strip('"'),
        name=data.act,
        at=service.clock(),
        by="person",
        amount_minor=data.amount_minor,
        payment=data.payment,
        text=data.text,
        until=None if data.until is None else render.instant(data.until),
        value_minor=data.value_minor,
        deposit_minor=data.deposit_minor,
        price_minor=data.price_minor,
    )
    made = service.online.run(
        lambda unit: app.act_on_own_order(service, unit, request.user.subject, order, said)
    )
    return raw(encode(_rendered(made)))


HANDLERS = (own_orders, act_on_own)
