"""What a furnisher puts right is given again to who asked; what is past its time goes by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from made_bureau import Clock, answer, bring, go_on, scored
from sqlalchemy import select
from test_rights_in_store import breach, under

from benne.app import (
    Caller,
    Service,
    Terms,
    Worker,
    add_client,
    add_endpoint,
    add_organisation,
    erase_person,
    furnish,
    give_own_consent,
)
from benne.app._furnishing import Furnished
from benne.app._replay import KeptModels, replay
from benne.app.stores.online import answers, asks, consents, duties, evidence, outbox
from benne.app.wiring import Session
from benne.kernel import MICROS_PER_DAY as DAY, Json, iso, subject_id
from benne.rights import Hold

Bureau = tuple[Session, Service]


def as_caller(served: Service, organisation: str, *scopes: str) -> Caller:
    add_organisation(served, organisation, id=organisation)
    made = add_client(served, organisation, name="program", scopes=scopes)
    return Caller(made.client, organisation, frozenset(scopes), frozenset(), "production")


def identifier_of(served: Service, subject: str) -> str:
    names = (f"P{number:07d}" for number in range(10_000))
    return next(name for name in names if subject_id(name, key=served.key) == subject)


@dataclass
class Furnisher:
    """Who brings a breach of one person again and again."""

    served: Service
    caller: Caller
    body: dict[str, Json] = field(default_factory=dict)

    def brings(self, **changes: Json) -> Furnished:
        go_on(self.served)
        record = {**self.body, **changes}
        with self.served.online.begin() as unit:
            return furnish(self.served, unit, self.caller, [(1, record)])


def furnisher(served: Service, subject: str) -> Furnisher:
    caller = as_caller(served, "grid", "evidence.write")
    body = breach(served, identifier_of(served, subject), kind="breach")
    return Furnisher(served, caller, body)


def worker(served: Service, name: str = "w1") -> Worker:
    def nobody(url: str, body: bytes, headers: Mapping[str, str]) -> int:
        return 200

    return Worker(served, name, nobody, lambda _: b"")


def asked_by(served: Service, merchant: Caller, given: answers.Given) -> None:
    with served.online.begin() as unit:
        asks.add(unit, asks.Ask(
            answer=given.id, organisation=merchant.organisation, client=merchant.client,
            subject=given.subject, consent=None, asked="score", purpose="lending",
            outcome="score", threshold=None, charged=True, at=given.at,
        ))  # fmt: skip


def given_again(served: Service, subject: str) -> dict[str | None, answers.Given]:
    with served.online.reading() as unit:
        found = answers.of_person(unit, subject)
    return {one.rescored_from: one for one in found if one.rescored_from}


def told(served: Service) -> list[Any]:
    with served.online.reading() as unit:
        found = unit.rows(select(outbox.messages.c.body).where(
            outbox.messages.c.event == "answer.changed"
        ))  # fmt: skip
    return [row.body for row in found]


def test_what_a_furnisher_puts_right_is_given_again_and_who_asked_is_told(loaded: Bureau) -> None:
    town, served = loaded
    subject = scored(town, served)[0]
    permit = town.permit("self_view")
    lender = as_caller(served, "lender", "webhooks")
    with served.online.begin() as unit:
        add_endpoint(served, unit, lender, url="https://lender.example/told")
    grid = furnisher(served, subject)
    before, _ = answer(served, subject, permit)
    go_on(served)
    assert grid.brings().new == 1
    first, made = answer(served, subject, permit)
    asked_by(served, lender, first)
    assert made.answer.score < 10_000 and first.body != before.body  # type: ignore[union-attr]
    assert grid.brings(cause="retraction").new == 1
    after, _ = answer(served, subject, permit)
    while worker(served).step():
        go_on(served)
    again = given_again(served, subject)
    assert set(again) == {first.id}, "neither what came before it, nor what came after"
    assert again[first.id].as_of == first.as_of
    (message,) = told(served)
    assert first.id in message
    assert again[first.id].id in message
    models = KeptModels(served.workspace)
    for one in (before, first, after, *again.values()):
        assert replay(models, served.online, one.id).verdict == "same"


def test_a_person_of_whom_nothing_was_answered_makes_no_work(loaded: Bureau) -> None:
    town, served = loaded
    grid = furnisher(served, scored(town, served)[1])
    grid.brings()
    grid.brings(cause="correction", amount_minor=1)
    assert given_again(served, scored(town, served)[1]) == {}
    assert told(served) == []


def test_a_settlement_leaves_a_dispute_as_it_stands(loaded: Bureau) -> None:
    from benne.app._disputing import dispute

    town, served = loaded
    subject = scored(town, served)[0]
    grid = furnisher(served, subject)
    grid.brings()
    go_on(served)
    with served.online.begin() as unit:
        dispute(served, unit, subject, ("breach", "grid", "x1"), "open", text="not mine")
    assert grid.brings(settled_at=iso(served.clock())).new == 1
    with served.online.reading() as unit:
        last = evidence.known(unit, subject, served.workspace.kinds).history["breach"][-1]
    assert last["settled_at"] is not None
    assert last["dispute"] == "disputed"


def test_a_worker_deletes_what_is_past_its_horizon_once_a_day(loaded: Bureau) -> None:
    town, served = loaded
    served = under(served, "CN")
    subject = scored(town, served)[0]
    go_on(served)
    settled = breach(served, subject, settled_at=iso(served.clock() - DAY))
    bring(served, settled, kind="breach", source="grid")

    def held() -> bool:
        with served.online.reading() as unit:
            rows = evidence.known(unit, subject, served.workspace.kinds).history["breach"]
        return any(row["record"] == "x1" for row in rows)

    one, two = worker(served, "w1"), worker(served, "w2")

    def a_round(by: Worker) -> None:
        for _ in range(20):
            by.step()
            go_on(served)

    a_round(one)
    assert held()
    go_on(served, 6 * 366 * DAY)
    with served.online.begin() as unit:
        assert duties.take(unit, "retention", at=served.clock(), until=served.clock() + DAY) == ""
    a_round(two)
    assert held(), "another worker is at it"
    go_on(served, 2 * DAY)
    a_round(one)
    assert not held()
    assert isinstance(served.clock, Clock)


def held(served: Service, subject: str) -> bool:
    with served.online.reading() as unit:
        known = evidence.known(unit, subject, served.workspace.kinds)
    return any(known.history.values())


def waits_for_a_hold(served: Service, subject: str) -> None:
    add_organisation(served, "Bikes", id="bikes")
    terms = Terms(frozenset({"deposit_free"}), "1", "0" * 64, False)
    with served.online.begin() as unit:
        given = give_own_consent(served, unit, merchant="bikes", subject=subject, terms=terms)
        at = served.clock()
        hold = Hold(given.consent.id, "order_running", "deposit_free", "7", at, at + 10 * DAY)
        consents.add_hold(unit, hold)
    with served.online.begin() as unit:
        assert not erase_person(served, unit, subject).whole


def test_what_a_hold_kept_from_erasure_goes_by_itself_once_it_is_over(loaded: Bureau) -> None:
    town, served = loaded
    subject = scored(town, served)[0]
    given, _ = answer(served, subject, town.permit("self_view"))
    waits_for_a_hold(served, subject)
    go_on(served, 9 * DAY)
    worker(served).step()
    assert held(served, subject)
    go_on(served, 2 * DAY)
    worker(served).step()
    assert not held(served, subject)
    models = KeptModels(served.workspace)
    assert replay(models, served.online, given.id).verdict == "erased"


def test_who_consents_anew_meanwhile_has_come_back(loaded: Bureau) -> None:
    town, served = loaded
    subject = scored(town, served)[0]
    waits_for_a_hold(served, subject)
    terms = Terms(frozenset({"deposit_free"}), "1", "0" * 64, False)
    with served.online.begin() as unit:
        give_own_consent(served, unit, merchant="bikes", subject=subject, terms=terms)
    go_on(served, 40 * DAY)
    worker(served).step()
    assert held(served, subject)
