"""The additive model as a scikit-learn classifier."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from benne.kernel import DOMAINS, InvalidInput, Json
from benne.models._artefact import MICRO, Artefact, Contributions, Deck, Segment, choose_segment
from benne.models._columns import Column
from benne.models._fitting import PAIR_ROUNDS, Recipe, blend, fit_card
from benne.models._inputs import Told, check_rows, check_training
from benne.models._learners import Boost, Pairs
from benne.models._segments import found_segments
from benne.models._sheet import Bins, Sheet, make_grids, make_sheet
from benne.models._short import shortened

_LARGE = 50_000
_FIVE_FOLDS = 10_000


@dataclass(frozen=True)
class Asked:
    """What an estimator's parameters ask of a fit."""

    recipe: Recipe
    bins: Bins
    segments: Sequence[Segment] | str | None
    withheld: Sequence[Iterable[str]]
    tolerance: float
    form: Literal["strict", "paired"]


class Scored(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """What every estimator here does with its artefact."""

    artefact_: Artefact
    classes_: NDArray[Any]

    def _fit(self, told: Told, asked: Asked) -> None:
        """Fit the decks and keep them as the artefact."""
        if isinstance(asked.withheld, str):
            raise InvalidInput(
                f"withheld must be a sequence of sets of domains; got the text "
                f"{asked.withheld!r}; write [{{{asked.withheld!r}}}]."
            )
        withheld = [_barred(barred, told.columns) for barred in asked.withheld]
        with threadpool_limits(limits=1):
            decks = [_fit_deck(told, asked, barred) for barred in (frozenset(), *withheld)]
        about: dict[str, Json] = {
            "model": type(self).__name__,
            "decks": [chosen for _, _, chosen in decks],
        }
        self.out_of_fold_ = np.full(len(told.kept), np.nan)
        self.out_of_fold_[told.kept] = decks[0][1]
        self.artefact_ = Artefact(
            told.columns, tuple(deck for deck, _, _ in decks), asked.form, about
        )
        if asked.tolerance:
            self.artefact_ = shortened(self.artefact_, told.raw, asked.tolerance, told.weight)
        self.classes_ = told.classes

    def decision_function(self, X: Any) -> NDArray[np.float64]:
        """Log-odds of the second class (bad), shape ``(n,)``."""
        return -self.contributions(X).total_micro / MICRO

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Chance of each class, shape ``(n, 2)``; the second is bad."""
        odds = np.clip(self.decision_function(X), -700, 700)
        bad = 1.0 / (1.0 + np.exp(-odds))
        return np.column_stack([1.0 - bad, bad])

    def predict(self, X: Any) -> NDArray[Any]:
        """The likelier class, shape ``(n,)``."""
        check_is_fitted(self, "artefact_")
        chosen: NDArray[Any] = self.classes_[(self.decision_function(X) > 0).astype(int)]
        return chosen

    def contributions(self, X: Any, withheld: Iterable[str] = ()) -> Contributions:
        """Micro-log-odds of being good by domain and term; see ``Artefact.contributions``."""
        check_is_fitted(self, "artefact_")
        return self.artefact_.contributions(check_rows(self, X, self.artefact_.columns), withheld)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags


class AdditiveModel(Scored):
    """A score that is a base plus a part for each domain, exactly.

    Parameters
    ----------
    columns : sequence of Column, optional
        What is known of each column; by default every column is a number (or a category, if
        text) of the domain ``history``.
    form : "strict" or "paired"
        Whether tables of two features stay inside a domain or may span two.
    learner : "auto", "spline", "steps" or "boost"
        Smooth terms, step terms in bags, greedy step terms; ``auto`` mixes smooth terms and
        step terms by what inner folds say.
    monotone : bool
        Whether each column's ``direction`` binds.
    segments : sequence of Segment, "auto" or None
        Groups by presence of evidence, each with a card of its own: the mean, in log-odds, of a
        fit to the group and of a fit to everybody; ``auto`` finds groups; ``None`` is one card.
    withheld : sequence of sets of domains
        For each, a deck is refitted without those domains.
    bins, pairs : Bins, Pairs, optional
        How finely columns are cut; how tables of two features are grown.
    tolerance : float
        By how much, in log-odds, a table may move so that the card gets shorter; see
        ``shortened``.
    n_inner_folds : int, optional
        Folds for choices and calibration; 5, or 3 from 10,000 rows on.
    random_state, n_threads : int
        The result depends on the first and never on the second.

    Attributes
    ----------
    artefact_ : Artefact
        The tables: all that is needed to score.
    out_of_fold_ : array of shape (n,)
        Calibrated log-odds of bad of the training rows by fits that did not see them; NaN
        where folds could not be made.

    Raises ``InvalidInput`` for parameters or rows that do not fit.
    """

    def __init__(
        self,
        columns: Sequence[Column] | None = None,
        *,
        form: Literal["strict", "paired"] = "strict",
        learner: str = "auto",
        monotone: bool = True,
        segments: Sequence[Segment] | str | None = None,
        withheld: Sequence[Iterable[str]] = (),
        bins: Bins | None = None,
        pairs: Pairs | None = None,
        tolerance: float = 0.0,
        n_inner_folds: int | None = None,
        random_state: int = 0,
        n_threads: int = 1,
    ) -> None:
        self.columns = columns
        self.form = form
        self.learner = learner
        self.monotone = monotone
        self.segments = segments
        self.withheld = withheld
        self.bins = bins
        self.pairs = pairs
        self.tolerance = tolerance
        self.n_inner_folds = n_inner_folds
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> AdditiveModel:
        """Fit to rows ``X`` and outcomes ``y`` (the second class, as in 0 < 1, is bad).

        ``groups`` names the person of each row, so that no inner fold parts one.
        """
        told = check_training(self, X, y, sample_weight, groups, self.columns)
        asked = Asked(
            self._recipe(told),
            self.bins or Bins(),
            self.segments,
            self.withheld,
            self.tolerance,
            self.form,
        )
        self._fit(told, asked)
        return self

    def _recipe(self, told: Told) -> Recipe:
        if self.form not in ("strict", "paired"):
            raise InvalidInput(f"form must be strict or paired; got {self.form!r}.")
        known = {
            "auto": ("spline", "duets"),
            **{n: (n,) for n in ("spline", "steps", "boost", "duets")},
        }
        if self.learner not in known:
            raise InvalidInput(f"learner must be one of {', '.join(known)}; got {self.learner!r}.")
        large = len(told.bad) >= _LARGE
        bags = _bags(len(told.bad))
        learners = known[self.learner]
        usual = 5 if len(told.bad) < _FIVE_FOLDS else 3
        folds = whole(
            "n_inner_folds", usual if self.n_inner_folds is None else self.n_inner_folds, 2
        )
        return Recipe(
            learners=learners,
            boost=Boost(leaves=4, rate=0.03, bags=bags),
            duets=_duets(len(told.bad), bags),
            boost_rounds=(100, 200, 400, 800, 1200) if large else (50, 100, 200, 400, 800, 1600),
            # where pairs are grown with the step terms, none are added on top
            pair_rounds=(0,) if "duets" in learners else PAIR_ROUNDS,
            pairs=self.pairs or Pairs(),
            folds=folds,
            monotone=self.monotone,
            across=self.form == "paired",
            seed=whole("random_state", self.random_state or 0, 0),
            threads=whole("n_threads", self.n_threads, 1),
        )


def whole(name: str, value: Any, least: int) -> int:
    """``value`` as a whole number of ``least`` or more."""
    if not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidInput(f"{name} must be a whole number of {least} or more; got {value!r}.")
    return int(value)


def _bags(rows: int) -> int:
    """How many bags are averaged: the fewer rows, the more."""
    if rows >= _LARGE:
        return 2
    return 4 if rows < _FIVE_FOLDS else 3


def _duets(rows: int, bags: int) -> tuple[Boost, ...]:
    """Step terms and pairs grown together: the more rows, the fuller the leaves must be.

    Where rows are few, it is not known beforehand how full: two are tried.
    """
    held = ((10, 5.0), (5, 1.0)) if rows < _FIVE_FOLDS else ((30, 10.0),)
    if rows >= _LARGE:
        held = ((60, 20.0),)
    return tuple(
        Boost(leaves=8, rate=0.03, share=1.0, leaf_rows=leaf_rows, ridge=ridge, most=60, bags=bags)
        for leaf_rows, ridge in held
    )


class PointsCard(Scored):
    """The classical points card: every feature alone, in a few monotone bins.

    Parameters are those of ``AdditiveModel``; ``bins.coarse`` is the most bins of a feature.
    Bins take the column's direction, or the better of the two where it has none.
    """

    def __init__(
        self,
        columns: Sequence[Column] | None = None,
        *,
        segments: Sequence[Segment] | str | None = None,
        withheld: Sequence[Iterable[str]] = (),
        bins: Bins | None = None,
        tolerance: float = 0.0,
        n_inner_folds: int = 5,
        random_state: int = 0,
        n_threads: int = 1,
    ) -> None:
        self.columns = columns
        self.segments = segments
        self.withheld = withheld
        self.bins = bins
        self.tolerance = tolerance
        self.n_inner_folds = n_inner_folds
        self.random_state = random_state
        self.n_threads = n_threads

    def fit(self, X: Any, y: Any, sample_weight: Any = None, groups: Any = None) -> PointsCard:
        """Fit to rows ``X`` and outcomes ``y``; see ``AdditiveModel.fit``."""
        told = check_training(self, X, y, sample_weight, groups, self.columns)
        recipe = Recipe(
            learners=("points",),
            pair_rounds=(0,),
            folds=whole("n_inner_folds", self.n_inner_folds, 2),
            seed=whole("random_state", self.random_state or 0, 0),
            threads=whole("n_threads", self.n_threads, 1),
        )
        bins = self.bins or Bins(coarse=8)
        self._fit(told, Asked(recipe, bins, self.segments, self.withheld, self.tolerance, "strict"))
        return self


def _fit_deck(
    told: Told, asked: Asked, barred: frozenset[str]
) -> tuple[Deck, NDArray[np.float64], Json]:
    """The deck without the barred domains, its out-of-fold margin, and what was chosen."""
    columns = [column for column in told.columns if column.domain not in barred]
    grids = make_grids(told.raw, columns, told.weight, asked.bins)
    sheet = make_sheet(told.raw, grids, told.bad, told.weight, told.groups)
    segments = _segments(asked, told, sheet, barred)
    position = choose_segment(segments, told.raw, len(sheet))
    pooled = fit_card(sheet, asked.recipe, segments[0].name)
    fits = [pooled] if len(segments) == 1 else []
    for number, segment in enumerate(segments[: 0 if fits else None]):
        rows = np.flatnonzero(position == number)
        part = sheet.take(rows)
        _demand_both(part.bad, segment.name)
        fits.append(blend(part, fit_card(part, asked.recipe, segment.name), pooled, rows))
    margin = np.full(len(sheet), np.nan)
    for number, fit in enumerate(fits):
        if fit.out_of_fold is not None:
            margin[position == number] = fit.out_of_fold
    deck = Deck(barred, segments, tuple(fit.card for fit in fits))
    return deck, margin, [fit.chosen for fit in fits]


def _segments(
    asked: Asked, told: Told, sheet: Sheet, barred: frozenset[str]
) -> tuple[Segment, ...]:
    """The asked-for segments; one card where they would look at what is withheld."""
    everybody = (Segment("everybody"),)
    if asked.segments is None:
        return everybody
    if isinstance(asked.segments, str):
        if asked.segments != "auto":
            raise InvalidInput(
                f"segments must be None, auto or a sequence of Segment; got {asked.segments!r}."
            )
        columns = [column for column in told.columns if column.domain not in barred]
        return found_segments(told.raw, sheet, columns, asked.recipe)
    domain = {column.name: column.domain for column in told.columns}
    tests = [test.column for segment in asked.segments for test in segment.when]
    strangers = [name for name in tests if name not in domain]
    if strangers:
        raise InvalidInput(f"a segment must test a column of the model; {strangers[0]!r} is none.")
    return everybody if {domain[name] for name in tests} & barred else tuple(asked.segments)


def _barred(barred: Iterable[str], columns: Sequence[Column]) -> frozenset[str]:
    wanted = frozenset(barred)
    if not wanted or not wanted < {*DOMAINS} or all(c.domain in wanted for c in columns):
        raise InvalidInput(
            f"withheld must hold sets of domains that leave a column; got {sorted(wanted)}."
        )
    return wanted


def _demand_both(bad: NDArray[np.float64], name: str) -> None:
    ill = int(bad.sum())
    if ill in (0, len(bad)):
        raise InvalidInput(
            f"the rows of segment {name!r} must hold good and bad; {ill} of {len(bad)} are bad; "
            f"join it to another."
        )
