"""No order of calls loses money, holds a deposit past the end, charges above a cap, or twice."""

from __future__ import annotations

import os
from dataclasses import asdict, replace

from hypothesis import HealthCheck, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from benne.kernel import MICROS_PER_DAY, Conflict, InvalidInput
from benne.orders import (
    ACTS,
    ENDED,
    FAULTS,
    MOVES,
    OVER,
    Act,
    Due,
    Entry,
    Fund,
    FundLimits,
    Life,
    Opening,
    PaymentUnknown,
    Proof,
    SimulatedProvider,
    Step,
    act_on,
    acts_of,
    balances,
    begin,
    evidence_of,
    next_task,
    pay_in,
    possible,
    request_of,
    standard_services,
    told_by,
    trial_balance,
)

DAY = MICROS_PER_DAY
PROOF = Proof("photo", "0" * 64)
LIMITS = FundLimits(order_minor=20_000, day_minor=25_000, total_minor=60_000, share_permille=900)
SHARES = st.one_of(st.integers(1, 1000), st.sampled_from([1000, 1000, 1000, 1100]))
BY_THEMSELVES = {"told", "remind", "warn", "lapse", "expire", "end_hold"}
ENDING = {"cancel", "write_off", "hold_consent", "refuse"}
BIG = {"deposit_minor": 20_000, "price_minor": 60_000, "value_minor": 80_000}


class Orders(RuleBasedStateMachine):
    """A merchant, a person, a system and a provider that fails, all at one order."""

    @initialize(
        name=st.sampled_from(["rental", "rental", *sorted(standard_services())]),
        faults=st.lists(st.sampled_from(sorted(FAULTS)), max_size=12),
        required=st.one_of(st.none(), st.integers(1, 30_000)),
        go=st.integers(0, 9),
        far=st.integers(0, 4),
    )
    def open(self, name: str, faults: list[str], required: int | None, go: int, far: int) -> None:
        self.service = standard_services()[name]
        self.at = 1_000 * DAY
        self.number = 0
        self.provider = SimulatedProvider(faults)
        terms = self.service.terms
        end = self.at + min(terms.term_days_max, 60) * DAY
        price = min(BIG["price_minor"], terms.charge_max_minor)
        plan = tuple(
            Due(end - (2 - k) * 20 * DAY, part, "instalment")
            for k, part in enumerate((price // 3, price // 3, price - 2 * (price // 3)))
        )
        self.opening = Opening(
            request="r0",
            order="o",
            service=name,
            merchant="m",
            subject="s",
            at=self.at,
            due_at=end,
            value_minor=BIG["value_minor"],
            deposit_minor=min(BIG["deposit_minor"], terms.deposit_max_minor),
            price_minor=price,
            promised_minor=10 if self.service.paying == "promise" else 0,
            plan=plan if self.service.paying == "schedule" else (),
        )
        self.life: Life = begin(self.opening, self.service)
        self.fund, entry = pay_in(Fund("m", LIMITS), 50_000, request="f", at=self.at)
        self.fund_entries: list[Entry] = [entry]
        self.decide(required, go)
        self.go_on(far)

    def do(self, name: str, **values: object) -> Step | None:
        """One act with a new id, by the first who may; and again, which must move nothing."""
        self.number += 1
        act = Act(f"r{self.number}", name, self.at, values.pop("by", ACTS[name].by[0]), **values)  # type: ignore[arg-type]
        before = self.life
        try:
            answer_by = self.at + 20 * DAY if self.number % 4 else None
            self.life, step = act_on(
                self.life, act, self.service, fund=self.fund, answer_by=answer_by
            )
        except (Conflict, InvalidInput) as error:
            assert self.life is before, error
            return None
        again, same = act_on(self.life, replace(act, at=self.at + DAY), self.service)
        assert again is self.life and same is step
        if step.fund is not None:
            self.fund = step.fund
        self.check(step)
        assert name in possible(before.order, self.service), (name, before.order.state)
        rose = step.order.amounts.above(before.order.amounts)
        assert not rose or (name == "agree" and step.order.amounts == before.order.proposed)
        return step

    def check(self, step: Step) -> None:
        """What a step did is what a line of the table allows."""
        lines = [
            move
            for move in MOVES
            if (move.start, move.act) == (step.start, step.act) and move.end in (step.end, "prior")
        ]
        assert lines, (step.start, step.act, step.end)
        assert {e.kind for e in step.entries} <= {kind for line in lines for kind in line.entries}
        evidence_of(step.order, self.service, step.evidence)

    # --- everyone acts -----------------------------------------------------------------

    def decide(self, required: int | None, go: int) -> None:
        """Most orders begin; the rest stay where the first steps left them."""
        if required is None:
            said = {"amount_minor": BIG["value_minor"] + go * 2_000} if go else {"text": "policy"}
            self.do("admit" if go else "refuse", **said)
        else:
            self.do("offer", amount_minor=required)
            if go > 1:
                self.do("deposit")
                self.ask_the_provider()
        if go > 2:
            self.do("start")

    def go_on(self, far: int) -> None:
        """Some orders are broken before anything else happens, and claimed, and paid for."""
        if self.life.order.started_at is None or far < 2:
            return
        self.time_passes(60)
        self.do("complete", **self.values("complete", 600, 600, 1))
        self.time_passes(30)
        if far > 2:
            self.do("claim", **self.values("claim", 700, 1, 1))
            self.do("award", amount_minor=max(self.award_max() // 2, 1))
        if far > 3:
            self.do("write_off")

    @rule(pick=st.integers(0, 10**6), share=SHARES, second=SHARES, days=st.integers(1, 60))
    def act(self, pick: int, share: int, second: int, days: int) -> None:
        """One of what may be done in this state, with amounts about right."""
        names = [name for name in acts_of(self.life.order.state) if name not in BY_THEMSELVES]
        if pick % 5:
            names = [name for name in names if name not in ENDING] or names
        if names:
            name = names[pick // 5 % len(names)]
            self.do(name, by=ACTS[name].by[pick % len(ACTS[name].by)],
                    **self.values(name, share, second, days))  # fmt: skip

    @rule(name=st.sampled_from(sorted(set(ACTS) - {"told"})), share=SHARES, days=st.integers(1, 60))
    def anything(self, name: str, share: int, days: int) -> None:
        """Whatever comes to mind, in any state."""
        self.do(name, **self.values(name, share, 1000 - share % 1000, days))

    def values(self, name: str, share: int, second: int, days: int) -> dict[str, object]:
        """What ``name`` needs: amounts are ``share`` permille of what is about right, or more."""
        order, rule = self.life.order, ACTS[name]
        right = {
            "offer": order.value_minor,
            "progress": 12,
            "benefit": order.price_minor,
            "complete": order.price_minor * 6 // 5,
            "refund": order.paid_minor,
            "correct": order.owed_minor + order.paid_minor,
            "award": self.award_max(),
            "claim": order.owed_minor - order.covered_minor,
        }.get(name, order.collectable_minor)
        amount = max(right * share // 1000, 1)
        full = name in ("deduct", "pay", "capture", "correct") and share % 3 == 0
        waiting = [p.id for p in order.payments if p.status == "unconfirmed"]
        said: dict[str, object] = {
            "amount_minor": None if full or self.at_its_price(name) else amount,
            "compensation_minor": order.deposit_minor * second * 6 // 5000,
            "until": (order.due_at if name == "extend" else self.at) + days * DAY,
            "payment": waiting[0] if waiting else "o.99",
            **self.amounts(name, share, second),
            "text": "why",
            "proofs": (PROOF,),
        }
        return {key: said[key] for key in (*rule.needs, *rule.may)}

    def amounts(self, name: str, share: int, second: int) -> dict[str, object]:
        """What a merchant asks to change, and what a person agrees to."""
        order = self.life.order
        asked = order.proposed if name == "agree" and share % 5 else None
        if asked is not None:
            return asdict(asked)
        return {
            "value_minor": BIG["value_minor"] * (500 + share) // 1000,
            "deposit_minor": order.deposit_minor * second * 6 // 5000,
            "price_minor": order.price_minor * share * 6 // 5000,
        }

    def award_max(self) -> int:
        claim = self.life.order.claim
        if claim is None:
            return 0
        paid = self.life.order.awarded_minor
        return self.fund.award_max(claimed_minor=claim.amount_minor, order_paid_minor=paid)

    def at_its_price(self, name: str) -> bool:
        return name == "complete" and self.service.paying == "promise"

    # --- time and the provider ---------------------------------------------------------

    @rule(days=st.integers(0, 30))
    def time_passes(self, days: int) -> None:
        """The system does by itself what falls due meanwhile."""
        end = self.at + days * DAY
        for _ in range(80):
            task = next_task(self.life.order, self.service)
            if task is None or task.at > end:
                break
            self.at = max(self.at, task.at)
            assert self.do(task.act, by="system") is not None, task
        self.at = end

    @rule()
    def ask_the_provider(self) -> None:
        """Ask for what is open, as a worker does, which may have been stopped before."""
        for payment in self.life.order.payments:
            if payment.status != "pending":
                continue
            try:
                receipt = self.provider.ask(request_of(self.life.order, payment))
            except PaymentUnknown:
                continue
            self.tell(receipt)

    @rule()
    def provider_calls_back(self) -> None:
        for receipt in self.provider.settle():
            self.tell(receipt)

    def tell(self, receipt: object) -> None:
        act = told_by(receipt, at=self.at)  # type: ignore[arg-type]
        self.life, step = act_on(self.life, act, self.service)
        self.check(step)

    # --- what always holds -------------------------------------------------------------

    @invariant()
    def money_balances(self) -> None:
        entries = [*self.fund_entries, *self.life.entries]
        assert trial_balance(entries) == 0
        found = balances(entries)
        order = self.life.order
        mine = order.owed_minor - order.covered_minor - order.lost_minor - order.fund_lost_minor
        assert found.get(("owed", "o"), 0) == mine >= 0
        assert found.get(("fund_owed", "o"), 0) == order.covered_minor >= 0
        assert -found.get(("surplus", "o"), 0) == order.surplus_minor >= 0
        assert found.get(("held", "o"), 0) == order.held_minor >= 0
        assert -found.get(("deposit", "o"), 0) == order.held_minor
        assert found.get(("fund", "m"), 0) == self.fund_balance() >= 0
        running = order.closed_at is None
        assert found.get(("waived", "o"), 0) == (order.waived_minor if running else 0)
        assert order.exposure_minor >= 0
        assert order.awarded_minor <= LIMITS.order_minor

    def fund_balance(self) -> int:
        awarded = sum(
            p.amount_minor
            for e in self.life.entries
            if e.kind == "award"
            for p in e.postings
            if p.account == "cover"
        )
        back = sum(
            p.amount_minor
            for e in self.life.entries
            if e.kind in ("recover", "claw_back")
            for p in e.postings
            if p.account == "fund"
        )
        return 50_000 - awarded + back

    @invariant()
    def nothing_is_charged_above_a_cap(self) -> None:
        order = self.life.order
        assert order.compensation_minor <= order.deposit_minor
        assert order.charged_minor <= order.price_minor
        if order.state not in ("created", "refused"):
            assert order.value_minor - order.required_minor <= order.cap_minor
        assert order.required_minor + order.waived_minor >= order.deposit_minor or (
            order.state in ("created", "refused") or order.started_at is None
        )

    @invariant()
    def the_ledger_knows_what_the_provider_did_as_soon_as_it_is_told(self) -> None:
        order = self.life.order
        cash = sum(
            p.amount_minor
            for e in self.life.entries
            if e.kind in ("capture", "surplus", "repay", "repaid_twice", "recover")
            for p in e.postings
            if p.account == "cash"
        )
        recovered = sum(
            p.amount_minor
            for e in self.life.entries
            if e.kind == "recover"
            for p in e.postings
            if p.account == "fund"
        )
        told = sum(p.done_minor for p in order.payments if p.does in ("charge", "capture"))
        back = sum(p.done_minor for p in order.payments if p.does == "refund")
        assert cash + recovered == told - back

    @invariant()
    def nothing_is_asked_for_twice(self) -> None:
        order = self.life.order
        if order.state not in OVER and order.state != "disputed":
            taken = order.pending_minor("charge", "capture")
            late = sum(p.done_minor for p in order.payments if p.status != "done")
            assert taken <= order.owed_minor + late or any(
                step.act in ("reduce", "correct", "concede", "told", "cancel")
                for _, _, step in self.life.steps
            )

    def teardown(self) -> None:
        """When the provider has answered everything, books and provider agree to the unit."""
        for _ in range(60):
            self.ask_the_provider()
            self.provider_calls_back()
            if not any(p.status == "pending" for p in self.life.order.payments):
                break
        order = self.life.order
        assert not any(p.status == "pending" for p in order.payments)
        self.money_balances()
        kept = sum(p.done_minor for p in order.payments if p.does in ("charge", "capture"))
        kept -= sum(p.done_minor for p in order.payments if p.does == "refund")
        assert self.provider.taken_minor("o") == kept
        twice = balances(self.life.entries).get(("provider", "m"), 0)
        assert kept == order.paid_minor + order.surplus_minor - twice
        assert order.surplus_minor == 0
        assert self.provider.held_minor("o") == order.held_minor
        if order.state in OVER:
            assert order.held_minor == 0
            assert self.provider.held_minor("o") == 0
        if order.state in ENDED:
            assert order.owed_minor == 0


Orders.TestCase.settings = settings(
    max_examples=int(os.environ.get("BENNE_EXAMPLES", "150")),
    stateful_step_count=60,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=[HealthCheck.too_slow],
)
TestOrders = Orders.TestCase
