"""Consents that people gave an organisation: recorded, looked at, passed on, held."""

from __future__ import annotations

from typing import Annotated

from litestar import Response, get, post
from litestar.params import JSONBody, PathParameter

from benne import app
from benne.client import _wire as wire
from benne.doors.api import _render as render
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
from benne.kernel import from_micros

ConsentId = Annotated[str, PathParameter(pattern=r"^[0-9a-f-]{36}$")]


def terms_of(data: wire.ConsentTerms) -> app.Terms:
    """The terms as the use cases know them."""
    return app.Terms(
        purposes=frozenset(data.purposes),
        text_version=data.text_version,
        text_hash=data.text_hash,
        ticked_beforehand=data.ticked_beforehand,
        kinds=frozenset(data.kinds),
        mode=data.mode,
        frequency=app.Frequency(data.frequency.times, data.frequency.days),
        life_days=data.life_days,
        starts_in_days=data.starts_in_days,
        expires_in_days=data.expires_in_days,
        evidence_days=data.evidence_days,
        warned=data.warned,
    )


@post(
    "/v1/consents",
    status_code=201,
    tags=["Consents"],
    responses={**answered(wire.ConsentReceipt, "Recorded", 201), **problems(409, 422)},
)
@threaded
def give(
    data: JSONBody[wire.ConsentGiven], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Record what a person allowed on your own page; `known_as` is your id of the person."""
    request.auth.demand("consents")
    service = service_of(request)

    def work(unit: app.Unit) -> app.Fresh:
        subject = app.identified(service, data.identifier, mode=request.auth.mode)
        given = app.give_consent(service, unit, request.auth, subject=subject, terms=terms_of(data))
        return app.Fresh(201, render.encode(render.receipt(given)), subject)

    return once(request, idempotency_key, data, work)


@get(
    "/v1/consents/{consent:str}",
    tags=["Consents"],
    responses={**answered(wire.ConsentReceipt, "How it stands"), **problems(404)},
)
@threaded
def look(consent: ConsentId, request: Asking) -> Response[bytes]:
    """How a consent stands that was given to your organisation."""
    request.auth.demand("consents")
    service = service_of(request)
    with service.online.reading() as unit:
        found = app.consent_of(service, unit, consent, merchant=request.auth.books)
    return raw(render.encode(render.receipt(found)))


@post(
    "/v1/consents/{consent:str}/acts",
    status_code=200,
    tags=["Consents"],
    responses={**answered(wire.ConsentReceipt, "How it stands now"), **problems(404, 409, 422)},
)
@threaded
def act(
    consent: ConsentId,
    data: JSONBody[wire.ConsentAct],
    request: Asking,
    idempotency_key: IdempotencyKey,
) -> Response[bytes]:
    """Pass on that the person paused, resumed or revoked what they gave you."""
    request.auth.demand("consents")
    service = service_of(request)

    def work(unit: app.Unit) -> app.Fresh:
        moved = app.withdraw_at_merchant(service, unit, request.auth, consent, data.act)
        return app.Fresh(200, render.encode(render.receipt(moved)), moved.consent.subject)

    return once(request, idempotency_key, data, work)


@post(
    "/v1/consents/{consent:str}/holds",
    status_code=201,
    tags=["Consents"],
    responses={**answered(wire.HoldPlaced, "Placed", 201), **problems(404, 409, 422)},
)
@threaded
def hold(
    consent: ConsentId,
    data: JSONBody[wire.HoldAsked],
    request: Asking,
    idempotency_key: IdempotencyKey,
) -> Response[bytes]:
    """Hold a consent for a stated business that is running."""
    request.auth.demand("consents")
    service = service_of(request)

    def work(unit: app.Unit) -> app.Fresh:
        held = app.hold_consent(
            service,
            unit,
            request.auth,
            consent,
            reason=data.reason,
            purpose=data.purpose,
            business=data.business,
            days=data.days,
        )
        placed = wire.HoldPlaced(
            consent=held.consent,
            reason=held.reason,
            purpose=held.purpose,
            ends_at=from_micros(held.ends_at),
        )
        return app.Fresh(201, render.encode(placed))

    return once(request, idempotency_key, data, work)


HANDLERS = (give, look, act, hold)
