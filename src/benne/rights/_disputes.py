"""Disputes: a state machine over events, with the clock of the jurisdiction."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from benne.kernel import Conflict, InvalidInput, iso
from benne.rights._jurisdictions import Jurisdiction

DISPUTE_STATES = ("original", "disputed", "upheld", "corrected", "statement_kept")
"""How a record stands, in the words of evidence: never disputed; under review; checked, and it
stands; checked, and corrected; it stands, with the person's statement beside it."""

DISPUTE_MOVES: dict[tuple[str, str], str] = {
    ("original", "open"): "disputed",
    ("disputed", "extend"): "disputed",
    ("disputed", "uphold"): "upheld",
    ("disputed", "correct"): "corrected",
    ("disputed", "withdraw"): "original",
    ("upheld", "state"): "statement_kept",
    ("upheld", "open"): "disputed",
    ("corrected", "open"): "disputed",
    ("statement_kept", "open"): "disputed",
}
"""Every move there is: (state, act) to state."""

_ACTS = tuple(sorted({act for _, act in DISPUTE_MOVES}))


@dataclass(frozen=True, slots=True)
class DisputeEvent:
    """One act, and when.  ``text`` is why it is opened or extended, or the person's statement."""

    act: str
    at: int
    text: str = ""

    def __post_init__(self) -> None:
        if self.act not in _ACTS:
            raise InvalidInput(f"an act must be one of {', '.join(_ACTS)}; got {self.act!r}.")
        if self.act in ("open", "extend", "state") and not self.text.strip():
            raise InvalidInput(f"to {self.act} needs a text that says why.")


@dataclass(frozen=True, slots=True)
class Dispute:
    """How a record stands after its events.  Instants are int64 microseconds.

    ``due_at`` is the last instant for an answer, ``forward_by`` for telling the furnisher (both
    of the present or last dispute); a person's ``statement`` stays with the record.
    """

    state: str = "original"
    opened_at: int | None = None
    due_at: int | None = None
    forward_by: int | None = None
    extended: bool = False
    answered_at: int | None = None
    statement: str | None = None

    def late(self, at: int) -> bool:
        """Whether the answer came, or at ``at`` still would come, after it was due."""
        end = at if self.answered_at is None else self.answered_at
        return self.due_at is not None and end > self.due_at


@dataclass(frozen=True, slots=True)
class Flag:
    """What an answer says of a record that was disputed, and whether it may rest on it.

    ``rule`` is the rule that says so.
    """

    state: str
    used: bool
    rule: str
    statement: str | None = None


def dispute_after(events: Iterable[DisputeEvent], law: Jurisdiction) -> Dispute:
    """How a record stands after ``events``, under the clocks in force when it was disputed.

    Raises:
        Conflict: events out of order; a move that there is not; a second extension, one after
            the answer was due, or one that the jurisdiction does not know.
        InvalidInput: a statement longer than the jurisdiction asks to keep.
    """
    dispute = Dispute()
    last: int | None = None
    for event in events:
        if last is not None and event.at < last:
            raise Conflict(
                f"events of a dispute must come in order; got {iso(event.at)} after {iso(last)}."
            )
        last = event.at
        dispute = _moved(dispute, event, law)
    return dispute


def _moved(dispute: Dispute, event: DisputeEvent, law: Jurisdiction) -> Dispute:
    state = DISPUTE_MOVES.get((dispute.state, event.act))
    if state is None:
        acts = sorted(act for start, act in DISPUTE_MOVES if start == dispute.state)
        raise Conflict(
            f"a record that is {dispute.state} cannot {event.act}; it can {', '.join(acts)}."
        )
    match event.act:
        case "open":
            return _opened(dispute, event, law)
        case "extend":
            return _extended(dispute, event, law)
        case "state":
            return replace(dispute, state=state, statement=_statement(event, law))
        case _:
            return replace(dispute, state=state, answered_at=event.at)


def _opened(dispute: Dispute, event: DisputeEvent, law: Jurisdiction) -> Dispute:
    answer = law.clock("dispute_answer", event.at)
    forward = law.clock("dispute_forward", event.at)
    return Dispute(
        state="disputed",
        opened_at=event.at,
        due_at=None if answer is None else answer.due(event.at),
        forward_by=None if forward is None else forward.due(event.at),
        statement=dispute.statement,
    )


def _extended(dispute: Dispute, event: DisputeEvent, law: Jurisdiction) -> Dispute:
    assert dispute.opened_at is not None
    more = law.clock("dispute_extension", dispute.opened_at)
    if more is None:
        raise Conflict(f"{law.code} knows no extension of a dispute; answer it.")
    if dispute.extended or dispute.due_at is None or event.at > dispute.due_at:
        raise Conflict("a dispute is extended once, before its answer is due; answer it.")
    return replace(dispute, extended=True, due_at=more.due(dispute.due_at))


def _statement(event: DisputeEvent, law: Jurisdiction) -> str:
    words, most = len(event.text.split()), law.limit("statement_words", event.at)
    if most is not None and words > most:
        raise InvalidInput(f"a statement must have {most} words or fewer; got {words}.")
    return event.text


def flag_of(dispute: Dispute, law: Jurisdiction, at: int) -> Flag | None:
    """What an answer given at ``at`` says of the record; ``None`` of one never disputed.

    A disputed record is used with its mark, or withheld, as the jurisdiction says; one that must
    be deleted because its answer did not come in time is not used any more.
    """
    rule, said = law.dispute_rule(at)
    if dispute.state == "original":
        return None
    used = True
    if dispute.state == "disputed":
        used = said.disputed == "used" and not must_delete(dispute, law, at)
    return Flag(dispute.state, used, rule, dispute.statement)


def must_delete(dispute: Dispute, law: Jurisdiction, at: int) -> bool:
    """Whether the record must go, since nobody verified it before its dispute was due."""
    _, said = law.dispute_rule(at)
    return dispute.state == "disputed" and said.unanswered == "delete" and dispute.late(at)
