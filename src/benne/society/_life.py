"""What happens to people, month by month, and what that does to a promise.

A person is in work or not, ill or not: two chains.  A promise with a due date on the first of
each month has a state of its own: the months in arrears, 0, 1 or 2, or 3, which is 90 days past
due and final.  All of it being a finite chain, the probability of getting there within a window is
computed forward, exactly, for a given path of the economy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benne.society._calendar import Bools, Floats, Ints
from benne.society._parameters import Parameters
from benne.society._people import People, logit, promise_logit, sigmoid
from benne.society._world import World, in_wave, season_and_drift


@dataclass(frozen=True, slots=True)
class Life:
    """What happened: each of shape (people, months).

    ``logit`` is that of missing a due date of the standard obligation with nothing in arrears.
    """

    jobless: Bools
    ill: Bools
    present: Bools
    strain: Floats
    logit: Floats

    def take(self, rows: Ints) -> Life:
        """The lives of those people alone."""
        return Life(*(getattr(self, name)[rows] for name in self.__slots__))


@dataclass(frozen=True, slots=True)
class Hazards:
    """The logits and weights of each person, shape (people,)."""

    promise: Floats
    jobless_weight: Floats
    ill_weight: Floats
    loss: Floats
    rehire: Floats
    illness: Floats
    recovery: float


def hazards(p: Parameters, people: People) -> Hazards:
    """Each person's own hazards, before the economy has its say."""
    k = people.capacity
    exposed = 1 - people.buffer
    away = np.where(people.occupation >= 2, -2.0, 0.0)  # students and pensioners lose less
    return Hazards(
        promise=promise_logit(p, people),
        jobless_weight=p["promise.jobless"] * 2 * exposed,
        ill_weight=p["promise.ill"] * 2 * exposed,
        loss=logit(p["shocks.job_loss"])
        + p["shocks.job_loss_capacity"] * k
        + p["shocks.job_loss_informal"] * people.informal
        + away,
        rehire=logit(p["shocks.rehire"]) + p["shocks.rehire_capacity"] * k,
        illness=logit(p["shocks.illness"])
        + p["shocks.illness_age"] * (people.age - p["people.age_mean"]),
        recovery=p["shocks.recovery"],
    )


def live(
    world: World,
    people: People,
    random: np.random.Generator,
    *,
    wave: bool,
    before: Life | None = None,
    since: int = 0,
) -> Life:
    """The months of a block of people; those ahead of ``since`` as they were in ``before``."""
    p, own = world.parameters, hazards(world.parameters, people)
    months = np.arange(world.calendar.months)
    blow = p["wave.job_loss"] * in_wave(world, months) if wave else np.zeros(len(months))
    shape = (len(people), len(months))
    jobless, ill = np.zeros(shape, dtype=bool), np.zeros(shape, dtype=bool)
    if before is None:
        lost, rehired = sigmoid(own.loss), sigmoid(own.rehire)
        out = random.random(len(people)) < lost / (lost + rehired)
        sick = random.random(len(people)) < sigmoid(own.illness) / own.recovery
    else:
        jobless[:, :since], ill[:, :since] = before.jobless[:, :since], before.ill[:, :since]
        out, sick = before.jobless[:, since - 1], before.ill[:, since - 1]
    for month in months[since:]:
        stress = world.stress[month]
        draw = random.random((2, len(people)))
        out = _step(
            out, sigmoid(own.loss + stress + blow[month]), sigmoid(own.rehire - stress), draw[0]
        )
        sick = _step(sick, sigmoid(own.illness), np.full(len(people), own.recovery), draw[1])
        jobless[:, month], ill[:, month] = out, sick
    strain = (
        own.jobless_weight[:, None] * jobless
        + own.ill_weight[:, None] * ill
        + (world.stress + season_and_drift(world, months))[None, :]
    )
    present = months[None, :] >= people.arrival[:, None]
    promise = own.promise[:, None] + strain + fraud_logit(p, people, months)
    return Life(jobless, ill, present, strain, promise)


def _step(state: Bools, enter: Floats, leave: Floats, draw: Floats) -> Bools:
    found: Bools = np.where(state, draw >= leave, draw < enter)
    return found


def fraud_logit(p: Parameters, people: People, months: Ints) -> Floats:
    """What a borrowed identity adds: faultless until the ring has drawn its money."""
    gone = months[None, :] >= people.bust[:, None]
    found: Floats = np.where(people.ring[:, None] < 0, 0.0, np.where(gone, p["fraud.bust"], -2.0))
    return found


def stick(p: Parameters) -> Floats:
    """What 0, 1 and 2 months in arrears add to the logit of the next miss."""
    return np.array([0.0, p["promise.stick_1"], p["promise.stick_2"]])


def chance_of_bad(
    world: World,
    people: People,
    life: Life,
    *,
    month: int,
    stress: Floats,
    wave: bool,
) -> Floats:
    """The probability that the standard obligation of each person goes bad, shape (people,).

    It starts at ``month`` and runs for ``len(stress)`` months under that path of the economy.
    Known is the person's state in the month before; all that may happen to the person from then
    on is averaged out, exactly, by the forward recursion over (work, health, arrears).
    """
    p, own = world.parameters, hazards(world.parameters, people)
    span = np.arange(month, month + len(stress))
    fixed = own.promise[:, None] + fraud_logit(p, people, span) + season_and_drift(world, span)
    blow = p["wave.job_loss"] * in_wave(world, span) if wave else np.zeros(len(span))
    extra = (
        np.multiply.outer(own.jobless_weight, [[0.0, 0.0], [1.0, 1.0]])
        + np.multiply.outer(own.ill_weight, [[0.0, 1.0], [0.0, 1.0]])
    )[..., None] + stick(p)
    state = np.zeros((len(people), 2, 2, 3))
    before = max(month - 1, 0)
    rows = np.arange(len(people))
    state[rows, life.jobless[:, before].astype(int), life.ill[:, before].astype(int), 0] = 1.0
    bad = np.zeros(len(people))
    fall, heal = sigmoid(own.illness), np.full(len(people), own.recovery)
    for i, now in enumerate(stress):
        loss, rehire = sigmoid(own.loss + now + blow[i]), sigmoid(own.rehire - now)
        state = _move(state, loss, rehire, axis=1)
        state = _move(state, fall, heal, axis=2)
        miss = sigmoid((fixed[:, i] + now)[:, None, None, None] + extra)
        state, reached = _pay(state, miss, p["promise.catch_up"])
        bad += reached
    return bad


def _move(state: Floats, enter: Floats, leave: Floats, *, axis: int) -> Floats:
    calm, hit = (np.take(state, i, axis=axis) for i in (0, 1))
    enter, leave = enter[:, None, None], leave[:, None, None]
    moved = (calm * (1 - enter) + hit * leave, calm * enter + hit * (1 - leave))
    return np.stack(moved, axis=axis)


def _pay(state: Floats, miss: Floats, catch_up: float) -> tuple[Floats, Floats]:
    """One due date: the new state, and the mass that reaches 90 days past due."""
    missed = state * miss
    paid = state - missed
    after = np.empty_like(state)
    after[..., 0] = paid[..., 0] + catch_up * (paid[..., 1] + paid[..., 2])
    after[..., 1] = (1 - catch_up) * paid[..., 1] + missed[..., 0]
    after[..., 2] = (1 - catch_up) * paid[..., 2] + missed[..., 1]
    return after, missed[..., 2].sum(axis=tuple(range(1, missed.ndim - 1)))


def chance_on_the_lived_path(p: Parameters, logits: Floats) -> Floats:
    """The probability of going bad given all that happened; ``logits`` is (people, window)."""
    sticky = stick(p)
    state = np.zeros((len(logits), 3))
    state[:, 0] = 1.0
    bad = np.zeros(len(logits))
    for month in range(logits.shape[1]):
        miss = sigmoid(logits[:, month, None] + sticky)
        state, reached = _pay(state, miss, p["promise.catch_up"])
        bad += reached
    return bad


def draw_outcome(p: Parameters, logits: Floats, random: np.random.Generator) -> Bools:
    """Whether each standard obligation goes bad, drawn due date by due date."""
    sticky = np.append(stick(p), 0.0)
    arrears = np.zeros(len(logits), dtype=np.int64)
    for month in range(logits.shape[1]):
        draw = random.random((2, len(logits)))
        missed = draw[0] < sigmoid(logits[:, month] + sticky[arrears])
        paid = np.where(draw[1] < p["promise.catch_up"], 0, arrears)
        arrears = np.where(arrears == 3, 3, np.where(missed, arrears + 1, paid))
    found: Bools = arrears == 3
    return found
