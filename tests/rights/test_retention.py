"""Retention horizons: what is seen until when."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st

from benne.kernel import MICROS_PER_DAY, InvalidInput, canonical_json, parse_instant
from benne.rights import JURISDICTIONS, Horizon, LawfulBasis, permit_from, permit_on_basis

FIVE = Horizon(rule="r", kind="breach", days=1826, after="settled_at")
LATE = Horizon(
    rule="r", kind="obligation", days=100, after="paid_at", late="due_at", paid="paid_at"
)
CHARGED_OFF = Horizon(
    rule="r", kind="statement", days=2736, after="period_end", began_days="days_past_due",
    column="status", values=frozenset({"charged_off"}),
)  # fmt: skip


@given(st.integers(0, 2**60), st.integers(0, 2**60))
def test_a_record_is_seen_up_to_its_horizon_and_no_longer(settled: int, as_of: int) -> None:
    hidden = FIVE.hides({"settled_at": settled}, as_of=as_of)
    assert hidden == (as_of - settled >= 1826 * MICROS_PER_DAY)


def test_what_has_not_ended_is_never_hidden() -> None:
    assert FIVE.ends_at({"settled_at": None}) is None
    assert LATE.ends_at({"due_at": 0, "paid_at": None}) is None


def test_only_a_late_bill_has_an_end() -> None:
    due = 10 * MICROS_PER_DAY
    assert LATE.ends_at({"due_at": due, "paid_at": due + MICROS_PER_DAY - 1}) is None
    assert LATE.ends_at({"due_at": due, "paid_at": due + MICROS_PER_DAY}) == 111 * MICROS_PER_DAY


def test_the_days_run_from_the_start_of_a_delinquency() -> None:
    row = {"period_end": 400 * MICROS_PER_DAY, "status": "charged_off", "days_past_due": 180}
    assert CHARGED_OFF.ends_at(row) == (400 - 180 + 2736) * MICROS_PER_DAY
    assert CHARGED_OFF.ends_at(row | {"status": "current"}) is None
    assert CHARGED_OFF.ends_at(row | {"days_past_due": None}) == (400 + 2736) * MICROS_PER_DAY


@pytest.mark.parametrize(
    "wrong",
    [{"days": 0}, {"column": "status"}, {"values": frozenset({"x"})}, {"late": "due_at"}],
)
def test_half_a_horizon_is_refused(wrong: dict[str, object]) -> None:
    whole: dict[str, object] = {"rule": "r", "kind": "breach", "days": 1, "after": "settled_at"}
    with pytest.raises(InvalidInput):
        Horizon(**(whole | wrong))  # type: ignore[arg-type]


def test_a_permit_is_read_back_from_its_json() -> None:
    for code in JURISDICTIONS:
        permit = permit_on_basis(
            LawfulBasis("simulated", "nobody"), purpose="self_view", jurisdiction=code,
            issued_at=parse_instant("2024-01-01"), expires_at=parse_instant("2024-01-02"),
            kinds=frozenset({"account"}), subjects=frozenset({"s"}),
        )  # fmt: skip
        again = permit_from(json.loads(canonical_json(permit.as_json())))
        assert again == permit
        assert again.hash == permit.hash
        assert permit.retention or code in ("plain", "EU")
