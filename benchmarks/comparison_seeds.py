"""The comparison of the three scores on several societies: what a seed moves, and what it does not.

    python benchmarks/comparison_seeds.py --folder DIR [--people 5000] [--seeds 1 2 3 4 5]

Each seed is a society of its own, built and compared in ``DIR`` (kept, so that a run that was
stopped goes on where it was).  Results go to benchmarks/results/comparison_seeds.csv, and a seed
that is there is not run again.  Prints a Markdown table: the mean over seeds, its 95 % interval by
Student's t over seeds, and the least and greatest seed.  ``--refit card`` refits the workspace's
own card on every set of domains, in place of points cards: some hundred times slower.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy import stats

from benne.app import compare_scores, ingest_workspace, make_features, train, write_society
from benne.app.wiring import session
from benne.society import standard_parameters

RESULTS = Path(__file__).parent / "results" / "comparison_seeds.csv"
FIELDS = ("society", "people", "refit", "seed", "figure", "value")


def tell(step: str, done: int, total: int | None) -> None:
    """Say what is being done, without the steps of a bar."""
    if not done:
        print(f"  {step}", flush=True)


def run(folder: Path, *, people: int, seed: int, refit: str) -> dict[str, float]:
    """The figures of one society."""
    town = folder / f"town_{people}_{seed}"
    if not town.exists():
        write_society(town, people=people, seed=seed, tell=tell)
    made = session(town)
    if not (made.workspace.models / "bureau.json").exists():
        ingest_workspace(made, tell)
        make_features(made, tell)
        train(made, tell)
    compare_scores(made, tell, render=lambda _: "", draws=20, refit=refit)
    facts = json.loads((made.workspace.reports / "comparison.json").read_text(encoding="utf-8"))
    return dict(figures(facts))


def figures(facts: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    """Every figure worth a mean over seeds, by a name that a reader understands."""
    for found in facts["populations"]:
        where = found["name"]
        yield f"{where}: bad rate", found["bad_rate"]
        for score in found["scores"]:
            yield from _known(f"{where}: {score['name']} scored", score["coverage"])
            yield from _known(f"{where}: {score['name']} AUC", score["auc"])
            for name, share in score["attainable"].items():
                yield from _known(f"{where}: {score['name']} Gini over {name}", share)
            yield from _known(
                f"{where}: {score['name']} promised over seen", score["expected_to_seen"]
            )
        equal = found["policies"][0]["equal_admission"]
        for swap in equal["swaps"]:
            pair = f"{where}: {swap['admitted_by']} admits, {swap['refused_by']} refuses"
            yield from _known(f"{pair}, share", swap["share"])
            yield from _known(f"{pair}, bad rate", swap["bad_rate"])
    yield from _known("thin files: more admitted", facts["thin_files"]["growth"])
    for row in facts["worth"]["domains"]:
        yield from _known(f"worth: {row['name']}, share", row["share"])
        yield from _known(f"worth: {row['name']}, price", row["price"])
    for row in facts["worth"]["kinds"]:
        yield from _known(f"worth: {row['name']}", row["worth"])
    for row in facts["shock"] or ():
        yield from _known(f"shock: {row['name']} AUC change", row["auc_change"])
        for year in ("calm", "shock"):
            rate = row[f"admitted_bad_rate_{year}"]
            yield from _known(f"shock: {row['name']} bad rate admitted, {year}", rate)
    for score in facts["groups"].get("ethnicity", ()):
        for row in score["groups"]:
            if row["group"] == "minority":
                yield from _known(
                    f"minority: {score['name']} admitted, ratio", row["admitted_ratio"]
                )
                wrong = row["refused_good_ratio"]
                yield from _known(f"minority: {score['name']} refused though good, ratio", wrong)
    for score in facts["gaming"]["scores"]:
        for reach in score["reach"] or ():
            share = reach["within"][1]
            yield from _known(f"gaming: {score['name']}, {reach['nature']}, within 10 h", share)


def _known(name: str, figure: Mapping[str, Any]) -> Iterator[tuple[str, float]]:
    if figure["value"] is not None:
        yield name, float(figure["value"])


def fingerprint() -> str:
    """The society's numbers, by which results of an earlier one are told apart."""
    return hashlib.sha256(standard_parameters().to_toml().encode()).hexdigest()[:12]


def read() -> list[dict[str, str]]:
    """What was measured so far."""
    if not RESULTS.exists():
        return []
    with RESULTS.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def write(rows: list[dict[str, str]]) -> None:
    """All results, whole or not at all."""
    part = RESULTS.with_suffix(".part")
    with part.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, FIELDS, lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
    part.replace(RESULTS)


def told(rows: list[dict[str, str]]) -> Iterator[str]:
    """The table: a line a figure, over the seeds."""
    yield "| figure | mean | 95 % over seeds | least | greatest | seeds |"
    yield "|---|---:|---|---:|---:|---:|"
    for name in dict.fromkeys(row["figure"] for row in rows):
        values = np.array([float(row["value"]) for row in rows if row["figure"] == name])
        mean, n = float(values.mean()), len(values)
        span = "–"  # noqa: RUF001 (a dash where one seed has no interval)
        if n > 1:
            half = float(stats.t.ppf(0.975, n - 1) * values.std(ddof=1) / np.sqrt(n))
            span = f"{mean - half:.3f} to {mean + half:.3f}"
        yield f"| {name} | {mean:.3f} | {span} | {values.min():.3f} | {values.max():.3f} | {n} |"


def main() -> None:
    """Measure what is missing, and print all."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3, 4, 5])
    parser.add_argument("--refit", choices=("points", "card"), default="points")
    asked = parser.parse_args()
    os.environ.setdefault("BENNE_THREADS", "1")
    asked.folder.mkdir(parents=True, exist_ok=True)
    rows = read()
    mine = {"society": fingerprint(), "people": str(asked.people), "refit": asked.refit}

    def same(row: dict[str, str]) -> bool:
        return all(row[key] == value for key, value in mine.items())

    for seed in asked.seeds:
        if any(same(row) and row["seed"] == str(seed) for row in rows):
            continue
        print(f"seed {seed}", flush=True)
        found = run(asked.folder, people=asked.people, seed=seed, refit=asked.refit)
        for name, value in found.items():
            rows.append({**mine, "seed": str(seed), "figure": name, "value": f"{value:.6f}"})
        write(rows)
    for line in told([row for row in rows if same(row) and int(row["seed"]) in asked.seeds]):
        print(line)


if __name__ == "__main__":
    main()
