"""Several orders at once, in the store: whatever is done to them, repeated, or jumps in time."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest
from made_service import DAY, PURPOSES, Asker, Turned

from benne import app
from benne.app import Service
from benne.app.stores.online import ledger, limits, orders
from benne.decisions import Limits
from benne.kernel import BenneError
from benne.orders import (
    ACTS,
    FAULTS,
    OVER,
    Act,
    Amounts,
    Order,
    Proof,
    SimulatedProvider,
    balances,
    possible,
    standard_services as services,
)

STEPS = 80
OF_OTHERS = {"told", "remind", "warn", "lapse", "expire"}
ENDING = {"cancel", "hold_consent", "write_off"}
GIVEN = {"text": "why", "proofs": (Proof("photo", "0" * 64),)}


@dataclass
class Crowd:
    """A merchant, two people and a provider that fails, at a handful of orders."""

    service: Service
    clock: Turned
    people: list[str]
    dice: random.Random
    caller: app.Caller
    made: list[str] = field(default_factory=list)
    done: list[tuple[str, Act, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        faults = [self.dice.choice(sorted(FAULTS)) for _ in range(STEPS)]
        self.provider = SimulatedProvider(faults)

    def order(self) -> None:
        name = self.dice.choice(("rental", "booking", "library"))
        asked = app.OrderAsked(
            number=f"n-{len(self.made)}",
            person=self.dice.choice(self.people),
            service=name,
            offer="power_bank",
            due_at=self.clock.now + self.dice.randint(1, 9) * DAY,
            value_minor=self.dice.choice((4_000, 9_000, 30_000)),
            price_minor=3_000,
            partial=True,
        )
        told = self.service.online.run(
            lambda unit: app.create_order(self.service, unit, self.caller, asked)
        )
        self.made.append(told.order.id)

    def act(self) -> None:
        """Something that may be done, with amounts about right; or an old request once more."""
        if self.done and self.dice.random() < 0.2:
            name, act, first = self.dice.choice(self.done)
            assert self.tell(name, act).order == first
            return
        name = self.dice.choice(self.made)
        with self.service.online.reading() as unit:
            found = orders.find(unit, name)
        assert found is not None
        order = found.order
        acts = [a for a in possible(order, services()[order.service]) if a not in OF_OTHERS]
        if self.dice.random() < 0.9:
            acts = [a for a in acts if a not in ENDING] or acts
        if not acts:
            return
        rule = ACTS[chosen := self.dice.choice(acts)]
        waiting = [p.id for p in order.payments if p.status == "unconfirmed"]
        values: dict[str, Any] = {
            **GIVEN,
            "amount_minor": self.dice.choice((1, 1_000, order.owed_minor or 3_000)),
            "compensation_minor": 0,
            "until": max(self.clock.now, order.due_at) + self.dice.randint(1, 30) * DAY,
            "payment": waiting[0] if waiting else None,
            **asdict(self.amounts(order)),
        }
        said = {key: values[key] for key in (*rule.needs, *rule.may)}
        act = Act(f"a-{len(self.done)}", chosen, 0, self.dice.choice(rule.by), **said)
        try:
            self.done.append((name, act, self.tell(name, act).order))
        except BenneError:
            return

    def amounts(self, order: Order) -> Amounts:
        """What the person was asked to agree to, or what may be asked."""
        return order.proposed or Amounts(
            self.dice.choice((4_000, 9_000, 10_000)),
            self.dice.choice((0, 4_000)),
            self.dice.choice((2_000, 4_000)),
        )

    def tell(self, name: str, act: Act) -> app.OrderTold:
        return self.service.online.run(
            lambda unit: app.act_on_order(self.service, unit, self.caller, name, act)
        )

    def time(self) -> None:
        """It mostly goes on; now and then a clock is put back."""
        self.clock.turn(days=self.dice.choice((0.1, 0.3, 1, 6, -0.5)))
        app.run_due(self.service)

    def pay(self) -> None:
        app.send_payments(self.service, self.provider)
        self.clock.turn(seconds=301)

    def check(self) -> None:
        """Books, orders and limits tell the same."""
        at_risk: Counter[str] = Counter()
        with self.service.online.reading() as unit:
            assert sum(app.books(unit).values()) == 0
            for name in self.made:
                found = orders.find(unit, name)
                assert found is not None
                order, stood = found.order, balances(ledger.entries_of(unit, name))
                written_off = order.covered_minor + order.lost_minor + order.fund_lost_minor
                assert stood.get(("owed", name), 0) == order.owed_minor - written_off
                assert stood.get(("held", name), 0) == order.held_minor
                assert order.charged_minor <= order.price_minor
                assert order.state not in OVER or order.exposure_minor == 0
                at_risk[order.subject] += order.exposure_minor
            for subject, amount in at_risk.items():
                used = limits.used(unit, subject=subject, merchant="bikes", at=self.clock.now)
                assert used["person"].total_minor == amount
                assert used["merchant"].total_minor == at_risk.total()


@pytest.mark.parametrize("seed", [2, 3])
def test_no_order_of_requests_parts_books_orders_and_limits(
    asker: Asker, service: Service, clock: Turned, seed: int
) -> None:
    assert service.workspace.service.limits == Limits()
    people = [
        str(asker.consent(who, purposes=["deposit_free"])["known_as"]) for who in ("ID-1", "ID-2")
    ]
    clock.turn(days=9)  # a clock that is put back stays behind the consents
    client = asker.credentials.client
    caller = app.Caller(client, "bikes", frozenset(app.SCOPES), frozenset(PURPOSES), "production")
    crowd = Crowd(service, clock, people, random.Random(seed), caller)
    crowd.order()
    for step in range(STEPS):
        if step % 10 == 0:
            crowd.order()
        crowd.dice.choice((crowd.act, crowd.act, crowd.act, crowd.time, crowd.pay))()
        crowd.check()
    assert len(crowd.done) > 10
