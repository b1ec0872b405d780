"""Run the quality benchmark, resuming what stands, and write its page.

    python -m benchmarks.quality [--data DIR] [--sets gmsc] [--methods ebm] [--repeats 0,1]

A row of the results stands while the set and the method are what they were when it was made.
"""

from __future__ import annotations

import argparse
import os
import sys
import warnings
from functools import cache
from pathlib import Path

from benchmarks.quality import _page, _results
from benchmarks.quality._benne import own
from benchmarks.quality._folds import REPEATS
from benchmarks.quality._rivals import FITS, Method, rivals
from benchmarks.quality._run import cells, measure
from benchmarks.quality._sets import SETS, load

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / "benchmarks" / "results" / "quality.csv"
PAGE = ROOT / "docs" / "benchmarks" / "quality.md"


def main() -> int:
    """Measure what is missing, set by set within each repeat; then tidy and tell."""
    asked = _asked()
    if not asked.page_only:
        warnings.simplefilter("ignore")  # the rivals' own, such as pandas deprecations
        run(asked)
    if not asked.no_page:
        _results.tidy(asked.results, SETS)
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(_page.page(_results.read(asked.results)), encoding="utf-8")
    return 0


def run(asked: argparse.Namespace) -> None:
    """Append a row for each cell that does not stand."""
    methods = _chosen(asked.methods)
    loaded = cache(lambda name: load(name, asked.data, asked.cache))
    for repeat in asked.repeats:
        for name in asked.sets:
            for method in methods:
                for cell in cells(loaded(name), method, repeat, _results.read(asked.results)):
                    row = measure(loaded(name), method, cell)
                    _results.append(asked.results, row)
                    print(_line(row), file=sys.stderr, flush=True)


def _line(row: dict[str, object]) -> str:
    told = ("set", "method", "repeat", "fold", "auc", "auc_score", "fit_seconds")
    return " ".join(
        f"{row[name]:.4f}" if isinstance(row[name], float) else str(row[name]) for name in told
    )


def _chosen(names: list[str]) -> tuple[Method, ...]:
    mine = {method.name: method for method in own()}
    every = (*FITS, *mine)
    unknown = set(names) - set(every)
    if unknown:
        raise SystemExit(f"--methods must be of {', '.join(every)}; got {min(unknown)}.")
    # a rival's package is needed only where it runs
    rival = {method.name: method for method in rivals([n for n in names or every if n in FITS])}
    return tuple((rival | mine)[name] for name in names or every)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.quality", description=__doc__)
    data = os.environ.get("BENNE_TEST_DATA")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None)
    parser.add_argument("--sets", type=_words, default=list(SETS))
    parser.add_argument("--methods", type=_words, default=[])
    parser.add_argument("--repeats", type=_numbers, default=list(range(REPEATS)))
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--cache", type=Path, default=ROOT / "build" / "quality")
    parser.add_argument("--page-only", action="store_true", help="only write the page")
    parser.add_argument("--no-page", action="store_true", help="only measure")
    asked = parser.parse_args()
    if asked.data is None and not asked.page_only:
        parser.error("--data DIR, or BENNE_TEST_DATA, must name the folder of public data sets.")
    return asked


def _words(text: str) -> list[str]:
    return [word for word in text.split(",") if word]


def _numbers(text: str) -> list[int]:
    return [int(word) for word in _words(text)]


if __name__ == "__main__":
    raise SystemExit(main())
