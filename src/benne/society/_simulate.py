"""The whole society, block by block, so that memory does not grow with the number of people."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benne.society._bills import fulfilment
from benne.society._block import Block, Emission, identifiers
from benne.society._credit import credit
from benne.society._life import live
from benne.society._parameters import Parameters, standard_parameters
from benne.society._people import make_people
from benne.society._traces import traces
from benne.society._truth import truth
from benne.society._world import World, blocks, make_world

BLOCK_PEOPLE = 4_000


def simulate(
    *,
    people: int,
    months: int,
    seed: int,
    parameters: Parameters | None = None,
) -> Iterator[tuple[int, list[Emission]]]:
    """Everything there is to write about a society, and how many people are done.

    A block of people comes with all its evidence, outcomes and truth.  The same arguments
    give the same society, row for row.

    Raises:
        InvalidInput: numbers that cannot be simulated (before anything is yielded).
    """
    world = make_world(parameters or standard_parameters(), people=people, months=months, seed=seed)
    return _simulate(world)


def _simulate(world: World) -> Iterator[tuple[int, list[Emission]]]:
    counters: dict[str, int] = {}
    done = 0
    for number, communities in enumerate(blocks(world, BLOCK_PEOPLE)):
        block = _make_block(world, number, communities, counters)
        emissions = [*credit(block), *fulfilment(block), *traces(block), *truth(block)]
        done += len(block.people)
        yield done, [emission for emission in emissions if emission.batch.num_rows]


def _make_block(
    world: World, number: int, communities: tuple[int, int], counters: dict[str, int]
) -> Block:
    random = world.block_random(number)
    people = make_people(world, communities, random)
    life = live(world, people, random, wave=bool(world.parameters["wave.lived"]))
    return Block(
        world=world,
        index=number,
        people=people,
        life=life,
        random=random,
        counters=counters,
        subjects=identifiers(world.numbers[people.index]),
        worst=np.full(life.jobless.shape, -1, dtype=np.int64),
        deeds=[],
    )
