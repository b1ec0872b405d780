"""From orders to what goes over the wire, and instants back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from benne import app
from benne.client import _orders as wire
from benne.kernel import from_micros, utc_micros


def instant(moment: datetime) -> int:
    """Microseconds of an instant that came with its offset."""
    return utc_micros(moment)


def _or_none(value: int | None) -> datetime | None:
    return None if value is None else from_micros(value)


def order(stored: app.StoredOrder) -> wire.Order:
    """An order as its merchant may have it."""
    one = stored.order
    claim = one.claim
    return wire.Order(
        id=one.id,
        number=stored.number,
        person=stored.person,
        service=one.service,
        state=one.state,
        code=stored.code,
        policy=stored.policy,
        answer=stored.answer,
        created_at=from_micros(one.created_at),
        due_at=from_micros(one.due_at),
        started_at=_or_none(one.started_at),
        returned_at=_or_none(one.returned_at),
        closed_at=_or_none(one.closed_at),
        value_minor=one.value_minor,
        deposit_minor=one.deposit_minor,
        price_minor=one.price_minor,
        proposed=None if one.proposed is None else _amounts(one.proposed),
        terms=_terms(app.service_of(one)),
        waived_minor=one.waived_minor,
        required_minor=one.required_minor,
        held_minor=one.held_minor,
        owed_minor=one.owed_minor,
        paid_minor=one.paid_minor,
        exposure_minor=one.exposure_minor,
        dues=[_due(due) for due in one.dues],
        payments=[_payment(payment) for payment in one.payments],
        breaches=[_breach(breach) for breach in one.breaches],
        claim=None if claim is None else _claim(claim),
        can=sorted(set(app.possible_acts(one)) - _NOT_ASKED),
        next_at=_or_none(stored.next_at),
        answer_by=_or_none(stored.order.answer_by),
        consent_held_until=_or_none(one.consent_held_until),
    )


_NOT_ASKED = {
    "told", "remind", "warn", "lapse", "expire", "hold_consent", "admit", "offer", "refuse",
}  # fmt: skip
"""What the system and the provider do, whoever asks."""


def _terms(service: app.OrderService) -> wire.Terms:
    terms = service.terms
    return wire.Terms(
        says=service.says,
        pay_within_days=terms.pay_within_days,
        reminders_days=list(terms.reminders_days),
        grace_days=terms.grace_days,
        notice_days=terms.notice_days,
        confirm_above_minor=terms.confirm_above_minor,
        extensions_max=terms.extensions_max,
        hardship_days_max=terms.hardship_days_max,
        kept=service.kept,
        broken=service.broken,
    )


def offer(seen: app.OfferSeen) -> wire.Offer:
    """What may be ordered, on which terms."""
    return wire.Offer(
        offer=seen.name,
        purposes=list(seen.purposes),
        service=None if seen.service is None else seen.service.name,
        terms=None if seen.service is None else _terms(seen.service),
    )


def _amounts(asked: app.Amounts) -> wire.Amounts:
    return wire.Amounts(
        value_minor=asked.value_minor,
        deposit_minor=asked.deposit_minor,
        price_minor=asked.price_minor,
    )


def _due(due: app.Due) -> wire.Due:
    return wire.Due(
        at=from_micros(due.at),
        what=due.what,
        amount_minor=due.amount_minor,
        paid_minor=due.paid_minor,
        forgiven_minor=due.forgiven_minor,
        refunded_minor=due.refunded_minor,
        owed_minor=due.owed_minor,
    )


def _payment(payment: app.OrderPayment) -> wire.Payment:
    return wire.Payment(
        id=payment.id,
        does=payment.does,
        amount_minor=payment.amount_minor,
        done_minor=payment.done_minor,
        status=payment.status,
    )


def _breach(breach: app.Breach) -> wire.Breach:
    return wire.Breach(
        at=from_micros(breach.at),
        type=breach.type,
        amount_minor=breach.amount_minor,
        settled_at=_or_none(breach.settled_at),
        dispute=breach.dispute,
    )


def _claim(claim: app.Claim) -> wire.Claim:
    return wire.Claim(
        amount_minor=claim.amount_minor,
        awarded_minor=claim.awarded_minor,
        state=claim.state,
        at=from_micros(claim.at),
    )


def referred(stored: app.StoredOrder) -> wire.Referred:
    """An order that waits for people."""
    one = stored.order
    assert stored.next_at is not None
    return wire.Referred(
        id=one.id,
        organisation=one.merchant,
        service=one.service,
        code=stored.code,
        policy=stored.policy,
        answer=stored.answer,
        value_minor=one.value_minor,
        deposit_minor=one.deposit_minor,
        price_minor=one.price_minor,
        created_at=from_micros(one.created_at),
        expires_at=from_micros(stored.next_at),
    )


def open_claim(stored: app.StoredOrder) -> wire.OpenClaim:
    """A claim that waits for an answer."""
    one = stored.order
    claim = one.claim
    assert claim is not None
    return wire.OpenClaim(
        order=one.id,
        organisation=one.merchant,
        service=one.service,
        at=from_micros(claim.at),
        amount_minor=claim.amount_minor,
        text=claim.text,
        proofs=[wire.Proof(kind=proof.kind, sha256=proof.sha256) for proof in claim.proofs],
        owed_minor=one.owed_minor,
        covered_minor=one.covered_minor,
    )


def history(name: str, acts: Iterable[app.StoredAct]) -> wire.History:
    """All that was done to an order."""
    return wire.History(
        order=name,
        acts=[
            wire.ActDone(
                request=one.request,
                act=one.act,
                by=one.by,
                at=from_micros(one.at),
                start=one.start,
                end=one.end,
            )
            for one in acts
        ],
    )


def fund(seen: app.FundSeen) -> wire.Fund:
    """A cover fund."""
    found, limits = seen.fund, seen.fund.limits
    return wire.Fund(
        balance_minor=found.balance_minor,
        pending_minor=seen.pending_minor,
        paid_minor=found.paid_minor,
        paid_today_minor=found.paid_today_minor,
        order_minor=limits.order_minor,
        day_minor=limits.day_minor,
        total_minor=limits.total_minor,
        share_permille=limits.share_permille,
        contributions=[_contribution(one) for one in seen.contributions],
    )


def _contribution(made: app.Contribution) -> wire.Contribution:
    payment = made.payment
    return wire.Contribution(
        payment=payment.id,
        request=made.request,
        amount_minor=payment.amount_minor,
        done_minor=payment.done_minor,
        status=payment.status,
        at=from_micros(payment.asked_at),
    )
