"""Evidence: what furnishers bring, one record or many, with a finding for each that is wrong."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, post
from litestar.exceptions import HTTPException
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import JSONBody, RawBody
from msgspec import Meta, Struct

from benne import app
from benne.client import _wire as wire
from benne.doors.api import _render as render
from benne.doors.api._problems import ERRORS, INVALID, problem
from benne.doors.api._render import encode
from benne.doors.api._requests import (
    Asking,
    IdempotencyKey,
    OptionalKey,
    answered,
    once,
    problems,
    raw,
    service_of,
    threaded,
)
from benne.kernel import InvalidInput

_SAYS = (
    "What became of each record. A record has `kind`, `record` (your id of it), `subject` (what "
    "sources share of the person) and its kind's columns."
)
_UNPACKED_AT_MOST = 20
"""A compressed body may unpack to so many times what a plain one may have."""
_RECORD = Schema(
    type=OpenAPIType.OBJECT,
    required=["kind", "record", "subject"],
    properties={
        "kind": Schema(type=OpenAPIType.STRING),
        "record": Schema(type=OpenAPIType.STRING),
        "subject": Schema(type=OpenAPIType.STRING),
    },
)


@dataclass
class OneRecord(Operation):
    """The description of a body that is one record."""

    def __post_init__(self) -> None:
        self.request_body = _body("application/json", _RECORD)


@dataclass
class ManyRecords(Operation):
    """The description of a body that is a record a line."""

    def __post_init__(self) -> None:
        self.request_body = _body("application/x-ndjson", Schema(type=OpenAPIType.STRING))


def _body(media_type: str, schema: Schema) -> RequestBody:
    return RequestBody(content={media_type: OpenAPIMediaType(schema=schema)}, required=True)


@post(
    "/v1/evidence",
    status_code=200,
    tags=["Evidence"],
    operation_class=OneRecord,
    responses={**answered(wire.Accepted, _SAYS), **problems(409, 413, 415, 422)},
)
@threaded
def one(request: Asking, body: RawBody, idempotency_key: OptionalKey) -> Response[Any]:
    """Bring one record.  The same record again changes nothing; sent with more, it is settled."""
    plain = _plain(request, body)
    record = _object(plain, "the body")
    return _furnished(request, idempotency_key, plain, lambda: [(1, record)], single=True)


@post(
    "/v1/evidence/batch",
    status_code=200,
    tags=["Evidence"],
    operation_class=ManyRecords,
    responses={**answered(wire.Accepted, _SAYS), **problems(409, 413, 415, 422)},
)
@threaded
def many(request: Asking, body: RawBody, idempotency_key: OptionalKey) -> Response[Any]:
    """Bring up to 5,000 records, a JSON object a line; gzip with Content-Encoding: gzip."""
    plain = _plain(request, body)
    return _furnished(request, idempotency_key, plain, lambda: _lines(plain), single=False)


def _furnished(
    request: Asking,
    key: str | None,
    body: bytes,
    records: Callable[[], Iterable[app.Numbered]],
    *,
    single: bool,
) -> Response[Any]:
    service = service_of(request)

    def work(unit: app.Unit) -> app.Fresh:
        done = app.furnish(service, unit, request.auth, records())
        return app.Fresh(200, encode(_accepted(done, request.auth.mode)))

    if key is None:
        kept = service.online.run(work)
        answer = kept.body
    else:
        named = f"{request.url.path}\n".encode()
        digest = hashlib.sha256(named + body).hexdigest()
        answer = app.once(service, request.auth.client, key, digest, work).body
    return _told(answer) if single else raw(answer)


def _told(answer: bytes) -> Response[Any]:
    """A single record that is wrong is an error; of many, the findings tell."""
    told = msgspec.json.decode(answer, type=wire.Accepted)
    if not told.findings:
        return raw(answer)
    errors = [
        {"key": one.column or "", "code": one.code, "message": f"{one.must}; got {one.came}"}
        for one in told.findings
    ]
    unnoticed = all(one.code == "not_noticed" for one in told.findings)
    kind = ERRORS[app.NoticeMissing] if unnoticed else INVALID
    return problem(kind, "the record was not kept; errors say why.", errors=errors)


def _accepted(done: app.Furnished, mode: str) -> wire.Accepted:
    return wire.Accepted(
        batch=done.batch,
        mode="test" if mode == "test" else "production",
        rows=done.rows,
        new=done.new,
        known=done.known,
        findings=[
            wire.Finding(
                row=one.row or 0, column=one.column, code=one.code, must=one.must, came=one.got
            )
            for one in done.findings
        ],
    )


def _lines(body: bytes) -> list[app.Numbered]:
    """Each line that is not empty, with its number; of one that is no object, why.

    Raises:
        InvalidInput: no line is a JSON object.
    """
    found: list[app.Numbered] = []
    for number, line in enumerate(body.split(b"\n"), start=1):
        if not line.strip():
            continue
        try:
            found.append((number, _object(line, f"line {number}")))
        except InvalidInput as error:
            found.append((number, app.Unreadable(str(error))))
    wrong = [what for _, what in found if isinstance(what, app.Unreadable)]
    if wrong and len(wrong) == len(found):
        raise InvalidInput(f"no line could be read: {wrong[0].why}")
    return found


def _object(text: bytes, where: str) -> dict[str, Any]:
    """A JSON object.

    Raises:
        InvalidInput: it is none, or is nested too deep.
    """
    try:
        found = msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"{where} must be a JSON object: {error}.") from error
    if not isinstance(found, dict):
        raise InvalidInput(f'{where} must be a JSON object, as in {{"kind": …}}.')
    return found


def _plain(request: Asking, body: bytes) -> bytes:
    """The body without its encoding.

    Raises:
        HTTPException: it has one that we do not read.
        InvalidInput: as ``_unpacked``.
    """
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding in ("gzip", "x-gzip"):
        most = service_of(request).workspace.service.body_bytes_at_most * _UNPACKED_AT_MOST
        return _unpacked(body, most)
    if encoding != "identity":
        raise HTTPException(
            status_code=415, detail="Content-Encoding must be gzip, or none at all."
        )
    return body


def _unpacked(body: bytes, most: int) -> bytes:
    """The bytes that a gzip body holds, ``most`` at most.

    Raises:
        InvalidInput: it is no gzip, is cut short, or holds more.
    """
    reader = zlib.decompressobj(wbits=31)
    try:
        plain = reader.decompress(body, most)
    except zlib.error as error:
        raise InvalidInput(
            f"the body must be gzip, as its Content-Encoding says: {error}."
        ) from error
    if reader.unconsumed_tail:
        raise InvalidInput(f"the body must unpack to {most:,} bytes or fewer; send it in parts.")
    if not reader.eof:
        raise InvalidInput("the gzip body is cut short; send it whole.")
    return plain


class DisputeAnswer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What came of checking a record that you brought and a person disputes.

    ``uphold``: it stands; ``correct``: ``changes`` says which columns are put right, and how;
    ``extend``: it takes longer, and ``text`` says why.
    """

    kind: wire.Name
    record: Annotated[str, Meta(min_length=1, max_length=1000)]
    subject: Annotated[str, Meta(min_length=1, max_length=200)]
    act: Literal["uphold", "correct", "extend"]
    changes: dict[wire.Name, bool | int | float | str | None] | None = None
    text: Annotated[str, Meta(max_length=4000)] = ""


class DisputeStands(Struct, frozen=True, kw_only=True):
    """How the record stands now, and by when it must be answered, if it must."""

    state: str
    answer_by: datetime | None


@post(
    "/v1/evidence/disputes",
    status_code=200,
    tags=["Evidence"],
    responses={**answered(DisputeStands, "How the record stands"), **problems(404, 409, 422)},
)
@threaded
def answer_dispute(
    data: JSONBody[DisputeAnswer], request: Asking, idempotency_key: IdempotencyKey
) -> Response[bytes]:
    """Answer a dispute about a record that you brought; what rested on it is given again."""
    service = service_of(request)
    subject = app.identified(service, data.subject)

    def work(unit: app.Unit) -> app.Fresh:
        found = app.answer_dispute(
            service, unit, request.auth,
            subject=subject, kind=data.kind, record=data.record, act=data.act,
            text=data.text, changes=data.changes,
        )  # fmt: skip
        told = DisputeStands(state=found.state, answer_by=render.answer_by(found))
        return app.Fresh(200, encode(told), subject)

    return once(request, idempotency_key, data, work)


HANDLERS = (one, many, answer_dispute)
