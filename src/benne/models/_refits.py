"""Points cards of any of some columns: what they share is worked out once."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from benne.kernel import InvalidInput
from benne.models._additive import AdditiveModel
from benne.models._columns import Column
from benne.models._inputs import check_rows, check_training
from benne.models._points import evidence_of, factors_of, seen_evidence
from benne.models._read import read
from benne.models._sheet import Bins, make_grids, make_sheet
from benne.models._tables import Floats


class PointsRefits:
    """Points cards refitted on any of ``columns``, each judged on rows that none had seen.

    Fitted to rows ``X`` with outcomes ``y`` (1 is bad), read on rows ``unseen``.  A column's
    bins and evidence do not depend on the others, and are found once; only the factors are
    refitted.  It ranks people as ``PointsCard`` does, which calibrates on top.

    >>> table = {"a": [0.0, 0.0, 1.0, 1.0] * 9, "b": [0.0, 1.0, 0.0, 1.0] * 9}
    >>> refits = PointsRefits([Column("a"), Column("b")], table, [0, 0, 0, 1] * 9, table)
    >>> bool(refits(["a", "b"])[0] < refits(["a", "b"])[3])
    True

    Raises:
        InvalidInput: rows that ``PointsCard.fit`` would refuse.
    """

    def __init__(
        self, columns: Sequence[Column], X: Any, y: Any, unseen: Any, *, random_state: int = 0
    ) -> None:
        model = AdditiveModel(tuple(columns))
        told = check_training(model, X, y, None, None, tuple(columns))
        grids = make_grids(told.raw, told.columns, told.weight, Bins(coarse=8))
        self._sheet = make_sheet(told.raw, grids, told.bad, told.weight, told.groups)
        there = read(check_rows(model, unseen, told.columns), told.columns)
        size = len(next(iter(there.values())))
        none = np.zeros(size)
        other = make_sheet(there, grids, none, none, none.astype(np.int64))
        self._place = {column.name: i for i, column in enumerate(told.columns)}
        evidence = [evidence_of(self._sheet, i) for i in range(len(grids))]
        self._inputs = np.column_stack(
            [seen_evidence(self._sheet, i, woe, random_state) for i, woe in enumerate(evidence)]
        )
        self._unseen = np.column_stack(
            [woe[other.coarse_codes[i]] for i, woe in enumerate(evidence)]
        )

    def __call__(self, names: Collection[str]) -> Floats:
        """Log-odds of bad of the unseen rows, shape ``(n,)``, by a card of the columns named.

        Raises:
            InvalidInput: a name that is none of the columns.
        """
        strangers = sorted(set(names) - set(self._place))
        if strangers:
            raise InvalidInput(f"names must be of the columns; {strangers[0]!r} is none.")
        if not names:
            return np.zeros(len(self._unseen))
        chosen = sorted(self._place[name] for name in names)
        with threadpool_limits(limits=1):
            base, factors = factors_of(self._inputs[:, chosen], self._sheet, 1.0)
            margin: Floats = base + self._unseen[:, chosen] @ factors
        return margin
