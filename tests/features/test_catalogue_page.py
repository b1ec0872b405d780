"""The generated reference pages are what the code says."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest

from benne.evidence import standard_kinds
from benne.features.catalogue import standard_catalogue

DOCS = Path(__file__).parents[2] / "docs"
PAGES = runpy.run_path(str(DOCS / "generate.py"))["PAGES"]


@pytest.mark.parametrize("page", PAGES)
def test_a_generated_page_is_not_stale(page: str) -> None:
    written = (DOCS / page).read_text(encoding="utf-8")
    assert written == PAGES[page](), f"docs/{page} is stale; run python docs/generate.py"


def test_every_feature_has_its_line() -> None:
    page = (DOCS / "reference/features.md").read_text(encoding="utf-8")
    for feature in standard_catalogue(standard_kinds()):
        assert f"| `{feature.name}` | {feature.says} |" in page
