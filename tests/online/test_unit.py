"""A unit is one transaction: all of it or nothing, on both databases."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from benne.app.stores.online import Online, Unit, evidence, journal

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
