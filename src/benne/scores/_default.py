"""The probability of default: a monotone table of the issued score, for one outcome."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benne.kernel import Corrupt, InvalidInput, Json
from benne.scores._scale import Ints

Floats: TypeAlias = NDArray[np.float64]

SCHEMA = 1
_KEYS = {"schema", "family", "outcome", "scores", "probabilities"}


@dataclass(frozen=True, slots=True)
class DefaultTable:
    """Steps: from ``scores[i]`` up to the next one, the outcome has ``probabilities[i]``.

    Scores rise and probabilities do not; below the first score the first probability holds.

    Raises:
        InvalidInput: the steps are not so, or a probability is not between 0 and 1.
    """

    family: str
    outcome: str
    scores: tuple[int, ...]
    probabilities: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.scores or len(self.scores) != len(self.probabilities):
            raise InvalidInput("a table of default needs a probability for each of its scores.")
        if list(self.scores) != sorted(set(self.scores)):
            raise InvalidInput(f"the scores of a table of default must rise; got {self.scores}.")
        if list(self.probabilities) != sorted(self.probabilities, reverse=True):
            raise InvalidInput("a higher score must not have a higher probability of default.")
        if not all(0 < p < 1 for p in self.probabilities):
            raise InvalidInput("a probability of default lies between 0 and 1, and is neither.")

    def probability_of_default(self, score: int) -> float:
        """The probability that the outcome is bad at ``score``."""
        return self.probabilities[max(bisect_right(self.scores, score) - 1, 0)]

    def probabilities_of_default(self, scores: Ints) -> Floats:
        """The same for each of ``scores``, shape ``(n,)``."""
        place = np.searchsorted(np.array(self.scores), scores, side="right") - 1
        return np.array(self.probabilities)[np.maximum(place, 0)]

    def to_json(self) -> str:
        """The table as JSON text, with its schema."""
        document: dict[str, Json] = {
            "schema": SCHEMA,
            "family": self.family,
            "outcome": self.outcome,
            "scores": list(self.scores),
            "probabilities": list(self.probabilities),
        }
        return json.dumps(document, sort_keys=True, allow_nan=False, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> DefaultTable:
        """The table that ``to_json`` wrote.

        Raises:
            InvalidInput: another schema, or unknown keys.
            Corrupt: not JSON, or a part is missing.
        """
        try:
            document: Any = json.loads(text)
            schema = document["schema"]
        except (ValueError, KeyError, TypeError) as error:
            raise Corrupt(
                f"a table of default must be a JSON object with a schema: {error}."
            ) from error
        if schema != SCHEMA:
            raise InvalidInput(
                f"this version reads tables of default of schema {SCHEMA}; got {schema!r}."
            )
        wrong = sorted(set(document) ^ _KEYS)
        if wrong:
            raise InvalidInput(f"a table of default has the keys {sorted(_KEYS)}; see {wrong[0]!r}")
        return cls(
            document["family"],
            document["outcome"],
            tuple(document["scores"]),
            tuple(document["probabilities"]),
        )


def default_table(
    scores: Ints,
    bad: NDArray[Any],
    *,
    family: str,
    outcome: str,
    weights: Floats | None = None,
) -> DefaultTable:
    """The monotone table that best fits ``bad`` (0 or 1) at out-of-fold ``scores``, shape (n,).

    Isotonic regression; then each step's rate gets half a good and half a bad more (Jeffreys),
    so that none is 0 or 1; and isotonic again, which a small step may need.

    Raises:
        InvalidInput: no rows, rows of different number, or an outcome other than 0 and 1.
    """
    if not len(scores) or len(scores) != len(bad):
        raise InvalidInput(
            f"a table of default needs an outcome for each score; got {len(scores)} scores and "
            f"{len(bad)} outcomes."
        )
    outcomes = np.asarray(bad, dtype=np.float64)
    if not np.isin(outcomes, (0.0, 1.0)).all():
        row = int(np.flatnonzero(~np.isin(outcomes, (0.0, 1.0)))[0])
        raise InvalidInput(f"an outcome must be 0 or 1; row {row} is {float(outcomes[row])!r}.")
    weight = np.ones(len(outcomes)) if weights is None else np.asarray(weights, dtype=np.float64)
    values, place = np.unique(np.asarray(scores, dtype=np.int64), return_inverse=True)
    mass: Floats = np.bincount(place, weights=weight).astype(np.float64)
    bads = np.bincount(place, weights=weight * outcomes)
    starts = _falling_steps(bads / mass, mass)
    mass, bads = np.add.reduceat(mass, starts), np.add.reduceat(bads, starts)
    more: Floats = mass + 1.0
    smooth = (bads + 0.5) / more
    again = _falling_steps(smooth, more)
    rates = np.add.reduceat(smooth * more, again) / np.add.reduceat(more, again)
    return DefaultTable(
        family,
        outcome,
        tuple(values[starts[again]].tolist()),
        tuple(np.minimum.accumulate(rates).tolist()),
    )


def _falling_steps(rates: Floats, weights: Floats) -> Ints:
    """Where the steps of the falling isotonic fit begin."""
    from scipy.optimize import isotonic_regression

    fit = isotonic_regression(rates, weights=weights, increasing=False)
    starts: Ints = np.asarray(fit.blocks[:-1], dtype=np.int64)
    return starts
