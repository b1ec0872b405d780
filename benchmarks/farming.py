"""What farming buys: points for each unit of money, by honest promises and by merchants who lie.

    python -m benchmarks.farming

One made town (``tests/journeys/made_promises.py``), two cards: one of the whole catalogue, one
that drops the tag ``farmable``.  Money is what the person paid and lost sight of: prices, and the
fee that the bureau takes of the merchant for each consult (assumed: 50 minor units).  A merchant
who lies along gives prices back, so that there only the fee is spent.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "journeys"))

from made_promises import DAY, Town, farm, points, promises_workspace, ten_promises

FEE = 50
PRICE = 100


def main() -> None:
    """Print a table: who, what was done, days, money, points."""
    print("| card | who | orders | merchants | days | money | score |")
    print("|---|---|---:|---:|---:|---:|---:|")
    with tempfile.TemporaryDirectory() as folder:
        for name, drop in (("whole catalogue", ""), ("without farmable", "farmable")):
            built = promises_workspace(Path(folder) / (drop or "whole"), drop=drop)
            for number, (merchants, orders, wait) in enumerate(
                ((1, 30, 0), (1, 30, 200), (2, 30, 0), (2, 30, 200), (5, 30, 200))
            ):
                town = Town(built, Path(folder) / f"{drop}{number}.db")
                start = town.clock.now
                done = farm(town, "farmer", merchants=merchants, orders=orders // 3 or 1)
                town.clock.now += wait * DAY
                done += farm(town, "farmer", merchants=merchants, orders=orders // 3 or 1)
                days = (town.clock.now - start) // DAY
                score = points(town.answer("farmer"))
                print(
                    f"| {name} | farmer | {done} | {merchants} | {days} | {done * FEE} | {score} |"
                )
            town = Town(built, Path(folder) / f"{drop}h.db")
            start = town.clock.now
            ten_promises(town, "honest")
            days = (town.clock.now - start) // DAY
            score = points(town.answer("honest"))
            print(
                f"| {name} | honest | 10 | 3 | {days} | {10 * (FEE + PRICE)} | {score} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
