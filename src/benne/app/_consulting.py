"""Consult: may the person use a service on credit, and up to what?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.app._refusals import MoreThanNeeded
from benne.app.settings import OfferTable
from benne.kernel import NotFound
from benne.scores import Score, admits

if TYPE_CHECKING:
    from benne.app._asking import Question, Verdict
    from benne.app._reading import Reading
    from benne.app._service import Service

REFUSALS = {
    "SCORE_BELOW": "The score does not reach what the service asks for.",
    "NOT_ENOUGH_EVIDENCE": "Too little is known of the person; this is not a low score.",
    "AMOUNT_ABOVE_CAP": "The service lends less than was asked for.",
}
"""Every refusal code, and what it says.  A refusal is an answer, not an error."""


def decide(service: Service, question: Question, reading: Reading) -> Verdict:
    """The verdict on a ``consult``.

    Raises:
        NotFound: no such service.
        MoreThanNeeded: the service is not for this purpose.
    """
    from benne.app._asking import Verdict

    offer = _offer(service, question.service or "")
    if question.purpose not in offer.purposes:
        raise MoreThanNeeded(
            f"{offer.name} is for {', '.join(offer.purposes)}; got {question.purpose}."
        )
    code = None
    if not isinstance(reading.answer, Score):
        code = "NOT_ENOUGH_EVIDENCE"
    elif not admits(reading.answer, offer.threshold):
        code = "SCORE_BELOW"
    elif (question.amount_minor or 0) > offer.cap_minor:
        code = "AMOUNT_ABOVE_CAP"
    cap = offer.cap_minor if code in (None, "AMOUNT_ABOVE_CAP") else None
    return Verdict(
        outcome="admit" if code is None else "refuse",
        code=code,
        says=None if code is None else REFUSALS[code],
        cap_minor=cap,
        policy=f"offer:{offer.name}",
    )


def _offer(service: Service, name: str) -> OfferTable:
    offers = service.workspace.service.offers
    for offer in offers:
        if offer.name == name:
            return offer
    there = ", ".join(offer.name for offer in offers) or "none"
    raise NotFound(f"there is no service {name!r}; there are: {there}.")
