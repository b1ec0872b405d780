"""A person scored again, in process, from their evidence: features, then the artefact."""

from __future__ import annotations

from collections.abc import Sequence

from benne.evidence import About, Kind, View, counted, thickness_of
from benne.features import Plan, plan
from benne.rights import Permit
from benne.scores._edits import History
from benne.scores._evidence import credit_file_features
from benne.scores._families import CreditFile
from benne.scores._levers import Rescore
from benne.scores._people import Scorer


def rescorer(
    scorer: Scorer,
    features: Plan,
    permit: Permit,
    *,
    there: Sequence[Kind],
    about: About | None = None,
) -> Rescore:
    """The function from a history and an instant to the score that ``scorer`` gives it.

    ``features`` computes at least the artefact's columns; ``there`` are the kinds of which the
    workspace has evidence; ``about`` is what the observation is about.  It gives ``None``
    where there is not enough evidence for a score.
    """
    by_name = dict(features.kinds)
    read = features.only(column.name for column in scorer.artefact.columns_read(scorer.withheld))
    bureau = isinstance(scorer.scorable, CreditFile)
    judge = plan(credit_file_features(there) if bureau else (), by_name.values())
    counts = counted(there)

    def rescore(history: History, as_of: int) -> int | None:
        view = View(as_of, about=about)
        row = read.compute(history, permit, view)
        row |= judge.compute(history, permit, view)
        row |= thickness_of(counts, history, permit, view, kinds=by_name)
        return scorer.rescore(row)

    return rescore
