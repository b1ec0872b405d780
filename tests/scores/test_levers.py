"""A lever does what it promises, and touches nothing that was known."""

from __future__ import annotations

import copy

import pytest
from histories import DAY, KINDS, NOW, bill, breach, check, histories, order, statement, version
from hypothesis import given, strategies as st

from benne.kernel import Currency, InvalidInput
from benne.scores import Lever, levers_from, offers, standard_levers
from benne.scores._edits import EDITS, as_known

LEVERS = {lever.name: lever for lever in standard_levers()}


def seen(history, kind, as_of):
    """The rows of a view, with what is tied to a later instant masked; written on its own."""
    masks = {"paid_minor": "paid_at", "paid_at": "paid_at", "closed_at": "closed_at",
             "settled_at": "settled_at"}  # fmt: skip
    for row in history.get(kind, []):
        if not row["known_at"] <= as_of < row["superseded_at"] or row["cause"] == "retraction":
            continue
        hidden = [c for c, i in masks.items() if i in row and (row[i] is None or row[i] >= as_of)]
        window = next(k.window for k in KINDS if k.name == kind)
        if row[window] < as_of:
            yield {**row, **{c: None for c in hidden if c in row}}


def score(history, as_of) -> int | None:
    """A plain score over a history: arrears, delays, orders, breaches, balances, checks."""
    bills = [r for k in ("instalment", "obligation") for r in seen(history, k, as_of)]
    if not any(True for kind in history for _ in seen(history, kind, as_of)):
        return None
    total = 650
    for row in bills:
        paid = row["paid_at"] is not None and row["paid_minor"] >= row["due_minor"]
        delay = ((row["paid_at"] if paid else as_of) - row["due_at"]) // DAY
        recent = 2 if as_of - row["due_at"] < 180 * DAY else 1
        total += (4 if delay <= 0 else -3 * recent) - (0 if paid else 15)
    for row in seen(history, "order", as_of):
        kept = row["closed_at"] is not None and row["closed_at"] <= row["due_at"]
        late = row["closed_at"] is None and row["due_at"] < as_of
        total += 5 if kept else -10 if late else 0
    for row in seen(history, "breach", as_of):
        total -= 25 if row["settled_at"] is None and row["dispute"] != "disputed" else 5
    latest: dict = {}
    for row in sorted(seen(history, "statement", as_of), key=lambda r: r["period_end"]):
        latest[row["account"]] = row
    for row in latest.values():
        total -= row["balance_minor"] // 50 + row["days_past_due"]
    checks: dict = {}
    for row in sorted(seen(history, "verification", as_of), key=lambda r: r["happened_at"]):
        checks[row["element"]] = row["result"]
    return total + 8 * sum(result == "match" for result in checks.values())


@given(histories, st.sampled_from([0, 7]))
def test_a_lever_does_what_it_promises(history, lag):
    before = copy.deepcopy(history)
    known = as_known(history, NOW, KINDS)
    now = score(known, NOW)
    for offer in offers(history, NOW, score, lag_days=lag, at_most=99):
        done, acts_by = LEVERS[offer.lever].pull(history, NOW, kinds=KINDS, lag_days=lag)
        assert acts_by == offer.acts_by > NOW
        assert score(done.history, acts_by) == offer.score
        assert offer.points == offer.score - now > 0
    assert history == before


@given(histories, st.sampled_from([0, 7]), st.sampled_from(sorted(LEVERS)))
def test_a_lever_changes_nothing_that_was_known(history, lag, name):
    pulled = LEVERS[name].pull(history, NOW, kinds=KINDS, lag_days=lag)
    if pulled is None:
        return
    done, _ = pulled
    for as_of in (NOW - 100 * DAY, NOW):
        for kind in history:
            was = list(seen(as_known(history, as_of, KINDS), kind, as_of))
            now = list(seen(as_known(done.history, as_of, KINDS), kind, as_of))
            key = "record"
            assert sorted(now, key=lambda r: r[key]) == sorted(was, key=lambda r: r[key])


@given(histories)
def test_what_came_to_be_known_later_moves_no_offer(history):
    known = {kind: [r for r in rows if r["known_at"] <= NOW] for kind, rows in history.items()}
    assert offers(history, NOW, score) == offers(known, NOW, score)


@given(histories, st.sampled_from(sorted(LEVERS)))
def test_each_record_has_one_open_version_and_its_versions_follow_on(history, name):
    pulled = LEVERS[name].pull(history, NOW, kinds=KINDS)
    if pulled is None:
        return
    for rows in pulled[0].history.values():
        by_record: dict = {}
        for row in sorted(rows, key=lambda r: r["known_at"]):
            by_record.setdefault(row["record"], []).append(row)
        for versions in by_record.values():
            ends = [v["superseded_at"] for v in versions]
            assert ends[:-1] == [v["known_at"] for v in versions[1:]]
            assert ends[-1] == 2**63 - 1


def everything() -> dict[str, list[dict]]:
    return {
        "instalment": bill("instalment", 0, -50, None, 12_000) + bill("instalment", 1, 60, None, 5),
        "obligation": bill("obligation", 0, -20, None, 700) + bill("obligation", 1, -90, -80, 40),
        "order": order(0, -80, 30, None),
        "breach": breach(0, -70, "original", None) + breach(1, -70, "disputed", None),
        "statement": statement(0, -10, 900, 0) + statement(1, -10, 100, 40),
        "verification": check(0, -30, "mismatch"),
    }


def test_every_edit_of_evidence_finds_what_it_is_for():
    found = {o.lever: o for o in offers(everything(), NOW, score, currency=Currency("NGN"),
                                        at_most=99)}  # fmt: skip
    assert set(found) == set(LEVERS) - {"settle_public_records", "wait_a_year"} | (
        set(found) & {"wait_a_year"}
    )
    assert found["pay_overdue_instalments"].says == (
        "Pay the instalment that is overdue (NGN 120.00)"
    )
    assert found["make_good_breaches"].says.endswith("(NGN 9.00)")
    assert found["lower_balances"].says.endswith("(NGN 6.00 less)")
    assert found["pay_overdue_bills"].acts_by == NOW + DAY
    used = {step.do for lever in LEVERS.values() for step in lever.steps}
    assert used == set(EDITS) - {"strike"}, "which only a gamer does"


def test_a_payment_after_as_of_is_not_known_even_where_its_row_is():
    row = version("instalment", "i", NOW - 60 * DAY, due_at=NOW - 20 * DAY, due_minor=70,
                  paid_minor=70, paid_at=NOW + 10 * DAY, account="acc")  # fmt: skip
    (cut,) = as_known({"instalment": [row]}, NOW, KINDS)["instalment"]
    assert (cut["paid_at"], cut["paid_minor"]) == (None, None)
    done, _ = LEVERS["pay_overdue_instalments"].pull({"instalment": [row]}, NOW, kinds=KINDS)
    assert (done.count, done.amount_minor) == (1, 70)


def test_waiting_pays_what_falls_due_on_its_day():
    done, then = LEVERS["wait_four_months"].pull(everything(), NOW, kinds=KINDS)
    row = next(r for r in seen(done.history, "instalment", then) if r["record"] == "instalment 1")
    assert row["paid_at"] == row["due_at"] == NOW + 60 * DAY
    assert row["paid_minor"] == 5


def test_offers_are_sorted_and_a_person_without_a_score_has_none():
    made = offers(everything(), NOW, score, at_most=3)
    assert len(made) == 3
    assert [o.points for o in made] == sorted((o.points for o in made), reverse=True)
    assert offers({"order": []}, NOW, score) == ()


def test_first_orders_are_offered_where_the_kind_is_known():
    history = {"instalment": bill("instalment", 0, -50, -60, 5), "order": []}
    assert "keep_three_orders" in {o.lever for o in offers(history, NOW, score)}
    del history["order"]
    assert "keep_three_orders" not in {o.lever for o in offers(history, NOW, score)}


def test_levers_are_data_and_their_mistakes_are_named():
    good = {"says": "Do {count}", "after_days": 1, "edits": [{"do": "pay", "kind": "instalment"}]}
    (lever,) = levers_from({"schema": 1, "lever": {"x": good}}, where="my.toml")
    assert isinstance(lever, Lever)
    wrong = [
        ({"schema": 2, "lever": {}}, "schema must be 1"),
        ({"schema": 1, "lever": {"x": {**good, "colour": 1}}}, "'colour' is unknown"),
        ({"schema": 1, "lever": {"x": {**good, "after_days": 0}}}, "a day or more"),
        ({"schema": 1, "lever": {"x": {**good, "says": "{name}"}}}, "count"),
        ({"schema": 1, "lever": {"x": {**good, "edits": [{"do": "fly"}]}}}, "do must be one of"),
        ({"schema": 1, "lever": {"x": {**good, "edits": [{"do": "pay"}]}}}, "'kind' is missing"),
        ({"schema": 1, "lever": {"x": {**good, "edits": [{"do": "lower", "kind": "statement"}]}}},
         "'permille' is missing"),
    ]  # fmt: skip
    for document, message in wrong:
        with pytest.raises(InvalidInput, match=message):
            levers_from(document, where="my.toml")
