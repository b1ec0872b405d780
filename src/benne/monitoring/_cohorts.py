"""Outcomes by cohort, vintage curves, roll rates, and the periods that time is cut into."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benne.kernel import MICROS_PER_DAY, from_micros
from benne.monitoring._calibration import counted, jeffreys_interval
from benne.monitoring._figures import Facts, Ints, Why, figures, labels, outcomes, weights
from benne.monitoring._ranking import codes_of

MONTH_DAYS = 30
AHEAD_MONTHS = 36
ONE_MOMENT = Why("all observations fall into one period")


def periods(as_of: ArrayLike) -> tuple[Ints, list[str]]:
    """The number of each row's period and the periods' names, oldest first.

    Calendar years, quarters, months, weeks (from Monday) or days, UTC: the longest of which the
    instants fill at least three; else the longest of which they fill two; else one period.
    ``as_of`` is in microseconds.
    """
    instants = np.asarray(as_of, dtype=np.int64)
    days, place = np.unique(instants // MICROS_PER_DAY, return_inverse=True)
    dates = [from_micros(int(day) * MICROS_PER_DAY).date() for day in days]
    namings = [
        [f"{date.year}" for date in dates],
        [f"{date.year} Q{(date.month + 2) // 3}" for date in dates],
        [f"{date:%Y-%m}" for date in dates],
        [f"week of {date - timedelta(days=date.weekday())}" for date in dates],
        [f"{date}" for date in dates],
    ]
    for wanted in (3, 2, 1):
        for names in namings:
            distinct = list(dict.fromkeys(names))
            if len(distinct) >= wanted:
                number = np.array([distinct.index(name) for name in names], dtype=np.int64)
                return number[place], distinct
    return np.zeros(len(instants), dtype=np.int64), ["none"]


def vintages(y: ArrayLike, as_of: ArrayLike, *, weight: ArrayLike | None = None) -> Facts:
    """By cohort of ``as_of`` the counts of each outcome and the bad rate with its interval."""
    outcome = outcomes(y)
    if not len(outcome):
        return figures(rows=Why("there is no observation"))
    heavy = weights(weight, len(outcome))
    number, names = periods(as_of)
    rows = []
    for i, name in enumerate(names):
        here = number == i
        known = here & ~np.isnan(outcome) & (heavy > 0)
        bads, n = int(outcome[known].sum()), int(known.sum())
        none = Why("no known outcome in this cohort")
        low, high = jeffreys_interval(*counted(outcome[known], heavy[known])) if n else (none, none)
        rate = np.average(outcome[known], weights=heavy[known]) if n else none
        rows.append(
            figures(
                cohort=name,
                observations=int(here.sum()),
                bads=bads,
                goods=n - bads,
                unknown=int(here.sum()) - n,
                bad_rate=rate,
                bad_rate_low=low,
                bad_rate_high=high,
            )
        )
    return figures(rows=rows)


def vintage_curves(as_of: ArrayLike, bad_at: ArrayLike, *, observed_until: int) -> Facts:
    """By cohort the share gone bad within each number of 30-day months after ``as_of``.

    ``bad_at`` in microseconds, 0 or less where it never was.  A month counts only once the
    youngest of the cohort has been watched for the whole of it, so that no curve bends for lack
    of time.
    """
    start, end = np.asarray(as_of, dtype=np.int64), np.asarray(bad_at, dtype=np.int64)
    if not len(start):
        return figures(curves=Why("there is no observation"))
    number, names = periods(start)
    month = MONTH_DAYS * MICROS_PER_DAY
    curves = []
    for i, name in enumerate(names):
        here = number == i
        watched = min((observed_until - int(start[here].max())) // month, AHEAD_MONTHS)
        if watched < 1:
            short = Why("watched for less than a month")
            curves.append(figures(cohort=name, observations=int(here.sum()), cumulative=short))
            continue
        age = np.where(end[here] > 0, end[here] - start[here], np.iinfo(np.int64).max)
        shares = [float((age <= k * month).mean()) for k in range(1, int(watched) + 1)]
        curves.append(figures(cohort=name, observations=int(here.sum()), cumulative=shares))
    return figures(curves=curves)


def roll_rates(
    entity: ArrayLike, period: ArrayLike, state: ArrayLike, *, states: Sequence[str] = ()
) -> Facts:
    """From each state, the share that is in each state one period later.

    One row per (entity, period): an account and its numbered month, say; ``period`` are
    integers, and only steps from p to p + 1 count.  ``states`` gives the order; without it they
    stand in alphabetical order.  Of several rows of one entity and period the last counts.
    """
    names: NDArray[np.object_] = labels(state)
    who = codes_of(entity)
    when = np.asarray(period, dtype=np.int64)
    order = np.lexsort((np.arange(len(when)), when, who))
    who, when, names = who[order], when[order], names[order]
    last = np.ones(len(who), dtype=bool)
    last[:-1] = (who[1:] != who[:-1]) | (when[1:] != when[:-1])
    who, when, names = who[last], when[last], names[last]
    steps = (who[1:] == who[:-1]) & (when[1:] == when[:-1] + 1)
    if not steps.any():
        why = Why("no account has a state in two periods on end")
        return figures(states=why, counts=why, rows=why)
    seen = set(names.tolist())
    known = [*(s for s in states if s in seen), *sorted(seen - set(states))]
    place = {name: i for i, name in enumerate(known)}
    codes = np.array([place[name] for name in names])
    counts = np.zeros((len(known), len(known)), dtype=np.int64)
    np.add.at(counts, (codes[:-1][steps], codes[1:][steps]), 1)
    nobody = Why("no account leaves from this state")
    rows = [
        figures(
            state=name,
            steps=int(counts[i].sum()),
            to=(counts[i] / counts[i].sum()).tolist() if counts[i].sum() else nobody,
        )
        for i, name in enumerate(known)
    ]
    return figures(states=known, counts=counts, rows=rows)
