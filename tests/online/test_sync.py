"""Sync: what the online store learnt is in the lake exactly once, whatever was killed when."""

from __future__ import annotations

from typing import Any

import pytest
from made_bureau import bring, go_on, people_of, quiet

from benne.app import _sync
from benne.app._load import load
from benne.app._score import score
from benne.app._service import Service
from benne.app._sync import sync
from benne.app.stores.online import evidence
from benne.app.wiring import Session
from benne.kernel import Corrupt, iso

Bureau = tuple[Session, Service]


def bill(service: Service, record: str, subject: str, **changes: Any) -> dict[str, Any]:
    values = {
        "record": record, "subject": subject, "contract": "power", "due_at": "2026-01-01",
        "due_minor": 9_000, "paid_minor": 0,
    }  # fmt: skip
    return {**values, **changes}


def held(town: Session, sql: str) -> list[dict[str, Any]]:
    with town.lake(read_only=True) as lake:
        return lake.query(sql).to_pylist()  # type: ignore[no-any-return]


OURS = (
    "SELECT record, subject, cause, known_at, superseded_at, paid_minor, paid_at "
    "FROM evidence_obligation WHERE source = 'grid' ORDER BY record, known_at"
)


def test_new_evidence_comes_back_once_as_it_was_known(loaded: Bureau) -> None:
    town, served = loaded
    subject = people_of(town)[3]
    bring(served, bill(served, "b1", subject), kind="obligation", source="grid")
    first = served.clock()
    paid_at = iso(first)
    second = go_on(served)
    paid = bill(served, "b1", subject, paid_minor=9_000, paid_at=paid_at)
    bring(served, paid, bill(served, "b2", "somebody-new"), kind="obligation", source="grid")
    done = sync(town, served, quiet)
    assert (done.versions, done.put_aside) == (3, 0)
    rows = held(town, OURS)
    assert [(r["record"], r["known_at"], r["paid_minor"], r["paid_at"]) for r in rows] == [
        ("b1", first, 0, None), ("b1", second, 9_000, first), ("b2", second, 0, None),
    ]  # fmt: skip
    assert rows[0]["superseded_at"] == second
    assert sync(town, served, quiet).versions == 0
    assert held(town, OURS) == rows
    assert load(town, served, quiet).new == 0


def test_after_sync_the_lake_answers_as_the_service_does(loaded: Bureau) -> None:
    town, served = loaded
    subject = people_of(town)[7]
    for number in range(6):
        record = bill(served, f"n{number}", subject, due_at=f"2026-0{number + 1}-01")
        bring(served, record, kind="obligation", source="grid")
        go_on(served)
    sync(town, served, quiet)
    permit = town.permit("self_view")
    with served.online.reading() as unit:
        made = served.reader(unit, subject, permit=permit, as_of=served.clock(), family="sesame")
    (offline,) = (
        score(town, quiet, as_of=iso(made.as_of), subject=subject, with_levers=False)
        if made.as_of <= town.clock()
        else [made.answer]
    )
    assert offline == made.answer


@pytest.mark.parametrize("killed", ["before the lake commits", "after the lake commits"])
def test_a_sync_that_is_killed_goes_on_where_the_lake_is(
    loaded: Bureau, killed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    town, served = loaded
    monkeypatch.setattr(_sync, "LINES_AT_A_TIME", 1)
    for number in range(3):
        bring(served, bill(served, f"b{number}", "s"), kind="obligation", source="grid")
        go_on(served)

    class Killed(Exception):
        pass

    def die(step: str, done: int, _total: int | None) -> None:
        if done == 2 and killed.startswith("after"):
            raise Killed

    if killed.startswith("before"):
        real = _sync._batches
        calls = []

        def batches(*of: Any) -> Any:
            calls.append(of)
            if len(calls) == 3:
                raise Killed
            return real(*of)

        monkeypatch.setattr(_sync, "_batches", batches)
    with pytest.raises(Killed):
        sync(town, served, die)
    assert len(held(town, OURS)) == 2
    monkeypatch.undo()
    assert sync(town, served, quiet).versions == 1
    assert [row["record"] for row in held(town, OURS)] == ["b0", "b1", "b2"]


def test_a_store_put_back_from_an_older_backup_is_told(loaded: Bureau) -> None:
    town, served = loaded
    bring(served, bill(served, "b0", "s"), kind="obligation", source="grid")
    sync(town, served, quiet)
    with town.lake() as lake:
        lake._connection.run("UPDATE synced SET position = position + 1000")
    with pytest.raises(Corrupt, match="older backup"):
        sync(town, served, quiet)


def test_protected_columns_come_back_too(loaded: Bureau) -> None:
    town, served = loaded
    record = {"record": "p1", "subject": "s", "happened_at": "2026-01-01", "sex": "f"}
    bring(served, record, kind="profile", source="grid")
    sync(town, served, quiet)
    assert held(town, "SELECT sex FROM groups_profile WHERE source = 'grid'") == [{"sex": "f"}]
    with served.online.reading() as unit:
        kind = next(one for one in town.workspace.kinds if one.name == "profile")
        assert [row["sex"] for row in evidence.read_versions(unit, "s", kind)] == ["f"]
