"""Fitting a card, and looking at it only through folds that did not see the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benne.kernel import InvalidInput
from benne.scores import Family, Points, points

if TYPE_CHECKING:
    import pyarrow as pa

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Tell: TypeAlias = Callable[[str, int, "int | None"], None]

_FEWEST = 20
"""Bad and good rows each that a card needs; below this no fold can say anything."""


@dataclass(frozen=True)
class Rows:
    """Observations whose outcome is known, in the order of the observations.

    Arrays have shape ``(n,)``: ``subject`` numbers people from 0, ``bad`` is 1 or 0, ``as_of`` is
    in microseconds.  ``features`` has a row each.
    """

    features: pa.Table
    observation: Ints
    subject: Ints
    as_of: Ints
    bad: Ints
    weight: Floats

    def take(self, chosen: NDArray[Any]) -> Rows:
        """The rows at ``chosen`` positions."""
        import pyarrow as pa

        return Rows(
            self.features.take(pa.array(chosen)),
            self.observation[chosen],
            self.subject[chosen],
            self.as_of[chosen],
            self.bad[chosen],
            self.weight[chosen],
        )

    def __len__(self) -> int:
        return len(self.bad)


@dataclass(frozen=True)
class Unseen:
    """Scores of rows by models that did not see them: shape ``(n,)``, dimensions ``(n, 5)``.

    ``log_odds`` are of being good.  A row that no fold scored is NaN in ``log_odds``.
    """

    log_odds: Floats
    score: Ints
    base: Ints
    dimensions: Ints


def demand_enough(rows: Rows) -> None:
    """Refuse what no card can be fitted to.

    Raises:
        InvalidInput: too few bad or too few good observations.
    """
    bad = int(rows.bad.sum())
    for count, word in ((bad, "bad"), (len(rows) - bad, "good")):
        if count < _FEWEST:
            raise InvalidInput(
                f"a card needs at least {_FEWEST} {word} observations whose outcome is known; "
                f"there are {count} of {len(rows)}; check the outcome and the observations."
            )


def outer_folds(rows: Rows, folds: int, *, seed: int) -> Ints:
    """The fold of each row, shape ``(n,)``: people whole, bad and good alike in each.

    People are dealt in the order in which they were first observed, so that the folds
    depend on the select and the seed, and not on anybody's pseudonym.
    """
    size = int(rows.subject.max()) + 1
    bad = np.bincount(rows.subject, weights=rows.bad, minlength=size) > 0
    rng = np.random.default_rng(seed)
    of_person = np.empty(size, dtype=np.int64)
    for part in (bad, ~bad):
        people = np.flatnonzero(part)
        of_person[rng.permutation(people)] = np.arange(len(people)) % folds
    chosen: Ints = of_person[rows.subject]
    return chosen


def unseen(
    make: Callable[[], Any],
    rows: Rows,
    fold: Ints,
    family: Family,
    factors: dict[str, str] | None,
    tell: Callable[[int, int], None],
) -> Unseen:
    """Every row scored by a model of ``make`` that was fitted on the other folds."""
    count = int(fold.max()) + 1
    parts: list[tuple[Ints, Floats, Points]] = []
    for number in range(count):
        tell(number, count)
        fitted = fit(make(), rows.take(np.flatnonzero(fold != number)))
        mine = np.flatnonzero(fold == number)
        parts.append((mine, *scored(fitted, rows.take(mine).features, family, factors)))
    tell(count, count)
    return _gathered(parts, len(rows))


def fit(model: Any, rows: Rows) -> Any:
    """``model`` fitted to ``rows``; people are kept whole in its inner folds."""
    return model.fit(rows.features, rows.bad, sample_weight=rows.weight, groups=rows.subject)


def scored(
    model: Any, features: pa.Table, family: Family, factors: dict[str, str] | None
) -> tuple[Floats, Points]:
    """Log-odds of being good, and points, of a table of features."""
    found = model.contributions(features)
    return found.total_micro / 1e6, points(found, family, factors)


def unseen_margin(make: Callable[[], Any], rows: Rows, fold: Ints) -> Floats:
    """Log-odds of being good of every row, by plain classifiers fitted on the other folds."""
    margin = np.full(len(rows), np.nan)
    for number in range(int(fold.max()) + 1):
        fitted = fit(make(), rows.take(np.flatnonzero(fold != number)))
        mine = np.flatnonzero(fold == number)
        margin[mine] = -fitted.decision_function(rows.take(mine).features)
    return margin


def _gathered(parts: list[tuple[Ints, Floats, Points]], size: int) -> Unseen:
    log_odds = np.full(size, np.nan)
    score, base = np.zeros(size, dtype=np.int64), np.zeros(size, dtype=np.int64)
    dimensions = np.zeros((size, 5), dtype=np.int64)
    for mine, margin, made in parts:
        log_odds[mine], score[mine], base[mine] = margin, made.score, made.base
        dimensions[mine] = made.dimensions
    return Unseen(log_odds, score, base, dimensions)


def time_cut(as_of: Ints, stated: int | None) -> tuple[int | None, str]:
    """The instant from which rows are held out by time, or why there is none.

    ``stated`` is the workspace's own; without it, the last fifth of at least 180 days.
    """
    first, last = int(as_of.min()), int(as_of.max())
    if stated is not None:
        if first < stated <= last:
            return stated, ""
        return None, "the stated date leaves no observation on one side of it"
    days = (last - first) // 86_400_000_000
    if days < 180:
        span = f"lie within {days} days" if days else "are of one day"
        return None, (
            f"all observations {span}; a test out of time needs 180, or a date "
            "stated as [model] out_of_time_from"
        )
    return int(np.quantile(as_of, 0.8, method="higher")), ""
