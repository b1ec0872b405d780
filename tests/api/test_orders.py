"""Orders over HTTP: two shops, from the first consent to the last entry in the books."""

from __future__ import annotations

import csv
import hashlib
import threading
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from made_service import DAY, PURPOSES, Asker, FakeReader, Turned, made_service, scored
from made_shop import Shop, day
from test_policies import publish

from benne import app
from benne.app import NotEnoughEvidence, Service
from benne.app._orders import act_in
from benne.app.stores.online import Online, consents, contributions, evidence, ledger, orders
from benne.kernel import Corrupt, iso, parse_instant
from benne.orders import (
    Fund,
    FundLimits,
    PaymentRequest,
    Receipt,
    SimulatedProvider,
    pay_in,
)


@pytest.fixture
def shop(asker: Asker, clock: Turned) -> Shop:
    """A merchant with every scope."""
    return Shop(asker, clock)


@pytest.fixture
def person(asker: Asker) -> str:
    """Somebody who lets the merchant ask."""
    return str(
        asker.consent(purposes=["deposit_free"], frequency={"times": 30, "days": 30})["known_as"]
    )


def _evidence(service: Service) -> dict[str, list[dict[str, Any]]]:
    kinds = [k for k in service.workspace.kinds if k.name in ("order", "obligation", "breach")]
    subject = app.identified(service, "ID-1")
    with service.online.reading() as unit:
        known = evidence.known(unit, subject, kinds)
    return {kind: [dict(row) for row in rows] for kind, rows in known.history.items()}


def test_a_power_bank_is_lent_brought_back_paid_for_and_becomes_evidence(
    shop: Shop, person: str, service: Service
) -> None:
    order = shop.order(person)
    assert (order["state"], order["waived_minor"], order["owed_minor"]) == ("admitted", 9_900, 0)
    assert order["can"] == ["cancel", "modify", "start"]
    assert shop.act(order["id"], "start")["state"] == "running"
    shop.turn(days=1)
    done = shop.act(order["id"], "complete", amount_minor=400)
    assert (done["state"], done["owed_minor"]) == ("paying", 400)
    shop.work(days=8)
    closed = shop.look(order["id"])
    assert (closed["state"], closed["paid_minor"], closed["exposure_minor"]) == (
        "completed",
        400,
        0,
    )
    rows = _evidence(service)
    assert [row["state"] for row in rows["order"]] == ["running", "paying", "completed"]
    assert rows["order"][-1]["deposit_waived_minor"] == 9_900
    assert rows["obligation"][-1]["paid_minor"] == 400
    with service.online.reading() as unit:
        assert app.books(unit)["cash"] == 400


def test_a_shop_that_sells_and_is_paid_later_though_the_provider_fails(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    offer = {"name": "shoes", "threshold": 600, "cap_minor": 20_000, "purposes": ["pay_later"]}
    service = made_service(online, clock, reader, tmp_path, offers=[offer])
    provider = SimulatedProvider(["lost answer", "declined", "partial", "late"])
    with Asker(service, organisation="shoes") as asker:
        shop = Shop(asker, clock, provider)
        who = asker.consent(purposes=["pay_later"])["known_as"]
        sold = [
            shop.order(who, "pay_later", offer="shoes", value_minor=8_000, price_minor=8_000)
            for _ in range(3)
        ]
        for order in sold:
            shop.act(order["id"], "start")
            shop.act(order["id"], "complete", amount_minor=8_000)
        shop.work(days=20)
        for order in sold:
            found = shop.look(order["id"])
            assert (found["state"], found["paid_minor"]) == ("completed", 8_000)
            assert provider.taken_minor(order["id"]) == 8_000
        back = shop.act(sold[0]["id"], "refund", amount_minor=8_000)
        assert back["state"] == "refunded"
        shop.work()
        assert provider.taken_minor(sold[0]["id"]) == 0
    with online.reading() as unit:
        assert app.books(unit)["cash"] == 16_000


def test_an_offer_for_another_purpose_lends_nothing(asker: Asker, shop: Shop) -> None:
    who = asker.consent(purposes=["pay_later"])["known_as"]
    refused = shop.try_order(who, "pay_later", value_minor=5_000)
    assert (refused.status_code, refused.json()["code"]) == (403, "more_than_needed")


def test_the_same_number_is_the_same_order_and_other_words_under_it_are_refused(
    shop: Shop, person: str
) -> None:
    first = shop.order(person, number="mine")
    again = shop.order(person, number="mine", due_at=first["due_at"])
    assert again == first
    other = shop.try_order(person, number="mine", due_at=first["due_at"], value_minor=9_901)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


def test_a_request_repeated_for_ever_after_gives_its_first_answer(shop: Shop, person: str) -> None:
    order = shop.order(person)
    started = shop.act(order["id"], "start", key="start-1")
    shop.turn(days=2)  # beyond what the door remembers
    shop.act(order["id"], "complete", amount_minor=400, key="end-1")
    again = shop.act(order["id"], "start", key="start-1")
    assert again == started
    shop.turn(days=2)
    other = shop.try_act(order["id"], "complete", key="start-1", amount_minor=1)
    assert (other.status_code, other.json()["code"]) == (409, "conflict")
    assert shop.look(order["id"])["owed_minor"] == 400


def test_a_score_too_low_is_a_refusal_with_its_code_and_nothing_is_waived(
    asker: Asker, shop: Shop, person: str, service: Service
) -> None:
    order = shop.order(person, offer="camera")
    assert (order["state"], order["code"]) == ("refused", "SCORE_BELOW")
    with service.online.reading() as unit:
        assert ledger.trial_balance(unit) == {}
    assert shop.try_act(order["id"], "start").status_code == 409


def test_a_cap_that_is_too_low_is_met_by_a_part_of_the_deposit(shop: Shop, person: str) -> None:
    asked = {"value_minor": 14_000, "deposit_minor": 12_000, "partial_deposit": True}
    order = shop.order(person, **asked)
    assert (order["state"], order["required_minor"], order["waived_minor"]) == (
        "offered", 4_000, 8_000,
    )  # fmt: skip
    shop.act(order["id"], "deposit", by="person")
    shop.work()
    assert shop.look(order["id"])["held_minor"] == 4_000
    shop.act(order["id"], "cancel")
    shop.work()
    assert shop.provider.held_minor(order["id"]) == 0


def test_nobody_without_consent_gets_an_order_and_revoking_it_stops_what_is_new(
    asker: Asker, shop: Shop, person: str
) -> None:
    assert shop.try_order("nobody").status_code == 403
    waiting, running = shop.order(person), shop.order(person)
    shop.act(running["id"], "start")
    mine = next(c for c in _consents(asker) if c.known_as == person)
    asker.post(f"/v1/consents/{mine.id}/acts", {"act": "revoke"})
    assert shop.look(waiting["id"])["state"] == "cancelled"
    held = shop.look(running["id"])
    assert held["state"] == "running"
    assert held["consent_held_until"] is not None
    assert shop.try_order(person).status_code == 403
    assert shop.act(running["id"], "complete", amount_minor=100)["state"] == "paying"
    shop.work(days=8)
    assert shop.look(running["id"])["state"] == "completed"


def test_once_the_hold_is_over_nothing_new_of_an_order_becomes_evidence(
    asker: Asker, shop: Shop, person: str, service: Service
) -> None:
    shop.provider = SimulatedProvider(["declined"] * 15)
    order = shop.order(person)["id"]
    shop.act(order, "start")
    shop.act(order, "complete", amount_minor=100)
    mine = next(c for c in _consents(asker) if c.known_as == person)
    asker.post(f"/v1/consents/{mine.id}/acts", {"act": "revoke"})
    until = parse_instant(shop.look(order)["consent_held_until"])
    shop.act(order, "pause", until=day(shop.clock, 175), text="no work")
    shop.work(days=(until - service.clock()) // DAY + 1)
    assert [one["act"] for one in shop.history(order)][-1] == "end_hold"
    before = _evidence(service)
    while (late := shop.look(order))["state"] != "overdue":
        shop.work(days=1)
    assert (late["state"], late["breaches"][0]["type"]) == ("overdue", "unpaid")
    now = _evidence(service)
    assert now["breach"] == before["breach"] == []
    assert now["order"] == before["order"], "no word that it is overdue"
    assert [row["paid_minor"] for row in now["obligation"]][-1] == 0
    shop.provider = SimulatedProvider()
    shop.act(order, "pay", by="person")
    shop.work()
    assert shop.look(order)["state"] == "settled"
    assert _evidence(service)["breach"] == []
    (*_, due) = _evidence(service)["obligation"]
    assert due["paid_minor"] == 100, "what is good for the person is still said"
    (*_, last) = _evidence(service)["order"]
    assert last["state"] == "settled"


def _consents(asker: Asker) -> list[Any]:
    with asker.service.online.reading() as unit:
        subject = app.identified(asker.service, "ID-1")
        return consents.of_subject(unit, subject)


def test_goods_that_do_not_come_back_are_a_breach_a_claim_and_at_last_settled(
    asker: Asker, shop: Shop, person: str, service: Service
) -> None:
    with service.online.begin() as unit:
        app.open_fund(service, unit, "bikes", FundLimits(10_000, 20_000, 50_000))
    paid = asker.post("/v1/fund/payments", {"amount_minor": 30_000}).json()
    assert (paid["balance_minor"], paid["pending_minor"]) == (0, 30_000)
    shop.work()
    order = shop.order(person)
    shop.act(order["id"], "start")
    shop.work(days=12)
    late = shop.look(order["id"])
    assert (late["state"], late["breaches"][0]["type"]) == ("overdue", "not_returned")
    shop.act(order["id"], "complete", compensation_minor=9_900)
    proof = {"kind": "photo", "sha256": hashlib.sha256(b"empty dock").hexdigest()}
    shop.act(order["id"], "claim", amount_minor=9_900, proofs=[proof], text="never came back")
    (asked,) = asker.http.get("/v1/claims").json()
    assert (asked["order"], asked["organisation"], asked["amount_minor"]) == (
        order["id"], "bikes", 9_900,
    )  # fmt: skip
    assert (asked["proofs"], asked["text"]) == ([proof], "never came back")
    shop.act(order["id"], "award", by="system", amount_minor=9_900)
    assert asker.http.get("/v1/claims").json() == []
    assert asker.http.get("/v1/fund").json()["balance_minor"] == 20_100
    shop.act(order["id"], "pay", by="person")
    shop.work()
    assert shop.look(order["id"])["state"] == "settled"
    assert asker.http.get("/v1/fund").json()["balance_minor"] == 30_000
    (*_, breach) = _evidence(service)["breach"]
    assert breach["settled_at"] is not None
    assert breach["dispute"] == "original"


def test_a_fund_has_what_the_provider_took_and_nothing_that_was_only_said(
    asker: Asker, shop: Shop, service: Service
) -> None:
    def paying(amount: int, key: str) -> Any:
        return asker.post("/v1/fund/payments", {"amount_minor": amount}, key)

    def tell(payment: str, done: int, status: str = "done") -> Any:
        return asker.post(f"/v1/payments/{payment}", {"status": status, "done_minor": done})

    def stands() -> tuple[int, int, list[tuple[int, str]]]:
        fund = asker.http.get("/v1/fund").json()
        made = [(one["done_minor"], one["status"]) for one in fund["contributions"]]
        return fund["balance_minor"], fund["pending_minor"], made[::-1]

    assert paying(100, "a").status_code == 404
    with service.online.begin() as unit:
        app.open_fund(service, unit, "bikes", FundLimits(10_000, 20_000, 50_000))
    for amount, key in ((100, "a"), (200, "b"), (400, "c"), (100, "a")):
        assert paying(amount, key).status_code == 201
    assert paying(101, "a").status_code == 422
    assert stands()[:2] == (0, 700)
    shop.provider = SimulatedProvider(["declined", "partial", "late"])
    app.send_contributions(service, shop.provider)
    assert stands() == (100, 400, [(0, "declined"), (100, "done"), (0, "pending")])
    with service.online.reading() as unit:
        late = contributions.newest(unit, "bikes", limit=1)[0].payment.id
    own = tell(late, 400)
    assert (own.status_code, own.json()["detail"]) == (
        403, "who pays into a fund cannot say itself that the money came.",
    )  # fmt: skip
    app.add_organisation(service, "Bank", id="bank")
    asker.organisation = "bank"
    asker.another_client(scopes=("payments",))
    for done, status in ((150, "pending"), (400, "done"), (400, "done"), (0, "done")):
        assert tell(late, done, status).json()["status"] == status
    assert tell(late, 0, "pending").json()["status"] == "done"
    assert tell(late, 401).status_code == 422
    assert tell(f"{'f' * 36}.fund", 1).status_code == 404
    with service.online.begin() as unit:
        assert app.books(unit)["fund"] == 500
        assert contributions.pending_minor(unit, "bikes") == 0
        talked_up = pay_in(Fund("bikes", FundLimits(1, 1, 1)), 9, request="more", at=1)[1]
        ledger.post(unit, "bikes", [talked_up])
        with pytest.raises(Corrupt, match="got 509 by the books, and 500 by what"):
            app.books(unit)


def test_a_providers_program_lists_what_waits_and_says_what_became_of_it(
    asker: Asker, shop: Shop, person: str, service: Service
) -> None:
    with service.online.begin() as unit:
        app.open_fund(service, unit, "bikes", FundLimits(10_000, 20_000, 50_000))
    asker.post("/v1/fund/payments", {"amount_minor": 700})
    paid, stopped, held = (shop.order(person, value_minor=5_000, deposit_minor=0) for _ in range(3))
    for order in (paid, stopped):
        shop.act(order["id"], "start")
        shop.act(order["id"], "complete", amount_minor=400)
        shop.act(order["id"], "deduct")
    shop.act(stopped["id"], "dispute", by="person", text="I never had it.")
    assert shop.look(held["id"])["state"] == "admitted"
    app.add_organisation(service, "Bank", id="bank")
    asker.organisation = "bank"
    asker.another_client(scopes=("orders",))
    assert asker.http.get("/v1/payments").json()["code"] == "scope_missing"
    asker.another_client(scopes=("payments",))
    page = asker.http.get("/v1/payments").json()
    fund, charge = page["payments"]
    assert page["after"] is None
    assert (fund["does"], fund["order"], fund["amount_minor"]) == ("contribute", None, 700)
    assert {**charge, "payment": None} == {
        "payment": None, "does": "charge", "amount_minor": 400, "organisation": "bikes",
        "order": paid["id"], "number": paid["number"], "person": person,
    }  # fmt: skip
    for one, done in ((fund, 700), (charge, 150)):
        told = {"status": "done", "done_minor": done}
        assert asker.post(f"/v1/payments/{one['payment']}", told).json()["status"] == "done"
    assert asker.http.get("/v1/payments").json()["payments"] == []
    asker.organisation = "bikes"
    asker.another_client()
    assert shop.look(paid["id"])["owed_minor"] == 250
    assert asker.http.get("/v1/fund").json()["balance_minor"] == 700


def test_what_waits_for_a_provider_comes_by_pages_and_of_its_own_mode(
    asker: Asker, shop: Shop, person: str, service: Service
) -> None:
    for _ in range(3):
        order = shop.order(person, value_minor=1_000, deposit_minor=0, price_minor=500)["id"]
        shop.act(order, "start")
        shop.act(order, "complete", amount_minor=400)
        shop.act(order, "deduct")

    def pages(mode: str) -> list[int]:
        bank = app.Caller("bank", "bank", frozenset({"payments"}), frozenset(), mode)
        after, sizes, seen = None, [], set()
        while True:
            with service.online.reading() as unit:
                found, after = app.list_payments(service, unit, bank, after=after, limit=2)
            sizes.append(len(found))
            seen.update(one.request.payment for one in found)
            if after is None:
                assert len(seen) == sum(sizes)
                return sizes

    assert (pages("production"), pages("test")) == ([2, 1], [0])


def test_a_provider_that_says_what_cannot_be_of_a_fund_is_asked_a_day_later(
    asker: Asker, shop: Shop, service: Service
) -> None:
    class Mad(SimulatedProvider):
        def ask(self, request: PaymentRequest) -> Receipt:
            return Receipt(request.payment, "done", request.amount_minor + 1)

    with service.online.begin() as unit:
        app.open_fund(service, unit, "bikes", FundLimits(10_000, 20_000, 50_000))
    asker.post("/v1/fund/payments", {"amount_minor": 100})
    assert app.send_contributions(service, Mad()) == 1
    shop.turn(days=0.9)
    assert app.send_contributions(service, Mad()) == 0
    shop.turn(days=0.2)
    assert app.send_contributions(service, shop.provider) == 1
    assert asker.http.get("/v1/fund").json()["balance_minor"] == 100


def test_a_merchant_sees_its_own_orders_alone(
    shop: Shop, person: str, service: Service, clock: Turned
) -> None:
    order = shop.order(person)
    with Asker(service, organisation="books") as other:
        assert other.http.get(f"/v1/orders/{order['id']}").status_code == 404
        assert Shop(other, clock).try_act(order["id"], "start").status_code == 404
        assert other.http.get("/v1/orders").json() == {"orders": [], "after": None}
        found = other.http.get("/v1/orders", params={"number": order["number"]})
        assert found.status_code == 404
    assert shop.asker.http.get("/v1/orders", params={"number": order["number"]}).json()["orders"]


def test_scopes_say_for_whom_a_client_may_act(asker: Asker, shop: Shop, person: str) -> None:
    order = shop.order(person)
    asker.another_client(scopes=("orders", "answers.consult"))
    shop.act(order["id"], "start")
    for act, by in (("dispute", "person"), ("pay", "person"), ("resume", "system")):
        text = {"text": "why"} if act == "dispute" else {}
        came = shop.try_act(order["id"], act, by=by, **text)
        assert (came.status_code, came.json()["code"]) == (403, "scope_missing")
    told = asker.http.post(
        f"/v1/payments/{order['id']}.1", json={"status": "done", "done_minor": 1}
    )
    assert told.status_code == 403


def test_a_callback_comes_twice_late_and_for_nothing(asker: Asker, shop: Shop, person: str) -> None:
    order = shop.order(person)
    shop.act(order["id"], "start")
    shop.act(order["id"], "complete", amount_minor=400)
    shop.act(order["id"], "deduct")
    path = f"/v1/payments/{order['id']}.1"
    for body in ({"status": "done", "done_minor": 400}, {"status": "done", "done_minor": 400},
                 {"status": "pending", "done_minor": 0}):  # fmt: skip
        assert asker.http.post(path, json=body).json()["status"] == "done"
    assert shop.look(order["id"])["paid_minor"] == 400
    too_much = asker.http.post(path, json={"status": "done", "done_minor": 401})
    assert too_much.status_code == 422
    nothing = asker.http.post(
        f"/v1/payments/{order['id']}.9", json={"status": "done", "done_minor": 1}
    )
    assert nothing.status_code == 404


def test_many_acts_at_a_time_are_each_done_or_refused_by_themselves(
    asker: Asker, shop: Shop, person: str
) -> None:
    one, two = shop.order(person), shop.order(person)
    acts = [
        {"order": one["id"], "request": "a", "act": "start"},
        {"order": two["id"], "request": "b", "act": "complete", "amount_minor": 5},
        {"order": one["id"], "request": "c", "act": "complete", "amount_minor": 400},
        {"order": one["id"], "request": "c", "act": "complete", "amount_minor": 400},
    ]
    came = asker.http.post("/v1/orders/sync", json={"acts": acts})
    assert came.status_code == 200, came.text
    done = came.json()["done"]
    assert [d["code"] for d in done] == [None, "conflict", None, None]
    assert done[2]["order"] == done[3]["order"]


def test_the_daily_file_balances_and_a_day_starts_where_the_last_one_ended(
    asker: Asker, shop: Shop, person: str, clock: Turned
) -> None:
    order = shop.order(person)
    shop.act(order["id"], "start", key="=1+1")
    shop.act(order["id"], "complete", amount_minor=400)
    first = clock.now - clock.now % DAY
    shop.work(days=8)
    closing: dict[str, int] | None = None
    for number in range(9):
        text = asker.http.get(f"/v1/reconciliation/{day_name(first + number * DAY)}").text
        rows = list(csv.DictReader(StringIO(text)))
        sums = {
            kind: {r["account"]: int(r["debit_minor"]) - int(r["credit_minor"])
                   for r in rows if r["kind"] == kind}
            for kind in ("opening", "closing")
        }  # fmt: skip
        assert sum(sums["closing"].values()) == 0
        if closing is not None:
            assert sums["opening"] == closing
        closing = sums["closing"]
        assert not any(row["request"].startswith("=") for row in rows)
    assert closing is not None
    assert closing["cash"] == 400
    assert asker.http.get("/v1/reconciliation/2099-01-01").status_code == 422


def day_name(at: int) -> str:
    """A day as the path has it."""
    return iso(at)[:10]


def test_a_deduction_that_was_not_sent_yet_is_not_begun_in_a_dispute(
    shop: Shop, person: str
) -> None:
    order = shop.order(person)["id"]
    shop.act(order, "start")
    shop.act(order, "complete", amount_minor=400)
    shop.act(order, "deduct")
    shop.act(order, "dispute", by="person", text="It was empty.")
    shop.work()
    found = shop.look(order)
    assert [p["status"] for p in found["payments"]] == ["cancelled"]
    assert shop.provider.taken_minor(order) == 0
    shop.act(order, "uphold", text="It was charged, see the log.")
    shop.work(days=9)
    assert shop.look(order)["state"] == "completed"
    assert shop.provider.taken_minor(order) == 400


def test_an_objection_has_the_clock_of_the_law_and_acts_by_itself(shop: Shop, person: str) -> None:
    order = shop.order(person)["id"]
    shop.act(order, "start")
    shop.act(order, "complete", amount_minor=400)
    found = shop.act(order, "dispute", by="person", text="It was empty.")
    by = parse_instant(found["answer_by"])
    assert 30 * DAY <= by - shop.asker.service.clock() + 1_000_000 <= 30 * DAY + 1_000_000
    assert found["next_at"] == found["answer_by"]
    shop.work(days=29)
    assert shop.look(order)["state"] == "disputed"
    shop.work(days=2)
    ended = shop.look(order)
    assert (ended["state"], ended["owed_minor"], ended["answer_by"]) == ("completed", 0, None)
    assert shop.provider.taken_minor(order) == 0


def test_a_provider_that_says_what_cannot_be_holds_up_nobody_else(
    shop: Shop, person: str, service: Service
) -> None:
    class Mad(SimulatedProvider):
        def ask(self, request: PaymentRequest) -> Receipt:
            said = super().ask(request)
            more = said.done_minor + 1 if request.order == mad["id"] else said.done_minor
            return Receipt(said.payment, said.status, more)

        def look_up(self, payment: str) -> Receipt | None:
            return None

    mad, other = (shop.order(person, value_minor=5_000, deposit_minor=0) for _ in range(2))
    for order in (mad, other):
        shop.act(order["id"], "start")
        shop.act(order["id"], "complete", amount_minor=400)
        shop.act(order["id"], "deduct")
    provider = Mad()
    assert app.send_payments(service, provider) == 2
    assert shop.look(other["id"])["state"] == "completed"
    assert shop.look(mad["id"])["payments"][0]["status"] == "pending"
    shop.clock.turn(seconds=600)
    assert app.send_payments(service, provider) == 0


def test_a_refund_that_was_made_after_all_is_asked_for_no_more(
    asker: Asker, clock: Turned, person: str
) -> None:
    provider = SimulatedProvider(["none", "changed its mind"])
    shop = Shop(asker, clock, provider)
    order = shop.order(person)["id"]
    shop.act(order, "start")
    shop.act(order, "return")
    shop.act(order, "complete", amount_minor=400)
    shop.act(order, "deduct")
    shop.work()
    shop.act(order, "refund", amount_minor=100)
    shop.work()
    (late,) = provider.settle()
    asker.post(f"/v1/payments/{late.payment}", {"status": late.status, "done_minor": 100})
    shop.work(days=3)
    found = shop.look(order)
    assert [p["status"] for p in found["payments"]] == ["done", "done", "cancelled"]
    assert (found["paid_minor"], provider.taken_minor(order)) == (300, 300)
    clock.turn(seconds=600)
    assert app.send_payments(asker.service, provider) == 0


def test_two_workers_do_what_falls_due_once(
    shop: Shop, person: str, service: Service, clock: Turned
) -> None:
    ids = [shop.order(person)["id"] for _ in range(3)]
    for name in ids:
        shop.act(name, "start")
        shop.act(name, "complete", amount_minor=400)
    clock.turn(days=7.5)
    done: list[int] = []

    def work() -> None:
        for _ in range(4):
            done.append(app.run_due(service) + app.send_payments(service, shop.provider))

    workers = [threading.Thread(target=work) for _ in range(2)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    shop.work()
    for name in ids:
        found = shop.look(name)
        assert (found["state"], found["paid_minor"]) == ("completed", 400)
        assert shop.provider.taken_minor(name) == 400
    with service.online.reading() as unit:
        assert app.books(unit)["cash"] == 1_200


def test_two_orders_race_for_the_last_of_a_limit_and_one_wins(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    limits = {"person_minor": 15_000}
    service = made_service(online, clock, reader, tmp_path, limits=limits)
    with Asker(service) as asker:
        shop = Shop(asker, clock)
        who = str(asker.consent()["known_as"])
        caller = app.Caller(
            asker.credentials.client, "bikes", frozenset(app.SCOPES), frozenset(PURPOSES),
            "production",
        )  # fmt: skip
        start = threading.Barrier(4)
        made: list[app.OrderTold] = []

        def order(number: str) -> None:
            asked = app.OrderAsked(
                number, who, "rental", "power_bank", clock.now + 3 * DAY, 9_900, 9_900, 5_000
            )
            start.wait()
            made.append(online.run(lambda unit: app.create_order(service, unit, caller, asked)))

        racers = [threading.Thread(target=order, args=(f"race-{n}",)) for n in range(4)]
        for racer in racers:
            racer.start()
        for racer in racers:
            racer.join()
        states = sorted(told.order.state for told in made)
        assert states == ["admitted", "refused", "refused", "refused"]
        codes = {told.stored.code for told in made}
        assert codes == {None, "LIMIT_PERSON"}
        (won,) = [told.order.id for told in made if told.order.state == "admitted"]
        shop.act(won, "start")
        assert shop.order(who)["code"] == "LIMIT_PERSON"
        shop.act(won, "complete")
        assert shop.order(who)["state"] == "admitted"


def test_what_rises_once_the_person_agrees_is_reserved_under_the_limits_and_what_falls_released(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    limits = {"person_minor": 12_000}
    service = made_service(online, clock, reader, tmp_path, limits=limits)
    with Asker(service) as asker:
        shop = Shop(asker, clock)
        who = asker.consent(purposes=["deposit_free"], frequency={"times": 30, "days": 30})
        one = shop.order(who["known_as"], value_minor=5_000, deposit_minor=5_000)["id"]
        shop.order(who["known_as"], value_minor=5_000, deposit_minor=5_000)
        more = {"value_minor": 8_000, "deposit_minor": 6_000, "price_minor": 5_000}
        assert shop.act(one, "modify", **more)["exposure_minor"] == 5_000
        own = shop.try_act(one, "agree", by="person", **more)
        assert (own.status_code, own.json()["code"]) == (403, "not_permitted")
        with Asker(service, organisation="wallet", scopes=("orders.person",)) as other:
            wallet = Shop(other, clock)
            full = wallet.try_act(one, "agree", **more)
            assert (full.status_code, full.json()["detail"]) == (
                409, "This would go beyond the limit of the person over all merchants.",
            )  # fmt: skip
            less = {**more, "value_minor": 7_000}
            shop.act(one, "modify", **less)
            risen = wallet.act(one, "agree", **less)
        assert (risen["exposure_minor"], risen["waived_minor"]) == (7_000, 6_000)
        refused = shop.order(who["known_as"], value_minor=1_000, deposit_minor=0, price_minor=0)
        assert refused["code"] == "LIMIT_PERSON"
        fallen = shop.act(one, "modify", value_minor=5_000, deposit_minor=100)
        assert (fallen["exposure_minor"], fallen["waived_minor"]) == (5_000, 100)
        again = shop.order(who["known_as"], value_minor=1_000, deposit_minor=0, price_minor=0)
        assert again["state"] == "admitted"
        beyond = shop.try_act(one, "modify", value_minor=10_001)
        assert "was admitted up to 10000" in beyond.json()["detail"]
    with online.reading() as unit:
        assert app.books(unit)["waived"] == 5_100


def test_who_is_not_known_may_put_down_the_whole(
    shop: Shop, person: str, service: Service, reader: FakeReader
) -> None:
    subject = app.identified(service, "ID-1")
    reader.answers[subject] = NotEnoughEvidence("sesame", subject, 0, "E", ("3 more records",))
    assert shop.order(person)["code"] == "NOT_ENOUGH_EVIDENCE"
    order = shop.order(person, partial_deposit=True)
    assert (order["state"], order["required_minor"], order["waived_minor"]) == ("offered", 9_900, 0)


def test_a_running_order_keeps_its_records_from_erasure_and_an_ended_one_becomes_nobodys(
    shop: Shop, person: str, service: Service
) -> None:
    order = shop.order(person)
    shop.act(order["id"], "start")
    held = app.erase(service, "ID-1")
    assert not held.whole
    assert {fate.rule for fate in held.fates} == {"hold:order"}
    told = app.export(service, "ID-1")["orders"]
    assert [act["act"] for act in told[0]["acts"]] == ["admit", "start"]  # type: ignore[index, union-attr]
    shop.act(order["id"], "complete", amount_minor=0)
    assert app.erase(service, "ID-1").whole
    with service.online.reading() as unit:
        found = orders.find(unit, order["id"])
        assert found is not None
        assert (found.order.subject, found.person, found.order.state) == ("", "", "completed")
        assert app.books(unit)


def test_an_order_waits_for_the_provider_before_it_is_nobodys_and_goes_on_after(
    shop: Shop, person: str, service: Service
) -> None:
    order = shop.order(person)["id"]
    shop.act(order, "start")
    shop.act(order, "complete", amount_minor=400)
    shop.act(order, "deduct")
    shop.work()
    assert shop.act(order, "refund", amount_minor=100)["state"] == "completed"
    assert not app.erase(service, "ID-1").whole  # who is to get the money?
    shop.work()
    assert app.erase(service, "ID-1").whole
    assert shop.act(order, "dispute", text="It was lost.", by="person")["state"] == "disputed"
    shop.act(order, "withdraw", by="person")
    assert shop.act(order, "refund", amount_minor=300)["state"] == "refunded"
    shop.work()
    assert shop.provider.taken_minor(order) == 0
    assert not any(_evidence(service).values())


def test_erasure_waits_for_an_act_and_does_not_undo_it(
    shop: Shop, person: str, service: Service
) -> None:
    order = shop.order(person)["id"]
    shop.act(order, "start")
    shop.act(order, "complete", amount_minor=400)
    shop.act(order, "deduct")
    shop.work()
    erased: list[bool] = []
    other = threading.Thread(target=lambda: erased.append(app.erase(service, "ID-1").whole))
    with service.online.begin() as unit:
        stored = orders.find(unit, order, lock=True)
        assert stored is not None
        other.start()
        other.join(0.3)  # it waits for the order, or for its turn
        refund = app.OrderAct("refund-1", "refund", 0, "merchant", amount_minor=100)
        act_in(service, unit, stored, refund)
    other.join(20)
    with service.online.reading() as unit:
        found = orders.find(unit, order)
    assert erased == [False]  # money is on its way to somebody
    assert found is not None
    assert (found.order.paid_minor, len(found.order.payments)) == (300, 2)


def test_in_test_mode_an_order_lives_and_leaves_no_evidence(
    asker: Asker, shop: Shop, service: Service
) -> None:
    asker.another_client(mode="test")
    order = shop.order("test_good")
    shop.act(order["id"], "start")
    assert shop.act(order["id"], "complete")["state"] == "completed"
    assert shop.order("test_low")["code"] == "SCORE_BELOW"
    kinds = [kind for kind in service.workspace.kinds if kind.name == "order"]
    with service.online.reading() as unit:
        assert not evidence.known(unit, "test:test_good", kinds).history["order"]


def test_what_is_tried_out_never_touches_what_is_real(
    asker: Asker, shop: Shop, person: str, service: Service
) -> None:
    class Bank(SimulatedProvider):
        def ask(self, request: PaymentRequest) -> Receipt:
            asked.append(request.order)
            return super().ask(request)

    asked: list[str] = []
    bank, sandbox = Bank(), SimulatedProvider()
    real = shop.order(person, number="rent-1")
    shop.act(real["id"], "start")
    asker.another_client(mode="test")
    tried = shop.order("test_good", number="rent-1")
    assert tried["state"] == "admitted"
    assert shop.try_act(real["id"], "complete").status_code == 404
    assert asker.http.get(f"/v1/orders/{real['id']}").status_code == 404
    assert [one["id"] for one in asker.http.get("/v1/orders").json()["orders"]] == [tried["id"]]
    shop.act(tried["id"], "start")
    shop.act(tried["id"], "complete", amount_minor=300)
    shop.act(tried["id"], "deduct")
    assert app.send_payments(service, bank, sandbox=sandbox) == 1
    assert (asked, shop.look(tried["id"])["state"]) == ([], "completed")
    today = iso(shop.clock())[:10]
    assert "300" in asker.http.get(f"/v1/reconciliation/{today}").text
    asker.another_client(mode="production")
    assert tried["id"] not in asker.http.get(f"/v1/reconciliation/{today}").text
    assert asker.http.get(f"/v1/orders/{tried['id']}").status_code == 404
    assert shop.look(real["id"])["state"] == "running"


def test_an_order_brings_the_fields_that_its_policy_asks_for(
    shop: Shop, person: str, service: Service
) -> None:
    publish(service)
    assert "student" in shop.try_order(person, value_minor=6_000, deposit_minor=0).text
    ask = {"value_minor": 6_000, "deposit_minor": 0, "price_minor": 0}
    known = shop.order(person, fields={"student": False}, **ask)
    assert (known["state"], known["policy"]) == ("admitted", "bank:1")
    shop.act(known["id"], "cancel")
    young = shop.order(person, fields={"student": True}, number="s-1", **ask)
    assert (young["state"], young["code"]) == ("refused", "AMOUNT_ABOVE_CAP")
    again = shop.try_order(person, fields={"student": False}, number="s-1", **ask)
    assert again.status_code == 409


def test_what_is_referred_waits_for_people_who_admit_offer_or_refuse(
    asker: Asker, shop: Shop, person: str, service: Service, reader: FakeReader
) -> None:
    publish(service)
    ask = {"fields": {"student": False}, "value_minor": 3_000, "deposit_minor": 3_000}
    ask["price_minor"] = 500
    subject = app.identified(service, "ID-1")
    reader.answers[subject] = NotEnoughEvidence("sesame", subject, 0, "E", ("3 more records",))
    first, second, third, fourth = (shop.order(person, **ask) for _ in range(4))
    assert (first["state"], first["code"], first["can"]) == ("created", "ASK_A_PERSON", ["cancel"])
    waiting = asker.http.get("/v1/referrals").json()
    assert [one["id"] for one in waiting] == [o["id"] for o in (first, second, third, fourth)]
    assert (waiting[0]["organisation"], waiting[0]["code"]) == ("bikes", "ASK_A_PERSON")
    assert shop.act(first["id"], "admit")["waived_minor"] == 3_000
    assert shop.act(second["id"], "offer", amount_minor=1_000)["required_minor"] == 1_000
    refused = shop.act(third["id"], "refuse", text="Nobody answers at their number.")
    assert (refused["state"], refused["exposure_minor"]) == ("refused", 0)
    assert [one["id"] for one in asker.http.get("/v1/referrals").json()] == [fourth["id"]]
    shop.work(days=1.1)
    assert shop.look(fourth["id"])["state"] == "expired"
    assert asker.http.get("/v1/referrals").json() == []
    asker.another_client(scopes=("orders", "answers.consult"))
    assert asker.http.get("/v1/referrals").status_code == 403
    assert shop.try_act(fourth["id"], "admit").status_code == 403


def test_an_offer_of_a_service_takes_what_it_does_not_state_from_the_service(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    offers = [{"name": "bank", "service": "rental"}, {"name": "books", "service": "library"}]
    service = made_service(online, clock, reader, tmp_path, offers=offers)
    with Asker(service) as asker:
        shop = Shop(asker, clock)
        who = asker.consent(purposes=["deposit_free"], frequency={"times": 9, "days": 30})
        known = str(who["known_as"])
        reader.answers[app.identified(service, "ID-1")] = scored("s", 599, clock.now)
        assert shop.order(known, offer="bank")["code"] == "SCORE_BELOW"
        assert shop.order(known, "library", offer="books", deposit_minor=0)["state"] == "admitted"
        assert "orders of library" in shop.try_order(known, offer="books").json()["detail"]


NONSENSE: list[dict[str, Any]] = [
    {"act": "steal"},
    {"act": "complete", "amount_minor": "many"},
    {"act": "extend", "until": "tomorrow"},
    {"act": "extend", "until": "2026-03-05T00:00:00"},
    {"act": "extend", "until": "0001-01-01T00:00:00+14:00"},
    {"act": "extend", "until": "9999-12-31T23:59:59-14:00"},
    {"act": "claim", "amount_minor": 1, "proofs": [], "text": "x"},
    {"act": "complete", "amount_minor": 2**60},
    {"act": "complete", "amount_minor": -5},
    {"act": "start", "amount_minor": 5},
    {"act": "start", "unknown": 5},
    {"act": "dispute", "by": "person", "text": "\u0000'; DROP TABLE orders; --" * 100},
]


def test_an_offers_own_terms_are_shown_before_it_is_taken_and_stay_with_the_order(
    online: Online, clock: Turned, reader: FakeReader, tmp_path: Path
) -> None:
    kinder = {"grace_days": 20, "reminders_days": [5, 2, 1], "charge_max_minor": 5_000}
    offers = [
        {"name": "power_bank", "service": "rental", "terms": kinder},
        {"name": "any", "threshold": 600, "cap_minor": 9_900},
    ]
    service = made_service(online, clock, reader, tmp_path, offers=offers)
    with Asker(service) as asker:
        first, second = asker.http.get("/v1/offers").json()
        assert (second["offer"], second["purposes"], second["terms"]) == (
            "any", ["deposit_free"], None,
        )  # fmt: skip
        assert first["terms"]["reminders_days"] == [5, 2, 1]
        shop = Shop(asker, clock)
        who = asker.consent(purposes=["deposit_free"])["known_as"]
        over = shop.try_order(who, price_minor=5_001)
        assert "price_minor of rental must be 5000 or less" in over.json()["detail"]
        order = shop.order(who)
        assert (order["state"], order["terms"]) == ("admitted", first["terms"])
        shop.act(order["id"], "start")
    clock.turn(seconds=1)
    service = made_service(online, clock, reader, tmp_path, offers=offers[1:])
    with Asker(service, organisation="other") as asker:
        Shop(asker, clock).work(days=3 + 19)
        with online.reading() as unit:
            stored = orders.find(unit, order["id"])
            assert stored is not None
            assert (stored.order.state, len(stored.order.reminded)) == ("running", 2)
        Shop(asker, clock).work(days=2)
    with online.reading() as unit:
        stored = orders.find(unit, order["id"])
        assert stored is not None
        assert stored.order.state == "overdue"


def test_an_act_that_makes_no_sense_is_said_to(shop: Shop, person: str) -> None:
    order = shop.order(person)
    for body in NONSENSE:
        came = shop.asker.post(f"/v1/orders/{order['id']}/acts", body)
        assert came.status_code in (400, 422), came.text
        assert came.json()["detail"]
    assert shop.look(order["id"])["state"] == "admitted"


def test_readers_are_asked_under_the_consent(shop: Shop, person: str, reader: FakeReader) -> None:
    order = shop.order(person, due_at=day(shop.clock, 2))
    assert reader.permits[-1].purpose == "deposit_free"
    assert order["policy"] == "offer:power_bank"
