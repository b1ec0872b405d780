"""Benne's own methods: the strict and the paired additive model, and the points card.

Each uses one setting, its defaults: what it chooses, it chooses by inner folds of the fit itself.
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
        model = make(fold.columns, random_state=fold.seed, n_threads=1, **settings)
        return Scored(model.fit(fold.rows, fold.bad, groups=fold.group))

    return fit


def own() -> tuple[Method, ...]:
    """The three; a version covers all code of ``benne.models``."""
    folder = Path(benne.models.__file__).parent
    code = "".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.py")))
    asked: dict[str, tuple[Callable[..., Any], Settings]] = {
        STRICT: (AdditiveModel, {"form": "strict", "segments": "auto"}),
        "benne_paired": (AdditiveModel, {"form": "paired", "segments": "auto"}),
        "benne_points": (PointsCard, {}),
    }
    return tuple(
        Method(
            name,
            (settings,),
            _fit(make),
            sha256((code + json.dumps(settings) + make.__name__).encode()).hexdigest()[:12],
        )
        for name, (make, settings) in asked.items()
    )
