"""Report: write each family's validation as numbers and as a page."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from benne.app._validation import validation
from benne.app.stores._files import write_whole

if TYPE_CHECKING:
    from benne.app.stores import Progress
    from benne.app.wiring import Session

Render: TypeAlias = Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Reported:
    """The files that were written, and what stands foremost in them."""

    pages: tuple[Path, ...]
    headlines: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """What was found, and where to read it."""
        yield from self.headlines
        for page in self.pages:
            yield f"open {page}"


def report(session: Session, tell: Progress, *, render: Render) -> Reported:
    """Write ``reports/<family>.html`` and ``reports/<family>.json`` for each trained family.

    The first family's numbers also stand as ``reports/validation.json``.

    Raises:
        NotFound: a family was not trained yet.
    """
    pages, headlines = [], []
    folder = session.workspace.reports
    families = session.workspace.model.families
    with session.lake(read_only=True) as lake:
        for number, name in enumerate(families):
            tell("report", number, len(families))
            found = validation(session, lake, name)
            text = json.dumps(found, indent=1, allow_nan=False, ensure_ascii=False)
            write_whole(folder / f"{name}.json", text)
            if not number:
                write_whole(folder / "validation.json", text)
            write_whole(folder / f"{name}.html", render(found))
            pages.append(folder / f"{name}.html")
            headlines.append(_headline(name, found))
        tell("report", len(families), len(families))
    return Reported(tuple(pages), tuple(headlines))


def _headline(name: str, found: Mapping[str, Any]) -> str:
    if found["auc"] is None:
        return f"{name}: AUC not known, {found['auc_why']}"
    interval = ""
    if found["auc_low"] is not None:
        interval = f" ({found['auc_low']:.4f} to {found['auc_high']:.4f})"
    return (
        f"{name}: AUC {found['auc']:.4f}{interval}, Gini {found['gini']:.4f}, "
        f"KS {found['ks']:.4f}, out of fold, on the issued score"
    )
