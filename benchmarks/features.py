"""How fast features come out of a lake, against the best SQL that we can write by hand.

    python benchmarks/features.py --versions 1000000 10000000 --observations 200000

Makes versions of instalments, statements and transactions (a third of the records corrected
once), then computes the same sixty features by Benne's plan and by ``features_by_hand.sql``, in
alternation, each time in a process of its own, timed without imports and without compiling.  Both
results are compared, value by value.  Prints a Markdown table: versions, seconds and processor
seconds of each (the median) with their ratios, and the peak resident memory of each.  Trust the
ratio of processor seconds where the machine has other work to do.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import ibis

from benne.evidence import standard_kinds
from benne.features import Direction, Feature, Plan, plan
from benne.features.catalogue._build import (
    count,
    distinct,
    largest,
    latest,
    mean,
    quantile,
    share,
    since_first,
    since_last,
    smallest,
    spread,
    total,
    trend,
    within,
)
from benne.features.catalogue._rows import DELAY_DAYS, LATE
from benne.kernel import Expression, col
from benne.rights import LawfulBasis, permit_on_basis

BY_HAND = Path(__file__).with_name("features_by_hand.sql")
WINDOWS = (30, 90, 180, 365, 730)
SQL_TYPES = {"text": "VARCHAR", "int": "BIGINT", "float": "DOUBLE", "bool": "BOOLEAN"}
PERMIT = permit_on_basis(
    LawfulBasis("simulated", "Nobody stands behind these records."),
    purpose="model_building",
    jurisdiction="plain",
    issued_at=0,
    expires_at=2**62,
)


def the_plan() -> Plan:
    """The sixty features."""
    due, late = col("due_minor"), DELAY_DAYS
    moved, balance, limit = col("amount_minor"), col("balance_minor"), col("limit_minor")
    paid, now = col("paid_minor"), {"state_by": "account"}
    ever: dict[str, Expression] = {
        "late_ever_max_days": largest("instalment", late),
        "late_ever_share": share("instalment", LATE),
        "due_latest_minor": latest("instalment", due),
        "due_recency_days": since_last("instalment"),
        "due_30d_ahead_minor": total("instalment", due, ahead=30),
        "due_90d_ahead_minor": total("instalment", due, ahead=90),
        "moved_ever_max_minor": largest("transaction", moved),
        "moved_recency_days": since_last("transaction"),
        "balance_now_minor": total("statement", balance, **now),
        "limit_now_minor": total("statement", limit, **now),
        "utilisation_now_ratio": total("statement", balance, **now)
        / total("statement", limit, **now),
        "accounts_now_count": count("statement", **now),
        "balance_latest_minor": latest("statement", balance),
        "first_statement_days": since_first("statement"),
    }
    windowed: list[tuple[tuple[int, ...], str, Expression]] = [
        (WINDOWS, "due_{}d_count", count("instalment")),
        (WINDOWS, "due_{}d_minor", total("instalment", due)),
        ((90, 365), "late_{}d_max_days", largest("instalment", late)),
        ((90, 365), "late_{}d_share", share("instalment", LATE)),
        ((180, 730), "late_{}d_mean_days", mean("instalment", late)),
        (WINDOWS, "moves_{}d_count", count("transaction")),
        (WINDOWS, "moved_{}d_minor", total("transaction", moved)),
        ((90, 180, 365), "moved_{}d_mean_minor", mean("transaction", moved)),
        ((180, 365), "moved_{}d_spread_minor", spread("transaction", moved)),
        ((90, 365), "moved_{}d_max_minor", largest("transaction", moved)),
        ((365,), "categories_{}d_count", distinct("transaction", col("category"))),
        ((90, 180, 365), "balance_{}d_mean_minor", mean("statement", balance)),
        ((365, 730), "balance_{}d_max_minor", largest("statement", balance)),
        ((365,), "balance_{}d_min_minor", smallest("statement", balance)),
        ((180, 365), "balance_{}d_trend_minor_per_day", trend("statement", balance)),
        ((90, 180, 365), "paid_{}d_minor", total("statement", paid)),
        ((365,), "balance_{}d_median_minor", quantile("statement", balance, q_permille=500)),
    ]
    values = dict(ever)
    for windows, name, value in windowed:
        values |= {name.format(days): within(value, days) for days in windows}
    return plan([feature(name, value) for name, value in values.items()], standard_kinds())


def feature(name: str, value: Expression) -> Feature:
    return Feature(
        name=name,
        value=value,
        unit=name.rsplit("_", 1)[1],
        resolution=1.0,
        direction=Direction.EITHER,
        says=name.replace("_", " "),
        reason_family="benchmark",
        absent="nothing is on record: a bin of its own",
        actionable=False,
    )


# --- what is measured ----------------------------------------------------------------------

_OWN = {
    "instalment": """'account ' || (person * 4 + n % 4) AS account,
        now - (n * 20 + h % 20 - 60) * day AS due_at, 1000 + h % 90000 AS due_minor,
        CASE WHEN h % 10 < 8 THEN 1000 + h % 90000 ELSE 0 END AS paid_minor,
        CASE WHEN h % 10 < 8 THEN due_at + (h % 30 - 10) * day END AS paid_at,
        due_at - 100 * day AS known_first""",
    "statement": """'account ' || (person * 4 + n % 4) AS account,
        now - (n // 4 * 30 + 1) * day AS period_end, h % 500000 AS balance_minor,
        500000 + h % 7 * 100000 AS limit_minor, h % 5000 AS minimum_due_minor,
        CASE WHEN h % 5 > 0 THEN h % 50000 END AS paid_minor, h % 3 * 10 AS days_past_due,
        'current' AS status, period_end AS known_first""",
    "transaction": """now - (n * 11 + h % 11) * day - h % 1000000000 AS happened_at,
        (h % 200000 - 90000)::BIGINT AS amount_minor, 'category ' || h % 12 AS category,
        'card' AS channel, NULL::VARCHAR AS counterparty, happened_at AS known_first""",
}
_SHARES = {"instalment": 0.3, "statement": 0.3, "transaction": 0.4}


def make(lake: Path, versions: int, observations: int) -> None:
    """A lake of ``versions`` half as many people as ``observations``, two looks at each."""
    kinds = {kind.name: kind for kind in standard_kinds()}
    people = observations // 2
    with duckdb.connect(str(lake)) as connection:
        for name, part in _SHARES.items():
            records = int(versions * part / (4 / 3))
            own = ", ".join(column.name for column in kinds[name].columns)
            connection.execute(f"""CREATE TABLE evidence_{name} AS
                WITH numbers AS (
                    SELECT i, hash(i)::UBIGINT % 1000000007 AS h0 FROM range({records}) t(i)),
                events AS (SELECT i, i % {people} AS person, i // {people} AS n,
                    h0::BIGINT AS h, 1700000000000000 AS now, 86400000000 AS day, {_OWN[name]}
                    FROM numbers),
                versions AS (
                    SELECT *, 'event' AS cause, known_first AS known_at,
                        CASE WHEN h % 3 = 0 THEN known_first + 45 * day
                        ELSE 9223372036854775807 END AS superseded_at FROM events
                    UNION ALL
                    SELECT *, 'correction', known_first + 45 * day, 9223372036854775807
                    FROM events WHERE h % 3 = 0)
                SELECT 'bank' AS source, '{name} ' || i AS record, 'person ' || person AS subject,
                    cause, known_at, superseded_at, 1::BIGINT AS batch, {own} FROM versions""")
        connection.execute(f"""CREATE TABLE observations AS
            SELECT i AS observation, 'person ' || (i % {people}) AS subject,
                1700000000000000 - (i // {people}) * 200 * 86400000000 AS as_of,
                CASE WHEN i % 5 = 0 THEN 'account' END AS about_kind,
                CASE WHEN i % 5 = 0 THEN 'bank' END AS about_source,
                CASE WHEN i % 5 = 0 THEN 'account ' || ((i % {people}) * 4) END AS about
            FROM range({observations}) t(i)""")


def sql_of(way: str) -> str:
    if way == "by hand":
        return BY_HAND.read_text(encoding="utf-8")
    return str(ibis.to_sql(the_plan().ibis(PERMIT), dialect="duckdb", pretty=False))


def measure(lake: Path, way: str, threads: int, memory: str) -> dict[str, float]:
    """Seconds and peak MB of one run, in this process."""
    sql = sql_of(way)
    config = {"threads": threads, "memory_limit": memory}
    with duckdb.connect(str(lake), read_only=True, config=config) as connection:
        started, spent = time.perf_counter(), time.process_time()
        connection.execute(f"CREATE TEMP TABLE result AS {sql}")
        seconds, cpu = time.perf_counter() - started, time.process_time() - spent
    return {"seconds": seconds, "cpu": cpu, "peak_mb": peak_mb()}


def peak_mb() -> float:
    """This process's own peak (``ru_maxrss`` would carry over that of the one that started it)."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024**2
    lines = status.read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM"))


def demand_equal(lake: Path) -> None:
    """Raise unless both ways give the same table, value by value."""
    names = ", ".join(["observation", *the_plan().types])
    ours, theirs = (f"SELECT {names} FROM ({sql_of(way)})" for way in ("Benne", "by hand"))
    with duckdb.connect(str(lake), read_only=True) as connection:
        connection.execute(f"CREATE TEMP TABLE a AS {ours}")
        connection.execute(f"CREATE TEMP TABLE b AS {theirs}")
        for name in the_plan().types:
            differ = f"a.{name} IS DISTINCT FROM b.{name}"
            sql = f"SELECT count(*) FROM a JOIN b USING (observation) WHERE {differ}"
            differing = connection.execute(sql).fetchall()[0][0]
            if differing:
                raise SystemExit(f"{name} differs for {differing} observations")


def in_process(lake: Path, way: str, arguments: argparse.Namespace) -> dict[str, float]:
    command = [sys.executable, __file__, "--lake", str(lake), "--way", way]
    command += ["--threads", str(arguments.threads), "--memory", arguments.memory]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--versions", type=int, nargs="+", default=[1_000_000, 10_000_000])
    parser.add_argument("--observations", type=int, default=200_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--memory", default="4GB")
    parser.add_argument("--lake", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--way", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        found = measure(arguments.lake, arguments.way, arguments.threads, arguments.memory)
        print(json.dumps(found))
        return
    print(
        "| versions | observations | Benne s | by hand s | ratio | Benne CPU s | by hand CPU s "
        "| CPU ratio | Benne MB | by hand MB |"
    )
    print("|---:" * 10 + "|")
    for versions in arguments.versions:
        with tempfile.TemporaryDirectory() as folder:
            lake = Path(folder) / "lake.duckdb"
            make(lake, versions, arguments.observations)
            demand_equal(lake)
            runs: dict[str, list[dict[str, float]]] = {"Benne": [], "by hand": []}
            for _ in range(arguments.repeats):
                for way, found in runs.items():
                    found.append(in_process(lake, way, arguments))
            for way, found in runs.items():
                print(way, found, file=sys.stderr)
            ours, theirs = (
                {key: statistics.median(run[key] for run in found) for key in ("seconds", "cpu")}
                for found in runs.values()
            )
            peaks = [max(run["peak_mb"] for run in found) for found in runs.values()]
            ratios = {key: ours[key] / theirs[key] for key in ours}
            print(
                f"| {versions:,} | {arguments.observations:,} | {ours['seconds']:.2f} "
                f"| {theirs['seconds']:.2f} | {ratios['seconds']:.2f} | {ours['cpu']:.2f} "
                f"| {theirs['cpu']:.2f} | {ratios['cpu']:.2f} | {peaks[0]:,.0f} "
                f"| {peaks[1]:,.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
