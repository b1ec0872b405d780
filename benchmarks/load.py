"""How fast a lake's evidence comes into the online store.

``python benchmarks/load.py --people 5000``: a simulated society, ingested, then loaded into SQLite
and into a PostgreSQL of its own (``fsync`` on).  Says versions a minute, and processor time.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "online"))

import made_postgres
from made_bureau import make_town, middle, quiet, train_by_hand

from benne.app._load import load
from benne.app.wiring import service


def main() -> None:
    """Both stores, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=5_000)
    asked = parser.parse_args()
    with (
        tempfile.TemporaryDirectory() as name,
        made_postgres.own_server(
            ("fsync=on", "max_connections=40", "shared_buffers=256MB", "max_wal_size=4GB")
        ) as postgres,
    ):
        town = make_town(Path(name) / "town", people=asked.people, months=60)
        train_by_hand(town, at=middle(town))
        for store, url in {"SQLite": f"sqlite:///{name}/b.db", "PostgreSQL": postgres}.items():
            served = service(town, database=url)
            start, busy = time.perf_counter(), time.process_time()
            done = load(town, served, quiet)
            took, worked = time.perf_counter() - start, time.process_time() - busy
            served.online.close()
            print(
                f"{store}: {done.new:,} versions in {took:.1f} s: "
                f"{done.new / took * 60 / 1e6:.2f} million a minute; this process {worked:.1f} s"
            )


if __name__ == "__main__":
    main()
