"""What becomes of a consent: its status from events, how often it answers, and its holds."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from benne.kernel import MICROS_PER_DAY, Conflict, InvalidInput, iso
from benne.rights._consent import Consent
from benne.rights._templates import hold_reasons

STATUSES = ("pending", "active", "paused", "revoked", "expired")
"""How a consent stands.  ``pending`` is before it starts."""

CONSENT_MOVES: dict[tuple[str, str], str] = {
    ("pending", "revoke"): "revoked",
    ("active", "pause"): "paused",
    ("active", "revoke"): "revoked",
    ("paused", "resume"): "active",
    ("paused", "revoke"): "revoked",
}
"""Every move that a person can make: (status, act) to status.  Time alone does the rest."""

_ACTS = tuple(sorted({act for _, act in CONSENT_MOVES}))


@dataclass(frozen=True, slots=True)
class ConsentEvent:
    """What the person did to a consent: ``pause``, ``resume`` or ``revoke``, and when."""

    act: str
    at: int

    def __post_init__(self) -> None:
        if self.act not in _ACTS:
            raise InvalidInput(f"an act must be one of {', '.join(_ACTS)}; got {self.act!r}.")


def consent_status(consent: Consent, events: Iterable[ConsentEvent], at: int) -> str:
    """How ``consent`` stands at ``at``: one of ``STATUSES``.

    Events after ``at`` have not happened yet.  Revoked is for good; otherwise the start and the
    expiry decide before what the person did.

    Raises:
        Conflict: events out of order, or a move that there is not.
    """
    state, last = "active", consent.given_at
    for event in events:
        if event.at < last:
            raise Conflict(
                f"events of consent {consent.id} must come in order; got {iso(event.at)} after "
                f"{iso(last)}."
            )
        last = event.at
        if event.at > at:
            continue
        stands = _by_the_clock(consent, state, event.at)
        if (stands, event.act) not in CONSENT_MOVES:
            raise Conflict(
                f"consent {consent.id} is {stands} at {iso(event.at)}; {event.act} is no move "
                f"from there; there are {', '.join(_acts_from(stands)) or 'none'}."
            )
        state = CONSENT_MOVES[stands, event.act]
    return _by_the_clock(consent, state, at)


def _by_the_clock(consent: Consent, state: str, at: int) -> str:
    if state == "revoked":
        return state
    if at >= consent.expires_at:
        return "expired"
    return "pending" if at < consent.starts_at else state


def _acts_from(status: str) -> list[str]:
    return sorted(act for start, act in CONSENT_MOVES if start == status)


def with_event(
    consent: Consent, events: Iterable[ConsentEvent], event: ConsentEvent
) -> tuple[ConsentEvent, ...]:
    """``events`` and ``event``, once it is found to be a move.

    Raises:
        Conflict: it is none, or comes before the last of them.
    """
    after = (*events, event)
    consent_status(consent, after, event.at)
    return after


def next_answer_at(consent: Consent, answered: Iterable[int], at: int) -> int:
    """The first instant from ``at`` on at which the consent's frequency allows an answer.

    ``answered`` are the instants of the answers given so far; any ``frequency.days`` days hold
    at most ``frequency.times`` of them.
    """
    span = consent.frequency.days * MICROS_PER_DAY
    past = sorted(instant for instant in answered if instant <= at)
    if len(past) < consent.frequency.times:
        return at
    return max(at, past[-consent.frequency.times] + span)


def forget_at(consent: Consent, answered_at: int) -> int:
    """Until when an answer given at ``answered_at`` may be kept by its merchant."""
    return answered_at + consent.life_days * MICROS_PER_DAY


# --- holds ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Hold:
    """A running business for which a merchant may go on after the person revoked.

    ``reason`` is one of those in ``templates.toml``; ``business`` names the application, loan or
    order.  It permits the one ``purpose`` from ``starts_at`` until ``ends_at``.
    """

    consent: str
    reason: str
    purpose: str
    business: str
    starts_at: int
    ends_at: int


def place_hold(consent: Consent, events: Iterable[ConsentEvent], hold: Hold, *, at: int) -> Hold:
    """``hold``, once it is found allowed at ``at``.

    Raises:
        InvalidInput: no stated business reason, no named business, or an end that is too late
            for the reason.
        Conflict: the consent is not in force, or does not name the purpose.
    """
    reasons = hold_reasons()
    reason = reasons.get(hold.reason)
    if reason is None:
        raise InvalidInput(
            f"a hold needs a stated business reason, one of {', '.join(sorted(reasons))}; "
            f"got {hold.reason!r}."
        )
    if not hold.business.strip():
        raise InvalidInput("a hold must name the application, loan or order that is running.")
    if hold.purpose not in reason.purposes:
        raise InvalidInput(
            f"{hold.reason} holds {', '.join(sorted(reason.purposes))}; got {hold.purpose}."
        )
    longest = hold.starts_at + reason.days_max * MICROS_PER_DAY
    if not at <= hold.starts_at < hold.ends_at <= longest:
        raise InvalidInput(
            f"a hold for {hold.reason} must start now or later and end within {reason.days_max} "
            f"days; got {iso(hold.starts_at)} to {iso(hold.ends_at)}."
        )
    status = consent_status(consent, events, at)
    if hold.consent != consent.id or status != "active" or hold.purpose not in consent.purposes:
        raise Conflict(
            f"a hold rests on a consent in force for its purpose; consent {consent.id} is "
            f"{status}, for {', '.join(sorted(consent.purposes))}."
        )
    return hold


def hold_at(holds: Iterable[Hold], purpose: str, at: int) -> Hold | None:
    """The hold for ``purpose`` that runs longest among those in force at ``at``."""
    running = [h for h in holds if h.purpose == purpose and h.starts_at <= at < h.ends_at]
    return max(running, key=lambda hold: hold.ends_at, default=None)
