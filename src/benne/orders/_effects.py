"""What each act does to an order and its money, whichever state it is in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from benne.kernel import MICROS_PER_DAY, Conflict, InvalidInput, iso
from benne.orders._changing import CHANGING_EFFECTS
from benne.orders._order import PAUSED, WAITING, Breach, Claim, Due, breaks_at, deadline, shifted
from benne.orders._payment_effects import PAYMENT_EFFECTS
from benne.orders._work import Work, charge, forgive, give_back


def _admit(work: Work) -> None:
    cap = work.act.amount_minor or work.order.value_minor
    if cap < work.order.value_minor:
        raise Conflict(f"an order over {work.order.value_minor} is admitted up to that at least.")
    work.change(cap_minor=cap)
    _waive(work, 0)


def _offer(work: Work) -> None:
    order, required = work.order, work.act.amount_minor or 0
    if required > order.value_minor:
        raise Conflict(
            f"a person puts down {order.value_minor} at most, the value at risk; got {required}."
        )
    work.change(cap_minor=order.value_minor - required)
    _waive(work, required)


def _waive(work: Work, required: int) -> None:
    waived = max(work.order.deposit_minor - required, 0)
    work.move("waive", waived, debit="waived", credit="credit")
    work.change(waived_minor=waived, required_minor=required)


def _start(work: Work) -> None:
    order, at = work.order, work.act.at
    if at >= order.due_at:
        raise Conflict(f"order {order.id} was to end on {iso(order.due_at)}; make a new one.")
    work.change(started_at=at)
    for due in order.plan:
        charge(work, due)


def _extend(work: Work) -> None:
    order, service, until = work.order, work.service, work.act.until or 0
    latest = (order.started_at or order.created_at) + order.paused_micros
    latest += service.terms.term_days_max * MICROS_PER_DAY
    if not order.due_at < until <= latest:
        raise Conflict(
            f"the end of order {order.id} may move from {iso(order.due_at)} to a later day, "
            f"{iso(latest)} at most; got {iso(until)}."
        )
    if order.extensions >= service.terms.extensions_max:
        raise Conflict(f"an order of {service.name} is extended {order.extensions} times at most.")
    if order.consent_held_until is not None:
        raise Conflict("consent was revoked: the order runs out as agreed, and is not extended.")
    work.change(due_at=until, extensions=order.extensions + 1, warned_at=None)


def _progress(work: Work) -> None:
    _demand_paying(work, "promise")
    progress = work.order.progress_minor + (work.act.amount_minor or 0)
    if progress < 0:
        raise Conflict(f"progress cannot fall below 0; it is {work.order.progress_minor}.")
    work.change(progress_minor=progress)


def _benefit(work: Work) -> None:
    _demand_paying(work, "promise")
    benefits = work.order.benefits_minor + (work.act.amount_minor or 0)
    if benefits > work.order.price_minor:
        raise Conflict(
            f"benefits of order {work.order.id} may be {work.order.price_minor} at most; "
            f"they would be {benefits}."
        )
    work.change(benefits_minor=benefits)


def _demand_paying(work: Work, paying: str) -> None:
    if work.service.paying != paying:
        raise Conflict(
            f"a service that is paid {work.service.paying} has no {work.act.name}; "
            f"it is for those paid by {paying}."
        )


def _return(work: Work) -> None:
    order = work.order
    if not order.goods_out(work.service):
        raise Conflict(f"order {order.id} has no goods to come back.")
    work.change(returned_at=work.act.at, warned_at=None)
    if order.state in PAUSED and order.prior in ("running", "extended", "overdue"):
        work.change(prior="returned")


def _complete(work: Work) -> None:
    order, act, service = work.order, work.act, work.service
    if order.completed_at is not None or service.paying == "schedule":
        raise Conflict(f"what order {order.id} costs is already final; reduce or refund it.")
    if order.goods_out(service):
        lost = order.state == "overdue"
        work.change(goods_lost=lost, returned_at=None if lost else act.at)
    pay_by = act.at + service.terms.pay_within_days * MICROS_PER_DAY
    amount, what = _final_amount(work)
    work.change(completed_at=act.at, warned_at=None)
    if amount:
        charge(work, Due(pay_by, amount, what))
    if act.compensation_minor:
        charge(work, Due(pay_by, act.compensation_minor, "compensation"))


def _final_amount(work: Work) -> tuple[int, str]:
    order, act, service = work.order, work.act, work.service
    if service.paying != "promise":
        return act.amount_minor or 0, ("use" if service.goods else "price")
    if act.amount_minor:
        raise InvalidInput("what a promise costs follows from its benefits; leave the amount out.")
    kept = order.progress_minor >= order.promised_minor
    if not kept and act.at < order.due_at:
        raise Conflict(f"the promise may be kept until {iso(order.due_at)}; complete it then.")
    return (0 if kept else order.benefits_minor), "benefit"


def _refund(work: Work) -> None:
    give_back(work, work.act.amount_minor or 0)


def _reduce(work: Work) -> None:
    order, amount = work.order, work.act.amount_minor or 0
    mine = order.owed_minor - order.covered_minor
    if amount > mine:
        raise Conflict(f"of order {order.id} the merchant is owed {mine}; got {amount}.")
    forgive(work, amount)


def _cancel(work: Work) -> None:
    order = work.order
    if order.state not in WAITING and work.act.by != "merchant":
        raise Conflict("an order in use is cancelled by its merchant; a person may dispute it.")
    forgive(work, order.owed_minor)
    if order.paid_minor:
        give_back(work, order.paid_minor)
    work.change(breaches=tuple(replace(one, dispute="corrected") for one in order.breaches))


def _remind(work: Work) -> None:
    """Late, after the deadline, is better than never: the grace still runs."""
    if deadline(work.order, work.service) is None:
        raise Conflict("there is no deadline to be reminded of.")
    work.change(reminded=(*work.order.reminded, work.act.at))


def _warn(work: Work) -> None:
    promise = deadline(work.order, work.service)
    if promise is None or work.act.at < promise.at:
        raise Conflict("no deadline has passed of which the person could be warned.")
    if work.order.warned_at is not None:
        raise Conflict(f"the person was warned on {iso(work.order.warned_at)}.")
    work.change(warned_at=work.act.at)


def _lapse(work: Work) -> None:
    order, at = work.order, work.act.at
    promise, breaks = deadline(order, work.service), breaks_at(order, work.service)
    if promise is None or breaks is None or order.warned_at is None or at < breaks:
        raise Conflict("a promise breaks after its deadline, its grace and a prior notice.")
    amount = order.owed_minor if promise.type == "unpaid" else order.value_minor
    work.change(breaches=(*order.breaches, Breach(at, promise.type, amount)), warned_at=None)


def _pause(work: Work) -> None:
    order, at, until = work.order, work.act.at, work.act.until or 0
    left = work.service.terms.hardship_days_max * MICROS_PER_DAY - order.paused_micros
    if not at < until <= at + left:
        raise Conflict(
            f"a pause ends after it begins, and by {iso(at + max(left, 0))}; got {iso(until)}."
        )
    work.change(prior=order.state, paused_at=at, pause_until=until)


def _resume(work: Work) -> None:
    until, at = work.order.pause_until, work.act.at
    if work.act.by == "system" and until is not None and at < until:
        raise Conflict(f"the pause runs until {iso(until)}.")
    work.order = shifted(work.order, until=at)


def _dispute(work: Work) -> None:
    order = work.order
    if order.state != "hardship":
        work.change(prior=order.state, paused_at=work.act.at)
    work.change(breaches=_answered(order.breaches, "disputed"), answer_by=work.answer_by)


def _answer(found: str) -> Callable[[Work], None]:
    def answer(work: Work) -> None:
        if not work.order.pause_runs(work.act.at):
            work.order = shifted(work.order, until=work.act.at)
        work.change(breaches=_answered(work.order.breaches, found))

    return answer


def _correct(work: Work) -> None:
    """What is unpaid is taken off first, then what was paid is given back."""
    order, amount = work.order, work.act.amount_minor or 0
    if amount > order.owed_minor + order.paid_minor:
        raise Conflict(
            f"order {order.id} was charged {order.owed_minor + order.paid_minor}; an objection "
            f"takes off as much at most; got {amount}."
        )
    left = _found_right(work, amount)
    if left:
        give_back(work, left)


def _concede(work: Work) -> None:
    """What had fallen due is taken off; what was paid stays paid: nobody looked at it."""
    order = work.order
    if order.answer_by is None or work.act.at < order.answer_by:
        by = "whenever it is answered" if order.answer_by is None else iso(order.answer_by)
        raise Conflict(f"the objection to order {order.id} may be answered until {by}.")
    _found_right(work, order.owed_minor, ahead_of=order.paused_at)


def _found_right(work: Work, amount: int, *, ahead_of: int | None = None) -> int:
    """The objection was right: take off what is unpaid; what of the amount is left.

    Instalments that fall due after ``ahead_of`` stay.
    """
    order = work.order
    ahead = [
        place
        for place, due in enumerate(order.dues)
        if due.what == "instalment" and ahead_of is not None and due.at > ahead_of
    ]
    work.order = shifted(order, until=work.act.at)
    work.change(breaches=_answered(order.breaches, "corrected"), warned_at=None)
    left = forgive(work, amount, keeping=ahead)
    if order.claim is not None and order.claim.state == "open":
        work.change(claim=replace(order.claim, state="rejected"))
    return left


def _answered(breaches: tuple[Breach, ...], found: str) -> tuple[Breach, ...]:
    """The last breach is the one in question; one that was corrected stays so."""
    if not breaches or breaches[-1].dispute == "corrected":
        return breaches
    return (*breaches[:-1], replace(breaches[-1], dispute=found))


def _claim(work: Work) -> None:
    order, act = work.order, work.act
    amount = act.amount_minor or 0
    mine = order.owed_minor - order.covered_minor
    if amount > mine:
        raise Conflict(
            f"of order {order.id} the merchant is owed {mine}, and claims as much at most; "
            f"got {amount}; complete the order first if goods were lost."
        )
    broken = order.breaches[-1].at
    last = broken + order.paused_micros + work.service.terms.claim_within_days * MICROS_PER_DAY
    if act.at > last:
        raise Conflict(f"a claim on order {order.id} was possible until {iso(last)}.")
    work.change(claim=Claim(amount, act.at, act.proofs or (), act.text or ""))


def _award(work: Work) -> None:
    order, amount = work.order, work.act.amount_minor or 0
    claim, fund = order.claim, work.fund
    assert claim is not None
    if fund is None or fund.merchant != order.merchant:
        raise Conflict(f"the merchant of order {order.id} has no cover fund.")
    mine = order.owed_minor - order.covered_minor
    work.fund = fund.pay(
        amount,
        claimed_minor=min(claim.amount_minor, mine),
        order_paid_minor=order.awarded_minor,
    )
    work.move("award", amount, debit="cover", credit="fund")
    work.move("award", amount, debit="fund_owed", credit="owed")
    work.change(
        claim=replace(claim, awarded_minor=amount, state="awarded"),
        awarded_minor=order.awarded_minor + amount,
        covered_minor=order.covered_minor + amount,
    )


def _reject(work: Work) -> None:
    assert work.order.claim is not None
    work.change(claim=replace(work.order.claim, state="rejected"))


def _write_off(work: Work) -> None:
    order = work.order
    mine = order.owed_minor - order.covered_minor
    work.move("write_off", mine, debit="loss", credit="owed")
    work.move("write_off", order.covered_minor, debit="fund_loss", credit="fund_owed")
    work.change(
        lost_minor=mine, fund_lost_minor=order.covered_minor, covered_minor=0, goods_lost=True
    )


def _hold_consent(work: Work) -> None:
    until = work.act.until or 0
    if work.order.state not in WAITING and until <= work.act.at:
        raise Conflict(f"a hold ends after it begins; got {iso(until)}.")
    work.change(consent_held_until=until)


def _end_hold(work: Work) -> None:
    until = work.order.consent_held_until
    if until is None or work.act.at < until or work.order.hold_over:
        raise Conflict(f"order {work.order.id} has no hold that is over by now.")
    work.change(hold_over=True)


def _nothing(work: Work) -> None:
    """Some acts only move the order."""


EFFECTS: dict[str, Callable[[Work], None]] = {
    "admit": _admit,
    "offer": _offer,
    "refuse": _nothing,
    "expire": _nothing,
    "start": _start,
    "extend": _extend,
    "progress": _progress,
    "benefit": _benefit,
    "return": _return,
    "complete": _complete,
    "refund": _refund,
    "reduce": _reduce,
    "cancel": _cancel,
    "remind": _remind,
    "warn": _warn,
    "lapse": _lapse,
    "ask_pause": _nothing,
    "pause": _pause,
    "resume": _resume,
    "dispute": _dispute,
    "uphold": _answer("upheld"),
    "withdraw": _answer("original"),
    "correct": _correct,
    "concede": _concede,
    "claim": _claim,
    "award": _award,
    "reject": _reject,
    "write_off": _write_off,
    "hold_consent": _hold_consent,
    "end_hold": _end_hold,
    **CHANGING_EFFECTS,
    **PAYMENT_EFFECTS,
}
"""The effect of every act."""
