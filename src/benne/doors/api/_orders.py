"""Orders: a service on credit, made, looked at and acted on by its merchant."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from benne import app
from benne.client import _orders as wire
from benne.doors.api import _render_orders as render
from benne.doors.api._problems import kind_of
from benne.doors.api._render import encode
from benne.doors.api._requests import (
    Asking,
    IdempotencyKey,
    answered,
    once,
    problems,
    raw,
    service_of,
    threaded,
)
from benne.kernel import BenneError, InvalidInput, parse_instant

OrderId = Annotated[str, PathParameter(pattern=r"^[0-9a-f-]{36}$")]
Day = Annotated[str, PathParameter(pattern=r"^\d{4}-\d{2}-\d{2}$")]
After = Annotated[str | None, QueryParameter(pattern=r"^[0-9a-f-]{36}$", required=False)]
InState = Annotated[
    str | None, QueryParameter(name="state", pattern=r"^[a-z_]{1,16}$", required=False)
]
OwnNumber = Annotated[
    str | None, QueryParameter(pattern=r"^[0-9A-Za-z_.:-]{1,64}$", required=False)
]
_PAGE = 100


def asked_of(data: wire.OrderAsked) -> app.OrderAsked:
    """The order as the use cases know it."""
    return app.OrderAsked(
        number=data.number,
        person=data.person,
        service=data.service,
        offer=data.offer or data.service,
        due_at=render.instant(data.due_at),
        value_minor=data.value_minor,
        deposit_minor=data.deposit_minor,
        price_minor=data.price_minor,
        promised_minor=data.promised,
        plan=tuple(
            app.Due(render.instant(part.at), part.amount_minor, "instalment") for part in data.plan
        ),
        partial=data.partial_deposit,
        fields=data.fields,
    )


def act_of(data: wire.OrderAct, request: str, *, at: int) -> app.OrderAct:
    """The act as the use cases know it."""
    proofs = data.proofs and tuple(app.Proof(one.kind, one.sha256) for one in data.proofs)
    return app.OrderAct(
        request=request,
        name=data.act,
        at=at,
        by=data.by or app.ORDER_ACTS[data.act].by[0],
        amount_minor=data.amount_minor,
        compensation_minor=data.compensation_minor,
        until=None if data.until is None else render.instant(data.until),
        payment=data.payment,
        text=data.text,
        proofs=proofs or None,
        value_minor=data.value_minor,
        deposit_minor=data.deposit_minor,
        price_minor=data.price_minor,
    )


@post(
    "/v1/orders",
    status_code=201,
    tags=["Orders"],
    responses={**answered(wire.Order, "Made: admitted, offered or refused", 201),
               **problems(404, 409, 422)},
)  # fmt: skip
@threaded
def create(
    data: JSONBody[wire.OrderAsked], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Ask for a service on credit: the person is consulted about, and the answer is an order."""
    service, asked = service_of(request), asked_of(data)

    def work(unit: app.Unit) -> app.Fresh:
        told = app.create_order(service, unit, request.auth, asked)
        return app.Fresh(201, encode(render.order(told.stored)), told.order.subject)

    ahead = app.order_asked_first(request.auth, asked)
    return once(request, idempotency_key, data, work, ahead=ahead)


@get(
    "/v1/orders",
    tags=["Orders"],
    responses={**answered(wire.Orders, "A page"), **problems(404, 422)},
)
@threaded
def page(
    request: Asking, after: After = None, in_state: InState = None, number: OwnNumber = None
) -> Response[bytes]:
    """Your orders, the oldest first, by pages; or the one of your own `number`."""
    service = service_of(request)
    with service.online.reading() as unit:
        if number is not None:
            found = [app.order_of_number(unit, request.auth, number)]
        else:
            found = app.list_orders(
                unit, request.auth, after=after, limit=_PAGE + 1, state=in_state
            )
    more = len(found) > _PAGE
    shown = [render.order(one) for one in found[:_PAGE]]
    return raw(encode(wire.Orders(orders=shown, after=shown[-1].id if more else None)))


@get(
    "/v1/offers",
    tags=["Orders"],
    responses={**answered(list[wire.Offer], "What may be ordered"), **problems()},
)
@threaded
def offers(request: Asking) -> Response[bytes]:
    """What may be ordered, with the terms to show a person before they take it."""
    found = app.list_offers(service_of(request), request.auth)
    return raw(encode([render.offer(one) for one in found]))


@get(
    "/v1/referrals",
    tags=["Cover"],
    responses={**answered(list[wire.Referred], "What waits for people"), **problems()},
)
@threaded
def referrals(request: Asking) -> Response[bytes]:
    """The orders of all merchants that a policy referred to people, the most urgent first."""
    with service_of(request).online.reading() as unit:
        found = app.list_referred(unit, request.auth, limit=_PAGE)
    return raw(encode([render.referred(one) for one in found]))


@get(
    "/v1/claims",
    tags=["Cover"],
    responses={**answered(list[wire.OpenClaim], "What waits for an answer"), **problems()},
)
@threaded
def claims(request: Asking) -> Response[bytes]:
    """The open claims of all merchants on their cover funds, the oldest first."""
    with service_of(request).online.reading() as unit:
        found = app.list_claims(unit, request.auth, limit=_PAGE)
    return raw(encode([render.open_claim(one) for one in found]))


@get(
    "/v1/orders/{order:str}",
    tags=["Orders"],
    responses={**answered(wire.Order, "As it stands"), **problems(404)},
)
@threaded
def look(order: OrderId, request: Asking) -> Response[bytes]:
    """How an order stands."""
    with service_of(request).online.reading() as unit:
        found = app.find_order(unit, request.auth, order)
    return raw(encode(render.order(found)))


@get(
    "/v1/orders/{order:str}/acts",
    tags=["Orders"],
    responses={**answered(wire.History, "All that was done"), **problems(404)},
)
@threaded
def history(order: OrderId, request: Asking) -> Response[bytes]:
    """All that was done to an order, by whom and when."""
    with service_of(request).online.reading() as unit:
        acts = app.order_history(unit, request.auth, order)
    return raw(encode(render.history(order, acts)))


@post(
    "/v1/orders/{order:str}/acts",
    status_code=200,
    tags=["Orders"],
    responses={**answered(wire.Order, "As the act left it"), **problems(404, 409, 422)},
)
@threaded
def act(
    order: OrderId,
    data: JSONBody[wire.OrderAct],
    request: Asking,
    idempotency_key: IdempotencyKey,
) -> Response[bytes]:
    """Start, modify, extend, return, complete, pay, cancel, claim: whatever `can` says."""
    service = service_of(request)

    def work(unit: app.Unit) -> app.Fresh:
        said = act_of(data, (idempotency_key or "").strip('"'), at=service.clock())
        told = app.act_on_order(service, unit, request.auth, order, said)
        return app.Fresh(200, encode(render.order(told.stored)), told.order.subject)

    return once(request, idempotency_key, data, work)


@post(
    "/v1/orders/sync",
    status_code=200,
    tags=["Orders"],
    responses={**answered(wire.Synced, "What became of each"), **problems(409, 422)},
)
@threaded
def sync(data: JSONBody[wire.Sync], request: Asking) -> Response[bytes]:
    """Bring many acts at a time; each is done, or refused, by itself, under its own request id."""
    request.auth.demand("orders")
    return raw(encode(wire.Synced(done=[_synced(request, one) for one in data.acts])))


def _synced(request: Asking, one: wire.SyncedAct) -> wire.SyncDone:
    service = service_of(request)
    try:
        said = act_of(one, one.request, at=service.clock())
        told = service.online.run(
            lambda unit: app.act_on_order(service, unit, request.auth, one.order, said)
        )
    except BenneError as error:
        kind = kind_of(error)
        if kind.status >= 500:
            raise
        return wire.SyncDone(request=one.request, order=None, code=kind.code, detail=str(error))
    return wire.SyncDone(
        request=one.request, order=render.order(told.stored), code=None, detail=None
    )


@get(
    "/v1/fund",
    tags=["Cover"],
    responses={**answered(wire.Fund, "As it stands"), **problems(404)},
)
@threaded
def fund(request: Asking) -> Response[bytes]:
    """Your loss cover fund."""
    service = service_of(request)
    with service.online.reading() as unit:
        return raw(encode(render.fund(app.show_fund(service, unit, request.auth))))


@post(
    "/v1/fund/payments",
    status_code=201,
    tags=["Cover"],
    responses={**answered(wire.Fund, "Asked for", 201), **problems(404, 409, 422)},
)
@threaded
def pay_in(
    data: JSONBody[wire.PaidIn], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Pay into your cover fund: the provider is asked, and what it took can be paid out."""
    service = service_of(request)

    def work(unit: app.Unit) -> app.Fresh:
        made = app.pay_into_fund(
            service,
            unit,
            request.auth,
            amount_minor=data.amount_minor,
            request=(idempotency_key or "").strip('"'),
        )
        return app.Fresh(201, encode(render.fund(made)))

    return once(request, idempotency_key, data, work)


@get(
    "/v1/reconciliation/{day:str}",
    tags=["Orders"],
    media_type="text/csv",
    responses=problems(422),
)
@threaded
def reconciliation(day: Day, request: Asking) -> Response[str]:
    """All that was posted for you on a UTC day, as a CSV file that balances."""
    request.auth.demand("orders")
    start = parse_instant(day)
    service = service_of(request)
    if start > service.clock():
        raise InvalidInput(f"the day must have begun; got {day}.")
    with service.online.reading() as unit:
        made = app.reconcile(unit, request.auth.books, day=start)
    headers = {"Content-Disposition": f'attachment; filename="benne-{day}.csv"'}
    return Response(made.csv, media_type="text/csv", headers=headers)


HANDLERS = (
    create, page, offers, referrals, claims, look, history, act, sync, fund, pay_in,
    reconciliation,
)  # fmt: skip
