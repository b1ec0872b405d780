"""A shop that lends on credit, a worker that does what falls due, and a provider that is asked."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from made_service import Asker, Turned

from benne import app
from benne.orders import SimulatedProvider


def day(clock: Turned, days: float) -> str:
    """The instant ``days`` after now, as the wire has it."""
    moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=clock.now)
    return (moment + timedelta(days=days)).isoformat()


class Shop:
    """Orders over HTTP, in the manner of a program written by hand."""

    def __init__(self, asker: Asker, clock: Turned, provider: SimulatedProvider | None = None):
        self.asker, self.clock = asker, clock
        self.provider = provider or SimulatedProvider()
        self.numbers = 0

    def order(self, person: str, service: str = "rental", **more: Any) -> dict[str, Any]:
        """A new order, whatever became of it."""
        came = self.try_order(person, service, **more)
        assert came.status_code == 201, came.text
        made: dict[str, Any] = came.json()
        return made

    def try_order(self, person: str, service: str = "rental", **more: Any) -> Any:
        """The response to an order."""
        self.numbers += 1
        key = more.pop("key", None)
        body = {
            "number": f"no-{self.numbers}",
            "person": person,
            "service": service,
            "offer": "power_bank",
            "due_at": day(self.clock, 3),
            "value_minor": 9_900,
            "deposit_minor": 9_900 if service == "rental" else 0,
            "price_minor": 5_000,
            **more,
        }
        return self.asker.post("/v1/orders", body, key)

    def try_act(self, order: str, act: str, key: str | None = None, **more: Any) -> Any:
        """The response to an act."""
        return self.asker.post(f"/v1/orders/{order}/acts", {"act": act, **more}, key)

    def act(self, order: str, act: str, **more: Any) -> dict[str, Any]:
        """The order as an act left it."""
        came = self.try_act(order, act, **more)
        assert came.status_code == 200, came.text
        told: dict[str, Any] = came.json()
        return told

    def look(self, order: str) -> dict[str, Any]:
        """The order as it stands."""
        came = self.asker.http.get(f"/v1/orders/{order}")
        assert came.status_code == 200, came.text
        told: dict[str, Any] = came.json()
        return told

    def turn(self, *, days: float) -> None:
        """Days pass, and the program gets a new token."""
        self.clock.turn(days=days)
        self.asker.sign_in()

    def history(self, order: str) -> list[dict[str, Any]]:
        """All that was done to an order."""
        came = self.asker.http.get(f"/v1/orders/{order}/acts")
        assert came.status_code == 200, came.text
        acts: list[dict[str, Any]] = came.json()["acts"]
        return acts

    def work(self, *, days: float = 0) -> None:
        """Days pass, and the worker does what falls due, a day at a time."""
        service = self.asker.service
        left = days
        while True:
            while (
                app.run_due(service)
                + app.send_payments(service, self.provider)
                + app.send_contributions(service, self.provider)
            ):
                pass
            if left <= 0:
                self.asker.sign_in()
                return
            step = min(left, 1)
            self.clock.turn(days=step)
            left -= step
