"""Every rule of every jurisdiction, the day before and the day itself."""

from __future__ import annotations

import pytest
from made_consents import CONTRACT, DAY, ELSEWHERE, SIMULATED

from benne.kernel import END_OF_TIME, InvalidInput, parse_instant
from benne.rights import (
    JURISDICTIONS,
    PURPOSES,
    Asking,
    ClosedByRule,
    LawfulBasis,
    Permit,
    Rule,
    jurisdiction,
    never_collect,
    permit_on_basis,
    read_jurisdiction,
    refused_columns,
)

DATED = [
    pytest.param(code, rule, id=rule.id)
    for code in JURISDICTIONS
    for rule in jurisdiction(code).rules
    if rule.id.startswith(code)
]
PINNED = {
    "CN-CRIR-14-never": "2013-03-15",
    "CN-CRIR-16": "2013-03-15",
    "CN-CRIR-25-clock": "2013-03-15",
    "CN-PIPL-24-marketing": "2021-11-01",
    "CN-MCRB-lending": "2022-01-01",
    "US-FCRA-605-adverse": "1997-09-30",
    "US-FCRA-611-clock": "1997-09-30",
    "US-FCRA-615": "2011-07-21",
    "EU-GDPR-9": "2018-05-25",
    "EU-GDPR-22": "2018-05-25",
    "EU-SCHUFA": "2023-12-07",
    "EU-AIA-5": "2025-02-02",
    "EU-DNB": "2025-02-27",
    "EU-CCD-18-data": "2026-11-20",
    "EU-AIA-annex-3": "2027-12-02",
}


def ask(
    code: str,
    purpose: str,
    date: str | int,
    basis: LawfulBasis = ELSEWHERE,
    asking: Asking | None = None,
    *,
    warned: bool = False,
) -> Permit:
    """A permit of an hour at ``date``."""
    at = parse_instant(date) if isinstance(date, str) else date
    return permit_on_basis(
        basis,
        purpose=purpose,
        jurisdiction=code,
        issued_at=at,
        expires_at=at + DAY // 24,
        asking=asking or Asking(),
        warned=warned,
    )


def rules_asked(code: str, rule: Rule, at: int) -> set[str]:
    """The ids of the rules that some purpose of ``rule`` meets at ``at``."""
    met: set[str] = set()
    for purpose in rule.purposes or PURPOSES:
        try:
            met |= set(ask(code, purpose, at, asking=Asking(frozenset({"credit_bureau"}))).rules)
        except ClosedByRule as refused:
            met.add(refused.rule)
            met |= {r.id for r in jurisdiction(code).in_force(at, purpose)}
    return met


@pytest.mark.parametrize(("code", "rule"), DATED)
def test_a_rule_is_asked_from_its_day_and_not_the_day_before(code: str, rule: Rule) -> None:
    if code == "plain":
        assert rule.id in rules_asked(code, rule, 0)
        return
    assert rule.id not in rules_asked(code, rule, rule.effective_from - DAY)
    assert rule.id not in rules_asked(code, rule, rule.effective_from - 1)
    assert rule.id in rules_asked(code, rule, rule.effective_from)
    if rule.effective_until != END_OF_TIME:
        assert rule.id in rules_asked(code, rule, rule.effective_until - 1)
        assert rule.id not in rules_asked(code, rule, rule.effective_until)


@pytest.mark.parametrize(("name", "date"), PINNED.items())
def test_the_dates_are_those_of_the_law(name: str, date: str) -> None:
    (rule,) = [r for r in jurisdiction(name[:2]).rules if r.id == name]
    assert rule.effective_from == parse_instant(date)


@pytest.mark.parametrize(("code", "rule"), DATED)
def test_every_rule_has_a_source(code: str, rule: Rule) -> None:
    assert rule.source.strip()
    assert rule.says.endswith(".")
    assert code == "plain" or rule.effective_from > -(2**63)


# --- what the rules do ---------------------------------------------------------------------


@pytest.mark.parametrize("purpose", ["lending", "pay_later"])
def test_the_network_leaves_creditworthiness_in_the_eu(purpose: str) -> None:
    before, after = ask("EU", purpose, "2026-11-19"), ask("EU", purpose, "2026-11-20")
    assert before.covers_kind("tie", "network")
    assert before.barred_domains == ()
    assert not after.covers_kind("tie", "network")
    assert after.barred_domains == ("network",)
    bar = after.bar_on(tags=["social_network"])
    assert bar is not None
    assert bar.rule == "EU-CCD-18-data"


def test_the_network_stays_open_to_what_is_no_credit_in_the_eu() -> None:
    assert ask("EU", "deposit_free", "2026-11-20").covers_kind("tie", "network")


def test_lending_closes_to_an_unlicensed_scorer_in_china_and_deposits_stay_open() -> None:
    assert ask("CN", "lending", "2021-12-31").purpose == "lending"
    with pytest.raises(ClosedByRule, match="CN-MCRB-lending") as refused:
        ask("CN", "lending", "2022-01-01")
    assert refused.value.rule == "CN-MCRB-lending"
    for date in ("2021-12-31", "2022-01-01"):
        assert ask("CN", "deposit_free", date).purpose == "deposit_free"
    bureau = Asking(frozenset({"credit_bureau"}))
    assert ask("CN", "lending", "2022-01-01", asking=bureau).purpose == "lending"


@pytest.mark.parametrize("code", JURISDICTIONS)
def test_marketing_is_never_had_on_a_stated_basis(code: str) -> None:
    for basis in (CONTRACT, ELSEWHERE, SIMULATED):
        with pytest.raises(ClosedByRule, match="opt-in"):
            ask(code, "marketing", "2026-11-24", basis)


def test_china_asks_for_consent_and_the_simulated_have_none_to_give() -> None:
    assert ask("CN", "deposit_free", "2013-03-14", CONTRACT)
    with pytest.raises(ClosedByRule) as refused:
        ask("CN", "deposit_free", "2013-03-15", CONTRACT)
    assert refused.value.rule == "CN-CRIR-13"
    assert ask("CN", "deposit_free", "2013-03-15", SIMULATED)


def test_means_open_in_china_after_a_warning_alone() -> None:
    assert ask("CN", "deposit_free", "2013-03-14").covers_kind("means", "fulfilment")
    unwarned = ask("CN", "deposit_free", "2013-03-15")
    assert not unwarned.covers_kind("means", "fulfilment")
    assert unwarned.bar_on(tags=["sensitive-fin"]) is not None
    warned = ask("CN", "deposit_free", "2013-03-15", warned=True)
    assert warned.covers_kind("means", "fulfilment")
    assert warned.bars == () or all(bar.rule != "CN-CRIR-14-means" for bar in warned.bars)


@pytest.mark.parametrize(
    ("code", "date", "kind", "row", "days"),
    [
        ("CN", "2013-03-15", "breach", {"settled_at": 0}, 1826),
        ("US", "1997-09-30", "breach", {"happened_at": 0}, 2556),
        ("US", "1997-09-30", "public_record", {"happened_at": 0, "category": "judgment"}, 2556),
        ("US", "1997-09-30", "public_record", {"happened_at": 0, "category": "bankruptcy"}, 3652),
        (
            "US", "1997-09-30", "statement",
            {"period_end": 0, "status": "collection", "days_past_due": 100}, 2556 + 180 - 100,
        ),
    ],
)  # fmt: skip
def test_records_are_seen_for_five_seven_and_ten_years(
    code: str, date: str, kind: str, row: dict[str, int | str], days: int
) -> None:
    before = ask(code, "self_view", parse_instant(date) - DAY)
    assert before.horizons(kind) == ()
    after = ask(code, "self_view", date)
    ends = [end for h in after.horizons(kind) if (end := h.ends_at(row)) is not None]
    assert ends == [days * DAY]


def test_a_conviction_has_no_end_in_the_us() -> None:
    horizons = ask("US", "lending", "2026-01-01").horizons("public_record")
    row = {"happened_at": 0, "category": "conviction"}
    assert [h.ends_at(row) for h in horizons] == [None] * len(horizons)


def test_conduct_carries_no_consequence_anywhere() -> None:
    for code in JURISDICTIONS:
        permit = ask(code, "deposit_free", "2026-11-24")
        assert not permit.covers_kind("rule_event", "conduct")
        assert ask(code, "fairness_audit", "2026-11-24").covers_kind("rule_event", "conduct")


def test_a_model_reads_only_what_all_its_purposes_may() -> None:
    every = ask("EU", "model_building", "2026-11-20")
    assert not every.covers_kind("tie", "network")
    deposits = Asking(serves=frozenset({"deposit_free", "self_view"}))
    assert ask("EU", "model_building", "2026-11-20", asking=deposits).covers_kind("tie", "network")


def test_a_model_for_a_closed_purpose_alone_is_refused() -> None:
    lending = Asking(serves=frozenset({"lending"}))
    with pytest.raises(ClosedByRule, match="CN-MCRB-lending"):
        ask("CN", "model_building", "2022-01-01", asking=lending)
    assert ask("CN", "model_building", "2022-01-01")


def test_no_permit_outlives_the_rules_that_gave_it() -> None:
    eve = parse_instant("2021-12-31T23:30:00Z")
    assert ask("CN", "lending", eve).expires_at == parse_instant("2022-01-01")


def test_a_permit_says_which_rules_it_was_made_under() -> None:
    before, after = ask("EU", "lending", "2026-11-19"), ask("EU", "lending", "2026-11-20")
    assert before.rules_hash != after.rules_hash
    assert before.hash != after.hash
    assert "human_review" in after.duties
    assert ask("EU", "lending", "2026-11-20").hash == after.hash


def test_columns_that_are_never_collected_are_named_with_their_rule() -> None:
    names = ["Religion", "father_blood_type", "BloodType", "region", "income_minor", "gene"]
    day = parse_instant("2013-03-15")
    assert refused_columns(names, "CN", day - DAY) == {}
    assert refused_columns(names, "CN", day) == dict.fromkeys(
        ["Religion", "father_blood_type", "BloodType", "gene"], "CN-CRIR-14-never"
    )
    assert (
        refused_columns(["general", "pregnant", "healthy"], "EU", parse_instant("2026-01-01")) == {}
    )
    assert never_collect("plain", day) == {}


# --- clocks and limits ---------------------------------------------------------------------


def test_the_laws_own_clock_comes_before_the_floors() -> None:
    china, day = jurisdiction("CN"), parse_instant("2013-03-15")
    floor, own = china.clock("dispute_answer", day - 1), china.clock("dispute_answer", day)
    assert floor is not None
    assert own is not None
    assert (floor.days, own.days) == (30, 20)
    assert jurisdiction("US").limit("principal_reasons", day, "lending") == 4
    assert jurisdiction("US").limit("principal_reasons", day, "deposit_free") is None


def test_a_month_ends_on_its_last_day_and_business_days_pass_over_the_weekend() -> None:
    europe, states = jurisdiction("EU"), jurisdiction("US")
    month = europe.clock("access", parse_instant("2026-01-31"))
    assert month is not None
    assert month.due(parse_instant("2026-01-31T10:00Z")) == parse_instant("2026-02-28T10:00Z")
    assert month.due(parse_instant("2026-12-15")) == parse_instant("2027-01-15")
    five = states.clock("dispute_forward", parse_instant("2026-11-20"))
    assert five is not None
    friday = parse_instant("2026-11-20")
    assert five.due(friday) == parse_instant("2026-11-27")


# --- files ---------------------------------------------

GOOD = """\
schema = 1
code = "XX"
says = "Nowhere"

[[rule]]
id = "XX-1"
says = "It is so."
source = "Nowhere, Art. 1"
from = 2020-01-01
duty = "explain_logic"
"""


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("schema = 1", "schema = 2", "schema must be 1"),
        ('code = "XX"', 'code = "XX"\ncolour = 1', "unknown key 'colour'"),
        ('duty = "explain_logic"', "", "exactly one effect; it has 0"),
        ('duty = "explain_logic"', 'duty = "explain_logic"\nneed = "consent"', "it has 2"),
        ('duty = "explain_logic"', 'duty = "dance"', "duty must be one of"),
        ('duty = "explain_logic"', "bar = {}", "must name domains, kinds or tags"),
        ('duty = "explain_logic"', 'clock = { name = "access" }', "one of days"),
        ('source = "Nowhere, Art. 1"', "", "source is missing"),
        ("from = 2020-01-01", "from = 2020-01-01\nuntil = 2019-01-01", "must be after from"),
        ("from = 2020-01-01", 'from = 2020-01-01\npurposes = ["fun"]', "purposes must be of"),
        ("from = 2020-01-01", "from = 20", "a date or an instant"),
        ("[[rule]]", "[rule]", "list of tables"),
        ("schema = 1", "schema =", "must be TOML"),
    ],
)
def test_a_file_that_says_something_else_is_refused(old: str, new: str, says: str) -> None:
    assert read_jurisdiction(GOOD, where="xx.toml").rules[0].id == "XX-1"
    with pytest.raises(InvalidInput, match=says):
        read_jurisdiction(GOOD.replace(old, new), where="xx.toml")


def test_an_id_names_one_rule_over_all_files() -> None:
    ids = [rule.id for code in JURISDICTIONS for rule in jurisdiction(code).rules]
    floor = [rule.id for rule in jurisdiction("plain").rules]
    assert len(ids) - len(floor) * (len(JURISDICTIONS) - 1) == len(set(ids))


def test_an_unknown_jurisdiction_is_refused() -> None:
    with pytest.raises(InvalidInput, match="must be one of plain, CN, EU, US"):
        jurisdiction("NG")
