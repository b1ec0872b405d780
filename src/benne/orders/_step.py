"""One request to an order: what it becomes, what is posted, told and asked of the provider."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

from benne.kernel import MICROS_PER_DAY, Conflict, InvalidInput, iso
from benne.orders._acts import Act, Opening
from benne.orders._changing import demand_amounts
from benne.orders._effects import EFFECTS
from benne.orders._fund import Fund
from benne.orders._ledger import Entry
from benne.orders._moves import CONDITIONS, MOVES_OF, NOTICES, PRIOR, Move
from benne.orders._order import OVER, Amounts, Order, Payment
from benne.orders._payment_effects import tidy
from benne.orders._possible import possible
from benne.orders._services import Service
from benne.orders._work import Work


@dataclass(frozen=True, slots=True)
class Notice:
    """Who is told what of an order (``NOTICES`` says what it means)."""

    name: str
    to: str
    order: str
    at: int


@dataclass(frozen=True, slots=True)
class Step:
    """What one request did.  ``payments`` are to be asked of the provider, once this is stored.

    ``evidence`` names the kinds of evidence that the order, as it now stands, makes or corrects.
    """

    order: Order
    act: str
    start: str
    end: str
    entries: tuple[Entry, ...] = ()
    evidence: tuple[str, ...] = ()
    notices: tuple[Notice, ...] = ()
    payments: tuple[Payment, ...] = ()
    fund: Fund | None = None


def open_order(opening: Opening, service: Service) -> Step:
    """The order that ``opening`` asks for, in its first state.

    Raises:
        InvalidInput: it does not fit the service: an end that is past or too far, a deposit or
            price above its caps, a plan that does not add up.
    """
    _demand_fit(opening, service)
    order = Order(
        id=opening.order,
        service=opening.service,
        merchant=opening.merchant,
        subject=opening.subject,
        created_at=opening.at,
        last_at=opening.at,
        due_at=opening.due_at,
        value_minor=opening.value_minor,
        deposit_minor=opening.deposit_minor,
        price_minor=opening.price_minor,
        promised_minor=opening.promised_minor,
        plan=opening.plan,
        terms=service.terms if service.own_terms else None,
    )
    return Step(order, "create", "", "created")


def _demand_fit(opening: Opening, service: Service) -> None:
    terms = service.terms
    last = opening.at + terms.term_days_max * MICROS_PER_DAY
    if opening.service != service.name:
        raise InvalidInput(f"the order is of {opening.service!r}; got the service {service.name}.")
    if not opening.at < opening.due_at <= last:
        raise InvalidInput(
            f"due_at must lie after {iso(opening.at)} and by {iso(last)}, the longest term of "
            f"{service.name}; got {iso(opening.due_at)}."
        )
    demand_amounts(
        Amounts(opening.value_minor, opening.deposit_minor, opening.price_minor), service
    )
    if (service.paying == "promise") != (opening.promised_minor > 0):
        raise InvalidInput(
            f"promised_minor must be stated for a service that is paid by promise, and for no "
            f"other; got {opening.promised_minor} for {service.name}."
        )
    _demand_plan(opening, service)


def _demand_plan(opening: Opening, service: Service) -> None:
    plan = opening.plan
    if service.paying != "schedule":
        if plan:
            raise InvalidInput(f"{service.name} is not paid by a schedule; leave the plan out.")
        return
    if not 1 <= len(plan) <= 60 or any(due.what != "instalment" for due in plan):
        raise InvalidInput(f"a plan has 1 to 60 instalments; got {len(plan)}.")
    if sum(due.amount_minor for due in plan) != opening.price_minor:
        raise InvalidInput(
            f"the instalments must add up to price_minor, {opening.price_minor}; "
            f"they add up to {sum(due.amount_minor for due in plan)}."
        )
    days = [opening.at, *(due.at for due in plan)]
    if any(later <= earlier for earlier, later in pairwise(days)):
        raise InvalidInput("instalments must fall due one after another, and in the future.")
    if days[-1] != opening.due_at:
        raise InvalidInput(
            f"the last instalment must fall due at due_at, {iso(opening.due_at)}; "
            f"got {iso(days[-1])}."
        )


def apply(
    order: Order,
    act: Act,
    service: Service,
    *,
    fund: Fund | None = None,
    answer_by: int | None = None,
) -> Step:
    """What ``act`` does to ``order``.  Pure: the clock is ``act.at``, and nothing is stored.

    ``fund`` is the merchant's cover fund, which only an ``award`` needs; ``answer_by`` is until
    when the law asks for an answer to an objection, which only a ``dispute`` needs (``None``: it
    asks for none).

    Raises:
        Conflict: the act is not possible in this state, or its amounts are not.
        InvalidInput: a payment or a value that does not fit the order.
    """
    moves = MOVES_OF.get((order.state, act.name))
    if moves is None:
        can = ", ".join(possible(order, service, by=act.by)) or "do nothing with it"
        raise Conflict(
            f"an order that is {order.state} cannot {act.name}; the {act.by} can {can} now."
        )
    if act.at < order.last_at:
        raise Conflict(
            f"acts on an order come in order of time; got {iso(act.at)} after {iso(order.last_at)}."
        )
    work = Work(order, act, service, fund, answer_by=answer_by)
    EFFECTS[act.name](work)
    move = next(m for m in moves if CONDITIONS[m.when](work.order, act, service))
    end = work.order.prior or "" if move.end == PRIOR else move.end
    tidy(work, end)
    return _step(work, move, end)


def _step(work: Work, move: Move, end: str) -> Step:
    order, at = work.order, work.act.at
    over = end in OVER or (move.start == "overdue" and end == "running")
    breaches = order.breaches
    if over and end != "written_off" and breaches and breaches[-1].settled_at is None:
        breaches = tuple(
            b if b.settled_at is not None else replace(b, settled_at=at) for b in breaches
        )
    still = end in ("hardship", "disputed")
    order = replace(order, state=end, last_at=at, moves=order.moves + 1, breaches=breaches)
    if not still:
        order = replace(order, prior=None, paused_at=None, pause_until=None)
    if end != "disputed":
        order = replace(order, answer_by=None)
    notices = tuple(Notice(name, NOTICES[name][0], order.id, at) for name in move.notices)
    return Step(
        order=order,
        act=work.act.name,
        start=move.start,
        end=end,
        entries=tuple(work.entries),
        evidence=move.evidence,
        notices=notices,
        payments=tuple(work.asked),
        fund=work.fund,
    )
