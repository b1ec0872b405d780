"""The society's marginals beside what is published and what real sets show, as a page of pictures.

    python benchmarks/society_marginals.py --data DIR [--people 20000] [--seed 3]

``DIR`` holds ``gmsc/training.parquet`` and ``taiwan/default_of_credit_card_clients.parquet``
(examples/README.md says where they come from).  Writes docs/explanation/society-marginals.md and
its pictures.  Everybody is looked at out of time, with what was known by then.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path
from typing import NamedTuple

import altair as alt
import duckdb
import pandas as pd

from benne.app._society import write_society

DOCS = Path(__file__).parent.parent / "docs"


class Band(NamedTuple):
    """A variable whose band edges are published: the edges rise, the labels are one more."""

    name: str
    sql: str
    edges: tuple[float, ...]
    labels: tuple[str, ...]


class Figure(NamedTuple):
    """A published figure, how the society counts it, and why they differ where they do."""

    says: str
    published: float | str
    source: str
    sql: str
    why: str


SDK = "comments in the open platform's published client library"
YEAR = "interval 1 year"

BANDS = (
    Band(
        "age of the credit history, years",
        "select max(date_diff('day', opened_at, look_at)) / 365.25 as x from account, looked "
        "where known_at <= look_at and subject in (select subject from look) group by subject",
        (1, 2, 3),
        ("< 1", "1-2", "2-3", "3 or more"),
    ),
    Band(
        "years at the address",
        "select date_diff('day', max_by(resident_since, happened_at), any_value(look_at)) / 365.25 "
        "as x from profile, looked where known_at <= look_at group by subject",
        (1, 3, 5),
        ("< 1", "1-3", "3-5", "5 or more"),
    ),
    Band(
        "days with the same telephone number",
        "select date_diff('day', max_by(phone_since, happened_at), any_value(look_at)) as x "
        "from profile, looked where known_at <= look_at group by subject",
        (270, 540, 720, 900, 1080, 1260, 1440, 1800),
        (
            "< 270", "270-540", "540-720", "720-900", "900-1080", "1080-1260", "1260-1440",
            "1440-1800", "1800 or more",
        ),
    ),
    Band(
        "active days in a year",
        f"""select count(distinct happened_at::date) as x from (
            select subject, happened_at, known_at from transaction
            union all select subject, happened_at, known_at from activity), looked
            where known_at <= look_at and happened_at > look_at - {YEAR} group by subject""",
        (30, 85, 190),
        ("1-29", "30-84", "85-189", "190 or more"),
    ),
    Band(
        "scenes used in a year",
        f"""select count(distinct scene) as x from (
            select subject, scene, happened_at, known_at from activity
            union all select subject, category, happened_at, known_at from transaction
              where amount_minor < 0), looked
            where known_at <= look_at and happened_at > look_at - {YEAR} group by subject""",
        (3, 6, 9),
        ("1-2", "3-5", "6-8", "9 or more"),
    ),
    Band(
        "variation of monthly spending",
        f"""select stddev_pop(spent) / avg(spent) as x from (
            select subject, month(happened_at) as m, -sum(amount_minor) as spent
            from transaction, looked where known_at <= look_at and amount_minor < 0
              and happened_at > look_at - {YEAR} group by all)
            group by subject having count(*) > 2""",
        (0.5, 1, 2),
        ("0-0.5", "0.5-1", "1-2", "2 or more"),
    ),
    Band(
        "services whose promises were kept",
        "select count(distinct service) as x from orders, looked "
        "where known_at <= look_at and state = 'returned' group by subject",
        (2,),
        ("1", "2 or more"),
    ),
)  # fmt: skip

FIGURES = (
    Figure(
        "share of people recorded who have a credit history",
        375 / 875, "People's Bank of China bureau in 2015, as told by Kapronasia, 23 May 2017",
        "select count(distinct s.subject) / (select count(*) from look) from statement s, looked "
        "where known_at <= look_at and subject in (select subject from look)",
        "half have access beforehand, and some of them never take an account",
    ),
    Figure(
        "share of wallet users without a credit account",
        0.60, "users of an online credit line, press of 2017 to 2020",
        """select avg((a.subject is null)::int) from (select distinct t.subject from transaction t,
            looked where known_at <= look_at) t left join (select distinct subject
            from account, looked where known_at <= look_at) a using (subject)""",
        "access to a wallet and to credit go together only through age here",
    ),
    Figure(
        "of files that a bureau score cannot score, the share too thin, not stale",
        9.9 / 19.5, "Consumer Financial Protection Bureau, 2015",
        """select avg((newest >= look_at - interval 183 day)::int) from (
            select subject, min(opened_at) as oldest, any_value(look_at) as look_at
            from account, looked where known_at <= look_at group by 1)
            left join (select subject, max(period_end) as newest from statement, looked
              where known_at <= look_at group by 1) using (subject)
            where oldest > look_at - interval 183 day or newest < look_at - interval 183 day
              or newest is null""",
        "accounts close with their last instalment here, and few cards are kept for decades",
    ),
    Figure(
        "power banks never returned",
        0.00014, "a rental firm, not returned after 7 days, China Daily, 24 November 2017",
        "select avg((state = 'lost')::int) from (select record, max_by(state, known_at) as state "
        "from orders where service = 'power_bank' group by 1) where state <> 'open'",
        "set to it, but for rings of fraud; a handful of orders here, so that chance rules",
    ),
)  # fmt: skip

SOCIETY_CARDS = """
select avg(balance_minor / limit_minor) as utilisation from (
  select subject, account, max_by(balance_minor, period_end) as balance_minor,
    max_by(limit_minor, period_end) as limit_minor
  from statement, looked where known_at <= look_at and limit_minor > 0
    and period_end > look_at - interval 75 day and status <> 'closed' group by all) group by subject
"""

SOCIETY_FILES = """
select any_value(age) as age,
  count(distinct account) filter (period_end > look_at - interval 75 day) as open_lines,
  max((days_past_due >= 30)::int) as ever_30, max((days_past_due >= 90)::int) as ever_90
from (select subject, account, period_end, days_past_due, look_at from statement, looked
  where known_at <= look_at and period_end > look_at - interval 2 year and status <> 'unknown')
join (select subject, year(any_value(look_at)) - min(birth_year) as age from profile, looked
  where known_at <= look_at group by 1) using (subject) group by subject
"""

GMSC = """
select age, RevolvingUtilizationOfUnsecuredLines as utilisation,
  NumberOfOpenCreditLinesAndLoans as open_lines,
  ("NumberOfTime30-59DaysPastDueNotWorse" + "NumberOfTime60-89DaysPastDueNotWorse"
    + NumberOfTimes90DaysLate > 0)::int as ever_30, (NumberOfTimes90DaysLate > 0)::int as ever_90,
  SeriousDlqin2yrs as bad
from '{data}/gmsc/training.parquet' where NumberOfTimes90DaysLate < 90
"""

TAIWAN = """
select AGE as age, greatest(BILL_AMT1, 0) / LIMIT_BAL as utilisation,
  "default payment next month" as bad
from '{data}/taiwan/default_of_credit_card_clients.parquet'
"""


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """The evidence as views, and ``looked``: the one moment of the look."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'; set threads = 2")
    for path in (folder / "evidence").glob("*.parquet"):
        name = "orders" if path.stem == "order" else path.stem
        con.execute(f"create view {name} as from '{path}'")
    con.execute(f"""create table look as select subject, as_of, outcome
        from '{folder}/outcome/standard_obligation.parquet' where cohort = 'out_of_time'""")
    con.execute("create table looked as select max(as_of) as look_at from look")
    return con


def banded(con: duckdb.DuckDBPyConnection) -> pd.DataFrame:
    """The share of people in each published band."""
    rows = []
    for band in BANDS:
        values = con.execute(band.sql).df()["x"].dropna()
        places = pd.cut(values, [-float("inf"), *band.edges, float("inf")], right=False)
        shares = places.value_counts(sort=False, normalize=True)
        rows += [
            {"variable": band.name, "band": label, "place": place, "share": share}
            for place, (label, share) in enumerate(zip(band.labels, shares, strict=True))
        ]
    return pd.DataFrame(rows)


def draw_bands(rows: pd.DataFrame, file: Path) -> None:
    """A bar for each band of each variable."""
    charts = [
        alt.Chart(rows[rows["variable"] == band.name], title=band.name)
        .mark_bar()
        .encode(
            x=alt.X("band:N", sort=list(band.labels), title=None).axis(labelAngle=-30),
            y=alt.Y("share:Q", title="share of people").axis(format="%"),
        )
        .properties(width=230, height=130)
        for band in BANDS
    ]
    alt.concat(*charts, columns=3).save(file, scale_factor=1.3)


def draw_real(sets: dict[str, dict[str, pd.DataFrame]], file: Path) -> None:
    """Cumulative shares of the society and of real sets."""
    limits = {"age": (18, 90), "utilisation": (0, 1.2), "open_lines": (0, 20)}
    charts = []
    for name, (low, high) in limits.items():
        parts = []
        for label, tables in sets.items():
            values = next((t[name] for t in tables.values() if name in t), pd.Series(dtype=float))
            values = values.dropna().clip(low, high)
            if len(values):
                steps = [low + (high - low) * k / 60 for k in range(61)]
                shares = [(values <= step).mean() for step in steps]
                parts.append(pd.DataFrame({"x": steps, "share": shares, "set": label}))
        charts.append(
            alt.Chart(pd.concat(parts), title=name.replace("_", " "))
            .mark_line(interpolate="step-after")
            .encode(
                x=alt.X("x:Q", title=None).scale(domain=(low, high)),
                y=alt.Y("share:Q", title="share at most so much").axis(format="%"),
                color=alt.Color("set:N", title=None),
            )
            .properties(width=230, height=170)
        )
    alt.concat(*charts, columns=3).save(file, scale_factor=1.3)


def number(value: float) -> str:
    """Three digits that count."""
    return f"{value:.3g}"


def apart(published: float, found: float) -> str:
    """How far the society is from what is published."""
    if found == 0:
        return "none here"
    ratio = found / published
    if 0.8 <= ratio <= 1.25:
        return "close"
    return f"{ratio:.1f} times" if ratio > 1 else f"{1 / ratio:.1f} times less"


def figures_table(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Published figures beside the society's."""
    lines = [
        "| figure | published | society | apart | source, and why |",
        "|---|---:|---:|---|---|",
    ]
    for one in FIGURES:
        found = float(con.execute(one.sql).fetchone()[0])
        lines.append(
            f"| {one.says} | {number(one.published)} | {number(found)} "
            f"| {apart(one.published, found)} | {one.source}; {one.why} |"
        )
    return lines


def sets_table(sets: dict[str, dict[str, pd.DataFrame]]) -> list[str]:
    """The same quantiles and shares of the society's borrowers and of the real sets'."""
    asked = {
        "age, years: 10 %, median, 90 %": ("age", None),
        "utilisation of cards: 10 %, median, 90 %": ("utilisation", None),
        "share over nine tenths of the limit": ("utilisation", 0.9),
        "open accounts: 10 %, median, 90 %": ("open_lines", None),
        "share 30 days past due in two years": ("ever_30", 0),
        "share 90 days past due in two years": ("ever_90", 0),
        "share bad": ("bad", 0),
    }
    lines = [f"| | {' | '.join(sets)} |", "|---|" + "---|" * len(sets)]
    for says, (name, over) in asked.items():
        cells = []
        for tables in sets.values():
            values = next((t[name] for t in tables.values() if name in t), pd.Series(dtype=float))
            values = values.dropna()
            if not len(values):
                cells.append("-")
            elif over is not None:
                cells.append(number((values > over).mean()))
            else:
                cells.append(", ".join(number(q) for q in values.quantile([0.1, 0.5, 0.9])))
        lines.append(f"| {says} | {' | '.join(cells)} |")
    return lines


PAGE = """\
# The society beside what is published

Written by `python -W ignore benchmarks/society_marginals.py --data DIR`; do not edit. {people:,}
simulated people, seed {seed}, looked at out of time with what was known by then.

## Published figures

{figures}

## Bands of a real score's variables

The edges are published ({sdk}); the shares of real people in them are not. A variable whose
people all crowd into one band is one in which the society differs from those for whom the bands
were cut.

![Shares of simulated people in published bands](../images/society_bands.png)

{bands}

## Real borrowers

Two public sets of real borrowers, who were granted credit in other countries and years, beside the
simulated people who have a credit file. *Bad* is 90 days past due within 12 months (society),
90 days past due within two years (gmsc), default in the next month (taiwan).

![Cumulative shares of the society and of real sets](../images/society_real.png)

{sets}

## Where it differs

- A file that cannot be scored is mostly stale here, and as often thin as stale where it was
  counted: loans end with their last instalment, and people come to credit at any age, not young
  and all at once.
- Recorded use is lighter than the edges of active days suggest, and more various than those of
  scenes: a person's rows are kept few, so that a million people can be simulated
  (`traces.spending_a_month`, `traces.activity_a_month`), and are spread over scenes almost
  evenly.
- Telephone numbers are kept longer than the edges suggest: two in three people lie beyond the
  last.
- Real cards lie near nothing or near the limit, simulated ones less so: one person in seven or five
  has drawn over nine tenths in the real sets, and one in sixteen here.
- People hold one or two open accounts; gmsc's borrowers, of a country of many cards a person,
  hold eight.
- Ages lie between those of the two sets. Arrears of 30 and of 90 days are as common as in gmsc;
  the bad rate is less, its window being half as long.
- What tells its borrowers from those of a telephone lender is measured in [the
  society](society.md#what-tells-it-from-a-real-lender-s-borrowers).
"""


def main() -> None:
    """Simulate, count, draw, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--people", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as parent:
        folder = Path(parent) / "society"
        write_society(folder, people=options.people, seed=options.seed, tell=lambda *_: None)
        con = opened(folder)
        bad = con.execute("""select (outcome = 'bad')::int as bad from look where subject in
            (select subject from statement, looked where known_at <= look_at)""").df()
        files = con.execute(SOCIETY_FILES).df()
        society = {"files": files, "cards": con.execute(SOCIETY_CARDS).df(), "bad": bad}
        bands, figures = banded(con), figures_table(con)
    sets = {
        "society": society,
        "gmsc": {"all": duckdb.sql(GMSC.format(data=options.data)).df()},
        "taiwan": {"all": duckdb.sql(TAIWAN.format(data=options.data)).df()},
    }
    draw_bands(bands, DOCS / "images" / "society_bands.png")
    draw_real(sets, DOCS / "images" / "society_real.png")
    told = ["| variable | share of people in each band |", "|---|---|"]
    for band in BANDS:
        mine = bands[bands["variable"] == band.name]
        cells = ", ".join(
            f"{label}: {share:.0%}" for label, share in zip(mine.band, mine.share, strict=True)
        )
        told.append(f"| {band.name} | {cells} |")
    page = PAGE.format(
        people=options.people, seed=options.seed, sdk=SDK, figures="\n".join(figures),
        bands="\n".join(told), sets="\n".join(sets_table(sets)),
    )  # fmt: skip
    (DOCS / "explanation" / "society-marginals.md").write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
