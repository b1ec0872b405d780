"""How long a million decisions take in one table, and how long one takes alone.

make bench-decisions
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
from pathlib import Path

import ibis
import numpy as np
import pyarrow as pa

from benne.app.stores._duckdb import Connection
from benne.decisions import Policy, decide_on, decided, read_policy
from benne.scores import level_at

FEATURES = {"breaches_unsettled_count": "int", "inquiries_30d_count": "int"}
POLICY = Path(__file__).with_name("decisions_policy.toml")


def cases(policy: Policy, size: int) -> pa.Table:
    """Made cases, a twentieth of them without a score."""
    rng = np.random.default_rng(0)
    score = np.clip(rng.normal(640, 80, size).round(), 350, 950).astype(np.int64)
    none = rng.random(size) < 0.05
    levels = np.array([level_at("sesame", s) for s in range(350, 951)], dtype=object)
    columns = {
        "answer": np.where(none, "not_enough_evidence", "score"),
        "score": pa.array(score, mask=none),
        "level": pa.array(levels[score - 350], pa.string(), mask=none),
        "amount_minor": rng.integers(0, 60_000, size),
        "exposure_here_minor": rng.integers(0, 60_000, size),
        "exposure_minor": rng.integers(0, 60_000, size),
        "breaches_unsettled_count": rng.binomial(2, 0.05, size),
        "inquiries_30d_count": rng.poisson(1, size),
        "new_customer": rng.random(size) < 0.3,
    }
    return pa.table({name: columns[name] for name in sorted(policy.names)})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1_000_000)
    size = parser.parse_args().cases
    policy = read_policy(POLICY.read_text(encoding="utf-8"), features=FEATURES, where=POLICY.name)
    table = cases(policy, size)
    unbound = ibis.table(ibis.Schema.from_pyarrow(table.schema), name="cases")
    start = time.perf_counter()
    lake = Connection(None, read_only=False, threads=2, memory="3GB")
    lake.register("cases", table)
    found = lake.arrow(str(ibis.to_sql(decided(policy, unbound), dialect="duckdb")))
    lake.close()
    whole = time.perf_counter() - start
    rows = table.slice(0, 20_000).to_pylist()
    start = time.perf_counter()
    alone = [decide_on(policy, row) for row in rows]
    each = (time.perf_counter() - start) / len(rows)
    same = [d.outcome for d in alone] == found["outcome"].slice(0, len(rows)).to_pylist()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{size:,} decisions in a table: {whole:.1f} s; one alone: {each * 1e6:.0f} us; "
          f"the first {len(rows):,} agree: {same}; peak {peak:,} MB")  # fmt: skip
    sys.exit(0 if same else 1)


if __name__ == "__main__":
    main()
