"""Screening: which of many features a card is offered, judged on its own training rows.

Windows and ratios of one history say much the same.  A card of hundreds of such columns takes
long to fit, is long to read, and is no better; so each fit is offered the ``at_most`` columns
with the greatest information value, none of them nearly the copy of a better one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from benne.models import AdditiveModel, Artefact, Column, Contributions

if TYPE_CHECKING:
    import pyarrow as pa

_BINS = 10
_COPY = 0.97


class Screened:
    """An additive model on the columns that its own training rows single out."""

    artefact_: Artefact

    def __init__(
        self,
        columns: Sequence[Column],
        at_most: int | None,
        make: Callable[[tuple[Column, ...]], AdditiveModel],
        keep: Iterable[str] = (),
    ) -> None:
        self.columns, self.at_most, self.make = tuple(columns), at_most, make
        self.keep = frozenset(keep)

    def fit(self, features: pa.Table, bad: Any, *, sample_weight: Any, groups: Any) -> Self:
        """Choose among the columns, then fit the model to the chosen."""
        chosen = screened(self.columns, features, bad, sample_weight, self.at_most, keep=self.keep)
        self._model = self.make(chosen)
        self._model.fit(
            features.select([column.name for column in chosen]),
            bad,
            sample_weight=sample_weight,
            groups=groups,
        )
        self.artefact_ = self._model.artefact_
        return self

    @property
    def out_of_fold(self) -> NDArray[np.float64]:
        """Calibrated log-odds of bad of the training rows, by inner fits that did not see them."""
        margin: NDArray[np.float64] = self._model.out_of_fold_
        return margin

    def contributions(self, features: pa.Table) -> Contributions:
        """As ``Artefact.contributions``."""
        return self.artefact_.contributions(features)

    def decision_function(self, features: pa.Table) -> NDArray[np.float64]:
        """Log-odds of bad, shape ``(n,)``."""
        margin: NDArray[np.float64] = -self.contributions(features).total_micro / 1e6
        return margin


def screened(
    columns: tuple[Column, ...],
    features: pa.Table,
    bad: NDArray[np.int64],
    weight: NDArray[np.float64],
    at_most: int | None,
    *,
    keep: Collection[str] = (),
) -> tuple[Column, ...]:
    """The ``at_most`` columns with the most information value, in their own order.

    A column whose ranks correlate beyond 0.97 with those of a better one is passed over.  Those
    named in ``keep`` stand first: a choice of segments needs them.
    """
    if at_most is None or len(columns) <= at_most:
        return columns
    coded = {column.name: _codes(features[column.name], column) for column in columns}
    value = {name: _information_value(codes, bad, weight) for name, codes in coded.items()}
    ranked = sorted(columns, key=lambda column: (column.name not in keep, -value[column.name]))
    kept: list[Column] = []
    ranks: list[NDArray[np.float64]] = []
    for column in ranked:
        if len(kept) == at_most:
            break
        mine = _standard(features[column.name], column)
        if (
            column.name not in keep
            and mine is not None
            and ranks
            and np.max(np.abs(np.array(ranks) @ mine)) > _COPY
        ):
            continue
        if mine is not None:
            ranks.append(mine)
        kept.append(column)
    chosen = set(kept)
    return tuple(column for column in columns if column in chosen)


def _codes(values: pa.ChunkedArray, column: Column) -> NDArray[np.int64]:
    """The bin of each value: tenths of those that are there, or levels; missing by itself."""
    if column.category:
        filled = values.combine_chunks().dictionary_encode().indices.fill_null(-1)
        codes: NDArray[np.int64] = filled.to_numpy(zero_copy_only=False).astype(np.int64) + 1
        return codes
    numbers = values.to_numpy(zero_copy_only=False).astype(np.float64)
    there = ~np.isnan(numbers)
    codes = np.zeros(len(numbers), dtype=np.int64)
    if there.any():
        edges = np.unique(np.quantile(numbers[there], np.linspace(0, 1, _BINS + 1)[1:-1]))
        codes[there] = np.searchsorted(edges, numbers[there], side="right") + 1
    return codes


def _information_value(
    codes: NDArray[np.int64], bad: NDArray[np.int64], weight: NDArray[np.float64]
) -> float:
    """Sum over bins of (share of goods - share of bads) * weight of evidence (Siddiqi 2017).

    Half a good and half a bad are added to each bin.
    """
    size = int(codes.max()) + 1
    bads = np.bincount(codes, weights=weight * bad, minlength=size) + 0.5
    goods = np.bincount(codes, weights=weight * (1 - bad), minlength=size) + 0.5
    p, q = goods / goods.sum(), bads / bads.sum()
    return float(np.sum((p - q) * np.log(p / q)))


def _standard(values: pa.ChunkedArray, column: Column) -> NDArray[np.float64] | None:
    """Ranks of mean 0 and length 1, missing lowest; ``None`` for a category or a constant."""
    from scipy.stats import rankdata

    if column.category:
        return None
    numbers = values.to_numpy(zero_copy_only=False).astype(np.float64)
    ranks = rankdata(np.where(np.isnan(numbers), -np.inf, numbers))
    ranks -= ranks.mean()
    length = float(np.linalg.norm(ranks))
    return None if length == 0 else np.asarray(ranks / length)
