"""A small hand-written artefact, and people for it, with every kind of table and bin."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import strategies as st

from benne.models import Artefact, Axis, Card, Column, Deck, Presence, Segment, Table

COLUMNS = (
    Column("age_years", "identity", 1, resolution=1.0, reason_family="person"),
    Column("late_share", "history", -1, resolution=0.001, reason_family="late_payment"),
    Column("late_max_days", "history", -1, resolution=1.0, reason_family="late_payment"),
    Column("asked_count", "history", -1, resolution=1.0, reason_family="inquiries"),
    Column("kept_count", "fulfilment", 1, resolution=1.0, reason_family="orders"),
    Column("income_minor", "fulfilment", 1, resolution=100.0, reason_family="means"),
    Column("job_category", "identity", category=True, reason_family="work"),
    Column("scenes_count", "behaviour", 1, resolution=1.0, specials=(-1.0,), reason_family="use"),
    Column("ties_count", "network", 1, resolution=1.0, reason_family="ties"),
)
BY_NAME = {column.name: column for column in COLUMNS}


def ints(*values: int) -> np.ndarray:
    return np.array(values, dtype=np.int64)


def axis(name: str, *edges: float, levels: tuple[str, ...] = ()) -> Axis:
    return Axis(BY_NAME[name], edges, levels)


def tables() -> tuple[Table, ...]:
    slope = np.array([0.0, 0.8, 0.1, 0.0])
    return (
        Table((axis("age_years", 25, 40),), ints(-210_000, 20_000, 190_000, -50_000), None, 11_000),
        Table((axis("job_category", levels=("clerk", "driver")),),
              ints(120_000, -90_000, -30_000, 10_000), None, 4_000),
        Table((axis("late_share", 0.05, 0.3),),
              ints(610_000, -340_000, -1_450_000, -120_000), None, 140_500),
        Table((axis("late_max_days", 5, 30, 90),),
              ints(330_000, -20_000, -700_000, -1_300_000, 0), None, 90_000),
        Table((axis("late_share", 0.3), axis("asked_count", 4)),
              ints(9_000, -5_000, 0, -8_001, -70_003, 0, 0, 0, 0).reshape(3, 3), None, 1_000),
        Table((axis("asked_count", 1, 4),), ints(120_000, -40_000, -380_000, 0), None, 20_000),
        Table((axis("kept_count", 1, 3, 10),),
              ints(-160_000, 30_000, 240_000, 510_000, -90_000), None, 35_000),
        Table((axis("income_minor", 100_000, 300_000, 900_000),),
              ints(-250_000, -250_000, -90_000, -30_000, -100_000), slope, -60_000),
        Table((axis("scenes_count", 2, 5),),
              ints(-80_000, 10_000, 130_000, -20_000, -300_000), None, 15_000),
        Table((axis("ties_count", 3),), ints(-40_000, 60_000, 0), None, 2_000),
    )  # fmt: skip


def artefact() -> Artefact:
    """Two cards (no history, the rest) and a deck in which the network is withheld."""
    all_of_them = tables()
    few = tuple(table for table in all_of_them if "network" not in table.domains)
    none = tuple(table for table in few if "history" not in table.domains)
    segments = (Segment("no history", (Presence("late_share", "absent"),)), Segment("rest"))
    return Artefact(
        COLUMNS,
        (
            Deck(frozenset(), segments,
                 (Card("no history", 2_100_000, (*none, all_of_them[-1])),
                  Card("rest", 2_950_123, all_of_them))),
            Deck(frozenset({"network"}), segments,
                 (Card("no history", 2_090_000, none), Card("rest", 2_930_001, few))),
        ),
        about={"made": "by hand"},
    )  # fmt: skip


def people(n: int, seed: int = 0) -> pd.DataFrame:
    """Rows with missing, special, unseen and extreme values."""
    rng = np.random.default_rng(seed)

    def holes(values: np.ndarray, *codes: float) -> np.ndarray:
        out = values.astype(float)
        at = rng.random(n) < 0.2
        out[at] = rng.choice([np.nan, np.nan, *codes, 1e300, -1e300], at.sum())
        return out

    return pd.DataFrame(
        {
            "age_years": holes(rng.integers(18, 90, n)),
            "late_share": holes(rng.integers(0, 1000, n) / 1000 * rng.random(n)),
            "late_max_days": holes(rng.integers(0, 200, n)),
            "asked_count": holes(rng.integers(0, 9, n)),
            "kept_count": holes(rng.integers(0, 20, n)),
            "income_minor": holes(rng.integers(0, 2_000_000, n)),
            "job_category": rng.choice(
                np.array(["clerk", "driver", "astronaut", None], dtype=object), n
            ),
            "scenes_count": holes(rng.integers(0, 9, n), -1.0),
            "ties_count": holes(rng.integers(0, 9, n)),
        }
    )


FACTORS_OF = {
    "late_share": "payment_history",
    "late_max_days": "payment_history",
    "asked_count": "new_credit",
}


def bureau_artefact() -> Artefact:
    """One card of history alone, with a pair over two factors."""
    mine = tuple(table for table in tables() if table.domains == ("history",))
    columns = tuple(column for column in COLUMNS if column.domain == "history")
    deck = Deck(frozenset(), (Segment("all"),), (Card("all", 2_700_000, mine),))
    return Artefact(columns, (deck,))


def number(low: float, high: float) -> st.SearchStrategy[float | None]:
    return st.none() | st.floats(low, high, allow_nan=False) | st.integers(int(low), int(high))


rows = st.fixed_dictionaries(
    {
        "age_years": number(0, 120),
        "late_share": number(0, 1),
        "late_max_days": number(-50, 1000),
        "asked_count": number(0, 30),
        "kept_count": number(0, 30),
        "income_minor": number(0, 3_000_000),
        "job_category": st.sampled_from([None, "clerk", "driver", "astronaut"]),
        "scenes_count": number(-1, 12),
        "ties_count": number(0, 12),
    }
)
