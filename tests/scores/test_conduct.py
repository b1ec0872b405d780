"""Conduct: points by a rule book, from which nothing may follow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, strategies as st

from benne.kernel import InvalidInput, NotPermitted
from benne.scores import (
    ConductDeclined,
    ConductScore,
    NotEnoughEvidence,
    Score,
    admits,
    conduct,
    conduct_json,
    family,
    rule_book,
    rule_book_from,
)

DAY = 86_400_000_000
NOW = 20_000 * DAY


def points(*events: tuple[str, float]) -> int:
    """The score of events that happened so many days ago."""
    found = conduct("p", [(rule, int(NOW - days * DAY)) for rule, days in events], NOW)
    assert isinstance(found, ConductScore)
    return found.score


def test_a_person_of_whom_nothing_is_noted_stands_at_the_base():
    assert points() == 1000
    assert rule_book().grade(1000) == "A"


def test_every_rule_gives_what_the_book_says():
    for rule in rule_book().rules.values():
        assert points((rule.name, 1)) == 1000 + rule.points, rule.name


@pytest.mark.parametrize(
    ("rule", "days"), [("traffic_ticket", 90), ("contract_breach", 365), ("court_arrears", 1095)]
)
def test_a_deduction_expires_with_its_tier(rule, days):
    assert points((rule, days - 0.001)) < 1000
    assert points((rule, days)) == 1000


def test_praise_expires_too():
    assert points(("award", 364.9)) == 1030
    assert points(("award", 365)) == 1000


def test_praise_repairs_the_earliest_deduction_that_has_waited_long_enough():
    assert points(("contract_breach", 100), ("volunteering", 9)) == 1005
    assert points(("contract_breach", 98), ("volunteering", 9)) == 985, "89 days are too few"
    two = (("contract_breach", 200), ("contract_breach", 150))
    assert points(*two, ("volunteering", 1)) == 985, "one each"
    assert points(*two, ("volunteering", 2), ("volunteering", 1)) == 1010
    assert points(("volunteering", 2), ("traffic_ticket", 1)) == 1000, "praise before is no repair"


def test_what_happens_at_the_moment_itself_does_not_count():
    assert points(("award", 0)) == 1000


def test_whoever_leaves_has_no_score_until_they_return():
    left, fraud = ("left_the_scheme", NOW - 9 * DAY), ("fraud", NOW - DAY)
    found = conduct("p", [fraud, left], NOW)
    assert conduct("p", [fraud, ("left_the_scheme", NOW)], NOW) == conduct("p", [fraud], NOW)
    back = conduct("p", [left, ("joined_the_scheme", NOW - 2 * DAY), fraud], NOW)
    assert back == conduct("p", [fraud], NOW)
    assert found == ConductDeclined("p", NOW)
    assert conduct_json(found)["score"] is None
    assert conduct_json(found)["answer"] == "declined"


def test_an_event_under_no_rule_is_refused():
    with pytest.raises(InvalidInput, match="jaywalking"):
        conduct("p", [("jaywalking", NOW - DAY)], NOW)


@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(rule_book().rules)), st.floats(0.01, 2000)), max_size=12
    )
)
def test_the_points_add_up_and_do_not_depend_on_the_order_of_reading(events):
    moments = [(rule, int(NOW - days * DAY)) for rule, days in events]
    found = conduct("p", moments, NOW)
    assert isinstance(found, ConductScore)
    assert found.score == found.base_points + sum(event.points for event in found.noted)
    assert found == conduct("p", list(reversed(moments)), NOW)
    with pytest.raises(InvalidInput, match="add up"):
        replace(found, score=found.score + 1)


# --- no consequence -----------------------------------------------------------------------------


def test_a_decision_does_not_take_it():
    with pytest.raises(NotPermitted, match="ConductScore"):
        admits(conduct("p", [], NOW), 600)  # type: ignore[arg-type]


def test_a_decision_takes_a_score_and_no_score_is_no_pass():
    score = Score("sesame", "p", NOW, 640, "good", 640, {}, 0, "a")
    assert admits(score, 640) and not admits(score, 641)
    assert not admits(NotEnoughEvidence("sesame", "p", NOW, "rule", ()), 0)


def test_the_type_checker_refuses_it_too(tmp_path):
    api = pytest.importorskip("mypy.api")
    program = tmp_path / "decide.py"
    program.write_text(
        "from benne.scores import admits, conduct\nadmits(conduct('p', [], 1), 600)\n",
        encoding="utf-8",
    )
    told, _, code = api.run([str(program), "--follow-imports=silent", "--ignore-missing-imports"])
    assert code == 1
    assert 'has incompatible type "ConductScore | ConductDeclined"' in told


def test_it_is_no_family_that_can_be_asked():
    with pytest.raises(NotPermitted, match="no consequence"):
        family("conduct")


# --- the book -----------------------------------------------------------------------------------


def document() -> dict[str, Any]:
    return {
        "schema": 1,
        "base": 100,
        "grades": {"good": 100, "fair": 50},
        "lowest": {"grade": "low"},
        "participation": {"leaves": "left", "returns": "back", "source": "us"},
        "tier": {"minor": {"counts_days": 9, "repair_after_days": 0, "source": "us"}},
        "praise": {"counts_days": 5, "source": "us"},
        "rule": {"late": {"points": -60, "tier": "minor", "says": "Late", "source": "us"}},
    }


def test_another_book_is_applied():
    book = rule_book_from(document(), where="here")
    found = conduct("p", [("late", NOW - DAY)], NOW, book=book)
    assert isinstance(found, ConductScore)
    assert (found.score, found.grade) == (40, "low")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"schema": 2}, "schema must be 1"),
        ({"colour": "red"}, "'colour' is unknown"),
        ({"grades": {"fair": 50, "good": 100}}, "grades must fall"),
        ({"rule": {"late": {"points": -1, "says": "x", "source": "y"}}}, "must have a tier"),
        ({"rule": {"late": {"points": 1, "tier": "minor", "says": "x", "source": "y"}}}, "none"),
        ({"rule": {"late": {"points": 1, "says": "x"}}}, "'source' is missing"),
        ({"praise": {"counts_days": 5}}, "'source' is missing"),
    ],
)
def test_a_book_that_is_wrong_is_refused_by_name(change, says):
    with pytest.raises(InvalidInput, match=says) as refused:
        rule_book_from(document() | change, where="here")
    assert str(refused.value).startswith("here")
