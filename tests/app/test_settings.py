"""A workspace's benne.toml: what is wrong in it is said with its place."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from benne.app.settings import (
    PresenceTable,
    SegmentTable,
    Workspace,
    read_workspace,
    workspace_of,
)
from benne.kernel import InvalidInput

PLAIN = """
schema = 1
[workspace]
name = "small"
currency = "EUR"
[lawful_basis]
basis = "research"
statement = "Published for research."
[files]
loans = "loans.parquet"
[outcome]
says = "90 days past due within a year"
"""


SEGMENT = """
[[model.segments]]
name = 'no history'
when = [{ feature = 'x_days', test = 'absent' }]
"""
OFFER = "[[service.offers]]\nname = 'bank'\nservice = 'rental'\n"
ELSE = "[[model.segments]]\nname = 'rest'\n"


def read(text: str) -> Workspace:
    return workspace_of(tomllib.loads(text), folder=Path("w"), where="benne.toml")


def test_what_is_not_stated_has_its_default() -> None:
    workspace = read(PLAIN)
    assert workspace.model.form == "strict"
    assert workspace.currency.text(1) == "EUR 0.01"
    assert workspace.lake == Path("w/lake.duckdb")


def test_an_outcome_can_be_defined_over_evidence() -> None:
    workspace = read(PLAIN + "definition = { window_days = 365, bad_days_past_due = 60 }")
    assert workspace.outcome.definition is not None
    assert workspace.outcome.definition.bad_days_past_due == 60


def test_segments_can_be_stated() -> None:
    assert read(PLAIN).model.segments is False
    assert read(PLAIN + "[model]\nsegments = true").model.segments is True
    stated = read(PLAIN + SEGMENT + ELSE).model.segments
    assert stated == (
        SegmentTable("no history", (PresenceTable("x_days", "absent"),)),
        SegmentTable("rest"),
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (OFFER + "[service.offers.terms]\ngrace_days = 6", "grace_days must be 7 or more"),
        (OFFER + "[service.offers.terms]\ngrace = 6", "unknown key 'grace'; the keys are charge"),
        (OFFER.replace("service =", "threshold = 600\ncap_minor = 1\n#") +
         "[service.offers.terms]\ngrace_days = 9", "terms of its own must name its service"),
        ("[model]\nfrom = 'strict'", r"\[model\]: unknown key 'from'; the keys are drop_features"),
        ("[model]\nform = 'loose'", r"\[model\]: model.form must be strict or paired"),
        ("[model]\nfolds = 'five'", r"\[model\]: folds must be a whole number; got 'five'"),
        ("[model]\nfolds = true", "folds must be a whole number; got True"),
        ("[model]\nfamilies = 'sesame'", "families must be a list"),
        ("[model]\nsegments = 'auto'", "segments must be true or false or a list; got 'auto'"),
        ("[model]\nsegments = ['thin']", r"segments\[0\] must be a table; got 'thin'"),
        ("[[model.segments]]\nname = 'all'", "two to six groups; got 1"),
        (SEGMENT + SEGMENT, "names of their own"),
        (SEGMENT, "two to six groups; got 1"),
        (SEGMENT + SEGMENT.replace("'no", "'not"), "the last of segments must state no when"),
        (SEGMENT + ELSE.replace("rest", "a") + ELSE, "'a' states none"),
        (SEGMENT.replace("absent", "below") + ELSE, "value goes with at_least and below"),
        (SEGMENT.replace("absent", "rich") + ELSE, "at_least or below; got 'rich'"),
        ("[outcome.definition]\nwindow_days = 90\nentry_kind = 'loan'",
         "entry_kind must be a kind of evidence .*; got 'loan'"),
        ("[surprise]\na = 1", "unknown key 'surprise'"),
        ("[rights]\njurisdiction = 'NG'", r"\[rights\]: a jurisdiction must be one of plain, CN"),
        ("[rights]\nserves = ['marketing']", r"\[rights\]: a model must serve some of"),
        ("[rights]\nlicence = 'x'", r"\[rights\]: unknown key 'licence'"),
        ("[attributes.age]\ndomain = 'money'", r"\[attributes.age\]: domain must be one of"),
        ("[kind.account]\ndomain = 'history'\nsays = 's'\nwindow = 't'\n"
         "columns.t = { type = 'instant' }", "'account' is a standard kind"),
        ("[kind.toll]\ndomain = 'behaviour'\nsays = 's'\nwindow = 't'\n"
         "columns.t = { type = 'when' }", "type must be one of"),
        ("[kind.Toll]\ndomain = 'behaviour'", "must be of small letters a to z"),
        ("[kind.toll]\ndomain = 'behaviour'\nsays = 's'\nwindow = 't'\ncolumns = 5",
         "columns must be a table; got 5"),
        ("[kind.toll]\ndomain = 'behaviour'\nsays = 's'\nwindow = 't'\n"
         "columns.t = { type = 'instant' }\ncolumns.T = { type = 'text' }", "'t' is there twice"),
        ("[kind.toll]\ndomain = 'behaviour'\nsays = 's'\nwindow = 't'\n"
         "columns.t = { type = 'instant' }\ncolumns.of = { type = 'text', refers = 'car' }",
         "of.refers must name a kind .*; got 'car'"),
        ("[kind.toll]\ndomain = 'behaviour'\nsays = 's'\nwindow = 't'\n"
         "columns.t = { type = 'instant', required = 'yes' }", "required must be true or false"),
        ("[outcome.definition]\nwindow_days = 90\nobserved_until = 'June'", "ISO 8601"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_named_with_its_place(line: str, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        read(PLAIN + "\n" + line)


@pytest.mark.parametrize("gone", ["[workspace]", "[lawful_basis]", "[files]", "[outcome]"])
def test_a_missing_table_is_named(gone: str) -> None:
    document = tomllib.loads(PLAIN)
    del document[gone.strip("[]")]
    with pytest.raises(InvalidInput, match="is missing; a workspace must state it"):
        workspace_of(document, folder=Path("w"), where="benne.toml")


def test_a_newer_schema_is_refused() -> None:
    with pytest.raises(InvalidInput, match="schema must be 1; got 2"):
        read(PLAIN.replace("schema = 1", "schema = 2"))


def test_a_folder_without_one_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="has none; start from one of examples"):
        read_workspace(tmp_path)
    (tmp_path / "benne.toml").write_text("schema = ")
    with pytest.raises(InvalidInput, match="must be TOML"):
        read_workspace(tmp_path)
