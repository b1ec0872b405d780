"""Limits of exposure: for a person over all merchants, a person at a merchant, and a merchant.

Exposure is value at risk - money deposit - what is paid.  It is reserved when an order is admitted
and released as it falls, at the latest when the order ends.  A limit holds in total (of all that is
reserved now) and for a day (of all that was newly reserved on it, UTC, released or not, so that
orders opened and cancelled in turn do not get round it).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from benne.kernel import InvalidInput

Scope: TypeAlias = Literal["person", "person_here", "merchant"]
SCOPES: tuple[Scope, ...] = ("person", "person_here", "merchant")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that may be at risk, in minor units; where one is not stated, there is no limit.

    ``person`` is one person over all merchants, ``person_here`` one person at one merchant,
    ``merchant`` everybody at one merchant; ``day`` counts what was newly reserved in a UTC day.

    Raises:
        InvalidInput: one is below 0.
    """

    person_minor: int | None = None
    person_day_minor: int | None = None
    person_here_minor: int | None = None
    person_here_day_minor: int | None = None
    merchant_minor: int | None = None
    merchant_day_minor: int | None = None

    def __post_init__(self) -> None:
        for scope in SCOPES:
            for limit in self.of(scope):
                if limit is not None and limit < 0:
                    raise InvalidInput(f"a limit of the {scope} must be 0 or more; got {limit}.")

    def of(self, scope: Scope) -> tuple[int | None, int | None]:
        """The limit of ``scope`` in total, and for a day."""
        return getattr(self, f"{scope}_minor"), getattr(self, f"{scope}_day_minor")


@dataclass(frozen=True, slots=True)
class Used:
    """What a scope has at risk now, and what was reserved for it today, in minor units."""

    total_minor: int = 0
    day_minor: int = 0


@dataclass(frozen=True, slots=True)
class Exceeded:
    """The limit that an amount would go beyond, and how much room there is under it."""

    scope: Scope
    a_day: bool
    limit_minor: int
    room_minor: int

    @property
    def code(self) -> str:
        """The refusal code."""
        return f"LIMIT_{self.scope.upper()}{'_DAY' if self.a_day else ''}"

    @property
    def says(self) -> str:
        """The refusal in a sentence, without what others owe."""
        who = {
            "person": "the person over all merchants",
            "person_here": "the person at this merchant",
            "merchant": "the merchant",
        }[self.scope]
        return f"This would go beyond the limit of {who}{' for a day' if self.a_day else ''}."


def exceeded(limits: Limits, used: Mapping[Scope, Used], amount_minor: int) -> Exceeded | None:
    """The limit under which there is the least room, if ``amount_minor`` does not fit under it."""
    tight: Exceeded | None = None
    for scope in SCOPES:
        there = used.get(scope, Used())
        for a_day, limit, taken in zip(
            (False, True), limits.of(scope), (there.total_minor, there.day_minor), strict=True
        ):
            if limit is None or taken + amount_minor <= limit:
                continue
            room = max(limit - taken, 0)
            if tight is None or room < tight.room_minor:
                tight = Exceeded(scope, a_day, limit, room)
    return tight
