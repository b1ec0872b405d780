"""Faults: killed, disk full, database gone, clock back: what was promised is kept."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import made_postgres
import psycopg
import pytest
from answering_forever import ask, bring, serve
from killing import demand_kept, moments, work_until_killed
from made_bureau import answer, bring as bring_to, go_on, scored
from sqlalchemy import event

from benne.app._service import Service
from benne.app.stores.online import Online, evidence, journal
from benne.app.wiring import Session
from benne.kernel import Unavailable


def test_killed_under_load_nothing_promised_is_lost_or_done_twice(
    online: Online, store_url: str, tmp_path: Path
) -> None:
    promised: list[str] = []
    for seed, seconds in enumerate(moments(3, 3)):
        promised += work_until_killed(store_url, tmp_path, seed=seed, seconds=seconds)
    assert {line.split()[0] for line in promised} == {"answer", "evidence"}
    assert demand_kept(store_url, tmp_path, promised) >= len(promised)


def test_a_full_disk_keeps_nothing_of_the_request_and_all_of_the_others(
    online: Online, store_url: str, tmp_path: Path
) -> None:
    if online.engine.dialect.name == "postgresql":
        return  # it has a disk of its own, below
    service = serve(store_url, tmp_path)
    kept = [bring(service, "before", "s0")]
    with service.online.reading() as unit:
        lines = journal.count(unit)

    @event.listens_for(service.online.engine, "checkout")
    def fill(connection: object, *_: object) -> None:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]  # type: ignore[attr-defined]
        connection.execute(f"PRAGMA max_page_count = {pages}")  # type: ignore[attr-defined]

    with pytest.raises(Unavailable, match=r"full.*nothing of this request was kept"):
        for number in range(1_000):
            kept.append(bring(service, f"r{number}", "s0"))
    event.remove(service.online.engine, "checkout", fill)
    service.online.close()
    again = serve(store_url, tmp_path)
    with again.online.reading() as unit:
        assert journal.count(unit) == lines + len(kept) - 1
    kept.append(bring(again, "after", "s0"))
    kind = next(one for one in again.workspace.kinds if one.name == "obligation")
    with again.online.reading() as unit:
        rows = evidence.known(unit, "s0", [kind]).history["obligation"]
    assert sorted(row["batch"] for row in rows) == kept  # type: ignore[type-var]
    again.online.close()


@pytest.fixture
def own_postgres() -> Iterator[str]:
    """A server that the test may kill."""
    with made_postgres.own_server(("fsync=on", "max_connections=20")) as url:
        yield url


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Path]:
    """A disk of a few megabytes, of whoever owns ``folder``; a skip where none can be mounted."""
    disk = folder / "small"
    disk.mkdir()
    size = f"size={megabytes}m"
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", size, "benne-test", disk], capture_output=True, check=False
    )
    if done.returncode:
        pytest.skip(f"no small disk can be mounted here: {done.stderr.decode().strip()}")
    try:
        owner = folder.stat()
        os.chown(disk, owner.st_uid, owner.st_gid)
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


def fill(disk: Path, *, but_kilobytes: int) -> Path:
    """A file that takes all there is on a disk, but for some."""
    room = os.statvfs(disk)
    path = disk / "filler"
    with path.open("wb") as out:
        out.write(b"x" * (room.f_bavail * room.f_bsize - but_kilobytes * 1024))
    return path


@pytest.mark.postgres
def test_a_full_disk_of_postgresql_refuses_what_it_cannot_keep_and_serves_on(
    own_postgres: str, tmp_path: Path
) -> None:
    folder = Path(own_postgres.partition("host=")[2])
    with small_disk(folder, 40) as disk:
        with psycopg.connect(own_postgres, autocommit=True) as admin:
            admin.execute(f"CREATE TABLESPACE small LOCATION '{disk}'")  # type: ignore[arg-type]
            admin.execute("CREATE DATABASE small TABLESPACE small")
        url = own_postgres.replace("/postgres?", "/small?")
        service = serve(url, tmp_path)
        promised = [f"evidence s0 before {bring(service, 'before', 's0')}"]
        filler = fill(disk, but_kilobytes=100)
        with pytest.raises(
            Unavailable, match=r"could not extend.*nothing of this request was kept"
        ):
            for number in range(2_000):
                batch = bring(service, f"r{number}", f"s{number % 5}")
                promised.append(f"evidence s{number % 5} r{number} {batch}")
        body = ask_or_none(service)
        filler.unlink()
        promised.append(f"evidence s0 after {bring(service, 'after', 's0')}")
        promised.append(f"answer k1 s0 {ask(service, 'k1', 's0').decode()}")
        assert body in (None, ask(service, "k1", "s0"))
        demand_kept(url, tmp_path, promised)
        service.online.close()
        with psycopg.connect(own_postgres, autocommit=True) as admin:
            admin.execute("DROP DATABASE small WITH (FORCE)")
            admin.execute("DROP TABLESPACE small")


def ask_or_none(service: Service) -> bytes | None:
    try:
        return ask(service, "k1", "s0")
    except Unavailable:
        return None


@pytest.mark.postgres
def test_a_database_that_goes_and_comes_back_has_all_that_was_promised(
    own_postgres: str, tmp_path: Path
) -> None:
    if made_postgres.binaries() is None:
        pytest.skip("a server that may be killed must be our own")
    service = serve(own_postgres, tmp_path)
    batch = bring(service, "before", "s0")
    body = ask(service, "k1", "s0")
    folder = Path(own_postgres.partition("host=")[2])
    made_postgres.stop(folder / "data", made_postgres.not_root(folder))
    for number in range(3):
        with pytest.raises(Unavailable, match="nothing of this request was kept"):
            bring(service, f"gone{number}", "s0")
    made_postgres.start(folder / "data", made_postgres.not_root(folder))
    assert ask(service, "k1", "s0") == body
    after = bring(service, "after", "s0")
    promised = [f"evidence s0 before {batch}", f"evidence s0 after {after}"]
    demand_kept(own_postgres, tmp_path, [*promised, f"answer k1 s0 {body.decode()}"])
    service.online.close()


def test_a_clock_that_goes_back_hides_no_evidence_from_an_answer(
    loaded: tuple[Session, Service],
) -> None:
    town, served = loaded
    subject, permit = scored(town, served)[0], town.permit("self_view")
    bill = {"record": "b", "subject": subject, "contract": "rent", "due_at": "2025-01-01",
            "due_minor": 5_000, "paid_minor": 0}  # fmt: skip
    bring_to(served, bill, kind="obligation", source="grid")
    before, first = answer(served, subject, permit)
    go_on(served, -3_600_000_000)
    after, made = answer(served, subject, permit)
    assert made.as_of == first.as_of > after.at
    assert any(row["record"] == "b" for row in made.seen["obligation"])
    assert (after.batch, after.evidence, after.body) == (before.batch, before.evidence, before.body)
