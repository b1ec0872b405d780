"""Credit: who asked, who was given, how it was paid, and what the courts made of the rest."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benne.society._block import Block, Emission
from benne.society._calendar import DAY, Bools, Floats, Ints
from benne.society._life import stick
from benne.society._people import sigmoid
from benne.society._tables import Column, Rows, batch, flags, instants, ints, names, words

PRODUCTS = ("card", "loan", "instalment_plan")
OWNERSHIP = ("single", "joint")
STATUS = ("current", "late", "default", "charged_off", "closed", "unknown")
LENDERS = ("north_bank", "river_bank", "market_finance", "quick_credit", "union")
PURPOSES = ("card", "loan", "instalment_plan")
COURT = ("judgment", "enforcement")
CHARGED_OFF_MONTHS = 6
_TERMS = np.array([6, 12, 24])


@dataclass(frozen=True, slots=True)
class Accounts:
    """Accounts, asked for or given.  ``opened`` is a month, before 0 for those already there.

    ``arrears`` and ``paid`` have shape (accounts, months): the months in arrears at the end of the
    month (-1: not open), and the instalments paid in it.  ``ended`` is the month in
    which it closed or was charged off.
    """

    person: Ints
    opened: Ints
    product: Ints
    lender: Ints
    term: Ints
    amount: Floats
    temper: Floats
    given: Bools
    arrears: Ints
    paid: Ints
    ended: Ints
    number: Ints

    @property
    def card(self) -> Bools:
        """Revolving, without a schedule."""
        found: Bools = self.product == 0
        return found


def credit(block: Block) -> list[Emission]:
    """All that lenders, and courts on their behalf, say."""
    asked = _applications(block.of("applications"))
    _run(block.of("accounts"), asked)
    inquiries = _inquiries(block.of("inquiry"), asked)
    accounts = _only(asked, asked.given)
    accounts.number[:] = block.number("account", len(accounts.number))
    return [
        inquiries,
        *_opened(block.of("account"), accounts),
        *_statements(block.of("statement"), accounts),
        *_instalments(block.of("instalment"), accounts),
        *_card_payments(block.of("card_payment"), accounts),
        *_courts(block.of("public_record"), accounts),
        _realised(block.of("realised"), accounts),
    ]


def _only(accounts: Accounts, which: Bools) -> Accounts:
    return Accounts(*(getattr(accounts, name)[which] for name in Accounts.__slots__))


def _applications(block: Block) -> Accounts:
    p, people, random = block.world.parameters, block.people, block.random
    rate = p["credit.applications"] * np.exp(
        p["credit.applications_appetite"] * people.appetite[:, None]
        + p["credit.applications_jobless"] * block.life.jobless
    )
    rate = rate * np.where(people.credit, 1.0, 0.15)[:, None] * block.life.present
    person, month = np.nonzero(random.random(rate.shape) < rate)
    ready = people.credit & (people.arrival == 0) & (people.age > 21)
    count = np.where(ready, random.poisson(p["credit.first_accounts"], len(people)), 0)
    before = np.repeat(np.arange(len(people)), count)
    past = -1 - random.exponential(30, len(before)).astype(np.int64) % 120
    person = np.concatenate([before, person])
    opened = np.concatenate([past, month])
    order = np.argsort(opened, kind="stable")
    person, opened = person[order], opened[order]
    return _terms(block, person, opened)


def _terms(block: Block, person: Ints, opened: Ints) -> Accounts:
    p, people, random = block.world.parameters, block.people, block.random
    count, months = len(person), block.world.calendar.months
    card = random.random(count) < p["credit.card_share"]
    plan = random.random(count) < sigmoid(people.appetite[person] - 0.5)
    product = np.where(card, 0, np.where(plan, 2, 1))
    term = np.where(product == 1, _TERMS[random.integers(1, 3, count)], _TERMS[0])
    term = np.where(opened < 0, 24, term)
    product = np.where((opened < 0) & (opened <= -24), 0, product)
    size = np.where(product == 0, 1.5, np.where(product == 1, 2.5, 0.5))
    amount = people.income[person] * size * np.exp(0.35 * random.normal(size=count))
    return Accounts(
        person=person,
        opened=opened,
        product=product,
        lender=random.integers(0, len(LENDERS), count),
        term=term,
        amount=np.round(amount, -3) + 1000,
        temper=p["credit.temper_spread"] * random.normal(size=count),
        given=np.zeros(count, dtype=bool),
        arrears=np.full((count, months), -1, dtype=np.int64),
        paid=np.zeros((count, months), dtype=np.int64),
        ended=np.full(count, 10_000, dtype=np.int64),
        number=np.zeros(count, dtype=np.int64),
    )


def _run(block: Block, accounts: Accounts) -> None:
    """Month by month: who is given what was asked for, who pays, who falls behind.

    Whoever is given an account falls due a month later.  A lender sees the worst arrears so far.
    """
    p, random, life = block.world.parameters, block.random, block.life
    worst = np.zeros(len(block.people), dtype=np.int64)
    sticky = np.concatenate([stick(p), np.full(CHARGED_OFF_MONTHS, p["promise.stick_2"] + 0.7)])
    product = np.where(accounts.card, p["credit.card_miss"], p["credit.loan_miss"])
    left = np.where(accounts.card, 10_000, accounts.term + np.minimum(accounts.opened + 1, 0))
    arrears = np.zeros(len(accounts.person), dtype=np.int64)
    accounts.given[accounts.opened < 0] = left[accounts.opened < 0] > 0
    for month in range(block.world.calendar.months):
        due = np.flatnonzero(accounts.given & (accounts.opened < month) & (accounts.ended > month))
        who = accounts.person[due]
        behind = arrears[due]
        chance = sigmoid(
            life.logit[who, month] + product[due] + accounts.temper[due] + sticky[behind]
        )
        draw = random.random((2, len(due)))
        missed = draw[0] < chance
        paid = np.where(draw[1] < p["promise.catch_up"], behind + 1, 1)
        paid = np.where(missed, 0, np.minimum(paid, left[due]))
        behind = np.where(missed, behind + 1, behind + 1 - np.maximum(paid, 1))
        left[due] -= np.where(accounts.card[due], 0, paid)
        gone = (behind >= CHARGED_OFF_MONTHS) | (left[due] <= 0)
        gone |= accounts.card[due] & (behind == 0) & (random.random(len(due)) < 0.006)
        arrears[due] = behind
        accounts.arrears[due, month] = behind
        accounts.paid[due, month] = paid
        accounts.ended[due[gone]] = month
        np.maximum.at(worst, who, behind)
        np.maximum.at(block.worst[:, month], who, behind)
        _decide(block, accounts, month, worst)


def _decide(block: Block, accounts: Accounts, month: int, worst: Ints) -> None:
    """Lenders answer what was asked in ``month``."""
    p, people = block.world.parameters, block.people
    first, last = np.searchsorted(accounts.opened, [month, month + 1])
    who = accounts.person[first:last]
    chance = sigmoid(
        p["credit.approval"]
        + p["credit.approval_late"] * worst[who]
        + p["credit.approval_capacity"] * people.capacity[who]
        - 0.8 * block.life.jobless[who, month]
    )
    given = block.uniform(len(who)) < chance * people.credit[who]
    accounts.given[first:last] = given


def _inquiries(block: Block, asked: Accounts) -> Emission:
    now = _only(asked, asked.opened >= 0)
    count = len(now.person)
    happened = block.moment(now.opened, np.zeros(count))
    record = names("Q", block.number("inquiry", count))
    rows: Rows = {
        "happened_at": instants(happened),
        "purpose": words(now.product, PURPOSES),
        "lender": words(now.lender, LENDERS),
    }
    return block.publish(
        "inquiry",
        rows,
        record=record,
        person=now.person,
        known_at=happened + block.random.integers(0, 2 * DAY, count),
    )


def _opened_at(block: Block, accounts: Accounts) -> Ints:
    """The instant of opening, the same wherever it is asked for."""
    found: Ints = block.world.calendar.start(accounts.opened) + (
        (accounts.number % 20 + 2) * DAY + (accounts.number * 7919) % 80_000 * 1_000_000
    )
    return found


def _opened(block: Block, accounts: Accounts) -> list[Emission]:
    opened = _opened_at(block, accounts)
    count = len(accounts.person)
    closed = block.moment(
        np.minimum(accounts.ended, block.world.calendar.months), np.full(count, 27)
    )
    off = _charged_off(accounts)
    finished = (accounts.ended < block.world.calendar.months) & ~off
    first = np.maximum(opened, block.world.calendar.start(block.people.arrival[accounts.person]))
    known = np.maximum(first, int(block.world.calendar.start(0))) + block.delay(count)
    never = np.ones(count, dtype=bool)
    rows: Rows = {
        "opened_at": instants(opened),
        "product": words(accounts.product, PRODUCTS),
        "ownership": words((block.uniform(count) < 0.12).astype(int), OWNERSHIP),
        "secured": flags((accounts.product == 1) & (accounts.number % 5 == 0)),
        "limit_minor": ints(accounts.amount, ~accounts.card),
        "principal_minor": ints(accounts.amount, accounts.card),
        "term_days": ints(accounts.term * 30, accounts.card),
        "closed_at": instants(closed, never),
    }
    record = names("A", accounts.number)
    seen = block.reported(accounts.person)
    start = block.publish(
        "account", rows, record=record, person=accounts.person, only=seen, known_at=known
    )
    rows["closed_at"] = instants(closed)
    ends = seen & finished
    later = np.maximum(closed, known) + block.delay(count)
    end = block.publish(
        "account", rows, record=record, person=accounts.person, only=ends, known_at=later
    )
    return [start, end]


def _charged_off(accounts: Accounts) -> Bools:
    last = np.minimum(accounts.ended, accounts.arrears.shape[1] - 1)
    worst = accounts.arrears[np.arange(len(last)), last]
    found: Bools = (accounts.ended < 10_000) & (worst >= CHARGED_OFF_MONTHS)
    return found


def _due_at(block: Block, account_number: Ints, month: Ints) -> Ints:
    """When an account falls due in ``month``: the same day of every month."""
    found: Ints = block.world.calendar.start(month) + (1 + account_number % 9) * DAY
    return found


def _statements(block: Block, accounts: Accounts) -> list[Emission]:
    account, month = np.nonzero(accounts.arrears >= 0)
    keep = block.reported(accounts.person[account])
    account, month = account[keep], month[keep]
    rows = _statement_rows(block, accounts, account, month)
    person = accounts.person[account]
    record = names("S", block.number("statement", len(account)))
    period_end = block.world.calendar.start(month + 1) - DAY
    known = period_end + block.delay(len(account))
    wrong = _wrong_statements(block, rows)
    said = {**rows, **wrong[1]}
    mended = wrong[0] & (block.uniform(len(account)) < block.world.parameters["quality.corrected"])
    told = block.publish("statement", said, record=record, person=person, known_at=known)
    later = known + block.random.integers(20 * DAY, 90 * DAY, len(account))
    half = block.uniform(len(account)) < 0.85
    emissions = [told]
    for cause, which in (("correction", mended & half), ("retraction", mended & ~half)):
        emissions.append(
            block.publish(
                "statement",
                rows,
                record=record,
                person=person,
                known_at=later,
                only=which,
                cause=cause,
            )
        )
    return emissions


def _statement_rows(block: Block, accounts: Accounts, account: Ints, month: Ints) -> Rows:
    behind = accounts.arrears[account, month]
    card = accounts.card[account]
    amount, number = accounts.amount[account], accounts.number[account]
    period_end = block.world.calendar.start(month + 1) - DAY
    oldest = _due_at(block, number, np.maximum(month - behind + 1, -1))
    past_due = np.where(behind > 0, np.maximum((period_end - oldest) // DAY, 1), 0)
    balance = np.where(
        card,
        amount * _utilisation(block, accounts, account, month),
        _loan_balance(accounts, account, month),
    )
    ended = accounts.ended[account] == month
    status = np.select(
        [behind >= CHARGED_OFF_MONTHS, behind >= 3, behind >= 1, ended], [3, 2, 1, 4], default=0
    )
    instalment = np.where(card, 0.05 * balance, amount / accounts.term[account])
    minimum = instalment * (1 + np.maximum(behind - 1, 0))
    return {
        "period_end": instants(period_end),
        "account": names("A", number),
        "balance_minor": ints(np.where(status == 4, 0, balance)),
        "limit_minor": ints(amount, ~card),
        "minimum_due_minor": ints(minimum),
        "paid_minor": ints(accounts.paid[account, month] * instalment * np.where(card, 1.3, 1.0)),
        "days_past_due": ints(past_due),
        "status": words(status, STATUS),
    }


def _utilisation(block: Block, accounts: Accounts, account: Ints, month: Ints) -> Floats:
    """What of a card's limit is drawn: a habit of the account's own, appetite, and hard times."""
    p, people, person = block.world.parameters, block.people, accounts.person[account]
    habit = p["credit.utilisation_spread"] * block.random.normal(size=len(accounts.person))
    lean = (
        p["credit.utilisation"]
        + habit[account]
        + 1.4 * people.appetite[person]
        - 0.6 * people.patience[person]
        - 0.4 * people.capacity[person]
        + 1.4 * accounts.temper[account]
        + 1.4 * block.life.jobless[person, month]
        + 0.6 * np.maximum(accounts.arrears[account, month], 0)
        + p.switched("season.borrowing") * (month % 12 == 11)
    )
    drawn = sigmoid(lean + 0.5 * block.random.normal(size=len(account)))
    ring = (people.ring[person] >= 0) & (month >= people.bust[person] - 1)
    found: Floats = np.where(ring, 0.97, drawn)
    return found


def _loan_balance(accounts: Accounts, account: Ints, month: Ints) -> Floats:
    done = np.cumsum(accounts.paid, axis=1)[account, month]
    before = np.maximum(-accounts.opened[account] - 1, 0)
    left = np.maximum(accounts.term[account] - before - done, 0)
    found: Floats = accounts.amount[account] * left / accounts.term[account]
    return found


def _wrong_statements(block: Block, rows: Rows) -> tuple[Bools, Rows]:
    """Statements that say late where nothing is late, and a few that no rule admits."""
    p = block.world.parameters
    past_due, status = rows["days_past_due"].values, rows["status"].values
    count = len(past_due)
    wrong = (block.uniform(count) < p["quality.wrong"]) & (past_due == 0)
    broken = block.uniform(count) < p["quality.malformed"]
    said = np.where(wrong, block.random.integers(10, 75, count), past_due)
    spoilt = np.select([broken, wrong], [5, 1], default=status)
    return wrong, {"days_past_due": ints(said), "status": words(spoilt, STATUS)}


def _instalments(block: Block, accounts: Accounts) -> list[Emission]:
    """The schedule, known when the loan opens, and each instalment again when it is paid."""
    loans = _only(accounts, ~accounts.card)
    first = np.maximum(-loans.opened - 1, 0)
    count = np.maximum(loans.term - first, 0)
    loan = np.repeat(np.arange(len(loans.person)), count)
    k = np.arange(len(loan)) - np.repeat(np.cumsum(count) - count, count) + first[loan]
    month = loans.opened[loan] + 1 + k
    paid_month = _paid_month(loans, loan, k - first[loan])
    within = month < block.world.calendar.months + 60
    loan, k, month, paid_month = (a[within] for a in (loan, k, month, paid_month))
    person, number = loans.person[loan], loans.number[loan]
    due = _due_at(block, number, month)
    paid_at = _paid_at(block, person, number, paid_month)
    size = loans.amount[loan] / loans.term[loan]
    never = np.ones(len(loan), dtype=bool)
    rows: Rows = {
        "due_at": instants(due),
        "account": names("A", number),
        "due_minor": ints(size),
        "paid_minor": ints(np.zeros(len(loan))),
        "paid_at": instants(paid_at, never),
    }
    record = names("I", number * 64 + k)
    opening = np.maximum(_opened_at(block, loans), int(block.world.calendar.start(0)))
    known = (opening + 2 * DAY)[loan]
    told = block.publish("instalment", rows, record=record, person=person, known_at=known)
    done = (paid_month < 10_000) & block.reported(person)
    rows |= {"paid_minor": rows["due_minor"], "paid_at": instants(paid_at)}
    later = paid_at + block.delay(len(loan)) // 4
    later = np.maximum(later, known + DAY)
    paid = block.publish(
        "instalment", rows, record=record, person=person, only=done, known_at=later
    )
    return [told, paid, _loan_payments(block, rows, record, person, later, done)]


def _loan_payments(
    block: Block, instalment: Rows, schedule: Column, person: Ints, known: Ints, done: Bools
) -> Emission:
    """The money itself, as a bank books it: for every second lender alone."""
    which = done & (instalment["account"].values % 2 == 0)
    rows: Rows = {
        "happened_at": instalment["paid_at"],
        "account": instalment["account"],
        "instalment": schedule,
        "amount_minor": instalment["paid_minor"],
    }
    record = names("Y", block.number("payment", len(person)))
    return block.publish("payment", rows, record=record, person=person, known_at=known, only=which)


def _paid_month(loans: Accounts, loan: Ints, place: Ints) -> Ints:
    """The month in which the ``place``-th instalment since we look was paid, oldest first."""
    done = np.cumsum(loans.paid, axis=1)
    if len(loan) == 0:
        return np.zeros(0, dtype=np.int64)
    months = done.shape[1]
    level = (np.arange(len(done)) * 1000)[:, None] + done  # one sorted line for all loans
    found = np.searchsorted(level.ravel(), loan * 1000 + place + 1) - loan * months
    return np.where(found >= months, 10_000, found).astype(np.int64)


def _paid_at(block: Block, person: Ints, number: Ints, month: Ints) -> Ints:
    """On the day, or some days early, or some late: the less willing, the later."""
    people = block.people
    real = np.minimum(month, block.world.calendar.months)
    due = _due_at(block, number, real)
    late = block.uniform(len(person)) < sigmoid(
        -1.6 - 0.6 * people.willingness[person] - 0.4 * people.patience[person]
    )
    days = np.where(late, 1 + block.random.exponential(5, len(person)), -block.uniform(len(person)))
    seconds = np.clip(days, -1, 17) * 86_400
    found: Ints = due + seconds.astype(np.int64) * 1_000_000
    return found


def _card_payments(block: Block, accounts: Accounts) -> list[Emission]:
    account, month = np.nonzero((accounts.paid > 0) & accounts.card[:, None])
    keep = block.reported(accounts.person[account]) & (accounts.number[account] % 2 == 0)
    account, month = account[keep], month[keep]
    person, number = accounts.person[account], accounts.number[account]
    happened = _paid_at(block, person, number, month)
    size = accounts.amount[account] * 0.03 * (1 + block.random.exponential(1.0, len(account)))
    rows: Rows = {
        "happened_at": instants(happened),
        "account": names("A", number),
        "instalment": names("I", number, np.ones(len(account), dtype=bool)),
        "amount_minor": ints(size),
    }
    record = names("Y", block.number("payment", len(account)))
    known = happened + block.delay(len(account)) // 4
    return [block.publish("payment", rows, record=record, person=person, known_at=known)]


def _courts(block: Block, accounts: Accounts) -> list[Emission]:
    p = block.world.parameters
    sued = _charged_off(accounts) & (block.uniform(len(accounts.person)) < p["credit.court_share"])
    sued &= accounts.ended + 8 < block.world.calendar.months
    cases = _only(accounts, sued)
    count = len(cases.person)
    heard = block.moment(cases.ended + 2 + block.random.integers(0, 5, count), np.full(count, 9))
    settled = heard + block.random.integers(60 * DAY, 700 * DAY, count)
    block.deeds.append(("court_arrears", cases.person, heard))
    never = np.ones(count, dtype=bool)
    rows: Rows = {
        "happened_at": instants(heard),
        "category": words((block.uniform(count) < 0.3).astype(int), COURT),
        "amount_minor": ints(cases.amount * (0.5 + 0.5 * block.uniform(count))),
        "settled_at": instants(settled, never),
    }
    record = names("C", block.number("public_record", count))
    known = heard + block.delay(count)
    told = block.publish("public_record", rows, record=record, person=cases.person, known_at=known)
    done = block.uniform(count) < 0.4
    rows["settled_at"] = instants(settled)
    later = np.maximum(settled, known) + block.delay(count)
    end = block.publish(
        "public_record", rows, record=record, person=cases.person, only=done, known_at=later
    )
    return [told, end]


def _realised(block: Block, accounts: Accounts) -> Emission:
    """What came of each account that opened while we look: of the truth, not of the evidence."""
    real = _only(accounts, accounts.opened >= 0)
    months = block.world.calendar.months
    month = np.arange(months)[None, :]
    window = (month > real.opened[:, None]) & (month <= real.opened[:, None] + 12)
    bad: Bools = np.any((real.arrears >= 3) & window, axis=1)
    rows: Rows = {
        "subject": words(real.person, block.subjects),
        "account": names("A", real.number),
        "opened_at": instants(_opened_at(block, real)),
        "bad": flags(bad),
        "whole_window": flags(real.opened + 12 < months),
    }
    return Emission("truth", "realised", batch(rows))
