"""The people of one block: traits that nobody sees, and the facts of life that they shape."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benne.society._calendar import Bools, Floats, Ints
from benne.society._parameters import Parameters
from benne.society._world import World

OCCUPATIONS = ("salaried", "informal", "student", "retired")


@dataclass(frozen=True, slots=True)
class People:
    """One value for each person of a block.

    ``index`` counts over the society.  ``age`` is in years at month 0; ``income`` in minor units
    a month of work; ``arrival`` the first month in which there is any evidence; ``ring`` is -1
    but for those who are not who they say; such a person stops paying at ``bust``.
    ``victim`` is the place in the block of whose identity is shown (mostly one's own).
    """

    index: Ints
    community: Ints
    region: Ints
    milieu: Floats
    minority: Bools
    female: Bools
    age: Floats
    willingness: Floats
    capacity: Floats
    patience: Floats
    appetite: Floats
    occupation: Ints
    income: Floats
    credit: Bools
    utility: Bools
    wallet: Bools
    arrival: Ints
    ring: Ints
    bust: Ints
    victim: Ints

    def __len__(self) -> int:
        return len(self.index)

    def take(self, rows: Ints) -> People:
        """Those people alone."""
        return People(*(getattr(self, name)[rows] for name in self.__slots__))

    @property
    def informal(self) -> Bools:
        """Paid in cash, so that a wallet sees little of the income."""
        found: Bools = self.occupation == OCCUPATIONS.index("informal")
        return found

    def earns(self, p: Parameters, person: Ints, month: Ints) -> Floats:
        """What each ``person`` earns in a ``month`` of work: a career, from the middle month on."""
        rate = p["people.career"] + p["people.career_capacity"] * self.capacity[person]
        working = self.occupation[person] < OCCUPATIONS.index("student")
        found: Floats = self.income[person] * np.exp(working * rate * (month - 30) / 12)
        return found

    @property
    def buffer(self) -> Floats:
        """From 0 to 1: how much of a blow savings take."""
        return sigmoid(0.8 * self.patience + 0.7 * self.capacity)


def sigmoid(x: Floats) -> Floats:
    """The probability of which ``x`` is the log-odds."""
    found: Floats = 0.5 + 0.5 * np.tanh(0.5 * x)
    return found


def logit(p: float) -> float:
    """The log-odds of ``p``, kept finite at 0 and 1."""
    p = min(max(p, 1e-9), 1 - 1e-9)
    return float(np.log(p / (1 - p)))


def make_people(world: World, communities: tuple[int, int], random: np.random.Generator) -> People:
    """The people of the communities ``[from, to)``."""
    p = world.parameters
    span = slice(*communities)
    sizes = world.communities.size[span]
    community = np.repeat(np.arange(*communities), sizes)
    index = world.communities.first[communities[0]] + np.arange(int(sizes.sum()))
    count = len(index)
    region = world.communities.region[community]
    milieu = world.communities.milieu[community]
    minority = random.random(count) < world.communities.minority_share[community]
    age = np.clip(random.normal(p["people.age_mean"], p["people.age_spread"], count), 18, 85)
    traits = _traits(world, community, minority, random)
    occupation = _occupation(world, age, region, traits[1], random)
    luck = random.normal(size=count)
    income = (
        np.exp(
            p["people.income_log_mean"]
            + p["people.income_log_capacity"] * traits[1]
            + p["people.income_log_spread"] * luck
        )
        * np.array([1.0, 0.85, 0.35, 0.6])[occupation]
    )
    late = random.random(count) < p["people.newcomer_share"]
    arrival = np.where(late, random.integers(1, world.calendar.months - 6, count), 0)
    age = np.where(late & (random.random(count) < 0.5), 18.0 + 4 * random.random(count), age)
    access = _access(world, region, minority, age, traits, random)
    ring, bust, arrival, victim = _rings(world, arrival, random)
    return People(
        index, community, region, milieu, minority, random.random(count) < 0.5, age, *traits,
        occupation, income, *access, arrival, ring, bust, victim,
    )  # fmt: skip


def _traits(
    world: World, community: Ints, minority: Bools, random: np.random.Generator
) -> tuple[Floats, Floats, Floats, Floats]:
    p = world.parameters
    shared = p["people.homophily"]
    own = np.sqrt(1 - shared) * random.normal(size=(len(community), 4))
    raw = np.sqrt(shared) * world.communities.traits[community] + own
    shift = p["people.minority_capacity"] * (minority - p["people.minority_share"])
    capacity = raw[:, 1]
    willingness = _correlate(raw[:, 0], capacity, p["people.willingness_capacity"])
    patience = _correlate(raw[:, 2], capacity, p["people.patience_capacity"])
    appetite = _correlate(raw[:, 3], patience, p["people.appetite_patience"])
    return willingness, capacity + shift, patience, appetite


def _correlate(x: Floats, y: Floats, r: float) -> Floats:
    found: Floats = r * y + np.sqrt(1 - r * r) * x
    return found


def _occupation(
    world: World, age: Floats, region: Ints, capacity: Floats, random: np.random.Generator
) -> Ints:
    p = world.parameters
    lean = logit(p["people.informal_share"]) + 0.5 * world.regions[region] - 0.3 * capacity
    informal = random.random(len(age)) < sigmoid(lean)
    student = (age <= p["people.student_age_max"]) & (random.random(len(age)) < 0.5)
    retired = age >= p["people.retired_age_min"]
    return np.select([retired, student, informal], [3, 2, 1], default=0).astype(np.int64)


def _access(
    world: World, region: Ints, minority: Bools, age: Floats, traits: tuple[Floats, ...],
    random: np.random.Generator,
) -> tuple[Bools, Bools, Bools]:  # fmt: skip
    """Who has formal credit, furnished bills, and a wallet."""
    p = world.parameters
    apart = minority - p["people.minority_share"]
    count = len(region)
    credit = (
        logit(p["access.credit"])
        + p["access.credit_capacity"] * traits[1]
        + p["access.credit_minority"] * apart
        + p["access.credit_region_spread"] * world.regions[region]
        + 0.3 * traits[3]
        + 0.03 * np.clip(age - p["people.age_mean"], -20, 20)
    )
    utility = logit(p["access.utility"]) + p["access.utility_minority"] * apart
    wallet = logit(p["access.wallet"]) + p["access.wallet_age"] * (age - p["people.age_mean"])
    chances = (credit, np.broadcast_to(utility, count), wallet)
    found = [random.random(count) < sigmoid(chance) for chance in chances]
    return found[0], found[1], found[2]


def _rings(
    world: World, arrival: Ints, random: np.random.Generator
) -> tuple[Ints, Ints, Ints, Ints]:
    """Ring, month in which it stops paying, arrival, and whose identity is shown."""
    p = world.parameters
    count = len(arrival)
    never = np.int64(10_000)
    ring = np.full(count, -1, dtype=np.int64)
    bust = np.full(count, never)
    victim = np.arange(count)
    size = p.whole("fraud.ring_size")
    rings = min(int(random.poisson(p["fraud.share"] * count / size)), count // size)
    members, others = np.split(random.permutation(count), [rings * size])
    if len(members) == 0 or len(others) == 0:
        return ring, bust, arrival, victim
    ring[members] = np.repeat(np.arange(rings), size)
    begins = random.integers(1, world.calendar.months - 8, rings)
    arrival = arrival.copy()
    arrival[members] = begins[ring[members]] + random.integers(0, 3, len(members))
    bust[members] = (begins + random.integers(8, 20, rings))[ring[members]]
    victim[members] = others[random.integers(0, len(others), len(members))]
    return ring, bust, arrival, victim


def promise_logit(p: Parameters, people: People) -> Floats:
    """The part of the logit of missing a due date that does not change with the month."""
    w, k, d = people.willingness, people.capacity, people.appetite
    prime = (people.age - 45) / 10
    plain = (
        p["promise.miss"]
        + p["promise.willingness"] * w
        + p["promise.capacity"] * k
        + p["promise.patience"] * people.patience
        + p["promise.appetite"] * d
    )
    bent = p["non_monotone.age_from_prime"] * np.minimum(prime**2, 6) / 3
    bent = bent + p["non_monotone.appetite"] * (d**2 - 1)
    poor = np.maximum(-k, 0)
    together = (
        p["interactions.appetite_poor"] * np.maximum(d, -0.5) * poor
        + p["interactions.unwilling_poor"] * np.maximum(-w, 0) * poor
        + p["interactions.informal_capacity"] * people.informal * k
    )
    found: Floats = plain + p["non_monotone.on"] * bent + p["interactions.on"] * together
    return found
