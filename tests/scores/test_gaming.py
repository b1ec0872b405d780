"""Gaming: every move does what it says, costs what the file says, and gains over doing nothing."""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import pytest
from histories import DAY, KINDS, NOW, breach, statement, version
from test_levers import everything, score

from benne.kernel import InvalidInput
from benne.scores import attempts, cheapest, moves_from, praised, standard_moves

MOVES = standard_moves()


def history() -> dict[str, list[dict]]:
    """Somebody of whom every kind that a move edits is known."""
    at = NOW - 40 * DAY
    return everything() | {
        "public_record": [version("public_record", "j", at, happened_at=at, category="judgment",
                                  amount_minor=700)],
        "profile": [version("profile", "p", at, happened_at=at, education="primary",
                            employment="informal", residence="tenant")],
        "means": [version("means", "m", at, happened_at=at, income_minor=1000, debt_minor=None)],
        "transaction": [version("transaction", "t", at, happened_at=at, amount_minor=-5,
                                category="food", channel="app")],
        "activity": [version("activity", "u", at, happened_at=at, scene="news", device="d")],
    }  # fmt: skip


def pulled(name: str) -> Any:
    move = next(move for move in MOVES.moves if move.lever.name == name)
    found = move.lever.pull(history(), NOW, kinds=KINDS)
    assert found is not None, name
    return found[0]


def added(name: str, kind: str) -> list[dict]:
    return [row for row in pulled(name).history[kind] if row["record"].startswith("lever")]


def test_every_move_finds_what_it_is_for_and_names_where_its_price_is_from() -> None:
    for move in MOVES.moves:
        assert pulled(move.lever.name).count > 0
        assert move.cost.source and move.lever.says


def test_a_claim_says_what_is_not_so_and_leaves_the_rest() -> None:
    (row,) = added("upgrade_the_profile", "profile")
    assert (row["education"], row["employment"], row["residence"]) == (
        "university", "salaried", "owner",
    )  # fmt: skip
    (row,) = added("inflate_the_means", "means")
    assert (row["income_minor"], row["debt_minor"]) == (1500, None)


def test_copies_are_spread_over_the_time_and_their_money_counted() -> None:
    done = pulled("circulate_money")
    rows = added("circulate_money", "transaction")
    assert len(rows) == done.count == 24
    assert done.amount_minor == 24 * 60_000
    assert sum(row["amount_minor"] for row in rows) == 0
    moments = {row["happened_at"] for row in rows}
    assert len(moments) == 12 and all(NOW < at < NOW + 91 * DAY for at in moments)


def test_a_dispute_that_wins_takes_out_what_tells_against_one_and_nothing_else() -> None:
    after = pulled("dispute_everything").history
    gone = [row["record"] for kind in after for row in after[kind] if row["cause"] == "retraction"]
    assert sorted(gone) == ["breach 0", "breach 1", "j", "statement 1"]


def test_what_waiting_brings_is_not_counted_as_a_gain() -> None:
    def by_time(_: Any, at: int) -> int:
        return 500 + (at - NOW) // DAY

    now, made = attempts(history(), NOW, by_time, moves=MOVES, kinds=KINDS, wanted=900)
    assert now == 500
    assert {attempt.moves for attempt in made} == {("wait_a_year",)}
    assert made[0].points == 365


def test_moves_are_joined_until_the_cutoff_is_reached_and_cost_what_each_costs() -> None:
    def orders_and_truth(edited: Any, _: int) -> int:
        new = [row["record"] for row in edited.get("order", ()) if "lever" in row["record"]]
        lied = any(row["education"] == "university" for row in edited.get("profile", ()))
        return 500 + (60 if new else 0) + (60 if lied else 0)

    _, made = attempts(history(), NOW, orders_and_truth, moves=MOVES, kinds=KINDS, wanted=610)
    assert cheapest(made, wanted=610, allowed=("honest", "appearance")) is None
    best = cheapest(made, wanted=610, allowed=("honest", "appearance", "lie"))
    assert best is not None
    assert set(best.moves) == {"buy_orders", "upgrade_the_profile"}
    assert best.nature == "lie" and best.score == 620
    alone = {a.moves[0]: a.cost_minor for a in made if len(a.moves) == 1}
    assert best.cost_minor == pytest.approx(sum(alone[name] for name in best.moves))
    assert alone["buy_orders"] == 12 * 200 + 12 * 0.5 * MOVES.hour_minor


def test_nobody_games_without_a_score() -> None:
    with pytest.raises(InvalidInput, match="without a score"):
        attempts({}, NOW, score, moves=MOVES, kinds=KINDS, wanted=600)


def test_volunteering_repairs_and_adds_until_the_cutoff() -> None:
    done = praised([("contract_breach", NOW - 200 * DAY)], NOW, moves=MOVES, wanted=1000)
    assert done is not None and (done.days, done.score, done.hours) == (1, 1005, 4.0)
    many = praised([("destroying_public_equipment", NOW - DAY)], NOW, moves=MOVES, wanted=1000)
    assert many is not None and (many.days, many.points) == (20, 100)
    assert praised([("left_the_scheme", NOW - DAY)], NOW, moves=MOVES, wanted=1000) is None
    worst = [("destroying_public_equipment", NOW - n * DAY) for n in range(1, 9)]
    assert praised(worst, NOW, moves=MOVES, wanted=1000) is None


def document() -> dict[str, Any]:
    text = files("benne.scores").joinpath("gaming.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        ("schema", 2, "schema must be 1"),
        ("colour", 1, "'colour' is unknown"),
        ("move.buy_orders.nature", "evil", "nature must be one of honest, appearance, lie"),
        ("move.buy_orders.cost", {}, "is missing"),
        ("move.buy_orders.edits", [{"do": "steal"}], "do must be one of"),
        ("praise", {}, "is missing"),
    ],
)
def test_a_file_of_moves_that_is_wrong_is_refused_by_name(path: str, value: Any, says: str) -> None:
    wrong = document()
    *above, last = path.split(".")
    place = wrong
    for part in above:
        place = place[part]
    place[last] = value
    with pytest.raises(InvalidInput, match=says) as refused:
        moves_from(wrong, where="here")
    assert str(refused.value).startswith("here")


def test_the_same_person_is_tried_alike_twice() -> None:
    person = history() | {"breach": breach(0, -70, "original", None), "statement":
                          statement(0, -10, 900, 0) + statement(1, -10, 100, 40)}  # fmt: skip
    one, again = (
        attempts(person, NOW, score, moves=MOVES, kinds=KINDS, wanted=900) for _ in range(2)
    )
    assert one == again and one[1]
