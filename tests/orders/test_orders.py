"""What an order does, in the words of those who use it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files

import pytest
from made_orders import DAY, START, Case, a_fund

from benne.kernel import Conflict, InvalidInput
from benne.orders import (
    ACTS,
    CONDITIONS,
    ENDED,
    MOVES,
    NOTICES,
    OVER,
    SERVICES,
    STATES,
    Act,
    Amounts,
    Due,
    Entry,
    Fund,
    FundLimits,
    PaymentRequest,
    Posting,
    Proof,
    Receipt,
    SimulatedProvider,
    Terms,
    act_on,
    balances,
    evidence_of,
    possible,
    read_service,
    standard_services,
    told_by,
    trial_balance,
)

PROOF = Proof("photo", "a" * 64)

# --- the table -------------------------------------------------------------------------------


def test_every_state_of_the_table_is_reached_and_every_name_in_it_is_known() -> None:
    assert {move.start for move in MOVES} | {move.end for move in MOVES} - {"prior"} == set(STATES)
    assert {move.act for move in MOVES} == set(ACTS)
    assert {move.when for move in MOVES} == set(CONDITIONS)
    assert {name for move in MOVES for name in move.notices} == set(NOTICES)


def test_of_the_lines_of_one_act_the_last_always_holds() -> None:
    last = {(move.start, move.act): move for move in MOVES}
    sure = {"always", "all done, after a breach"}
    for (start, act), move in last.items():
        assert move.when in sure, (start, act)
        if move.when != "always":
            assert act in ("complete", "told", "correct", "reduce"), (start, act)


def test_nothing_leaves_an_end_but_money_that_comes_late_a_refund_and_an_objection() -> None:
    leaving = {(m.start, m.act) for m in MOVES if m.start in ENDED}
    assert {act for _, act in leaving} == {"told", "refund", "dispute"}


@pytest.mark.parametrize("state", sorted(OVER))
def test_every_end_lets_go_of_what_is_held(state: str) -> None:
    for move in MOVES:
        if move.end == state and move.act != "refuse":
            assert "release" in move.entries, move


# --- services are data -------------------------------------------------------------------------


def test_each_number_of_each_service_says_where_it_comes_from() -> None:
    for service in standard_services().values():
        assert set(service.sources) == set(Terms.__dataclass_fields__)
        assert all(service.sources.values())
        assert service.kept
        assert service.broken


def _rental() -> dict[str, object]:
    text = files("benne.orders").joinpath("services/rental.toml").read_text("utf-8")
    return tomllib.loads(text)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 2}, "schema must be 1; got 2"),
        ({"goods": "yes"}, "goods must be true or false"),
        ({"fee": 1}, "unknown key 'fee'"),
        ({"paying": "never"}, "paying must be one of"),
        ({"terms": {}}, "threshold is missing"),
    ],
)
def test_a_service_that_is_wrong_is_refused_with_what_must_hold(
    change: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        read_service({**_rental(), **change}, name="rental", where="rental.toml")


def test_a_number_without_a_source_is_refused() -> None:
    document = _rental()
    document["terms"]["grace_days"] = {"is": 3}  # type: ignore[index]
    with pytest.raises(InvalidInput, match="from is missing"):
        read_service(document, name="rental", where="rental.toml")


def test_an_offer_may_be_kinder_than_its_service_and_never_harsher() -> None:
    rental = standard_services()["rental"]
    kinder = rental.with_terms(
        source="contract of 2026", deposit_max_minor=5_000, grace_days=9, reminders_days=(5, 3, 1)
    )
    assert (kinder.terms.grace_days, kinder.terms.reminders_days) == (9, (5, 3, 1))
    assert kinder.sources["grace_days"] == "contract of 2026"


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"deposit_max_minor": 500_001}, "500000 or less"),
        ({"grace_days": 6}, "grace_days must be 7 or more"),
        ({"notice_days": 2}, "3 or more"),
        ({"grace_days": 4_000}, "from 0 to 3660"),
        ({"confirm_above_minor": 50_001}, "50000 or less"),
        ({"confirm_above_minor": -1}, "from 0 to"),
        ({"reminders_days": (1,)}, "2 different days or more"),
        ({"reminders_days": (1, 1)}, "2 different days or more"),
        ({"reminders_days": (3, 1, 0)}, "2 different days or more"),
        ({"reminders_days": ()}, "2 different days or more"),
        ({"grace": 9}, "no term 'grace'"),
    ],
)
def test_terms_that_are_harsher_or_make_no_sense_are_refused(
    change: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=says):
        standard_services()["rental"].with_terms(source="wish", **change)


def test_an_order_keeps_the_terms_on_which_it_was_made() -> None:
    rental = standard_services()["rental"]
    case = Case()
    assert case.order.terms is None
    kinder = rental.with_terms(source="an offer", grace_days=20, reminders_days=(5, 2, 1))
    case = Case(service=kinder)
    case.running()
    assert (case.order.terms, rental.on(case.order.terms).terms) == (kinder.terms, kinder.terms)
    assert case.wait(12) == ["remind", "remind", "remind"]
    assert case.wait(20) == ["warn", "lapse"]
    (breach,) = case.order.breaches
    assert breach.at == case.order.due_at + 20 * DAY


@pytest.mark.parametrize(
    ("service", "opening", "says"),
    [
        ("rental", {"deposit_minor": 500_001, "value_minor": 600_000}, "deposit_minor of rental"),
        ("rental", {"price_minor": 500_001}, "price_minor of rental"),
        ("rental", {"due_at": START}, "due_at must lie after"),
        ("rental", {"value_minor": 1}, "value_minor is what the merchant has at risk"),
        ("membership", {"promised_minor": 0}, "promised_minor must be stated"),
        ("instalment", {"plan": ()}, "1 to 60 instalments"),
        ("instalment", {"price_minor": 4_999}, "must add up to price_minor"),
    ],
)
def test_an_order_that_does_not_fit_its_service_is_refused(
    service: str, opening: dict[str, object], says: str
) -> None:
    with pytest.raises(InvalidInput, match=re.escape(says)):
        Case(service, **opening)


# --- lives ---------------------------------------------------------------------------------------


def test_a_rental_that_is_kept_is_paid_by_itself_and_leaves_nothing_behind() -> None:
    case, provider = Case().running(), SimulatedProvider()
    case.do("complete", amount_minor=1_200)
    assert case.order.state == "paying"
    assert case.wait(8) == ["remind", "remind", "deduct"]
    case.ask(provider)
    assert case.order.state == "completed"
    assert case.order.exposure_minor == 0
    found = {k: v for k, v in balances(case.life.entries).items() if v}
    assert found == {("cash", "m"): 1_200, ("income", "m"): -1_200}


def test_the_same_request_moves_nothing_twice_and_other_words_under_it_are_refused() -> None:
    case = Case().running()
    first = case.do("complete", request="mine", amount_minor=1_200)
    again = case.do("complete", request="mine", amount_minor=1_200)
    assert again is first
    with pytest.raises(Conflict, match="used before for another request"):
        case.do("complete", request="mine", amount_minor=1_300)


def test_what_cannot_be_done_says_what_can() -> None:
    with pytest.raises(Conflict, match="created cannot start; the merchant can cancel now"):
        Case().do("start")


def test_a_promise_breaks_only_after_reminders_its_grace_and_a_prior_notice() -> None:
    case = Case().running()
    assert case.wait(6.5) == ["remind", "remind"]
    assert case.wait(5) == ["warn"]
    assert case.order.state == "running"
    assert case.wait(5) == ["lapse"]
    assert case.order.state == "overdue"
    breach = case.order.breaches[0]
    assert (breach.type, breach.amount_minor) == ("not_returned", 20_000)
    assert breach.at >= case.steps[4].notices[0].at + 3 * DAY


def test_a_warning_that_came_late_still_gives_its_days_of_notice() -> None:
    case = Case().running()
    case.at += 40 * DAY  # nobody worked meanwhile
    case.do("remind")
    case.do("warn")
    with pytest.raises(Conflict, match="prior notice"):
        case.do("lapse")
    assert case.wait(2.9) == []
    assert case.wait(0.2) == ["lapse"]


def test_settling_clears_the_flag_and_not_the_past() -> None:
    case, provider = Case().running(), SimulatedProvider()
    case.wait(20)
    case.do("return")
    case.do("complete", amount_minor=2_000)
    case.wait(8)
    case.ask(provider)
    assert case.order.state == "settled"
    rows = {row.kind: row for row in evidence_of(case.order, case.service, ("order", "breach"))}
    assert rows["breach"].values["settled_at"] == case.order.closed_at
    assert rows["order"].values["closed_at"] > rows["order"].values["due_at"]  # type: ignore[operator]


def test_a_day_within_the_grace_is_in_time() -> None:
    case = Case("library", price_minor=1_000).running()
    case.wait(7 + 10)
    case.do("complete")
    assert case.order.state == "completed"
    row = evidence_of(case.order, case.service, ("order",))[0]
    assert row.values["closed_at"] <= row.values["due_at"]  # type: ignore[operator]


def test_an_order_undone_is_no_promise_kept() -> None:
    case, provider = Case("pay_later").running(), SimulatedProvider()
    case.do("complete", amount_minor=3_000)
    case.do("pay")
    case.ask(provider)
    assert case.order.state == "completed"
    case.do("refund", amount_minor=3_000)
    assert case.order.state == "refunded"
    causes = {row.cause for row in evidence_of(case.order, case.service, ("order", "obligation"))}
    assert causes == {"retraction"}
    case.ask(provider)
    assert provider.taken_minor("o") == 0


def test_compensation_is_bounded_by_the_deposit_and_charges_by_the_price() -> None:
    case = Case().running()
    with pytest.raises(Conflict, match="compensation of order o may be 9900 at most"):
        case.do("complete", compensation_minor=9_901)
    with pytest.raises(Conflict, match="charges of order o may be 5000 at most"):
        case.do("complete", amount_minor=5_001)


def test_a_partial_deposit_is_held_captured_in_part_and_let_go_of() -> None:
    case, provider = Case(), SimulatedProvider()
    case.do("offer", amount_minor=4_000)
    assert case.order.exposure_minor == 16_000
    case.do("deposit")
    case.ask(provider)
    assert (case.order.state, case.order.held_minor, case.order.waived_minor) == (
        "admitted", 4_000, 5_900,
    )  # fmt: skip
    case.do("start")
    case.do("complete", amount_minor=1_500)
    case.do("capture")
    case.ask(provider)
    assert case.order.state == "completed"
    assert case.order.held_minor == 0
    case.ask(provider)
    assert (provider.held_minor("o"), provider.taken_minor("o")) == (0, 1_500)


def test_a_large_deduction_waits_for_the_person_however_it_is_sliced() -> None:
    case = Case(value_minor=90_000, price_minor=90_000).running()
    case.do("complete", amount_minor=90_000)
    case.do("deduct", amount_minor=30_000)
    assert case.order.payments[-1].status == "pending"
    case.do("deduct", amount_minor=30_000)
    assert case.order.payments[-1].status == "unconfirmed"
    assert case.steps[-1].notices[0].name == "confirm_payment"
    step = case.do("confirm", payment="o.2")
    assert [p.id for p in step.payments] == ["o.2"]


def test_a_dispute_stops_clocks_and_deductions_and_gives_the_time_back() -> None:
    case = Case().running()
    case.do("complete", amount_minor=2_000)
    case.wait(3)
    case.do("dispute", text="it was broken when I got it")
    assert case.wait(100) == []
    with pytest.raises(Conflict, match="disputed cannot deduct"):
        case.do("deduct")
    case.do("uphold", text="photo of the station")
    assert case.order.state == "paying"
    assert case.wait(3.9) == ["remind", "remind"]
    assert "deduct" in case.wait(0.2)


def test_an_objection_that_nobody_answers_in_time_counts_as_right() -> None:
    case = Case().running()
    case.answer_days = 20
    case.do("complete", amount_minor=2_000)
    case.wait(3)
    case.do("dispute", text="it was broken when I got it")
    with pytest.raises(Conflict, match="may be answered until"):
        case.do("concede")
    assert case.wait(19.9) == []
    assert case.wait(0.2) == ["concede"]
    assert (case.order.state, case.order.owed_minor, case.order.answer_by) == ("completed", 0, None)
    told = {(one.name, one.to) for one in case.steps[-1].notices}
    assert told == {("objection_answered", "person"), ("objection_conceded", "merchant")}


def test_what_was_answered_or_taken_back_in_time_stays_so() -> None:
    for act, said in (("uphold", {"text": "see the log"}), ("withdraw", {})):
        case = Case().running()
        case.answer_days = 20
        case.do("complete", amount_minor=2_000)
        case.do("dispute", text="it was broken")
        case.do(act, **said)
        assert "concede" not in case.wait(60)


def test_it_takes_off_what_had_fallen_due_and_leaves_the_rest_of_the_plan() -> None:
    plan = Case("instalment", days=60).running()
    plan.answer_days = 20
    plan.wait(30 + plan.service.terms.grace_days + 0.5)
    assert plan.order.state == "overdue"
    plan.do("dispute", text="I paid it in the shop")
    assert plan.wait(20) == ["concede"]
    assert [due.owed_minor for due in plan.order.dues] == [0, 2_500]
    assert plan.order.state == "running"
    assert [breach.dispute for breach in plan.order.breaches] == ["corrected"]


def test_an_objection_that_was_right_takes_the_breach_away() -> None:
    case = Case().running()
    case.wait(20)
    case.do("dispute", text="I gave it back")
    case.do("return")
    case.do("correct", text="found at another station")
    assert case.order.state == "returned"
    row = evidence_of(case.order, case.service, ("breach",))[0]
    assert (row.cause, row.values["dispute"]) == ("retraction", "corrected")
    case.do("complete")
    assert case.order.state == "completed"


def test_hardship_pauses_everything_and_ends_by_itself() -> None:
    case = Case("instalment", days=60).running()
    case.wait(10)
    case.do("pause", until=case.at + 90 * DAY, text="lost their work")
    assert case.wait(89) == []
    assert case.wait(2) == ["resume"]
    assert case.order.dues[0].at == START + (30 + 90) * DAY
    with pytest.raises(Conflict, match="a pause ends"):
        case.do("pause", until=case.at + 91 * DAY, text="again")


def test_an_instalment_paid_late_brings_the_plan_back_to_running() -> None:
    case, provider = Case("instalment", days=200).running(), SimulatedProvider(["declined"] * 40)
    while case.order.state != "overdue":
        case.wait(1)
        case.ask(provider)
    case.do("pay", amount_minor=2_500)
    case.ask(SimulatedProvider())
    assert case.order.state == "running"
    assert case.order.breaches[0].settled_at is not None


def test_a_membership_asks_its_benefits_back_only_if_the_promise_is_not_kept() -> None:
    kept = Case("membership").running()
    kept.do("benefit", amount_minor=800)
    kept.do("progress", amount_minor=3)
    kept.do("complete")
    assert (kept.order.state, kept.order.charged_minor) == ("completed", 0)
    broken = Case("membership").running()
    broken.do("benefit", amount_minor=800)
    with pytest.raises(Conflict, match="may be kept until"):
        broken.do("complete")
    broken.wait(7)
    broken.do("complete")
    assert (broken.order.state, broken.order.owed_minor) == ("paying", 800)


def test_revoked_consent_stops_what_is_new_and_lets_what_runs_go_on_under_a_dated_hold() -> None:
    waiting = Case()
    waiting.do("admit")
    waiting.do("hold_consent", until=waiting.at + DAY)
    assert waiting.order.state == "cancelled"
    case = Case().running()
    case.do("hold_consent", until=case.at + 30 * DAY)
    assert (case.order.state, case.order.consent_held_until) == ("running", case.at + 30 * DAY)
    with pytest.raises(Conflict, match="consent was revoked"):
        case.do("extend", until=case.order.due_at + DAY)
    case.do("complete")
    assert case.order.state == "completed"


# --- cover ---------------------------------------------------------------------------------------


def _lost() -> Case:
    case = Case()
    case.fund = a_fund()
    case.running()
    case.wait(20)
    case.do("complete", amount_minor=1_000, compensation_minor=9_900)
    return case


def test_a_fund_pays_the_merchant_and_is_made_whole_first() -> None:
    case, provider = _lost(), SimulatedProvider()
    case.do("claim", amount_minor=9_000, proofs=(PROOF,), text="never came back")
    case.do("award", amount_minor=9_000)
    assert case.fund is not None
    assert case.fund.balance_minor == 41_000
    case.do("pay", amount_minor=5_000)
    case.ask(provider)
    found = balances(case.life.entries)
    assert (found["fund", "m"], found["fund_owed", "o"], found["owed", "o"]) == (
        -4_000, 4_000, 1_900,
    )  # fmt: skip
    case.do("pay")
    case.ask(provider)
    assert case.order.state == "settled"
    assert trial_balance(case.life.entries) == 0


def test_a_claim_needs_proof_an_amount_owed_and_comes_in_time() -> None:
    case = _lost()
    with pytest.raises(InvalidInput, match="claim needs proofs"):
        case.do("claim", amount_minor=1, text="trust me")
    with pytest.raises(Conflict, match="is owed 10900"):
        case.do("claim", amount_minor=10_901, proofs=(PROOF,), text="lost")
    case.at += 91 * DAY
    with pytest.raises(Conflict, match="was possible until"):
        case.do("claim", amount_minor=9_000, proofs=(PROOF,), text="lost")


def test_a_fund_pays_no_more_than_its_limits_and_what_it_holds() -> None:
    case = _lost()
    case.fund = a_fund(balance=3_000)
    case.do("claim", amount_minor=9_000, proofs=(PROOF,), text="lost")
    with pytest.raises(Conflict, match="may pay 3000"):
        case.do("award", amount_minor=3_001)


def test_a_debt_written_off_that_is_paid_after_all_goes_where_it_was_lost() -> None:
    case, provider = _lost(), SimulatedProvider()
    case.do("write_off")
    assert balances(case.life.entries)["loss", "m"] == 10_900
    row = evidence_of(case.order, case.service, ("order",))[0]
    assert row.values["closed_at"] is None
    case.do("pay")
    case.ask(provider)
    found = balances(case.life.entries)
    assert (case.order.state, found["loss", "m"], found["cash", "m"]) == ("settled", 0, 10_900)


# --- a provider that fails -----------------------------------------------------------------------


def _paying() -> Iterator[Case]:
    case = Case().running()
    case.do("complete", amount_minor=2_000)
    yield case


@pytest.mark.parametrize("fault", ["lost answer", "lost request", "late", "twice", "out of order"])
def test_an_answer_that_is_lost_late_or_doubled_takes_the_money_once(fault: str) -> None:
    (case,) = _paying()
    provider = SimulatedProvider([fault])
    case.do("deduct")
    for _ in range(3):
        case.ask(provider)
        for receipt in provider.settle():
            case.life, _ = act_on(case.life, told_by(receipt, at=case.at), case.service)
    assert case.order.state == "completed"
    assert provider.taken_minor("o") == case.order.paid_minor == 2_000


def test_a_payment_in_part_leaves_the_rest_owed_and_a_decline_is_retried_a_day_later() -> None:
    (case,) = _paying()
    provider = SimulatedProvider(["partial", "declined"])
    case.do("deduct")
    case.ask(provider)
    assert (case.order.state, case.order.owed_minor) == ("paying", 1_000)
    case.wait(7.5)
    case.ask(provider)
    assert case.order.payments[-1].status == "declined"
    assert "deduct" in case.wait(1)
    case.ask(provider)
    assert case.order.state == "completed"


def test_what_a_provider_says_is_the_whole_so_far_and_never_added_up() -> None:
    (case,) = _paying()
    case.do("deduct")
    for status, done in (("pending", 500), ("pending", 1_500), ("done", 2_000), ("pending", 500)):
        case.do("told", by="provider", payment="o.1", status=status, amount_minor=done)
    assert (case.order.state, case.order.paid_minor) == ("completed", 2_000)
    assert balances(case.life.entries)["cash", "m"] == 2_000


def test_money_taken_after_it_was_declined_and_taken_again_goes_back_by_itself() -> None:
    (case,) = _paying()
    provider = SimulatedProvider(["changed its mind"])
    case.do("deduct")
    case.ask(provider)
    case.do("deduct")
    case.ask(provider)
    assert case.order.state == "completed"
    (late,) = provider.settle()
    case.life, _ = act_on(case.life, told_by(late, at=case.at), case.service)
    assert provider.taken_minor("o") == 4_000
    case.ask(provider)
    assert (provider.taken_minor("o"), case.order.surplus_minor) == (2_000, 0)


def _given_back_late(*, asked_again: bool) -> tuple[Case, SimulatedProvider]:
    """All was paid; a refund of a part was declined, and made after all."""
    (case,) = _paying()
    provider = SimulatedProvider(["none", "changed its mind"])
    case.do("deduct")
    case.ask(provider)
    case.do("refund", amount_minor=500)
    case.ask(provider)
    if asked_again:
        case.at += DAY
        case.ask(provider)
    (late,) = provider.settle()
    case.life, _ = act_on(case.life, told_by(late, at=case.at), case.service)
    return case, provider


def test_a_refund_that_was_made_after_all_is_not_asked_for_again_on_its_day() -> None:
    case, provider = _given_back_late(asked_again=False)
    assert [(p.does, p.status) for p in case.order.payments][1:] == [
        ("refund", "done"),
        ("refund", "cancelled"),
    ]
    assert (provider.taken_minor("o"), case.order.paid_minor) == (1_500, 1_500)
    assert case.order.given_twice_minor == 0


def test_what_was_given_back_twice_is_set_against_what_goes_back_later() -> None:
    case, provider = _given_back_late(asked_again=True)
    assert (provider.taken_minor("o"), case.order.given_twice_minor) == (1_000, 500)
    case.do("refund", amount_minor=700)
    assert case.order.payments[-1].amount_minor == 200
    case.ask(provider)
    case.do("refund", amount_minor=800)
    case.ask(provider)
    assert (case.order.state, case.order.surplus_minor) == ("refunded", 0)
    assert not any(p.open for p in case.order.payments)
    assert provider.taken_minor("o") == 0
    found = balances(case.life.entries)
    assert found.get(("provider", "m"), 0) == found.get(("cash", "m"), 0) == 0


def test_what_falls_is_so_at_once_and_what_rises_waits_for_the_person() -> None:
    case = Case()
    case.do("admit", amount_minor=25_000)
    case.do("modify", value_minor=18_000, deposit_minor=8_000)
    assert (case.order.amounts, case.order.waived_minor) == (Amounts(18_000, 8_000, 5_000), 8_000)
    case.do("start")
    case.do("modify", price_minor=6_000)
    case.do("modify", price_minor=7_000)
    assert (case.order.price_minor, case.order.proposed) == (5_000, Amounts(18_000, 8_000, 7_000))
    said = {"value_minor": 18_000, "deposit_minor": 8_000}
    with pytest.raises(Conflict, match="the merchant asks for value_minor 18000"):
        case.do("agree", **said, price_minor=6_000)
    case.do("agree", **said, price_minor=7_000)
    assert case.order.price_minor == 7_000
    with pytest.raises(Conflict, match="nothing was asked"):
        case.do("decline")
    case.do("complete", amount_minor=7_000)
    with pytest.raises(Conflict, match="cannot modify"):
        case.do("modify", price_minor=6_000)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"value_minor": 25_001}, "was admitted up to 25000"),
        ({"deposit_minor": 500_001}, "deposit_minor of rental must be 500000 or less"),
        ({"value_minor": 9_899}, "9900 or more"),
        ({"price_minor": 5_000}, "says already"),
        ({}, "says already"),
    ],
)
def test_a_change_fits_the_service_and_what_was_decided(changes: dict[str, int], says: str) -> None:
    case = Case()
    case.do("admit", amount_minor=25_000)
    with pytest.raises((Conflict, InvalidInput), match=says):
        case.do("modify", **changes)


def test_nothing_rises_after_consent_was_revoked_and_what_was_asked_is_dropped_at_the_end() -> None:
    case = Case().running()
    case.do("modify", price_minor=6_000)
    case.do("hold_consent", until=case.at + 90 * DAY)
    assert "agree" not in possible(case.order, case.service)
    with pytest.raises(Conflict, match="consent was revoked"):
        case.do("agree", value_minor=20_000, deposit_minor=9_900, price_minor=6_000)
    case.do("modify", price_minor=4_000)
    case.do("return")
    case.do("complete")
    assert (case.order.state, case.order.proposed) == ("completed", None)


# --- the ledger ----------------------------------------------------------------------------------


def test_an_entry_that_does_not_balance_cannot_be_made() -> None:
    one, other = Posting("owed", "o", 5), Posting("income", "m", -4)
    with pytest.raises(InvalidInput, match="add up to 0"):
        Entry("r", "o", START, "charge", (one, other))
    with pytest.raises(InvalidInput, match="an account must be one of"):
        Posting("pocket", "o", 5)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"name": "steal"}, "an act must be one of"),
        ({"by": "person"}, "complete is done by merchant"),
        ({"amount_minor": -1}, "amount_minor must be 0 or more"),
        ({"until": 5}, "complete has no until"),
        ({"request": ""}, "1 to 128 printable"),
        ({"request": "a\nb"}, "1 to 128 printable"),
    ],
)
def test_an_act_is_checked_once_at_the_border(values: dict[str, object], says: str) -> None:
    whole = {"request": "r", "name": "complete", "at": START, "by": "merchant", **values}
    with pytest.raises(InvalidInput, match=says):
        Act(**whole)  # type: ignore[arg-type]


def test_all_services_are_named() -> None:
    assert tuple(standard_services()) == SERVICES


def test_an_instalment_is_taken_on_its_day_and_no_other_with_it() -> None:
    plan = tuple(Due(START + 30 * DAY * k, 20_000, "instalment") for k in range(1, 13))
    case = Case("instalment", days=360, value_minor=240_000, price_minor=240_000, plan=plan)
    provider = SimulatedProvider()
    case.running()
    for month in range(1, 13):
        with pytest.raises(Conflict, match="the day of an instalment"):
            case.do("deduct")
        case.wait(30)
        case.ask(provider)
        assert case.order.paid_minor == month * 20_000
    assert case.order.state == "completed"


def test_a_person_may_pay_a_part_by_hand_while_a_large_deduction_waits_for_them() -> None:
    case, provider = Case(value_minor=90_000, price_minor=90_000).running(), SimulatedProvider()
    case.do("complete", amount_minor=60_000)
    case.do("deduct")
    case.do("pay", amount_minor=1_000)
    case.ask(provider)
    assert [p.status for p in case.order.payments] == ["cancelled", "done"]
    assert (case.order.paid_minor, case.order.owed_minor) == (1_000, 59_000)


def test_a_provider_that_gives_nothing_back_is_asked_again_a_day_later_and_not_at_once() -> None:
    class Keeps(SimulatedProvider):
        def ask(self, request: PaymentRequest) -> Receipt:
            said = super().ask(request)
            return Receipt(said.payment, "declined", 0) if request.does == "void" else said

    case, provider = Case(), Keeps()
    case.do("offer", amount_minor=5_000)
    case.do("deposit")
    case.ask(provider)
    case.do("cancel")
    case.ask(provider)
    first, second = (p for p in case.order.payments if p.does == "void")
    assert (first.status, second.status) == ("declined", "pending")
    assert second.asked_at == case.at + DAY


def test_an_objection_to_what_is_over_puts_nothing_at_risk_again() -> None:
    case = Case().running()
    case.do("complete")
    case.do("dispute", text="it was dirty")
    assert (case.order.state, case.order.exposure_minor) == ("disputed", 0)


def test_an_objection_that_was_wrong_does_not_end_a_pause_for_hardship() -> None:
    case = Case("instalment", days=60).running()
    case.do("pause", until=case.at + 90 * DAY, text="lost their work")
    case.wait(10)
    case.do("dispute", text="I never got the second part")
    case.wait(10)
    case.do("uphold", text="signed for")
    assert case.order.state == "hardship"
    assert case.wait(69) == []
    assert case.wait(2) == ["resume"]
    assert case.order.dues[0].at == START + (30 + 90) * DAY


def test_a_fund_that_bears_half_bears_half_however_many_claims_it_comes_in() -> None:
    case = _lost()
    case.fund = Fund("m", FundLimits(90_000, 90_000, 90_000, share_permille=500), 90_000)
    for amount in (4_000, 6_900, 4_900, 2_000):
        mine = case.order.owed_minor - case.order.covered_minor
        case.do("claim", amount_minor=min(amount, mine), proofs=(PROOF,), text="lost")
        most = case.fund.award_max(
            claimed_minor=min(amount, mine), order_paid_minor=case.order.awarded_minor
        )
        case.do("award", amount_minor=most) if most else case.do("reject", text="its share is paid")
    assert case.order.awarded_minor <= 10_900 // 2


def test_a_claim_is_closed_when_the_person_pays_after_all() -> None:
    case = _lost()
    case.do("claim", amount_minor=9_000, proofs=(PROOF,), text="lost")
    case.do("pay")
    case.ask(SimulatedProvider())
    assert case.order.claim is not None
    assert (case.order.state, case.order.claim.state) == ("settled", "closed")


def test_what_is_at_risk_is_no_less_than_what_may_be_charged() -> None:
    with pytest.raises(InvalidInput, match="40000 or more here; got 1"):
        Case("pay_later", value_minor=1, price_minor=40_000)


@pytest.mark.parametrize("service", ["rental", "booking", "membership"])
def test_a_merchant_that_never_says_what_it_cost_lets_go_of_all_in_the_end(service: str) -> None:
    case = Case(service)
    if service == "booking":
        case.do("offer", amount_minor=5_000)
        case.do("deposit")
        case.ask(SimulatedProvider())
    else:
        case.do("admit")
    case.do("start")
    if service == "rental":
        case.do("return")
    assert case.wait(7 + 89) == []
    assert case.wait(2) == ["complete"]
    assert (case.order.state, case.order.held_minor) == ("completed", 0)


def test_an_order_that_is_undone_leaves_no_breach_behind_however_many_there_were() -> None:
    case = Case("rental").running()
    case.wait(20)
    case.do("return")
    case.do("complete", amount_minor=1_000)
    case.wait(1)
    case.do("pay", amount_minor=500)
    case.do("cancel")
    rows = evidence_of(case.order, case.service, ("order", "breach"))
    assert {row.cause for row in rows} == {"retraction"}
    plan, poor = Case("instalment", days=200).running(), SimulatedProvider(["declined"] * 99)
    for number in (1, 2):
        for _ in range(150):
            if len(plan.order.breaches) == number:
                break
            plan.wait(1)
            plan.ask(poor)
        if number == 1:
            plan.do("pay", amount_minor=2_500)
            plan.ask(SimulatedProvider())
    plan.do("cancel")
    assert [breach.dispute for breach in plan.order.breaches] == ["corrected", "corrected"]
