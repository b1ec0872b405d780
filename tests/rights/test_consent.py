"""Consents: what may be stated, how it is signed, and what becomes of it."""

from __future__ import annotations

import json
import tomllib
from dataclasses import FrozenInstanceError, replace
from typing import Any

import pytest
from hypothesis import given, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from made_consents import DAY, KEY, START, SharedKey, consent

from benne.evidence import standard_kinds
from benne.kernel import Conflict, Corrupt, InvalidInput, NotPermitted, pairwise_id
from benne.rights import (
    CONSENT_MOVES,
    PURPOSES,
    ClosedByRule,
    Consent,
    ConsentEvent,
    ConsentMissing,
    Frequency,
    Hold,
    Permit,
    check_template,
    consent_status,
    forget_at,
    hold_at,
    hold_reasons,
    next_answer_at,
    open_consent,
    permit_on_consent,
    place_hold,
    read_consent,
    sign_consent,
    templates,
    with_event,
)

DOMAINS = {kind.name: kind.domain for kind in standard_kinds()}


# --- what may be stated ---------------------------------------------------------------------


@given(
    st.sets(st.sampled_from(PURPOSES), min_size=1),
    st.integers(1, 400),
    st.one_of(st.none(), st.integers(0, START)),
    st.booleans(),
)
def test_a_consent_reads_back_as_it_was_written(
    purposes: set[str], days: int, since: int | None, warned: bool
) -> None:
    given_ = consent(
        purposes=frozenset(purposes),
        expires_at=START + days * DAY,
        evidence_from=since,
        warned=warned,
    )
    assert read_consent(json.loads(given_.canonical)) == given_


def test_a_consent_in_toml_is_the_same_consent() -> None:
    text = f"""
    schema = 1
    id = "c1"
    subject = "s1"
    merchant = "bikes"
    known_as = "{pairwise_id("s1", "bikes", key=KEY)}"
    purposes = ["deposit_free"]
    kinds = ["breach", "instalment", "order", "profile"]
    mode = "query"
    frequency = {{ times = 30, days = 30 }}
    life_days = 30
    given_at = 2026-01-01
    starts_at = 2026-01-01T00:00:00Z
    expires_at = "2027-01-01T00:00:00Z"
    text_version = "2026-1"
    text_hash = "{"ab" * 32}"
    ticked_beforehand = false
    evidence_from = 2024-01-02
    """
    assert read_consent(tomllib.loads(text)).hash == consent().hash


def test_a_box_ticked_beforehand_gives_nothing() -> None:
    with pytest.raises(NotPermitted, match="ticked beforehand"):
        consent(ticked_beforehand=True)
    document = dict(consent().as_json()) | {"ticked_beforehand": True}
    with pytest.raises(NotPermitted):
        read_consent(document)
    del document["ticked_beforehand"]
    with pytest.raises(InvalidInput, match="ticked_beforehand is missing"):
        read_consent(document)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"purposes": frozenset()}, "purposes must be"),
        ({"purposes": frozenset({"fun"})}, "purposes must be"),
        ({"kinds": frozenset()}, "at least one kind"),
        ({"mode": "sell"}, "mode must be"),
        ({"mode": "view"}, "0 for view"),
        ({"life_days": -1}, "life_days must be"),
        ({"expires_at": START}, "start before it expires"),
        ({"given_at": START + 1}, "no later than it starts"),
        ({"evidence_until": START - 730 * DAY}, "must be after evidence_from"),
        ({"text_version": " "}, "text_version"),
        ({"known_as": "s1"}, "pairwise_id"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        consent(**changes)


def test_an_unknown_key_is_an_error() -> None:
    with pytest.raises(InvalidInput, match="unknown key 'extra'"):
        read_consent(dict(consent().as_json()) | {"extra": 1})
    with pytest.raises(InvalidInput, match="newer Benne"):
        read_consent(dict(consent().as_json()) | {"schema": 2})


def test_a_consent_does_not_change() -> None:
    with pytest.raises(FrozenInstanceError):
        consent().life_days = 99  # type: ignore[misc]


# --- two merchants ---------------------------------------------------------------------------


@given(st.text(min_size=1), st.text(min_size=1), st.text(min_size=1))
def test_two_merchants_know_a_person_by_ids_that_do_not_join(a: str, b: str, who: str) -> None:
    ids = pairwise_id(who, a, key=KEY), pairwise_id(who, b, key=KEY)
    assert (ids[0] == ids[1]) == (a == b)


def test_a_pairwise_id_does_not_slide_between_its_names() -> None:
    assert pairwise_id("bc", "a", key=KEY) != pairwise_id("c", "ab", key=KEY)
    with pytest.raises(InvalidInput, match="16 bytes"):
        pairwise_id("a", "b", key=b"short")


def test_a_merchants_receipt_does_not_hold_the_workspaces_id() -> None:
    receipt = consent(subject="the-subject").receipt()
    assert "the-subject" not in json.dumps(receipt)
    assert receipt["known_as"] == consent().known_as


# --- signatures ---------------------------------------------


@given(st.data())
def test_a_signed_consent_opens_only_as_it_was_signed(data: st.DataObject) -> None:
    signer = SharedKey(KEY)
    signed = sign_consent(consent(), signer)
    assert open_consent(signed, signer) == consent()
    at = data.draw(st.integers(0, len(signed.canonical) - 1))
    changed = signed.canonical[:at] + "x" + signed.canonical[at + 1 :]
    if changed != signed.canonical:
        with pytest.raises(Corrupt):
            open_consent(replace(signed, canonical=changed), signer)
    with pytest.raises(Corrupt):
        open_consent(signed, SharedKey(b"another key of the tests, longer"))


def test_text_that_was_signed_but_is_not_canonical_is_corrupt() -> None:
    signer = SharedKey(KEY)
    loose = json.dumps(consent().as_json())
    signature = signer.sign(b"benne consent 1\n" + loose.encode())
    signed = replace(sign_consent(consent(), signer), canonical=loose, signature=signature)
    with pytest.raises(Corrupt, match="canonical"):
        open_consent(signed, signer)


# --- templates ---------------------------------------------


def test_every_purpose_has_a_template() -> None:
    assert set(templates()) == set(PURPOSES)
    check_template(consent(), DOMAINS)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"expires_at": START + 366 * DAY}, "expiry must be at most 365"),
        ({"life_days": 91}, "life_days must be at most 90"),
        ({"frequency": Frequency(31, 30)}, "answers in 30 days must be at most 30"),
        ({"frequency": Frequency(2, 1)}, "answers in 30 days must be at most 30; got 60"),
        ({"evidence_from": START - 1827 * DAY}, "days of evidence must be at most 1826"),
        ({"evidence_from": None}, "days of evidence"),
        ({"mode": "store"}, "mode must be one of query, view"),
        ({"kinds": frozenset({"horoscope"})}, "no kind 'horoscope'"),
        ({"kinds": frozenset({"rule_event"})}, "rule_event is of conduct"),
        ({"purposes": frozenset({"deposit_free", "lending"}), "life_days": 91}, "deposit_free"),
        (
            {
                "purposes": frozenset({"deposit_free", "marketing"}), "mode": "view",
                "life_days": 0, "kinds": frozenset({"order"}), "frequency": Frequency(1, 30),
                "evidence_from": START - DAY,
            },
            "marketing must be asked for alone",
        ),
    ],
)  # fmt: skip
def test_a_consent_asks_for_no_more_than_its_template(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        check_template(consent(**changes), DOMAINS)


# --- permits ---------------------------------------------


def permit(given_: Consent, at: int, *events: ConsentEvent, **changes: Any) -> Permit:
    """A permit of at most ten days on ``given_`` at ``at``."""
    stated: dict[str, Any] = {
        "merchant": "bikes", "purpose": "deposit_free", "jurisdiction": "plain",
        "issued_at": at, "expires_at": at + 10 * DAY,
    }  # fmt: skip
    return permit_on_consent(given_, events, **(stated | changes))


def test_a_permit_reads_what_its_consent_names() -> None:
    given_ = consent()
    issued = permit(given_, START)
    assert issued.kinds == given_.kinds
    assert issued.subjects == {"s1"}
    assert (issued.evidence_from, issued.evidence_until) == (given_.evidence_from, None)
    assert issued.consent == "c1"
    assert not issued.covers_kind("tie", "network")


def test_a_permit_ends_with_its_consent() -> None:
    assert permit(consent(), START).expires_at == START + 10 * DAY
    assert permit(consent(), START + 360 * DAY).expires_at == START + 365 * DAY


@pytest.mark.parametrize(
    ("at", "changes", "status"),
    [
        (START + 365 * DAY, {}, "expired"),
        (START - 1, {}, "pending"),
        (START, {"purpose": "lending"}, "absent"),
        (START, {"merchant": "books"}, "absent"),
    ],
)
def test_without_consent_there_is_no_permit(at: int, changes: dict[str, Any], status: str) -> None:
    given_ = consent(given_at=START - DAY)
    with pytest.raises(ConsentMissing) as refused:
        permit(given_, at, **changes)
    assert refused.value.status == status


def test_marketing_needs_a_consent_to_nothing_else() -> None:
    both = consent(purposes=frozenset({"deposit_free", "marketing"}))
    with pytest.raises(ClosedByRule) as refused:
        permit(both, START, purpose="marketing")
    assert refused.value.rule == "BENNE-marketing"
    alone = consent(purposes=frozenset({"marketing"}))
    assert permit(alone, START, purpose="marketing").purpose == "marketing"


def test_a_warned_consent_opens_the_means_in_china() -> None:
    stated = {"purposes": frozenset({"deposit_free"}), "kinds": frozenset({"means"})}
    shut = permit(consent(**stated), START, jurisdiction="CN")
    open_ = permit(consent(**stated, warned=True), START, jurisdiction="CN")
    assert (shut.covers_kind("means"), open_.covers_kind("means")) == (False, True)


# --- frequency and life --------------------------------------------------------------------------


@given(st.integers(1, 4), st.integers(1, 5), st.lists(st.integers(0, 20), max_size=30))
def test_no_window_holds_more_answers_than_the_frequency(
    times: int, days: int, asked: list[int]
) -> None:
    given_ = consent(frequency=Frequency(times, days))
    answered: list[int] = []
    for day in sorted(asked):
        at = START + day * DAY
        if next_answer_at(given_, answered, at) == at:
            answered.append(at)
    for first in answered:
        assert sum(first <= at < first + days * DAY for at in answered) <= times


def test_who_must_wait_is_told_until_when() -> None:
    given_ = consent(frequency=Frequency(1, 30))
    assert next_answer_at(given_, [START], START + DAY) == START + 30 * DAY
    assert next_answer_at(given_, [START], START + 30 * DAY) == START + 30 * DAY
    assert forget_at(given_, START) == START + 30 * DAY


# --- holds ---------------------------------------------


def hold(**changes: Any) -> Hold:
    """A hold for a running order, of thirty days."""
    stated: dict[str, Any] = {
        "consent": "c1", "reason": "order_running", "purpose": "deposit_free",
        "business": "order 7", "starts_at": START + DAY, "ends_at": START + 31 * DAY,
    }  # fmt: skip
    return Hold(**(stated | changes))


def test_a_hold_outlives_a_revocation_for_its_own_purpose_until_its_end() -> None:
    given_ = consent(purposes=frozenset({"deposit_free", "pay_later"}))
    held = place_hold(given_, (), hold(), at=START + DAY)
    revoked = ConsentEvent("revoke", START + 2 * DAY)
    issued = permit(given_, START + 25 * DAY, revoked, holds=[held])
    assert (issued.held, issued.expires_at) == ("order_running", START + 31 * DAY)
    for at, purpose in ((START + 31 * DAY, "deposit_free"), (START + 25 * DAY, "pay_later")):
        with pytest.raises(ConsentMissing):
            permit(given_, at, revoked, holds=[held], purpose=purpose)


def test_a_hold_does_not_stand_against_a_pause() -> None:
    held = place_hold(consent(), (), hold(), at=START + DAY)
    with pytest.raises(ConsentMissing, match="paused"):
        permit(consent(), START + 3 * DAY, ConsentEvent("pause", START + 2 * DAY), holds=[held])


def test_a_permit_on_a_consent_in_force_is_not_called_held() -> None:
    assert permit(consent(), START + 2 * DAY, holds=[hold()]).held is None


@pytest.mark.parametrize(
    ("changes", "at", "error"),
    [
        ({"reason": "because"}, START, InvalidInput),
        ({"business": " "}, START, InvalidInput),
        ({"purpose": "lending"}, START, InvalidInput),
        ({"ends_at": START + 402 * DAY}, START, InvalidInput),
        ({"ends_at": START + DAY}, START, InvalidInput),
        ({}, START + 2 * DAY, InvalidInput),
        ({"purpose": "pay_later"}, START, Conflict),
        ({"consent": "c2"}, START, Conflict),
    ],
)
def test_a_hold_needs_a_reason_a_business_and_an_end(
    changes: dict[str, Any], at: int, error: type[Exception]
) -> None:
    with pytest.raises(error):
        place_hold(consent(), (), hold(**changes), at=at)


def test_no_hold_is_placed_after_a_revocation() -> None:
    with pytest.raises(Conflict, match="revoked"):
        place_hold(consent(), [ConsentEvent("revoke", START)], hold(), at=START + DAY)


def test_no_hold_is_for_marketing() -> None:
    assert all("marketing" not in reason.purposes for reason in hold_reasons().values())
    assert hold_at([hold()], "deposit_free", START) is None


# --- life ---------------------------------------------


class ConsentLife(RuleBasedStateMachine):
    """Any person's acts at any moments: the status follows a model, and permits follow it."""

    def __init__(self) -> None:
        super().__init__()
        self.given = consent(given_at=START - 5 * DAY)
        self.events: tuple[ConsentEvent, ...] = ()
        self.now = START - 5 * DAY
        self.person = "active"

    def expected(self) -> str:
        """The status, worked out another way."""
        if self.person == "revoked":
            return "revoked"
        if self.now >= START + 365 * DAY:
            return "expired"
        return "pending" if self.now < START else self.person

    @rule(days=st.integers(0, 120))
    def wait(self, days: int) -> None:
        self.now += days * DAY

    @rule(act=st.sampled_from(["pause", "resume", "revoke"]))
    def act(self, act: str) -> None:
        status = self.expected()
        allowed = (status, act) in CONSENT_MOVES
        try:
            self.events = with_event(self.given, self.events, ConsentEvent(act, self.now))
        except Conflict:
            assert not allowed
            return
        assert allowed
        self.person = {"pause": "paused", "resume": "active", "revoke": "revoked"}[act]

    @precondition(lambda self: self.events)
    @rule(back=st.integers(1, 1000))
    def go_back(self, back: int) -> None:
        late = ConsentEvent("revoke", self.events[-1].at - back)
        with pytest.raises(Conflict, match="in order"):
            with_event(self.given, self.events, late)

    @invariant()
    def the_status_is_the_models(self) -> None:
        assert consent_status(self.given, self.events, self.now) == self.expected()

    @invariant()
    def only_an_active_consent_permits(self) -> None:
        try:
            issued = permit(self.given, self.now, *self.events)
        except ConsentMissing as refused:
            assert refused.status == self.expected() != "active"
        else:
            assert self.expected() == "active"
            assert issued.expires_at <= self.given.expires_at

    @invariant()
    def the_past_does_not_change(self) -> None:
        for at in (START, self.now - DAY):
            before = tuple(event for event in self.events if event.at <= at)
            assert consent_status(self.given, before, at) == consent_status(
                self.given, self.events, at
            )


TestConsentLife = ConsentLife.TestCase
