"""A simulated society, written as a workspace that ``benne build`` can build."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from benne.app.stores._files import workspace_key, write_whole
from benne.app.stores._folders import ParquetFiles, whole_folder
from benne.kernel import InvalidInput
from benne.society import (
    ATTRIBUTES,
    Parameters,
    simulate,
    standard_parameters,
)

if TYPE_CHECKING:
    from benne.app.stores import Progress

SOURCES = {
    "bureau": ("account", "statement", "instalment", "payment", "inquiry"),
    "court": ("public_record",),
    "utilities": ("obligation",),
    "services": ("order", "breach"),
    "registry": ("means",),
    "wallet": ("profile", "verification", "transaction", "activity", "tie"),
    "city": ("rule_event",),
    "telephone": ("attribute",),
}
"""Who furnishes which kind of evidence."""


@dataclass(frozen=True, slots=True)
class SocietyWritten:
    """What was written: rows by table, and where."""

    folder: str
    people: int
    months: int
    rows: Mapping[str, int]

    @property
    def records(self) -> int:
        """Rows of evidence."""
        return sum(n for name, n in self.rows.items() if name.startswith("evidence/"))

    def lines(self) -> Iterator[str]:
        """What a person wants to know, and what to do next."""
        yield (
            f"{self.folder}: {self.people:,} simulated people over {self.months} months, "
            f"{self.records:,} rows of evidence in {self.folder}/evidence"
        )
        yield f"what came of each: {self.folder}/outcome; the truth, apart: {self.folder}/truth"
        yield f"next: benne build {quote(str(self.folder))}"


def write_society(
    folder: Path,
    *,
    people: int,
    months: int = 60,
    seed: int = 0,
    changes: Mapping[str, float] | None = None,
    parameters: Path | None = None,
    tell: Progress,
) -> SocietyWritten:
    """Simulate a society and write it, whole or not at all, as the workspace ``folder``.

    ``parameters`` names a TOML file whose numbers take the place of the project's own, and
    ``changes`` are numbers by ``section.name`` that take the place of both.  The same arguments
    write the same rows, and the same key of pseudonyms, by which folds are drawn: a build of them
    can be repeated.  So the key is no secret, and no real person belongs in the workspace.

    Raises:
        InvalidInput: numbers that cannot be simulated.
        Conflict: ``folder`` exists.
        Unavailable: the disk is full or cannot be written; nothing is left behind.
    """
    numbers = _parameters(parameters).change(changes or {})
    stream = simulate(people=people, months=months, seed=seed, parameters=numbers)
    tell("Simulate people", 0, people)
    with whole_folder(folder) as part:
        with ParquetFiles(part) as tables:
            for done, emissions in stream:
                for emission in emissions:
                    tables.write(f"{emission.place}/{emission.table}", emission.batch)
                tell("Simulate people", done, people)
        _write_workspace(part, folder.name, numbers, months, tables.rows)
        told = f"# people = {people}, months = {months}, seed = {seed}\n" + numbers.to_toml()
        write_whole(part / "truth" / "parameters.toml", told)
        workspace_key(part, hashlib.sha256(told.encode()).digest())
    return SocietyWritten(str(folder), people, months, dict(tables.rows))


def parse_changes(settings: Iterable[str]) -> dict[str, float]:
    """Numbers by ``section.name`` from texts such as ``incumbent.on=1``.

    Raises:
        InvalidInput: a text of another form, or a parameter that is set twice.
    """
    changes: dict[str, float] = {}
    for text in settings:
        name, sign, value = (part.strip() for part in text.partition("="))
        try:
            number = float(value)
        except ValueError:
            sign = ""
        if not sign or "." not in name:
            raise InvalidInput(
                f"--set must be SECTION.NAME=NUMBER, such as incumbent.on=1; got {text!r}."
            )
        if name in changes:
            raise InvalidInput(f"--set must give each parameter once; got {name} twice.")
        changes[name] = number
    return changes


def _parameters(path: Path | None) -> Parameters:
    if path is None:
        return standard_parameters()
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, IsADirectoryError) as error:
        raise InvalidInput(f"{path} must be a file of parameters; there is none.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidInput(f"{path} must be TOML in UTF-8: {error}.") from error
    return standard_parameters().overlay(document, where=str(path))


def _write_workspace(
    part: Path, name: str, numbers: Parameters, months: int, rows: Mapping[str, int]
) -> None:
    kinds = [kind for kinds in SOURCES.values() for kind in kinds if f"evidence/{kind}" in rows]
    write_whole(part / "benne.toml", _settings(name, numbers, months, kinds))
    write_whole(part / "observations.sql", OBSERVATIONS_SQL)
    for source, furnished in SOURCES.items():
        for kind in furnished:
            if kind in kinds:
                write_whole(part / "mapping" / f"{kind}.sql", _mapping(source, kind))


def _mapping(source: str, kind: str) -> str:
    return (
        f'-- ---\n-- source = "{source}"\n-- historical = true\n-- ---\nselect * from {kind}_rows\n'
    )


OBSERVATIONS_SQL = """\
-- Each person once in the training months, and everyone again out of time.
select subject, as_of, outcome, outcome_known_at, admitted, policy, propensity
from observed
order by as_of, subject
"""


_SETTINGS = """\
# A simulated society: nobody in it exists.  Written by benne society.
schema = 1

[workspace]
name = "{plain}"
currency = "XTS"
says = "A simulated society of {months} months, with a known truth"

[lawful_basis]
basis = "simulated"
statement = "These people do not exist: every record was simulated."

[files]
{files}
observed = "outcome/standard_obligation.parquet"

[observations]
sql = "observations.sql"

[outcome]
says = "90 days past due within {window} months on a loan in monthly instalments given to everyone"

[model]
families = ["sesame", "bureau"]
withheld = [["network"]]
learner = "spline"  # smooth terms alone: half the time; without this line, step terms and pairs too
features_at_most = 60
folds = 2  # and two folds, for the same reason
prices = false
out_of_time_from = "{out_of_time}"{refused}

[attributes.{topup}]
domain = "behaviour"
says = "What the person pays for the telephone"
direction = "lowers_risk"
resolution = 100.0
unit = "minor"

[attributes.{handset}]
domain = "identity"
says = "Age of the person's telephone"
direction = "raises_risk"
resolution = 10.0
unit = "days"
"""


_REFUSED = """
refused = "accepts_only" # or inverse_propensity, or augmentation: a lender refuses here"""


def _settings(name: str, numbers: Parameters, months: int, kinds: list[str]) -> str:
    year = numbers.whole("calendar.start_year")
    month = numbers.whole("calendar.out_of_time_month")
    topup, handset = ATTRIBUTES
    return _SETTINGS.format(
        plain=re.sub(r"[^A-Za-z0-9_ -]", "_", name),
        months=months,
        files="\n".join(f'{kind}_rows = "evidence/{kind}.parquet"' for kind in kinds),
        window=numbers.whole("calendar.window_months"),
        out_of_time=f"{year + month // 12}-{month % 12 + 1:02d}-01",
        refused=_REFUSED if numbers["incumbent.on"] else "",
        topup=topup,
        handset=handset,
    )
