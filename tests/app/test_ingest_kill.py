"""A process that ingests is killed again and again: nothing is lost and nothing doubled."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benne.app.stores import Lake

KILLS = 6
CHILD = """
import sys
from pathlib import Path
from benne.app._ingest import ingest
from benne.app.stores import Lake, _lake_batches
from benne.evidence import parse_mapping, standard_kinds
from benne.kernel import Currency

_lake_batches.CHUNK_ROWS = 2_048
folder, lake_path = map(Path, sys.argv[1:])
head = '-- ---\\n-- source = "bank"\\n-- historical = {}\\n-- ---\\n'
text = "select record, subject, account, due_at, due_minor, paid_minor, paid_at{} from {}"

def mapping(name, table, historical):
    sql = head.format(historical) + text.format(", known_at" if historical == "true" else "", table)
    return parse_mapping(sql, where=f"instalment.{name}.sql", kinds=standard_kinds())

def progress(step, done, total):
    print(step, done, flush=True)

with Lake.open(lake_path, threads=1, memory="400MB") as lake:
    for number, (name, historical) in enumerate(
        [("first", "true"), ("second", "true"), ("live", "false")]
    ):
        report = ingest(
            lake,
            [mapping(name, name, historical)],
            {name: [folder / f"{name}.parquet"]},
            key=b"k" * 32,
            currency=Currency("EUR"),
            clock=lambda: 1_800_000_000_000_000 + number,
            progress=progress,
        )
        assert not report.failures, report.failures
        print("committed", number, flush=True)
"""
DAY = 86_400_000_000


def deliveries(folder: Path) -> None:
    """Three files: the second repeats, corrects and breaks some of the first; the third is live."""
    for name, start, stop, add in (
        ("first", 0, 12_000, 0),
        ("second", 9_000, 20_000, 0),
        ("live", 5_000, 8_000, 7),
    ):
        number = range(start, stop)
        due = [1_500_000_000_000_000 + n * 1_000_000 for n in number]
        # Every hundredth row is broken; every seventh of the second contradicts the first.
        amount = [
            -1 if n % 100 == 0 else n + add + (n % 7 == 0 and name == "second") for n in number
        ]
        instant = pa.timestamp("us", tz="UTC")
        table = pa.table(
            {
                "record": [f"i{n}" for n in number],
                "subject": [f"p{n // 20}" for n in number],
                "account": [f"a{n // 10}" for n in number],
                "due_at": pa.array(due).cast(instant),
                "due_minor": amount,
                "paid_minor": [0 if n % 3 else 5 for n in number],
                "paid_at": pa.array(
                    [None if n % 3 else d + DAY for n, d in zip(number, due, strict=True)]
                ).cast(instant),
                "known_at": pa.array([d - DAY for d in due]).cast(instant),
            }
        )
        pq.write_table(table, folder / f"{name}.parquet")


def child(folder: Path, lake: Path) -> subprocess.Popen[str]:
    words = [sys.executable, "-c", CHILD, str(folder), str(lake)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, text=True)


def contents(path: Path) -> dict[str, list[dict[str, Any]]]:
    """All that a lake holds, but for when: every version, batch, quarantined row and finding."""
    with Lake.open(path, threads=1) as lake:
        return {
            name: lake.query(f"SELECT * FROM {name} ORDER BY ALL").to_pylist()
            for name in ("evidence_instalment", "batches", "quarantine", "findings")
        }


def test_a_killed_ingest_loses_and_doubles_nothing(tmp_path: Path) -> None:
    deliveries(tmp_path)
    with child(tmp_path, tmp_path / "whole.duckdb") as process:
        assert process.stdout is not None
        steps = process.stdout.read().splitlines()
    assert process.returncode == 0
    whole = contents(tmp_path / "whole.duckdb")
    assert len(whole["batches"]) == 3
    assert {row["code"] for row in whole["findings"]} == {"negative", "different_content"}

    chance = random.Random(7)
    killed = 0
    for attempt in range(KILLS):
        with child(tmp_path, tmp_path / "killed.duckdb") as process:
            assert process.stdout is not None
            for _ in range(chance.randrange(len(steps))):
                process.stdout.readline()
            time.sleep(chance.random() * 0.05)
            process.kill()
            process.stdout.read()
        killed += process.returncode != 0
        if attempt % 3 == 2:  # begin again, so that the first batch is hit as often as the last
            shutil.rmtree(tmp_path / "killed.duckdb.tmp", ignore_errors=True)
            for file in tmp_path.glob("killed.duckdb*"):
                file.rename(tmp_path / f"{attempt}.{file.name}")
            finish(tmp_path, tmp_path / f"{attempt}.killed.duckdb")
            assert contents(tmp_path / f"{attempt}.killed.duckdb") == whole
    assert killed >= KILLS // 2


def finish(folder: Path, lake: Path) -> None:
    with child(folder, lake) as process:
        assert process.stdout is not None
        process.stdout.read()
    assert process.returncode == 0
