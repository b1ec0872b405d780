"""Small generated histories, with the columns of the lake."""

from __future__ import annotations

from hypothesis import strategies as st

from benne.evidence import standard_kinds
from benne.kernel import END_OF_TIME, MICROS_PER_DAY

KINDS = standard_kinds()
DAY = MICROS_PER_DAY
NOW = 1000 * DAY


def version(kind: str, record: str, known_at: int, **columns) -> dict:
    spec = next(k for k in KINDS if k.name == kind)
    blank = {column.name: None for column in spec.columns}
    return {
        "source": "a", "record": record, "subject": "s", "cause": "event", "known_at": known_at,
        "superseded_at": END_OF_TIME, "batch": 1, "content": None, **blank, **columns,
    }  # fmt: skip


def bill(kind: str, number: int, due_day: int, paid_day: int | None, due: int) -> list[dict]:
    """A bill in one version, or in two when it was paid."""
    due_at = NOW + due_day * DAY
    known = min(due_at, NOW) - 40 * DAY
    other = {"contract": "rent"} if kind == "obligation" else {"account": "acc"}
    first = version(kind, f"{kind} {number}", known, due_at=due_at, due_minor=due, paid_minor=0,
                    **other)  # fmt: skip
    if paid_day is None:
        return [first]
    paid_at = max(NOW + paid_day * DAY, known + 1)
    second = {**first, "paid_at": paid_at, "paid_minor": due, "known_at": paid_at}
    return [{**first, "superseded_at": paid_at}, second]


def order(number: int, start_day: int, days: int, closed_day: int | None) -> list[dict]:
    start = NOW + start_day * DAY
    first = version("order", f"order {number}", start, happened_at=start, service="bike",
                    merchant="m", value_minor=500, deposit_waived_minor=100,
                    due_at=start + days * DAY, state="open")  # fmt: skip
    if closed_day is None:
        return [first]
    closed = max(NOW + closed_day * DAY, start + 1)
    second = {**first, "closed_at": closed, "known_at": closed, "state": "completed"}
    return [{**first, "superseded_at": closed}, second]


def breach(number: int, day: int, dispute: str, settled_day: int | None) -> list[dict]:
    at = NOW + day * DAY
    first = version("breach", f"breach {number}", at, happened_at=at, industry="travel",
                    type="fare", amount_minor=900, dispute=dispute)  # fmt: skip
    if settled_day is None:
        return [first]
    settled = max(NOW + settled_day * DAY, at + 1)
    second = {**first, "settled_at": settled, "known_at": settled}
    return [{**first, "superseded_at": settled}, second]


def statement(number: int, day: int, balance: int, late: int) -> list[dict]:
    at = NOW + day * DAY
    return [version("statement", f"statement {number}", at, period_end=at,
                    account=f"acc {number % 2}", balance_minor=balance, limit_minor=1000,
                    minimum_due_minor=50, paid_minor=0, days_past_due=late,
                    status="late" if late else "current")]  # fmt: skip


def check(number: int, day: int, result: str) -> list[dict]:
    at = NOW + day * DAY
    return [version("verification", f"check {number}", at, happened_at=at,
                    element=f"element {number % 2}", result=result)]  # fmt: skip


past = st.integers(-400, -1)
around = st.integers(-400, 200)
later = st.none() | st.integers(-390, 60)


def _all(make, *parts, most: int = 4):
    return st.lists(st.tuples(*parts), max_size=most).map(
        lambda some: [v for n, one in enumerate(some) for v in make(n, *one)]
    )


histories = st.fixed_dictionaries(
    {
        "instalment": _all(lambda n, *a: bill("instalment", n, *a), around, later,
                           st.integers(1, 500)),
        "obligation": _all(lambda n, *a: bill("obligation", n, *a), around, later,
                           st.integers(1, 500)),
        "order": _all(order, past, st.integers(1, 300), later),
        "breach": _all(breach, past, st.sampled_from(["original", "disputed"]), later),
        "statement": _all(statement, past, st.integers(0, 1500), st.sampled_from([0, 0, 20, 70])),
        "verification": _all(check, past, st.sampled_from(["match", "mismatch", "unknown"])),
        "inquiry": st.just([]),
        "public_record": st.just([]),
    }
)  # fmt: skip
