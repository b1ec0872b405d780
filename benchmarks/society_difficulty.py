"""How hard the society is, beside what its parameter file states beforehand.

    python benchmarks/society_difficulty.py [--people 30000] [--seeds 11 12 13 14 15] [--set a.b=0]
    python benchmarks/society_difficulty.py --live --seeds 31 32 33

Results go to benchmarks/results/society_difficulty.csv, and a seed that is there is not run again,
unless the parameters changed; after a change to the code remove the file.  With --set nothing is
kept, nor with --live, which fails where a figure lies outside its band by more than two standard
errors over the seeds.  Seeds 1 to 5 were used to tune the society.

The features are plain SQL of this file's own and the learner is LightGBM, so that the society is
not measured by what it is there to measure.  Whoever trains does not test: subjects are split in
two, each half is scored out of time by a model of the other half's training months.  An AUC counts
each person as bad with the true probability given all that happened, not by the one outcome that
was drawn: the same figure in expectation, with far less noise.

Thin: the first account is at most a year old; thick: more than two years.  Who is in default at the
moment of the look, or charged off before, is left out of the rows about histories, as lenders do.
"""

from __future__ import annotations

import argparse
import hashlib
import tempfile
from pathlib import Path

import duckdb
import lightgbm
import numpy as np
import pandas as pd

from benne.app._society import parse_changes, write_society
from benne.society import standard_parameters

RESULTS = Path(__file__).parent / "results" / "society_difficulty.csv"

BUREAU = """
select o.observation,
  (select count(*) from acc a where a.observation = o.observation) as h_accounts,
  s.*  exclude (observation), i.* exclude (observation), a.* exclude (observation),
  n.* exclude (observation), c.* exclude (observation)
from obs o
left join (select observation, count(*) as h_statements, max(days_past_due) as h_dpd_ever,
    max(days_past_due) filter (age < 400) as h_dpd_year,
    max(days_past_due) filter (age < 75) as h_dpd_now,
    count(*) filter (days_past_due > 0 and age < 400) as h_late_year,
    count(*) filter (days_past_due > 0) / count(*) as h_late_share,
    min(age) filter (days_past_due > 0) as h_since_late,
    avg(balance_minor / nullif(limit_minor, 0)) filter (age < 110) as h_use_now,
    avg(balance_minor / nullif(limit_minor, 0)) as h_use_ever,
    sum(balance_minor) filter (age < 60) as h_balance,
    count(distinct account) filter (age < 75) as h_active,
    count(*) filter (status = 'charged_off') as h_off
  from (select *, date_diff('day', period_end, as_of) as age from stm) group by all) s
  using (observation)
left join (select observation, count(*) as h_inquiries,
    count(*) filter (happened_at > as_of - interval 6 month) as h_inquiries_half
  from inq group by all) i using (observation)
left join (select observation, max(date_diff('day', opened_at, as_of)) as h_oldest,
    min(date_diff('day', opened_at, as_of)) as h_newest, avg((product = 'card')::int) as h_cards,
    max(limit_minor) as h_limit, max(principal_minor) as h_principal
  from acc group by all) a using (observation)
left join (select observation, avg(date_diff('day', due_at, paid_at)) as h_delay,
    avg((paid_at > due_at)::int) as h_tardy
  from ins where paid_at is not null group by all) n using (observation)
left join (select observation, count(*) as h_court from pub group by all) c using (observation)
"""

OTHERS = {
    "f": """select observation, count(*) as f_bills, avg((paid_at is null)::int) as f_unpaid,
        avg((coalesce(paid_at, as_of) > due_at)::int) as f_late,
        avg((coalesce(paid_at, as_of) > due_at)::int) filter (age < 190) as f_late_half,
        avg(date_diff('day', due_at, coalesce(paid_at, as_of))) as f_delay,
        avg((coalesce(paid_at, as_of) > due_at)::int) filter (contract = 'rent') as f_rent_late
        from (select *, date_diff('day', due_at, as_of) as age from obl) group by all""",
    "fo": """select observation, count(*) as f_orders,
        avg((state <> 'returned')::int) as f_orders_late, count(*) filter (state = 'lost') as f_lost
        from ord where state <> 'open' group by all""",
    "fb": """select observation, count(*) as f_breaches,
        count(*) filter (settled_at is null) as f_breaches_open from bre group by all""",
    "fm": """select observation, max_by(income_minor, happened_at) as f_income,
        max_by(asset_minor, happened_at) as f_asset, max_by(debt_minor, happened_at) as f_debt
        from mea group by all""",
    "b": """select observation, count(*) as b_count, sum(amount_minor) filter (amount_minor > 0
          and age < 100) as b_in_quarter, sum(amount_minor) filter (amount_minor > 0) as b_in,
        sum(amount_minor) filter (amount_minor < 0) as b_out,
        min(age) filter (amount_minor > 0) as b_since_in,
        avg((category = 'gambling')::int) as b_gambling, avg((category = 'cash')::int) as b_cash,
        avg((category = 'leisure')::int) as b_leisure, avg((category = 'travel')::int) as b_travel,
        avg((category = 'trade')::int) as b_trade,
        stddev(amount_minor) filter (amount_minor > 0) / avg(amount_minor)
          filter (amount_minor > 0) as b_vary
        from (select *, date_diff('day', happened_at, as_of) as age from tra) where age < 370
        group by all""",
    "ba": """select observation, count(*) as b_uses, count(distinct device) as b_devices,
        avg((scene = 'games')::int) as b_games from act group by all""",
    "i": """select observation, year(as_of) - max_by(birth_year, happened_at) as i_age,
        max_by(case education when 'primary' then 0 when 'secondary' then 1 when 'vocational'
          then 2 when 'university' then 3 end, happened_at) as i_education,
        max_by(case employment when 'salaried' then 0 when 'informal' then 1 when 'student' then 2
          else 3 end, happened_at) as i_employment,
        max_by(case residence when 'owner' then 0 when 'tenant' then 1 else 2 end, happened_at)
          as i_residence,
        date_diff('day', max_by(resident_since, happened_at), as_of) as i_resident,
        date_diff('day', max_by(phone_since, happened_at), as_of) as i_phone,
        date_diff('day', max_by(employed_since, happened_at), as_of) as i_employed,
        max_by(replace(region, 'region_', '')::int, happened_at) as i_region,
        count(*) as i_profiles from pro group by observation, as_of""",
    "iv": """select observation, avg((result = 'mismatch')::int) as i_mismatch from ver
        group by all""",
    "ia": """select observation, max_by(number, happened_at) filter (name like 'topup%') as b_topup,
        max_by(number, happened_at) filter (name like 'handset%') as i_handset from att
        group by all""",
    "n": """select observation, any_value(n_ties) as n_ties, any_value(n_strength) as n_strength,
        sum(strength_permille * late) / sum(strength_permille * bills) as n_bills_late,
        sum(strength_permille * arrears) / sum(strength_permille * statements) as n_arrears,
        avg((arrears > 0)::int) filter (statements > 0) as n_in_arrears,
        sum(strength_permille * owes) / sum(strength_permille) as n_owes
        from (select *, count(*) over (partition by observation) as n_ties,
            avg(strength_permille) over (partition by observation) as n_strength from tie) t
        left join near n on n.subject = t.other and n.as_of = t.as_of group by observation""",
}

NEAR = """
create table near as
with looks as (select distinct as_of from obs),
bill as (select subject, as_of, count(*) as bills,
    count(*) filter (paid_at > due_at + interval 1 day) as late
  from '{folder}/evidence/obligation.parquet', looks
  where known_at between as_of - interval 1 year and as_of group by all),
arrear as (select subject, as_of, count(*) as statements,
    count(*) filter (days_past_due >= 30) as arrears,
    max((days_past_due >= 60)::int) as owes
  from '{folder}/evidence/statement.parquet', looks
  where known_at between as_of - interval 1 year and as_of group by all)
select coalesce(b.subject, a.subject) as subject, coalesce(b.as_of, a.as_of) as as_of,
  b.bills, b.late, a.statements, a.arrears, a.owes
from bill b full join arrear a on a.subject = b.subject and a.as_of = b.as_of
"""
"""What is known of everyone as a neighbour, at each moment of a look."""

TABLES = {
    "acc": "account", "stm": "statement", "inq": "inquiry", "ins": "instalment",
    "pub": "public_record", "obl": "obligation", "ord": "order", "bre": "breach", "mea": "means",
    "tra": "transaction", "act": "activity", "pro": "profile", "ver": "verification",
    "att": "attribute", "tie": "tie",
}  # fmt: skip


def features(folder: Path) -> pd.DataFrame:
    """One row an observation: features, outcome, truth."""
    con = duckdb.connect()
    con.execute("set threads = 2; set memory_limit = '6GB'")
    con.execute(f"""create table obs as select row_number() over (order by as_of, subject) as
        observation, * from '{folder}/outcome/standard_obligation.parquet'""")
    for short, kind in TABLES.items():
        con.execute(f"""create table {short} as
            select * exclude (cause) from (select o.observation, o.as_of, r.*
              from obs o join '{folder}/evidence/{kind}.parquet' r
              on r.subject = o.subject and r.known_at <= o.as_of
              qualify row_number() over (partition by o.observation, r.record
                order by r.known_at desc) = 1) where cause <> 'retraction'""")
    con.execute(f"create table h as {BUREAU}")
    for short, sql in OTHERS.items():
        if short == "n":
            con.execute(NEAR.format(folder=folder))
        con.execute(f"create table {short} as {sql}")
    joins = " ".join(f"left join {short} using (observation)" for short in ("h", *OTHERS))
    return con.execute(f"""select obs.*, p.probability, p.probability_given_path,
        {", ".join(f"{short}.* exclude (observation)" for short in ("h", *OTHERS))}
        from obs left join (select * from '{folder}/truth/probabilities.parquet'
          where cohort <> 'wave') p using (subject, as_of) {joins} order by observation""").df()


def fit(table: pd.DataFrame, columns: list[str], *, strict: bool, rounds: int) -> lightgbm.Booster:
    """A LightGBM; a strict one never joins two domains in a tree."""
    groups = {c[0]: [k for k, d in enumerate(columns) if d[0] == c[0]] for c in columns}
    settings = {
        "objective": "binary", "learning_rate": 0.06, "num_leaves": 12, "min_data_in_leaf": 60,
        "feature_fraction": 0.5, "bagging_fraction": 0.7, "bagging_freq": 1, "lambda_l2": 10.0,
        "verbose": -1, "num_threads": 1, "deterministic": True, "seed": 0,
    }  # fmt: skip
    if strict:
        settings["interaction_constraints"] = list(groups.values())
    data = lightgbm.Dataset(table[columns], table["bad"])
    return lightgbm.train(settings, data, rounds)


def out_of_time(table: pd.DataFrame, columns: list[str], *, strict: bool = False) -> np.ndarray:
    """Scores of the out-of-time rows, each by a model that never saw the subject."""
    half = pd.util.hash_pandas_object(table["subject"], index=False).to_numpy() % 2
    late = (table["cohort"] == "out_of_time").to_numpy()
    found = np.zeros(len(table))
    for side in (0, 1):
        model = fit(table[~late & (half != side)], columns, strict=strict, rounds=140)
        rows = late & (half == side)
        found[rows] = model.predict(table.loc[rows, columns])
    return found[late]


def auc(chance: np.ndarray, score: np.ndarray) -> float:
    """The expected AUC of ``score`` where each row is bad with its own ``chance``."""
    order = np.argsort(score, kind="stable")
    bad, good, score = chance[order], 1 - chance[order], score[order]
    _, first = np.unique(score, return_index=True)
    bads, goods = np.add.reduceat(bad, first), np.add.reduceat(good, first)
    below = np.cumsum(goods) - goods
    return float((bads * (below + goods / 2)).sum() / (bad.sum() * good.sum()))


SCORES = ("bureau", "others", "strict", "free")
HEAD = (
    "parameters",
    "seed",
    "people",
    "group",
    "n",
    "bad_rate",
    *SCORES,
    "latent",
    "gain",
    "free_over_strict",
)


def fingerprint() -> str:
    """Which numbers a result was measured with."""
    numbers = standard_parameters()
    text = "\n".join(f"{name}={numbers[name]!r}" for name in numbers)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def groups(late: pd.DataFrame) -> dict[str, np.ndarray]:
    """Which out-of-time rows are of each group of people."""
    oldest = late["h_oldest"].fillna(-1).to_numpy()
    known = (late["h_statements"].fillna(0) > 0).to_numpy()
    sound = known & (late["h_dpd_now"].fillna(0) < 90).to_numpy()
    sound &= (late["h_off"].fillna(0) == 0).to_numpy()
    return {
        "all": np.ones(len(late), dtype=bool), "no history": ~known, "with history": sound,
        "thin": sound & (oldest <= 365), "thick": sound & (oldest > 730),
    }  # fmt: skip


def measured(folder: Path, seed: int, people: int) -> list[dict[str, object]]:
    """A row for each group of people of one society."""
    table = features(folder)
    table["bad"] = (table["outcome"] == "bad").astype(int)
    domains = {d: [c for c in table.columns if c.startswith(f"{d}_")] for d in "hfbin"}
    late = table[table["cohort"] == "out_of_time"]
    columns = [c for group in domains.values() for c in group]
    scores = {
        "bureau": out_of_time(table, domains["h"]),
        "others": out_of_time(table, [c for c in columns if not c.startswith("h_")]),
        "strict": out_of_time(table, columns, strict=True),
        "free": out_of_time(table, columns),
        "latent": late["probability"].to_numpy(),
    }
    chance = late["probability_given_path"].to_numpy()
    rows = []
    for name, which in groups(late).items():
        found = {k: auc(chance[which], s[which]) for k, s in scores.items()}
        rows.append({
            "parameters": fingerprint(), "seed": seed, "people": people,
            "group": name, "n": int(which.sum()),
            "bad_rate": float(late["bad"].to_numpy()[which].mean()), **found,
            "gain": found["free"] - found["bureau"],
            "free_over_strict": found["free"] - found["strict"],
        })  # fmt: skip
    return rows


def page(results: pd.DataFrame) -> str:
    """The mean over seeds of each figure, and over how many."""
    lines = [f"| {' | '.join(('people', 'n', *HEAD[5:]))} |", "|---|" + "---:|" * 9]
    for name in results["group"].unique():
        one = results[results["group"] == name]
        cells = [f"{one[column].mean():.4f}" for column in HEAD[5:]]
        lines.append(f"| {' | '.join((name, f'{one.n.sum():,}', *cells))} |")
    return "\n".join(lines)


BANDS = (
    ("all", "bad_rate", "bad_rate"),
    ("with history", "bureau", "bureau_auc"),
    ("thin", "gain", "thin_gain"),
    ("thick", "gain", "thick_gain"),
    ("all", "free_over_strict", "free_over_strict"),
)


def outside(results: pd.DataFrame) -> list[str]:
    """The figures whose mean lies outside the band of [difficulty], by more than chance."""
    stated = standard_parameters()
    found = []
    for group, column, band in BANDS:
        values = results.loc[results["group"] == group, column]
        value = values.mean()
        slack = 2 * values.std(ddof=1) / np.sqrt(len(values)) if len(values) > 1 else 0.0
        low, high = (
            stated[name] if (name := f"difficulty.{band}_{end}") in set(stated) else np.inf
            for end in ("min", "max")
        )
        if not low - slack <= value <= high + slack:
            found.append(f"{group}: {column} is {value:.4f}, stated from {low:g} to {high:g}")
    return found


def main() -> None:
    """Measure each seed that was not yet, and print the mean over all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--people", type=int, default=30_000)
    parser.add_argument("--seeds", type=int, nargs="+", default=[11, 12, 13, 14, 15])
    parser.add_argument("--set", action="append", default=[], metavar="section.name=value")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--live", action="store_true", help="keep nothing; fail out of band")
    options = parser.parse_args()
    changes = parse_changes(options.set)
    kept = options.results if not changes and not options.live else None
    done = pd.read_csv(kept) if kept and kept.exists() else pd.DataFrame(columns=HEAD)
    done = done[done["parameters"] == fingerprint()]
    for seed in options.seeds:
        if ((done["seed"] == seed) & (done["people"] == options.people)).any():
            continue
        with tempfile.TemporaryDirectory() as parent:
            folder = Path(parent) / "society"
            write_society(
                folder, people=options.people, seed=seed, changes=changes, tell=lambda *_: None
            )
            rows = pd.DataFrame(measured(folder, seed, options.people))
        done = pd.concat([done, rows]) if len(done) else rows
        if kept:
            done.to_csv(kept, index=False, float_format="%.5f")
    results = done[done["people"] == options.people]
    print(page(results))
    if options.live and (wrong := outside(results)):
        raise SystemExit("\n".join(("the society is not as hard as stated:", *wrong)))


if __name__ == "__main__":
    main()
