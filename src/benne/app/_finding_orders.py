"""Orders, found and listed: by their merchant, and by the people of the bureau who decide."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._consulting import offer_purposes, offered_service
from benne.app.stores.online import orders as store
from benne.kernel import NotFound
from benne.orders import Service

if TYPE_CHECKING:
    from benne.app._access import Caller
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit
    from benne.app.stores.online.orders import StoredAct, StoredOrder


def find_order(unit: Unit, caller: Caller, name: str) -> StoredOrder:
    """The order ``name`` of the caller's organisation.

    Raises:
        NotFound: it has none of this id; another's is not told from none.
    """
    caller.demand("orders")
    stored = store.find(unit, name)
    if stored is None or stored.order.merchant != caller.books:
        raise NotFound("your organisation has no order of this id.")
    return stored


def order_of_number(unit: Unit, caller: Caller, number: str) -> StoredOrder:
    """The order that the caller's organisation made under its own ``number``.

    Raises:
        NotFound: it made none.
    """
    caller.demand("orders")
    stored = store.find_number(unit, caller.books, number)
    if stored is None:
        raise NotFound("your organisation has no order of this number.")
    return stored


def list_orders(
    unit: Unit, caller: Caller, *, after: str | None, limit: int, state: str | None = None
) -> list[StoredOrder]:
    """A page of the caller's orders, the oldest first."""
    caller.demand("orders")
    return store.of_organisation(unit, caller.books, after=after, limit=limit, state=state)


def list_referred(unit: Unit, caller: Caller, *, limit: int) -> list[StoredOrder]:
    """The orders of all merchants that wait for a person to decide, those that end first first."""
    caller.demand("orders.cover")
    return store.waiting(unit, "created", test=caller.mode == "test", limit=limit)


def list_claims(unit: Unit, caller: Caller, *, limit: int) -> list[StoredOrder]:
    """The orders of all merchants with a claim on a cover fund that waits for an answer."""
    caller.demand("orders.cover")
    return store.waiting(unit, "claimed", test=caller.mode == "test", limit=limit)


@dataclass(frozen=True, slots=True)
class OfferSeen:
    """What may be ordered, for what purposes; ``service`` is ``None`` where any may be."""

    name: str
    purposes: tuple[str, ...]
    service: Service | None


def list_offers(bureau: Bureau, caller: Caller) -> list[OfferSeen]:
    """What ``benne.toml`` offers, with the terms to show a person before they take it."""
    caller.demand("orders")
    return [
        OfferSeen(
            table.name,
            offer_purposes(table),
            None if table.service is None else offered_service(table),
        )
        for table in bureau.workspace.service.offers
    ]


def order_history(unit: Unit, caller: Caller, name: str) -> list[StoredAct]:
    """All that was done to an order of the caller's, in order.  Raises ``NotFound``."""
    return store.acts_of(unit, find_order(unit, caller, name).order.id)
