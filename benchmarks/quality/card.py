"""How long the printed card is, and what it costs to make it shorter.

    python -m benchmarks.quality.card [--data DIR] [--sets german,hmeq]

One fit of the strict score a set, on the first fold of the first repeat; its card is then shortened
to each tolerance, and every card is judged on the test fold.
"""

from __future__ import annotations

import argparse
import os
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score
from threadpoolctl import threadpool_limits

from benchmarks.quality._folds import outer_fold
from benchmarks.quality._sets import ROOT, SETS, Set, load
from benne.models import AdditiveModel, lines, shortened
from benne.scores import card_text, family, points

TOLERANCES = (0.0, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05)


def main() -> None:
    """Print a row a set and tolerance."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality.card", description=__doc__)
    data = os.environ.get("BENNE_TEST_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None)
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "quality")
    asked = parser.parse_args()
    if asked.data is None:
        parser.error("--data DIR, or BENNE_TEST_DATA, must name the folder of public data sets.")
    print("| set | tolerance | entries | lines | kB | AUC | largest change, points | mean |")
    print("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for name in asked.sets.split(","):
        measure(load(name, asked.data, asked.cache))


def measure(data: Set) -> None:
    """The rows of one set."""
    fold = outer_fold(data.bad, data.group, 0)
    train, test = np.flatnonzero(fold != 0), np.flatnonzero(fold == 0)
    learn, judge = data.rows.iloc[train], data.rows.iloc[test]
    with threadpool_limits(limits=1):
        model = AdditiveModel(data.columns, segments="auto")
        model.fit(learn, data.bad[train], groups=data.group[train])
    whole = points(model.artefact_.contributions(judge), family("sesame")).score
    for tolerance in TOLERANCES:
        short = shortened(model.artefact_, learn, tolerance) if tolerance else model.artefact_
        said = short.contributions(judge)
        moved = np.abs(points(said, family("sesame")).score - whole)
        auc = roc_auc_score(data.bad[test], -said.total_micro)
        size = len(short.to_json()) / 1000
        printed = card_text(short, family("sesame")).count("\n")
        print(
            f"| {data.name} | {tolerance:g} | {lines(short):,} | {printed:,} | {size:,.0f} "
            f"| {auc:.4f} | {moved.max()} | {moved.mean():.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
