"""A process that lends until it is killed: ``python lending_forever.py URL FOLDER SEED CLIENT``.

It prints each request once it is done, so that whoever kills it knows what was promised.
"""

from __future__ import annotations

import random
import sys
from pathlib import Path

from made_service import DAY, PURPOSES, FakeReader, Turned, made_service

from benne import app
from benne.app.stores.online import Online
from benne.kernel import Conflict
from benne.orders import FAULTS, SimulatedProvider


def say(words: str) -> None:
    """What is done, and will never be undone."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def main(url: str, folder: str, seed: str, client: str) -> None:
    """Lend, return, pay and refund, with a provider that fails."""
    dice, clock = random.Random(int(seed)), Turned()
    clock.turn(days=int(seed))
    service = made_service(Online.open(url), clock, FakeReader(), Path(folder))
    provider = SimulatedProvider(dice.choice(sorted(FAULTS)) for _ in range(10_000))
    caller = app.Caller(client, "bikes", frozenset(app.SCOPES), frozenset(PURPOSES), "test")
    number = 0
    while True:
        number += 1
        name = f"{seed}-{number}"
        asked = app.OrderAsked(
            name, "test_good", "rental", "power_bank", clock.now + 3 * DAY, 9_900, 9_900, 5_000,
            partial=True,
        )  # fmt: skip
        told = service.online.run(lambda unit: app.create_order(service, unit, caller, asked))  # noqa: B023
        say(f"order {told.order.id}")
        for act, values in (
            ("start", {}), ("complete", {"amount_minor": 500}), ("deduct", {}),
            ("refund", {"amount_minor": 100}),
        ):  # fmt: skip
            said = app.OrderAct(f"{name}-{act}", act, clock.now, "merchant", **values)  # type: ignore[arg-type]
            try:
                service.online.run(
                    lambda unit: app.act_on_order(service, unit, caller, told.order.id, said)  # noqa: B023
                )
            except Conflict:
                continue
            say(f"act {told.order.id} {name}-{act}")
            app.send_payments(service, provider)
            clock.turn(days=0.01)


if __name__ == "__main__":
    main(*sys.argv[1:])
