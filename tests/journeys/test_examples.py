"""The example workspaces: every mapping reads the public data it is made for.

What the publishers' tables hold that breaks a rule is stated here and explained in the README of
the example; anything else that ingest finds is a failure.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benne.app.settings import Workspace, read_workspace
from benne.app.stores import BatchReport, Lake, Sources, run_select
from benne.evidence import Mapping, parse_mapping
from benne.features.catalogue import attribute_features, standard_catalogue
from benne.kernel import parse_instant

EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = parse_instant("2026-01-01")
KEY = b"a key for tests only" * 2

EXPECTED: dict[str, dict[str, int]] = {}
"""For an example, how many findings of each code its README explains."""

POPULATION = {
    "superlender": {"bad": 696, "good": 2496},
    "taiwan": {"bad": 6636, "good": 23364},
    "gmsc": {"bad": 10026, "good": 139974},
    "german": {"bad": 300, "good": 700},
    "homecredit": {"bad": 412, "good": 4588},
    "berka": {"bad": 76, "good": 606},
}
"""For each example whose outcomes are given, its observations by outcome."""

FOLDERS = {"homecredit_schema_only": "homecredit/schema_only"}
"""Where an example's files lie in the folder of all public data, if not by its name."""


def workspace_of(example: str) -> Workspace:
    return read_workspace(EXAMPLES / example)


def mappings_of(workspace: Workspace) -> list[Mapping]:
    return [
        parse_mapping(path.read_text(encoding="utf-8"), where=str(path), kinds=workspace.kinds)
        for path in workspace.mappings
    ]


def sources_of(workspace: Workspace, data: Path) -> Sources:
    folder = data / FOLDERS.get(workspace.folder.name, workspace.folder.name)
    return {alias: sorted(folder.glob(pattern)) for alias, pattern in workspace.files.items()}


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
    assert mappings_of(workspace)
    attribute_features(workspace.attributes)


@pytest.mark.parametrize("example", every_example())
def test_features_that_an_example_drops_are_in_the_catalogue(example: str) -> None:
    workspace = workspace_of(example)
    known = {feature.name for feature in standard_catalogue(workspace.kinds)}
    assert set(workspace.model.drop_features) <= known | set(workspace.attributes)


@pytest.mark.data
@pytest.mark.parametrize("example", every_example())
def test_an_example_is_ingested_without_an_unexpected_finding(
    example: str, data: Path, tmp_path: Path
) -> None:
    workspace = workspace_of(example)
    sources = sources_of(workspace, data)
    assert {alias: len(found) for alias, found in sources.items()} == dict.fromkeys(sources, 1)
    with Lake.open(tmp_path / "lake.duckdb", kinds=workspace.kinds, threads=1) as lake:
        reports = [ingest(lake, mapping, sources, workspace) for mapping in mappings_of(workspace)]
        names = {row["name"] for row in lake.query(NAMES).to_pylist()}
    assert [(r.mapping, f) for r in reports for f in r.failures] == []
    assert all(report.versions_new > 0 for report in reports)
    assert findings_of(reports) == EXPECTED.get(example, {})
    assert names == set(workspace.attributes)


NAMES = "SELECT DISTINCT name FROM evidence_attribute"


def ingest(lake: Lake, mapping: Mapping, sources: Sources, workspace: Workspace) -> BatchReport:
    return lake.ingest(mapping, sources, currency=workspace.currency.code, now=NOW, key=KEY)


def findings_of(reports: list[BatchReport]) -> dict[str, int]:
    found: dict[str, int] = {}
    for report in reports:
        for code, count in report.findings.items():
            found[code] = found.get(code, 0) + count
    return found


@pytest.mark.data
@pytest.mark.parametrize("example", every_example())
def test_an_example_observes_each_person_once_and_knows_the_outcome_later(
    example: str, data: Path, tmp_path: Path
) -> None:
    workspace = workspace_of(example)
    select = (workspace.folder / workspace.observations.sql).read_text(encoding="utf-8")
    table = run_select(select, sources_of(workspace, data), spill=tmp_path)
    rows: list[dict[str, Any]] = table.to_pylist()
    assert len({row["subject"] for row in rows}) == len(rows) > 0
    if workspace.outcome.definition is not None:
        assert "outcome" not in table.column_names
        return
    outcomes = [row["outcome"] for row in rows]
    assert {name: outcomes.count(name) for name in set(outcomes)} == POPULATION[example]
    assert all(str(row["outcome_known_at"]) > str(row["as_of"]) for row in rows)
