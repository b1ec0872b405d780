"""A policy is back-tested on what each had at risk then, and every case is decided both ways."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from made_promises import Town
from made_workspace import benne

from benne import app
from benne.app import _policies
from benne.app.wiring import session
from benne.kernel import Corrupt, InvalidInput

POLICY = """\
schema = 1
name = "lent"
version = 1
service = "rental"
says = "Whom we lend to who has not much at risk already"

[[rules]]
name = "full"
when = "exposure_minor >= 10000"
then = "refuse"
code = "FULL"

[[rules]]
name = "ours"
when = "exposure_here_minor > 0"
then = "refer"
code = "OURS"

[[rules]]
name = "rest"
when = "amount_minor >= 0"
then = "admit"
cap_minor = "10000 - exposure_minor"
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "lent.toml"
    path.write_text(POLICY)
    return path


def at_risk(town: Town, folder: Path, shop: str) -> dict[str, tuple[int, int]]:
    """What ran at the end of 2023, by the file that the orders came from."""
    total: Counter[str] = Counter()
    here: Counter[str] = Counter()
    with (folder / "orders.csv").open() as file:
        for row in csv.DictReader(file):
            if not row["closed_at"]:
                total[row["person"]] += int(row["value_minor"])
                here[row["person"]] += int(row["value_minor"]) * (row["merchant"] == shop)
    return {app.identified(town.service, who): (total[who], here[who]) for who in total}


def test_what_was_at_risk_then_decides_and_is_what_the_orders_say(
    promises: Path, policy: Path, tmp_path: Path
) -> None:
    town = Town(promises, tmp_path / "benne.db")
    naive, own = at_risk(town, promises, "shop3"), session(promises)
    found = app.back_test(own, lambda *_: None, policy, merchant="shop3")
    with own.lake() as lake:
        people = lake.query("SELECT observation, subject FROM observations").to_pylist()
    subject = {row["observation"]: row["subject"] for row in people}
    rows: list[dict[str, Any]] = found.rows.to_pylist()
    assert len(rows) == found.facts["cases"] == len(people)
    exposed = 0
    for row in rows:
        total, here = naive.get(subject[row["observation"]], (0, 0))
        assert (row["exposure_minor"], row["exposure_here_minor"]) == (total, here)
        wanted = "refuse" if total >= 10_000 else "refer" if here else "admit"
        assert row["outcome"] == wanted
        assert wanted != "admit" or row["cap_minor"] == 10_000 - total
        exposed += total > 0
    assert found.facts["exposed"] == exposed > 5
    assert {row["outcome"] for row in rows} == {"refuse", "refer", "admit"}


def test_a_policy_that_speaks_of_here_must_know_where_that_is(promises: Path, policy: Path) -> None:
    with pytest.raises(InvalidInput, match="name it with --merchant"):
        app.back_test(session(promises), lambda *_: None, policy)
    ran = benne("policy", "backtest", promises, policy, "--merchant", "shop3")
    assert "had something at risk then" in ran.out


def test_every_case_is_decided_both_ways(
    promises: Path, policy: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = _policies.decide_on
    seen: list[int] = []

    def differs(rules: Any, facts: Any) -> Any:
        seen.append(1)
        return alone(rules, {**facts, "exposure_minor": 10_000} if len(seen) > 880 else facts)

    monkeypatch.setattr(_policies, "decide_on", differs)
    with pytest.raises(Corrupt, match="report this as a bug"):
        app.back_test(session(promises), lambda *_: None, policy, merchant="shop3")
    assert len(seen) > 880
