"""Four eyes: what cannot be undone is done only once a second person has agreed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._disputing import subject_of
from benne.app._erasing import Forgotten, erase_person
from benne.app._refusals import NeedsSecondPerson
from benne.app.stores.online import clients, proposals
from benne.app.stores.online.proposals import Proposal
from benne.kernel import Conflict, InvalidInput, NotFound

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit

PROPOSABLE = {
    "close_client": "Give a client nothing more, for good",
    "erase_person": "Erase a person, as far as the law lets",
}
"""What takes two people."""


@dataclass(frozen=True, slots=True)
class Decided:
    """A proposal that was decided; where a person was erased by it, what became of the records."""

    proposal: Proposal
    forgotten: Forgotten | None = None


def propose_erasure(service: Service, name: str, *, by: str) -> Proposal:
    """Propose to erase whoever has this name, in a transaction of its own.

    Raises:
        NotFound: nothing is known of anybody of that name.
    """
    with service.online.begin() as unit:
        subject = subject_of(service, unit, name)
        return propose(service, unit, act="erase_person", about=subject, by=by)


def propose(service: Service, unit: Unit, *, act: str, about: str, by: str) -> Proposal:
    """Propose ``act``; ``about`` is a client's id or a person's pseudonym.

    Raises:
        InvalidInput: no such act, or nobody who proposes it.
        NotFound: no such client.
    """
    _demand_name(by)
    if act not in PROPOSABLE:
        raise InvalidInput(f"act must be one of {', '.join(PROPOSABLE)}; got {act!r}.")
    if act == "close_client":
        found = clients.find_client(unit, about)
        if found is None or found.closed_at is not None:
            raise NotFound(f"there is no open client {about!r}.")
    proposal = Proposal(service.new_id(), act, about, by, service.clock())
    proposals.add(unit, proposal)
    service.note(unit, "proposed", {"proposal": proposal.id, "act": act})
    return proposal


def waiting_proposals(unit: Unit) -> list[Proposal]:
    """What waits for a second person, the oldest first."""
    return proposals.waiting(unit)


def decide_proposal(service: Service, unit: Unit, name: str, *, by: str, agree: bool) -> Decided:
    """Agree, and it is done in the same transaction; or do not, and it is dropped.

    Raises:
        NotFound: no such proposal.
        Conflict: it was decided already.
        NeedsSecondPerson: who proposed it cannot agree to it.
    """
    _demand_name(by)
    found = proposals.find(unit, name)
    if found is None:
        raise NotFound("there is no proposal of this id.")
    if found.decided_at is not None:
        raise Conflict("this proposal was decided already.")
    if agree and found.proposed_by.strip().casefold() == by.strip().casefold():
        raise NeedsSecondPerson("who proposed it cannot agree to it; ask another administrator.")
    at, agreed = service.clock(), "yes" if agree else "no"
    forgotten = _do(service, unit, found, at) if agree else None
    proposals.decide(unit, name, by=by, at=at, agreed=agreed)
    service.note(unit, "decided", {"proposal": name, "act": found.act, "agreed": agreed})
    decided = proposals.find(unit, name)
    assert decided is not None
    return Decided(decided, forgotten)


def _demand_name(by: str) -> None:
    if not by.strip():
        raise InvalidInput("say who does this: a proposal takes two people, each by a name.")


def _do(service: Service, unit: Unit, proposal: Proposal, at: int) -> Forgotten | None:
    if proposal.act == "close_client":
        clients.close_client(unit, proposal.about, at=at)
        service.note(unit, "client_closed", {"client": proposal.about})
        return None
    return erase_person(service, unit, proposal.about)
