"""A policy is read, checked, and decides; what it does not say, it does not do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benne.decisions import check_policy, decide, decide_on, policy_from, read_policy
from benne.kernel import InvalidInput, NotPermitted
from benne.scores import ConductScore, NoConsent, NotEnoughEvidence, Score
from tests.decisions.made_policies import FEATURES, POWER_BANK, made, power_bank

FACTS = {
    "amount_minor": 1000,
    "exposure_minor": 0,
    "exposure_here_minor": 0,
    "breaches_unsettled_count": 0,
    "new_customer": False,
}


def scored(score: int) -> Score:
    return Score("sesame", "p", 0, score, "good", score, {}, 0, "hash")


def rule(name: str, when: str, then: str = "admit", more: str = "cap_minor = 1") -> str:
    return f'[[rules]]\nname = "{name}"\nwhen = """{when}"""\nthen = "{then}"\n{more}\n'


REST = rule("rest", "answer != 'score'", "refer", 'code = "NONE"')


def test_the_score_decides_up_to_the_cap_of_its_step():
    policy = power_bank()
    assert check_policy(policy).errors == ()
    given = [decide(policy, scored(s), FACTS) for s in (599, 600, 650, 699, 700)]
    assert [d.outcome for d in given] == ["refuse", "admit", "admit", "admit", "admit"]
    assert [d.cap_minor for d in given] == [None, 9900, 20000, 20000, 40000]
    assert given[0].codes == ("SCORE_BELOW",)


def test_the_strictest_rule_that_holds_decides_and_every_rule_is_traced():
    decision = decide(
        power_bank(), scored(550), {**FACTS, "breaches_unsettled_count": 2, "new_customer": True}
    )
    assert decision.outcome == "refuse"
    assert decision.codes == ("SCORE_BELOW", "WATCHLIST")
    assert [step.held for step in decision.trace] == [False, True, True, False, False, False]
    assert decision.as_json()["trace"][1] == {"rule": "low", "held": True, "asks": "refuse"}


def test_no_answer_is_never_a_low_score():
    few = NotEnoughEvidence("sesame", "p", 0, "rule", ("records",))
    closed = NoConsent("sesame", "p", 0, "none")
    for answer in (few, closed):
        decision = decide(power_bank(), answer, FACTS)
        assert (decision.outcome, decision.codes) == ("refer", ("NO_SCORE",))


def test_what_is_not_known_is_referred_and_never_passes_for_clean():
    unknown = {**FACTS}
    del unknown["breaches_unsettled_count"]
    decision = decide(power_bank(), scored(720), unknown)
    assert (decision.outcome, decision.codes) == ("refer", ("WATCHLIST",))


def test_a_rule_may_say_that_what_is_not_known_passes():
    text = POWER_BANK.replace('code = "WATCHLIST"', 'code = "WATCHLIST"\nunknown = "pass"')
    policy = read_policy(text, features=FEATURES, where="p")
    facts = {name: value for name, value in FACTS.items() if name != "breaches_unsettled_count"}
    assert decide(policy, scored(720), facts).outcome == "admit"


def test_nothing_follows_from_a_conduct_score():
    conduct = object.__new__(ConductScore)
    with pytest.raises(NotPermitted, match="comparison only"):
        decide(power_bank(), conduct, FACTS)  # type: ignore[arg-type]
    with pytest.raises(NotPermitted, match="nothing may follow"):
        made(rule("any", "score > 1"), family="conduct")


def test_an_answer_of_another_family_is_refused():
    bureau = replace(scored(700), family="bureau")
    with pytest.raises(InvalidInput, match="stands on the sesame score; got one of bureau"):
        decide(power_bank(), bureau, FACTS)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"new_customer": None}, "needs new_customer"),
        ({"new_customer": 1}, "as true or false; got 1"),
        ({"amount_minor": True}, "as a whole number; got True"),
        ({"amount_minor": "9"}, "as a whole number; got '9'"),
        ({"shoe_size": 44}, "knows no fact 'shoe_size'"),
        ({"score": 900}, "score comes from the answer"),
    ],
)
def test_facts_that_do_not_fit_are_refused(facts, message):
    with pytest.raises(InvalidInput, match=message):
        decide(power_bank(), scored(700), {**FACTS, **facts})


def test_a_gap_is_an_error_that_names_the_case():
    found = check_policy(made(rule("high", "score >= 650") + REST))
    assert "No rule speaks of" in found.errors[0]
    assert "score 649" in found.errors[0]
    with pytest.raises(InvalidInput, match="cannot be published"):
        found.demand("made.toml")


def test_an_overlap_with_another_cap_is_an_error_and_with_the_same_cap_is_none():
    low = rule("low", "score < 700", "refuse", 'code = "LOW"\nunknown = "pass"')
    one = rule("one", "score >= 700")
    two = rule("two", "score >= 800", more="cap_minor = 2")
    same = rule("two", "score >= 800")
    assert "Rules one and two admit with different caps" in check_policy(
        made(low + one + two + REST)
    ).errors[0]  # fmt: skip
    assert check_policy(made(low + one + same + REST)).errors == ()


def test_a_step_that_is_missing_from_a_cap_is_an_error_and_equal_amounts_are_no_overlap():
    steps = '[tables.cap]\nover = "score"\n{below}steps = [[600, 1], [650, 2]]\n'
    capped = rule("ok", "score >= 550", more='cap_minor = "cap"')
    low = rule("low", "score < 550", "refuse", 'code = "LOW"\nunknown = "pass"')
    found = check_policy(made(steps.format(below="") + capped + low + REST))
    assert found.errors == (
        "Rule ok admits up to no amount where score 550, answer score, level D.",
    )
    below = steps.format(below="below = 0\n")
    assert check_policy(made(below + capped + low + REST)).errors == ()
    good = rule("good", "score >= 700", more="cap_minor = 2")
    assert check_policy(made(below + capped + good + low + REST)).errors == ()


def test_a_count_or_an_amount_is_never_below_nothing_and_any_score_is_a_score():
    some = rule("some", "breaches_unsettled_count > 0", "refuse", 'code = "B"')
    none = rule("none", "breaches_unsettled_count == 0 and amount_minor >= 0")
    assert check_policy(made(some + none + REST)).errors == ()
    assert check_policy(made(rule("any", "score is not None") + REST)).errors == ()


def test_a_table_may_stand_over_a_table():
    tables = (
        '[tables.grade]\nover = "score"\nbelow = 0\nsteps = [[600, 1], [700, 2]]\n'
        '[tables.cap]\nover = "grade"\nbelow = 0\nsteps = [[1, 5000], [2, 9000]]\n'
    )
    policy = made(tables + rule("ok", "score >= 350", more='cap_minor = "cap"') + REST)
    caps = [decide(policy, scored(score), {}).cap_minor for score in (599, 600, 700)]
    assert caps == [0, 5000, 9000]


def test_rules_that_never_hold_or_never_decide_are_errors():
    never = rule("never", "score > 900 and score < 650")
    everyone = rule("everyone", "True", "refuse", 'code = "NO"')
    admits = rule("some", "score >= 600")
    errors = check_policy(made(never + everyone + admits)).errors
    assert "Rule never can never be true." in errors
    assert "Rule some never decides: a stronger rule always holds too." in errors


def test_what_rests_on_arithmetic_is_a_warning():
    when = "score >= 350 and exposure_minor + amount_minor <= 5000"
    found = check_policy(made(rule("room", when) + REST))
    assert found.errors == ()
    assert "if that can be" in found.warnings[0]


def test_levels_are_cut_with_the_score_they_are_made_of():
    low = rule("low", "level in ('D', 'E')", "refuse", 'code = "LOW"\nunknown = "pass"')
    whole = low + rule("ok", "score >= 600") + REST
    assert check_policy(made(whole)).errors == ()
    holed = low + rule("ok", "score >= 601") + REST
    assert "score 600" in check_policy(made(holed)).errors[0]


@pytest.mark.parametrize(
    ("when", "message"),
    [
        ("score >", "is no expression"),
        ("scores > 1", "'scores' is unknown; there are"),
        ("score", "must be a condition"),
        ("score > 'x'", "operands of one type"),
        ("__import__('os')", "calls __import__, which is unknown"),
        ("score.real > 1", "no part of a policy's language"),
        ("[score for score in (1, 2)]", "no part of a policy's language"),
        ("score == None", "write is None"),
        ("score is 1", "only None is compared so"),
        ("score in 5", "needs a list after in"),
        ("score in (1, None)", "numbers and texts only"),
        ("score > 1e999", "must be finite"),
        ("score > 99999999999999999999", "must fit int64"),
        ("if_else(score > 1, True)", "gives if_else 2 arguments; it takes 3"),
        ("lambda: 1", "no part of a policy's language"),
        ("not " * 60 + "True", "nested more than 40 deep"),
        ("score > 1 or " * 400 + "True", "has at most 2,000 characters"),
        ("(" * 500 + "score" + ")" * 500, "is no expression"),
        ("score > b'1'", "is no number, text"),
    ],
)
def test_expressions_that_do_not_read_are_refused(when, message):
    with pytest.raises(InvalidInput, match=message):
        made(rule("one", when))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("schema = 1", "schema = 2", "schema must be 1"),
        ('name = "power_bank"', 'name = "Power Bank"', "small letters"),
        ('code = "WATCHLIST"', "", "code is missing"),
        ('code = "WATCHLIST"', 'code = "watch list"', "must be capitals"),
        ("cap_minor = 5000", "", "cap_minor is missing"),
        ("cap_minor = 5000", 'cap_minor = "city"', "must be a whole number"),
        ("cap_minor = 5000", "cap_minor = -5", "0 or more"),
        ('city = "text?"', 'score = "int"', "no name that has a meaning already"),
        ('city = "text?"', 'city = "float"', "must be int, text, bool"),
        ("[[600, 9900], [650", "[[660, 9900], [650", "starts of steps must rise"),
        ("[tables.cap]", "[tables.score]", "the name 'score' is taken"),
        ('name = "known"', 'name = "new"', "two rules are called 'new'"),
        ('then = "refer"', 'then = "punish"', "must be one of admit, refer, refuse"),
        ('says = "Whom', 'colour = "red"\nsays = "Whom', "unknown key 'colour'"),
    ],
)
def test_documents_that_are_wrong_are_refused(old, new, message):
    with pytest.raises(InvalidInput, match=message):
        read_policy(POWER_BANK.replace(old, new), features=FEATURES, where="p.toml")


def test_too_many_cases_to_check_are_refused():
    constants = ", ".join(str(n) for n in range(0, 3000, 3))
    names = ("amount_minor", "exposure_minor")
    when = " and ".join(f"{name} in ({constants})"[:990].rsplit(",", 1)[0] + ")" for name in names)
    with pytest.raises(InvalidInput, match="too many to check"):
        check_policy(made(rule("many", when + " and score > 1") + REST))


def test_a_policy_reads_back_the_same_and_its_hash_tells_any_change():
    import json

    policy = power_bank()
    again = policy_from(json.loads(policy.to_json()), features=FEATURES, where="stored")
    assert again.hash == policy.hash
    assert again.rules == policy.rules
    assert read_policy(
        POWER_BANK.replace("9900", "9901"), features=FEATURES, where="p"
    ).hash != policy.hash  # fmt: skip


def test_a_cap_that_is_not_known_is_referred():
    policy = made(
        rule("open", "score >= 350", more='cap_minor = "inquiries_30d_count * 100"') + REST
    )
    decision = decide(policy, scored(700), {"amount_minor": 0})
    assert (decision.outcome, decision.codes) == ("refer", ("CAP_UNKNOWN",))
    known = decide_on(policy, {"answer": "score", "score": 700, "inquiries_30d_count": 3})
    assert (known.outcome, known.cap_minor) == ("admit", 300)
