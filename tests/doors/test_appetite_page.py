"""The page of a risk appetite says what can be borne, and why nothing can where nothing can."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from benne.app._appetite import _part as part
from benne.decisions import Appetite, Bears, Cap, Sample
from benne.doors.reports import render
from benne.kernel import Currency


def facts(bears: Bears, **changes: Any) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    score = np.round(rng.normal(640, 60, 800))
    bad = (rng.random(800) < 1 / (1 + 30 * 2 ** ((score - 650) / 40))).astype(float)
    people = Sample(score, bad, np.ones(800), np.arange(800))
    caps = (Cap(9900, 9900, 1.0, 1200, True), Cap(20000, 15000, 0.9, 2200, False))
    stated = Appetite("bank", "Power banks", "sesame", caps, 0.9, 0.4, 1200, 500, bears, 650)
    one = part(
        "everyone", people, replace(stated, **changes), bears, Currency("EUR", 2), draws=10, seed=0
    )
    return {
        "schema": 1, "report": "appetite", "workspace": "town", "currency": "EUR",
        "minor_digits": 2, "service": "power_bank", "says": "Power <banks>.", "family": "sesame",
        "outcome": "bad", "population": "held out", "applicants": 500, "loss_given_default": 0.9,
        "deposit_conversion": 0.4, "deposit_margin_minor": 1200,
        "caps": [{"cap_minor": 9900, "exposure_minor": 9900, "take_up": 1.0, "margin_minor": 1200,
                  "granted": True}],
        "segments": [one], "draws": 10, "made_with": {"benne": "x", "seed": 0},
    }  # fmt: skip


def test_the_page_tells_the_plan_and_where_to_take_care() -> None:
    page = render(facts(Bears(bad_rate=0.2)))
    assert "Power &lt;banks&gt;." in page
    for words in (
        "Threshold",
        "The frontier",
        "Caps by score",
        "on people left out",
        "What changes against today",
        "If what was assumed is wrong",
        "never granted",
    ):
        assert words in page
    assert "http://" not in page.replace("http://www.w3.org", "")


def test_the_page_says_why_there_is_no_plan() -> None:
    page = render(facts(Bears(bad_rate=0.0)))
    assert "infeasible" in page
    assert "cannot be met: the least that its bound reaches is" in page


@pytest.mark.parametrize("threshold", [None, 600])
def test_todays_threshold_may_be_left_out(threshold: int | None) -> None:
    page = render(facts(Bears(), threshold=threshold))
    assert ("What changes against today" in page) == (threshold is not None)


def test_several_segments_are_told_together_and_each_by_itself() -> None:
    both = facts(Bears(bad_rate=0.2))
    both["segments"] = [{**both["segments"][0], "name": "thin"}, both["segments"][0]]
    page = render(both)
    assert "Thresholds" in page
    assert "thin, everyone" in page
    assert "Thin: expected profit" in page
    none = facts(Bears(bad_rate=0.0))["segments"][0]
    both["segments"][1] = {**none, "name": "hopeless"}
    assert "No plan for hopeless" in render(both)


def test_a_plan_that_no_draw_could_choose_again_has_no_figure_on_people_left_out() -> None:
    alone = facts(Bears(bad_rate=0.2))
    alone["segments"][0]["out_of_bag"] |= {"figures": {}, "thresholds": None, "infeasible": 1.0}
    assert "of the draws no plan met" in render(alone)
