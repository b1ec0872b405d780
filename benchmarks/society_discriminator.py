"""What tells simulated borrowers from real ones: a discriminator against ``superlender``.

    python benchmarks/society_discriminator.py --data DIR [--people 20000] [--seed 3]

``DIR`` holds ``superlender/{perf,prevloans,demographics}.parquet`` (examples/README.md says where
they come from): real small loans over a telephone.  From both come the same aggregates of a
borrower's loans in the 18 months before a look.  A LightGBM then tries to say, of people it did
not see, who is simulated.  AUC .5 means that it cannot.

Told are: the AUC with all aggregates; with ranks within each set in their place, so that only how
they go together can tell; and of each aggregate by itself.  The same number of borrowers of each.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import pandas as pd
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from benne.app._society import write_society

REAL = """
with look as (
    select customerid as who, min(approveddate::timestamp) as as_of
    from '{folder}/perf.parquet' group by 1
),
age as (
    select customerid as who, min(birth_year) as birth_year
    from '{folder}/demographics.parquet' group by 1
)
select who, as_of, year(as_of) - birth_year as age_years,
    p.approveddate::timestamp as opened_at, p.loanamount as amount, p.termdays as term_days,
    p.firstduedate::timestamp as due_at, p.firstrepaiddate::timestamp as paid_at
from look
join '{folder}/prevloans.parquet' p on p.customerid = who
left join age using (who)
where p.approveddate::timestamp < as_of - interval 1 day
"""

SIMULATED = """
with look as (
    select subject as who, as_of
    from '{folder}/outcome/standard_obligation.parquet' where cohort = 'out_of_time'
),
age as (
    select subject as who, min(birth_year) as birth_year
    from '{folder}/evidence/profile.parquet' group by 1
),
loan as (
    select distinct on (record) record, subject as who, opened_at, principal_minor, term_days
    from '{folder}/evidence/account.parquet' where product <> 'card'
),
first as (
    select account, min(due_at) as due_at from '{folder}/evidence/instalment.parquet' group by 1
),
paid as (
    select account, due_at, min(paid_at) as paid_at, min(known_at) as known_at
    from '{folder}/evidence/instalment.parquet' where paid_at is not null group by all
)
select look.who, as_of, year(as_of) - birth_year as age_years, opened_at,
    principal_minor as amount, term_days, first.due_at,
    case when paid.known_at < as_of then paid.paid_at end as paid_at
from look
join loan on loan.who = look.who and opened_at < as_of - interval 1 day
join first on first.account = loan.record
left join paid on paid.account = loan.record and paid.due_at = first.due_at
left join age on age.who = look.who
"""

AGGREGATES = """
with loan as (
    select *, date_diff('day', opened_at, as_of) as age_days,
        date_diff('day', due_at, paid_at) as delay_days
    from loans where opened_at > as_of - interval 18 month
),
borrower as (
    select who,
        count(*) as loans,
        avg(amount) as amount_mean,
        max_by(amount, opened_at) / min_by(amount, opened_at) as amount_growth,
        stddev_samp(amount) / avg(amount) as amount_spread,
        avg(term_days) as term_days,
        (max(age_days) - min(age_days)) / nullif(count(*) - 1, 0) as gap_days,
        min(age_days) as since_last_days,
        max(age_days) as since_first_days,
        avg(delay_days) as delay_days_mean,
        max(delay_days) as delay_days_max,
        avg((delay_days > 1)::int) as late_share,
        avg((delay_days < -1)::int) as early_share,
        any_value(age_years) as age_years
    from loan group by who
)
select * exclude (who) replace (amount_mean / median(amount_mean) over () as amount_mean)
from borrower order by hash(who)
"""


def aggregates(sql: str, folder: Path) -> pd.DataFrame:
    """A row a borrower; amounts are of the set's median."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; set threads = 2")
    con.execute(f"create table loans as {sql.format(folder=folder)}")
    return con.execute(AGGREGATES).df().astype(float)


def unseen(table: pd.DataFrame, simulated: np.ndarray) -> float:
    """The AUC of a LightGBM of four parts on the fifth."""
    found = np.zeros(len(table))
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(table, simulated):
        model = lightgbm.LGBMClassifier(
            n_estimators=150, learning_rate=0.05, num_leaves=8, min_child_samples=30,
            n_jobs=1, deterministic=True, random_state=0, verbose=-1,
        )  # fmt: skip
        model.fit(table.iloc[train], simulated[train])
        found[test] = model.predict_proba(table.iloc[test])[:, 1]
    return float(roc_auc_score(simulated, found))


def only_together(part: pd.DataFrame) -> pd.DataFrame:
    """Ranks within the set, ties and what is missing by lot: every aggregate alike but together."""
    random = np.random.default_rng(0)
    shuffled = part.iloc[random.permutation(len(part))]
    ranks = shuffled.rank(method="first", pct=True).sort_index()
    return ranks.where(ranks.notna(), random.random(ranks.shape))


def alone(values: pd.Series, simulated: np.ndarray) -> float:
    """How far one aggregate separates the sets, from .5 to 1; missing counts as lowest."""
    score = roc_auc_score(simulated, values.fillna(-np.inf).rank())
    return float(max(score, 1 - score))


def page(real: pd.DataFrame, made: pd.DataFrame) -> str:
    """The report as Markdown."""
    size = min(len(real), len(made))
    real, made = real.head(size), made.head(size)
    both = pd.concat([real, made], ignore_index=True)
    simulated = np.repeat([0, 1], size)
    ranks = pd.concat([only_together(part) for part in (real, made)], ignore_index=True)
    numbers = both.drop(columns=["term_days"])
    lines = [
        f"{size:,} borrowers of each set. The discriminator's AUC: "
        f"{unseen(both, simulated):.3f} with all aggregates, "
        f"{unseen(numbers, simulated):.3f} without the term, "
        f"{unseen(ranks, simulated):.3f} by ranks within each set.",
        "",
        "| aggregate | AUC alone | real: 10 %, median, 90 % | simulated: 10 %, median, 90 % "
        "| known, real | known, simulated |",
        "|---|---:|---|---|---:|---:|",
    ]
    order = sorted(both, key=lambda name: -alone(both[name], simulated))
    for name in order:
        cells = [f"{alone(both[name], simulated):.3f}"]
        for part in (real, made):
            low, middle, high = part[name].quantile([0.1, 0.5, 0.9])
            cells.append(f"{low:.3g}, {middle:.3g}, {high:.3g}")
        cells += [f"{part[name].notna().mean():.2f}" for part in (real, made)]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> None:
    """Simulate, aggregate, and print the report."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "society"
        write_society(folder, people=options.people, seed=options.seed, tell=lambda *_: None)
        made = aggregates(SIMULATED, folder)
    print(page(aggregates(REAL, options.data / "superlender"), made))


if __name__ == "__main__":
    main()
