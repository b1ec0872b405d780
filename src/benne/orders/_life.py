"""An order with all that was done to it: the same request moves nothing twice."""

from __future__ import annotations

from dataclasses import dataclass

from benne.kernel import Conflict
from benne.orders._acts import Act, Opening
from benne.orders._fund import Fund
from benne.orders._ledger import Entry
from benne.orders._order import Order
from benne.orders._services import Service
from benne.orders._step import Step, apply, open_order


@dataclass(frozen=True, slots=True)
class Life:
    """An order's steps in memory: (request id, digest of what was said, what it did)."""

    steps: tuple[tuple[str, str, Step], ...]

    @property
    def order(self) -> Order:
        """The order as it stands."""
        return self.steps[-1][2].order

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that was posted."""
        return tuple(entry for _, _, step in self.steps for entry in step.entries)


def begin(opening: Opening, service: Service) -> Life:
    """The life of the order that ``opening`` asks for."""
    return Life(((opening.request, opening.digest, open_order(opening, service)),))


def act_on(
    life: Life,
    act: Act,
    service: Service,
    *,
    fund: Fund | None = None,
    answer_by: int | None = None,
) -> tuple[Life, Step]:
    """The life after ``act``, and what it did; a repeated request gives its first answer.

    Raises:
        Conflict: as ``apply``; or the request id was used to say something else.
    """
    for request, digest, step in life.steps:
        if request == act.request:
            demand_same(act.request, digest, act.digest)
            return life, step
    step = apply(life.order, act, service, fund=fund, answer_by=answer_by)
    return Life((*life.steps, (act.request, act.digest, step))), step


def demand_same(request: str, first: str, again: str, *, what: str = "request id") -> None:
    """Refuse a request id that was used before to say something else; ``what`` it is called.

    Raises:
        Conflict: the digests differ.
    """
    if first != again:
        raise Conflict(
            f"{what} {request!r} was used before for another request; use a new one for a new "
            "request, and the same words for the same one."
        )
