"""Jobs: the same question about many people, answered one by one by whichever worker is free."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Row,
    String,
    Table,
    Text,
    insert,
    select,
    update,
)

from benne.app.stores.online._schema import METADATA, Number
from benne.app.stores.online._unit import Unit

jobs = Table(
    "jobs",
    METADATA,
    Column("id", String, primary_key=True),
    Column("client", String, nullable=False),
    Column("organisation", String, nullable=False),
    Column("question", Text, nullable=False),
    Column("total", Integer, nullable=False),
    Column("done", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("created_at", Number, nullable=False),
    Column("finished_at", Number),
    Column("worker", String),
    Column("lease_until", Number, nullable=False),
    Index(None, "state", "lease_until"),
    Index(None, "organisation", "created_at"),
)
items = Table(
    "job_items",
    METADATA,
    Column("job", ForeignKey("jobs.id"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("person", String, nullable=False),
    Column("subject", String, index=True),
    Column("body", LargeBinary),
)


@dataclass(frozen=True, slots=True)
class Job:
    """One question about ``total`` people, of whom ``done`` are answered.

    ``question`` is JSON; ``state`` is ``waiting``, ``done``, ``failed`` or ``cancelled``.
    """

    id: str
    client: str
    organisation: str
    question: str
    total: int
    done: int
    state: str
    created_at: int
    finished_at: int | None


_COLUMNS = (
    jobs.c.id, jobs.c.client, jobs.c.organisation, jobs.c.question, jobs.c.total, jobs.c.done,
    jobs.c.state, jobs.c.created_at, jobs.c.finished_at,
)  # fmt: skip


def add(unit: Unit, job: Job, people: Sequence[str]) -> None:
    """Store a job and whom it asks about, in order."""
    unit.run(
        insert(jobs),
        {
            "id": job.id,
            "client": job.client,
            "organisation": job.organisation,
            "question": job.question,
            "total": len(people),
            "done": 0,
            "state": "waiting",
            "created_at": job.created_at,
            "lease_until": 0,
        },
    )
    unit.run(
        insert(items),
        [{"job": job.id, "number": n, "person": person} for n, person in enumerate(people)],
    )


def find(unit: Unit, name: str, *, organisation: str) -> Job | None:
    """The organisation's own job of this id."""
    c = jobs.c
    row = unit.row(select(*_COLUMNS).where(c.id == name, c.organisation == organisation))
    return None if row is None else _job(row)


def take(unit: Unit, worker: str, *, at: int, until: int) -> Job | None:
    """A job that nobody works on, for ``worker`` alone until ``until``; ``None``: there is none."""
    c = jobs.c
    row = unit.row(
        select(*_COLUMNS)
        .where(c.state == "waiting", c.lease_until <= at)
        .order_by(c.created_at, c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    if row is None:
        return None
    unit.run(update(jobs).where(c.id == row.id).values(worker=worker, lease_until=until))
    return _job(row)


def hold(unit: Unit, name: str, worker: str, *, until: int) -> bool:
    """Keep the job for longer; whether it is still ``worker``'s."""
    c = jobs.c
    mine = update(jobs).where(c.id == name, c.worker == worker, c.state == "waiting")
    return bool(unit.run(mine.values(lease_until=until)))


def next_item(unit: Unit, name: str) -> tuple[int, str] | None:
    """The number and the person of the first unanswered item."""
    c = items.c
    row = unit.row(
        select(c.number, c.person)
        .where(c.job == name, c.body.is_(None))
        .order_by(c.number)
        .limit(1)
    )
    return None if row is None else (row.number, row.person)


def answer_item(unit: Unit, name: str, number: int, body: bytes, subject: str | None) -> None:
    """Store an item's answer, and count it."""
    c = items.c
    unit.run(
        update(items).where(c.job == name, c.number == number).values(body=body, subject=subject)
    )
    unit.run(update(jobs).where(jobs.c.id == name).values(done=jobs.c.done + 1))


def finish(unit: Unit, name: str, state: str, *, at: int) -> None:
    """The job is ``done``, ``failed`` or ``cancelled``."""
    unit.run(update(jobs).where(jobs.c.id == name).values(state=state, finished_at=at, worker=None))


def page(unit: Unit, name: str, *, after: int, limit: int) -> list[tuple[int, bytes]]:
    """The answered items whose number is above ``after``, in order, ``limit`` at most."""
    c = items.c
    query = (
        select(c.number, c.body)
        .where(c.job == name, c.number > after, c.body.is_not(None))
        .order_by(c.number)
        .limit(limit)
    )
    return [(row.number, row.body) for row in unit.rows(query)]


def erase_subject(unit: Unit, subject: str, erased: Callable[[bytes], bytes]) -> int:
    """Put what ``erased`` makes of it in the place of every answer about a person; how many."""
    c = items.c
    found = unit.rows(select(c.job, c.number, c.body).where(c.subject == subject))
    for row in found:
        one = update(items).where(c.job == row.job, c.number == row.number)
        unit.run(one.values(body=erased(row.body), subject=None))
    return len(found)


def _job(row: Row[Any]) -> Job:
    return Job(**row._mapping)
