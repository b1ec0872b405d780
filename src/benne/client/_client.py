"""A small client of the service, with which the commonest mistakes cannot be made.

* Its key is written to disk before the first call, so that a repeat after a crash is the same
  request, and is neither answered nor charged twice.
* An answer is a value of a closed union.  Only a value that says so holds a number, a yes or a
  no; what went wrong is an exception, and leaves no value at all.
* An answer says as of when it is, of which model, and how long it may be kept.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar
from urllib.parse import urlencode

import httpx
import msgspec

from benne.client import _orders as orders, _wire as wire
from benne.client._keys import KeyBook

A = TypeVar("A")

_AGAIN = frozenset({401, 429, 502, 503, 504})
_EARLY_SECONDS = 30.0

_SCORE_ANSWER: msgspec.json.Decoder[wire.ScoreAnswer] = msgspec.json.Decoder(wire.ScoreAnswer)
_BRIEF_ANSWER: msgspec.json.Decoder[wire.BriefAnswer] = msgspec.json.Decoder(wire.BriefAnswer)
_LEVEL_ANSWER: msgspec.json.Decoder[wire.LevelAnswer] = msgspec.json.Decoder(wire.LevelAnswer)
_ORDER: msgspec.json.Decoder[orders.Order] = msgspec.json.Decoder(orders.Order)
_ORDERS: msgspec.json.Decoder[orders.Orders] = msgspec.json.Decoder(orders.Orders)
_HISTORY: msgspec.json.Decoder[orders.History] = msgspec.json.Decoder(orders.History)
_SYNCED: msgspec.json.Decoder[orders.Synced] = msgspec.json.Decoder(orders.Synced)
_OFFERS: msgspec.json.Decoder[list[orders.Offer]] = msgspec.json.Decoder(list[orders.Offer])
_PAYMENTS: msgspec.json.Decoder[orders.Payments] = msgspec.json.Decoder(orders.Payments)
_HEARD: msgspec.json.Decoder[orders.Heard] = msgspec.json.Decoder(orders.Heard)
_FUND: msgspec.json.Decoder[orders.Fund] = msgspec.json.Decoder(orders.Fund)
_CLAIMS: msgspec.json.Decoder[list[orders.OpenClaim]] = msgspec.json.Decoder(list[orders.OpenClaim])
_REFERRED: msgspec.json.Decoder[list[orders.Referred]] = msgspec.json.Decoder(list[orders.Referred])
_CONSULT_ANSWER: msgspec.json.Decoder[wire.ConsultAnswer] = msgspec.json.Decoder(wire.ConsultAnswer)
_WATCHLIST_ANSWER: msgspec.json.Decoder[wire.WatchlistAnswer] = msgspec.json.Decoder(
    wire.WatchlistAnswer
)
_INQUIRIES_ANSWER: msgspec.json.Decoder[wire.InquiriesAnswer] = msgspec.json.Decoder(
    wire.InquiriesAnswer
)
_CONSENT_RECEIPT: msgspec.json.Decoder[wire.ConsentReceipt] = msgspec.json.Decoder(
    wire.ConsentReceipt
)
_STANDING: msgspec.json.Decoder[wire.AnswerStanding] = msgspec.json.Decoder(wire.AnswerStanding)
_JOB: msgspec.json.Decoder[wire.JobState] = msgspec.json.Decoder(wire.JobState)
_JOB_PAGE: msgspec.json.Decoder[wire.JobPage] = msgspec.json.Decoder(wire.JobPage)
_HOLD_PLACED: msgspec.json.Decoder[wire.HoldPlaced] = msgspec.json.Decoder(wire.HoldPlaced)
_USAGE: msgspec.json.Decoder[wire.Usage] = msgspec.json.Decoder(wire.Usage)
_ACCEPTED: msgspec.json.Decoder[wire.Accepted] = msgspec.json.Decoder(wire.Accepted)


class ServiceProblem(Exception):
    """The service refused; ``code`` is stable (see ``/problems``), ``problem`` is all of it."""

    def __init__(self, problem: wire.Problem) -> None:
        super().__init__(f"{problem.code}: {problem.detail}")
        self.problem = problem

    @property
    def code(self) -> str:
        """The stable code."""
        return self.problem.code


class NotReached(Exception):
    """Nobody answered, or not in time.  Call again with the same ``reference``."""


class Client:
    """Asks the service for one client of an organisation.

    ``keys`` names the file in which idempotency keys are kept.  ``transport`` is for tests.  A
    call that nobody answers is sent again ``tries`` times in all, as the same request.

    >>> with Client("https://bureau.example", "id", "secret", keys="keys.db") as bureau:
    ...     answer = bureau.brief(person, purpose="deposit_free", threshold=650,
    ...                           reference="order-17")  # doctest: +SKIP
    """

    def __init__(
        self,
        url: str,
        client_id: str,
        client_secret: str,
        *,
        keys: str | Path,
        timeout: float = 10.0,
        tries: int = 3,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._http = httpx.Client(base_url=url, timeout=timeout, transport=transport)
        self._credentials = (client_id, client_secret)
        self._keys = KeyBook(Path(keys))
        self._tries = max(1, tries)
        self._token, self._good_until = "", 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self._http.base_url}, {self._credentials[0]})"

    def close(self) -> None:
        """Give back the connections."""
        self._http.close()

    # --- answers ---------------------------------------------------------------------------

    def score(self, person: str, *, purpose: wire.Purpose, reference: str) -> wire.ScoreAnswer:
        """The score, or why there is none."""
        body = wire.Question(person=person, purpose=purpose)
        return self._once("/v1/answers/score", body, reference, _SCORE_ANSWER)

    def brief(
        self, person: str, *, purpose: wire.Purpose, threshold: int, reference: str
    ) -> wire.BriefAnswer:
        """Whether the person reaches ``threshold``, or why that is not said."""
        body = wire.BriefQuestion(person=person, purpose=purpose, threshold=threshold)
        return self._once("/v1/answers/brief", body, reference, _BRIEF_ANSWER)

    def level(self, person: str, *, purpose: wire.Purpose, reference: str) -> wire.LevelAnswer:
        """The level, A to E, or why there is none."""
        body = wire.Question(person=person, purpose=purpose)
        return self._once("/v1/answers/level", body, reference, _LEVEL_ANSWER)

    def consult(
        self,
        person: str,
        *,
        purpose: wire.Purpose,
        service: str,
        amount_minor: int,
        reference: str,
        fields: Mapping[str, wire.Field] | None = None,
    ) -> wire.ConsultAnswer:
        """Whether the person may use ``service`` for ``amount_minor``, and up to what.

        ``fields`` are the merchant's own facts, where the service's policy asks for some.
        """
        body = wire.ConsultQuestion(
            person=person,
            purpose=purpose,
            service=service,
            amount_minor=amount_minor,
            fields=dict(fields or {}),
        )
        return self._once("/v1/answers/consult", body, reference, _CONSULT_ANSWER)

    def watchlist(
        self, person: str, *, purpose: wire.Purpose, reference: str
    ) -> wire.WatchlistAnswer:
        """Broken promises, or why they are not told."""
        body = wire.Question(person=person, purpose=purpose)
        return self._once("/v1/answers/watchlist", body, reference, _WATCHLIST_ANSWER)

    def inquiries(
        self, person: str, *, purpose: wire.Purpose, reference: str
    ) -> wire.InquiriesAnswer:
        """How often lenders asked, or why that is not told."""
        body = wire.Question(person=person, purpose=purpose)
        return self._once("/v1/answers/inquiries", body, reference, _INQUIRIES_ANSWER)

    def answer(self, answer_id: str) -> wire.AnswerStanding:
        """How an answer stands: after ``answer.changed``, whether it was given again, and as what.

        ``superseded_by`` names the answer to look at then; that one's ``answer`` is typed like
        any other.
        """
        return _STANDING.decode(self._send("GET", f"/v1/answers/{answer_id}"))

    # --- many people -----------------------------------------------------------------------

    def start_job(self, asked: wire.JobAsked, *, reference: str) -> wire.JobState:
        """Ask one question about many people; each consent is looked at when its turn comes."""
        return self._once("/v1/jobs", asked, reference, _JOB)

    def job(self, job_id: str) -> wire.JobState:
        """How far a job is."""
        return _JOB.decode(self._send("GET", f"/v1/jobs/{job_id}"))

    def cancel_job(self, job_id: str) -> wire.JobState:
        """Have nobody more answered about; what was answered stays."""
        return _JOB.decode(self._send("POST", f"/v1/jobs/{job_id}/cancel"))

    def job_answers(self, job_id: str, *, wait_seconds: float = 1.0) -> Iterator[wire.JobAnswer]:
        """Every answer of a job, in the order of the people; each says about whom it is.

        While the job is under way it waits for what is to come, ``wait_seconds`` at a time: when
        it ends, there is no more.
        """
        path = f"/v1/jobs/{job_id}/answers?limit=1000"
        cursor = ""
        while True:
            page = _JOB_PAGE.decode(self._send("GET", path + cursor))
            yield from page.answers
            if page.next is None:
                return
            cursor = f"&cursor={page.next}"
            if not page.answers:
                time.sleep(wait_seconds)

    # --- consents and evidence -------------------------------------------------------------

    def give_consent(self, consent: wire.ConsentGiven, *, reference: str) -> wire.ConsentReceipt:
        """Record what a person allowed; ``known_as`` of the receipt is whom to ask about."""
        return self._once("/v1/consents", consent, reference, _CONSENT_RECEIPT)

    def consent(self, consent_id: str) -> wire.ConsentReceipt:
        """How a consent stands."""
        came = self._send("GET", f"/v1/consents/{consent_id}")
        return _CONSENT_RECEIPT.decode(came)

    def pause_consent(self, consent_id: str, *, reference: str) -> wire.ConsentReceipt:
        """Pass on that the person paused it: nothing is answered until they resume it."""
        return self._consent_act(consent_id, wire.ConsentAct(act="pause"), reference)

    def resume_consent(self, consent_id: str, *, reference: str) -> wire.ConsentReceipt:
        """Pass on that the person resumed it."""
        return self._consent_act(consent_id, wire.ConsentAct(act="resume"), reference)

    def revoke_consent(self, consent_id: str, *, reference: str) -> wire.ConsentReceipt:
        """Pass on that the person revoked it, for good."""
        return self._consent_act(consent_id, wire.ConsentAct(act="revoke"), reference)

    def _consent_act(
        self, consent_id: str, act: wire.ConsentAct, reference: str
    ) -> wire.ConsentReceipt:
        return self._once(f"/v1/consents/{consent_id}/acts", act, reference, _CONSENT_RECEIPT)

    def hold_consent(
        self, consent_id: str, hold: wire.HoldAsked, *, reference: str
    ) -> wire.HoldPlaced:
        """Hold a consent for a stated business that is running; it says until when it holds."""
        return self._once(f"/v1/consents/{consent_id}/holds", hold, reference, _HOLD_PLACED)

    def furnish(self, records: Sequence[Mapping[str, Any]], *, reference: str) -> wire.Accepted:
        """Bring evidence; ``findings`` says what was not kept, and why."""
        lines = b"\n".join(msgspec.json.encode(record) for record in records)
        key = self._keys.key("/v1/evidence/batch", reference)
        headers = {"Content-Type": "application/x-ndjson", "Idempotency-Key": key}
        came = self._send("POST", "/v1/evidence/batch", lines, headers)
        return _ACCEPTED.decode(came)

    def usage(self, month: str | None = None) -> wire.Usage:
        """What was asked and charged in a UTC month, such as 2026-11; in this one, if not named."""
        path = "/v1/usage" if month is None else f"/v1/usage?month={month}"
        return _USAGE.decode(self._send("GET", path))

    # --- orders ------------------------------------------------------------------------

    def order(self, asked: orders.OrderAsked) -> orders.Order:
        """Ask for a service on credit: admitted, offered for a deposit, or refused.

        The merchant's own ``asked.number`` is its reference: the same number is the same order.
        """
        return self._once("/v1/orders", asked, asked.number, _ORDER)

    def act(self, order: str, act: orders.OrderAct, *, reference: str) -> orders.Order:
        """Do something to an order, once, however often it is sent; the order as that left it."""
        return self._once(f"/v1/orders/{order}/acts", act, reference, _ORDER)

    def look_order(self, order: str) -> orders.Order:
        """How an order stands."""
        return _ORDER.decode(self._send("GET", f"/v1/orders/{order}"))

    def offers(self) -> list[orders.Offer]:
        """What may be ordered, with the terms to show a person before they take it."""
        return _OFFERS.decode(self._send("GET", "/v1/offers"))

    def order_of(self, number: str) -> orders.Order | None:
        """The order of the merchant's own ``number``; ``None`` where there is none."""
        try:
            came = self._send("GET", f"/v1/orders?{urlencode({'number': number})}")
        except ServiceProblem as error:
            if error.problem.status == 404:
                return None
            raise
        return _ORDERS.decode(came).orders[0]

    def list_orders(self, *, state: str | None = None) -> Iterator[orders.Order]:
        """Every order of this merchant, the oldest first, or those in ``state``."""
        asked = {} if state is None else {"state": state}
        while True:
            page = _ORDERS.decode(self._send("GET", f"/v1/orders?{urlencode(asked)}"))
            yield from page.orders
            if page.after is None:
                return
            asked["after"] = page.after

    def order_history(self, order: str) -> list[orders.ActDone]:
        """All that was done to an order, in order."""
        return _HISTORY.decode(self._send("GET", f"/v1/orders/{order}/acts")).acts

    def sync(self, acts: Sequence[orders.SyncedAct]) -> list[orders.SyncDone]:
        """Bring acts together, at most 500; each has its own request id, and is done once."""
        body = msgspec.json.encode(orders.Sync(acts=list(acts)))
        headers = {"Content-Type": "application/json"}
        return _SYNCED.decode(self._send("POST", "/v1/orders/sync", body, headers)).done

    def fund(self) -> orders.Fund:
        """This merchant's loss cover fund."""
        return _FUND.decode(self._send("GET", "/v1/fund"))

    def pay_into_fund(self, amount_minor: int, *, reference: str) -> orders.Fund:
        """Pay into the cover fund, once for each ``reference``; the provider is asked for it."""
        paid = orders.PaidIn(amount_minor=amount_minor)
        return self._once("/v1/fund/payments", paid, reference, _FUND)

    def payments(self) -> Iterator[orders.PaymentAsked]:
        """What waits for the payment provider; it takes the scope ``payments``."""
        path = "/v1/payments"
        while True:
            page = _PAYMENTS.decode(self._send("GET", path))
            yield from page.payments
            if page.after is None:
                return
            path = f"/v1/payments?{urlencode({'after': page.after})}"

    def tell_payment(self, payment: str, told: orders.Told) -> orders.Heard:
        """Say how a payment stands, ``done_minor`` in all; said twice, it moves nothing twice."""
        headers = {"Content-Type": "application/json"}
        body = msgspec.json.encode(told)
        return _HEARD.decode(self._send("POST", f"/v1/payments/{payment}", body, headers))

    def referrals(self) -> list[orders.Referred]:
        """The orders that wait for people to decide; it takes the scope ``orders.cover``."""
        return _REFERRED.decode(self._send("GET", "/v1/referrals"))

    def claims(self) -> list[orders.OpenClaim]:
        """The open claims on cover funds; it takes the scope ``orders.cover``."""
        return _CLAIMS.decode(self._send("GET", "/v1/claims"))

    def reconciliation(self, day: str) -> str:
        """All that was posted for this merchant on a UTC day, as a CSV file that balances."""
        return self._send("GET", f"/v1/reconciliation/{day}").decode()

    # --- one request -----------------------------------------------------------------------

    def _once(self, path: str, body: Any, reference: str, answer: msgspec.json.Decoder[A]) -> A:
        key = self._keys.key(path, reference)
        headers = {"Content-Type": "application/json", "Idempotency-Key": key}
        came = self._send("POST", path, msgspec.json.encode(body), headers)
        return answer.decode(came)

    def _send(
        self,
        method: str,
        path: str,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> bytes:
        for wait in self._waits():
            try:
                bearer = {"Authorization": f"Bearer {self._access_token()}"}
                came = self._http.request(
                    method, path, content=content, headers={**(headers or {}), **bearer}
                )
            except httpx.TransportError as error:
                if wait is None:
                    raise NotReached(f"{path} was not answered: {error}") from error
                time.sleep(wait)
                continue
            if came.status_code == 401:
                self._token = ""
            if came.is_success:
                return came.content
            problem = _problem(came)
            again = came.status_code in _AGAIN or problem.code == "key_in_flight"
            if wait is None or not again or problem.code == "too_many_thresholds":
                raise problem
            time.sleep(min(wait, float(came.headers.get("Retry-After", wait))))
        raise AssertionError("unreachable")

    def _waits(self) -> Iterator[float | None]:
        for n in range(self._tries - 1):
            yield 0.2 * 2.0**n
        yield None

    def _access_token(self) -> str:
        if self._token and time.monotonic() < self._good_until - _EARLY_SECONDS:
            return self._token
        came = self._http.post(
            "/oauth/token", data={"grant_type": "client_credentials"}, auth=self._credentials
        )
        if not came.is_success:
            raise _problem(came)
        token = msgspec.json.decode(came.content, type=wire.Token)
        self._token, self._good_until = token.access_token, time.monotonic() + token.expires_in
        return self._token


def _problem(came: httpx.Response) -> ServiceProblem:
    try:
        return ServiceProblem(msgspec.json.decode(came.content, type=wire.Problem))
    except msgspec.DecodeError:
        told = wire.Problem(
            type="about:blank",
            title=came.reason_phrase,
            status=came.status_code,
            detail=f"the service answered {came.status_code}",
            code="unreadable",
        )
        return ServiceProblem(told)
