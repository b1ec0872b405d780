"""Doors: parse, call a use case, render.  Doors do not know each other; here they are hung."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def main() -> None:
    """The command ``benne``: the command line, with the report's page in its hand."""
    from benne.doors import cli

    cli.main(render=_render)


def _render(validation: Mapping[str, Any]) -> str:
    from benne.doors import reports

    return reports.render(validation)


__all__ = ["main"]
