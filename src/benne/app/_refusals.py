"""Why the service refuses a request: each is a kind of the kernel's errors, with a name of its own.

What a person's rights forbid is no error but a typed answer (``NoConsent``, ``Unavailable``).
"""

from __future__ import annotations

from benne.kernel import Conflict, InvalidInput, NotPermitted


class Unauthenticated(NotPermitted):
    """Nobody whom we know is asking: no token, or one that is not, or no longer, right."""


class ScopeMissing(NotPermitted):
    """The client was not given this part of the service."""


class PurposeNotGranted(NotPermitted):
    """The client was not admitted to ask for this purpose."""


class MoreThanNeeded(NotPermitted):
    """The purpose needs less than was asked."""


class KeyMissing(InvalidInput):
    """What is charged or recorded needs an idempotency key."""


class KeyReused(InvalidInput):
    """The idempotency key was used for another request."""


class KeyInFlight(Conflict):
    """The first request with this idempotency key is still being answered."""


class KeyErased(Conflict):
    """What the request with this idempotency key was answered was lawfully erased since."""


class TooManyThresholds(NotPermitted):
    """So many thresholds for one person would find out the score; ``again_at`` frees one."""

    def __init__(self, message: str, *, again_at: int) -> None:
        super().__init__(message)
        self.again_at = again_at


class NoticeMissing(InvalidInput):
    """An adverse record came without word of its prior notice to the person."""


class NeedsSecondPerson(Conflict):
    """What cannot be undone waits for another administrator."""
