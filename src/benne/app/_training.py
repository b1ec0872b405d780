"""Fitting a card, and looking at it only through folds that did not see the person."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benne.kernel import InvalidInput
from benne.scores import Family, Points, points

if TYPE_CHECKING:
    import pyarrow as pa

Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]
Bools: TypeAlias = NDArray[np.bool_]
Learn: TypeAlias = "Callable[[Rows], Any]"
"""Fits a model to rows, in whatever way the workspace asks for."""
Tell: TypeAlias = Callable[[str, int, "int | None"], None]

_FEWEST = 20
"""Bad and good rows each that a card needs; below this no fold can say anything."""


@dataclass(frozen=True)
class Refused:
    """Observations of people whom an incumbent refused: no outcome is known of them.

    Arrays have shape ``(n,)``, as in ``Rows``; ``propensity`` is NaN where none is recorded.
    """

    features: pa.Table
    observation: Ints
    subject: Ints
    as_of: Ints
    propensity: Floats

    def take(self, chosen: NDArray[Any]) -> Refused:
        """Those at ``chosen`` positions."""
        import pyarrow as pa

        return Refused(
            self.features.take(pa.array(chosen)),
            self.observation[chosen],
            self.subject[chosen],
            self.as_of[chosen],
            self.propensity[chosen],
        )

    def __len__(self) -> int:
        return len(self.observation)


@dataclass(frozen=True)
class Rows:
    """Observations whose outcome is known, in the order of the observations.

    Arrays have shape ``(n,)``: ``subject`` numbers people from 0, ``bad`` is 1 or 0, ``as_of`` is
    in microseconds, ``propensity`` the recorded chance of being ``admitted``, or NaN.  ``features``
    has a row each.  ``refused`` are those from whom, too, something may be learnt.
    """

    features: pa.Table
    observation: Ints
    subject: Ints
    as_of: Ints
    bad: Ints
    weight: Floats
    admitted: Bools
    propensity: Floats
    refused: Refused | None = None

    def take(self, chosen: NDArray[Any]) -> Rows:
        """The rows at ``chosen`` positions, without the refused."""
        import pyarrow as pa

        return Rows(
            self.features.take(pa.array(chosen)),
            self.observation[chosen],
            self.subject[chosen],
            self.as_of[chosen],
            self.bad[chosen],
            self.weight[chosen],
            self.admitted[chosen],
            self.propensity[chosen],
        )

    def before(self, cut: int) -> Rows:
        """What was observed before an instant, the refused among it."""
        kept = self.take(np.flatnonzero(self.as_of < cut))
        refused = self.refused
        if refused is None:
            return kept
        return replace(kept, refused=refused.take(np.flatnonzero(refused.as_of < cut)))

    def outside(self, fold: Ints, number: int) -> Rows:
        """All but the people of one fold, the refused among them."""
        kept = self.take(np.flatnonzero(fold != number))
        refused = self.refused
        if refused is None:
            return kept
        others = refused_folds(self.subject, fold, refused.subject) != number
        return replace(kept, refused=refused.take(np.flatnonzero(others)))

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


def refused_folds(subject: Ints, fold: Ints, refused: Ints) -> Ints:
    """The fold of each of the ``refused`` people, shape ``(refused,)``: their own where they have
    one, else one by their number."""
    count = int(fold.max()) + 1
    of_person = np.arange(max(int(subject.max()), int(refused.max(initial=-1))) + 1) % count
    of_person[subject] = fold
    found: Ints = of_person[refused]
    return found


def unseen(
    learn: Learn,
    rows: Rows,
    fold: Ints,
    family: Family,
    factors: dict[str, str] | None,
    tell: Callable[[int, int], None],
    *,
    refused: Refused | None = None,
) -> tuple[Unseen, Unseen | None]:
    """Every row, and each of the refused, scored by a model that ``learn`` fitted without them."""
    count = int(fold.max()) + 1
    theirs = None if refused is None else refused_folds(rows.subject, fold, refused.subject)
    parts: list[tuple[Ints, Floats, Points]] = []
    others: list[tuple[Ints, Floats, Points]] = []
    for number in range(count):
        tell(number, count)
        fitted = learn(rows.outside(fold, number))
        mine = np.flatnonzero(fold == number)
        parts.append((mine, *scored(fitted, rows.take(mine).features, family, factors)))
        if refused is not None:
            here = np.flatnonzero(theirs == number)
            others.append((here, *scored(fitted, refused.take(here).features, family, factors)))
    tell(count, count)
    made = None if refused is None else _gathered(others, len(refused))
    return _gathered(parts, len(rows)), made


def scored(
    model: Any, features: pa.Table, family: Family, factors: dict[str, str] | None
) -> tuple[Floats, Points]:
    """Log-odds of being good, and points, of a table of features."""
    found = model.contributions(features)
    return found.total_micro / 1e6, points(found, family, factors)


def unseen_margin(learn: Learn, rows: Rows, fold: Ints) -> Floats:
    """Log-odds of being good of every row, by plain classifiers fitted on the other folds."""
    margin = np.full(len(rows), np.nan)
    for number in range(int(fold.max()) + 1):
        fitted = learn(rows.outside(fold, number))
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
