"""Replay: to the point, after whatever happened since."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from made_bureau import answer, bring, go_on, people_of, quiet, scored, train_anew
from sqlalchemy import text

from benne.app._load import load
from benne.app._replay import KeptModels, replay
from benne.app._service import Service
from benne.app.stores.online import answers
from benne.app.wiring import Session, service, session
from benne.kernel import Corrupt, NotFound
from benne.rights import LawfulBasis, permit_on_basis
from benne.scores import Score

Bureau = tuple[Session, Service]


def some_answers(town: Session, served: Service) -> dict[str, str]:
    """Answers about ten people under four permits; their ids with what they were."""
    now = served.clock()
    common: dict[str, Any] = {"issued_at": now, "expires_at": now + 10**9}
    basis = LawfulBasis("simulated", "nobody")
    permits = [
        permit_on_basis(basis, purpose="self_view", jurisdiction="plain", **common),
        permit_on_basis(basis, purpose="lending", jurisdiction="US", **common),
        permit_on_basis(basis, purpose="lending", jurisdiction="EU", **common),
        permit_on_basis(
            basis, purpose="deposit_free", jurisdiction="plain",
            kinds=frozenset(k.name for k in town.workspace.kinds if k.domain != "behaviour"),
            **common,
        ),
    ]  # fmt: skip
    given = {}
    for i, subject in enumerate(people_of(town)[:8]):
        for permit in permits:
            kept, _ = answer(served, subject, permit)
            given[kept.id] = kept.body or ""
        if i % 3 == 0:
            go_on(served)
    assert sum(json.loads(body)["answer"] == "score" for body in given.values()) > 10
    return given


def demand_the_same(served: Service, given: dict[str, str]) -> None:
    models = KeptModels(served.workspace)
    for name, body in given.items():
        found = replay(models, served.online, name)
        assert (found.verdict, found.differences) == ("same", ())
        assert json.loads(json.dumps(found.answer)) == json.loads(body)


def test_after_new_evidence_another_model_and_a_restart(loaded: Bureau) -> None:
    town, served = loaded
    given = some_answers(town, served)
    demand_the_same(served, given)
    for subject in people_of(town)[:8]:
        go_on(served)
        base: dict[str, object] = {"record": f"late {subject}", "subject": subject}
        late = {**base, "contract": "rent", "due_at": "2025-01-01", "due_minor": 5_000,
                "paid_minor": 0}  # fmt: skip
        bring(served, late, kind="obligation", source="grid")
        go_on(served)
        bring(served, {**late, "cause": "correction", "due_minor": 1}, kind="obligation",
              source="grid")  # fmt: skip
        go_on(served)
        bring(served, {**base, "cause": "retraction"}, kind="obligation", source="grid")
    demand_the_same(served, given)
    train_anew(town)
    again = session(town.workspace.folder)
    url = served.online.engine.url.render_as_string(hide_password=False)
    served.online.close()
    restarted = service(again, database=url)
    load(again, restarted, quiet)
    demand_the_same(restarted, given)
    restarted.online.close()


def test_an_answer_that_was_tampered_with_is_corrupt(loaded: Bureau) -> None:
    town, served = loaded
    given, made = answer(served, scored(town, served)[0], town.permit("self_view"))
    assert isinstance(made.answer, Score)
    with served.online.begin() as unit:
        body = (given.body or "").replace(f'"score":{made.answer.score}', '"score":901')
        unit.run(answers.answers.update().values(body=body))
    with pytest.raises(Corrupt, match="not the one that its journal line tells of"):
        replay(KeptModels(served.workspace), served.online, given.id)


def test_evidence_that_is_gone_without_a_rule_is_corrupt(loaded: Bureau) -> None:
    town, served = loaded
    given, _ = answer(served, people_of(town)[0], town.permit("self_view"))
    with served.online.begin() as unit:
        unit.run(text("DELETE FROM evidence_packed WHERE kind = 'obligation'"))
    with pytest.raises(Corrupt, match="no rule deleted any"):
        replay(KeptModels(served.workspace), served.online, given.id)


def test_an_answer_that_there_is_not_or_whose_model_is_gone(loaded: Bureau) -> None:
    town, served = loaded
    with pytest.raises(NotFound, match="no answer has the id"):
        replay(KeptModels(served.workspace), served.online, "nope")
    given, _ = answer(served, people_of(town)[0], town.permit("self_view"))
    with served.online.begin() as unit:
        unit.run(text("DELETE FROM models"))
    with pytest.raises(NotFound, match="no model with the hash"):
        replay(KeptModels(served.workspace), served.online, replace(given).id)
