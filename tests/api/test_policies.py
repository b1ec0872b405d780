"""A live policy decides a consult, one in the shadow is kept, and each is told from the other."""

from __future__ import annotations

import json

import pytest
from made_service import Asker, FakeReader, Turned

from benne.app import Service, policy_shadow
from benne.app.stores.online import limits, policies
from benne.decisions import Limits, decide_on, read_policy
from benne.scores import NotEnoughEvidence

LIVE = """
schema = 1
name = "bank"
version = 1
service = "power_bank"
says = "Whom we lend a power bank to"
[fields]
student = "bool"
[[rules]]
name = "nothing_known"
when = "answer != 'score'"
then = "refer"
code = "ASK_A_PERSON"
[[rules]]
name = "enough"
when = "exposure_here_minor + amount_minor > 9000"
then = "refuse"
code = "ENOUGH_FOR_NOW"
[[rules]]
name = "students"
when = "student and score >= 500"
then = "admit"
cap_minor = 4000
[[rules]]
name = "others"
when = "not student and score >= 600"
then = "admit"
cap_minor = 8000
[[rules]]
name = "low"
when = "score < 600 and not (student and score >= 500)"
then = "refuse"
code = "TOO_LOW"
unknown = "pass"
"""


def publish(service: Service, text: str = LIVE, role: policies.Role = "live") -> str:
    policy = read_policy(text, features={}, where="bank.toml")
    with service.online.begin() as unit:
        policies.propose(
            unit,
            policies.StoredPolicy(
                policy.hash, policy.name, policy.version, policy.service, policy.to_json(), "ann", 1
            ),
        )
        at = service.clock()
        policies.publish(unit, policy.name, policy.version, by="bob", role=role, at=at)
    return policy.hash


def ask(asker: Asker, person: str, amount: int = 1000, **fields: object) -> dict[str, object]:
    more = {"service": "power_bank", "amount_minor": amount, "fields": fields}
    came = asker.ask("consult", person, **more)
    assert came.status_code == 200, came.text
    told: dict[str, object] = came.json()
    return told


def test_the_live_policy_decides_with_the_merchants_own_fields(
    asker: Asker, service: Service, reader: FakeReader
) -> None:
    person = asker.consent()["known_as"]
    before = ask(asker, person)
    publish(service)
    student = ask(asker, person, student=True)
    other = ask(asker, person, student=False)
    dear = ask(asker, person, 8500, student=False)
    assert [before["cap_minor"], student["cap_minor"], other["cap_minor"]] == [10_000, 4000, 8000]
    assert (dear["outcome"], dear["refusal_code"]) == ("refuse", "AMOUNT_ABOVE_CAP")
    missing = asker.ask("consult", person, service="power_bank", amount_minor=1)
    assert missing.status_code == 422
    assert "needs student" in missing.text
    wrong = asker.ask("consult", person, service="power_bank", amount_minor=1,
                      fields={"student": "yes"})  # fmt: skip
    assert wrong.status_code == 422
    assert "true or false" in wrong.text


def test_what_is_at_risk_already_counts(asker: Asker, service: Service) -> None:
    person = asker.consent()["known_as"]
    publish(service)
    with service.online.begin() as unit:
        subject = unit.value(policies.select(limits.METADATA.tables["consents"].c.subject))
        limits.reserve(
            unit, subject=subject, merchant="bikes", order="o", amount_minor=8500,
            at=service.clock(), limits=Limits(),
        )  # fmt: skip
    assert ask(asker, person, 501, student=True)["refusal_code"] == "ENOUGH_FOR_NOW"
    assert ask(asker, person, 500, student=True)["outcome"] == "admit"


def test_a_shadow_is_kept_and_told_to_nobody_and_the_decision_can_be_made_again(
    asker: Asker, service: Service, reader: FakeReader
) -> None:
    person = asker.consent()["known_as"]
    strict = LIVE.replace("version = 1", "version = 2").replace("score >= 600", "score >= 900")
    strict = strict.replace("score < 600", "score < 900")
    live = publish(service)
    publish(service, strict, role="shadow")
    told = ask(asker, person, student=False)
    assert told["outcome"] == "admit"
    with service.online.reading() as unit:
        kept = {
            role: json.loads(body) for role, body in policies.kept(unit, str(told["id"])).items()
        }
    assert kept["live"]["decision"]["outcome"] == "admit"
    assert kept["shadow"]["decision"]["codes"] == ["TOO_LOW"]
    again = decide_on(read_policy(LIVE, features={}, where="p"), kept["live"]["facts"])
    assert again.as_json() == kept["live"]["decision"]
    assert again.hash == live


def test_what_the_shadow_would_change_is_counted(
    asker: Asker, service: Service, reader: FakeReader
) -> None:
    person = asker.consent()["known_as"]
    publish(service)
    looser = LIVE.replace("version = 1", "version = 2").replace("8000", "9000")
    publish(service, looser.replace("score >= 600", "score >= 700"), role="shadow")
    for student, amount in ((False, 1000), (True, 1000), (False, 9500)):
        ask(asker, person, amount, student=student)
    run = policy_shadow(service, "power_bank")
    assert dict(run.pairs) == {
        ("admit", "refer"): 1, ("admit", "admit"): 1, ("refuse", "refuse"): 1,
    }  # fmt: skip
    assert (run.higher, run.lower) == (0, 0)
    assert next(run.lines()) == "power_bank: 3 cases were decided in the shadow."
    assert policy_shadow(service, "camera").pairs.total() == 0


def test_a_policy_goes_from_the_shadow_to_live_and_answers_all_the_while(
    asker: Asker, service: Service
) -> None:
    person = asker.consent()["known_as"]
    publish(service, role="shadow")
    assert ask(asker, person, student=False)["policy"] == "offer:power_bank"
    publish(service, role="live")
    assert ask(asker, person, student=False)["policy"] == "bank:1"
    publish(service, LIVE.replace("version = 1", "version = 2"), role="shadow")
    assert ask(asker, person, student=False)["policy"] == "bank:1"


def test_a_shadow_that_fails_harms_no_answer(asker: Asker, service: Service) -> None:
    person = asker.consent()["known_as"]
    publish(service, role="shadow")
    told = ask(asker, person)
    assert told["outcome"] == "admit"
    with service.online.reading() as unit:
        kept = policies.kept(unit, str(told["id"]))
    assert "needs student" in json.loads(kept["shadow"])["failed"]


def test_what_is_not_a_score_takes_the_rule_for_it(
    asker: Asker, service: Service, reader: FakeReader, clock: Turned
) -> None:
    person = asker.consent()["known_as"]
    with service.online.reading() as unit:
        subject = unit.value(policies.select(limits.METADATA.tables["consents"].c.subject))
    reader.answers[subject] = NotEnoughEvidence("sesame", subject, clock.now, "rule", ("records",))
    publish(service)
    told = ask(asker, person, student=True)
    assert (told["outcome"], told["refusal_code"]) == ("refer", "ASK_A_PERSON")


@pytest.mark.parametrize("fields", [{"student": [True]}, {"Student": True}, {"student": {"a": 1}}])
def test_fields_are_plain_values(asker: Asker, fields: dict[str, object]) -> None:
    person = asker.consent()["known_as"]
    came = asker.ask("consult", person, service="power_bank", amount_minor=1, fields=fields)
    assert came.status_code in (400, 422)
