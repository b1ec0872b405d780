"""The journal: whatever was sealed and is no longer as it was, is found."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, text, update

from benne.app._journal import export_head, read_head, seal, verify
from benne.app._signing import Ed25519Signer, Ed25519Verifier
from benne.app.stores.online import Online, Unit, journal
from benne.app.stores.online.journal import START, lines, seals
from benne.kernel import Conflict, InvalidInput

SIGNER = Ed25519Signer(hashlib.sha256(b"one").digest())
OTHER = Ed25519Signer(hashlib.sha256(b"two").digest())
VERIFIER = Ed25519Verifier.of([SIGNER.public])


def write(online: Online, number: int, *, first: int = 0) -> None:
    with online.begin() as unit:
        for i in range(first, first + number):
            journal.append(unit, "answer", {"n": i}, at=1_000 + i)


@pytest.fixture
def sealed(online: Online) -> Online:
    """Twelve lines under two seals, and two lines not yet sealed."""
    write(online, 7)
    seal(online, SIGNER, at=2_000)
    write(online, 5, first=7)
    seal(online, SIGNER, at=3_000)
    write(online, 2, first=12)
    return online


def flaws(online: Online, **options: object) -> set[str]:
    return {flaw.what for flaw in verify(online, VERIFIER, **options).flaws}  # type: ignore[arg-type]


def test_a_sealed_journal_has_no_flaw_and_names_what_is_not_sealed(sealed: Online) -> None:
    found = verify(sealed, VERIFIER)
    assert (found.lines, found.seals, found.flaws) == (12, 2, ())
    assert len(found.unsealed) == 2
    shown = "\n".join(found.lines_to_show())
    assert "12 sealed lines" in shown
    assert all(str(number) in shown for number in found.unsealed)


def test_to_seal_again_seals_only_what_is_new(sealed: Online) -> None:
    assert seal(sealed, SIGNER, at=4_000) == 2
    assert seal(sealed, SIGNER, at=4_000) == 0
    assert verify(sealed, VERIFIER).seals == 3


def test_a_sealer_ends_though_lines_keep_coming(online: Online) -> None:
    """Else who answers without a pause keeps it sealing, a handful of lines at a time, for ever."""
    real, sealings = Online.run, 0

    def run(self: Online, work: Callable[[Unit], int]) -> int:
        nonlocal sealings
        sealings += 1
        assert sealings < 5
        done = real(self, work)
        write(self, 1, first=sealings)  # meanwhile
        return done

    write(online, 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Online, "run", run)
        assert seal(online, SIGNER, at=5_000) == 3


def test_sealers_at_once_leave_one_chain(online: Online) -> None:
    write(online, 30)
    with ThreadPoolExecutor(4) as pool:
        done = [pool.submit(seal, online, SIGNER, at=5) for _ in range(4)]
        assert sum(one.result() for one in done) == 30
    found = verify(online, VERIFIER)
    assert (found.lines, found.flaws, found.unsealed) == (30, (), ())


def _rechain(unit: Unit) -> None:
    """What a clever attacker does: all hashes right again, only no key to sign with."""
    unit.run(update(lines).where(lines.c.position.is_not(None)).values(hash=None))
    before = START
    found = select(lines).where(lines.c.position.is_not(None)).order_by(lines.c.position)
    rows = [journal.Line(*row) for row in unit.rows(found)]
    unit.run(update(lines).where(lines.c.position.is_not(None)).values(position=-lines.c.position))
    for place, row in enumerate(rows, 1):
        before = row.chained(before, place)
        changed = update(lines).where(lines.c.id == row.id)
        unit.run(changed.values(position=place, hash=before))


def change_body(unit: Unit) -> None:
    unit.run(update(lines).where(lines.c.position == 3).values(body='{"n":99}'))


def change_act(unit: Unit) -> None:
    unit.run(update(lines).where(lines.c.position == 12).values(act="erasure"))


def change_time(unit: Unit) -> None:
    unit.run(update(lines).where(lines.c.position == 1).values(at=0))


def remove_one(unit: Unit) -> None:
    unit.run(delete(lines).where(lines.c.position == 5))


def insert_one(unit: Unit) -> None:
    for place in range(12, 5, -1):
        unit.run(update(lines).where(lines.c.position == place).values(position=place + 1))
    told = b"x" * 32
    unit.run(insert(lines), {"at": 1, "act": "a", "body": "{}", "position": 6, "hash": told})


def swap_two(unit: Unit) -> None:
    for old, new in ((4, 999), (9, 4), (999, 9)):
        unit.run(update(lines).where(lines.c.position == old).values(position=new))


def cut_lines(unit: Unit) -> None:
    unit.run(delete(lines).where(lines.c.position > 9))


MUTATIONS = [change_body, change_act, change_time, remove_one, insert_one, swap_two, cut_lines]


@pytest.mark.parametrize("clever", [False, True], ids=["plain", "clever"])
@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda one: one.__name__)
def test_every_kind_of_mutation_is_found(
    sealed: Online, mutate: Callable[[Unit], None], clever: bool
) -> None:
    with sealed.begin() as unit:
        mutate(unit)
        if clever:
            _rechain(unit)
    found = verify(sealed, VERIFIER)
    assert found.flaws
    assert "FLAW" in "\n".join(found.lines_to_show())


def test_a_change_is_placed_where_it_is(sealed: Online) -> None:
    with sealed.begin() as unit:
        change_body(unit)
    (flaw,) = verify(sealed, VERIFIER).flaws
    assert (flaw.what, flaw.first, flaw.last) == ("changed", 3, 3)


def test_a_seal_by_another_key_or_of_another_head_is_found(sealed: Online) -> None:
    with sealed.begin() as unit:
        last = journal.last_seal(unit)
        assert last is not None
        forged = OTHER.sign(last.message)
        unit.run(update(seals).where(seals.c.position == 12).values(signature=forged))
    assert flaws(sealed) == {"signature"}
    with sealed.begin() as unit:
        unit.run(update(seals).where(seals.c.position == 12).values(key_id=OTHER.key_id))
    assert flaws(sealed) == {"signature"}
    with sealed.begin() as unit:
        unit.run(delete(seals).where(seals.c.position == 12))
    assert flaws(sealed) == {"unsigned"}


def test_only_an_exported_head_tells_that_lines_and_seals_were_cut(
    sealed: Online, tmp_path: Path
) -> None:
    export_head(sealed, tmp_path / "head.json")
    head = read_head(tmp_path / "head.json")
    assert flaws(sealed, head=head) == set()
    seal(sealed, SIGNER, at=4_000)
    assert flaws(sealed, head=head) == set()
    with sealed.begin() as unit:
        unit.run(delete(lines).where(lines.c.position > 7))
        unit.run(delete(seals).where(seals.c.position > 7))
    assert flaws(sealed) == set()
    assert flaws(sealed, head=head) == {"cut"}


def test_a_journal_written_anew_is_not_the_one_of_the_head(sealed: Online, tmp_path: Path) -> None:
    export_head(sealed, tmp_path / "head.json")
    with sealed.begin() as unit:
        unit.run(delete(seals))
        unit.run(update(lines).values(position=None, hash=None))
        unit.run(update(lines).where(lines.c.at == 1_002).values(act="other"))
    seal(sealed, SIGNER, at=5_000)
    assert flaws(sealed) == set()
    assert "head" in flaws(sealed, head=read_head(tmp_path / "head.json"))


def test_what_is_no_head_is_refused(online: Online, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="nothing is sealed"):
        export_head(online, tmp_path / "head.json")
    for text_of in ("", "{}", '{"schema": 2}', '{"schema": 1, "position": "x"}'):
        (tmp_path / "bad.json").write_text(text_of)
        with pytest.raises(InvalidInput):
            read_head(tmp_path / "bad.json")


def test_a_line_that_commits_late_is_sealed_later_and_none_is_left_out(online: Online) -> None:
    """On PostgreSQL a number given earlier may commit after a later one."""
    if online.engine.dialect.name == "sqlite":
        return  # there writers follow each other
    with online.begin() as slow:
        journal.append(slow, "slow", {}, at=1)
        write(online, 1)
        assert seal(online, SIGNER, at=2) == 1
    assert seal(online, SIGNER, at=3) == 1
    with online.reading() as unit:
        assert [line.act for line in journal.sealed(unit)] == ["answer", "slow"]
        assert unit.value(text("SELECT count(*) FROM journal_lines WHERE position IS NULL")) == 0
    assert flaws(online) == set()
