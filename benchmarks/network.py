"""How fast a month's network block is, against SQL, igraph and NetworkX on the same people.

    python benchmarks/network.py --sizes 10000 100000 --whole 1000000

Makes people in communities, twenty told ties each on average (both ends tell), half of them with
statements.  At each of ``--sizes`` the share of known defaulters near, and two ties away, is
computed by Benne's plan, by SQL in DuckDB, by igraph and (up to 10,000 people) by NetworkX, each in
a process of its own, from the lake's tables to numbers; all must agree where Benne gives a value.
At ``--whole`` the standard catalogue's whole network block is made.  Prints a Markdown table:
seconds, their ratio to Benne's, and the peak resident memory.  All run on one thread.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from benne.app.stores import Lake
from benne.app.stores._network import network_blocks
from benne.evidence import standard_kinds
from benne.features import NetworkPlan, plan, standard_catalogue
from benne.kernel import parse_instant
from benne.rights import LawfulBasis, permit_on_basis

CUT = parse_instant("2024-06-01")
TOLD = parse_instant("2024-03-10")
TIES_EACH = 20
NEAR, FAR = "neighbours_defaulted_share", "neighbours_beyond_defaulted_share"
PERMIT = permit_on_basis(
    LawfulBasis("simulated", "Nobody stands behind these records."),
    purpose="model_building",
    jurisdiction="plain",
    issued_at=0,
    expires_at=2**62,
)
BAD = "status IN ('default', 'charged_off', 'collection') OR days_past_due >= 90"


def make(path: Path, people: int) -> None:
    """A lake of ``people``, written as ingest would leave it."""
    with Lake.open(path, threads=1, memory="2GB"):
        pass
    pairs = people * TIES_EACH // 2
    name = "md5(CAST({} AS VARCHAR))"
    version = f"'event', {TOLD}, {2**63 - 1}, 1"
    with duckdb.connect(str(path), config={"threads": 1, "memory_limit": "2GB"}) as lake:
        lake.execute("SELECT setseed(0.5)")
        lake.execute(
            f"CREATE TEMP TABLE pair AS SELECT DISTINCT one, CASE WHEN random() < 0.7 "
            f"THEN one // 50 * 50 + CAST(floor(random() * 50) AS BIGINT) "
            f"ELSE CAST(floor(random() * {people}) AS BIGINT) END AS two, "
            f"1 + CAST(floor(random() * 999) AS BIGINT) AS strength "
            f"FROM (SELECT CAST(floor(random() * {people}) AS BIGINT) AS one FROM range({pairs}))"
        )
        for one, two in (("one", "two"), ("two", "one")):
            lake.execute(
                "INSERT INTO evidence_tie (source, record, subject, cause, known_at, "
                "superseded_at, batch, happened_at, other, relation, strength_permille) "
                "SELECT 'phone', "
                f"concat({one}, '-', {two}, '-', strength), {name.format(one)}, {version}, {TOLD}, "
                f"{name.format(two)}, 'friend', strength FROM pair "
                f"WHERE one <> two AND two < {people}"
            )
        statements(lake, people, name, version)


def statements(lake: Any, people: int, name: str, version: str) -> None:
    """Four statements for every second person, three instalments, and six bills for all."""
    rows = {
        "statement": (
            "account, period_end, balance_minor, status, days_past_due",
            f"concat('a', p), {TOLD} - 1000 * i, 5, CASE WHEN hash(p, i) % 40 = 0 THEN 'default' "
            "ELSE 'current' END, CAST(hash(i, p) % 60 AS BIGINT)",
            4,
            2,
        ),
        "instalment": (
            "account, due_at, due_minor, paid_minor",
            f"concat('a', p), {TOLD} - 86400000000 * (i + hash(p) % 90), 100, 100",
            3,
            2,
        ),
        "obligation": (
            "contract, due_at, due_minor, paid_minor",
            f"'power', {TOLD} - 86400000000 * (i + hash(p) % 90), 100, hash(p, i) % 2 * 100",
            6,
            1,
        ),
    }
    for kind, (columns, values, each, step) in rows.items():
        lake.execute(
            f"INSERT INTO evidence_{kind} (source, record, subject, cause, known_at, "
            f"superseded_at, batch, {columns}) SELECT 'bank', concat(p, '-', i), "
            f"{name.format('p')}, {version}, {values} "
            f"FROM range(0, {people}, {step}) t(p), range({each}) u(i)"
        )


# --- the four ways -------------------------------------------------------------------------


def of_benne(path: Path, *names: str) -> dict[str, np.ndarray[Any, Any]]:
    kinds = standard_kinds()
    everything = plan(standard_catalogue(kinds), kinds)
    wanted = everything.only(names) if names else everything
    network = wanted.network(PERMIT)
    assert isinstance(network, NetworkPlan)
    with Lake.open(path, read_only=True, threads=1, memory="2500MB") as lake:
        (block,) = network_blocks(lake, network, PERMIT, cuts=[CUT])
    return {
        name: block.table[name].to_numpy(zero_copy_only=False).astype(float)
        for name in network.names
    }


def of_sql(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    sql = f"""
        WITH state AS (SELECT subject, other, max(strength_permille) AS strength FROM evidence_tie
            WHERE known_at <= {CUT} AND superseded_at > {CUT} AND happened_at < {CUT} GROUP BY ALL),
        pair AS (SELECT subject, other FROM state UNION SELECT other, subject FROM state),
        value AS (SELECT subject, bool_or({BAD}) AS bad FROM evidence_statement WHERE
            known_at <= {CUT} AND superseded_at > {CUT} AND period_end < {CUT} GROUP BY 1),
        counted AS (SELECT p.subject, other, bad FROM pair p JOIN value v ON v.subject = other),
        near AS (SELECT subject, avg(CAST(bad AS INT)) AS share FROM counted
            GROUP BY ALL HAVING count(*) >= 3),
        enough AS (SELECT c.* FROM counted c SEMI JOIN near n ON n.subject = c.subject),
        ends AS (SELECT DISTINCT a.subject, b.other, b.bad FROM enough a
            JOIN enough b ON b.subject = a.other WHERE b.other <> a.subject),
        far AS (SELECT subject, avg(CAST(bad AS INT)) AS share FROM ends
            GROUP BY ALL HAVING count(*) >= 3)
        SELECT near.share, far.share FROM (SELECT DISTINCT subject FROM pair) everyone
        LEFT JOIN near USING (subject) LEFT JOIN far USING (subject) ORDER BY subject"""
    config = {"threads": 1, "memory_limit": "5GB"}
    with duckdb.connect(str(path), read_only=True, config=config) as lake:
        found = lake.execute(sql).fetchnumpy()
    near, far = (np.ma.filled(column.astype(float), np.nan) for column in found.values())
    return {NEAR: near, FAR: far}


def collected(path: Path) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any], int]:
    """Pairs of people by number, and the value of each: 1, 0, or -1 where there is none."""
    with duckdb.connect(str(path), read_only=True, config={"threads": 1}) as lake:
        people = (
            "(SELECT subject, row_number() OVER (ORDER BY subject) - 1 AS n FROM "
            "(SELECT subject FROM evidence_tie UNION SELECT other FROM evidence_tie))"
        )
        pairs = lake.execute(
            "SELECT DISTINCT least(a.n, b.n) AS one, greatest(a.n, b.n) AS two "
            "FROM evidence_tie t "
            f"JOIN {people} a ON a.subject = t.subject JOIN {people} b ON b.subject = t.other"
        ).fetchnumpy()
        values = lake.execute(
            f"SELECT CASE WHEN v.bad THEN 1 WHEN NOT v.bad THEN 0 ELSE -1 END AS bad "
            f"FROM {people} p LEFT JOIN (SELECT subject, bool_or({BAD}) AS bad "
            "FROM evidence_statement GROUP BY 1) v USING (subject) ORDER BY p.n"
        ).fetchnumpy()["bad"]
    return np.stack([pairs["one"], pairs["two"]], axis=1), values, len(values)


def by_lists(lists: list[Any], values: list[int]) -> dict[str, np.ndarray[Any, Any]]:
    """Shares from lists of neighbours, a person at a time."""
    counted = [[n for n in mine if values[n] >= 0] for mine in lists]
    enough = [mine if len(mine) >= 3 else [] for mine in counted]
    near = np.full(len(lists), np.nan)
    far = np.full(len(lists), np.nan)
    for person, mine in enumerate(enough):
        if mine:
            near[person] = sum(values[n] for n in mine) / len(mine)
        ends = {end for middle in mine for end in enough[middle]} - {person}
        if len(ends) >= 3:
            far[person] = sum(values[n] for n in ends) / len(ends)
    return {NEAR: near, FAR: far}


def of_igraph(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    import igraph

    pairs, values, size = collected(path)
    graph = igraph.Graph(n=size, edges=pairs)
    return by_lists(graph.get_adjlist(), values.tolist())


def of_networkx(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    import networkx

    pairs, values, size = collected(path)
    graph = networkx.Graph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from(pairs.tolist())
    return by_lists([list(graph[person]) for person in range(size)], values.tolist())


WAYS: dict[str, Callable[[Path], dict[str, np.ndarray[Any, Any]]]] = {
    "benne": lambda path: of_benne(path, NEAR, FAR),
    "SQL": of_sql,
    "igraph": of_igraph,
    "NetworkX": of_networkx,
    "whole block": of_benne,
}


def measured(way: str, path: Path, out: Path) -> dict[str, float]:
    """Seconds and peak GB of one way, in a process of its own."""
    command = [sys.executable, __file__, "--way", way, "--lake", str(path), "--out", str(out)]
    ran = subprocess.run(command, check=True, capture_output=True, text=True)
    return dict(json.loads(ran.stdout))


def one_way(way: str, path: Path, out: Path) -> None:
    import igraph
    import networkx
    import scipy.sparse

    assert igraph and networkx and scipy.sparse  # imports are not timed
    before, busy = time.perf_counter(), time.process_time()
    found = WAYS[way](path)
    took = {"seconds": time.perf_counter() - before, "cpu": time.process_time() - busy}
    np.savez(out, **found)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(json.dumps({**took, "gigabytes": peak}))


def compare(folder: Path, people: int) -> None:
    path = folder / f"{people}.duckdb"
    make(path, people)
    ways = [
        w for w in ("benne", "SQL", "igraph", "NetworkX") if w != "NetworkX" or people <= 10_000
    ]
    took, found = {}, {}
    for way in ways:
        out = folder / f"{way}.npz"
        took[way] = measured(way, path, out)
        found[way] = np.load(out)
    for way in ways[1:]:
        for name in (NEAR, FAR):
            ours, theirs = found["benne"][name], found[way][name]
            known = ~np.isnan(ours)  # ours leaves out more: rings that differ by one or two people
            assert known.mean() > 0.5 and np.allclose(ours[known], theirs[known], rtol=1e-12), way
    for way in ways:
        report(f"near and two ties away, by {way}", people, took[way], took["benne"])


def report(what: str, people: int, took: dict[str, float], base: dict[str, float] | None) -> None:
    times = f"{took['cpu'] / base['cpu']:.1f}" if base else "-"
    print(
        f"| {what} | {people:,} | {people * TIES_EACH:,} | {took['seconds']:.1f} | "
        f"{took['cpu']:.1f} | {times} | {took['gigabytes']:.1f} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--whole", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--way", choices=sorted(WAYS))
    parser.add_argument("--lake", type=Path)
    parser.add_argument("--out", type=Path)
    asked = parser.parse_args()
    if asked.way:
        one_way(asked.way, asked.lake, asked.out)
        return
    print("| what | people | told ties | seconds | processor seconds | times benne | peak GB |")
    print("|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for people in asked.sizes:
            compare(Path(folder), people)
        for people in asked.whole:
            path = Path(folder) / "whole.duckdb"
            make(path, people)
            took = measured("whole block", path, Path(folder) / "whole.npz")
            report("the catalogue's whole network block", people, took, None)


if __name__ == "__main__":
    main()
