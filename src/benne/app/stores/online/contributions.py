"""What merchants pay into their cover funds: asked of the provider until it has answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Index, String, Table, func, insert, select, update

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.orders import Payment

contributions = Table(
    "cover_contributions",
    METADATA,
    Column("payment", String, primary_key=True),
    Column("organisation", String, nullable=False),
    Column("request", String, nullable=False),
    Column("amount_minor", Number, nullable=False),
    Column("done_minor", Number, nullable=False),
    Column("status", String, nullable=False),
    Column("asked_at", Number, nullable=False),
    Column("next_at", Number),  # when the provider is asked next; null: it has answered
    Index("cover_contributions_by_request", "organisation", "request", unique=True),
    Index("cover_contributions_by_time", "next_at"),
)


@dataclass(frozen=True, slots=True)
class Contribution:
    """A payment into the fund of ``organisation``, under the merchant's own ``request`` id."""

    organisation: str
    request: str
    payment: Payment


def add(unit: Unit, made: Contribution) -> None:
    """Store a contribution, of which the provider is to be asked from now on."""
    payment = made.payment
    row = {
        "payment": payment.id,
        "organisation": made.organisation,
        "request": made.request,
        "amount_minor": payment.amount_minor,
        "done_minor": payment.done_minor,
        "status": payment.status,
        "asked_at": payment.asked_at,
        "next_at": payment.asked_at,
    }
    unit.run(insert(contributions), row)


def change(unit: Unit, payment: Payment) -> None:
    """Store how a contribution stands now; one that was answered is asked for no more."""
    values: dict[str, Any] = {"status": payment.status, "done_minor": payment.done_minor}
    if not payment.open:
        values["next_at"] = None
    of_it = update(contributions).where(contributions.c.payment == payment.id)
    unit.run(of_it.values(**values))


def of_request(unit: Unit, organisation: str, request: str) -> Contribution | None:
    """The contribution that an organisation made under a request id, if it did."""
    c = contributions.c
    return _made(unit.row(select(*c).where(c.organisation == organisation, c.request == request)))


def find(unit: Unit, payment: str, *, lock: bool = False) -> Contribution | None:
    """The contribution of this payment's id; with ``lock`` nobody else hears of it meanwhile."""
    query = select(contributions).where(contributions.c.payment == payment)
    return _made(unit.row(query.with_for_update() if lock and unit.postgres else query))


def newest(unit: Unit, organisation: str, *, limit: int) -> list[Contribution]:
    """An organisation's latest contributions, the newest first."""
    c = contributions.c
    query = select(*c).where(c.organisation == organisation)
    rows = unit.rows(query.order_by(c.asked_at.desc(), c.payment.desc()).limit(limit))
    return [made for row in rows if (made := _made(row)) is not None]


def pending_minor(unit: Unit, organisation: str) -> int:
    """What an organisation asked to pay in, and the provider has not said to have taken."""
    c = contributions.c
    open_ones = select(func.coalesce(func.sum(c.amount_minor - c.done_minor), 0))
    return int(unit.value(open_ones.where(c.organisation == organisation, c.status == "pending")))


def taken_minor(unit: Unit) -> int:
    """What the provider took for all funds."""
    return int(unit.value(select(func.coalesce(func.sum(contributions.c.done_minor), 0))))


def lease(unit: Unit, *, at: int, until: int, limit: int) -> list[Contribution]:
    """Contributions to ask for now; nobody else gets them before ``until``."""
    c = contributions.c
    query = select(*c).where(c.next_at <= at).order_by(c.next_at, c.payment).limit(limit)
    rows = unit.rows(query.with_for_update(skip_locked=True))
    taken = [made for row in rows if (made := _made(row)) is not None]
    if taken:
        names = [made.payment.id for made in taken]
        unit.run(update(contributions).where(c.payment.in_(names)).values(next_at=until))
    return taken


def unanswered(unit: Unit, *, at: int, limit: int) -> list[Contribution]:
    """Contributions that may be asked for by ``at`` and nobody asks for now, the oldest first."""
    c = contributions.c
    query = select(*c).where(c.next_at <= at).order_by(c.payment).limit(limit)
    return [made for row in unit.rows(query) if (made := _made(row)) is not None]


def waits(unit: Unit, *, at: int) -> bool:
    """Whether a contribution is to be asked for by ``at``."""
    due = select(contributions.c.payment).where(contributions.c.next_at <= at).limit(1)
    return unit.value(due) is not None


def ask_again(unit: Unit, payment: str, *, at: int) -> None:
    """Leave a contribution that is not answered alone until an instant."""
    of_it = update(contributions).where(contributions.c.payment == payment)
    unit.run(of_it.values(next_at=at))


def _made(row: Any) -> Contribution | None:
    if row is None:
        return None
    payment = Payment(
        id=row.payment,
        does="contribute",
        amount_minor=row.amount_minor,
        asked_at=row.asked_at,
        status=row.status,
        done_minor=row.done_minor,
    )
    return Contribution(row.organisation, row.request, payment)
