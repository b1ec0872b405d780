"""The standard catalogue: every feature is complete, and says what it means."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pytest

from benne.evidence import standard_kinds
from benne.features import Ahead, Direction, Feature, Past
from benne.features.catalogue import (
    FACTORS,
    UNITS,
    attribute_features,
    standard_catalogue,
    unit_of,
)
from benne.kernel import DOMAINS, Call, Column, Expression, InvalidInput, type_of

KINDS = {kind.name: kind for kind in standard_kinds()}
CATALOGUE = standard_catalogue(standard_kinds())
WINDOWS = {30, 90, 180, 365, 730}
DOMAINS_COVERED = set(DOMAINS)


def each(features: tuple[Feature, ...] = CATALOGUE) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("feature", features, ids=lambda feature: feature.name)


def domains_of(feature: Feature) -> set[str]:
    return {KINDS[kind].domain for kind in feature.own_kinds}


def test_there_are_at_least_120_features_with_names_of_their_own() -> None:
    assert len(CATALOGUE) >= 150
    assert [name for name, n in Counter(f.name for f in CATALOGUE).items() if n > 1] == []


def test_no_two_features_are_the_same_number() -> None:
    values = Counter(feature.value for feature in CATALOGUE)
    twice = [f.name for f in CATALOGUE if values[f.value] > 1]
    assert twice == []


def test_no_two_features_say_the_same() -> None:
    said = Counter(feature.says for feature in CATALOGUE)
    assert [text for text, n in said.items() if n > 1] == []


def test_all_kinds_of_the_five_domains_are_read_and_no_other() -> None:
    read = {kind for feature in CATALOGUE for kind in feature.lineage}
    assert read == {name for name, kind in KINDS.items() if kind.domain in DOMAINS_COVERED}


def test_all_windows_are_used() -> None:
    days = {a.window.days for f in CATALOGUE for a in f.atoms if isinstance(a.window, Past)}
    ahead = {a.window.days for f in CATALOGUE for a in f.atoms if isinstance(a.window, Ahead)}
    assert days >= WINDOWS
    assert ahead >= {30, 90}


@pytest.mark.parametrize("factor", FACTORS)
def test_each_fico_factor_has_three_features_of_history_alone(factor: str) -> None:
    of_factor = [f for f in CATALOGUE if f"factor:{factor}" in f.tags]
    assert len(of_factor) >= 3
    assert all(domains_of(feature) == {"history"} for feature in of_factor)


def test_a_feature_of_history_alone_is_of_exactly_one_factor() -> None:
    for feature in CATALOGUE:
        factors = [tag for tag in feature.tags if tag.startswith("factor:")]
        assert len(factors) == (domains_of(feature) == {"history"}), feature.name


@each()
def test_a_feature_is_complete(feature: Feature) -> None:
    assert lacks(feature) == []


@each()
def test_a_value_fits_the_columns_of_its_kinds(feature: Feature) -> None:
    for atom in feature.atoms:
        types = KINDS[atom.kind].types
        if atom.where is not None:
            assert type_of(atom.where, types) == "bool"
        if atom.value is not None:
            assert type_of(atom.value, types) is not None


@each()
def test_a_feature_never_reads_a_protected_column(feature: Feature) -> None:
    for atom in feature.atoms:
        groups = {c.name for c in KINDS[atom.kind].columns if c.group}
        assert not groups & (columns_of(atom.value) | columns_of(atom.where))


def columns_of(node: Expression | None) -> set[str]:
    if isinstance(node, Column):
        return {node.name}
    if isinstance(node, Call):
        return set().union(*map(columns_of, node.arguments))
    return set()


def lacks(feature: Feature) -> list[str]:
    """What the declaration of ``feature`` lacks, in words."""
    says = feature.says
    checks = {
        "a name of small letters, digits and _": feature.name.isidentifier()
        and feature.name == feature.name.lower(),
        "the unit last in its name": feature.name.endswith(f"_{feature.unit}"),
        "a known unit": feature.unit in UNITS,
        "a positive resolution": feature.resolution > 0,
        "a direction": isinstance(feature.direction, Direction),
        "a sentence a person understands": len(says) >= 3
        and says[0].isupper()
        and not says.endswith((".", " "))
        and "{" not in says
        and "_" not in says,
        "a reason family": feature.reason_family.isidentifier(),
        "a meaning of absence": len(feature.absent) > 10,
        "a kind that it reads": len(feature.lineage) > 0,
        "no expectation of a category": not feature.category
        or feature.direction is Direction.EITHER,
    }
    return [what for what, holds in checks.items() if not holds]


GOOD_WORDS = ("kept", "matches", "matched", "early", "prepaid", "tenure", "available")
BAD_WORDS = ("late", "missed", "overdue", "default", "unsettled", "mismatch", "over_limit")


def test_directions_are_sensible() -> None:
    for feature in CATALOGUE:
        words = set(feature.name.split("_"))
        if "recency" in words or feature.direction is Direction.EITHER:
            continue
        if words & set(BAD_WORDS):
            assert feature.direction is Direction.RAISES_RISK, feature.name
        if words & set(GOOD_WORDS):
            assert feature.direction is Direction.LOWERS_RISK, feature.name


def test_what_law_cares_about_is_tagged() -> None:
    tags = {feature.name: feature.tags for feature in CATALOGUE}
    assert "age" in tags["age_years"]
    assert "education" in tags["education_category"]
    assert "location" in tags["region_category"]
    for feature in CATALOGUE:
        if "means" in feature.lineage:
            assert "sensitive-fin" in feature.tags, feature.name


def test_a_feature_whose_kind_is_absent_is_left_out() -> None:
    some = standard_catalogue([KINDS["profile"], KINDS["account"]])
    assert {kind for f in some for kind in f.lineage} == {"profile", "account"}
    assert standard_catalogue([]) == ()


def test_a_name_must_end_in_a_unit() -> None:
    with pytest.raises(InvalidInput, match="must end in one of"):
        unit_of("delay")


@dataclass(frozen=True)
class Said:
    domain: str = "history"
    says: str = ""
    direction: str = "raises_risk"
    resolution: float | None = None
    specials: tuple[float, ...] = ()
    category: bool = False
    group: bool = False
    unit: str = ""
    tags: tuple[str, ...] = ()
    actionable: bool = False
    reason_family: str = ""


def test_a_declared_attribute_is_a_feature_of_its_name_and_domain() -> None:
    late, purpose = attribute_features(
        {
            "times_late": Said(specials=(96.0, 98.0), resolution=1.0),
            "purpose": Said("behaviour", direction="either", category=True),
            "sex": Said("identity", group=True),
        }
    )
    assert (late.name, late.says, late.resolution) == ("times_late", "times late", 1.0)
    assert late.lineage == ("attribute",)
    assert late.tags == {"domain:history"}
    assert purpose.category
    assert purpose.unit == "category"


@pytest.mark.parametrize(
    "said", [Said("nowhere"), Said(resolution=0.0), Said(category=True, specials=(1.0,))]
)
def test_an_attribute_that_does_not_fit_is_refused(said: Said) -> None:
    with pytest.raises(InvalidInput, match="attribute 'x'"):
        attribute_features({"x": said})
