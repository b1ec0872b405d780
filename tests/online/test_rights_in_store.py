"""Rights in the stores: disputes, access, erasure and retention do what they say."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import replace
from typing import Any

import pyarrow as pa
import pytest
from made_bureau import answer, bring, go_on, people_of, quiet, scored

from benne.app._again import dispute_named
from benne.app._disputing import dispute
from benne.app._erasing import erase_person, export_person, retain
from benne.app._load import load
from benne.app._reading import InProcess
from benne.app._replay import KeptModels, replay
from benne.app._service import Service
from benne.app._sync import sync
from benne.app.stores.online import answers, evidence, journal, loading
from benne.app.wiring import Session
from benne.evidence import parse_mapping
from benne.kernel import Conflict, InvalidInput, NotFound, iso
from benne.rights import Keep, Permit, jurisdiction
from benne.scores import Erased

Bureau = tuple[Session, Service]
NAME = ("breach", "grid", "x1")
DAY = 86_400_000_000


def under(served: Service, law: str) -> Service:
    """The service in another jurisdiction."""
    rights = replace(served.workspace.rights, jurisdiction=law)
    reader = served.reader
    assert isinstance(reader, InProcess)
    return replace(
        served,
        workspace=replace(served.workspace, rights=rights),
        reader=replace(reader, law=jurisdiction(law)),
    )


def breach(served: Service, subject: str, **changes: Any) -> dict[str, Any]:
    values = {
        "record": "x1", "subject": subject, "happened_at": iso(served.clock() - 30 * DAY),
        "industry": "rental", "type": "not_returned", "amount_minor": 5_000,
        "dispute": "original",
    }  # fmt: skip
    return {**values, **changes}


def with_breach(bureau: Bureau, law: str = "plain") -> tuple[Session, Service, str, Permit]:
    town, served = bureau
    served = under(served, law)
    subject = scored(town, served)[0]
    go_on(served)
    bring(served, breach(served, subject), kind="breach", source="grid")
    go_on(served)
    return town, served, subject, town.permit("self_view")


def do(served: Service, subject: str, act: str, **more: Any) -> Any:
    go_on(served)
    with served.online.begin() as unit:
        return dispute(served, unit, subject, NAME, act, **more)


def test_a_disputed_record_is_flagged_until_it_is_withdrawn(loaded: Bureau) -> None:
    _, served, subject, permit = with_breach(loaded)
    _, before = answer(served, subject, permit)
    assert before.flags == ()
    done = do(served, subject, "open", text="I gave it back")
    assert done.dispute.due_at is not None
    given, made = answer(served, subject, permit)
    assert [(f.record, f.state, f.used) for f in made.flags] == [("x1", "disputed", True)]
    (row,) = [r for r in made.seen["breach"] if r["record"] == "x1"]
    assert (row["cause"], row["dispute"]) == ("dispute", "disputed")
    do(served, subject, "withdraw")
    _, after = answer(served, subject, permit)
    assert after.flags == ()
    assert replay(KeptModels(served.workspace), served.online, given.id).verdict == "same"


def test_where_law_withholds_a_disputed_record_the_answer_does_not_rest_on_it(
    loaded: Bureau,
) -> None:
    _, served, subject, permit = with_breach(loaded, "EU")
    do(served, subject, "open", text="not mine")
    given, made = answer(served, subject, permit)
    (flag,) = made.flags
    shown = {row["record"] for row in made.seen["breach"]}
    assert ("x1" in shown) == flag.used
    go_on(served)
    do(served, subject, "uphold")
    assert replay(KeptModels(served.workspace), served.online, given.id).verdict == "same"


def test_a_correction_gives_again_what_rested_on_it_and_lets_no_later_payment_in(
    loaded: Bureau,
) -> None:
    _, served, subject, permit = with_breach(loaded)
    old, _ = answer(served, subject, permit)
    go_on(served)
    settled = breach(served, subject, settled_at=iso(served.clock()))
    bring(served, settled, kind="breach", source="grid")
    later, _ = answer(served, subject, permit)
    do(served, subject, "open", text="the amount is wrong")
    go_on(served)
    done, again = dispute_named(served, subject, NAME, "correct", changes={"amount_minor": 50})
    assert set(done.rests_on_it) == {old.id, later.id}
    by_old = {one.rescored_from: one for one in again}
    first = by_old[old.id]
    assert (first.as_of, first.artefact) == (old.as_of, old.artefact)
    assert first.known_by > old.known_by
    with served.online.reading() as unit:
        from benne.app._replay import read_again

        models = KeptModels(served.workspace)
        made = read_again(models, unit, first, known_by=first.known_by)
    (row,) = [r for r in made.seen["breach"] if r["record"] == "x1"]
    assert (row["amount_minor"], row["settled_at"]) == (50, None)
    models = KeptModels(served.workspace)
    for one in (old, later, *again):
        assert replay(models, served.online, one.id).verdict == "same"


def test_what_is_no_move_is_refused_and_changes_nothing(loaded: Bureau) -> None:
    _, served, subject, _ = with_breach(loaded)
    with served.online.reading() as unit:
        lines = journal.count(unit)
    with pytest.raises(Conflict):
        do(served, subject, "uphold")
    with pytest.raises(InvalidInput, match="needs the columns"):
        do(served, subject, "correct")
    do(served, subject, "open", text="why")
    with pytest.raises(InvalidInput, match="no column 'colour'"):
        do(served, subject, "correct", changes={"colour": "red"})
    with pytest.raises(InvalidInput, match="0 or more"):
        do(served, subject, "correct", changes={"amount_minor": -1})
    with pytest.raises(NotFound), served.online.begin() as unit:
        dispute(served, unit, subject, ("breach", "grid", "nope"), "open", text="why")
    with served.online.reading() as unit:
        assert journal.count(unit) == lines + 2


def test_an_export_holds_everything_and_an_unknown_person_is_not_found(loaded: Bureau) -> None:
    _, served, subject, permit = with_breach(loaded)
    given, _ = answer(served, subject, permit)
    do(served, subject, "open", text="why")
    with served.online.reading() as unit:
        found = export_person(served, unit, subject)
        with pytest.raises(NotFound):
            export_person(served, unit, "nobody")
    assert found == json.loads(json.dumps(found))
    kinds: Any = found["evidence"]
    assert {row["record"] for row in kinds["breach"]} >= {"x1"}
    assert "profile" in kinds
    assert [one["id"] for one in found["answers"]] == [given.id]  # type: ignore[index, union-attr]
    assert found["disputes"][0]["events"][0]["text"] == "why"  # type: ignore[index, call-overload]


def test_erasure_deletes_here_and_in_the_lake_and_leaves_a_proof_without_the_data(
    loaded: Bureau,
) -> None:
    town, served, subject, permit = with_breach(loaded)
    given, made = answer(served, subject, permit)
    sync(town, served, quiet)
    records = {str(r["record"]) for rows in made.seen.values() for r in rows}
    go_on(served)
    with served.online.begin() as unit:
        done = erase_person(served, unit, subject)
    assert done.whole
    found = replay(KeptModels(served.workspace), served.online, given.id)
    assert found.verdict == "erased"
    with served.online.reading() as unit:
        again = served.reader(unit, subject, permit=permit, as_of=served.clock(), family="sesame")
        assert isinstance(again.answer, Erased)
        told = [line.body for line in journal.unsealed(unit, at_most=100_000)]
        assert not any(subject in body or "x1" in body for body in told)
        assert answers.find(unit, given.id).body is None
    with served.online.begin() as unit:
        unit.run(loading.marks.delete())
    load(town, served, quiet)
    assert sync(town, served, quiet).deletions >= 1
    with town.lake(read_only=True) as lake:
        for kind in lake.versions():
            sql = f"SELECT count(*) AS n FROM evidence_{kind} WHERE subject = '{subject}'"
            assert lake.query(sql)["n"][0].as_py() == 0
    assert load(town, served, quiet).new == 0
    with served.online.reading() as unit:
        held = evidence.known(unit, subject, served.workspace.kinds)
        assert not any(held.history.values())
    if served.online.engine.dialect.name == "sqlite":
        _demand_not_in_file(served, records)


def _demand_not_in_file(served: Service, records: set[str]) -> None:
    path = served.online.engine.url.database
    assert path is not None
    with served.online.engine.connect() as connection:
        connection.exec_driver_sql("COMMIT")
    plain = sqlite3.connect(path)
    for (table,) in plain.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
        for row in plain.execute(f"SELECT * FROM {table}"):
            text = repr(row)
            assert not any(f"'{record}'" in text for record in records if len(record) > 8), table
    plain.close()


def test_a_source_that_still_has_what_was_erased_cannot_bring_it_back(loaded: Bureau) -> None:
    town, served = loaded
    subject, other = people_of(town)[:2]
    with served.online.begin() as unit:
        erase_person(served, unit, subject)
    sync(town, served, quiet)
    rows = [
        {"record": f"again-{i}", "subject": who, "contract": "rent", "due_at": "2020-01-01",
         "due_minor": 5, "paid_minor": 0}
        for i, who in enumerate((subject, other))
    ]  # fmt: skip
    text = '-- ---\n-- source = "old"\n-- historical = true\n-- ---\nselect * from t'
    mapping = parse_mapping(text, where="obligation.sql", kinds=town.workspace.kinds)
    with town.lake() as lake:
        report = lake.ingest(
            mapping, {"t": pa.Table.from_pylist(rows)}, currency="XTS", now=served.clock()
        )
    assert (report.versions_new, dict(report.findings)) == (1, {"erased": 1})


def test_what_a_law_or_a_business_holds_stays(loaded: Bureau) -> None:
    _, served, subject, permit = with_breach(loaded)
    until = served.clock() + 10 * DAY
    keep = Keep("hold:order", until, frozenset({NAME}))
    given, _ = answer(served, subject, permit)
    with served.online.begin() as unit:
        done = erase_person(served, unit, subject, keeps=[keep])
    assert not done.whole
    assert [f.record for f in done.fates if f.act == "hold"] == ["x1"]
    assert "held under hold:order until" in "\n".join(done.lines())
    with served.online.reading() as unit:
        held = evidence.known(unit, subject, served.workspace.kinds)
    assert [r["record"] for rows in held.history.values() for r in rows] == ["x1"]
    assert replay(KeptModels(served.workspace), served.online, given.id).verdict == "erased"


def test_retention_really_deletes_what_is_past_its_horizon(loaded: Bureau) -> None:
    town, served, subject, permit = with_breach(loaded, "CN")
    settled = breach(served, subject, settled_at=iso(served.clock() - DAY))
    bring(served, settled, kind="breach", source="grid")
    go_on(served)
    given, _ = answer(served, subject, permit)
    retain(served)
    with served.online.reading() as unit:
        held = evidence.known(unit, subject, served.workspace.kinds).history["breach"]
        assert [row["record"] for row in held if row["record"] == "x1"] == ["x1", "x1"]
    go_on(served, 6 * 366 * DAY)
    assert retain(served) >= 1
    assert retain(served) == 0
    with served.online.reading() as unit:
        held = evidence.known(unit, subject, served.workspace.kinds).history["breach"]
        assert [row["record"] for row in held if row["record"] == "x1"] == []
    assert replay(KeptModels(served.workspace), served.online, given.id).verdict == "erased"
    assert sync(town, served, quiet).deletions >= 1
    with town.lake(read_only=True) as lake:
        sql = "SELECT count(*) AS n FROM evidence_breach WHERE record = 'x1'"
        assert lake.query(sql)["n"][0].as_py() == 0


def test_a_dispute_that_nobody_answered_in_time_deletes_the_record_where_law_says_so(
    loaded: Bureau,
) -> None:
    _, served, subject, _ = with_breach(loaded, "US")
    do(served, subject, "open", text="not mine")
    go_on(served, 40 * DAY)
    retain(served)
    with served.online.reading() as unit:
        held = evidence.known(unit, subject, served.workspace.kinds).history["breach"]
    assert "x1" not in {row["record"] for row in held}
