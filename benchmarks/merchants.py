"""Merchants of five trades for 24 months in the society, with and without the score.

    benne society town --people 10000 --seed 1 && benne build town
    python -m benchmarks.merchants town [another ...] [--people 2000] [--seed 1]

Of several societies each figure is the mean, and the least and the most of them; what a learner
comes to is the mean of all splits of all societies, and where 90 % of them lie.  Everybody is
scored on the first day of each of the last 24 months, from what was known then.  What
each person would do with each order is drawn once, from the truth that the society keeps apart,
and is the same under every policy: policies differ only in whom they ask for a deposit.  Every
order is run through ``benne.orders``: reminders, deductions that fail, breaches, captured deposits,
write-offs; all money figures are balances of its ledger.

``TRADES`` states every assumption.  The scores of month m are those of the society's own evidence;
that evidence does not grow by the orders made here.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from benne.app._score import score as score_people
from benne.app.wiring import session
from benne.kernel import MICROS_PER_DAY, iso, month_start, parse_instant, subject_id
from benne.orders import (
    ACTS,
    Act,
    Life,
    Opening,
    SimulatedProvider,
    act_on,
    balances,
    begin,
    next_task,
    request_of,
    standard_services,
    told_by,
)
from benne.scores import Score

DAY = MICROS_PER_DAY
MONTHS = 24
FIRST = "2022-01-01"
THRESHOLDS = (600, 650, 700)


@dataclass(frozen=True)
class Trade:
    """One merchant's trade; every number is assumed unless ``sources`` says more."""

    service: str
    wishes_a_month: float
    price_minor: int
    deposit_minor: int
    days: float
    with_deposit: float  # share of wishes that still come about when a deposit is asked for
    late: float  # logit of ending late, of a person of mean traits
    lost: float  # of those late: never comes back, or never pays
    breach_late_days: float = 12.0  # mean delay of who is late
    sources: str = "assumed"


TRADES = {
    "bicycle": Trade("rental", 0.30, 200, 9_900, 0.3, 0.35, -3.0, 0.05),
    "power_bank": Trade(
        "rental", 0.25, 150, 9_900, 0.4, 1 / 6, -3.0, 0.004,
        sources="orders x 6 once deposit-free: China Daily 2017-11-24",
    ),
    "hotel": Trade("booking", 0.08, 9_000, 30_000, 2.5, 0.6, -3.0, 0.20),
    "car": Trade("rental", 0.04, 16_000, 200_000, 4.0, 0.5, -2.4, 0.25),
    "library": Trade("library", 0.10, 0, 10_000, 21.0, 0.3, -2.0, 0.10),
}  # fmt: skip
DETERRED = -0.8
"""What a money deposit adds to the logit of ending late: assumed."""


@dataclass
class Wish:
    """One order that somebody would make, and what would come of it."""

    trade: str
    person: int
    month: int
    at: int
    comes_with_deposit: bool
    late: dict[bool, bool]  # by whether money is on hold
    lost: dict[bool, bool]
    delay_days: float


# --- the society ------------------------------------------------------------------------------


def months() -> list[int]:
    """The first instant of each month."""
    found = [parse_instant(FIRST)]
    while len(found) < MONTHS:
        found.append(month_start(found[-1] + 32 * DAY))
    return found


def scores_of(folder: Path) -> dict[str, list[int | None]]:
    """Each person's score on the first day of each month; kept beside the models."""
    cache = folder / "reports" / "merchants_scores.json"
    if cache.exists():
        return json.loads(cache.read_text())
    opened = session(folder)
    found: dict[str, list[int | None]] = {}
    parts: dict[str, list[list[int] | None]] = {}
    for number, month in enumerate(months()):
        for answer in score_people(opened, lambda *_: None, as_of=iso(month), with_levers=False):
            known = found.setdefault(answer.subject, [None] * MONTHS)
            each = parts.setdefault(answer.subject, [None] * MONTHS)
            if isinstance(answer, Score):
                known[number] = answer.score
                each[number] = list(answer.domain_points.values())
        print(f"scored as of {iso(month)[:10]}", flush=True)
    cache.write_text(json.dumps(found))
    (folder / "reports" / "merchants_parts.json").write_text(json.dumps(parts))
    return found


def people_of(folder: Path, most: int, random: np.random.Generator) -> list[dict[str, object]]:
    """Some of the people, with the traits that the society keeps apart."""
    rows = pq.read_table(folder / "truth" / "people.parquet").to_pylist()
    picked = random.permutation(len(rows))[:most]
    return [rows[i] for i in sorted(picked)]


def wishes_of(people: list[dict[str, object]], random: np.random.Generator) -> list[Wish]:
    """All that people would like to use in the 24 months, and what would come of it."""
    found = []
    starts = months()
    for trade_name, trade in TRADES.items():
        for index, person in enumerate(people):
            w, p = float(person["willingness"]), float(person["patience"])  # type: ignore[arg-type]
            risk = trade.late - 0.6 * w - 0.3 * p
            count = random.poisson(trade.wishes_a_month * MONTHS)
            for _ in range(count):
                month = int(random.integers(0, MONTHS))
                draw, gone = random.random(), random.random()
                keeps = 0.6 if person["ring"] is not None else trade.lost
                late = {held: draw < 1 / (1 + np.exp(-(risk + DETERRED * held)))
                        for held in (False, True)}  # fmt: skip
                found.append(
                    Wish(
                        trade_name, index, month,
                        starts[month] + int(random.random() * 27 * DAY),
                        bool(random.random() < trade.with_deposit),
                        late,
                        {held: late[held] and gone < keeps for held in (False, True)},
                        float(random.exponential(trade.breach_late_days)),
                    )
                )  # fmt: skip
    return sorted(found, key=lambda wish: wish.at)


# --- one order, through the machine ------------------------------------------------------------


@dataclass
class Ran:
    """What became of one order."""

    state: str
    broken: bool
    unreturned: bool
    income: int
    loss: int


@dataclass
class Clerk:
    """Runs one order to its end."""

    life: Life
    provider: SimulatedProvider
    number: int = 0
    at: int = 0

    def act(self, name: str, **values: object) -> None:
        self.number += 1
        act = Act(str(self.number), name, self.at, values.pop("by", ACTS[name].by[0]), **values)  # type: ignore[arg-type]
        self.life, _ = act_on(self.life, act, standard_services()[self.life.order.service])

    def wait(self, until: int) -> None:
        """Until then the system does what falls due; deductions fail while a person has nothing."""
        service = standard_services()[self.life.order.service]
        while (task := next_task(self.life.order, service)) is not None and task.at <= until:
            self.at = max(self.at, task.at)
            self.act(task.act, by="system")
            self.ask()
        self.at = max(self.at, until)
        self.ask()

    def ask(self) -> None:
        for payment in self.life.order.payments:
            if payment.status != "pending":
                continue
            receipt = self.provider.ask(request_of(self.life.order, payment))
            told = told_by(receipt, at=self.at)
            self.life, _ = act_on(self.life, told, standard_services()[self.life.order.service])


class Empty(SimulatedProvider):
    """A provider that declines to charge until a day, as an empty account does."""

    def __init__(self, clerk_at: list[int], full_at: float) -> None:
        super().__init__()
        self._now, self._full_at = clerk_at, full_at

    def ask(self, request):  # type: ignore[no-untyped-def]
        if request.does == "charge" and self._now[0] < self._full_at:
            self._faults = iter(["declined"])
        else:
            self._faults = iter([])
        return super().ask(request)


def run_order(wish: Wish, *, held: bool) -> Ran:
    """The order of a wish, with the whole deposit on hold or waived, to its end."""
    trade, service = TRADES[wish.trade], standard_services()[TRADES[wish.trade].service]
    due = wish.at + int(trade.days * DAY)
    late, lost = wish.late[held], wish.lost[held]
    late_by = int(wish.delay_days * DAY) if late else 0
    now = [wish.at]
    opening = Opening(
        request="0", order="o", service=service.name, merchant="m", subject="s", at=wish.at,
        due_at=due, value_minor=trade.deposit_minor, deposit_minor=trade.deposit_minor,
        price_minor=max(trade.price_minor, 1),
    )  # fmt: skip
    full_at = float("inf") if lost else due + late_by
    clerk = Clerk(begin(opening, service), Empty(now, full_at), at=wish.at)
    clerk.act = _clocked(clerk, now)  # type: ignore[method-assign]
    if held:
        clerk.act("offer", amount_minor=trade.deposit_minor)
        clerk.act("deposit")
        clerk.ask()
    else:
        clerk.act("admit")
    clerk.act("start")
    _end(clerk, trade, due, late_by, lost=lost, held=held, goods=service.goods)
    return _ran(clerk, lost=lost, goods=service.goods)


def _clocked(clerk: Clerk, now: list[int]):  # type: ignore[no-untyped-def]
    act = clerk.act

    def clocked(name: str, **values: object) -> None:
        now[0] = clerk.at
        act(name, **values)

    return clocked


def _end(
    clerk: Clerk, trade: Trade, due: int, late_by: int, *, lost: bool, held: bool, goods: bool
) -> None:
    if goods and lost:
        clerk.wait(due + 40 * DAY)
        clerk.act(
            "complete", amount_minor=trade.price_minor, compensation_minor=trade.deposit_minor
        )
    else:
        clerk.wait(due + (late_by if goods else 0))
        clerk.act("complete", amount_minor=trade.price_minor)
    if held and clerk.life.order.collectable_minor:
        clerk.act("capture")
        clerk.ask()
    clerk.wait(due + late_by + 70 * DAY)
    if clerk.life.order.state == "overdue":
        clerk.act("write_off")
    clerk.ask()


def _ran(clerk: Clerk, *, lost: bool, goods: bool) -> Ran:
    order, found = clerk.life.order, balances(clerk.life.entries)
    return Ran(
        state=order.state,
        broken=bool(order.breaches),
        unreturned=lost and goods,
        income=-found.get(("income", "m"), 0),
        loss=found.get(("loss", "m"), 0),
    )


# --- policies ------------------------------------------------------------------------------------


@dataclass
class Figures:
    """What a policy brought a trade in 24 months."""

    orders: int = 0
    waived: int = 0
    waived_minor: int = 0
    broken_waived: int = 0
    unreturned_waived: int = 0
    broken: int = 0
    unreturned: int = 0
    income: int = 0
    loss: int = 0

    def add(self, ran: Ran, trade: Trade, *, held: bool) -> None:
        self.orders += 1
        self.broken += ran.broken
        self.unreturned += ran.unreturned
        if not held:
            self.waived += 1
            self.waived_minor += trade.deposit_minor
            self.broken_waived += ran.broken
            self.unreturned_waived += ran.unreturned
        self.income += ran.income
        self.loss += ran.loss


def policies() -> dict[str, object]:
    """Each policy: whether a score (or none) has its deposit waived."""
    return {
        "deposit for all": lambda score: False,
        "waived for all": lambda score: True,
        **{f"score {t}": (lambda score, t=t: score is not None and score >= t) for t in THRESHOLDS},
    }


def run(
    wishes: list[Wish], scored: list[list[int | None]]
) -> tuple[dict[tuple[str, str], Figures], list[dict[bool, Ran]]]:
    """The figures of every policy in every trade, and what each wish came to, either way."""
    found: dict[tuple[str, str], Figures] = {}
    outcomes = []
    for wish in wishes:
        ways = (False, True) if wish.comes_with_deposit else (False,)
        either = {held: run_order(wish, held=held) for held in ways}
        outcomes.append(either)
        score = scored[wish.person][wish.month]
        for name, waives in policies().items():
            held = not waives(score)  # type: ignore[operator]
            if held and not wish.comes_with_deposit:
                continue
            figures = found.setdefault((name, wish.trade), Figures())
            figures.add(either[held], TRADES[wish.trade], held=held)
    return found, outcomes


# --- what the score learns from those whom it admits ---------------------------------------------


def learn(
    wishes: list[Wish],
    outcomes: list[dict[bool, Ran]],
    scored: list[list[int | None]],
    parts: list[list[list[int] | None]],
    *,
    threshold: int,
    shares: Sequence[float],
    repeats: int = 20,
) -> Learners:
    """Learners of broken promises on the first year, tried on everybody's second year.

    Each is a logistic regression on the five domains' points and the trade.  Of each, for each
    split of the people: AUC; and the bad rate that it expects of those below the threshold, over
    what was seen.  Also the bad rate of those below.
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import roc_auc_score

    known = [i for i, wish in enumerate(wishes) if parts[wish.person][wish.month] is not None]
    names = list(TRADES)
    x = np.array([
        [*(v / 40 for v in parts[wishes[i].person][wishes[i].month] or ()),
         *(wishes[i].trade == name for name in names)]
        for i in known
    ], dtype=float)  # fmt: skip
    bad = np.array([outcomes[i][False].broken for i in known])
    score = np.array([scored[wishes[i].person][wishes[i].month] for i in known], dtype=float)
    first = np.array([wishes[i].month < MONTHS // 2 for i in known])
    person = np.array([wishes[i].person for i in known])
    admitted, below = score >= threshold, score < threshold
    random = np.random.default_rng(7)
    gathered: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repeats):
        luck = random.random(person.max() + 1)[person]
        test_people = random.random(person.max() + 1) < 0.5
        train, test = first & ~test_people[person], ~first & test_people[person]
        ways = {
            "everybody (cannot be seen)": (train, None),
            f"those admitted at {threshold}": (train & admitted, None),
        }
        for share in shares:
            lucky = train & (admitted | (luck < share))
            ways[f"and {share:.0%} of the others at random"] = lucky, None
            ways[f"the same {share:.0%}, reweighted"] = lucky, np.where(admitted, 1.0, 1 / share)
        for name, (rows, weight) in ways.items():
            model = LogisticRegression(C=1.0, max_iter=500)
            model.fit(x[rows], bad[rows], None if weight is None else weight[rows])
            chance = model.predict_proba(x[test])[:, 1]
            low = below[test]
            gathered.setdefault(name, []).append(
                (roc_auc_score(bad[test], chance), chance[low].mean() / bad[test][low].mean())
            )
    return gathered, float(bad[~first & below].mean())


# --- telling -----------------------------------------------------------------------------------


def tell(societies: list[dict[tuple[str, str], Figures]]) -> None:
    """The figures of each trade, as a table: of several societies the mean, least and most."""
    head = (
        "trade", "policy", "orders", "gained", "deposits waived", "waived",
        "broken, of waived", "unreturned, of waived", "loss per 1,000 orders",
    )  # fmt: skip
    print("| " + " | ".join(head) + " |")
    print("|---|---|" + "---:|" * (len(head) - 2))
    for trade in TRADES:
        for policy in policies():
            each = [row_of(found, policy, trade) for found in societies]
            cells = [spread([row[i] for row in each], say) for i, say in enumerate(SAID)]
            print("| " + " | ".join((trade, policy, *cells)) + " |")


SAID = ("{:,.0f}", "x {:.2f}", "{:.1%}", "{:,.0f}", "{:.2%}", "{:.3%}", "{:,.0f}")


def row_of(
    found: dict[tuple[str, str], Figures], policy: str, trade: str
) -> tuple[float | None, ...]:
    """The figures of one policy in one trade of one society."""
    f, base = found.get((policy, trade), Figures()), found["deposit for all", trade]
    return (
        f.orders,
        f.orders / base.orders,
        f.waived / max(f.orders, 1),
        f.waived_minor,
        f.broken_waived / f.waived if f.waived else None,
        f.unreturned_waived / f.waived if f.waived else None,
        1000 * f.loss / max(f.orders, 1),
    )


def spread(values: Sequence[float | None], say: str) -> str:
    """A figure of one society; of several the mean, and the least and the most."""
    known = [value for value in values if value is not None]
    if not known:
        return "-"
    mean = say.format(sum(known) / len(known))
    if len(known) == 1:
        return mean
    return f"{mean} ({say.format(min(known))} to {say.format(max(known))})"


def tell_learners(societies: list[Learners]) -> None:
    """What each learner comes to, as a table; the last column is split by split."""
    print("\n| learner | AUC on everybody | expected / seen, below | beyond everybody's learner |")
    print("|---|---:|---:|---:|")
    whole, *_ = societies[0][0]
    for name in societies[0][0]:
        own = [pair for gathered, _ in societies for pair in gathered[name]]
        best = [ratio for gathered, _ in societies for _, ratio in gathered[whole]]
        beyond = [ratio - other for (_, ratio), other in zip(own, best, strict=True)]
        cells = (
            most_of([auc for auc, _ in own], "{:.3f}"),
            most_of([ratio for _, ratio in own], "{:.2f}"),
            "-" if name == whole else most_of(beyond, "{:+.2f}"),
        )
        print("| " + " | ".join((name, *cells)) + " |")
    print("\nbad rate of those below:", spread([seen for _, seen in societies], "{:.2%}"))


def most_of(values: Sequence[float], say: str) -> str:
    """The mean, and where 90 % of the values lie."""
    low, high = np.quantile(values, [0.05, 0.95])
    return f"{say.format(np.mean(values))} ({say.format(low)} to {say.format(high)})"


Learners = tuple[dict[str, list[tuple[float, float]]], float]


def society(
    folder: Path, *, people: int, seed: int
) -> tuple[dict[tuple[str, str], Figures], Learners]:
    """All of it in one society."""
    random = np.random.default_rng(seed)
    scores = scores_of(folder)
    parts = json.loads((folder / "reports" / "merchants_parts.json").read_text())
    those = people_of(folder, people, random)
    key = session(folder).key
    names = [_name(person, scores, key) for person in those]
    scored = [scores.get(name, [None] * MONTHS) for name in names]
    wishes = wishes_of(those, random)
    print(f"{folder}: {len(those):,} people, {len(wishes):,} wishes", flush=True)
    seen = [score for one in scored for score in one]
    reached = [f"{t}: {sum((s or 0) >= t for s in seen) / len(seen):.1%}" for t in THRESHOLDS]
    known = sum(score is not None for score in seen) / len(seen)
    print(f"scored: {known:.1%} of person-months; at or above {', '.join(reached)}")
    found, outcomes = run(wishes, scored)
    ends = Counter(either[False].state for either in outcomes)
    print("ends of waived orders:", dict(ends), flush=True)
    own = [parts.get(name, [None] * MONTHS) for name in names]
    return found, learn(wishes, outcomes, scored, own, threshold=650, shares=(0.05, 0.2))


def main() -> None:
    """Run all of it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("workspaces", type=Path, nargs="+")
    parser.add_argument("--people", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1, help="of the first, one more for each other")
    asked = parser.parse_args()
    made = [
        society(folder, people=asked.people, seed=asked.seed + number)
        for number, folder in enumerate(asked.workspaces)
    ]
    tell([found for found, _ in made])
    tell_learners([learners for _, learners in made])


def _name(person: dict[str, object], scores: dict[str, list[int | None]], key: bytes) -> str:
    own = str(person["subject"])
    return own if own in scores else subject_id(own, key=key)


if __name__ == "__main__":
    main()
