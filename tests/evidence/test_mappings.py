"""Mappings say what they are in their first lines, and errors name file and line."""

from __future__ import annotations

from dataclasses import replace

import pytest

from benne.evidence import ADVICE, Finding, parse_mapping, plan_casts, standard_kinds
from benne.kernel import InvalidInput

GOOD = '-- ---\n-- source = "bank"\n-- lag_days = 2\n-- ---\nselect 1'


def parse(text: str, where: str = "mapping/instalment.old.sql") -> object:
    return parse_mapping(text, where=where, kinds=standard_kinds())


def test_a_mapping_is_named_after_its_kind_and_keeps_its_lines() -> None:
    mapping = parse_mapping(
        GOOD, where="mapping/instalment.old.sql", kinds=standard_kinds(), lag_days=9
    )
    assert (mapping.name, mapping.kind.name, mapping.source) == (
        "instalment.old",
        "instalment",
        "bank",
    )
    assert (mapping.historical, mapping.lag_days, mapping.sql) == (False, 2, GOOD)


def test_the_lag_of_the_source_holds_where_the_mapping_states_none() -> None:
    text = GOOD.replace("-- lag_days = 2\n", "")
    mapping = parse_mapping(text, where="means.sql", kinds=standard_kinds(), lag_days=9)
    assert mapping.lag_days == 9


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("select 1", 1, "must start with '-- ---'"),
        ("\n\nselect 1", 3, "must start with"),
        ('-- ---\n-- source = "bank"\nselect 1', 3, "must be a comment; got 'select 1'"),
        ('-- ---\n-- source = "bank"', 2, "must end with"),
        ("-- ---\n-- source = bank\n-- ---\nselect 1", 2, "must be TOML"),
        ('-- ---\n-- source = "bank"\n-- colour = 1\n-- ---\n', 3, "unknown key 'colour'"),
        ("-- ---\n-- historical = true\n-- ---\n", 2, "source must be a name"),
        ('-- ---\n-- source = "My Bank"\n-- ---\n', 2, "got 'My Bank'"),
        ('-- ---\n-- source = "b"\n-- historical = 1\n-- ---\n', 3, "true or false; got 1"),
        ('-- ---\n-- source = "b"\n-- lag_days = -1\n-- ---\n', 3, "0 or more; got -1"),
        ('-- ---\n-- source = "b"\n-- lag_days = true\n-- ---\n', 3, "a whole number of days"),
        ('-- ---\n-- source = "b"\n-- naive_times = "Mars"\n-- ---\n', 3, "a zone"),
        ('-- ---\n-- source = "b"\n-- later = { colour = "x" }\n-- ---\n', 3, "over columns"),
        ('-- ---\n-- source = "b"\n-- later = { account = "due_minor" }\n-- ---\n', 3, "later"),
        ('-- ---\n-- source = "b"\n-- schema = 2\n-- ---\n', 3, "schema must be 1"),
    ],
)
def test_an_error_in_the_front_matter_shows_its_line(text: str, line: int, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        parse(text)
    assert str(caught.value).startswith(f"mapping/instalment.old.sql, line {line}:")
    assert words in str(caught.value)


def test_a_file_that_names_no_kind_is_told_the_kinds() -> None:
    with pytest.raises(InvalidInput, match="got 'instalments'; the kinds are account, activity"):
        parse(GOOD, "instalments.sql")


def test_a_finding_says_what_must_hold_what_came_where_and_what_to_do() -> None:
    finding = Finding(
        "negative", "bank", "means", "income_minor must be 0 or more", "'-5'", "income_minor", 3,
        "m3", "means.sql",
    )  # fmt: skip
    assert str(finding) == (
        "means.sql, row 3 (record m3), column income_minor: income_minor must be 0 or more; "
        "got '-5'; check the sign in the mapping."
    )
    assert all(ADVICE.values())


def test_every_code_of_a_plan_has_its_advice() -> None:
    types = ["VARCHAR", "DOUBLE", "BIGINT", "DECIMAL(9,2)", "TIMESTAMP", "DATE", "INTEGER[]"]
    for kind in standard_kinds():
        mapping = parse_mapping(
            GOOD.replace("lag_days = 2", "historical = true"),
            where=f"{kind.name}.sql",
            kinds=standard_kinds(),
        )
        names = ["record", "subject", "known_at", "cause", "currency"]
        names += [column.name for column in kind.columns]
        for sql_type in types:
            plan, findings = plan_casts(
                mapping, dict.fromkeys(names, sql_type), currency="EUR", now=0
            )
            assert plan is not None and not findings
            assert {rule.code for rule in plan.rules} <= set(ADVICE)


def test_a_plan_is_the_same_text_for_the_same_mapping() -> None:
    mapping = parse_mapping(GOOD, where="means.sql", kinds=standard_kinds())
    returned = {"record": "VARCHAR", "subject": "VARCHAR", "happened_at": "DATE"}
    one, _ = plan_casts(mapping, returned, currency="EUR", now=0)
    two, _ = plan_casts(replace(mapping), returned, currency="EUR", now=0)
    assert one == two
