"""A small workspace of people who do not exist: applications, loans with instalments, and bills.

Whoever has a shaky year pays late afterwards, so that there is something to find.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

BENNE = Path(sys.executable).with_name("benne")
ENVIRONMENT = {**os.environ, "BENNE_MEMORY": "1GB", "PYTHONDONTWRITEBYTECODE": ""}
"""Python keeps its bytecode: else each command would compile all its libraries anew."""

SETTINGS = """\
schema = 1

[workspace]
name = "{name}"
says = "People who do not exist"
currency = "EUR"

[lawful_basis]
basis = "simulated"
statement = "Nobody in it exists."

[files]
applications = "applications.csv"
loans = "loans*.csv"
instalments = "instalments.csv"
bills = "bills.csv"

[observations]
sql = "observations.sql"

[outcome]
says = "Bad: the next loan was not repaid"
{definition}
[model]
families = {families}
learner = "spline"
folds = 2
prices = false
features_at_most = 6

[attributes.income_minor]
domain = "fulfilment"
says = "Income a month"
direction = "lowers_risk"
resolution = 1000
unit = "minor"

[attributes.age_years]
domain = "identity"
says = "Age"
resolution = 1
unit = "years"
tags = ["age"]

[attributes.purpose]
domain = "behaviour"
says = "Purpose of the loan"
category = true

[attributes.sex]
domain = "identity"
says = "Sex"
category = true
group = true
"""

DEFINITION = """
[outcome.definition]
kind = "obligation"
window_days = 180
bad_days_past_due = 30
reporting_lag_days = 10
"""

HEAD = """\
-- ---
-- source = "{source}"
-- historical = true
-- ---
"""

MAPPINGS = {
    "attribute": HEAD.format(source="forms")
    + """\
select person || '-' || name as record, person as subject, applied_at as happened_at, name,
    case when name in ('income_minor', 'age_years') then value end as number,
    case when name in ('purpose', 'sex') then value end as text
from applications unpivot (value for name in (income_minor, age_years, purpose, sex))
""",
    "account": HEAD.format(source="lender")
    + """\
select loan as record, person as subject, opened_at, 'loan' as product,
    principal_minor, term_days, nullif(closed_at, '') as closed_at
from loans
""",
    "instalment": HEAD.format(source="lender")
    + """\
select loan || '/' || number as record, person as subject, opened_at as known_at, due_at,
    loan as account, due_minor, paid_minor, nullif(paid_at, '') as paid_at
from instalments
""",
    "obligation": HEAD.format(source="power_company")
    + """\
select person || '-' || month as record, person as subject, sent_at as known_at, due_at,
    'power' as contract, due_minor, paid_minor, nullif(paid_at, '') as paid_at
from bills
""",
}

OBSERVATIONS = """\
select person as subject, '2024-01-01T00:00:00Z' as as_of,
    outcome, '2025-01-01T00:00:00Z' as outcome_known_at
from applications
"""

WITHOUT_OUTCOMES = """\
select person as subject, '2024-01-01T00:00:00Z' as as_of
from applications
"""


@dataclass(frozen=True)
class Made:
    """A workspace's folder, the folder of its data, and who lives in it."""

    folder: Path
    data: Path
    people: tuple[str, ...]


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


def benne(*words: str | Path, threads: int = 1, cwd: Path | None = None) -> Ran:
    """The installed command ``benne``, as a person runs it."""
    done = subprocess.run(
        [BENNE, *map(str, words)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        cwd=cwd,
        env={**ENVIRONMENT, "BENNE_THREADS": str(threads)},
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


def make_workspace(
    folder: Path,
    *,
    people: int = 400,
    name: str = "made",
    defined: bool = False,
    families: Sequence[str] = ("sesame", "bureau"),
    kinds: Iterable[str] = tuple(MAPPINGS),
) -> Made:
    """Write a workspace and its data below ``folder``; the same each time."""
    home, data = folder / "workspace", folder / "data"
    (home / "mapping").mkdir(parents=True)
    data.mkdir()
    words = "[" + ", ".join(f'"{family}"' for family in families) + "]"
    settings = SETTINGS.format(name=name, definition=DEFINITION if defined else "", families=words)
    (home / "benne.toml").write_text(settings, encoding="utf-8")
    for kind in kinds:
        (home / "mapping" / f"{kind}.sql").write_text(MAPPINGS[kind], encoding="utf-8")
    observations = WITHOUT_OUTCOMES if defined else OBSERVATIONS
    (home / "observations.sql").write_text(observations, encoding="utf-8")
    return Made(home, data, tuple(_write_data(data, people)))


def _write_data(folder: Path, people: int) -> list[str]:
    rng = np.random.default_rng(5)
    names = [f"PERSON-{n:04d}" for n in range(people)]
    shaky = rng.normal(size=people)
    applications, loans, instalments, bills = [], [], [], []
    for name, risk in zip(names, shaky, strict=True):
        income = max(50_000, int(250_000 - 60_000 * risk + rng.normal() * 50_000))
        bad = rng.random() < 1 / (1 + np.exp(1.2 - 1.2 * risk))
        applications.append(
            [name, _day(0), income, int(rng.integers(20, 70)), str(rng.choice(["car", "home"])),
             str(rng.choice(["f", "m"])), "bad" if bad else "good"]
        )  # fmt: skip
        for loan in range(int(rng.integers(0, 3))):
            _add_loan(rng, f"{name}-L{loan}", name, risk, loans, instalments)
        for month in range(24):
            sent, due = 30 * month, 30 * month + 14
            late = max(0, int(rng.normal(-10 + 25 * risk, 25)))
            paid = due - 3 + late
            bills.append([name, month, _day(sent), _day(due), 5_000, 5_000, _day(paid)])
    form = "person applied_at income_minor age_years purpose sex outcome"
    schedule = "loan number person opened_at due_at due_minor paid_minor paid_at"
    _write(folder / "applications.csv", form, applications)
    _write(folder / "loans.csv", "loan person opened_at principal_minor term_days closed_at", loans)
    _write(folder / "instalments.csv", schedule, instalments)
    _write(folder / "bills.csv", "person month sent_at due_at due_minor paid_minor paid_at", bills)
    return names


def _add_loan(
    rng: np.random.Generator,
    loan: str,
    person: str,
    risk: float,
    loans: list[list[object]],
    instalments: list[list[object]],
) -> None:
    opened, paid = int(rng.integers(0, 200)), 0
    for number in range(3):
        due = opened + 30 * (number + 1)
        paid = due + max(-2, int(rng.normal(5 * risk, 6)))
        instalments.append(
            [loan, number, person, _day(opened), _day(due), 10_000, 10_000, _day(paid)]
        )
    loans.append([loan, person, _day(opened), 30_000, 90, _day(paid)])


def _day(number: int) -> str:
    """The day so many days after 2023-01-01, as the files write it."""
    moment = datetime(2023, 1, 1, 9, tzinfo=UTC) + timedelta(days=number)
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _write(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header.split())
        writer.writerows(rows)
