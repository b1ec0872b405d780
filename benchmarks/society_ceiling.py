"""How much of a person's risk evidence can tell: learners on ten times the people.

    python benchmarks/society_ceiling.py --folder DIR [--people 50000] [--sizes 2500 ... 40000]

One society, in a workspace ``DIR`` that is made if it is not there.  A fifth of its people are held
out; learners fit the training months of more and more of the others, on every feature of
the catalogue, and are judged on the held-out people out of time.  An AUC is the expected one under
the true probabilities given all that happened.  Small sizes are fitted on several sets of people
that do not overlap.

Results go to benchmarks/results/society_ceiling.csv; what is there is not fitted again.  Prints a
Markdown table; ``--picture FILE`` draws it.
"""

from __future__ import annotations

import argparse
import os
import zlib
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from scipy.optimize import curve_fit

from benne.app._catalogue import catalogue_of
from benne.app._features import make_features
from benne.app._screening import Screened
from benne.app._society import write_society
from benne.app._steps import ingest_workspace
from benne.app._train import read_rows
from benne.app.wiring import session
from benne.kernel import subject_id
from benne.models import AdditiveModel, Column

RESULTS = Path(__file__).parent / "results" / "society_ceiling.csv"
KEYS = ["people", "seed", "learner", "size", "part"]
GROUPS = ("all", "no history", "history")


def prepare(folder: Path, people: int, seed: int) -> tuple[pa.Table, pd.DataFrame, list[Column]]:
    """Features, who and truth, and columns; made once and kept in the folder."""

    def tell(step: str, done: int, total: int | None) -> None:
        print(f"  {step} {done or ''}", flush=True)

    if not (folder / "benne.toml").exists():
        write_society(folder, people=people, seed=seed, tell=tell)
    town = session(folder)
    if not (folder / "ceiling_features.parquet").exists():
        ingest_workspace(town, tell)
        make_features(town, tell)
        with town.lake() as lake:
            rows = read_rows(town, lake)
            names = lake.query("SELECT observation, subject FROM observations ORDER BY observation")
        who = (
            names["subject"]
            .to_pandas()
            .to_numpy()[np.searchsorted(names["observation"].to_numpy(), rows.observation)]
        )
        told = pd.DataFrame({"pseudonym": who, "as_of": rows.as_of, "bad": rows.bad})
        truth(folder, town.key, told).to_parquet(folder / "ceiling_truth.parquet")
        pq.write_table(rows.features, folder / "ceiling_features.parquet")
    with town.lake() as lake:
        catalogue = catalogue_of(town.workspace, lake.versions())
    features = pq.read_table(folder / "ceiling_features.parquet")
    there = set(features.column_names)
    columns = [
        c
        for c in catalogue.columns(town.workspace.attributes, "sesame")
        if c.name in there and len(features[c.name].unique()) > 1
    ]
    return features, pd.read_parquet(folder / "ceiling_truth.parquet"), columns


def truth(folder: Path, key: bytes, told: pd.DataFrame) -> pd.DataFrame:
    """The observations with their probabilities, and whether any statement was known."""
    rows = duckdb.sql(f"""
        select p.subject, epoch_us(p.as_of) as as_of, p.cohort, p.probability,
          p.probability_given_path as chance,
          coalesce(s.first < p.as_of, false) as history
        from '{folder}/truth/probabilities.parquet' p
        left join (select subject, min(known_at) as first
          from '{folder}/evidence/statement.parquet' group by 1) s using (subject)
        where cohort <> 'wave'
    """).df()
    rows["pseudonym"] = [subject_id(name, key=key) for name in rows["subject"]]
    found = told.merge(rows, on=["pseudonym", "as_of"], how="left", validate="1:1")
    assert found["chance"].notna().all()
    return found


def matrix(features: pa.Table, columns: list[Column]) -> np.ndarray:
    """Doubles with NaN where nothing is known; levels as codes."""
    parts = []
    for column in columns:
        values = features[column.name].combine_chunks()
        if column.category:
            values = values.dictionary_encode().indices
        parts.append(values.cast(pa.float64()).to_numpy(zero_copy_only=False))
    return np.column_stack(parts)


def free(X: np.ndarray, y: np.ndarray, late: np.ndarray, columns: list[Column]) -> np.ndarray:
    """LightGBM without limits; the number of trees is chosen on a fifth held back, three times."""
    import lightgbm

    settings = {
        "objective": "binary", "learning_rate": 0.03, "num_leaves": 15, "min_data_in_leaf": 40,
        "feature_fraction": 0.3, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10.0,
        "verbose": -1, "num_threads": 1, "deterministic": True,
    }  # fmt: skip
    levels = [k for k, column in enumerate(columns) if column.category]
    scores = np.zeros(len(late))
    for seed in range(3):
        held = np.random.default_rng(seed).random(len(y)) < 0.2
        data = lightgbm.Dataset(X[~held], y[~held], categorical_feature=levels)
        watch = lightgbm.Dataset(X[held], y[held], reference=data)
        model = lightgbm.train(
            {**settings, "seed": seed, "metric": "binary_logloss"}, data, 1500,
            valid_sets=[watch], callbacks=[lightgbm.early_stopping(60, verbose=False)],
        )  # fmt: skip
        scores += model.predict(late, raw_score=True)
    return scores


def additive(
    features: pa.Table, y: np.ndarray, late: pa.Table, columns: list[Column]
) -> np.ndarray:
    """The additive model by domain, strict, on the 60 columns that screening singles out."""

    def make(chosen: tuple[Column, ...]) -> AdditiveModel:
        return AdditiveModel(chosen, n_inner_folds=3)

    model = Screened(columns, 60, make)
    model.fit(features, y, sample_weight=np.ones(len(y)), groups=np.arange(len(y)))
    return model.decision_function(late)


def auc(chance: np.ndarray, score: np.ndarray) -> float:
    """The expected AUC of ``score`` where each row is bad with its own ``chance``."""
    order = np.argsort(score, kind="stable")
    bad, good, score = chance[order], 1 - chance[order], score[order]
    _, first = np.unique(score, return_index=True)
    bads, goods = np.add.reduceat(bad, first), np.add.reduceat(good, first)
    below = np.cumsum(goods) - goods
    return float((bads * (below + goods / 2)).sum() / (bad.sum() * good.sum()))


def judged(score: np.ndarray, late: pd.DataFrame) -> dict[str, float]:
    """The AUC of each group of held-out people."""
    chance, history = late["chance"].to_numpy(), late["history"].to_numpy()
    which = {"all": history | True, "no history": ~history, "history": history}
    return {name: auc(chance[rows], score[rows]) for name, rows in which.items()}


def measure(options: argparse.Namespace) -> pd.DataFrame:
    """Fit what is not in the results yet, largest last; all results."""
    features, who, columns = prepare(options.folder, options.people, options.seed)
    deal = np.array([zlib.crc32(name.encode()) % 10_000 for name in who["subject"]])
    late = np.flatnonzero((deal < 2_000) & (who["cohort"] == "out_of_time"))
    early = np.flatnonzero((deal >= 2_000) & (who["cohort"] == "training"))
    early = early[np.argsort(deal[early], kind="stable")]
    X, y, judge = matrix(features, columns), who["bad"].to_numpy(), who.iloc[late]
    done = pd.read_csv(options.results) if options.results.exists() else pd.DataFrame(columns=KEYS)
    latent = judged(judge["probability"].to_numpy(), judge)
    tasks = [(0, 0, "latent")]
    for size in sorted(options.sizes):
        for part in range(min(3, len(early) // size)):
            tasks += [(size, part, learner) for learner in ("LightGBM", "additive")]
    for size, part, learner in tasks:
        key = (options.people, options.seed, learner, size, part)
        if (done[KEYS] == key).all(axis=1).any():
            continue
        rows = early[part * size : (part + 1) * size]
        if learner == "latent":
            found = latent
        elif learner == "LightGBM":
            found = judged(free(X[rows], y[rows], X[late], columns), judge)
        else:
            taken, shown = features.take(pa.array(rows)), features.take(pa.array(late))
            found = judged(additive(taken, y[rows], shown, columns), judge)
        row = pd.DataFrame([{**dict(zip(KEYS, key, strict=True)), **found}])
        done = pd.concat([done, row]) if len(done) else row
        done.to_csv(options.results, index=False, float_format="%.5f")
        print(f"  {learner} on {size:,}, part {part}: {found['all']:.4f}", flush=True)
    return done[(done["people"] == options.people) & (done["seed"] == options.seed)]


def limit(curve: pd.Series) -> float:
    """Where ``a - b * size ** -c`` goes, fitted by least squares."""
    (a, _, _), _ = curve_fit(
        lambda n, a, b, c: a - b * (n / 1e4) ** -c, curve.index.to_numpy(float), curve.to_numpy(),
        p0=(0.8, 0.01, 0.5), bounds=([0.5, 0, 0.1], [1, 1, 1.5]),
    )  # fmt: skip
    return float(a)


def page(results: pd.DataFrame) -> str:
    """The learning curves as Markdown."""
    lines = ["| people who are learned from | learner | all | no history | history |"]
    lines.append("|---:|---|---:|---:|---:|")
    means = results.groupby(["learner", "size"])[list(GROUPS)].mean()
    for learner in ("LightGBM", "additive"):
        for size, row in means.loc[learner].iterrows():
            lines.append(f"| {size:,} | {learner} | {' | '.join(f'{v:.4f}' for v in row)} |")
        ends = " | ".join(f"{limit(means.loc[learner][group]):.4f}" for group in GROUPS)
        lines.append(f"| without end (fitted) | {learner} | {ends} |")
    latent = " | ".join(f"{v:.4f}" for v in means.loc["latent"].iloc[0])
    lines.append(f"| | latent ceiling | {latent} |")
    return "\n".join(lines)


def draw(results: pd.DataFrame, file: Path) -> None:
    """The learning curves as a picture."""
    import altair as alt

    rows = results[results["learner"] != "latent"].melt(
        ["learner", "size"], list(GROUPS), "people", "auc"
    )
    chart = (
        alt.Chart(rows)
        .mark_line(point=True)
        .encode(
            x=alt.X("size:Q", title="people who are learned from").scale(type="log"),
            y=alt.Y("mean(auc):Q", title="AUC out of time").scale(zero=False),
            color=alt.Color("learner:N", title=None),
        )
        .properties(width=220, height=200)
        .facet(column=alt.Column("people:N", title=None, sort=list(GROUPS)))
        .resolve_scale(y="independent")
    )
    chart.save(file, scale_factor=1.5)


def main() -> None:
    """Measure, and print the table."""
    os.environ.setdefault("BENNE_THREADS", "2")
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--people", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[2_500, 5_000, 10_000, 20_000, 36_000]
    )
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--picture", type=Path)
    options = parser.parse_args()
    results = measure(options)
    print(page(results))
    if options.picture:
        draw(results, options.picture)


if __name__ == "__main__":
    main()
