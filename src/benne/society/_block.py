"""One block of people with all that happens to them, and the desk at which sources publish."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from benne.society._calendar import DAY, Bools, Floats, Ints
from benne.society._life import Life
from benne.society._people import People
from benne.society._tables import Column, Rows, batch, instants, take, words
from benne.society._world import World

CAUSES = ("event", "correction", "retraction", "dispute")
TOPICS = (
    "applications", "accounts", "inquiry", "account", "statement", "instalment", "card_payment",
    "public_record", "realised", "obligation", "order", "breach", "means", "profile",
    "verification", "transaction", "activity", "tie", "rule_event", "attribute", "truth", "wave",
    "training_admission", "out_of_time_admission", "wave_admission",
    "scheme",
)  # fmt: skip
"""What has randomness of its own, so that a change to one leaves the draws of the others."""

CONTRACTS = ("telecom", "power", "water", "rent", "insurance", "tax")


class Emission(NamedTuple):
    """Some rows of a table: of ``evidence``, ``outcome`` or ``truth``."""

    place: str
    table: str
    batch: pa.RecordBatch


@dataclass(frozen=True, slots=True)
class Block:
    """A block of people.  ``counters`` is shared by all blocks, so that records are unique.

    ``worst`` has shape (people, months): the worst arrears of a person's accounts in the month, -1
    without any; filled as credit is lived.  ``deeds`` gathers what a conduct rule book may note:
    rule, persons, instants.
    """

    world: World
    index: int
    people: People
    life: Life
    random: np.random.Generator
    counters: dict[str, int]
    subjects: pa.Array
    worst: Ints
    deeds: list[tuple[str, Ints, Ints]]

    def of(self, topic: str) -> Block:
        """The same block, with the randomness of a topic."""
        return replace(self, random=self.world.block_random(self.index, TOPICS.index(topic)))

    def number(self, table: str, count: int) -> Ints:
        """The next ``count`` numbers of a table's records."""
        start = self.counters.get(table, 0)
        self.counters[table] = start + count
        return np.arange(start, start + count, dtype=np.int64)

    def uniform(self, count: int) -> Floats:
        """``count`` draws from [0, 1)."""
        return self.random.random(count)

    def delay(self, count: int) -> Ints:
        """How long a fact takes to be published: a day at least, in microseconds."""
        mean = self.world.parameters["quality.delay_days"]
        days = 1.0 + self.random.gamma(2.0, mean / 2.0, count)
        return np.asarray(days * DAY, dtype=np.int64)

    def reported(self, person: Ints) -> Bools:
        """Which facts any source ever sends: fewer of the minority's."""
        p = self.world.parameters
        extra = p.switched("reporting_bias.missing_minority")
        lost = p["quality.missing"] + extra * self.people.minority[person]
        found: Bools = self.uniform(len(person)) >= lost
        return found

    def moment(self, month: Ints, day: Ints | Floats) -> Ints:
        """An instant on that ``day`` (from 0) of ``month``, at some second of it."""
        seconds = self.random.integers(0, 86_400, len(month))
        start = self.world.calendar.start(month)
        found: Ints = start + np.asarray(day, dtype=np.int64) * DAY + seconds * 1_000_000
        return found

    def publish(
        self,
        table: str,
        rows: Mapping[str, Column],
        *,
        record: Column,
        person: Ints,
        known_at: Ints,
        only: Bools | None = None,
        cause: str = "event",
    ) -> Emission:
        """Of the rows (or ``only`` some), those known before the end, as a source sends them."""
        codes = np.full(len(person), CAUSES.index(cause))
        whole: Rows = {
            "record": record,
            "subject": words(person, self.subjects),
            "known_at": instants(known_at),
            "cause": words(codes, CAUSES),
            **rows,
        }
        early = known_at < self.world.calendar.end
        which = early if only is None else early & only
        return Emission("evidence", table, batch(whole if which.all() else take(whole, which)))


def identifiers(numbers: Ints) -> pa.Array:
    """What sources call each person, such as ``P0000017``."""
    digits = pa.array(numbers).cast(pa.string())
    return pc.binary_join_element_wise(pa.scalar("P"), pc.utf8_lpad(digits, 7, "0"), "")
