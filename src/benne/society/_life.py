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
    milieu: Floats
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
        milieu=people.milieu,
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
        + own.milieu[:, None]
        + (world.stress + season_and_drift(world, months))[None, :]
    )
    present = months[None, :] >= people.arrival[:, None]
    promise = own.promise[:, None] + strain + fraud_logit(p, people, months[None, :])
    return Life(jobless, ill, present, strain, promise)


def _step(state: Bools, enter: Floats, leave: Floats, draw: Floats) -> Bools:
    found: Bools = np.where(state, draw >= leave, draw < enter)
    return found


def fraud_logit(p: Parameters, people: People, months: Ints) -> Floats:
    """What a borrowed identity adds: faultless until the ring has drawn its money.

    ``months`` has the people along its first axis, or along its only one.
    """
    ring, bust = (
        (people.ring, people.bust)
        if months.ndim == 1
        else (people.ring[:, None], people.bust[:, None])
    )
    found: Floats = np.where(ring < 0, 0.0, np.where(months >= bust, p["fraud.bust"], -2.0))
    return found


def stick(p: Parameters) -> Floats:
    """What 0, 1 and 2 months in arrears add to the logit of the next miss."""
    return np.array([0.0, p["promise.stick_1"], p["promise.stick_2"]])


def chance_of_bad(
    world: World, people: People, life: Life, *, month: Ints, stress: Floats, wave: bool
) -> Floats:
    """The probability that the standard obligation of each person goes bad, shape (people,).

    It starts at each one's ``month`` and runs under that path of the economy, ``stress`` of
    shape (window, people).  Known is the person's state in the month before; all that may happen
    to the person from then on is averaged out, exactly, by the forward recursion over a state
    of shape (work, health, arrears, people).
    """
    p, own = world.parameters, hazards(world.parameters, people)
    extra = stick(p)[:, None] + np.zeros((2, 2, 1, len(people)))
    extra[1] += own.jobless_weight
    extra[:, 1] += own.ill_weight
    state = np.zeros((2, 2, 3, len(people)))
    before, rows = np.maximum(month - 1, 0), np.arange(len(people))
    state[life.jobless[rows, before].astype(int), life.ill[rows, before].astype(int), 0, rows] = 1
    bad = np.zeros(len(people))
    fall = sigmoid(own.illness)
    for i, now in enumerate(stress):
        blow = p["wave.job_loss"] * in_wave(world, month + i) if wave else 0.0
        _move(state[0], state[1], sigmoid(own.loss + now + blow), sigmoid(own.rehire - now))
        _move(state[:, 0], state[:, 1], fall, own.recovery)
        due = own.promise + own.milieu + now + season_and_drift(world, month + i)
        due = due + fraud_logit(p, people, month + i)
        bad += _pay(state, sigmoid(due + extra), p["promise.catch_up"])
    return bad


def _move(calm: Floats, hit: Floats, enter: Floats, leave: Floats | float) -> None:
    """One month of a chain of two states, in place."""
    net = hit * leave - calm * enter
    calm += net
    hit -= net


def _pay(state: Floats, miss: Floats, catch_up: float) -> Floats:
    """One due date, in place; the mass that reaches 90 days past due.

    ``state`` and ``miss`` have arrears along the last axis but one, people along the last.
    """
    missed = state * miss
    state -= missed
    caught = catch_up * state[..., 1:, :]
    state[..., 1:, :] += missed[..., :2, :] - caught
    state[..., 0, :] += caught.sum(axis=-2)
    gone = missed[..., 2, :]
    found: Floats = gone.reshape(-1, gone.shape[-1]).sum(axis=0)
    return found


def chance_on_the_lived_path(p: Parameters, logits: Floats) -> Floats:
    """The probability of going bad given all that happened; ``logits`` is (people, window)."""
    sticky = stick(p)[:, None]
    state = np.zeros((3, len(logits)))
    state[0] = 1.0
    bad = np.zeros(len(logits))
    for month in range(logits.shape[1]):
        bad += _pay(state, sigmoid(logits[:, month] + sticky), p["promise.catch_up"])
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
