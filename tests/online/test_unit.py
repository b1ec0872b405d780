"""A unit is one transaction: all of it or nothing, on both databases."""

from __future__ import annotations

import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.exc import IntegrityError, OperationalError

from benne.app.stores.online import Online, Unit, evidence, journal
from benne.kernel import Unavailable

LINES = select(func.count()).select_from(journal.lines)


def test_a_unit_that_raises_leaves_nothing(online: Online) -> None:
    with pytest.raises(RuntimeError), online.begin() as unit:
        journal.append(unit, "answer", {}, at=1)
        raise RuntimeError
    with online.reading() as unit:
        assert unit.value(LINES) == 0


def test_a_reader_waits_for_no_writer_and_sees_what_was_committed(online: Online) -> None:
    with online.begin() as writing:
        journal.append(writing, "answer", {}, at=1)
        with online.reading() as unit:
            assert unit.value(LINES) == 0
    with online.reading() as unit:
        assert unit.value(LINES) == 1


def test_a_bug_is_not_called_unavailable(online: Online) -> None:
    with pytest.raises(IntegrityError), online.begin() as unit:
        unit.run(evidence.subjects.insert(), {"subject": None, "batch": 0, "known_at": 0})


def test_whoever_locks_a_person_comes_after_whoever_did_before(online: Online) -> None:
    order: list[str] = []
    locked = threading.Event()

    def first() -> None:
        with online.begin() as unit:
            evidence.lock(unit, "s")
            locked.set()
            journal.append(unit, "first", {}, at=1)
            order.append("first")

    def second() -> None:
        locked.wait()
        with online.begin() as unit:
            evidence.lock(unit, "s")
            order.append("second")
            assert unit.value(LINES) == 1

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(first), pool.submit(second)]:
            done.result()
    assert order == ["first", "second"]


def test_work_is_repeated_after_a_deadlock(online: Online) -> None:
    """Two that take two people in opposite order: on PostgreSQL one is told to begin again."""
    with online.begin() as unit:
        for subject in ("a", "b"):
            evidence.lock(unit, subject)
    both = threading.Barrier(2, timeout=0.5)

    def take(first: str, then: str) -> None:
        def work(unit: Unit) -> None:
            evidence.lock(unit, first)
            with suppress(threading.BrokenBarrierError):
                both.wait()  # in vain on SQLite, and the second time
            evidence.lock(unit, then)
            journal.append(unit, "work", {}, at=1)

        online.run(work)

    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(take, "a", "b"), pool.submit(take, "b", "a")]:
            done.result()
    with online.reading() as unit:
        assert unit.value(LINES) == 2


def test_units_that_wait_share_a_flush_and_each_stands_or_falls_alone(online: Online) -> None:
    """While the first is at work, three wait: one of them raises, and takes nothing with it."""
    begun, waiting = threading.Event(), threading.Event()
    told: list[str] = []

    def work(name: str) -> None:
        def one(unit: Unit) -> None:
            journal.append(unit, name, {}, at=1)
            begun.set()
            waiting.wait(5)
            if name == "broken":
                raise RuntimeError(name)

        online.run(one)
        with online.reading() as unit:  # whoever goes on is on the disk
            if unit.value(select(func.count()).where(journal.lines.c.act == name)) == 1:
                told.append(name)

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(work, "first")
        assert begun.wait(5)
        others = [pool.submit(work, name) for name in ("second", "broken", "third")]
        threading.Timer(0.2, waiting.set).start()
        first.result()
        with pytest.raises(RuntimeError, match="broken"):
            others[1].result()
        others[0].result(), others[2].result()
    assert sorted(told) == ["first", "second", "third"]
    with online.reading() as unit:
        assert unit.value(LINES) == 3


def test_what_shared_a_flush_that_failed_was_not_done(online: Online) -> None:
    """Two share a transaction whose commit fails: both are told, and nothing is kept."""
    if online.engine.dialect.name != "sqlite":
        pytest.skip("PostgreSQL flushes several commits at once by itself")
    begun, waiting = threading.Event(), threading.Event()

    def full(_connection: object) -> None:
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("disk full"))

    def one(unit: Unit) -> None:
        begun.set()
        waiting.wait(5)
        journal.append(unit, "lost", {}, at=1)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(online.run, one)
        assert begun.wait(5)
        second = pool.submit(online.run, one)
        event.listen(online.engine, "commit", full)
        threading.Timer(0.2, waiting.set).start()
        for done in (first, second):
            with pytest.raises(Unavailable, match="disk full"):
                done.result()
        event.remove(online.engine, "commit", full)
    with online.reading() as unit:
        assert unit.value(LINES) == 0
    online.run(lambda unit: journal.append(unit, "kept", {}, at=1))
