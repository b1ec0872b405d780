"""What all blocks of people share: calendar, communities, weak ties, the economy, randomness."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from benne.kernel import InvalidInput
from benne.society._calendar import Bools, Calendar, Floats, Ints, calendar
from benne.society._parameters import Parameters

TRAITS = ("willingness", "capacity", "patience", "appetite")

# Streams of randomness that do not depend on one another.
_COMMUNITIES, _WEAK_TIES, _ECONOMY, _IDENTIFIERS, _PATHS, _BLOCK = range(6)


@dataclass(frozen=True, slots=True)
class Communities:
    """Dense groups; person ``i`` belongs to the one whose ``[first, first + size)`` holds ``i``.

    ``traits`` has shape (communities, 4): what the community shares of each trait; ``milieu``
    is how much harder promises are to keep there, in logits.
    """

    first: Ints
    size: Ints
    region: Ints
    minority_share: Floats
    traits: Floats
    milieu: Floats


@dataclass(frozen=True, slots=True)
class WeakTies:
    """Ties between communities, each listed from both of its ends, sorted by ``person``."""

    person: Ints
    other: Ints
    started: Ints
    changed: Ints
    strength: Ints
    later_strength: Ints


@dataclass(frozen=True, slots=True)
class World:
    """A society before anybody lives in it.  ``stress`` has shape (months,), in logits."""

    parameters: Parameters
    calendar: Calendar
    people: int
    seed: int
    communities: Communities
    regions: Floats
    weak: WeakTies
    numbers: Ints
    stress: Floats

    def random(self, *stream: int) -> np.random.Generator:
        """A generator of its own for each stream: the same for the same seed, in any order."""
        return _random(self.seed, *stream)

    def block_random(self, block: int, *topic: int) -> np.random.Generator:
        """The randomness of one block of people, or of a topic in it."""
        return self.random(_BLOCK, block, *topic)


def _random(seed: int, *stream: int) -> np.random.Generator:
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=stream)))


def make_world(parameters: Parameters, *, people: int, months: int, seed: int) -> World:
    """The world in which ``people`` live for ``months``.

    Raises:
        InvalidInput: fewer people than a community or months than the last window needs.
    """
    needed = parameters.whole("calendar.out_of_time_month") + parameters.whole(
        "calendar.window_months"
    )
    burn_in = parameters.whole("calendar.burn_in_months")
    last_training = burn_in + parameters.whole("calendar.training_months") - 1
    checks = (
        (people >= 100, f"people must be 100 or more; got {people}"),
        (people <= 50_000_000, f"people must be 50,000,000 or fewer; got {people}"),
        (seed >= 0, f"seed must be 0 or more; got {seed}"),
        (
            needed <= months <= 480,
            f"months must be from {needed} (the out-of-time month and its window) to 480; "
            f"got {months}",
        ),
        (
            last_training < parameters["calendar.out_of_time_month"],
            f"calendar.out_of_time_month must come after the last training month, {last_training}",
        ),
    )
    for holds, words in checks:
        if not holds:
            raise InvalidInput(f"{words}.")
    regions = _random(seed, _COMMUNITIES, 1).normal(size=parameters.whole("people.regions"))
    communities = _make_communities(parameters, people, seed)
    return World(
        parameters=parameters,
        calendar=calendar(parameters.whole("calendar.start_year"), months),
        people=people,
        seed=seed,
        communities=communities,
        regions=regions,
        weak=_weak_ties(parameters, communities, people, months, seed),
        numbers=_random(seed, _IDENTIFIERS).permutation(people).astype(np.int64),
        stress=_lived_stress(parameters, months, seed),
    )


def _make_communities(parameters: Parameters, people: int, seed: int) -> Communities:
    random = _random(seed, _COMMUNITIES)
    mean = parameters["people.community_size"]
    sizes = np.maximum(5, random.lognormal(np.log(mean), 0.5, 2 + int(3 * people / mean)))
    ends = np.minimum(np.cumsum(sizes.astype(np.int64)), people)
    first = np.concatenate([[0], ends[:-1]])
    keep = ends > first
    first, size = first[keep], (ends - first)[keep]
    count = len(first)
    share, apart = parameters["people.minority_share"], parameters["people.minority_segregation"]
    spread = max((1 - apart) / max(apart, 1e-6), 1e-3)
    mixed = (
        random.beta(share * spread + 1e-3, (1 - share) * spread + 1e-3, count)
        if share > 0
        else np.zeros(count)
    )
    return Communities(
        first,
        size,
        random.integers(0, parameters.whole("people.regions"), count),
        mixed,
        random.normal(size=(count, len(TRAITS))),
        parameters["people.milieu"] * random.normal(size=count),
    )


def _weak_ties(
    parameters: Parameters, communities: Communities, people: int, months: int, seed: int
) -> WeakTies:
    """Ties to the likest of a few communities: homophily without a list of all pairs."""
    random = _random(seed, _WEAK_TIES)
    count = random.poisson(parameters["traces.weak_ties"] * people)
    start = random.integers(0, people, count)
    home = np.searchsorted(communities.first, start, side="right") - 1
    best = random.integers(0, len(communities.first), count)
    for _ in range(2):
        rival = random.integers(0, len(communities.first), count)
        closer = _distance(communities, home, rival) < _distance(communities, home, best)
        best = np.where(closer, rival, best)
    place = random.random(count) * communities.size[best]
    other = communities.first[best] + place.astype(np.int64)
    keep = other != start
    start, other = start[keep], other[keep]
    count = len(start)
    began = random.integers(-24, months, count)
    changed = began + random.integers(3, 48, count)
    strength = random.integers(20, 400, count)
    later = np.clip(strength + random.integers(-200, 300, count), 0, 1000)
    both = np.concatenate([start, other])
    order = np.argsort(both, kind="stable")
    twice = [np.concatenate([a, a])[order] for a in (began, changed, strength, later)]
    return WeakTies(both[order], np.concatenate([other, start])[order], *twice)


def _distance(communities: Communities, home: Ints, other: Ints) -> Floats:
    gap = np.abs(communities.traits[home, 1] - communities.traits[other, 1])
    elsewhere = communities.region[home] != communities.region[other]
    found: Floats = gap + elsewhere + 9.0 * (home == other)
    return found


# --- the economy -------------------------------------------------------------------------


def _lived_stress(parameters: Parameters, months: int, seed: int) -> Floats:
    random = _random(seed, _ECONOMY)
    found: Floats = _walk(parameters, random.normal(size=(1, months)), np.zeros(1))[0]
    return found


def _walk(parameters: Parameters, innovations: Floats, start: Floats) -> Floats:
    """AR(1): ``stress[t] = persistence * stress[t - 1] + spread * innovation[t]``."""
    keep, spread = parameters["economy.persistence"], parameters["economy.shock_spread"]
    path = np.empty_like(innovations)
    state = start
    for month in range(innovations.shape[1]):
        state = keep * state + spread * innovations[:, month]
        path[:, month] = state
    return path


def possible_stress(world: World, month: int, length: int) -> Floats:
    """Paths that the economy may take from ``month`` on, as known before it.

    Shape (paths, length).  Paths come in pairs, one the mirror of the other, so that their mean
    is the expected path.
    """
    paths = max(world.parameters.whole("truth.economies") // 2, 1)
    half = world.random(_PATHS, month).normal(size=(paths, length))
    before = world.stress[month - 1] if month > 0 else 0.0
    return _walk(world.parameters, np.concatenate([half, -half]), np.full(2 * paths, before))


def season_and_drift(world: World, months: Ints) -> Floats:
    """What the calendar adds to the logit of missing a promise, for each of ``months``."""
    p = world.parameters
    swing = p.switched("season.promise") * np.cos(2 * np.pi * (months % 12) / 12)
    since = (months - p["calendar.burn_in_months"]) / 12
    found: Floats = swing + p.switched("drift.promise") * since
    return found


def in_wave(world: World, months: Ints) -> Bools:
    """The months in which the wave of unemployment runs."""
    start = world.parameters["wave.month"]
    found: Bools = (months >= start) & (months < start + world.parameters["wave.length"])
    return found


def blocks(world: World, size: int) -> list[tuple[int, int]]:
    """Ranges of communities that hold some ``size`` people each."""
    ends = world.communities.first + world.communities.size
    cuts = [0]
    while cuts[-1] < len(ends):
        start = world.communities.first[cuts[-1]]
        cuts.append(max(int(np.searchsorted(ends, start + size, side="right")), cuts[-1] + 1))
    return list(pairwise(cuts))
