"""A town in which people keep promises or do not, a card built on it, and three merchants."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
from made_workspace import benne

from benne import app
from benne.app import Service
from benne.app.wiring import service, session
from benne.kernel import parse_instant

DAY = 86_400_000_000
START = parse_instant("2025-02-01T09:00:00Z")
MERCHANTS = ("bikes", "books", "banks")

SETTINGS = """\
schema = 1

[workspace]
name = "promises"
says = "People who do not exist"
currency = "EUR"

[lawful_basis]
basis = "simulated"
statement = "Nobody in it exists."

[files]
orders = "orders.csv"
bills = "bills.csv"
people = "people.csv"

[observations]
sql = "observations.sql"

[outcome]
says = "Broke a promise in the year after"

[model]
learner = "spline"
folds = 2
prices = false
features_at_most = 12
drop_tags = [{drop}]

[service]
payments = "simulated"
offers = [
    {{ name = "rental", threshold = 600, cap_minor = 20000, purposes = ["deposit_free"] }},
]
"""

_HEAD = """\
-- ---
-- source = "{source}"
-- historical = true
-- ---
"""
_MAPPINGS = {
    "order": _HEAD.format(source="shops")
    + """\
select record, person as subject, happened_at, service, merchant, value_minor,
    deposit_waived_minor, due_at, nullif(closed_at, '') as closed_at, state,
    coalesce(nullif(closed_at, ''), happened_at) as known_at
from orders
""",
    "obligation": _HEAD.format(source="power_company")
    + """\
select record, person as subject, due_at, 'power' as contract, due_minor, paid_minor,
    nullif(paid_at, '') as paid_at, due_at as known_at
from bills
""",
}
_OBSERVATIONS = """\
select person as subject, '2024-01-01T00:00:00Z' as as_of, outcome,
    '2025-01-02T00:00:00Z' as outcome_known_at
from people
"""


def promises_workspace(folder: Path, *, drop: str = "", people: int = 900) -> Path:
    """The workspace, built; ``drop`` names tags whose features the card does not read."""
    folder.mkdir(parents=True)
    (folder / "mapping").mkdir()
    (folder / "benne.toml").write_text(SETTINGS.format(drop=drop and f'"{drop}"'))
    (folder / "observations.sql").write_text(_OBSERVATIONS)
    for kind, text in _MAPPINGS.items():
        (folder / "mapping" / f"{kind}.sql").write_text(text)
    _write_people(folder, people)
    built = benne("build", folder)
    assert built.code == 0, built.err
    return folder


def _write_people(folder: Path, people: int) -> None:
    """Who means to keep promises keeps more of them, to more merchants, and does so afterwards."""
    random = np.random.default_rng(5)
    end = datetime(2024, 1, 1, tzinfo=UTC)
    orders: list[list[object]] = []
    bills: list[list[object]] = []
    outcomes: list[list[object]] = []
    for number in range(people):
        person, will = f"P{number:05}", random.normal()
        for n in range(int(random.poisson(4))):
            start = end - timedelta(days=float(random.uniform(1, 500)))
            due = start + timedelta(days=float(random.uniform(1, 7)))
            late = random.random() < 1 / (1 + np.exp(1.6 + 1.3 * will))
            delay = timedelta(days=float(random.exponential(9 if late else 0) - (not late)))
            closed = max(due + delay, start)
            orders.append(
                [f"{person}-{n}", person, start.isoformat(), "rental",
                 f"shop{random.integers(0, 12)}", int(random.integers(100, 20_000)), 9_900,
                 due.isoformat(), closed.isoformat() if closed < end else "", "ended"]
            )  # fmt: skip
        for n in range(int(random.poisson(3))):
            due = end - timedelta(days=float(random.uniform(1, 300)))
            late = random.random() < 1 / (1 + np.exp(2 + 1.0 * will))
            paid = due + timedelta(days=8 if late else -1)
            done = paid < end
            bills.append(
                [f"{person}-{n}", person, due.isoformat(), 4_000, 4_000 if done else 0,
                 paid.isoformat() if done else ""]
            )  # fmt: skip
        bad = random.random() < 1 / (1 + np.exp(2.2 + 1.4 * will))
        outcomes.append([person, "bad" if bad else "good"])
    _write(folder / "orders.csv", orders, "record,person,happened_at,service,merchant,value_minor,"
           "deposit_waived_minor,due_at,closed_at,state")  # fmt: skip
    _write(folder / "bills.csv", bills, "record,person,due_at,due_minor,paid_minor,paid_at")
    _write(folder / "people.csv", outcomes, "person,outcome")


def _write(path: Path, rows: list[list[object]], head: str) -> None:
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(head.split(","))
        writer.writerows(rows)


class Clock:
    """A clock that stands until it is turned, and ticks at each look."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        self.now += 1
        return self.now


class Town:
    """The service of a workspace, its merchants, and a person whom nobody knows."""

    def __init__(self, folder: Path, database: Path) -> None:
        self.clock = Clock()
        opened = replace(session(folder), clock=self.clock)
        self.service: Service = service(opened, database=f"sqlite:///{database}")
        self.provider = app.payment_port("simulated")
        self.numbers = 0
        self.callers: dict[str, app.Caller] = {}
        for name in MERCHANTS:
            self.add_merchant(name)

    def add_merchant(self, name: str) -> None:
        """One more organisation that may lend."""
        app.add_organisation(self.service, name.title(), id=name)
        made = app.add_client(
            self.service, name, name="program", scopes=("orders", "answers.consult", "consents"),
            purposes=("deposit_free",), mode="production",
        )  # fmt: skip
        self.callers[name] = app.authenticate(self.service, made.client, made.secret)

    def consent(self, merchant: str, identifier: str) -> str:
        """The person lets a merchant ask; the name by which it knows them."""
        terms = app.Terms(
            purposes=frozenset({"deposit_free"}),
            text_version="1",
            text_hash="a" * 64,
            ticked_beforehand=False,
            frequency=app.Frequency(30, 30),
        )
        subject = app.identified(self.service, identifier)
        given = self.service.online.run(
            lambda unit: app.give_consent(
                self.service, unit, self.callers[merchant], subject=subject, terms=terms
            )
        )
        return given.consent.known_as

    def order(
        self, merchant: str, person: str, *, value: int = 9_900, days: float = 2.0,
        partial: bool = True,
    ) -> app.OrderTold:  # fmt: skip
        """A new order, whatever became of it."""
        self.numbers += 1
        asked = app.OrderAsked(
            number=f"n{self.numbers}", person=person, service="rental", offer="rental",
            due_at=self.clock.now + int(days * DAY), value_minor=value, deposit_minor=value,
            price_minor=500, partial=partial,
        )  # fmt: skip
        return self.service.online.run(
            lambda unit: app.create_order(self.service, unit, self.callers[merchant], asked)
        )

    def keep(
        self, merchant: str, told: app.OrderTold, *, price: int = 100, days: float = 1.0
    ) -> str:
        """The order is used, brought back in time and paid; the state in which it ends."""
        caller, name = self.callers[merchant], told.order.id
        if told.order.state == "offered":
            self._act(caller, name, "deposit", by="merchant")
            self.work()
        self._act(caller, name, "start", by="merchant")
        self.clock.now += int(days * DAY)
        self._act(caller, name, "complete", by="merchant", amount_minor=price)
        self._act(caller, name, "deduct", by="merchant")
        self.work()
        with self.service.online.reading() as unit:
            return app.find_order(unit, caller, name).order.state

    def _act(self, caller: app.Caller, name: str, act: str, **values: object) -> None:
        self.numbers += 1
        said = app.OrderAct(f"r{self.numbers}", act, self.clock.now, **values)  # type: ignore[arg-type]
        self.service.online.run(
            lambda unit: app.act_on_order(self.service, unit, caller, name, said)
        )

    def work(self) -> None:
        """The worker does what falls due."""
        assert self.provider is not None
        while app.run_due(self.service) + app.send_payments(self.service, self.provider):
            pass

    def answer(self, identifier: str) -> app.Answer:
        """What the bureau itself would say of the person now."""
        opened = session(self.service.workspace.folder)
        permit = replace(opened, clock=self.clock).permit("self_view")
        with self.service.online.reading() as unit:
            reading = self.service.reader(
                unit, app.identified(self.service, identifier), permit=permit,
                as_of=self.clock.now, family="sesame",
            )  # fmt: skip
        return reading.answer


def ten_promises(town: Town, who: str, *, every_days: int = 12) -> list[str]:
    """Ten orders at three merchants, all kept; the state in which each began."""
    people = {merchant: town.consent(merchant, who) for merchant in MERCHANTS}
    states = []
    for number in range(10):
        merchant = MERCHANTS[number % 3]
        told = town.order(merchant, people[merchant])
        states.append(told.order.state)
        assert town.keep(merchant, told) == "completed"
        town.clock.now += every_days * DAY
    return states


def farm(town: Town, who: str, *, merchants: int, orders: int) -> int:
    """Orders of nothing at merchants who lie along, all within hours; how many there were."""
    for number in range(merchants):
        name = f"liar{number}"
        if name not in town.callers:
            town.add_merchant(name)
        person = town.consent(name, who)
        for _ in range(orders):
            told = town.order(name, person, value=20_000, days=1.0)
            assert town.keep(name, told, price=1, days=0.01) == "completed"
    return merchants * orders


def points(answer: app.Answer) -> int | None:
    """The score, where there is one."""
    return answer.score if isinstance(answer, app.Score) else None
