"""What the strict contract itself costs: one learner, held to more and more of it.

    python -m benchmarks.quality.contract [--data DIR] [--sets hmeq,pakdd2010] [--repeats 0]

LightGBM on the rows, folds and encoding of the rivals, a path of its trees free to read anything,
two columns at most, one domain at most, two columns of one domain (what a strict score can hold),
or one column.  What it loses on the way no strict learner can win back.  The settings, the same for
all, are chosen on the inner split.  Beneath: the pairs over two domains that the paths of two
columns gain most from.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks.quality._folds import FOLDS, outer_fold
from benchmarks.quality._rivals import SETTINGS, Fitted, Fold, Method, lightgbm
from benchmarks.quality._run import choose
from benchmarks.quality._sets import ROOT, SETS, Set, load
from benne.models import Column

Groups = list[list[int]]
ANY_TWO = "two columns at most"
TRIED = (*SETTINGS["lightgbm"][:3], {**SETTINGS["lightgbm"][2], "learning_rate": 0.1})


def main() -> None:
    """Print a row a set, and its pairs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.contract")
    data = os.environ.get("BENNE_TEST_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--repeats", default="0")
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "quality")
    asked = parser.parse_args()
    if asked.data is None:
        parser.error("--data DIR, or BENNE_TEST_DATA, must name the folder of public data sets.")
    repeats = [int(word) for word in asked.repeats.split(",")]
    print(f"| set | folds | {' | '.join(allowed(()))} |")
    print("| --- | ---: |" + " ---: |" * len(allowed(())))
    told = [told_of(load(name, asked.data, asked.cache), repeats) for name in asked.sets.split(",")]
    print("\n" + "\n".join(told))


def allowed(columns: Sequence[Column]) -> dict[str, Groups | None]:
    """Which columns may meet on a path of a tree, by what it is called."""
    domains = [column.domain for column in columns]
    every = range(len(domains))
    pairs = list(combinations(every, 2))
    alone = [[c] for c in every]
    return {
        "anything": None,
        ANY_TWO: [*map(list, pairs), *alone],
        "one domain at most": [[c for c in every if domains[c] == d] for d in sorted({*domains})],
        "two columns of one domain": [
            *([a, b] for a, b in pairs if domains[a] == domains[b]),
            *alone,
        ],
        "one column": alone,
    }


def told_of(data: Set, repeats: Sequence[int]) -> str:
    """Print the row of one set; the pairs over two domains that gained most."""
    found: dict[str, list[float]] = {}
    gains: Counter[str] = Counter()
    for repeat in repeats:
        for number in range(FOLDS):
            for name, auc, fitted in _on_fold(data, repeat, number):
                found.setdefault(name, []).append(auc)
                if name == ANY_TWO:
                    gains.update(pair_gains(fitted, data.columns))
    cells = " | ".join(f"{np.mean(aucs):.4f}" for aucs in found.values())
    print(f"| {data.name} | {len(repeats) * FOLDS} | {cells} |", flush=True)
    whole = sum(gains.values())
    most = ", ".join(f"{pair} {gain / whole:.0%}" for pair, gain in gains.most_common(8) if gain)
    return f"{data.name}: {most}"


def _on_fold(data: Set, repeat: int, number: int) -> Iterator[tuple[str, float, Fitted]]:
    fold = outer_fold(data.bad, data.group, repeat)
    train, test = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
    rows, bad, group = data.rows.iloc[train], data.bad[train], data.group[train]
    for name, groups in allowed(data.columns).items():
        given = Fold(rows, bad, group, data.columns, seed=10 * repeat + number)
        limit: dict[str, Any] = {} if groups is None else {"interaction_constraints": groups}
        held = Method(name, tuple({**settings, **limit} for settings in TRIED), lightgbm, "")
        with threadpool_limits(limits=1):
            settings, trees = choose(given, held, held.settings)
            fitted = lightgbm(replace(given, trees=trees), settings)
        auc = roc_auc_score(data.bad[test], fitted.probability(data.rows.iloc[test]))
        yield name, float(auc), fitted


def pair_gains(fitted: Any, columns: Sequence[Column]) -> Counter[str]:
    """What splits gain on paths of two columns, by pair of two domains."""
    table = fitted.model.booster_.trees_to_dataframe().set_index("node_index")
    domain = {column.name: column.domain for column in columns}
    column, parent = table["split_feature"].to_dict(), table["parent_index"].to_dict()
    gains: Counter[str] = Counter()
    for node, gain in table["split_gain"].dropna().items():
        path, at = {column[node]}, parent[node]
        while isinstance(at, str):
            path.add(column[at])
            at = parent[at]
        if len(path) == len({domain[name] for name in path}) == 2:
            gains[" x ".join(sorted(path))] += float(gain)
    return gains


if __name__ == "__main__":
    main()
