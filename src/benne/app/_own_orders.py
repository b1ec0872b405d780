"""A person's own orders: how they stand, what comes next, what they were told, what they may do."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import msgspec

from benne.app._orders import Kept, act_in, service_of
from benne.app.stores.online import clients, orders as store
from benne.kernel import NotFound
from benne.orders import NOTICES, Act, Service, Task, next_task, possible

if TYPE_CHECKING:
    from benne.app._service import Service as Bureau
    from benne.app.stores.online import Unit
    from benne.app.stores.online.orders import StoredOrder

OWN_ORDER_ACTS = (
    "deposit", "agree", "decline", "pay", "confirm", "cancel", "ask_pause", "resume", "dispute",
    "withdraw",
)  # fmt: skip
"""What a person may do with an order of their own, where it is possible."""


@dataclass(frozen=True, slots=True)
class OwnNotice:
    """What a person was to be told of an order, and when."""

    at: int
    notice: str
    says: str


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order as its person sees it: at whom, what is done next by itself, and what they may do.

    ``service`` is on the order's own terms, ``told`` every notice to the person, in order;
    ``goods_out``: something is to be brought back.
    """

    stored: StoredOrder
    merchant: str
    service: Service
    next: Task | None
    told: tuple[OwnNotice, ...]
    goods_out: bool
    can: tuple[str, ...]


def own_orders(unit: Unit, subject: str) -> list[OwnOrder]:
    """Every order of a person, at whichever merchant, the oldest first."""
    return [_seen(unit, stored) for stored in store.of_subject(unit, subject)]


def act_on_own_order(bureau: Bureau, unit: Unit, subject: str, name: str, act: Act) -> OwnOrder:
    """What a person does with an order of their own; the same request id does it once.

    Raises:
        NotFound: they have no such order, or no such act.
        Conflict: it cannot be done now, or the request id was used for something else.
    """
    stored = store.find(unit, name, lock=True)
    if stored is None or not subject or stored.order.subject != subject:
        raise NotFound("you have no order of this id.")
    if act.name not in OWN_ORDER_ACTS:
        raise NotFound(f"a person may {', '.join(OWN_ORDER_ACTS)}; got {act.name!r}.")
    own = replace(act, request=f"person {act.request}")
    return _seen(unit, act_in(bureau, unit, stored, own).stored)


def _seen(unit: Unit, stored: StoredOrder) -> OwnOrder:
    order = stored.order
    service = service_of(order)
    found = clients.find_organisation(unit, order.merchant)
    told = [
        OwnNotice(act.at, name, NOTICES[name][1])
        for act in store.acts_of(unit, order.id)
        for name in msgspec.json.decode(act.body, type=Kept).notices
        if NOTICES[name][0] == "person"
    ]
    merchant = order.merchant if found is None else found.name
    may = possible(order, service, by="person")
    can = tuple(name for name in OWN_ORDER_ACTS if name in may)
    return OwnOrder(
        stored=stored,
        merchant=merchant,
        service=service,
        next=next_task(order, service),
        told=tuple(told),
        goods_out=order.goods_out(service),
        can=can,
    )
