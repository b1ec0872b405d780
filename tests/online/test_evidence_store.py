"""Evidence in the online store: nothing lost, nothing twice, each person's in one order."""

from __future__ import annotations

import hashlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from sqlalchemy import func, insert, select

from benne.app.stores.online import Online, deletions, evidence, journal, owners
from benne.app.stores.online._migration import migrate
from benne.evidence import Arrival, Finding, Rules, View, arrival, seen, standard_kinds
from benne.kernel import END_OF_TIME, MICROS_PER_DAY, parse_instant
from benne.rights import LawfulBasis, Permit, permit_on_basis

KINDS = {kind.name: kind for kind in standard_kinds()}
NOW = parse_instant("2026-03-01T12:00:00Z")
RULES = Rules("EUR", "plain", NOW)
ROWS = select(func.count()).select_from(evidence.rows)
LINES = select(func.count()).select_from(journal.lines)


def permit() -> Permit:
    basis = LawfulBasis("simulated", "nobody")
    return permit_on_basis(
        basis, purpose="self_view", jurisdiction="plain", issued_at=0, expires_at=NOW * 2
    )


def told(content: bytes) -> str:
    return hashlib.sha256(b"key" + content).hexdigest()


def test_a_record_has_one_digest_for_ever_and_no_two_share_one() -> None:
    digest = owners.record_digest("account", "bank", "a1")
    assert digest.hex() == "ff7bf535fc30f3fa0f3b77ba57cda0a0"
    apart = [("account", r"bank\0a", "1"), ("account", "bank", r"a\01")]
    assert len({owners.record_digest(*name) for name in apart}) == 2


def obligation(record: str = "o1", subject: str = "s", **changes: Any) -> Arrival:
    values = {
        "record": record, "subject": subject, "contract": "power", "due_at": "2026-02-01",
        "due_minor": 100, "paid_minor": 0,
    }  # fmt: skip
    made = arrival({**values, **changes}, kind=KINDS["obligation"], source="grid", rules=RULES)
    assert isinstance(made, Arrival), made
    return made


def put(online: Online, *arrivals: Arrival, at: int = NOW) -> tuple[Any, ...]:
    with online.begin() as unit:
        return evidence.append(unit, arrivals, at=at, source="grid", told=told)


def known(online: Online, subject: str = "s") -> evidence.Known:
    with online.reading() as unit:
        return evidence.known(unit, subject, KINDS.values())


def test_what_arrived_is_seen_from_then_on_and_not_before(online: Online) -> None:
    (accepted,) = put(online, obligation())
    held = known(online)
    assert (accepted.verdict, accepted.known_at, held.known_at) == ("new", NOW, NOW)
    assert held.batch == accepted.batch

    def shown(as_of: int) -> list[Any]:
        kinds = KINDS
        return list(seen(kinds["obligation"], held.history, permit(), View(as_of), kinds=kinds))

    assert shown(NOW - 1) == []
    assert [row["due_minor"] for row in shown(NOW)] == [100]


def test_a_payment_is_a_new_version_that_ends_the_first(online: Online) -> None:
    put(online, obligation())
    put(online, obligation(paid_minor=100, paid_at="2026-02-20"), at=NOW + 5)
    first, second = known(online).history["obligation"]
    assert (first["paid_minor"], first["superseded_at"]) == (0, NOW + 5)
    assert (second["paid_minor"], second["superseded_at"]) == (100, END_OF_TIME)


def test_the_same_again_is_known_and_stored_once(online: Online) -> None:
    put(online, obligation())
    (again,) = put(online, obligation(), at=NOW + 5)
    assert again.verdict == "known"
    with online.reading() as unit:
        assert (unit.value(ROWS), unit.value(LINES)) == (1, 2)


def test_two_rows_of_one_request_must_not_contradict_each_other(online: Online) -> None:
    one, two, three = put(online, obligation(), obligation(due_minor=7), obligation("o2"))
    assert (one.verdict, three.verdict) == ("new", "new")
    assert isinstance(two, Finding)
    assert (two.code, two.row) == ("different_content", 2)


def test_a_record_is_one_persons(online: Online) -> None:
    put(online, obligation())
    (other,) = put(online, obligation(subject="t"))
    assert isinstance(other, Finding)
    assert other.code == "other_subject"
    assert known(online, "t").history["obligation"] == ()


def test_protected_columns_are_kept_apart_and_a_change_of_one_is_new(online: Online) -> None:
    def profile(sex: str) -> Arrival:
        record = {"record": "p", "subject": "s", "happened_at": "2026-01-01", "sex": sex}
        made = arrival(record, kind=KINDS["profile"], source="grid", rules=RULES)
        assert isinstance(made, Arrival)
        return made

    put(online, profile("f"))
    (again,) = put(online, profile("f"), at=NOW + 1)
    (other,) = put(online, profile("m"), at=NOW + 2)
    assert (again.verdict, other.verdict) == ("known", "new")
    assert all("sex" not in row for row in known(online).history["profile"])
    with online.reading() as unit:
        versions = evidence.read_versions(unit, "s", KINDS["profile"])
    assert [row["sex"] for row in versions] == ["f", "m"]


def test_a_clock_that_goes_back_hides_nothing(online: Online) -> None:
    put(online, obligation())
    (late,) = put(online, obligation(paid_minor=100, paid_at="2026-02-20"), at=NOW - 10**9)
    assert late.verdict == "new"
    held = known(online)
    assert late.known_at == held.known_at == NOW + 1
    assert held.history["obligation"][0]["superseded_at"] == NOW + 1


def test_the_digest_of_an_earlier_batch_can_be_told_again(online: Online) -> None:
    told_then = []
    for number, paid in enumerate((0, 40, 100)):
        put(online, obligation(paid_minor=paid), obligation(f"x{paid}"), at=NOW + number)
        held = known(online)
        told_then.append((held.batch, held.digest(["obligation", "order"])))
    asked = [KINDS["obligation"], KINDS["order"]]
    for batch, then in told_then:
        assert evidence.digest_at(held.history, asked, batch) == then
    assert len({then for _, then in told_then}) == 3


def test_what_writers_bring_at_once_is_all_there_in_one_order(online: Online) -> None:
    def bring(number: int) -> None:
        online.run(
            lambda unit: evidence.append(
                unit,
                [obligation(f"o{number}-{i}", subject=f"s{i % 2}") for i in range(4)],
                at=NOW,
                source="grid",
                told=told,
            )
        )

    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(bring, number) for number in range(12)]:
            done.result()
    for subject in ("s0", "s1"):
        rows = known(online, subject).history["obligation"]
        assert len(rows) == 24
        order = [(row["batch"], row["known_at"]) for row in rows]
        assert order == sorted(order)
        assert len(set(order)) == 12


def test_a_unit_that_fails_keeps_nothing_of_the_evidence(online: Online) -> None:
    with pytest.raises(RuntimeError), online.begin() as unit:
        evidence.append(unit, [obligation()], at=NOW, source="grid", told=told)
        raise RuntimeError
    assert known(online).history["obligation"] == ()
    assert [a.verdict for a in put(online, replace(obligation(), source="grid"))] == ["new"]


def corrected(online: Online, **changes: Any) -> None:
    put(online, obligation())
    put(online, obligation(cause="correction", **changes), at=NOW + 1)


def test_what_was_put_right_is_not_brought_back_by_who_sends_the_old_again(online: Online) -> None:
    corrected(online, due_minor=40)
    (again,) = put(online, obligation(), at=NOW + 2)
    assert isinstance(again, Finding)
    assert (again.code, again.column) == ("put_right", "due_minor")
    (paid,) = put(online, obligation(paid_minor=100, paid_at="2026-02-02"), at=NOW + 3)
    assert isinstance(paid, Finding), "nor together with what is new"
    (right,) = put(online, obligation(due_minor=40, paid_minor=40), at=NOW + 4)
    assert not isinstance(right, Finding)
    (other,) = put(online, obligation(due_minor=60, paid_minor=40), at=NOW + 5)
    assert not isinstance(other, Finding), "a value of neither is news"
    (back,) = put(online, obligation(paid_minor=40), at=NOW + 6)
    assert not isinstance(back, Finding), "and then what was put right before that is past"


def test_who_is_sure_of_the_old_says_so_as_a_correction(online: Online) -> None:
    corrected(online, due_minor=40)
    (sure,) = put(online, obligation(cause="correction"), at=NOW + 2)
    assert not isinstance(sure, Finding)
    (again,) = put(online, obligation(due_minor=40), at=NOW + 3)
    assert isinstance(again, Finding), "the correction of a correction stands as well"


def test_a_retracted_record_comes_back_as_a_correction_and_not_by_itself(online: Online) -> None:
    put(online, obligation())
    put(online, obligation(cause="retraction"), at=NOW + 1)
    (again,) = put(online, obligation(), at=NOW + 2)
    assert isinstance(again, Finding)
    assert (again.code, again.column) == ("put_right", "record")
    (sure,) = put(online, obligation(cause="correction"), at=NOW + 3)
    assert not isinstance(sure, Finding)


def test_records_of_our_own_are_stored_as_they_are_right(online: Online) -> None:
    corrected(online, due_minor=40)
    with online.begin() as unit:
        paid = obligation(paid_minor=40, paid_at="2026-02-02")
        evidence.append(unit, [paid], at=NOW + 2, source="grid", told=told, mends=True)
    last = known(online).history["obligation"][-1]
    assert (last["due_minor"], last["paid_minor"]) == (40, 40)


def test_what_is_known_already_makes_nothing_fresher(online: Online) -> None:
    put(online, obligation())
    before = known(online)
    put(online, obligation(), at=NOW + 50)
    assert (known(online).known_at, known(online).batch) == (before.known_at, before.batch)


def deletes(online: Online, *, at: int = NOW) -> None:
    with online.begin() as unit:
        line = journal.append(unit, "deleted", {}, at=at)
        names, kinds = [("obligation", "grid", "o1")], KINDS.values()
        deletions.delete_records(unit, "s", names, kinds, line=line, at=at, rule="r", told=told)


def digests(online: Online) -> dict[bytes, str]:
    with online.reading() as unit:
        return {bytes(row.digest): row.subject for row in unit.rows(select(owners.owners))}


def test_nobody_finds_out_by_trying_names_what_was_deleted(online: Online) -> None:
    put(online, obligation(), obligation("o2"))
    deletes(online)
    plain = {name: owners.record_digest("obligation", "grid", name) for name in ("o1", "o2")}
    there = digests(online)
    assert there.pop(plain["o2"]) == "s"
    ((hidden, of),) = there.items()
    assert (hidden, of) == (owners.hidden_digest(plain["o1"], told), owners.ERASED)
    put(online, obligation(), at=NOW + 1)
    assert plain["o1"] not in digests(online), "to send it again leaves no trace of it either"


def test_what_an_older_benne_left_plain_is_keyed_and_stays_deleted(online: Online) -> None:
    plain = owners.record_digest("obligation", "grid", "o1")
    with online.begin() as unit:
        unit.run(insert(owners.owners), {"digest": plain, "subject": "", "erased_at": NOW})
    with online.begin() as unit:
        assert owners.has_older(unit)
        assert owners.hide_older(unit, told=told) == 1
        assert not owners.has_older(unit)
    assert plain not in digests(online)
    (again,) = put(online, obligation(), at=NOW + 1)
    assert isinstance(again, Finding)
    assert again.code == "erased"


def test_an_older_benne_gets_every_column_as_a_list(online: Online) -> None:
    put(online, obligation(), obligation("o2"))
    before = known(online).history["obligation"]

    def bodies() -> list[dict[str, Any]]:
        with online.reading() as unit:
            return [msgspec.msgpack.decode(r.body) for r in unit.rows(select(evidence.packed))]

    assert any(not isinstance(column, list) for body in bodies() for column in body.values())
    migrate(online.engine, to="0010")
    for body in bodies():
        assert {type(column) for column in body.values()} == {list}
        assert {len(column) for column in body.values()} == {2}
    migrate(online.engine)
    assert list(known(online).history["obligation"]) == list(before)


def test_who_still_has_what_was_deleted_cannot_bring_it_back(online: Online) -> None:
    put(online, obligation())
    deletes(online)
    (again,) = put(online, obligation(), at=NOW + 1)
    assert isinstance(again, Finding)
    assert again.code == "erased"
    assert known(online).history["obligation"] == ()
    later = NOW + 90 * MICROS_PER_DAY
    record = {"record": "o1", "subject": "s", "contract": "power", "due_minor": 1, "paid_minor": 0}
    record["due_at"] = "2026-04-01"
    new = arrival(record, kind=KINDS["obligation"], source="grid", rules=replace(RULES, now=later))
    assert isinstance(new, Arrival)
    (since,) = put(online, new, at=later)
    assert not isinstance(since, Finding), "what happened since then is new"
