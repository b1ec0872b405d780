"""What a feature may say of its kinds, and what is refused, with what there is instead."""

from __future__ import annotations

import pytest

from benne.evidence import ColumnSpec, Kind, standard_kinds
from benne.features import Aggregate, Direction, Feature, atom, check, plan
from benne.kernel import Expression, InvalidInput, as_of, col, days_between

KINDS = {kind.name: kind for kind in standard_kinds()}


def a_feature(
    value: Expression, *, tags: tuple[str, ...] = (), category: bool = False, name: str = "made"
) -> Feature:
    return Feature(
        name=name,
        value=value,
        unit="number",
        resolution=1.0,
        direction=Direction.EITHER,
        says="Made for a test",
        reason_family="made",
        absent="a bin of its own",
        actionable=False,
        tags=frozenset(tags),
        category=category,
    )


COUNT, SUM, LATEST = Aggregate.COUNT, Aggregate.SUM, Aggregate.LATEST
BALANCE, NUMBER = col("balance_minor"), col("number")
OF_NUMBER = "a double may only go into min, max, latest and first"
REFUSED: dict[str, tuple[Expression, str]] = {
    "unknown kind": (atom("loan", COUNT), "unknown kind 'loan'; there are account, activity"),
    "unknown column": (
        atom("statement", SUM, col("balance")),
        "'statement' has no column 'balance' that a feature may read; there are account, balance_m",
    ),
    "protected column": (atom("profile", LATEST, col("sex")), "column 'sex' .* is protected"),
    "what is known only later": (
        atom("statement", COUNT, where=col("superseded_at") > as_of),
        "no column 'superseded_at'",
    ),
    "who it is": (atom("statement", Aggregate.DISTINCT, col("subject")), "no column 'subject'"),
    "sum of a text": (atom("statement", SUM, col("status")), "sum takes int; its value .* text"),
    "sum of a double": (atom("attribute", SUM, NUMBER), OF_NUMBER),
    "mean of a ratio": (atom("statement", Aggregate.MEAN, BALANCE / 2), OF_NUMBER),
    "distinct doubles": (atom("attribute", Aggregate.DISTINCT, NUMBER), OF_NUMBER),
    "sum of nothing": (atom("statement", SUM), "sum over 'statement' needs a value"),
    "a filter that is no condition": (atom("statement", COUNT, where=BALANCE), "be a condition"),
    "looking ahead": (atom("statement", COUNT, ahead=30), "'statement' is not known ahead"),
    "no window": (atom("statement", COUNT, days=0), "1 to 36525 days; got 0"),
    "unknown state": (atom("statement", COUNT, state_by="card"), "no column 'card'"),
    "no quantile": (atom("statement", Aggregate.QUANTILE, BALANCE), "takes q_permille"),
    "beyond 1000": (
        atom("statement", Aggregate.QUANTILE, BALANCE, q_permille=1001),
        "0 to 1000; got 1001",
    ),
    "an instant": (
        atom("statement", LATEST, col("period_end")),
        "latest takes float or int or text; its value over 'statement' is instant",
    ),
    "a condition": (atom("statement", COUNT) > 3, "must be a number; it is bool"),
    "a text that is no category": (atom("statement", LATEST, col("status")), "must be a number"),
    "a column outside an atom": (BALANCE + atom("statement", COUNT), "must stand inside an atom"),
    "no evidence": (days_between(as_of, as_of), "got no kind at all"),
    "three domains": (
        atom("statement", COUNT) + atom("means", COUNT) + atom("activity", COUNT),
        "one domain, or of two",
    ),
    "a declared variable without a domain": (
        atom("attribute", LATEST, NUMBER),
        "tag the feature with one of domain:identity",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_feature_that_does_not_fit_is_refused(name: str) -> None:
    value, message = REFUSED[name]
    with pytest.raises(InvalidInput, match=f"feature 'made': .*{message}"):
        check(a_feature(value), KINDS)


def test_domains_are_computed_and_two_make_a_pair() -> None:
    one = check(a_feature(atom("statement", COUNT)), KINDS)
    assert (one.domains, one.paired, one.type) == (("history",), False, "int")
    two = check(a_feature(atom("means", COUNT) / atom("statement", COUNT)), KINDS)
    assert (two.domains, two.paired, two.type) == (("history", "fulfilment"), True, "float")
    declared = check(a_feature(atom("attribute", LATEST, NUMBER), tags=("domain:network",)), KINDS)
    assert declared.domains == ("network",)


def test_a_category_is_text() -> None:
    text = a_feature(atom("profile", LATEST, col("region")), category=True)
    assert check(text, KINDS).type == "text"
    with pytest.raises(InvalidInput, match="must be text; it is int"):
        check(a_feature(atom("profile", COUNT), category=True), KINDS)


def test_a_declared_kind_is_read_like_any_other() -> None:
    kind = Kind("visit", "behaviour", "A visit", "at", (ColumnSpec("at", "instant"),), ahead=True)
    assert check(a_feature(atom("visit", COUNT, ahead=7)), {"visit": kind}).domains == (
        "behaviour",
    )


def test_two_features_of_one_name_are_refused() -> None:
    twice = a_feature(atom("statement", COUNT))
    with pytest.raises(InvalidInput, match="'made' is there twice"):
        plan([twice, twice], KINDS.values())
