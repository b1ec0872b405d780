"""People whom an incumbent policy refused: what a card may learn of them, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benne.app._training import Floats, Refused, Rows, Unseen
from benne.kernel import InvalidInput, Json
from benne.models import OddsFactor, inverse_propensity, odds_factor, parts_bad, refused_share
from benne.scores import DefaultTable, default_table

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.settings import ModelTable


@dataclass(frozen=True, slots=True)
class Learnt:
    """What a card is fitted to; of augmentation also each refused row's part bad, and the factor.

    ``part_bad`` has shape ``(refused,)``; ``weight`` is what one refused row weighs.
    """

    rows: Rows
    part_bad: Floats | None = None
    weight: float = 1.0
    factor: OddsFactor | None = None


def admitted_rows(rows: Rows, settings: ModelTable) -> Rows:
    """The rows with the weights that the workspace's method gives them.

    Raises:
        InvalidInput: the method asks for what the observations do not tell.
    """
    if settings.refused == "accepts_only":
        return replace(rows, refused=None)
    if not len(rows.refused or ()):
        raise InvalidInput(
            f"[model] refused = {settings.refused!r} needs observations that were refused "
            "(admitted = false, and no outcome); there are none; return admitted, or take the "
            "setting out."
        )
    if settings.refused == "augmentation":
        return rows
    unknown = np.flatnonzero(np.isnan(rows.propensity))
    if len(unknown):
        raise InvalidInput(
            "[model] refused = 'inverse_propensity' needs the propensity of every observation with "
            f"an outcome; {len(unknown):,} of {len(rows):,} have none, the first is observation "
            f"{rows.observation[unknown[0]]}; return propensity, or use augmentation."
        )
    if not rows.admitted.all():
        first = rows.observation[np.flatnonzero(~rows.admitted)[0]]
        raise InvalidInput(
            "[model] refused = 'inverse_propensity' weighs an outcome by the chance that it is "
            f"seen, so only who was admitted may have one; observation {first} was not; leave "
            "such outcomes out, or use accepts_only."
        )
    weight = inverse_propensity(rows.propensity, at_most=settings.refused_weight_at_most)
    return replace(rows, weight=rows.weight * weight, refused=None)


def learnt(rows: Rows, make: Callable[[], Any], settings: ModelTable) -> Learnt:
    """What a model of ``make`` is fitted to: the rows, and by augmentation the refused twice.

    Each refused row enters as bad with the weight of its part bad, and as good with the rest.  All
    the refused together weigh at most what the rows weigh.
    """
    refused = rows.refused
    if refused is None or not len(refused):
        return Learnt(replace(rows, refused=None))
    first = fit(make, replace(rows, refused=None), settings)
    bounds = (settings.refused_odds[0], settings.refused_odds[1])
    stands = None
    if rows.admitted.all() and not np.isnan(rows.propensity).any():
        stands = refused_share(rows.propensity, at_most=settings.refused_weight_at_most)
    factor = odds_factor(first.out_of_fold, rows.bad, stands, bounds=bounds)
    part = parts_bad(first.decision_function(refused.features), factor.used)
    weight = min(1.0, float(rows.weight.sum()) / len(refused))
    return Learnt(_with_parts(rows, refused, part, weight), part, weight, factor)


def fit(make: Callable[[], Any], rows: Rows, settings: ModelTable) -> Any:
    """A model of ``make`` fitted to ``rows``; people are kept whole in its inner folds."""
    told = learnt(rows, make, settings).rows
    return make().fit(told.features, told.bad, sample_weight=told.weight, groups=told.subject)


def _with_parts(rows: Rows, refused: Refused, part: Floats, weight: float) -> Rows:
    import pyarrow as pa

    size = len(refused)
    twice = np.tile(np.arange(size), 2)
    return replace(
        rows,
        features=pa.concat_tables([rows.features, refused.features.take(pa.array(twice))]),
        observation=np.concatenate([rows.observation, refused.observation[twice]]),
        subject=np.concatenate([rows.subject, refused.subject[twice]]),
        as_of=np.concatenate([rows.as_of, refused.as_of[twice]]),
        bad=np.concatenate([rows.bad, np.repeat([1, 0], size)]),
        weight=np.concatenate([rows.weight, weight * part, weight * (1.0 - part)]),
        admitted=np.concatenate([rows.admitted, np.zeros(2 * size, dtype=bool)]),
        propensity=np.concatenate([rows.propensity, refused.propensity[twice]]),
        refused=None,
    )


def risk_of_scores(
    rows: Rows, apart: Unseen, theirs: Unseen | None, told: Learnt, *, family: str, outcome: str
) -> DefaultTable:
    """The table of default of out-of-fold scores: under the rows' weights, and with the parts."""
    score, bad, weight = apart.score, rows.bad, rows.weight
    if told.part_bad is not None and theirs is not None:
        part, size = told.part_bad, len(told.part_bad)
        score = np.concatenate([score, theirs.score, theirs.score])
        bad = np.concatenate([bad, np.repeat([1, 0], size)])
        weight = np.concatenate([weight, told.weight * part, told.weight * (1.0 - part)])
    return default_table(score, bad, family=family, outcome=outcome, weights=weight)


def refused_table(refused: Refused | None, theirs: Unseen | None, told: Learnt) -> pa.Table:
    """The refused with the scores of cards that had not seen them; no rows where nobody was."""
    import pyarrow as pa

    size = 0 if refused is None else len(refused)
    nothing = np.zeros(size, dtype=np.int64)
    part = told.part_bad if told.part_bad is not None else np.full(size, np.nan)
    return pa.table(
        {
            "observation": nothing if refused is None else refused.observation,
            "log_odds": nothing.astype(np.float64) if theirs is None else theirs.log_odds,
            "score": nothing if theirs is None else theirs.score,
            "part_bad": part,
        }
    )


def told_of_refused(
    settings: ModelTable,
    *,
    rows: Rows,
    apart: Unseen,
    refused: Refused | None,
    theirs: Unseen | None,
    told: Learnt,
    default: DefaultTable,
) -> dict[str, Json]:
    """What was done about the refused, as the bundle keeps it; and what is claimed unsupported."""
    factor, lowest = told.factor, int(apart.score.min())
    below = np.zeros(0, dtype=np.int64) if theirs is None else theirs.score[theirs.score < lowest]
    claimed = default.probabilities_of_default(below)
    return {
        "method": settings.refused,
        "admitted": int(rows.admitted.sum()),
        "refused": 0 if refused is None else len(refused),
        "weight_at_most": settings.refused_weight_at_most,
        "odds": None if factor is None else {
            "used": factor.used, "at_least": factor.at_least, "at_most": factor.at_most,
            "estimate": factor.estimate, "why": factor.why,
        },
        "lowest_admitted_score": lowest,
        "refused_below": len(below),
        "claimed_below": float(claimed.mean()) if len(below) else None,
    }  # fmt: skip


def words_of_refused(name: str, told: Any) -> Iterator[str]:
    """What a person should know of the refused once family ``name`` was trained."""
    if not told["refused"]:
        return
    odds = told["odds"]
    factor = "" if odds is None else f", their odds of being bad taken {odds['used']:.2f} times"
    yield (
        f"{name}: {told['refused']:,} more were refused, and have no outcome; learnt by "
        f"{told['method']}{factor} ([model] refused)"
    )
    if told["refused_below"]:
        yield (
            f"{name}: {told['refused_below']:,} of them score below "
            f"{told['lowest_admitted_score']}, the lowest admitted: the bad rate of "
            f"{100 * told['claimed_below']:.1f} % claimed there rests on no outcome"
        )
