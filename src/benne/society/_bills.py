"""Fulfilment: bills, orders, breaches and means."""

from __future__ import annotations

import numpy as np

from benne.society._block import CONTRACTS, Block, Emission
from benne.society._calendar import DAY, Bools, Floats, Ints
from benne.society._people import sigmoid
from benne.society._tables import Rows, batch, flags, instants, ints, names, words

SERVICES = ("bicycle", "power_bank", "hotel", "car")
STATES = ("open", "returned", "returned_late", "lost")
INDUSTRIES = ("leasing", "hotel", "telecom", "housing", "payment")
BREACHES = ("not_returned", "unpaid_bill", "damage")
DISPUTE = ("original", "disputed", "upheld", "corrected", "statement_kept")

PUBLIC = ("power", "water", "tax")
RENT = CONTRACTS.index("rent")


def fulfilment(block: Block) -> list[Emission]:
    """All that says whether promises outside credit were kept, and what means there are."""
    bills, unpaid = _bills(block.of("obligation"))
    orders, lost = _orders(block.of("order"))
    breaches = _breaches(block.of("breach"), unpaid, lost)
    return [*bills, *orders, *breaches, *_means(block.of("means"))]


def _bills(block: Block) -> tuple[list[Emission], dict[str, Ints]]:
    p, people, life = block.world.parameters, block.people, block.life
    popular = p.each("bill_share", CONTRACTS)
    share = np.minimum(popular * p["bills.contracts_mean"] / popular.sum(), 1.0)
    every = p.each("bill_every_months", CONTRACTS).astype(np.int64)
    holds = (block.random.random((len(people), len(CONTRACTS))) < share) & people.utility[:, None]
    person, contract = np.nonzero(holds)
    months = np.arange(block.world.calendar.months)
    runs = (months[None, :] + person[:, None]) % every[contract][:, None] == 0
    line, month = np.nonzero(runs & life.present[person])
    person, contract = person[line], contract[line]
    keep = block.reported(person)
    person, contract, month = person[keep], contract[keep], month[keep]
    count = len(person)
    late = block.uniform(count) < sigmoid(_late_logit(block, person, month, contract))
    never = late & (
        block.uniform(count) < p["bills.never_paid"] * (1 + life.jobless[person, month])
    )
    due = block.world.calendar.start(month) + (3 + (person * 5 + contract * 7) % 20) * DAY
    delay = np.where(
        late,
        1 + block.random.exponential(p["bills.delay_days"], count),
        -6 * block.uniform(count),
    )
    paid = due + (delay * 86_400).astype(np.int64) * 1_000_000
    emissions = _publish_bills(block, person, contract, due, paid, never)
    public = np.isin(contract, [CONTRACTS.index(name) for name in PUBLIC])
    overdue = np.flatnonzero(public & (never | (delay > 30)))
    block.deeds.append(("late_public_fee", person[overdue], due[overdue] + 30 * DAY))
    broken = np.flatnonzero(never & (block.uniform(count) < 0.5))
    return emissions, {
        "person": person[broken],
        "industry": np.where(contract[broken] == RENT, 3, 2),
        "at": due[broken] + 60 * DAY,
    }


def _late_logit(block: Block, person: Ints, month: Ints, contract: Ints) -> Floats:
    """Lateness tells of the person where the post and the counters work, and of them elsewhere."""
    p, people, life = block.world.parameters, block.people, block.life
    own = (
        p["bills.late_willingness"] * people.willingness[person]
        + p["bills.late_patience"] * people.patience[person]
        + p["bills.late_stress"] * life.strain[person, month]
    )
    poor = np.quantile(block.world.regions, p["interactions.unreliable_regions"])
    muddle = (block.world.regions < poor)[people.region[person]] * p["interactions.on"]
    habit = np.where(contract == RENT, -0.5, 0.0)
    found: Floats = p["bills.late"] + habit + (1 - muddle) * own + 1.0 * muddle
    return found


def _publish_bills(
    block: Block, person: Ints, contract: Ints, due: Ints, paid: Ints, never: Bools
) -> list[Emission]:
    """A bill is told some days after it fell due, and again when it was paid after that."""
    p = block.world.parameters
    count = len(person)
    flat = np.array([0.0 if c == "rent" else p[f"bill_minor.{c}"] for c in CONTRACTS])
    month = (due - int(block.world.calendar.start(0))) // (30 * DAY)
    rent = p["bill_minor.rent_of_income"] * block.people.earns(p, person, month)
    size = np.where(contract == RENT, rent, flat[contract])
    size = size * np.exp(0.15 * block.random.normal(size=count))
    told_at = due + block.delay(count)
    seen = ~never & (paid < told_at - DAY)
    wrong = seen & (block.uniform(count) < p["quality.wrong"])
    unsaid = ~seen | wrong
    amount = ints(size)
    said = amount.values * ~unsaid
    rows: Rows = {
        "due_at": instants(due),
        "contract": words(contract, CONTRACTS),
        "due_minor": amount,
        "paid_minor": ints(said),
        "paid_at": instants(paid, unsaid),
    }
    record = names("B", block.number("obligation", count))
    told = block.publish("obligation", rows, record=record, person=person, known_at=told_at)
    rows |= {"paid_minor": amount, "paid_at": instants(paid)}
    paid_later = ~never & ~seen
    known = np.maximum(paid, told_at) + block.delay(count) // 2
    mended = wrong & (block.uniform(count) < p["quality.corrected"])
    emissions = [told]
    for cause, which, wait in (("event", paid_later, 0), ("correction", mended, 20 * DAY)):
        emissions.append(
            block.publish(
                "obligation",
                rows,
                record=record,
                person=person,
                only=which,
                known_at=known + wait,
                cause=cause,
            )
        )
    return emissions


def _orders(block: Block) -> tuple[list[Emission], dict[str, Ints]]:
    p, people, life = block.world.parameters, block.people, block.life
    rate = p["orders.a_month"] * np.exp(0.3 * people.capacity - 0.02 * (people.age - 37))
    rate = rate[:, None] * (life.present & people.wallet[:, None])
    person, month = np.nonzero(block.random.random(rate.shape) < np.minimum(rate, 1))
    count = len(person)
    share = np.cumsum(p.each("order_share", SERVICES))
    service = np.searchsorted(share[:-1] / share[-1], block.uniform(count), side="right")
    start = block.moment(month, block.uniform(count) * 27)
    usual = p.each("order_days", SERVICES)[service]
    length = usual * (0.5 + block.uniform(count))
    due = start + (length * DAY).astype(np.int64)
    late = block.uniform(count) < sigmoid(
        p["orders.late"] - 0.6 * people.willingness[person] - 0.3 * people.patience[person]
    )
    ring = people.ring[person] >= 0
    keeps = p.each("order_lost", SERVICES)[service]
    lost = late & (block.uniform(count) < np.where(ring, p["order_lost.ring"], keeps))
    over = np.where(late, block.random.exponential(3.0, count), -0.3 * length)
    closed = due + (over * DAY).astype(np.int64)
    value = p.each("order_value_minor", SERVICES)[service] * length / usual
    waived = block.uniform(count) < p["orders.waived"]
    deposit = p.each("order_deposit_minor", SERVICES)[service] * waived
    rows: Rows = {
        "happened_at": instants(start),
        "service": words(service, SERVICES),
        "merchant": words(service * 3 + person % 3, _MERCHANTS),
        "value_minor": ints(value),
        "deposit_waived_minor": ints(deposit),
        "due_at": instants(due),
        "closed_at": instants(closed, np.ones(count, dtype=bool)),
        "state": words(np.zeros(count, dtype=int), STATES),
    }
    emissions = _publish_orders(block, rows, person, closed, late, lost)
    gone = np.flatnonzero(lost)
    return emissions, {
        "person": person[gone],
        "industry": np.where(service[gone] == 2, 1, 0),
        "at": due[gone] + 30 * DAY,
    }


_MERCHANTS = tuple(f"{service}_{i}" for service in SERVICES for i in range(1, 4))


def _publish_orders(
    block: Block, rows: Rows, person: Ints, closed: Ints, late: Bools, lost: Bools
) -> list[Emission]:
    count = len(person)
    start = rows["happened_at"].values.astype(np.int64)
    record = names("O", block.number("order", count))
    realised: Rows = {
        "subject": words(person, block.subjects),
        "order": record,
        "due_at": rows["due_at"],
        "late": flags(late),
        "lost": flags(lost),
    }
    known = start + block.random.integers(60_000_000, 3600_000_000, count)
    told = block.publish("order", rows, record=record, person=person, known_at=known)
    due = rows["due_at"].values.astype(np.int64)
    ended = np.where(lost, due + 30 * DAY, closed)
    rows |= {
        "closed_at": instants(closed, lost),
        "state": words(np.select([lost, late], [3, 2], default=1), STATES),
    }
    later = np.maximum(ended, known) + block.random.integers(60_000_000, 2 * DAY, count)
    done = block.publish("order", rows, record=record, person=person, known_at=later)
    return [told, done, Emission("truth", "realised_orders", batch(realised))]


def _breaches(block: Block, unpaid: dict[str, Ints], lost: dict[str, Ints]) -> list[Emission]:
    """Broken promises on a list; some disputed, some of those struck, some settled."""
    person, industry, at = (
        np.concatenate([unpaid[name], lost[name]]) for name in ("person", "industry", "at")
    )
    count = len(person)
    block.deeds.append(("contract_breach", person, at + 30 * DAY))
    settled = at + block.random.integers(20 * DAY, 500 * DAY, count)
    never = np.ones(count, dtype=bool)
    rows: Rows = {
        "happened_at": instants(at),
        "industry": words(industry, INDUSTRIES),
        "type": words(np.where(industry >= 2, 1, 0), BREACHES),
        "amount_minor": ints(np.exp(9 + block.random.normal(size=count))),
        "settled_at": instants(settled, never),
        "dispute": words(np.zeros(count, dtype=int), DISPUTE),
    }
    record = names("K", block.number("breach", count))
    known = at + block.delay(count)
    told = block.publish("breach", rows, record=record, person=person, known_at=known)
    kept = block.uniform(count)
    disputed = kept < 0.1
    emissions = [told]
    later = known + block.delay(count) + 5 * DAY
    answer = np.searchsorted([0.5, 0.8], block.uniform(count), side="right") + 2
    for codes, at_ in ((np.full(count, 1), later), (answer, later + 20 * DAY)):
        version = {**rows, "dispute": words(codes, DISPUTE)}
        emissions.append(
            block.publish(
                "breach",
                version,
                record=record,
                person=person,
                only=disputed,
                known_at=at_,
                cause="dispute",
            )
        )
    paid = (kept >= 0.1) & (
        block.uniform(count) < sigmoid(0.3 + 0.6 * block.people.willingness[person])
    )
    rows["settled_at"] = instants(settled)
    end = np.maximum(settled, known) + block.delay(count)
    emissions.append(
        block.publish("breach", rows, record=record, person=person, only=paid, known_at=end)
    )
    return emissions


def _means(block: Block) -> list[Emission]:
    """Once a year, of those in work on a payroll or who declared: income, and less often more."""
    p, people, life = block.world.parameters, block.people, block.life
    months = np.arange(block.world.calendar.months)
    yearly = (months[None, :] + np.arange(len(people))[:, None]) % 12 == 5
    declared = (people.occupation == 0) | (people.willingness + people.patience > 0.8)
    person, month = np.nonzero(yearly & life.present & declared[:, None] & ~life.jobless)
    keep = block.reported(person) & (block.uniform(len(person)) < 0.7)
    person, month = person[keep], month[keep]
    count = len(person)
    boast = np.where(people.informal[person], 0.12 * np.maximum(-people.willingness[person], 0), 0)
    income = (
        people.earns(p, person, month) * 12 * np.exp(boast + 0.15 * block.random.normal(size=count))
    )
    asset = income * np.exp(
        -0.8
        + 0.6 * people.patience[person]
        + 0.03 * (people.age[person] - 37)
        + 0.6 * block.random.normal(size=count)
    )
    debt = income * np.exp(
        -1.5 + 0.7 * people.appetite[person] + 0.5 * block.random.normal(size=count)
    )
    happened = block.moment(month, np.full(count, 14))
    rows: Rows = {
        "happened_at": instants(happened),
        "income_minor": ints(income),
        "asset_minor": ints(asset, block.uniform(count) < 0.5),
        "debt_minor": ints(debt, block.uniform(count) < 0.6),
    }
    record = names("M", block.number("means", count))
    known = happened + block.delay(count)
    return [block.publish("means", rows, record=record, person=person, known_at=known)]
