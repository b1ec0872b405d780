"""Usage: what an organisation asked in a month, and what was charged."""

from __future__ import annotations

from typing import Annotated, Any, cast

from litestar import Response, get
from litestar.params import QueryParameter

from benne import app
from benne.client import _wire as wire
from benne.doors.api._render import encode
from benne.doors.api._requests import Asking, answered, problems, raw, service_of, threaded

Month = Annotated[
    str | None, QueryParameter(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$", required=False)
]


@get(
    "/v1/usage",
    tags=["Usage"],
    responses={**answered(wire.Usage, "What was asked, and charged"), **problems()},
)
@threaded
def usage(request: Asking, month: Month = None) -> Response[bytes]:
    """What your organisation asked in a UTC month (this one, if none is named), and was charged."""
    with service_of(request).online.reading() as unit:
        found = app.usage(service_of(request), unit, request.auth, month=month)
    told = wire.Usage(
        month=found.month,
        mode=cast("wire.Mode", found.mode),
        charged=sum(one.charged for one in found.counted),
        answers=[
            wire.UsageRow(
                asked=cast("wire.Asked", one.asked),
                purpose=cast("wire.Purpose", one.purpose),
                answer=one.outcome,
                count=one.count,
                charged=one.charged,
            )
            for one in found.counted
        ],
    )
    return raw(encode(told))


HANDLERS: tuple[Any, ...] = (usage,)
