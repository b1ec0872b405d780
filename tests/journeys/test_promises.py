"""The loop closes: small promises that are kept make a person scorable, and farming buys little."""

from __future__ import annotations

from pathlib import Path

import pytest
from made_promises import DAY, Town, farm, points, ten_promises

from benne.app import NotEnoughEvidence, Score


@pytest.fixture
def town(promises: Path, tmp_path: Path) -> Town:
    """Its service, and three merchants."""
    return Town(promises, tmp_path / "benne.db")


def test_ten_small_promises_kept_make_a_person_scorable(town: Town) -> None:
    assert isinstance(town.answer("nobody knows me"), NotEnoughEvidence)
    person = town.consent("bikes", "nobody knows me")
    first = town.order("bikes", person, partial=False)
    assert (first.order.state, first.stored.code) == ("refused", "NOT_ENOUGH_EVIDENCE")
    states = ten_promises(town, "nobody knows me")
    assert states[0] == "offered"  # the whole deposit is put down
    answer = town.answer("nobody knows me")
    assert isinstance(answer, Score), answer
    assert answer.score >= 600
    last = town.order("books", town.consent("books", "nobody knows me"), partial=False)
    assert (last.order.state, last.order.waived_minor) == ("admitted", 9_900)


def test_merchants_who_lie_along_cannot_buy_what_honest_ones_and_time_give(town: Town) -> None:
    ten_promises(town, "honest")
    honest = points(town.answer("honest"))
    assert honest is not None
    farm(town, "farmer", merchants=1, orders=30)
    assert points(town.answer("farmer")) is None  # one source, some hours: nobody is scored on that
    town.clock.now += 200 * DAY
    farm(town, "farmer", merchants=2, orders=10)
    bought = points(town.answer("farmer"))
    assert bought is not None
    assert bought < honest
