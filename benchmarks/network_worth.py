"""What the people around a person add on a real network of trust, out of time.

    python benchmarks/network_worth.py --data DIR

Builds ``examples/bitcoin_otc`` three times: with all features, without those over neighbours, and
without all of the network.  Prints the AUC of each on the people who are held out by time, and the
differences with 95 % intervals (2,000 paired bootstrap draws over people).
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.metrics import roc_auc_score

from benne.app._features import make_features
from benne.app._steps import ingest_workspace
from benne.app._train import train
from benne.app.wiring import session
from benne.evidence import standard_kinds
from benne.features import plan, standard_catalogue

EXAMPLE = Path(__file__).parents[1] / "examples" / "bitcoin_otc"


def quiet(*_: object) -> None:
    """Tell nobody."""


def held_out(folder: Path, data: Path, drop: str) -> tuple[Any, Any]:
    """Who went bad, and the log-odds of that, of the people held out by time."""
    shutil.copytree(EXAMPLE, folder)
    settings = folder / "benne.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace("prices = false", f"prices = false\n{drop}"), encoding="utf-8")
    made = session(folder, data=data)
    ingest_workspace(made, quiet)
    make_features(made, quiet)
    train(made, quiet)
    with made.lake(read_only=True) as lake:
        found = lake.query(
            "SELECT outcome = 'bad' AS bad, -log_odds AS risk FROM out_of_time_sesame "
            "JOIN outcomes USING (observation) ORDER BY observation"
        )
    return found["bad"].to_numpy(), found["risk"].to_numpy()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    kinds = standard_kinds()
    around = list(plan(standard_catalogue(kinds), kinds).of_neighbours)
    drops = {
        "all features": "",
        "without neighbours": f"drop_features = {around}".replace("'", '"'),
        "without the network": 'drop_tags = ["social_network"]',
    }
    with tempfile.TemporaryDirectory() as folder:
        made = {
            name: held_out(Path(folder) / str(number), data, drop)
            for number, (name, drop) in enumerate(drops.items())
        }
    bad, whole = made["all features"]
    rng = np.random.default_rng(0)
    draws = [rng.integers(0, len(bad), len(bad)) for _ in range(2000)]
    for name, (_, risk) in made.items():
        gains = [roc_auc_score(bad[i], whole[i]) - roc_auc_score(bad[i], risk[i]) for i in draws]
        low, high = np.quantile(gains, [0.025, 0.975])
        print(
            f"{name}: AUC {roc_auc_score(bad, risk):.4f} of {len(bad)} people; all features gain "
            f"{np.mean(gains):+.4f} ({low:+.4f} to {high:+.4f})"
        )


if __name__ == "__main__":
    main()
