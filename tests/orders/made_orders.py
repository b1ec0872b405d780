"""Orders for tests: a service, an opening, and acts by short names."""

from __future__ import annotations

from itertools import count

from benne.kernel import MICROS_PER_DAY
from benne.orders import (
    ACTS,
    Act,
    Due,
    Fund,
    FundLimits,
    Life,
    Opening,
    Order,
    PaymentPort,
    PaymentUnknown,
    Service,
    Step,
    act_on,
    begin,
    next_task,
    request_of,
    standard_services,
    told_by,
)

DAY = MICROS_PER_DAY
START = 20_000 * DAY


class Case:
    """One order in memory, with a clock that the test moves."""

    def __init__(
        self, service: str | Service = "rental", *, days: int = 7, **opening: object
    ) -> None:
        self.service = standard_services()[service] if isinstance(service, str) else service
        self.at = START
        self._number = count(1)
        self.steps: list[Step] = []
        self.fund: Fund | None = None
        self.answer_days: int | None = None
        values: dict[str, object] = {
            "request": "r0",
            "order": "o",
            "service": self.service.name,
            "merchant": "m",
            "subject": "s",
            "at": START,
            "due_at": START + days * DAY,
            "value_minor": 20_000,
            "deposit_minor": min(9_900, self.service.terms.deposit_max_minor),
            "price_minor": 5_000,
        }
        if self.service.paying == "promise":
            values["promised_minor"] = 3
        if self.service.paying == "schedule":
            plan = [(START + days * DAY * k // 2, 2_500, "instalment") for k in (1, 2)]
            values["plan"] = tuple(Due(*one) for one in plan)
        self.life: Life = begin(Opening(**{**values, **opening}), self.service)  # type: ignore[arg-type]

    @property
    def order(self) -> Order:
        return self.life.order

    def do(
        self, name: str, *, request: str | None = None, by: str | None = None, **values: object
    ) -> Step:
        act = Act(
            request or f"r{next(self._number)}", name, self.at, by or ACTS[name].by[0], **values
        )  # type: ignore[arg-type]
        until = None if self.answer_days is None else self.at + self.answer_days * DAY
        self.life, step = act_on(self.life, act, self.service, fund=self.fund, answer_by=until)
        self.fund = step.fund or self.fund
        self.steps.append(step)
        return step

    def running(self) -> Case:
        self.do("admit")
        self.do("start")
        return self

    def wait(self, days: float) -> list[str]:
        """Let time pass; what the system did meanwhile."""
        end, done = self.at + int(days * DAY), []
        while (task := next_task(self.order, self.service)) is not None and task.at <= end:
            self.at = max(self.at, task.at)
            self.do(task.act, by="system", request=task.request)
            done.append(task.act)
        self.at = end
        return done

    def ask(self, provider: PaymentPort) -> None:
        """Ask the provider for all that is open, as a worker does."""
        for payment in self.order.payments:
            if payment.status == "pending":
                try:
                    receipt = provider.ask(request_of(self.order, payment))
                except PaymentUnknown:
                    continue
                act = told_by(receipt, at=self.at)
                self.life, _ = act_on(self.life, act, self.service)


def a_fund(balance: int = 50_000) -> Fund:
    limits = FundLimits(order_minor=20_000, day_minor=30_000, total_minor=60_000)
    return Fund("m", limits, balance_minor=balance)
