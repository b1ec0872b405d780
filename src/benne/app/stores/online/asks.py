"""Who asked what about whom, why, and whether it was charged: one row for each answer."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    case,
    func,
    insert,
    or_,
    select,
    update,
)

from benne.app.stores.online._prepared import Prepared, Values
from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit
from benne.app.stores.online.clients import clients

asks = Table(
    "asks",
    METADATA,
    Column("answer", String, primary_key=True),
    Column("organisation", String, nullable=False),
    Column("client", String, nullable=False),
    Column("subject", String),
    Column("consent", String),
    Column("asked", String, nullable=False),
    Column("purpose", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("threshold", Integer),
    Column("charged", Boolean, nullable=False),
    Column("at", Number, nullable=False),
    Index("asks_under_consent", "consent", "at"),
    Index("asks_of_organisation", "organisation", "at"),
    Index("asks_about_subject", "subject", "at"),
)


@dataclass(frozen=True, slots=True)
class Ask:
    """One answer: its id, who got it about whom, and what it was.

    ``outcome`` is the type of the answer; ``threshold`` that of a brief.
    """

    answer: str
    organisation: str
    client: str
    subject: str | None
    consent: str | None
    asked: str
    purpose: str
    outcome: str
    threshold: int | None
    charged: bool
    at: int


_ADD = Prepared(insert(asks), *asks.c.keys())


def add(unit: Unit, ask: Ask) -> None:
    """Store one."""
    unit.put(_ADD, {name: getattr(ask, name) for name in Ask.__dataclass_fields__})


_c = asks.c
_UNDER = Prepared(
    select(_c.at).where(_c.consent == bindparam("consent"), _c.at >= bindparam("since"))
)


def answered_under(unit: Unit, consent: str, *, since: int) -> list[int]:
    """The instants of the answers that rested on ``consent``, from ``since`` on."""
    return [row[0] for row in unit.rows(_UNDER, {"consent": consent, "since": since})]


def asked(consent: str, *, since: int) -> tuple[Prepared, Values]:
    """What ``answered_under`` will ask, for ``Unit.ahead``."""
    return _UNDER, {"consent": consent, "since": since}


def thresholds_of(unit: Unit, organisation: str, subject: str, *, since: int) -> dict[int, int]:
    """The distinct thresholds at which an organisation tried a person, with the last instant."""
    c = asks.c
    query = (
        select(c.threshold, func.max(c.at))
        .where(
            c.subject == subject,
            c.organisation == organisation,
            c.at >= since,
            c.threshold.is_not(None),
        )
        .group_by(c.threshold)
    )
    return dict(tuple(row) for row in unit.rows(query))


def of_answer(unit: Unit, answer: str) -> Ask | None:
    """Who asked for the answer of this id; ``None``: it was given for no question."""
    row = unit.row(select(asks).where(asks.c.answer == answer))
    return None if row is None else Ask(**row._mapping)


def about(unit: Unit, subject: str, *, before: tuple[int, str] | None, limit: int) -> list[Ask]:
    """Who asked about a person, the newest first, ``limit`` at most; what stands ``before`` an
    instant and the id of an answer of that instant."""
    c = asks.c
    query = select(asks).where(c.subject == subject).order_by(c.at.desc(), c.answer.desc())
    if before is not None:
        at, answer = before
        query = query.where(or_(c.at < at, and_(c.at == at, c.answer < answer)))
    return [Ask(**row._mapping) for row in unit.rows(query.limit(limit))]


@dataclass(frozen=True, slots=True)
class Counted:
    """How many answers of one sort an organisation got, and how many of them were charged."""

    asked: str
    purpose: str
    outcome: str
    count: int
    charged: int


def counted(unit: Unit, organisation: str, *, mode: str, since: int, until: int) -> list[Counted]:
    """The answers that clients of a mode got in ``[since, until)``, by what was asked and why."""
    c = asks.c
    sort = c.asked, c.purpose, c.outcome
    query = (
        select(*sort, func.count(), func.sum(case((c.charged, 1), else_=0)))
        .join(clients, clients.c.id == c.client)
        .where(c.organisation == organisation, clients.c.mode == mode)
        .where(c.at >= since, c.at < until)
        .group_by(*sort)
        .order_by(*sort)
    )
    return [Counted(*row) for row in unit.rows(query)]


def erase_subject(unit: Unit, subject: str) -> int:
    """Take the person out of the rows, which stay as counts; how many there were."""
    gone = update(asks).where(asks.c.subject == subject).values(subject=None, consent=None)
    return unit.run(gone)
