"""The truth: what would come of the standard obligation, given to everyone; apart from evidence.

The standard obligation is a loan repaid in equal monthly instalments, due on the first day of
each month from ``as_of`` on.  It goes *bad* when, within the window, three due dates in a
row are in arrears: 90 days past due in months of 30 days.  It is a *potential* outcome: it is
drawn for everyone, whoever would admit them, and it changes nothing else in the person's life.

Three probabilities stand beside each drawn outcome:

* ``probability``: as of that moment, with the person's future and the economy's path averaged out;
* ``probability_given_economy``: with the person's future averaged out, the economy's path known;
* ``probability_given_path``: given all that then happened to the person and the economy.
"""

from __future__ import annotations

import numpy as np

from benne.society._block import Block, Emission
from benne.society._calendar import DAY, Bools, Floats, Ints
from benne.society._life import Life, chance_of_bad, chance_on_the_lived_path, draw_outcome, live
from benne.society._people import sigmoid
from benne.society._tables import Rows, batch, flags, instants, ints, reals, words
from benne.society._world import possible_stress

COHORTS = ("training", "out_of_time", "wave")
OUTCOMES = ("good", "bad")


def truth(block: Block) -> list[Emission]:
    """The observations with their outcomes, the probabilities behind them, and the traits."""
    p, people = block.world.parameters, block.people
    block = block.of("truth")
    first, span = p.whole("calendar.burn_in_months"), p.whole("calendar.training_months")
    last = p.whole("calendar.out_of_time_month")
    month = first + block.random.integers(0, span, len(people))
    everyone = np.arange(len(people))
    final = np.full(len(people), last)
    emissions = [
        _people(block),
        *_cohort(block, everyone, month, cohort=0, life=block.life),
        *_cohort(block, everyone, final, cohort=1, life=block.life),
    ]
    if p["wave.cohort"]:
        block = block.of("wave")
        struck = live(block.world, people, block.random, wave=True, before=block.life, since=last)
        emissions += _cohort(block, everyone, final, cohort=2, life=struck)
    return emissions


def _cohort(block: Block, person: Ints, month: Ints, *, cohort: int, life: Life) -> list[Emission]:
    """Those known for two months or more, each as observed at the start of their ``month``."""
    p = block.world.parameters
    known = block.people.arrival[person] + 2 <= month
    person, month = person[known], month[known]
    window = np.arange(p.whole("calendar.window_months"))
    logits = life.logit[person[:, None], month[:, None] + window]
    bad = draw_outcome(p, logits, block.random)
    common: Rows = {
        "subject": words(person, block.subjects),
        "as_of": instants(block.world.calendar.start(month)),
        "cohort": words(np.full(len(person), cohort), COHORTS),
    }
    wave = cohort == COHORTS.index("wave") or bool(p["wave.lived"])
    ahead, given = _chances(block, person, life, month, wave=wave)
    chances: Rows = {
        **common,
        "bad": flags(bad),
        "probability": reals(ahead),
        "probability_given_economy": reals(given),
        "probability_given_path": reals(chance_on_the_lived_path(p, logits)),
    }
    place = "outcome" if cohort < COHORTS.index("wave") else "truth"
    desk = block.of(f"{COHORTS[cohort]}_admission")
    outcome: Rows = {**common, **_answer(desk, person, bad, month)}
    table = "standard_obligation" if place == "outcome" else "wave_outcome"
    return [
        Emission(place, table, batch(outcome)),
        Emission("truth", "probabilities", batch(chances)),
    ]


def _chances(
    block: Block, person: Ints, life: Life, month: Ints, *, wave: bool
) -> tuple[Floats, Floats]:
    """The probability over all paths of the economy, and given the path it took."""
    world, crowd, lived = block.world, block.people.take(person), life.take(person)
    window = world.parameters.whole("calendar.window_months")

    def chance(stress: Floats) -> Floats:
        return chance_of_bad(world, crowd, lived, month=month, stress=stress, wave=wave)

    months, place = np.unique(month, return_inverse=True)
    paths = np.stack([possible_stress(world, int(m), window) for m in months], axis=-1)
    ahead = np.zeros(len(person))
    for path in paths:
        ahead += chance(path[:, place])
    taken = world.stress[month[None, :] + np.arange(window)[:, None]]
    return ahead / len(paths), chance(taken)


def _answer(block: Block, person: Ints, bad: Bools, month: Ints) -> Rows:
    """What the lender of the standard obligation can say: nothing of whom it refused."""
    p = block.world.parameters
    admitted, propensity = _incumbent(block, person, month)
    refused = ~admitted
    known = block.world.calendar.start(month + p.whole("calendar.window_months")) + 5 * DAY
    return {
        "outcome": words(bad.astype(int), OUTCOMES, refused),
        "outcome_known_at": instants(known, refused),
        "admitted": flags(admitted),
        "policy": words(np.full(len(person), int(p["incumbent.on"])), ("everyone", "incumbent")),
        "propensity": reals(propensity),
    }


def _incumbent(block: Block, person: Ints, month: Ints) -> tuple[Bools, Floats]:
    """Who is admitted, and with what probability: the worst arrears of late, noise, a lottery.

    With insight, the officer also sees something of the person that no evidence tells.
    """
    p = block.world.parameters
    count = len(person)
    if not p["incumbent.on"]:
        return np.ones(count, dtype=bool), np.ones(count)
    year = np.maximum(month[:, None] - 14 + np.arange(13), 0)
    seen = block.worst[person[:, None], year].max(axis=1)
    view = np.where(seen < 0, 0.3, 0.8 * np.minimum(seen, 3))
    view = view - p["incumbent.insight"] * block.people.willingness[person]
    noise, lottery = p["incumbent.noise"], p["incumbent.at_random"]
    heard = view + noise * block.random.normal(size=count)
    cut = np.quantile(heard, 1 - p["incumbent.refused_share"])
    chance = sigmoid(1.7 * (cut - view) / max(noise, 1e-3))  # close to the normal distribution's
    propensity = lottery + (1 - lottery) * chance
    return block.uniform(count) < propensity, propensity


def _people(block: Block) -> Emission:
    people = block.people
    rows: Rows = {
        "subject": words(np.arange(len(people)), block.subjects),
        "willingness": reals(people.willingness),
        "capacity": reals(people.capacity),
        "patience": reals(people.patience),
        "appetite": reals(people.appetite),
        "community": ints(people.community),
        "region": ints(people.region),
        "minority": flags(people.minority),
        "has_credit": flags(people.credit),
        "arrival_month": ints(people.arrival),
        "ring": ints(people.ring, people.ring < 0),
        "victim": words(people.victim, block.subjects, people.ring < 0),
    }
    return Emission("truth", "people", batch(rows))
