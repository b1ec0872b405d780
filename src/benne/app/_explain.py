"""Explain: one person's score, added up in words."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benne.app._bundle import read_bundle
from benne.app._score import score
from benne.kernel import iso
from benne.scores import Answer, NotEnoughEvidence, Score, family as family_named

if TYPE_CHECKING:
    from benne.app.stores import Progress
    from benne.app.wiring import Session


def explain(
    session: Session, tell: Progress, *, subject: str, as_of: str | None, family: str
) -> Iterator[str]:
    """The lines of an explanation: parts that add up, what lowers the score, what would raise it.

    Raises:
        NotFound: nobody has that name, or the family was not trained.
    """
    (answer,) = score(session, tell, family=family, as_of=as_of, subject=subject)
    yield f"{family} score of {answer.subject}, as of {iso(answer.as_of)}"
    yield ""
    if not isinstance(answer, Score):
        yield from _no_score(answer)
        return
    bundle = read_bundle(session.workspace.models, family)
    words = dict(family_named(family).dimensions)
    yield f"  {'Everybody begins with':<28}{answer.base_points:>5}"
    for name, points in answer.domain_points.items():
        yield f"  {words[name]:<28}{points:>+5}"
    if answer.limit_points:
        yield f"  {'Beyond the end of the scale':<28}{answer.limit_points:>+5}"
    yield f"  {'Score':<28}{answer.score:>5}  {answer.band.replace('_', ' ')}"
    if answer.pd is not None:
        yield ""
        yield f"Of 100 people with this score, about {100 * answer.pd:.1f} go bad."
        yield f"Bad means: {bundle.default.outcome.removeprefix('Bad: ')}"
    if answer.reasons:
        yield ""
        yield "What lowers it most:"
        yield from (f"  {reason.points:+d}  {reason.says}" for reason in answer.reasons)
    if answer.levers:
        yield ""
        yield "What would raise it:"
        for offer in answer.levers:
            day = iso(offer.acts_by)[:10]
            yield f"  to {offer.score} ({offer.points:+d}) by {day}: {offer.says}"
    yield ""
    yield f"Card {answer.artefact}"


def _no_score(answer: Answer) -> Iterator[str]:
    if isinstance(answer, NotEnoughEvidence):
        yield "There is no score: not enough is known. This is not a low score."
        yield answer.rule
        yield from (f"  missing: {what}" for what in answer.missing)
        return
    yield f"There is no score: {type(answer).__name__}. This is not a low score."
