"""The errors that Benne raises on purpose, and what each means to a caller.

BenneError
  InvalidInput   the caller can send something else
  NotPermitted   no permission covers the request
  NotFound       what was named is not there
  Conflict       another state or process stands in the way
  Unavailable    cannot be answered now
  Corrupt        what was stored is not what was written
"""

from __future__ import annotations

from dataclasses import dataclass


class BenneError(Exception):
    """Base of every error Benne raises on purpose."""


class InvalidInput(BenneError, ValueError):
    """The caller can fix this by sending something else."""


class NotPermitted(BenneError):
    """No permission covers what was asked."""


class NotFound(BenneError, LookupError):
    """What was named does not exist here."""


class Conflict(BenneError):
    """Another state, or another process, stands in the way."""


class Unavailable(BenneError):
    """The answer cannot be given now; the same request may succeed later."""


class Corrupt(BenneError):
    """Something stored is not what was once written."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What an error becomes at a door: an HTTP status and a process exit code."""

    http_status: int
    exit_code: int


CONSEQUENCES: dict[type[BenneError], Consequence] = {
    InvalidInput: Consequence(422, 2),
    NotPermitted: Consequence(403, 3),
    NotFound: Consequence(404, 2),
    Conflict: Consequence(409, 4),
    Unavailable: Consequence(503, 5),
    Corrupt: Consequence(500, 1),
}


def consequence_of(error: BenneError) -> Consequence:
    """The consequence of ``error``, by the nearest class in the table.

    >>> consequence_of(NotFound("no such subject")).http_status
    404
    """
    for cls in type(error).__mro__:
        if cls in CONSEQUENCES:
            return CONSEQUENCES[cls]
    return Consequence(500, 1)
