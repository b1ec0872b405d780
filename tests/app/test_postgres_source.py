"""Tables of a PostgreSQL become evidence as files do: typed, at one moment, and never half."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from made_postgres import Server

from benne.app import Session, ingest_workspace, make_features, session
from benne.kernel import InvalidInput, Unavailable, iso

pytestmark = pytest.mark.postgres

SETTINGS = """\
schema = 1
[workspace]
name = "core"
currency = "EUR"
[lawful_basis]
basis = "simulated"
statement = "Nobody in it exists."
[postgres]
loans = "core.Loan book"
dues = "select * from core.dues where number < 9; "
people = "WITH p AS (SELECT DISTINCT who FROM core.dues) SELECT who FROM p"
unread = "core.is_not_there"
[outcome]
says = "Bad: made up"
"""
HEAD = '-- ---\n-- source = "core"\n-- historical = true\n-- ---\n'
MAPPINGS = {
    "account": HEAD + "select id as record, who as subject, opened as opened_at, "
    "'loan' as product, cast(amount * 100 as bigint) as principal_minor, "
    "flag as secured from loans",
    "instalment": HEAD + "select loan || '/' || number as record, who as subject, "
    "loan as account, due as due_at, known as known_at, minor as due_minor, "
    "if(paid is null, 0, minor) as paid_minor, paid as paid_at from dues",
}
TABLES = """
CREATE SCHEMA core;
CREATE TABLE core."Loan book" (
    id uuid PRIMARY KEY, who text, opened timestamptz, amount numeric, flag boolean);
INSERT INTO core."Loan book" VALUES
    ('00000000-0000-0000-0000-000000000001', 'Zoë "Z"', '2024-03-01 00:30:00.123456+02', 1.15, 't'),
    ('00000000-0000-0000-0000-000000000002', 'b', 'infinity', 20, NULL),
    ('00000000-0000-0000-0000-000000000003', 'c', '2024-03-01 00:00Z', 30, FALSE);
CREATE TABLE core.dues (
    loan text, number int, who varchar(9), due date, known date, minor numeric, paid timestamptz);
INSERT INTO core.dues
    SELECT 'L' || n % 50, n / 50, 'p' || n % 50, DATE '2024-01-01' + n / 50 * 30, '2023-12-01',
        100 + n, CASE WHEN n % 3 > 0 THEN TIMESTAMPTZ '2024-01-05 00:00Z' END
    FROM generate_series(0, 349) AS t (n);
INSERT INTO core.dues VALUES ('L1', 8, 'p1', '2024-06-01', '2023-12-01', 'NaN', NULL);
INSERT INTO core.dues VALUES ('L1', 7, 'p1', '-infinity', '2023-12-01', 5, NULL);
"""


def quiet(_step: str, _done: int, _total: int | None) -> None:
    pass


@pytest.fixture
def here(tmp_path: Path, postgres: Server) -> Iterator[Session]:
    url = postgres.database()
    with psycopg.connect(url) as connection:
        connection.execute(TABLES.encode())
    (tmp_path / "mapping").mkdir()
    (tmp_path / "benne.toml").write_text(SETTINGS, encoding="utf-8")
    for name, text in MAPPINGS.items():
        (tmp_path / "mapping" / f"{name}.sql").write_text(text, encoding="utf-8")
    yield replace(session(tmp_path), postgres=url)
    postgres.drop(url)


def run(here: Session, statement: str) -> None:
    assert here.postgres is not None
    with psycopg.connect(here.postgres) as connection:
        connection.execute(statement.encode())


def test_tables_are_read_with_their_types(here: Session) -> None:
    report = ingest_workspace(here, quiet).report
    assert report.findings == {"out_of_range": 2, "not_finite": 1}
    with here.lake(read_only=True) as lake:
        accounts = lake.query("SELECT * FROM evidence_account ORDER BY record").to_pylist()
        paid = lake.query("SELECT count(DISTINCT record) AS n FROM evidence_instalment "
                          "WHERE paid_minor > 0")["n"][0].as_py()  # fmt: skip
    assert [(row["principal_minor"], row["secured"]) for row in accounts] == [
        (115, True), (3000, False),
    ]  # fmt: skip
    assert iso(accounts[0]["opened_at"]) == "2024-02-29T22:30:00.123456Z"
    assert paid == sum(1 for n in range(350) if n % 3)
    assert not (here.workspace.folder / ".benne" / "postgres").exists()


def test_the_same_tables_again_are_known_and_a_change_is_a_version(here: Session) -> None:
    ingest_workspace(here, quiet)
    assert {batch.status for batch in ingest_workspace(here, quiet).report.batches} == {"known"}
    run(here, "UPDATE core.dues SET paid = '2024-09-01 00:00Z' WHERE number = 6 AND paid IS NULL "
              "AND loan = 'L0'")  # fmt: skip
    again = ingest_workspace(here, quiet).report
    assert again.new == 1


def test_observations_may_be_a_table_too(here: Session) -> None:
    ingest_workspace(here, quiet)
    (here.workspace.folder / "observations.sql").write_text(
        "select who as subject, timestamptz '2024-02-01 00:00Z' as as_of, "
        "if(who < 'p3', 'bad', 'good') as outcome from people"
    )
    assert sum(make_features(here, quiet).outcomes.values()) == 50


def test_a_table_that_is_not_there_is_named_and_nothing_is_kept(here: Session) -> None:
    mapping = here.workspace.folder / "mapping" / "inquiry.sql"
    mapping.write_text(HEAD + "select * from unread")
    with pytest.raises(InvalidInput, match=r"\[postgres\] unread must be .*is_not_there"):
        ingest_workspace(here, quiet)
    with here.lake(read_only=True) as lake:
        assert lake.versions() == {}


@pytest.mark.parametrize("table", ["delete from core.dues", "select 1; select 2"])
def test_only_reading_is_asked_of_the_server(here: Session, table: str) -> None:
    text = SETTINGS.replace('"core.is_not_there"', f'"with x as ({table} returning 1) table x"')
    (here.workspace.folder / "benne.toml").write_text(text)
    mapping = here.workspace.folder / "mapping" / "inquiry.sql"
    mapping.write_text(HEAD + "select * from unread")
    again = replace(session(here.workspace.folder), postgres=here.postgres)
    with pytest.raises(InvalidInput, match=r"\[postgres\] unread"):
        ingest_workspace(again, quiet)


def test_a_server_that_is_not_there_is_unavailable(here: Session, tmp_path: Path) -> None:
    gone = replace(here, postgres=f"postgresql://benne:secret@/x?host={tmp_path}")
    with pytest.raises(Unavailable, match="BENNE_POSTGRES") as raised:
        ingest_workspace(gone, quiet)
    assert "secret" not in str(raised.value)
    with pytest.raises(InvalidInput, match="BENNE_POSTGRES must be the URL"):
        ingest_workspace(replace(here, postgres=None), quiet)


def test_a_table_larger_than_a_piece_comes_whole(here: Session) -> None:
    run(
        here,
        "INSERT INTO core.dues SELECT 'M' || n, 1, 'q', DATE '2024-01-01', '2023-12-01', n, NULL "
        "FROM generate_series(1, 45000) AS t (n)",
    )
    ingest_workspace(here, quiet)
    with here.lake(read_only=True) as lake:
        found = lake.query(
            "SELECT count(*) AS n, sum(due_minor)::BIGINT AS s "
            "FROM evidence_instalment WHERE account LIKE 'M%'"
        ).to_pylist()
    assert found == [{"n": 45000, "s": 45000 * 45001 // 2}]
