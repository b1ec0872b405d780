"""Orders: made after a consult, acted on, and stored with all that follows, in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec

from benne.app._access import Caller, demand_open
from benne.app._asking import Question, ask, asked_first
from benne.app._consulting import Verdict, offered_service
from benne.app._order_effects import keep_referred, keep_step, reserve_exposure
from benne.app.stores.online import ledger, orders as store, outbox
from benne.app.stores.online.orders import StoredAct, StoredOrder
from benne.decisions import Exceeded, Limits
from benne.kernel import (
    Conflict,
    InvalidInput,
    NotFound,
    NotPermitted,
    Value,
    canonical_json,
)
from benne.orders import (
    Act,
    Due,
    Fund,
    Opening,
    Order,
    Service,
    apply,
    demand_same,
    next_task,
    open_order,
    possible,
    standard_services,
)
from benne.rights import jurisdiction

if TYPE_CHECKING:
    from benne.app._asking import Replied
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Ahead, Unit


@dataclass(frozen=True, slots=True)
class OrderAsked:
    """What a merchant asks for.  ``number`` is its own: the same number is the same order.

    ``offer`` is what ``consult`` is asked about; ``partial`` says that a person whose cap is lower
    may put down the rest; ``fields`` are the merchant's own facts, for a policy that asks for some.
    """

    number: str
    person: str
    service: str
    offer: str
    due_at: int
    value_minor: int
    deposit_minor: int = 0
    price_minor: int = 0
    promised_minor: int = 0
    plan: tuple[Due, ...] = ()
    partial: bool = False
    fields: Mapping[str, Value] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrderTold:
    """An order as one request left it; ``replayed``: the request was made before."""

    stored: StoredOrder
    request: str
    replayed: bool = False

    @property
    def order(self) -> Order:
        """The order itself."""
        return self.stored.order


def create_order(bureau: Bureau, unit: Unit, caller: Caller, asked: OrderAsked) -> OrderTold:
    """The order that ``asked`` describes, decided by a consult: admitted, offered or refused.

    Raises:
        NotPermitted: no scope, or no consent of the person in force.
        NotFound: no such service.
        InvalidInput: it does not fit the service.
        Conflict: the merchant's number was used before for another order.
    """
    caller.demand("orders")
    service_named(asked.service)
    unit.ahead(*order_asked_first(caller, asked))
    known = store.claim_number(unit, caller.books, asked.number)
    opening = _opening(bureau, caller, asked)
    if known is not None:
        demand_open(unit, caller)
        demand_same(asked.number, known.digest, _digest(asked, opening), what="order number")
        return OrderTold(_first(unit, known), asked.number, replayed=True)
    service = _offered(bureau, asked)
    reply = ask(bureau, unit, caller, _question(asked, service))
    verdict = _verdict(reply)
    subject = f"test:{asked.person}" if reply.consent is None else reply.consent.subject
    opening = replace(opening, subject=subject)
    made = open_order(opening, service)
    stored = StoredOrder(
        order=made.order,
        number=asked.number,
        digest=_digest(asked, opening),
        person=asked.person,
        consent=None if reply.consent is None else reply.consent.id,
        code=verdict.code,
        policy=verdict.policy,
        answer=reply.id,
        test=caller.mode == "test",
        next_at=None,
    )
    if verdict.outcome == "refer":
        stored = replace(stored, next_at=referred_until(made.order, service))
        keep_referred(bureau, unit, stored)
        return OrderTold(stored, asked.number)
    act, limits = _decision(asked, verdict, opening.at), bureau.workspace.service.limits
    try:
        with nullcontext() if limits == Limits() else unit.attempt():
            stored = _decided(bureau, unit, stored, act, service)
    except _Beyond as beyond:
        stored = replace(stored, code=beyond.limit.code)
        refuse = Act("decision", "refuse", opening.at, "system", text=beyond.limit.says)
        stored = _decided(bureau, unit, stored, refuse, service)
    return OrderTold(stored, asked.number)


def order_asked_first(caller: Caller, asked: OrderAsked) -> Ahead:
    """What ``create_order`` will ask the store first, for ``once``."""
    return (
        *store.asked(caller.books, asked.number),
        *asked_first(caller, asked.person),
        outbox.asked(caller.books),
        ledger.asked(),
    )


class _Beyond(Exception):
    """A limit is in the way."""

    def __init__(self, limit: Exceeded) -> None:
        super().__init__(limit.says)
        self.limit = limit


def _decided(
    bureau: Bureau, unit: Unit, stored: StoredOrder, act: Act, service: Service
) -> StoredOrder:
    """Store a new order with what was decided.

    What it has at risk is reserved last: from then to the commit all others wait who reserve for
    the same merchant.
    """
    step = apply(stored.order, act, service)
    stored = keep_step(bureau, unit, stored, act, step, service, new=True)
    beyond = None if stored.test else reserve_exposure(bureau, unit, step.order)
    if beyond is not None:
        raise _Beyond(beyond)
    return stored


def possible_acts(order: Order) -> tuple[str, ...]:
    """What may be done with an order as it stands, by whomever."""
    return possible(order, service_of(order))


def referred_until(order: Order, service: Service) -> int | None:
    """How long an order that was referred to people waits for them."""
    task = next_task(order, service)
    return None if task is None else task.at


def service_named(name: str) -> Service:
    """The service ``name``.  Raises ``NotFound`` where there is none."""
    services = standard_services()
    if name not in services:
        raise NotFound(f"there is no service {name!r}; there are {', '.join(services)}.")
    return services[name]


def service_of(order: Order) -> Service:
    """The service of an order, on the terms on which that was made."""
    return service_named(order.service).on(order.terms)


def _opening(bureau: Bureau, caller: Caller, asked: OrderAsked) -> Opening:
    return Opening(
        request=asked.number,
        order=bureau.new_id(),
        service=asked.service,
        merchant=caller.books,
        subject="",
        at=bureau.clock(),
        due_at=asked.due_at,
        value_minor=asked.value_minor,
        deposit_minor=asked.deposit_minor,
        price_minor=asked.price_minor,
        promised_minor=asked.promised_minor,
        plan=asked.plan,
    )


def _digest(asked: OrderAsked, opening: Opening) -> str:
    own = f" {canonical_json(dict(asked.fields))}" if asked.fields else ""
    said = replace(opening, subject=f"{asked.person} {asked.offer} {asked.partial}{own}")
    return said.digest


def _offered(bureau: Bureau, asked: OrderAsked) -> Service:
    """The service on the terms of the offer; one of one service is not for orders of another."""
    for offer in bureau.workspace.service.offers:
        if offer.name == asked.offer and offer.service is not None:
            if offer.service != asked.service:
                raise InvalidInput(
                    f"{offer.name} is offered for orders of {offer.service}; got one of "
                    f"{asked.service}."
                )
            return offered_service(offer)
    return service_named(asked.service)


def _question(asked: OrderAsked, service: Service) -> Question:
    return Question(
        "consult",
        asked.person,
        service.purpose,
        service=asked.offer,
        amount_minor=asked.value_minor,
        fields=asked.fields,
    )


def _verdict(reply: Replied) -> Verdict:
    if isinstance(reply.content, Verdict):
        return reply.content
    why = getattr(reply.answer, "why", None) or f"the answer was {reply.kind}."
    raise NotPermitted(f"no order can be made: {why}")


def _decision(asked: OrderAsked, verdict: Verdict, at: int) -> Act:
    """What the verdict means for the order.

    A cap that is too low may be met by a deposit of the rest, and what a score does not carry, or
    too little is known for, by one of the whole.
    """
    cap = verdict.cap_minor
    enough = cap is None or asked.value_minor <= cap
    if verdict.outcome == "admit" and enough:
        return Act("decision", "admit", at, "system", amount_minor=cap)
    if asked.partial and (verdict.outcome == "admit" or verdict.code in _MET_BY_A_DEPOSIT):
        rest = asked.value_minor - (cap or 0)
        return Act("decision", "offer", at, "system", amount_minor=rest)
    return Act("decision", "refuse", at, "system", text=verdict.says or verdict.code or "refused")


_MET_BY_A_DEPOSIT = frozenset({"AMOUNT_ABOVE_CAP", "NOT_ENOUGH_EVIDENCE", "SCORE_BELOW"})


def _first(unit: Unit, known: StoredOrder) -> StoredOrder:
    """The order as its first request left it: the same number gives the same answer."""
    act = store.find_act(unit, known.order.id, "decision")
    return known if act is None else _as_left(known, act)


def _as_left(stored: StoredOrder, act: StoredAct) -> StoredOrder:
    """The order as ``act`` left it, with what was to come next then."""
    order = msgspec.json.decode(act.body, type=Kept).order
    task = next_task(order, service_of(order))
    return replace(stored, order=order, next_at=None if task is None else task.at)


class Kept(msgspec.Struct, frozen=True):
    """What an act keeps: what was said, the order as it left it, and who was told what."""

    said: dict[str, object]
    order: Order
    notices: list[str] = []


def act_on_order(bureau: Bureau, unit: Unit, caller: Caller, name: str, act: Act) -> OrderTold:
    """What ``act`` does to the order ``name`` of the caller; ``act.at`` is only what was looked at.

    Raises:
        NotFound: the caller's organisation has no such order.
        NotPermitted: the merchant agrees, in the person's name, to what it asks.
        Conflict: it cannot be done now, or the request id was used for something else.
    """
    demand_open(unit, caller)
    stored = store.find(unit, name, lock=True)
    if stored is None or not _may(caller, act, stored):
        raise NotFound("your organisation has no order of this id.")
    if act.name in _OWN_WORD and stored.order.merchant == caller.organisation:
        raise NotPermitted(
            f"who asks for money cannot {act.name} in the person's name: the person does, signed "
            "in, or in a wallet of another organisation."
        )
    return act_in(bureau, unit, stored, act)


_OWN_WORD = frozenset({"agree", "confirm"})
"""What nobody says for a person who gains by it; in test mode everybody may try it."""


def _may(caller: Caller, act: Act, stored: StoredOrder) -> bool:
    caller.demand(_SCOPE_OF[act.by])
    if act.by == "merchant":
        return stored.order.merchant == caller.books
    return stored.test == (caller.mode == "test")


_SCOPE_OF: Mapping[str, str] = {
    "merchant": "orders",
    "person": "orders.person",
    "system": "orders.cover",
    "provider": "payments",
}
"""The scope in which a client acts as each; ``orders.person`` is for the bureau's own wallet."""


def act_in(bureau: Bureau, unit: Unit, stored: StoredOrder, act: Act) -> OrderTold:
    """``act`` on an order that is locked; a request that was made before gives its first answer."""
    order = stored.order
    before = store.find_act(unit, order.id, act.request)
    if before is not None:
        demand_same(act.request, before.digest, act.digest)
        return OrderTold(_as_left(stored, before), act.request, replayed=True)
    act = replace(act, at=max(bureau.clock(), order.last_at))
    service = service_of(order)
    fund = fund_of(unit, order.merchant, at=act.at, lock=True) if act.name == "award" else None
    step = apply(order, act, service, fund=fund, answer_by=_answer_by(bureau, act))
    if act.name in ("admit", "offer") and not stored.test:
        beyond = reserve_exposure(bureau, unit, step.order)
        if beyond is not None:
            raise Conflict(beyond.says)
    return OrderTold(keep_step(bureau, unit, stored, act, step, service), act.request)


def _answer_by(bureau: Bureau, act: Act) -> int | None:
    """Until when the law of the day asks for an answer to an objection."""
    law = jurisdiction(bureau.workspace.rights.jurisdiction)
    clock = law.clock("dispute_answer", act.at) if act.name == "dispute" else None
    return None if clock is None else clock.due(act.at)


def fund_of(unit: Unit, merchant: str, *, at: int, lock: bool = False) -> Fund | None:
    """A merchant's cover fund as the ledger says it stands; ``None`` where it has none."""
    limits = ledger.fund_limits(unit, merchant, lock=lock)
    if limits is None:
        return None
    return Fund(
        merchant=merchant,
        limits=limits,
        balance_minor=ledger.balance(unit, "fund", merchant),
        paid_today_minor=ledger.paid_out(unit, merchant, since=ledger.day_of(at)),
        paid_minor=ledger.paid_out(unit, merchant, since=0),
    )
