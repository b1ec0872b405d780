"""Kill a working store again and again, at random moments, and hold it to what it promised.

``python benchmarks/faults.py --kills 50`` on SQLite and on a PostgreSQL of its own.  Two processes
bring evidence, answer under idempotency keys and seal the journal, until both get ``kill -9``;
then the store is held to all that they had said was done: no answer without its journal line, no
evidence acknowledged and lost, no key answered twice differently, no flaw in the journal.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "api"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "online"))

import made_postgres
from killing import demand_kept, moments, work_until_killed


def torture(url: str, folder: Path, kills: int, seed: int) -> tuple[int, int]:
    """Kill ``kills`` times, checking after each; how much was promised, how long the journal is."""
    promised: list[str] = []
    lines = 0
    for number, seconds in enumerate(moments(seed, kills)):
        promised += work_until_killed(url, folder, seed=seed * 1_000 + number, seconds=seconds)
        lines = demand_kept(url, folder, promised[-400:])
        print(f"  {number + 1} of {kills}: {len(promised):,} promised", end="\r", flush=True)
    return len(promised), demand_kept(url, folder, promised) or lines


def main() -> None:
    """Both stores, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        made_postgres.own_server(("fsync=on", "max_connections=40")) as postgres,
    ):
        stores = {"SQLite": f"sqlite:///{name}/benne.db", "PostgreSQL": postgres}
        for store, url in stores.items():
            start = time.perf_counter()
            promised, lines = torture(url, Path(name), asked.kills, asked.seed)
            print(
                f"{store}: {asked.kills} times kill -9 of 2 processes, {promised:,} promises, all "
                f"kept; {lines:,} journal lines, no flaw; {time.perf_counter() - start:.0f} s"
            )


if __name__ == "__main__":
    main()
