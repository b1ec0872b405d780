"""What the validation of a card says of people whom a policy refused, gathered from the lake."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from benne.app._bundle import Bundle
from benne.app._rows import floats_of
from benne.monitoring import Turned

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake

Floats = NDArray[np.float64]


def turned_of(
    lake: Lake,
    bundle: Bundle,
    seen: pa.Table,
    score: Floats,
    scorable: Callable[[pa.Table], NDArray[np.bool_]],
) -> Turned | str:
    """The refused beside the rows ``seen`` with their ``score``; or why nothing can be said."""
    table = f"unseen_refused_{bundle.family.name}"
    told: Any = bundle.trained.get("refused")
    if table not in lake.tables() or told is None:
        return "the card was trained by a Benne that did not look at the refused; train again"
    theirs = lake.table(table)
    looks = lake.query(
        "SELECT observation, admitted, policy, propensity FROM observations ORDER BY observation"
    )
    if not theirs.num_rows:
        silent = looks["admitted"].null_count == looks.num_rows
        return (
            "the observations do not say who was admitted"
            if silent
            else "nobody was refused of those who were observed by then"
        )
    ours, others = _at(looks, seen), _at(looks, theirs)
    scores = np.where(scorable(theirs), theirs["score"].to_numpy().astype(np.float64), np.nan)
    return Turned(
        score=scores,
        pd=_claimed(bundle, scores),
        propensity=floats_of(others, "propensity"),
        admitted_pd=_claimed(bundle, score),
        admitted_propensity=floats_of(ours, "propensity"),
        weight_at_most=told["weight_at_most"],
        method=told["method"],
        odds=told["odds"],
        policies=_policies(ours, others),
    )


def _at(looks: pa.Table, rows: pa.Table) -> pa.Table:
    import pyarrow as pa

    place = np.searchsorted(looks["observation"].to_numpy(), rows["observation"].to_numpy())
    return looks.take(pa.array(place))


def _claimed(bundle: Bundle, score: Floats) -> Floats:
    """The risk that the card claims at each issued score, NaN where there is none."""
    there = ~np.isnan(score)
    found = np.full(len(score), np.nan)
    found[there] = bundle.default.probabilities_of_default(score[there].astype(np.int64))
    return found


def _policies(ours: pa.Table, others: pa.Table) -> dict[str, tuple[int, int]]:
    """How many each policy admitted and refused."""
    counts: list[dict[str, int]] = []
    for rows in (ours, others):
        found = rows["policy"].fill_null("not stated").value_counts().to_pylist()
        counts.append({row["values"]: row["counts"] for row in found})
    names = sorted({*counts[0], *counts[1]})
    return {name: (counts[0].get(name, 0), counts[1].get(name, 0)) for name in names}
