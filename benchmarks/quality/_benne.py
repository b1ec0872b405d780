"""Benne's own methods: the strict and the paired additive model, and the points card.

The additive models try two settings on the inner split, with the directions of the columns bound
and unbound, where the set has directions and 30,000 rows or fewer; on larger sets they are bound.
All else is chosen by inner folds of the fit itself, of which a trial makes two.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import benne.models
from benchmarks.quality._rivals import Fitted, Fold, Method, Settings
from benne.models import AdditiveModel, PointsCard
from benne.scores import family, points

STRICT = "benne_strict"
MADE_BY = (
    "_additive", "_artefact", "_columns", "_designs", "_fitting", "_folds", "_learners", "_lower",
    "_points", "_segments", "_shape", "_sheet", "_spline", "_tables",
)  # fmt: skip
"""The modules of ``benne.models`` that fit and score; the rest checks, prints and translates."""


@dataclass
class Scored:
    """A Benne model; it also issues scores."""

    model: Any
    trees: int | None = None

    def probability(self, rows: pd.DataFrame) -> np.ndarray:
        """The probability of bad."""
        return np.asarray(self.model.predict_proba(rows))[:, 1]

    def score(self, rows: pd.DataFrame) -> np.ndarray:
        """The issued integer score, 350 to 950."""
        return points(self.model.contributions(rows), family("sesame")).score

    def size_bytes(self) -> int:
        """Bytes of the artefact as JSON."""
        return len(self.model.artefact_.to_json())

    def chosen(self) -> object:
        """What the inner folds chose."""
        return self.model.artefact_.about.get("decks")


def _fit(make: Callable[..., Any]) -> Callable[[Fold, Settings], Fitted]:
    def fit(fold: Fold, settings: Settings) -> Fitted:
        lighter = {"n_inner_folds": 2} if fold.trial else {}
        model = make(fold.columns, random_state=fold.seed, n_threads=1, **settings, **lighter)
        return Scored(model.fit(fold.rows, fold.bad, groups=fold.group))

    return fit


def own() -> tuple[Method, ...]:
    """The three; a version covers the code of ``benne.models`` that fits and scores."""
    folder = Path(benne.models.__file__).parent
    code = "".join((folder / f"{name}.py").read_text(encoding="utf-8") for name in MADE_BY)
    asked: dict[str, tuple[Callable[..., Any], tuple[Settings, ...]]] = {
        STRICT: (AdditiveModel, _directed_or_not("strict")),
        "benne_paired": (AdditiveModel, _directed_or_not("paired")),
        "benne_points": (PointsCard, ({},)),
    }
    return tuple(
        Method(
            name,
            settings,
            _fit(make),
            sha256((code + json.dumps(settings) + make.__name__).encode()).hexdigest()[:12],
            large=1,
        )
        for name, (make, settings) in asked.items()
    )


def _directed_or_not(form: str) -> tuple[Settings, ...]:
    both = ({"monotone": True}, {"monotone": False})
    return tuple({"form": form, "segments": "auto", **bound} for bound in both)
