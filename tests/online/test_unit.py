"""A unit is one transaction: all of it or nothing, on both databases."""

from __future__ import annotations

import shutil
import sqlite3
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext, suppress
from pathlib import Path

import pytest
from sqlalchemy import create_engine, event, func, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from benne.app.stores.online import Online, Unit, asks, evidence, journal
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


def an_ask(answer: str) -> asks.Ask:
    return asks.Ask(answer, "o", "c", None, "consent", "score", "lending", "score", None, True, 1)


def test_what_is_put_is_there_for_whoever_asks_next_and_at_the_end(online: Online) -> None:
    with online.begin() as unit:
        asks.add(unit, an_ask("a"))
        assert asks.answered_under(unit, "consent", since=0) == [1]
        asks.add(unit, an_ask("b"))
        asks.add(unit, an_ask("c"))
    with online.reading() as unit:
        assert len(asks.answered_under(unit, "consent", since=0)) == 3


def test_what_is_put_twice_keeps_nothing_of_the_unit(online: Online) -> None:
    def work(unit: Unit) -> None:
        journal.append(unit, "work", {}, at=1)
        asks.add(unit, an_ask("a"))
        asks.add(unit, an_ask("a"))

    with pytest.raises(IntegrityError):
        online.run(work)
    with online.reading() as unit:
        assert (unit.value(LINES), asks.answered_under(unit, "consent", since=0)) == (0, [])


def test_a_part_that_is_undone_takes_with_it_what_it_put(online: Online) -> None:
    with online.begin() as unit:
        asks.add(unit, an_ask("a"))
        with pytest.raises(RuntimeError), unit.attempt():
            asks.add(unit, an_ask("b"))
            raise RuntimeError
    with online.reading() as unit:
        assert asks.answered_under(unit, "consent", since=0) == [1]


def test_what_was_asked_ahead_is_asked_anew_once_the_unit_writes(online: Online) -> None:
    with online.begin() as unit:
        unit.ahead(asks.asked("consent", since=0), asks.asked("other", since=0))
        assert asks.answered_under(unit, "other", since=0) == []
        asks.add(unit, an_ask("a"))
        assert asks.answered_under(unit, "consent", since=0) == [1]


def test_what_was_asked_ahead_is_kept_while_the_unit_writes_elsewhere(online: Online) -> None:
    with online.begin() as unit:
        unit.ahead(asks.asked("consent", since=0))
        with online.begin() if online.engine.dialect.name == "postgresql" else nullcontext() as b:
            if b is not None:  # somebody else's, between the question and its answer
                asks.add(b, an_ask("meanwhile"))
        journal.note(unit, "elsewhere", {}, at=1)
        assert asks.answered_under(unit, "consent", since=0) == []
        assert len(asks.answered_under(unit, "consent", since=0)) == (b is not None)
        asks.add(unit, an_ask("a"))
        assert 1 in asks.answered_under(unit, "consent", since=0)


def test_what_the_driver_prepared_outlives_the_unit(online: Online) -> None:
    """The driver forgets it all where a line is rolled back; each answer would be planned anew."""
    if online.engine.dialect.name != "postgresql":
        pytest.skip("SQLite's driver keeps what it prepared")
    count = text("SELECT count(*) FROM pg_prepared_statements")
    alone = Online.open(online.engine.url.render_as_string(hide_password=False), pool=1)
    for _ in range(8):
        alone.run(lambda unit: asks.answered_under(unit, "consent", since=0))
    with alone.begin() as unit:
        journal.note(unit, "begun", {}, at=1)
    with alone.reading() as unit:
        assert unit.value(count) > 0
    with alone.reading() as unit:
        assert unit.value(count) > 0
    alone.close()


def test_what_is_put_last_is_committed_with_the_unit_or_not_at_all(online: Online) -> None:
    with online.begin() as unit:
        asks.add(unit, an_ask("a"))
    with pytest.raises(IntegrityError), online.begin() as unit:
        journal.note(unit, "work", {}, at=1)
        asks.add(unit, an_ask("a"))
    with online.reading() as unit:
        assert (unit.value(LINES), asks.answered_under(unit, "consent", since=0)) == (0, [1])


def test_a_line_that_was_cut_while_it_idled_is_opened_anew(online: Online) -> None:
    if online.engine.dialect.name != "postgresql":
        pytest.skip("SQLite has no line")
    others = text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    apart = create_engine(online.engine.url)

    def cut() -> None:
        with apart.connect() as connection:
            connection.execute(others)

    with online.begin() as unit:
        journal.append(unit, "before", {}, at=1)
    cut()
    online.run(lambda unit: journal.append(unit, "run", {}, at=1))
    cut()
    with online.begin() as unit:
        journal.append(unit, "begin", {}, at=1)
    cut()
    with online.reading() as unit:
        assert unit.value(LINES) == 3
    apart.dispose()


def test_what_was_settled_is_in_the_file_itself_whoever_reads_meanwhile(
    online: Online, tmp_path: Path
) -> None:
    with online.begin() as unit:
        journal.append(unit, "before", {}, at=1)
    online.settle()
    with online.reading() as unit:
        assert unit.value(LINES) == 1
        with online.begin() as writing:
            journal.append(writing, "meanwhile", {}, at=1)
        online.settle()  # waits for no reader
        assert unit.value(LINES) == 1
    online.settle()
    if online.engine.dialect.name == "sqlite":
        alone = tmp_path / "alone.db"
        shutil.copy(str(online.engine.url.database), alone)
        with closing(sqlite3.connect(alone)) as line:
            assert line.execute("SELECT count(*) FROM journal_lines").fetchone() == (2,)
