"""The example workspaces: every mapping reads the public data it is made for.

What the publishers' tables hold that breaks a rule is stated here and explained in the README of
the example; anything else that ingest finds is a failure.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from benne.app._features import Featured, make_features
from benne.app._steps import Ingested, ingest_workspace
from benne.app.settings import Workspace, read_workspace
from benne.app.wiring import session
from benne.evidence import parse_mapping
from benne.features.catalogue import attribute_features, standard_catalogue

EXAMPLES = Path(__file__).parents[2] / "examples"

EXPECTED: dict[str, dict[str, int]] = {}
"""For an example, how many findings of each code its README explains."""

POPULATION = {
    "superlender": {"bad": 696, "good": 2496},
    "taiwan": {"bad": 6636, "good": 23364},
    "gmsc": {"bad": 10026, "good": 139974},
    "german": {"bad": 300, "good": 700},
    "homecredit": {"bad": 412, "good": 4588},
    "berka": {"bad": 76, "good": 606},
    "bitcoin_otc": {"bad": 310, "good": 1584},
}
"""For each example whose outcomes are given, its observations by outcome."""

FOLDERS = {"homecredit_schema_only": "homecredit/schema_only"}
"""Where an example's files lie in the folder of all public data, if not by its name."""


def workspace_of(example: str) -> Workspace:
    return read_workspace(EXAMPLES / example)


def every_example() -> list[str]:
    return sorted(path.parent.name for path in EXAMPLES.glob("*/benne.toml"))


@pytest.mark.parametrize("example", every_example())
def test_an_example_explains_itself(example: str) -> None:
    readme = (EXAMPLES / example / "README.md").read_text(encoding="utf-8")
    assert f"benne build examples/{example} --data DIR" in readme
    for heading in ("## Where the data is", "## How it is mapped", "## What to expect"):
        assert heading in readme, f"examples/{example}/README.md lacks {heading!r}"


@pytest.mark.parametrize("example", every_example())
def test_an_example_has_settings_and_mappings_that_read(example: str) -> None:
    workspace = workspace_of(example)
    assert workspace.mappings
    for path in workspace.mappings:
        parse_mapping(path.read_text(encoding="utf-8"), where=str(path), kinds=workspace.kinds)
    attribute_features(workspace.attributes)


@pytest.mark.parametrize("example", every_example())
def test_features_that_an_example_drops_are_in_the_catalogue(example: str) -> None:
    workspace = workspace_of(example)
    known = {feature.name for feature in standard_catalogue(workspace.kinds)}
    assert set(workspace.model.drop_features) <= known | set(workspace.attributes)


def test_berka_drops_every_feature_that_reads_the_partial_transactions() -> None:
    workspace = workspace_of("berka")
    reads = {f.name for f in standard_catalogue(workspace.kinds) if "transaction" in f.lineage}
    assert set(workspace.model.drop_features) == reads


def silent(_step: str, _done: int, _total: int | None) -> None:
    """Tell nobody."""


def built(example: str, data: Path, folder: Path) -> tuple[Ingested, Featured, set[str]]:
    """What ingest and features did for a copy of the example, and the attributes it holds."""
    workspace = folder / example
    shutil.copytree(EXAMPLES / example, workspace, ignore=shutil.ignore_patterns("*.duckdb*"))
    opened = session(workspace, data=data / FOLDERS.get(example, example))
    ingested = ingest_workspace(opened, silent)
    featured = make_features(opened, silent)
    with opened.lake(read_only=True) as lake:
        names = lake.query("SELECT DISTINCT name FROM evidence_attribute")["name"].to_pylist()
    return ingested, featured, set(names)


@pytest.mark.data
@pytest.mark.parametrize("example", every_example())
def test_an_example_is_ingested_without_an_unexpected_finding(
    example: str, data: Path, tmp_path: Path
) -> None:
    ingested, featured, names = built(example, data, tmp_path)
    workspace = workspace_of(example)
    assert ingested.report.failures == ()
    assert dict(ingested.report.findings) == EXPECTED.get(example, {})
    assert all(batch.versions_new > 0 for batch in ingested.report.batches)
    assert names == set(workspace.attributes)
    assert featured.observed.findings == ()
    assert featured.features > 0
    if workspace.outcome.definition is None:
        assert featured.outcomes == POPULATION[example]
    else:
        assert min(featured.outcomes[word] for word in ("bad", "good")) >= 30


@pytest.mark.data
@pytest.mark.parametrize("example", every_example())
def test_the_files_of_an_example_are_found_from_the_folder_above(example: str, data: Path) -> None:
    for alias, pattern in workspace_of(example).files.items():
        assert len(list(data.glob(pattern))) == 1, f"{alias} = {pattern!r}"
