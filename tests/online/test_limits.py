"""What is at risk never goes beyond a limit, whoever comes at the same time."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from benne.app.stores.online import Online, Unit, limits
from benne.decisions import SCOPES, Exceeded, Limits, Used, exceeded
from benne.kernel import MICROS_PER_DAY, Conflict, InvalidInput, NotFound

DAY = MICROS_PER_DAY
ROOM = Limits(person_minor=1000, person_here_minor=600, merchant_minor=2000)


def reserve(unit: Unit, order: str, amount: int, **more: object) -> limits.Reservation:
    given = {"subject": "s", "merchant": "m", "at": 5 * DAY, "limits": ROOM, **more}
    return limits.reserve(unit, order=order, amount_minor=amount, **given)  # type: ignore[arg-type]


def test_a_limit_says_which_it_is_and_reserves_nothing(online: Online) -> None:
    with online.begin() as unit:
        assert reserve(unit, "a", 500) == limits.Reserved("a", 500)
        beyond = reserve(unit, "b", 101)
        assert isinstance(beyond, Exceeded)
        assert (beyond.code, beyond.room_minor) == ("LIMIT_PERSON_HERE", 100)
        assert "at this merchant" in beyond.says
        assert isinstance(reserve(unit, "c", 500, merchant="n"), limits.Reserved)
        other = reserve(unit, "d", 1, merchant="o")
        assert isinstance(other, Exceeded)
        assert other.code == "LIMIT_PERSON"
    with online.reading() as unit:
        there = limits.used(unit, subject="s", merchant="m", at=5 * DAY)
        assert [there[scope].total_minor for scope in SCOPES] == [1000, 500, 500]


def test_what_is_released_makes_room_and_the_day_remembers(online: Online) -> None:
    daily = Limits(person_day_minor=1000)
    with online.begin() as unit:
        reserve(unit, "a", 900, limits=daily)
        assert limits.release(unit, "a", amount_minor=400, at=5 * DAY) == 500
        assert limits.release(unit, "a", at=5 * DAY) == 0
        assert limits.release(unit, "a", at=5 * DAY) == 0
        again = reserve(unit, "b", 200, limits=daily)
        assert isinstance(again, Exceeded)
        assert again.code == "LIMIT_PERSON_DAY"
        tomorrow = reserve(unit, "b", 200, limits=daily, at=6 * DAY)
        assert isinstance(tomorrow, limits.Reserved)
        there = limits.used(unit, subject="s", merchant="m", at=6 * DAY)
        assert there["person"] == Used(200, 200)


def test_what_cannot_be_is_refused(online: Online) -> None:
    with online.begin() as unit:
        reserve(unit, "a", 100)
        with pytest.raises(InvalidInput, match="cannot release 101"):
            limits.release(unit, "a", amount_minor=101, at=0)
        with pytest.raises(InvalidInput, match="0 or more; got -1"):
            reserve(unit, "a", -1)
        with pytest.raises(Conflict, match="another person or merchant"):
            reserve(unit, "a", 1, subject="t")
        with pytest.raises(NotFound, match="nothing reserved"):
            limits.release(unit, "nothing", at=0)
    with pytest.raises(InvalidInput, match="must be 0 or more; got -5"):
        Limits(merchant_minor=-5)


def test_of_orders_that_race_for_the_last_of_a_limit_one_wins(online: Online) -> None:
    together = threading.Barrier(6)

    def one(number: int) -> bool:
        together.wait()
        with online.begin() as unit:
            found = reserve(unit, f"order {number}", 600, merchant=f"m{number % 2}")
            return isinstance(found, limits.Reserved)

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(one, range(6)))
    assert sum(won) == 1
    with online.reading() as unit:
        assert limits.used(unit, subject="s", merchant="m0", at=0)["person"].total_minor == 600


def test_people_who_race_for_the_last_of_a_merchant_s_limit_come_one_after_another(
    online: Online,
) -> None:
    together = threading.Barrier(6)

    def one(number: int) -> bool:
        together.wait()
        with online.begin() as unit:
            limit = Limits(merchant_minor=1000)
            found = reserve(unit, f"o{number}", 400, subject=f"s{number}", limits=limit)
            return isinstance(found, limits.Reserved)

    with ThreadPoolExecutor(6) as pool:
        won = list(pool.map(one, range(6)))
    assert sum(won) == 2
    with online.reading() as unit:
        assert limits.used(unit, subject="s0", merchant="m", at=0)["merchant"].total_minor == 800


def test_a_merchant_without_a_limit_serves_two_people_at_once(online: Online) -> None:
    if online.engine.dialect.name == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with online.begin() as first, online.begin() as second:
        second.connection.exec_driver_sql("SET LOCAL lock_timeout = '2s'")
        for unit, subject in ((first, "s0"), (second, "s1")):
            reserve(unit, f"of {subject}", 400, subject=subject, limits=Limits())
    with online.reading() as unit:
        assert limits.used(unit, subject="s0", merchant="m", at=0)["merchant"].total_minor == 800


AMOUNTS = st.integers(0, 700)


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.lists(
        st.tuples(st.sampled_from("rx"), st.sampled_from("abcd"), AMOUNTS, st.sampled_from("mn")),
        max_size=12,
    )
)
def test_the_totals_are_the_sums_of_what_orders_hold(online: Online, moves) -> None:  # type: ignore[no-untyped-def]
    held: dict[str, tuple[str, int]] = {}
    with online.begin() as unit:
        unit.run(limits.exposures.delete())
        unit.run(limits.exposure_totals.delete())
        for act, order, amount, merchant in moves:
            merchant = held.get(order, (merchant,))[0]
            there = held.get(order, (merchant, 0))[1]
            if act == "r":
                if isinstance(reserve(unit, order, amount, merchant=merchant), limits.Reserved):
                    held[order] = merchant, there + amount
            elif order in held and amount <= there:
                limits.release(unit, order, amount_minor=amount, at=5 * DAY)
                held[order] = merchant, there - amount
        for merchant in "mn":
            used = limits.used(unit, subject="s", merchant=merchant, at=5 * DAY)
            everywhere = sum(amount for _, amount in held.values())
            here = sum(amount for where, amount in held.values() if where == merchant)
            assert [used[scope].total_minor for scope in SCOPES] == [everywhere, here, here]
            assert everywhere <= 1000
            assert here <= 600


def test_the_tightest_limit_is_named() -> None:
    limited = Limits(person_minor=100, merchant_minor=90, merchant_day_minor=95)
    found = exceeded(limited, {"merchant": Used(10, 20)}, 101)
    assert found is not None
    assert (found.scope, found.a_day, found.room_minor) == ("merchant", True, 75)
    assert exceeded(limited, {}, 90) is None
