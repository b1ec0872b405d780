"""Plans: what a permit bars has no column, and what overflows is an error."""

from __future__ import annotations

from typing import Any

import pytest

from benne.evidence import About, View, observations_table, seen, standard_kinds, visible
from benne.features import Aggregate, Direction, Feature, Plan, atom, plan
from benne.kernel import END_OF_TIME, Expression, InvalidInput, NotPermitted, Value, col
from benne.rights import LawfulBasis, Permit, permit_on_basis

KINDS = {kind.name: kind for kind in standard_kinds()}
DAY = 86_400_000_000
NOW = 20_000 * DAY


def a_permit(kinds: set[str] | None = None, subjects: set[str] | None = None) -> Permit:
    return permit_on_basis(
        LawfulBasis("simulated", "Nobody stands behind these records."),
        purpose="lending",
        jurisdiction="plain",
        issued_at=0,
        expires_at=END_OF_TIME,
        kinds=None if kinds is None else frozenset(kinds),
        subjects=None if subjects is None else frozenset(subjects),
    )


def a_plan(**values: Expression) -> Plan:
    return plan(
        [
            Feature(
                name=name,
                value=value,
                unit="number",
                resolution=1.0,
                direction=Direction.EITHER,
                says="Made for a test",
                reason_family="made",
                absent="a bin of its own",
                actionable=False,
            )
            for name, value in values.items()
        ],
        KINDS.values(),
    )


def a_version(kind: str, record: str = "r", **columns: Value) -> dict[str, Any]:
    known = {"known_at": NOW - DAY, "superseded_at": END_OF_TIME, "batch": 1, "cause": "event"}
    empty = dict.fromkeys(KINDS[kind].types)
    return {**empty, "source": "bank", "record": record, "subject": "ann", **known, **columns}


INCOME = atom("means", Aggregate.LATEST, col("income_minor"))
BALANCE = atom("statement", Aggregate.SUM, col("balance_minor"))
PLAN = a_plan(income=INCOME, balance=BALANCE, debt_ratio=BALANCE / INCOME)


def test_without_a_permit_nothing_is_read() -> None:
    nobody: Any = None
    with pytest.raises(NotPermitted, match="only with a permit"):
        PLAN.ibis(nobody)
    with pytest.raises(NotPermitted, match="only with a permit"):
        PLAN.compute({}, nobody, View(NOW))
    with pytest.raises(NotPermitted, match="only with a permit"):
        visible(KINDS["means"], observations_table(), nobody, kinds=KINDS)
    with pytest.raises(NotPermitted, match="does not cover 'means'; it covers statement"):
        seen(KINDS["means"], {}, a_permit({"statement"}), View(NOW), kinds=KINDS)


def test_what_a_permit_bars_is_withheld_not_absent() -> None:
    permit = a_permit({"statement"})
    assert PLAN.withheld(permit) == ("income", "debt_ratio")
    assert PLAN.ibis(permit).columns == ("observation", "balance")
    assert PLAN.compute({}, permit, View(NOW)) == {"balance": None}


def test_a_permit_for_one_person_covers_no_other() -> None:
    history = {"means": [a_version("means", happened_at=NOW - DAY, income_minor=5)]}
    assert PLAN.compute(history, a_permit(subjects={"ann"}), View(NOW))["income"] == 5
    with pytest.raises(NotPermitted, match="does not cover this person"):
        PLAN.compute(history, a_permit(subjects={"bob"}), View(NOW))


def test_a_sum_beyond_int64_is_an_error() -> None:
    rows = [
        a_version("statement", f"{i}", period_end=NOW - DAY, balance_minor=2**62) for i in range(2)
    ]
    with pytest.raises(InvalidInput, match="a sum must fit int64"):
        PLAN.compute({"statement": rows}, a_permit(), View(NOW))


def test_a_moment_beyond_38_digits_is_an_error() -> None:
    spread = a_plan(spread=atom("statement", Aggregate.SPREAD, col("balance_minor")))
    rows = [
        a_version("statement", f"{i}", period_end=NOW - DAY, balance_minor=2**63 - 1)
        for i in range(3)
    ]
    with pytest.raises(InvalidInput, match="a moment must fit 38 digits"):
        spread.compute({"statement": rows}, a_permit(), View(NOW))


def test_a_dispute_scored_again_sees_the_correction_but_no_later_payment() -> None:
    due = {"account": "a", "due_at": NOW - 40 * DAY, "due_minor": 100}
    said = a_version("instalment", superseded_at=NOW + 5 * DAY, **due, paid_minor=0)
    paid = a_version(
        "instalment", known_at=NOW + 5 * DAY, superseded_at=NOW + 9 * DAY,
        **due, paid_minor=100, paid_at=NOW + 4 * DAY,
    )  # fmt: skip
    corrected = a_version(
        "instalment", known_at=NOW + 9 * DAY, cause="correction",
        **(due | {"due_minor": 60}), paid_minor=100, paid_at=NOW + 4 * DAY,
    )  # fmt: skip
    history = {"instalment": [said, paid, corrected]}
    of = a_plan(
        due=atom("instalment", Aggregate.SUM, col("due_minor")),
        paid=atom("instalment", Aggregate.SUM, col("paid_minor")),
    )
    values = [
        of.compute(history, a_permit(), view)
        for view in (View(NOW), View(NOW, known_by=NOW + 20 * DAY))
    ]
    assert values == [{"due": 100, "paid": None}, {"due": 60, "paid": None}]


def test_a_view_cannot_know_less_than_its_moment() -> None:
    with pytest.raises(InvalidInput, match="known_by must not be before as_of"):
        View(NOW, known_by=NOW - 1)


def test_what_it_is_about_and_its_descendants_are_left_out() -> None:
    past = NOW - 9 * DAY
    history = {
        "account": [
            a_version("account", "a", opened_at=past),
            a_version("account", "b", opened_at=past),
        ],
        "instalment": [a_version("instalment", "i", account="b", due_at=past)],
        "payment": [
            a_version("payment", "p", account="a", happened_at=past),
            a_version("payment", "q", account="a", instalment="i", happened_at=past),
        ],
    }
    about = View(NOW, about=About("account", "b", "bank"))
    shown = {
        name: [row["record"] for row in seen(KINDS[name], history, a_permit(), about, kinds=KINDS)]
        for name in history
    }
    assert shown == {"account": ["a"], "instalment": [], "payment": ["p"]}
