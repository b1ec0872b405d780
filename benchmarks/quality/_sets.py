"""The sets: rows, outcomes, groups, and what each column is.

Every method gets the same rows and columns; what a method does with them is its own.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import shutil
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.quality._folds import near_duplicates
from benne.models import Column

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SETS = ("german", "hmeq", "superlender", "taiwan", "pakdd2010", "gmsc")
STATES = ["PAY_0", "PAY_2", "PAY_3", "PAY_4", "PAY_5", "PAY_6"]
BILLS = [f"BILL_AMT{month}" for month in range(1, 7)]
PAID = [f"PAY_AMT{month}" for month in range(1, 7)]


@dataclass(frozen=True)
class Set:
    """One set: ``rows`` holds exactly ``columns``; ``bad`` is 1 or 0, ``group`` a number a row.

    Categories are text, missing ones ``None``; all else is float64, missing NaN.
    """

    name: str
    rows: pd.DataFrame
    bad: np.ndarray
    group: np.ndarray
    columns: tuple[Column, ...]

    @property
    def version(self) -> str:
        """A hash of everything above but the name; of numbers, nine digits.

        The last digits of derived columns differ between processors.
        """
        made = hashlib.sha256(repr(self.columns).encode())
        rows = self.rows.apply(lambda c: _nine_digits(c) if c.dtype == np.float64 else c)
        made.update(pd.util.hash_pandas_object(rows, index=False).to_numpy().tobytes())
        made.update(self.bad.tobytes() + self.group.tobytes())
        return made.hexdigest()[:12]


def _nine_digits(values: pd.Series) -> pd.Series:
    size = np.abs(values.where(values != 0, 1.0))
    scale = 10.0 ** (8 - np.floor(np.log10(size)))
    return (values * scale).round() / scale


def load(name: str, data: Path, cache: Path) -> Set:
    """The set ``name`` from the folder of public data; pipeline features go by ``cache``."""
    if name == "superlender":
        return _superlender(data / "superlender", cache)
    said = declared()[name]
    table = pq.read_table(data / said["file"]).to_pandas()
    columns = tuple(Column(key, **value) for key, value in said["columns"].items())
    derive = {"taiwan": _taiwan}.get(name)
    if derive is not None:
        table = derive(table)
    rows = as_rows(table, columns)
    group = near_duplicates(rows) if name == "hmeq" else np.arange(len(rows))
    bad = (table[said["bad"]] == said["bad_value"]).to_numpy().astype(np.int64)
    return Set(name, rows, bad, group, columns)


def declared() -> dict[str, Any]:
    """What ``sets.toml`` says, a table a set."""
    with (HERE / "sets.toml").open("rb") as file:
        said = tomllib.load(file)
    if said.pop("schema") != 1:
        raise ValueError("sets.toml must be of schema 1.")
    return said


def as_rows(table: pd.DataFrame, columns: tuple[Column, ...]) -> pd.DataFrame:
    """Only ``columns`` of ``table``: text for categories, float64 for the rest."""
    made = {}
    for column in columns:
        values = table[column.name]
        if not column.category:
            made[column.name] = values.astype(np.float64).to_numpy()
            continue
        text = values.map(lambda value: None if pd.isna(value) else _text(value))
        made[column.name] = text.astype(object).where(text.notna(), None)
    return pd.DataFrame(made)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return " ".join(str(value).upper().split())


def _taiwan(table: pd.DataFrame) -> pd.DataFrame:
    """The flat form and what follows from it: delays, utilisation, shares paid, trends."""
    made = table.copy()
    delay = table[STATES].clip(lower=0).to_numpy()
    bills = table[BILLS].to_numpy().astype(float)
    paid = table[PAID].to_numpy().astype(float)
    limit = table["LIMIT_BAL"].to_numpy()[:, None]
    months = np.arange(6.0) - 2.5
    late = delay > 0
    made["worst_delay_months"] = delay.max(axis=1)
    made["worst_delay_3m_months"] = delay[:, :3].max(axis=1)
    made["late_months_count"] = late.sum(axis=1)
    made["delay_sum_months"] = delay.sum(axis=1)
    made["delay_trend_months"] = -(delay @ months) / (months @ months)
    made["months_since_late"] = np.where(late.any(axis=1), late.argmax(axis=1), 6)
    used = bills / limit
    made["utilisation_ratio"] = used[:, 0]
    made["utilisation_mean_ratio"] = used.mean(axis=1)
    made["utilisation_max_ratio"] = used.max(axis=1)
    made["utilisation_trend_ratio"] = -(used @ months) / (months @ months)
    made["paid_mean"] = paid.mean(axis=1)
    made["paid_to_limit_ratio"] = paid.mean(axis=1) / limit[:, 0]
    owed = np.where(bills > 0, bills, np.nan)
    made["paid_share_latest_ratio"] = np.clip(paid[:, 0] / owed[:, 1], 0, 2)
    total = np.nansum(owed[:, 1:], axis=1)
    made["paid_share_ratio"] = np.clip(
        np.divide(paid[:, :5].sum(axis=1), total, out=np.full(len(total), np.nan), where=total > 0),
        0,
        2,
    )
    made["months_without_payment_count"] = (paid == 0).sum(axis=1)
    return made


def _superlender(data: Path, cache: Path) -> Set:
    """Catalogue features of the example workspace, by the ordinary ingest and features.

    Features of ties are left out: the rivals were measured without.
    """
    table, columns = _pipeline(ROOT / "examples" / "superlender", data, cache)
    columns = tuple(column for column in columns if "tie" not in column.kinds)
    rows = as_rows(table, columns)
    return Set("superlender", rows, table["bad"].to_numpy(), table["subject"].to_numpy(), columns)


def _pipeline(example: Path, data: Path, cache: Path) -> tuple[pd.DataFrame, tuple[Column, ...]]:
    """The workspace's features with ``bad`` and ``subject``, kept in ``cache``.

    The place in the cache is named after the workspace and the code that makes features.
    """
    folder = cache / f"{example.name}-{_made_by(example)}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "columns.json").exists():
            shutil.copytree(example, folder, dirs_exist_ok=True)
            table, columns = _make_features(folder, data)
            pq.write_table(table, folder / "features.parquet")
            told = [column.as_json() for column in columns]
            (folder / "columns.json").write_text(json.dumps(told), encoding="utf-8")
    columns = tuple(
        Column(**said) for said in json.loads((folder / "columns.json").read_text(encoding="utf-8"))
    )
    return pq.read_table(folder / "features.parquet").to_pandas(), columns


def _made_by(example: Path) -> str:
    code = [ROOT / "src" / "benne" / room for room in ("evidence", "features")]
    made = hashlib.sha256()
    for folder in (example, *code):
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".py", ".sql", ".toml"):
                made.update(path.read_bytes())
    return made.hexdigest()[:12]


def _make_features(folder: Path, data: Path) -> tuple[pa.Table, tuple[Column, ...]]:
    """Ingest and look: every observation with a known outcome, and the columns that differ."""
    from benne.app import ingest_workspace, make_features, session
    from benne.app._catalogue import catalogue_of
    from benne.app._train import read_rows

    opened = session(folder, data=data)
    ingest_workspace(opened, lambda *_: None)
    make_features(opened, lambda *_: None)
    with opened.lake() as lake:
        seen = read_rows(opened, lake)
        catalogue = catalogue_of(opened.workspace, lake.versions(), opened.permit("model_building"))
    columns = tuple(
        column
        for column in catalogue.columns(opened.workspace.attributes, "sesame")
        if column.name in seen.features.column_names
        and len(seen.features[column.name].unique()) > 1
    )
    table = seen.features.append_column("bad", pa.array(seen.bad))
    return table.append_column("subject", pa.array(seen.subject)), columns
