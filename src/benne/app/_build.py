"""Build: the whole loop of a workspace, from its files to its report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benne.app._features import make_features
from benne.app._report import Render, report
from benne.app._score import answer_json, score
from benne.app._steps import ingest_workspace
from benne.app._train import train
from benne.app.stores._files import write_lines_whole
from benne.scores import family as family_named

if TYPE_CHECKING:
    from benne.app.stores import Progress
    from benne.app.wiring import Session


@dataclass(frozen=True, slots=True)
class Built:
    """What a build says at its end, step by step."""

    said: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """Everything, in the order in which it was done."""
        yield from self.said


def build(session: Session, tell: Progress, *, render: Render) -> Built:
    """Ingest, look, train, score everybody, report.

    Scores are written to ``reports/<family>.scores.jsonl``, an answer a line, without levers,
    which ``benne score`` works out.  Raises what the steps raise; what a step finished stays.
    """
    for name in session.workspace.model.families:
        family_named(name)  # an unknown one is refused before the long work, not after it
    said = [*ingest_workspace(session, tell).lines(), *make_features(session, tell).lines()]
    said += train(session, tell).lines()
    for name in session.workspace.model.families:
        path, answers = write_scores(session, tell, name)
        said.append(f"{answers:,} {name} answers in {path}")
    said += report(session, tell, render=render).lines()
    return Built(tuple(said))


def write_scores(session: Session, tell: Progress, family: str) -> tuple[Path, int]:
    """Write everybody's answer as last observed; the file and how many they are."""
    path = session.workspace.reports / f"{family}.scores.jsonl"
    answers = score(session, tell, family=family, with_levers=False)
    written = write_lines_whole(path, (json.dumps(answer_json(a)) for a in answers))
    return path, written
