"""The comparison's page: self-contained, every figure said, no text trusted."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from benne.doors.reports import render
from benne.monitoring import (
    Draws,
    Rated,
    compare,
    fare_by_group,
    prices_of_parts,
    thin_files,
    through_a_shock,
    worth_refitted,
)

HOSTILE = "</script><script>alert(1)</script>"


def gaming() -> dict[str, Any]:
    some = {"value": 0.5, "low": 0.4, "high": 0.6}
    reach = {"nature": "honest", "ever": some, "within": [some, some], "hours_median": None,
             "hours_median_why": "nobody", "days_median": 3.0}  # fmt: skip
    move = {"move": "wait", "says": HOSTILE, "nature": "lie", "cost_source": "assumed", "people": 3,
            "open_to": 2, "points_median": 4.0, "points_most": 6, "hours_median": 1.5,
            "days": 9}  # fmt: skip
    none = {"moves": None, "moves_why": "nobody could be looked at", "reach": None}
    return {"hour_minor": 1500.0, "budgets_hours": [1, 10], "scores": [
        {"name": "sesame", "cutoff": 600, "refused": 9, "looked_at": 3, "moves": [move],
         "reach": [reach]},
        {"name": "bureau", "cutoff": 670, "refused": 0, "looked_at": 0, **none},
    ]}  # fmt: skip


@pytest.fixture(scope="module")
def facts() -> dict[str, Any]:
    rng = np.random.default_rng(2)
    risk = rng.normal(size=500)
    y = (rng.random(500) < 1 / (1 + np.exp(2 - 1.5 * risk))).astype(float)
    bands = (("low", 0.0), ("high", 600.0))
    sesame = Rated("sesame", 620 - 40 * risk, 600.0, bands, 1 / (1 + np.exp(2 - 1.5 * risk)))
    some = np.where(rng.random(500) < 0.5, np.nan, 620 - 40 * risk + rng.normal(size=500) * 40)
    bureau = Rated("bureau", some, 600.0, bands, np.full(500, 0.2))
    conduct = Rated("conduct", np.round(rng.normal(size=500)), 0.0, bands)
    scores = (sesame, bureau, conduct)
    draws = Draws.of(np.arange(500), draws=30, seed=0)
    margins = {
        frozenset("a"): -risk, frozenset("b"): rng.normal(size=500), frozenset("ab"): -risk
    }  # fmt: skip
    everyone = np.ones(500, dtype=bool)
    return {
        "schema": 1, "report": "comparison", "workspace": HOSTILE, "outcome": "late",
        "simulated": True, "group_share": 0.5,
        "population": "seen later", "left_out": [HOSTILE], "draws": 30,
        "made_with": {"benne": "0"},
        "uses": [{"name": "sesame", "uses": ["account"], "features": 3, "method": "fitted",
                  "may_ask": "all", "none_for": "few"}],
        "populations": compare(y, scores, draws=draws, ceilings={"latent": risk},
                               populations={"everyone": everyone, HOSTILE: np.isnan(some)}),
        "thin_files": thin_files(y, bureau, sesame, draws),
        "worth": {"method": "refits", "absent": ["network"], "sets": 4, "orders": 2,
                  **worth_refitted(y, margins, ("a", "b"), draws),
                  "kinds": [{"name": "account (history)", "domain": "history", "inputs": 2,
                             "worth": price["price"], "price": price["price"]}
                            for price in prices_of_parts(y, -risk, {"account": -risk}, draws)]},
        "shock": through_a_shock(y, 1 - y, scores, draws), "shock_why": "",
        "groups": {"sex": fare_by_group(y, scores, np.array(["f", "m"] * 250, dtype=object),
                                        draws, 0.5)},
        "gaming": gaming(),
    }  # fmt: skip


def test_every_figure_has_its_place_and_nothing_is_fetched(facts: dict[str, Any]) -> None:
    page = render(facts)
    for population in facts["populations"]:
        for score in population["scores"]:
            if score["auc"]["value"] is not None:
                assert f"{score['auc']['value']:.3f}" in page
    for anchor in ("scores", "policy", "swapped", "thin-story", "worth-story", "shock-story",
                   "groups-story", "gaming-story", "limits-story",
                   "uses", "discrimination", "calibration", "agreement", "swaps", "thin", "worth",
                   "shock", "groups", "gaming", "made"):  # fmt: skip
        assert f'<section id="{anchor}"' in page, anchor
    assert "No input comes from: network" in page
    assert "promises no probability" in page
    assert not re.search(r"https?://|\bNone\b|\bnan\b|url\(", page)


def test_no_text_can_break_out(facts: dict[str, Any]) -> None:
    page = render(facts)
    assert HOSTILE not in page
    held = re.search(r'id="policy-data">(.*?)</script>', page, re.S)
    assert held is not None
    assert json.loads(held[1])[1]["name"].lower() == HOSTILE


def test_a_workspace_without_a_shock_says_why(facts: dict[str, Any]) -> None:
    page = render(facts | {"shock": None, "shock_why": "nobody knows one"})
    assert "Not shown: nobody knows one." in page
