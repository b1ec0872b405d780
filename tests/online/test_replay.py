"""Replay: to the point, after whatever happened since."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from made_bureau import answer, bring, go_on, people_of, quiet, scored, train_anew
from sqlalchemy import text

from benne.app._asking import Question
from benne.app._consulting import Verdict, consult
from benne.app._load import load
from benne.app._replay import KeptModels, replay
from benne.app._service import Service
from benne.app.settings import OfferTable
from benne.app.stores.online import answers, policies
from benne.app.wiring import Session, service, session
from benne.decisions import read_policy
from benne.kernel import Corrupt, NotFound, canonical_json, content_hash
from benne.rights import LawfulBasis, Permit, permit_on_basis
from benne.scores import Score, Unavailable

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


def told_by(served: Service, given: Any, change: dict[str, Any], without: str = "") -> str:
    """The same answer as another Benne would have told it; its id."""
    body = {**json.loads(given.body), **change}
    body.pop(without, None)
    with served.online.begin() as unit:
        line = served.numbered(unit, "answer", {"told": content_hash(body)})
        kept = replace(given, id=served.new_id(), body=canonical_json(body), line=line)
        answers.put(unit, kept)
    return kept.id


def test_an_older_benne_that_told_less_said_the_same_and_other_words_are_not(
    loaded: Bureau,
) -> None:
    town, served = loaded
    given, made = answer(served, scored(town, served)[0], town.permit("lending"))
    assert isinstance(made.answer, Score)
    models = KeptModels(served.workspace)
    less = told_by(served, given, {}, without="limit_points")
    assert replay(models, served.online, less).verdict == "same"
    reasons = [
        {k: v for k, v in r.items() if k != "says"} for r in json.loads(given.body or "")["reasons"]
    ]
    assert reasons
    shorter = told_by(served, given, {"reasons": reasons})
    assert replay(models, served.online, shorter).verdict == "same"
    for change in ({"score": made.answer.score + 1}, {"reasons": reasons[1:]}, {"band": None}):
        found = replay(models, served.online, told_by(served, given, change))
        assert (found.verdict, found.differences) == ("differs", tuple(change))


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
        unit.run(text("DELETE FROM evidence_packed"))
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


POLICY = """
schema = 1
name = "bank"
version = 1
service = "bank"
says = "Made"
[[rules]]
name = "none"
when = "answer != 'score'"
then = "refer"
code = "NO_SCORE"
[[rules]]
name = "owes"
when = "(contracts_365d_count > 0 or breaches_unsettled_count > 0) and amount_minor > 100"
then = "refuse"
code = "OWES"
[[rules]]
name = "ok"
when = "score >= 350"
then = "admit"
cap_minor = "score * 10"
"""


def decided_answer(served: Service, subject: str, permit: Permit) -> tuple[str, Verdict]:
    """The id of an answer that a policy decided, kept as a request keeps it, and its verdict."""
    offers = (OfferTable("bank", 600, 1),)
    table = replace(served.workspace.service, offers=offers)
    offering = replace(served, workspace=replace(served.workspace, service=table))
    question = Question("consult", "p", "deposit_free", service="bank", amount_minor=500)
    given, made = answer(served, subject, permit)
    with served.online.begin() as unit:
        verdict = consult(
            offering, unit, question, made, merchant="m", subject=subject, at=served.clock()
        )
        told = {
            "told": content_hash(json.loads(given.body or "")),
            "decided": {kept.role: content_hash(kept.body) for kept in verdict.kept},
        }
        line = served.numbered(unit, "answer", told)
        name = f"decided {given.id}"
        answers.put(unit, replace(given, id=name, line=line))
        for kept in verdict.kept:
            policies.keep(unit, answer=name, policy=kept.policy, role=kept.role, body=kept.body,
                          subject=subject, at=served.clock())  # fmt: skip
    return name, verdict


def test_a_decision_is_replayed_from_the_evidence_as_it_was_known(loaded: Bureau) -> None:
    town, served = loaded
    types = served.reader.model("sesame").everything.types  # type: ignore[attr-defined]
    policy = read_policy(POLICY, features=types, where="p")
    with served.online.begin() as unit:
        policies.propose(
            unit,
            policies.StoredPolicy(policy.hash, "bank", 1, "bank", policy.to_json(), "ann", 1),
        )
        policies.publish(unit, "bank", 1, by="bob", role="live", at=served.clock())
    go_on(served)
    subject = scored(town, served)[0]
    name, verdict = decided_answer(served, subject, town.permit("self_view"))
    assert verdict.policy == "bank:1"
    go_on(served)
    late = {"record": "late", "subject": subject, "contract": "rent", "due_at": "2025-01-01",
            "due_minor": 5_000, "paid_minor": 0}  # fmt: skip
    bring(served, late, kind="obligation", source="grid")
    models = KeptModels(served.workspace)
    assert replay(models, served.online, name).verdict == "same"
    with served.online.begin() as unit:
        body = policies.kept(unit, name)["live"].replace('"amount_minor":500', '"amount_minor":5')
        unit.run(policies.decided.update().values(body=body))
    with pytest.raises(Corrupt, match="decisions under answer"):
        replay(models, served.online, name)


@pytest.mark.parametrize(
    ("law", "kinds", "rule"),
    [("CN", None, "CN-CRIR-14-means"), ("plain", {"obligation", "order"}, None)],
)
def test_what_has_no_card_names_the_rule_that_closes_it_and_no_other(
    loaded: Bureau, law: str, kinds: set[str] | None, rule: str | None
) -> None:
    town, served = loaded
    permit = permit_on_basis(
        LawfulBasis("simulated", "nobody"), purpose="deposit_free", jurisdiction=law,
        issued_at=served.clock(), expires_at=served.clock() + 10**9,
        kinds=None if kinds is None else frozenset(kinds),
    )  # fmt: skip
    given, made = answer(served, people_of(town)[0], permit)
    assert isinstance(made.answer, Unavailable)
    assert made.rule == rule
    assert (rule or "the consent") in made.answer.why
    assert "BENNE" not in made.answer.why
    assert replay(KeptModels(served.workspace), served.online, given.id).verdict == "same"
