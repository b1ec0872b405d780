"""Use cases: a function each, where rooms, stores and clock meet.

The names are loaded when they are first used, so that a door opens at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from benne.app._build import Built, build
    from benne.app._compare import ComparedScores, compare_scores
    from benne.app._explain import explain
    from benne.app._features import Featured, make_features
    from benne.app._quarantine import (
        Aside,
        quarantine_list,
        quarantine_mend,
        quarantine_replay,
    )
    from benne.app._report import Reported, report
    from benne.app._score import answer_json, answer_line, score
    from benne.app._society import SocietyWritten, parse_changes, write_society
    from benne.app._steps import Ingested, ingest_workspace
    from benne.app._train import Trained, train
    from benne.app.wiring import Session, session
    from benne.scores import (
        Answer,
        Erased,
        NoConsent,
        NotEnoughEvidence,
        Score,
        Unavailable,
    )

_HOMES = {
    "benne.app._build": ("Built", "build"),
    "benne.app._compare": ("ComparedScores", "compare_scores"),
    "benne.app._explain": ("explain",),
    "benne.app._features": ("Featured", "make_features"),
    "benne.app._quarantine": (
        "Aside", "quarantine_list", "quarantine_mend", "quarantine_replay",
    ),
    "benne.app._report": ("Reported", "report"),
    "benne.app._score": ("answer_json", "answer_line", "score"),
    "benne.app._society": ("SocietyWritten", "parse_changes", "write_society"),
    "benne.app._steps": ("Ingested", "ingest_workspace"),
    "benne.app._train": ("Trained", "train"),
    "benne.app.wiring": ("Session", "session"),
    "benne.scores": (
        "Answer", "Erased", "NoConsent", "NotEnoughEvidence", "Score", "Unavailable",
    ),
}  # fmt: skip
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Answer",
    "Aside",
    "Built",
    "ComparedScores",
    "Erased",
    "Featured",
    "Ingested",
    "NoConsent",
    "NotEnoughEvidence",
    "Reported",
    "Score",
    "Session",
    "SocietyWritten",
    "Trained",
    "Unavailable",
    "answer_json",
    "answer_line",
    "build",
    "compare_scores",
    "explain",
    "ingest_workspace",
    "make_features",
    "parse_changes",
    "quarantine_list",
    "quarantine_mend",
    "quarantine_replay",
    "report",
    "score",
    "session",
    "train",
    "write_society",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME_OF:
        raise AttributeError(f"benne.app has no {name!r}")
    return getattr(import_module(_HOME_OF[name]), name)
