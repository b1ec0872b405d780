"""Jobs: one question about many people; each is answered under what the person allows then."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from benne.app._access import Caller, demand_open
from benne.app._asking import Question, Replied, ask
from benne.app.stores.online import clients, jobs
from benne.app.stores.online.jobs import Job
from benne.kernel import InvalidInput, NotFound, NotPermitted, canonical_json

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

AT_MOST = 10_000
"""People that one job may ask about."""
_LEASE = 30 * 1_000_000
_AT_A_TIME = 50

Render = Callable[[Replied], bytes]


def add_job(
    service: Service, unit: Unit, caller: Caller, question: Question, people: Sequence[str]
) -> Job:
    """A job that asks ``question`` about each of ``people``; its ``person`` is not looked at.

    Raises:
        ScopeMissing, PurposeNotGranted, MoreThanNeeded: the caller was not given this.
        InvalidInput: nobody, or too many, or somebody twice.
    """
    caller.demand("answers.batch")
    caller.demand(f"answers.{question.asked}")
    caller.demand_purpose(question.purpose, question.asked)
    demand_open(unit, caller)
    if not 1 <= len(people) <= AT_MOST:
        raise InvalidInput(f"a job asks about 1 to {AT_MOST:,} people; got {len(people):,}.")
    if len(set(people)) < len(people):
        raise InvalidInput("a job asks about each person once; somebody is there twice.")
    job = Job(
        id=service.new_id(),
        client=caller.client,
        organisation=caller.books,
        question=canonical_json(asdict(question)),
        total=len(people),
        done=0,
        state="waiting",
        created_at=service.clock(),
        finished_at=None,
    )
    jobs.add(unit, job, people)
    service.note(unit, "job_added", {"job": job.id, "asked": question.asked, "people": len(people)})
    return job


def job_of(unit: Unit, caller: Caller, name: str) -> Job:
    """A job of the caller's organisation.

    Raises:
        NotFound: it has none of this id.
    """
    found = jobs.find(unit, name, organisation=caller.books)
    if found is None:
        raise NotFound("your organisation has no job of this id.")
    return found


def cancel_job(service: Service, unit: Unit, caller: Caller, name: str) -> Job:
    """Answer for nobody more; what was answered stays.

    Raises:
        NotFound: the organisation has no job of this id.
    """
    found = job_of(unit, caller, name)
    if found.state == "waiting":
        jobs.finish(unit, name, "cancelled", at=service.clock())
        service.note(unit, "job_cancelled", {"job": name})
    return job_of(unit, caller, name)


def job_page(
    unit: Unit, caller: Caller, name: str, *, start: int, limit: int
) -> tuple[list[bytes], int | None]:
    """The answers of a job from number ``start`` on, in order; and where the next page starts.

    ``None``: there is no more, and none will follow.  While the job waits, there is a next page
    though it may be empty still.

    Raises:
        NotFound: the organisation has no job of this id.
    """
    job = job_of(unit, caller, name)
    found = jobs.page(unit, name, after=start - 1, limit=limit)
    following = found[-1][0] + 1 if found else start
    ended = job.state != "waiting" and len(found) < limit
    return [body for _, body in found], None if ended else following


def work_on_jobs(service: Service, worker: str, render: Render) -> int:
    """Take a waiting job and answer for some of its people; how many.

    Each answer is a transaction of its own, asks for the permit anew, and is stored with its
    charge and its journal line: a worker that dies loses nothing and charges nothing twice.
    """
    at = service.clock()
    with service.online.begin() as unit:
        job = jobs.take(unit, worker, at=at, until=at + _LEASE)
    if job is None:
        return 0
    done = 0
    while done < _AT_A_TIME and service.online.run(
        lambda unit: _answer_next(service, unit, job, worker, render)
    ):
        done += 1
    with service.online.begin() as unit:
        jobs.hold(unit, job.id, worker, until=service.clock())
    return done


def _answer_next(service: Service, unit: Unit, job: Job, worker: str, render: Render) -> bool:
    """Answer for the next person of the job; whether there was one."""
    at = service.clock()
    if not jobs.hold(unit, job.id, worker, until=at + _LEASE):
        return False
    item = jobs.next_item(unit, job.id)
    if item is None:
        jobs.finish(unit, job.id, "done", at=at)
        service.note(unit, "job_done", {"job": job.id})
        service.tell(unit, job.organisation, "job.done", {"job": job.id, "total": job.total})
        return False
    number, person = item
    client = clients.find_client(unit, job.client)
    if client is None or client.closed_at is not None:
        jobs.finish(unit, job.id, "failed", at=at)
        service.note(unit, "job_failed", {"job": job.id, "why": "client_closed"})
        return False
    caller = Caller(client.id, client.organisation, client.scopes, client.purposes, client.mode)
    body, subject = _answer(service, unit, job, caller, person, render)
    jobs.answer_item(unit, job.id, number, body, subject)
    return True


def _answer(
    service: Service, unit: Unit, job: Job, caller: Caller, person: str, render: Render
) -> tuple[bytes, str | None]:
    question = Question(**{**json.loads(job.question), "person": person})
    try:
        reply = ask(service, unit, caller, question)
    except (InvalidInput, NotFound, NotPermitted) as error:
        refused = {"answer": "refused", "person": person, "why": str(error)}
        return canonical_json(refused).encode(), None
    return render(reply), None if reply.consent is None else reply.consent.subject
