"""Doors: parse, call a use case, render.  Doors do not know each other; here they are hung."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benne.app import Session


def main() -> None:
    """The command ``benne``: the command line, with the report's page in its hand."""
    from benne.doors import cli

    cli.main(render=_render, serve=_serve)


def _render(validation: Mapping[str, Any]) -> str:
    from benne.doors import reports

    return reports.render(validation)


def _serve(session: Session, **asked: Any) -> None:
    from benne.doors import api

    api.serve(session, **asked)


__all__ = ["main"]
