"""Erasure and retention: what goes by when, what is held until when, and the proof."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, strategies as st
from made_consents import DAY, KEY, START

from benne.kernel import InvalidInput, Value
from benne.rights import Entry, Fate, Keep, erasure, erasure_proof, jurisdiction, obsolete


def breach(name: str, happened: int, settled: int | None) -> Entry:
    """A broken promise, ``happened`` and ``settled`` in days before the request."""
    row: dict[str, Value] = {
        "happened_at": START - happened * DAY,
        "settled_at": None if settled is None else START - settled * DAY,
    }
    return Entry("breach", "shop", name, row)


ORDER = Entry("order", "shop", "o1", {"happened_at": START - DAY, "due_at": START + DAY})
OLD, RECENT, OPEN = breach("old", 3000, 2000), breach("recent", 100, 50), breach("open", 9, None)


def fates(code: str, *entries: Entry, keeps: tuple[Keep, ...] = ()) -> dict[str, Fate]:
    """The fates of ``entries`` at ``START``, by record."""
    made = erasure(entries, jurisdiction(code), requested_at=START, keeps=keeps)
    return {fate.record: fate for fate in made}


def test_what_is_past_its_horizon_must_be_gone() -> None:
    (gone,) = obsolete([OLD, RECENT, OPEN, ORDER], jurisdiction("CN"), START)
    assert (gone.record, gone.act, gone.rule) == ("old", "delete", "CN-CRIR-16")
    assert gone.at == START - 2000 * DAY + 1826 * DAY
    assert obsolete([OLD, RECENT, OPEN, ORDER], jurisdiction("plain"), START) == ()


def test_erasure_in_the_eu_and_on_the_floor_is_granted_within_the_clock() -> None:
    for code, rule, days in (("EU", "EU-GDPR-17", 31), ("plain", "BENNE-erasure", 30)):
        made = fates(code, OLD, RECENT, ORDER)
        assert {fate.act for fate in made.values()} == {"delete"}
        assert made["recent"].rule == rule
        assert made["recent"].at == START + days * DAY


def test_adverse_records_are_held_to_their_horizon_in_china() -> None:
    made = fates("CN", OLD, RECENT, OPEN, ORDER)
    assert (made["old"].act, made["old"].rule) == ("delete", "CN-CRIR-16")
    assert (made["recent"].act, made["recent"].rule) == ("hold", "CN-PIPL-47")
    assert made["recent"].at == START - 50 * DAY + 1826 * DAY
    assert (made["open"].act, made["open"].at) == ("hold", None)
    assert made["o1"].act == "delete"


def test_the_us_grants_no_erasure_before_items_are_obsolete() -> None:
    made = fates("US", OLD, RECENT, ORDER)
    assert made["old"].act == "delete"
    assert (made["recent"].act, made["recent"].at) == ("hold", START - 100 * DAY + 2556 * DAY)
    assert (made["o1"].act, made["o1"].rule, made["o1"].at) == ("hold", "US-ERASURE", None)


def test_a_running_business_holds_its_own_record_until_its_end() -> None:
    own = frozenset({ORDER.name})
    short = Keep("hold:order_running", START + 5 * DAY, own)
    long = Keep("US-REGB-12", START + 9 * DAY, own)
    made = fates("EU", RECENT, ORDER, keeps=(long, short))
    assert (made["o1"].act, made["o1"].rule, made["o1"].at) == ("hold", long.rule, long.until)
    assert made["recent"].act == "delete"
    over = Keep("hold:order_running", START, own)
    assert fates("EU", ORDER, keeps=(over,))["o1"].act == "delete"
    everything = Keep("hold:overdue", START + DAY)
    assert fates("EU", RECENT, keeps=(everything,))["recent"].act == "hold"


def test_no_business_holds_what_is_past_its_horizon() -> None:
    assert fates("CN", OLD, keeps=(Keep("hold:overdue", START + DAY),))["old"].act == "delete"


@given(
    st.sampled_from(["plain", "CN", "EU", "US"]),
    st.lists(st.tuples(st.integers(0, 5000), st.one_of(st.none(), st.integers(0, 5000)))),
)
def test_every_record_has_one_fate_and_a_hold_ends_later_than_the_request(
    code: str, made: list[tuple[int, int | None]]
) -> None:
    entries = [breach(str(i), *days) for i, days in enumerate(made)]
    law = jurisdiction(code)
    decided = erasure(entries, law, requested_at=START)
    assert [fate.record for fate in decided] == [entry.record for entry in entries]
    gone = {fate.record for fate in obsolete(entries, law, START)}
    for fate in decided:
        if fate.act == "hold":
            assert fate.at is None or fate.at > START
            assert fate.record not in gone


# --- the proof ---------------------------------------------


def test_the_proof_holds_counts_and_keyed_hashes_and_no_data() -> None:
    made = tuple(fates("EU", OLD, RECENT, ORDER).values())
    proof = erasure_proof(made, subject="s-of-ada", key=KEY, done_at=START)
    text = json.dumps(proof)
    for word in ("s-of-ada", "recent", "o1", "shop"):
        assert word not in text
    assert proof["counts"] == [
        {"rule": "EU-GDPR-17", "kind": "breach", "records": 2},
        {"rule": "EU-GDPR-17", "kind": "order", "records": 1},
    ]
    assert erasure_proof(reversed(made), subject="s-of-ada", key=KEY, done_at=START) == proof
    fewer = erasure_proof(made[1:], subject="s-of-ada", key=KEY, done_at=START)
    assert fewer["records"] != proof["records"]
    other = erasure_proof(made, subject="s-of-bob", key=KEY, done_at=START)
    assert other["subject"] != proof["subject"]


def test_a_proof_needs_a_key_and_something_deleted() -> None:
    held = tuple(fates("US", ORDER).values())
    with pytest.raises(InvalidInput, match="something that was deleted"):
        erasure_proof(held, subject="s", key=KEY, done_at=START)
    with pytest.raises(InvalidInput, match="16 bytes"):
        erasure_proof(held, subject="s", key=b"short", done_at=START)
