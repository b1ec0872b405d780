"""Ingest: rows of files become versions in the lake, or findings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benne.app._ingest import IngestReport, ingest
from benne.app.stores import Lake
from benne.evidence import parse_mapping, standard_kinds
from benne.kernel import Currency, micros

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEAD = "id,who,loan,due,amount,paid,paid_on,seen\n"
INSTALMENT = """-- ---
-- source = "bank"
-- historical = true
-- ---
select id as record, who as subject, loan as account, due as due_at, amount as due_minor,
    paid as paid_minor, paid_on as paid_at, seen as known_at
from loans
"""


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[Lake]:
    with Lake.open(tmp_path / "lake.duckdb", threads=1, memory="500MB") as opened:
        yield opened


def run(
    lake: Lake, source: Any, sql: str = INSTALMENT, kind: str = "instalment", now: datetime = NOW
) -> IngestReport:
    mapping = parse_mapping(sql, where=f"mapping/{kind}.sql", kinds=standard_kinds())
    return ingest(
        lake,
        [mapping],
        {"loans": source},
        key=None,
        currency=Currency("EUR"),
        clock=lambda: micros(now),
        progress=lambda *_: None,
    )


def csv(path: Path, rows: str, head: str = HEAD) -> list[Path]:
    path.write_text(head + rows)
    return [path]


def versions(lake: Lake, kind: str = "instalment") -> list[dict[str, Any]]:
    return lake.query(f"SELECT * FROM evidence_{kind} ORDER BY record, known_at").to_pylist()  # type: ignore[no-any-return]


def test_a_row_that_was_paid_later_becomes_two_versions(lake: Lake, tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", "i1,a,L1,2017-01-31,100,100,2017-02-03T10:00:00Z,2017-01-01\n")
    report = run(lake, file)
    assert (report.read, report.new, report.stated_share) == (1, 2, 1.0)
    first, second = versions(lake)
    paid = micros(datetime(2017, 2, 3, 10, tzinfo=UTC))
    assert (first["paid_minor"], first["paid_at"], first["superseded_at"]) == (None, None, paid)
    assert (second["paid_minor"], second["paid_at"], second["known_at"]) == (100, paid, paid)


def test_the_same_files_and_mapping_add_nothing(lake: Lake, tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", "i1,a,L1,2017-01-31,100,0,,2017-01-01\n")
    run(lake, file)
    again = run(lake, file)
    assert [batch.status for batch in again.batches] == ["known"]
    assert len(versions(lake)) == 1
