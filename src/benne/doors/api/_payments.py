"""Payments: what waits for the provider, and what it says became of it."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, post
from litestar.params import JSONBody, PathParameter, QueryParameter

from benne import app
from benne.client import _orders as wire
from benne.doors.api._render import encode
from benne.doors.api._requests import Asking, answered, problems, raw, service_of, threaded

PaymentId = Annotated[str, PathParameter(pattern=r"^[0-9a-f-]{36}\.(fund|[0-9]{1,6})$")]
After = Annotated[
    str | None,
    QueryParameter(pattern=r"^[0-9a-f-]{36}\.[0-9]{1,6}$", required=False),
]
_PAGE = 100


@get(
    "/v1/payments",
    tags=["Payments"],
    responses={**answered(wire.Payments, "What waits"), **problems(422)},
)
@threaded
def waiting(request: Asking, after: After = None) -> Response[bytes]:
    """What the provider is to do, by pages: do each once for its id, and say what became of it."""
    service = service_of(request)
    with service.online.reading() as unit:
        found, more = app.list_payments(service, unit, request.auth, after=after, limit=_PAGE)
    return raw(encode(wire.Payments(payments=[_waits(one) for one in found], after=more)))


def _waits(one: app.PaymentWaits) -> wire.PaymentAsked:
    request = one.request
    return wire.PaymentAsked(
        payment=request.payment,
        does=request.does,
        amount_minor=request.amount_minor,
        organisation=request.merchant,
        order=request.order or None,
        number=one.number,
        person=one.person,
    )


@post(
    "/v1/payments/{payment:str}",
    status_code=200,
    tags=["Payments"],
    responses={**answered(wire.Heard, "Taken"), **problems(404, 409, 422)},
)
@threaded
def payment_told(payment: PaymentId, data: JSONBody[wire.Told], request: Asking) -> Response[bytes]:
    """A provider's callback: it may come late, twice or out of order, and moves nothing twice."""
    service = service_of(request)
    receipt = app.PaymentReceipt(payment, data.status, data.done_minor)
    told = service.online.run(lambda unit: app.payment_told(service, unit, request.auth, receipt))
    return raw(encode(wire.Heard(payment=payment, status=told.status)))


HANDLERS = (waiting, payment_told)
