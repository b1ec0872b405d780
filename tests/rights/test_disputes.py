"""Disputes: states, clocks and what an answer says meanwhile."""

from __future__ import annotations

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from made_consents import DAY, START

from benne.evidence import standard_kinds
from benne.kernel import Conflict, InvalidInput, parse_instant
from benne.rights import (
    DISPUTE_MOVES,
    DISPUTE_STATES,
    Dispute,
    DisputeEvent,
    dispute_after,
    flag_of,
    jurisdiction,
    must_delete,
)

OPEN = DisputeEvent("open", START, "not mine")


def test_the_states_are_the_words_of_evidence() -> None:
    (breach,) = [kind for kind in standard_kinds() if kind.name == "breach"]
    assert breach.column("dispute").one_of == DISPUTE_STATES
    reached = {state for move in DISPUTE_MOVES.items() for state in (move[0][0], move[1])}
    assert reached == set(DISPUTE_STATES)


@pytest.mark.parametrize(
    ("code", "due"),
    [
        ("plain", START + 30 * DAY),
        ("CN", START + 20 * DAY),
        ("US", START + 30 * DAY),
        ("EU", parse_instant("2026-02-01")),
    ],
)
def test_each_jurisdiction_has_its_clock(code: str, due: int) -> None:
    law = jurisdiction(code)
    dispute = dispute_after([OPEN], law)
    assert (dispute.state, dispute.due_at) == ("disputed", due)
    assert not dispute.late(due)
    assert dispute.late(due + 1)
    answered = dispute_after([OPEN, DisputeEvent("uphold", due)], law)
    assert not answered.late(due + DAY)
    assert dispute_after([OPEN, DisputeEvent("uphold", due + 1)], law).late(due + DAY)


@pytest.mark.parametrize(
    ("code", "due"), [("US", START + 45 * DAY), ("EU", parse_instant("2026-04-01"))]
)
def test_an_extension_adds_to_the_clock_once(code: str, due: int) -> None:
    law, more = jurisdiction(code), DisputeEvent("extend", START + DAY, "a receipt came")
    assert dispute_after([OPEN, more], law).due_at == due
    with pytest.raises(Conflict, match="once"):
        dispute_after([OPEN, more, more], law)
    late = DisputeEvent("extend", START + 60 * DAY, "a receipt came")
    with pytest.raises(Conflict, match="before its answer is due"):
        dispute_after([OPEN, late], law)


def test_where_no_extension_is_known_there_is_none() -> None:
    with pytest.raises(Conflict, match="CN knows no extension"):
        dispute_after([OPEN, DisputeEvent("extend", START, "more")], jurisdiction("CN"))


def test_the_furnisher_is_told_within_five_business_days_in_the_us() -> None:
    # 1 January 2026 is a Thursday
    assert dispute_after([OPEN], jurisdiction("US")).forward_by == parse_instant("2026-01-08")
    assert dispute_after([OPEN], jurisdiction("CN")).forward_by is None


def test_the_clock_is_that_of_the_day_on_which_it_was_disputed() -> None:
    law, day = jurisdiction("CN"), parse_instant("2013-03-15")
    before = dispute_after([DisputeEvent("open", day - DAY, "why")], law)
    after = dispute_after([DisputeEvent("open", day, "why")], law)
    assert (before.due_at, after.due_at) == (day + 29 * DAY, day + 20 * DAY)


# --- in an answer ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "used", "rule_id"),
    [
        ("plain", True, "BENNE-dispute"),
        ("CN", True, "CN-CRIR-25-mark"),
        ("US", True, "US-FCRA-611-delete"),
        ("EU", False, "EU-GDPR-18"),
    ],
)
def test_a_disputed_record_is_flagged_in_every_answer(code: str, used: bool, rule_id: str) -> None:
    law = jurisdiction(code)
    flag = flag_of(dispute_after([OPEN], law), law, START)
    assert flag is not None
    assert (flag.state, flag.used, flag.rule) == ("disputed", used, rule_id)
    assert flag_of(Dispute(), law, START) is None


def test_what_nobody_verified_in_time_goes_in_the_us_alone() -> None:
    for code in ("plain", "CN", "EU", "US"):
        law = jurisdiction(code)
        dispute = dispute_after([OPEN], law)
        assert dispute.due_at is not None
        assert not must_delete(dispute, law, dispute.due_at)
        assert must_delete(dispute, law, dispute.due_at + 1) == (code == "US")
    states = jurisdiction("US")
    flag = flag_of(dispute_after([OPEN], states), states, START + 31 * DAY)
    assert flag is not None
    assert not flag.used


def test_a_statement_stays_with_its_record() -> None:
    law = jurisdiction("US")
    events = [OPEN, DisputeEvent("uphold", START + DAY), DisputeEvent("state", START + DAY, "no")]
    kept = dispute_after(events, law)
    assert (kept.state, kept.statement) == ("statement_kept", "no")
    again = dispute_after([*events, DisputeEvent("open", START + 2 * DAY, "new proof")], law)
    flag = flag_of(again, law, START + 2 * DAY)
    assert flag is not None
    assert (flag.state, flag.statement) == ("disputed", "no")


def test_a_statement_has_a_length_where_law_says_so() -> None:
    events = [OPEN, DisputeEvent("uphold", START)]
    longer = DisputeEvent("state", START, "word " * 101)
    with pytest.raises(InvalidInput, match="100 words or fewer; got 101"):
        dispute_after([*events, longer], jurisdiction("US"))
    assert dispute_after([*events, longer], jurisdiction("CN")).statement == longer.text


def test_acts_need_their_words() -> None:
    for act in ("open", "extend", "state"):
        with pytest.raises(InvalidInput, match="needs a text"):
            DisputeEvent(act, START)
    with pytest.raises(InvalidInput, match="an act must be"):
        DisputeEvent("shout", START, "loud")


class DisputeLife(RuleBasedStateMachine):
    """Any acts at any moments: only legal moves pass, and nothing that was said is lost."""

    @initialize(code=st.sampled_from(["plain", "CN", "EU", "US"]))
    def start(self, code: str) -> None:
        self.law = jurisdiction(code)
        self.now = START
        self.events: list[DisputeEvent] = []
        self.state, self.statement = "original", None
        self.opened: int | None = None

    @rule(days=st.integers(0, 40))
    def wait(self, days: int) -> None:
        self.now += days * DAY

    @rule(act=st.sampled_from(["open", "extend", "uphold", "correct", "withdraw", "state"]))
    def act(self, act: str) -> None:
        event = DisputeEvent(act, self.now, f"said on {self.now}")
        before = dispute_after(self.events, self.law)
        try:
            after = dispute_after([*self.events, event], self.law)
        except Conflict:
            assert act == "extend" or (self.state, act) not in DISPUTE_MOVES
            return
        self.events.append(event)
        self.state = DISPUTE_MOVES[self.state, act]
        if act == "state":
            self.statement = event.text
        if act == "open":
            self.opened = self.now
        if act == "extend":
            assert before.due_at is not None
            assert after.due_at is not None
            assert after.due_at > before.due_at >= self.now

    @invariant()
    def the_state_follows_the_moves(self) -> None:
        dispute = dispute_after(self.events, self.law)
        assert dispute.state == self.state
        assert dispute.statement == self.statement
        assert dispute.opened_at == self.opened

    @invariant()
    def what_is_disputed_has_a_due_date(self) -> None:
        dispute = dispute_after(self.events, self.law)
        if dispute.state == "disputed":
            assert dispute.due_at is not None
            assert self.opened is not None
            assert self.opened < dispute.due_at <= self.opened + 93 * DAY
            assert dispute.answered_at is None

    @invariant()
    def a_record_is_flagged_unless_it_was_never_disputed(self) -> None:
        flag = flag_of(dispute_after(self.events, self.law), self.law, self.now)
        assert (flag is None) == (self.state == "original")
        if flag is not None and self.state != "disputed":
            assert flag.used


TestDisputeLife = DisputeLife.TestCase
