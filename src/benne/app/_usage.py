"""Usage: what an organisation asked in a month, what it was told, and what was charged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._access import Caller, demand_open
from benne.app.stores.online import asks
from benne.app.stores.online.asks import Counted
from benne.kernel import MICROS_PER_DAY, InvalidInput, iso, month_start, parse_instant

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app.stores.online import Unit


@dataclass(frozen=True, slots=True)
class Usage:
    """The answers of ``month`` (as 2026-11), counted; of the mode of who asks."""

    month: str
    mode: str
    counted: tuple[Counted, ...]


def usage(service: Service, unit: Unit, caller: Caller, *, month: str | None = None) -> Usage:
    """What the caller's organisation asked in a UTC month; in this one, if none is named.

    Raises:
        Unauthenticated: the client was closed.
        InvalidInput: ``month`` is none.
    """
    demand_open(unit, caller)
    try:
        start = month_start(service.clock() if month is None else parse_instant(f"{month}-01"))
    except InvalidInput as error:
        raise InvalidInput(f"month must be as 2026-11; got {month!r}.") from error
    end = month_start(start + 31 * MICROS_PER_DAY)
    counted = asks.counted(unit, caller.organisation, mode=caller.mode, since=start, until=end)
    return Usage(iso(start)[:7], caller.mode, tuple(counted))
