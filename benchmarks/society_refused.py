"""What each way of learning from the admitted is worth where the truth about the refused is known.

    python -W ignore benchmarks/society_refused.py [--people 20000] [--seeds 21 22 23]

Results go to benchmarks/results/society_refused.csv, and a seed that is there is not run again,
unless the parameters changed; after a change to the code remove the file.

In each society an incumbent lender refuses three in ten: by history and noise, or (``insight``)
also by something of the person that no source tells; two in a hundred are admitted by lot.  Half
of the people train a card by each of the methods of ``[model] refused``, as ``benne train`` fits
it, on the features of society_difficulty.py; the other half, admitted or refused, is judged by the
true probabilities of going bad.  *everybody* is the card that would be had if nobody was refused.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from society_difficulty import auc, features, fingerprint

from benne.app._refused import admitted_rows, fit, learnt
from benne.app._screening import Screened
from benne.app._society import write_society
from benne.app._training import Refused, Rows
from benne.app.settings import ModelTable
from benne.models import AdditiveModel, Column
from benne.monitoring import band_of

RESULTS = Path(__file__).parent / "results" / "society_refused.csv"
DOMAINS = {
    "h": "history", "f": "fulfilment", "b": "behaviour", "i": "identity", "n": "network",
}  # fmt: skip
POLICIES = {
    "history": {"incumbent.on": 1.0},
    "insight": {"incumbent.on": 1.0, "incumbent.insight": 0.6},
}
METHODS = {
    "everybody": ModelTable(),
    "accepts_only": ModelTable(),
    "inverse_propensity": ModelTable(refused="inverse_propensity"),
    "augmentation": ModelTable(refused="augmentation"),
    "augmentation, no propensities": ModelTable(refused="augmentation"),
}
BANDS = 5


def rows_of(table: pd.DataFrame, columns: list[Column], *, blind: bool) -> Rows:
    """The training half as ``benne train`` reads it; ``blind`` takes the propensities away."""
    ours = table[table["admitted"]]
    others = table[~table["admitted"]]
    place = pd.Series(np.arange(len(table)), index=[*ours.index, *others.index])

    def parts(some: pd.DataFrame) -> dict[str, object]:
        chance = some["propensity"].to_numpy(dtype=float)
        return {
            "features": pa.Table.from_pandas(some[[c.name for c in columns]], preserve_index=False),
            "observation": some.index.to_numpy(),
            "subject": place[some.index].to_numpy(),
            "as_of": some["as_of"].astype("int64").to_numpy(),
            "propensity": np.full(len(some), np.nan) if blind else chance,
        }

    return Rows(
        **parts(ours),
        bad=ours["true_bad"].to_numpy(dtype=np.int64),
        weight=np.ones(len(ours)),
        admitted=np.ones(len(ours), dtype=bool),
        refused=Refused(**parts(others)) if len(others) else None,
    )


def model(columns: list[Column]) -> Screened:
    """A card of smooth terms on 40 columns: quick, and additive as any."""
    return Screened(
        columns, 40, lambda chosen: AdditiveModel(chosen, learner="spline", n_inner_folds=3)
    )


def judged(half: pd.DataFrame, margin: np.ndarray) -> dict[str, float]:
    """The errors of a card among those whom it has not seen, by their true probabilities."""
    claimed = 1 / (1 + np.exp(-margin))
    chance = half["probability_given_path"].to_numpy()
    out = ~half["admitted"].to_numpy()
    edges = np.quantile(margin, np.linspace(0, 1, BANDS + 1)[1:-1])
    band = band_of(margin, edges.tolist())
    gaps = [
        abs(claimed[out & (band == b)].mean() - chance[out & (band == b)].mean())
        for b in range(BANDS)
        if (out & (band == b)).sum() >= 100
    ]
    tenth = band_of(margin, np.quantile(margin, np.linspace(0, 1, 11)[1:-1]).tolist())
    error = [
        (tenth == t).mean() * abs(claimed[tenth == t].mean() - chance[tenth == t].mean())
        for t in range(10)
    ]
    return {
        "auc": auc(chance, margin),
        "auc_refused": auc(chance[out], margin[out]),
        "true_admitted": chance[~out].mean(),
        "claimed_admitted": claimed[~out].mean(),
        "true_refused": chance[out].mean(),
        "claimed_refused": claimed[out].mean(),
        "worst_band": max(gaps, default=np.nan),
        "calibration_error": float(np.sum(error)),
    }


def measured(seed: int, people: int, policy: str) -> list[dict[str, object]]:
    """A row for each method in one society."""
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "society"
        write_society(
            folder, people=people, seed=seed, changes=POLICIES[policy], tell=lambda *_: None
        )
        table = features(folder)
        truth = pd.read_parquet(folder / "truth" / "probabilities.parquet")
    table = table[table["cohort"] == "training"].drop(columns=["probability"], errors="ignore")
    real = truth[truth["cohort"] == "training"].set_index("subject")["bad"]
    table["true_bad"] = table["subject"].map(real).astype(int)
    columns = [Column(c, DOMAINS[c[0]]) for c in table.columns if c[:2] in
               {f"{d}_" for d in DOMAINS}]  # fmt: skip
    side = pd.util.hash_pandas_object(table["subject"], index=False).to_numpy() % 2
    train, test = table[side == 0], table[side == 1]
    seen = pa.Table.from_pandas(test[[c.name for c in columns]], preserve_index=False)
    found = []
    for method, settings in METHODS.items():
        half = train.assign(admitted=True) if method == "everybody" else train
        rows = rows_of(half, columns, blind=method.endswith("no propensities"))
        rows = admitted_rows(rows, settings)
        told = learnt(rows, lambda: model(columns), settings)
        fitted = fit(lambda: model(columns), told.rows, settings)
        weight, factor = rows.weight, told.factor
        found.append({
            "parameters": fingerprint(), "seed": seed, "people": people, "policy": policy,
            "method": method, "rows": len(rows), "bads": int(rows.bad.sum()),
            "effective": weight.sum() ** 2 / np.square(weight).sum(),
            "factor": np.nan if factor is None else factor.used,
            **judged(test, fitted.decision_function(seen)),
        })  # fmt: skip
        print(seed, policy, method, flush=True)
    return found


def page(results: pd.DataFrame) -> str:
    """The mean over seeds, a row for each policy and method."""
    lines = [
        "| policy | learnt by | AUC, all | AUC, refused | admitted: true, claimed | "
        "refused: true, claimed | worst band of the refused | calibration error | odds factor |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for (policy, method), one in results.groupby(["policy", "method"], sort=False):
        m = one.mean(numeric_only=True)
        factor = "" if np.isnan(m.factor) else f"{m.factor:.2f}"
        lines.append(
            f"| {policy} | {method} | {m.auc:.4f} | {m.auc_refused:.4f} | "
            f"{m.true_admitted:.4f}, {m.claimed_admitted:.4f} | "
            f"{m.true_refused:.4f}, {m.claimed_refused:.4f} | {m.worst_band:.4f} | "
            f"{m.calibration_error:.4f} | {factor} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Measure what was not yet measured, and print the mean over all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[21, 22, 23])
    options = parser.parse_args()
    results = pd.read_csv(RESULTS) if RESULTS.exists() else pd.DataFrame()
    if len(results):
        results = results[results["parameters"] == fingerprint()]
    for seed in options.seeds:
        for policy in POLICIES:
            if len(results) and ((results["seed"] == seed) & (results["policy"] == policy)).any():
                continue
            new = pd.DataFrame(measured(seed, options.people, policy))
            results = pd.concat([results, new])
            results.to_csv(RESULTS, index=False, float_format="%.6g")
    print(page(results))


if __name__ == "__main__":
    main()
