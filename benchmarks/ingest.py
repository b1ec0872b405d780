"""How fast, and in how much memory, files become evidence.

    python benchmarks/ingest.py --rows 1000000 10000000 50000000

Writes instalments to Parquet (a quarter still unpaid), then ingests them in a process of their
own, and again as a corrected delivery of a hundredth of them.  Prints a Markdown table:
versions, seconds, rows a second and the peak resident memory of that process.
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

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

SELECT = """-- ---
-- source = "bank"
-- historical = {historical}
-- ---
select record, subject, account, due_at, due_minor, paid_minor, paid_at{known_at} from rows_
"""
PIECE = 1_000_000
DAY = 86_400_000_000


def generate(path: Path, rows: int, *, every: int = 1, add: int = 0) -> None:
    """Every so manieth of ``rows`` instalments; ``add`` is added to what was due."""
    writer = None
    for start in range(0, rows, PIECE):
        number = np.arange(start, min(start + PIECE, rows), dtype=np.int64)
        number = number[number % every == 0]
        random = np.random.default_rng(start)
        due = 1_500_000_000_000_000 + random.integers(0, 1_500, len(number)) * DAY
        delay = random.integers(-3, 60, len(number)) * DAY
        paid = random.random(len(number)) < 0.75
        amount = random.integers(1_000, 100_000, len(number)) + add
        text = pa.array(number).cast(pa.string())
        table = pa.table(
            {
                "record": pa.compute.binary_join_element_wise("instalment", text, "-"),
                "subject": pa.compute.binary_join_element_wise(
                    "person", pa.array(number // 50).cast(pa.string()), "-"
                ),
                "account": pa.compute.binary_join_element_wise(
                    "loan", pa.array(number // 12).cast(pa.string()), "-"
                ),
                "due_at": pa.array(due).cast(pa.timestamp("us", tz="UTC")),
                "due_minor": amount,
                "paid_minor": np.where(paid, amount, 0),
                "paid_at": pa.array(due + delay, mask=~paid).cast(pa.timestamp("us", tz="UTC")),
                "known_at": pa.array(due - 90 * DAY).cast(pa.timestamp("us", tz="UTC")),
            }
        )
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    assert writer is not None
    writer.close()


def measure(folder: Path, file: Path, *, historical: bool, now: int) -> dict[str, float]:
    """Ingest ``file`` into the lake of ``folder`` and say what it took."""
    from benne.app._ingest import ingest
    from benne.app.stores import Lake
    from benne.evidence import parse_mapping, standard_kinds
    from benne.kernel import Currency

    text = SELECT.format(
        historical=str(historical).lower(), known_at=", known_at" if historical else ""
    )
    mapping = parse_mapping(text, where="instalment.sql", kinds=standard_kinds())
    began = time.perf_counter()
    with Lake.open(folder / "lake.duckdb", threads=2, memory="3GB") as lake:
        report = ingest(
            lake,
            [mapping],
            {"rows_": [file]},
            key=b"k" * 32,
            currency=Currency("EUR"),
            clock=lambda: now,
            progress=lambda step, done, total: print(
                f"{time.perf_counter() - began:7.1f} s {_peak_mb():6,.0f} MB  {step} {done:,}",
                file=sys.stderr,
            ),
        )
    assert not report.failures, report.failures
    return {
        "rows": report.read,
        "versions": report.new,
        "known": report.known,
        "seconds": time.perf_counter() - began,
        "peak_mb": _peak_mb(),
        "lake_mb": (folder / "lake.duckdb").stat().st_size / 1e6,
    }


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def in_a_process(folder: Path, file: Path, historical: str, now: int) -> dict[str, float]:
    words = [sys.executable, __file__, "--measure", str(folder), str(file), historical, str(now)]
    done = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, nargs="+", default=[1_000_000])
    parser.add_argument(
        "--folder", type=Path, default=None, help="where to work (default: temporary)"
    )
    parser.add_argument("--measure", nargs=4, default=None, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.measure:
        folder, file, historical, now = arguments.measure
        found = measure(Path(folder), Path(file), historical=historical == "true", now=int(now))
        print(json.dumps(found))
        return
    print("| rows | batch | versions | seconds | rows/s | peak memory | lake |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    for rows in arguments.rows:
        with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
            folder = Path(name)
            generate(folder / "all.parquet", rows)
            generate(folder / "some.parquet", rows, every=100, add=1)
            for label, file, historical in (
                ("first load", "all.parquet", "true"),
                ("a hundredth corrected", "some.parquet", "false"),
            ):
                now = 1_800_000_000_000_000 + (historical == "false") * DAY
                found = in_a_process(folder, folder / file, historical, now)
                print(
                    f"| {rows:,} | {label} | {found['versions']:,} | {found['seconds']:.1f} "
                    f"| {found['rows'] / found['seconds']:,.0f} | {found['peak_mb']:,.0f} MB "
                    f"| {found['lake_mb']:,.0f} MB |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
