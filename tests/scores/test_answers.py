"""Every answer is typed, and only a score carries a number."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import benne.scores as room
from benne.kernel import DOMAINS, InvalidInput, NotFound, NotPermitted
from benne.scores import (
    FAMILIES,
    Erased,
    NoConsent,
    NotEnoughEvidence,
    Score,
    Unavailable,
    family,
    family_from,
    to_json,
)

KEYS = [
    "schema", "family", "subject", "as_of", "answer", "score", "band", "base_points",
    "domain_points", "limit_points", "reasons", "levers", "artefact",
]  # fmt: skip

SCORE = Score(
    family="sesame", subject="s1", as_of=0, score=645, band="good", base_points=640,
    domain_points=dict(zip(DOMAINS, (1, 2, 3, -1, 0), strict=True)), limit_points=0,
    artefact="ab", levers=(),
)  # fmt: skip
OTHERS = [
    NotEnoughEvidence("sesame", "s1", 0, "A score needs two records.", ("one more record",)),
    NoConsent("sesame", "s1", 0, "No consent is in force."),
    Unavailable("sesame", "s1", 0, "The store is being moved."),
    Erased("sesame", "s1", 0, "Five years have passed.", 0),
]


def test_a_score_is_one_object_with_these_keys():
    document = to_json(SCORE)
    assert list(document) == KEYS
    assert document["as_of"] == "1970-01-01T00:00:00Z"
    assert json.loads(json.dumps(document)) == document


def test_levers_that_nobody_asked_for_do_not_look_like_none_that_help():
    document = to_json(replace(SCORE, levers=None))
    assert (document["levers"], document["levers_why"]) == ([], "They were not asked for.")


@pytest.mark.parametrize("answer", OTHERS, ids=lambda a: type(a).__name__)
def test_what_is_not_a_score_carries_no_number(answer):
    document = to_json(answer)
    assert set(KEYS) <= set(document)
    numbers = {k for k, v in document.items() if isinstance(v, int | float | dict)}
    assert numbers == {"schema"}
    nulls = {key for key, value in document.items() if value is None}
    assert {f"{key}_why" for key in nulls} == {k for k in document if k.endswith("_why")}


def test_a_withheld_domain_is_listed_and_has_exactly_no_points():
    assert to_json(replace(SCORE, withheld=("network",)))["withheld"] == ["network"]
    with pytest.raises(InvalidInput, match="behaviour"):
        replace(SCORE, withheld=("behaviour",))


def test_parts_that_do_not_add_up_are_refused():
    with pytest.raises(InvalidInput, match="add up"):
        replace(SCORE, limit_points=1)


@pytest.mark.parametrize(
    ("name", "edges"), [("sesame", [550, 600, 650, 700]), ("bureau", [580, 670, 740, 800])]
)
def test_bands_begin_where_the_published_ones_do(name, edges):
    mine = family(name)
    assert [band.lowest for band in mine.bands[1:]] == edges
    for edge in edges:
        assert mine.band(edge - 1) != mine.band(edge)
    with pytest.raises(InvalidInput, match="runs from"):
        mine.band(mine.scale.highest + 1)


def document() -> dict:
    return {
        "schema": 1, "name": "mine", "says": "x", "dimension": "domain",
        "scale": {"anchor_points": 5, "anchor_odds": 1, "pdo": 1, "lowest": 0, "highest": 10},
        "bands": {"low": 0, "high": 5}, "dimensions": dict.fromkeys(DOMAINS, "x"),
        "scorable": {"rule": "enough_evidence", "records": 1, "sources": 1, "span_days": 0},
        "reasons": {"at_most": 4, "also": []},
    }  # fmt: skip


def test_a_family_is_data_and_its_mistakes_are_named():
    assert family_from(document(), where="mine.toml").band(5) == "high"
    wrong = [
        ({"schema": 2}, "schema must be 1"),
        ({"colour": "red"}, "'colour' is unknown"),
        ({"bands": {"low": 1}}, "must rise from 0"),
        ({"bands": {"low": 0, "high": 11}}, "begins above"),
        ({"dimension": "month"}, "domain or factor"),
        ({"dimensions": {"identity": "x"}}, "must be identity"),
        ({"scorable": {"rule": "none"}}, "enough_evidence or credit_file"),
        ({"scorable": {"rule": "credit_file"}}, "missing"),
        ({"scorable": {"rule": "enough_evidence", "records": 0, "sources": 1, "span_days": 0}},
         "at least one record"),
    ]  # fmt: skip
    for change, message in wrong:
        with pytest.raises(InvalidInput, match=message):
            family_from({**document(), **change}, where="mine.toml")
    with pytest.raises(NotFound, match="sesame, bureau"):
        family("zodiac")
    with pytest.raises(NotPermitted, match="may have no consequence"):
        family("conduct")


def test_every_family_reads_back():
    assert [family(name).name for name in FAMILIES] == list(FAMILIES)


def test_the_front_door_is_whole():
    assert len(set(room.__all__)) == len(room.__all__)
    assert all(hasattr(room, name) for name in room.__all__)
