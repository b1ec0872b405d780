"""How fast a society is simulated and written, and in how much memory.

    python benchmarks/society.py --people 5000 50000 200000

Each size runs in a process of its own.  Prints a Markdown table: people, rows of evidence, seconds,
processor seconds, rows a second, peak resident memory, and size on disk.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HEAD = (
    "people", "rows of evidence", "seconds", "processor seconds", "rows a second",
    "peak memory, MB", "on disk, MB",
)  # fmt: skip


def one(people: int, seed: int, parent: Path) -> dict[str, float]:
    """Write one society; what it took."""
    from benne.app._society import write_society

    start = time.perf_counter()
    folder = parent / "society"
    written = write_society(folder, people=people, seed=seed, tell=lambda *_: None)
    return {
        "people": people,
        "rows": written.records,
        "seconds": time.perf_counter() - start,
        "cpu": time.process_time(),
        "memory_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "disk_mb": sum(path.stat().st_size for path in folder.rglob("*.parquet")) / 2**20,
    }


def main() -> None:
    """Run each size and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, nargs="+", default=[5_000, 50_000, 200_000])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--alone", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.alone is not None:
        print(json.dumps(one(options.people[0], options.seed, options.alone)))
        return
    print(f"| {' | '.join(HEAD)} |")
    print("|---:|---:|---:|---:|---:|---:|---:|")
    for people in options.people:
        with tempfile.TemporaryDirectory() as parent:
            command = [
                sys.executable, __file__, "--people", str(people), "--seed", str(options.seed),
                "--alone", parent,
            ]  # fmt: skip
            found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
        rate = found["rows"] / found["seconds"]
        cells = (
            f"{found['people']:,}", f"{found['rows']:,}", f"{found['seconds']:.1f}",
            f"{found['cpu']:.1f}", f"{rate:,.0f}", f"{found['memory_mb']:,.0f}",
            f"{found['disk_mb']:,.0f}",
        )  # fmt: skip
        print(f"| {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
