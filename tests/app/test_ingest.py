"""Ingest: rows of files become versions in the lake, or findings; nothing is lost or doubled."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from benne.app._ingest import IngestReport, ingest
from benne.app.stores import Lake
from benne.evidence import Mapping, kinds_of, parse_mapping, standard_kinds
from benne.kernel import Currency, micros, parse_instant, subject_id

DAY = 86_400_000_000
END = 2**63 - 1
NOW = micros(datetime(2026, 1, 1, tzinfo=UTC))
DECLARED = kinds_of(
    {
        "kind": {
            "reading": {
                "domain": "behaviour",
                "says": "A measurement",
                "window": "happened_at",
                "columns": {
                    "happened_at": {"type": "instant"},
                    "level": {"type": "float"},
                    "state": {"type": "text"},
                    "sure": {"type": "bool"},
                },
            }
        }
    },
    where="benne.toml",
)
KINDS = (*standard_kinds(), *DECLARED)
INSTALMENT = (
    "id as record, who as subject, loan as account, due as due_at, amount as due_minor, "
    "paid as paid_minor, paid_on as paid_at, seen as known_at"
)
HEAD = "id,who,loan,due,amount,paid,paid_on,seen"
GOOD = "i0,a,L1,2017-01-31,100,0,,2017-01-01"


@pytest.fixture(scope="session")
def new_lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("new") / "lake.duckdb"
    Lake.open(path, kinds=KINDS).close()
    return path


@pytest.fixture
def lake(tmp_path: Path, new_lake: Path) -> Iterator[Lake]:
    path = tmp_path / "lake.duckdb"
    shutil.copy(new_lake, path)
    with Lake.open(path, kinds=KINDS, threads=1, memory="500MB") as opened:
        yield opened


def at(text: str) -> int:
    return micros(datetime.fromisoformat(text).replace(tzinfo=UTC))


def mapping(kind: str, columns: str, head: str = "historical = true", tail: str = "") -> Mapping:
    text = f'-- ---\n-- source = "bank"\n-- {head}\n-- ---\nselect {columns}\nfrom t {tail}\n'
    return parse_mapping(text, where=f"mapping/{kind}.sql", kinds=KINDS)


def load(
    lake: Lake, one: Mapping, source: Any, *, now: int = NOW, key: bytes | None = None
) -> IngestReport:
    return ingest(
        lake,
        [one],
        {"t": source},
        key=key,
        currency=Currency("EUR"),
        clock=lambda: now,
        progress=lambda *_: None,
    )


def csv(path: Path, *lines: str) -> list[Path]:
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return [path]


def parquet(path: Path, **columns: Any) -> list[Path]:
    pq.write_table(pa.table(columns), path)
    return [path]


def rows(lake: Lake, kind: str) -> list[dict[str, Any]]:
    found = lake.query(f"SELECT * FROM evidence_{kind} ORDER BY source, record, known_at")
    return found.to_pylist()  # type: ignore[no-any-return]


def instalments(lake: Lake, path: Path, *lines: str, now: int = NOW) -> IngestReport:
    return load(lake, mapping("instalment", INSTALMENT), csv(path, HEAD, *lines), now=now)


# --- versions --------------------------------------------------------------------------


def test_a_row_paid_later_is_split_into_what_was_known_when(lake: Lake, tmp_path: Path) -> None:
    report = instalments(
        lake, tmp_path / "a.csv", "i1,a,L1,2017-01-31,100,100,2017-02-03T10:00:00Z,2017-01-01"
    )
    assert (report.read, report.new, report.known, report.stated_share) == (1, 2, 0, 1.0)
    first, second = rows(lake, "instalment")
    paid = at("2017-02-03T10:00")
    assert (first["paid_minor"], first["paid_at"], first["known_at"]) == (
        None,
        None,
        at("2017-01-01"),
    )
    assert (second["paid_minor"], second["paid_at"], second["known_at"]) == (100, paid, paid)
    assert (first["superseded_at"], second["superseded_at"]) == (paid, END)


def test_publication_lag_delays_what_is_known_but_never_past_the_reading(
    lake: Lake, tmp_path: Path
) -> None:
    one = mapping("inquiry", "*", "historical = true\n-- lag_days = 10")
    file = csv(
        tmp_path / "a.csv",
        "record,subject,happened_at,purpose,lender",
        "q1,a,2017-01-01,lending,x",
        "q2,a,2025-12-30,lending,x",
    )
    load(lake, one, file)
    assert [row["known_at"] for row in rows(lake, "inquiry")] == [at("2017-01-11"), NOW]


def test_a_declared_later_column_waits_for_its_instant(lake: Lake, tmp_path: Path) -> None:
    one = mapping("reading", "*", 'historical = true\n-- later = { state = "told_at" }')
    file = csv(
        tmp_path / "a.csv",
        "record,subject,happened_at,level,state,told_at",
        "r1,a,2017-01-01,1.5,good,2017-03-01",
        "r2,a,2017-01-01,1.5,good,",
        "r3,a,2017-01-01,,,",
    )
    report = load(lake, one, file)
    assert report.findings == {"later_unstated": 1}
    found = [(row["record"], row["known_at"], row["state"]) for row in rows(lake, "reading")]
    assert found == [
        ("r1", at("2017-01-01"), None),
        ("r1", at("2017-03-01"), "good"),
        ("r3", at("2017-01-01"), None),
    ]


def test_live_rows_are_known_when_they_are_read(lake: Lake, tmp_path: Path) -> None:
    one = mapping("means", "*", "historical = false")
    head = "record,subject,happened_at,income_minor"
    load(lake, one, csv(tmp_path / "a.csv", head, "m1,a,2017-01-01,5", "m2,a,2017-01-01,7"))
    again = load(
        lake,
        one,
        csv(tmp_path / "b.csv", head, "m1,a,2017-01-01,6", "m2,a,2017-01-01,7"),
        now=NOW + DAY,
    )
    assert (again.new, again.known, again.stated_share) == (1, 1, 0.0)
    found = [(r["record"], r["income_minor"], r["known_at"], r["superseded_at"], r["batch"])
             for r in rows(lake, "means")]  # fmt: skip
    assert found == [
        ("m1", 5, NOW, NOW + DAY, 1),
        ("m1", 6, NOW + DAY, END, 2),
        ("m2", 7, NOW, END, 1),
    ]


def test_a_late_version_is_placed_among_those_known(lake: Lake, tmp_path: Path) -> None:
    one = mapping("means", "*")
    head = "record,subject,happened_at,income_minor,known_at,cause"
    load(
        lake,
        one,
        csv(
            tmp_path / "a.csv",
            head,
            "m1,a,2017-01-01,5,2017-01-01,event",
            "m1,a,2017-01-01,7,2017-03-01,correction",
        ),
    )
    load(
        lake,
        one,
        csv(
            tmp_path / "b.csv",
            head,
            "m1,a,2017-01-01,6,2017-02-01,correction",
            "m1,a,,,2017-04-01,retraction",
        ),
    )
    found = [(r["cause"], r["income_minor"], r["known_at"], r["superseded_at"])
             for r in rows(lake, "means")]  # fmt: skip
    months = [at(f"2017-0{month}-01") for month in (1, 2, 3, 4)]
    assert found == [
        ("event", 5, months[0], months[1]),
        ("correction", 6, months[1], months[2]),
        ("correction", 7, months[2], months[3]),
        ("retraction", None, months[3], END),
    ]


def test_the_same_batch_again_adds_nothing_and_says_so(lake: Lake, tmp_path: Path) -> None:
    instalments(lake, tmp_path / "a.csv", GOOD)
    again = instalments(lake, tmp_path / "a.csv", GOOD, now=NOW + DAY)
    assert [batch.status for batch in again.batches] == ["known"]
    wider = instalments(lake, tmp_path / "a.csv", GOOD, GOOD.replace("i0", "i1"))
    assert (wider.new, wider.known) == (1, 1)
    assert lake.versions() == {"instalment": 2}


def test_sources_do_not_share_records(lake: Lake, tmp_path: Path) -> None:
    file = csv(tmp_path / "a.csv", HEAD, GOOD)
    one = mapping("instalment", INSTALMENT)
    load(lake, one, file)
    other = parse_mapping(one.sql.replace('"bank"', '"shop"'), where="instalment.sql", kinds=KINDS)
    assert load(lake, other, file).new == 1
    assert {row["superseded_at"] for row in rows(lake, "instalment")} == {END}


def test_subjects_are_keyed_hashes_of_identifiers(lake: Lake, tmp_path: Path) -> None:
    key = b"k" * 32
    one = mapping("tie", "*, 'friend' as relation, 500 as strength_permille")
    file = parquet(
        tmp_path / "a.parquet",
        record=[1, 2],
        subject=[7, 8],
        other=["8", "7"],
        happened_at=[date(2017, 1, 1)] * 2,
    )
    load(lake, one, file, key=key)
    first, second = rows(lake, "tie")
    assert first["subject"] == second["other"] == subject_id("7", key=key)
    assert first["other"] == second["subject"] == subject_id("8", key=key)


def test_group_columns_are_kept_apart(lake: Lake, tmp_path: Path) -> None:
    head = "record,subject,happened_at,region,sex"
    one = mapping("profile", "*")
    load(lake, one, csv(tmp_path / "a.csv", head, "p1,a,2017-01-01,north,f"))
    assert "sex" not in rows(lake, "profile")[0]
    assert lake.query("SELECT record, sex FROM groups_profile").to_pylist() == [
        {"record": "p1", "sex": "f"}
    ]
    other = load(lake, one, csv(tmp_path / "b.csv", head, "p1,a,2017-01-01,north,m"))
    assert other.findings == {"different_content": 1}


def test_every_type_is_read_from_text_and_from_its_own(lake: Lake, tmp_path: Path) -> None:
    text = csv(
        tmp_path / "a.csv",
        "record,subject,happened_at,level,state,sure",
        "r1,a,2017-01-01T10:00:00+01:00,1.5,x,yes",
        "r2,a,2017-01-01 09:00Z,,,0",
    )
    load(lake, mapping("reading", "*"), text)
    typed = parquet(
        tmp_path / "a.parquet",
        record=["r3"],
        subject=["a"],
        happened_at=[datetime(2017, 1, 1, 9, tzinfo=UTC)],
        level=pa.array([2], pa.int8()),
        sure=[True],
    )
    load(lake, mapping("reading", "*"), typed)
    found = [(r["happened_at"], r["level"], r["state"], r["sure"]) for r in rows(lake, "reading")]
    nine = at("2017-01-01T09:00")
    assert found == [
        (nine, 1.5, "x", True),
        (nine, None, None, False),
        (nine, 2.0, None, True),
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_instants_of_every_precision_are_read(lake: Lake, unit: str) -> None:
    one = mapping("reading", "*")
    moment = datetime(2017, 1, 1, 9, tzinfo=UTC)
    aware = pa.array([moment], pa.timestamp(unit, "Europe/Berlin"))
    naive = pa.array([moment.replace(tzinfo=None)], pa.timestamp(unit))
    rest = {"record": ["r1"], "subject": pa.array(["a"]).dictionary_encode()}
    assert load(lake, one, pa.table({**rest, "happened_at": aware})).new == 1
    assert rows(lake, "reading")[0]["happened_at"] == micros(moment)
    assert load(lake, one, pa.table({**rest, "happened_at": naive})).findings == {"naive_time": 1}


TEXTS = [
    "2017-01-01", "2017-01-01T10:00Z", "2017-01-01 10:00:00.5+01:00", "2016-02-29T23:59:59-0530",
    "0001-01-01", "9999-12-31T23:59:59.999999Z", "2017-02-29", "2017-13-01", "2017-01-01T24:00Z",
    "2017-01-01T10:60Z", "17-01-01", "2017/01/01", "infinity", "now", "2017-01-01T10:00:00+25:00",
]  # fmt: skip


def test_text_means_the_same_instant_as_it_does_at_the_doors(lake: Lake) -> None:
    table = pa.table({"record": range(len(TEXTS)), "happened_at": TEXTS})
    load(lake, mapping("inquiry", "record, 'a' subject, 'x' lender, 'y' purpose, happened_at"),
         table)  # fmt: skip
    found = {int(row["record"]): row["happened_at"] for row in rows(lake, "inquiry")}
    for number, text in enumerate(TEXTS):
        try:
            meant = parse_instant(text)
        except ValueError:
            assert number not in found, text
        else:
            assert found.get(number, "future") in (meant, "future" if meant > NOW else meant), text


def test_naive_times_are_read_in_the_zone_that_the_mapping_states(
    lake: Lake, tmp_path: Path
) -> None:
    one = mapping("reading", "*", 'historical = true\n-- naive_times = "Africa/Lagos"')
    load(
        lake,
        one,
        csv(tmp_path / "a.csv", "record,subject,happened_at", "r1,a,2017-01-01 10:00:00"),
    )
    file = parquet(
        tmp_path / "a.parquet",
        record=["r2"],
        subject=["a"],
        happened_at=[datetime(2017, 1, 1, 10)],  # noqa: DTZ001
    )
    load(lake, one, file)
    assert {row["happened_at"] for row in rows(lake, "reading")} == {at("2017-01-01T09:00")}


# --- rows that break a rule ------------------------------------------------------------

BAD_INSTALMENTS = [
    ("i1,a,L1,yesterday,100,0,,2017-01-01", "unparsable_time", "due_at", "yesterday"),
    ("i1,a,L1,2017-02-30,100,0,,2017-01-01", "unparsable_time", "due_at", "2017-02-30"),
    ("i1,a,L1,2017-01-31T10:00:00,100,0,,2017-01-01", "naive_time", "due_at", "T10:00:00"),
    ("i1,a,L1,,100,0,,2017-01-01", "missing", "due_at", "null"),
    ("i1,a,,2017-01-31,100,0,,2017-01-01", "missing", "account", "null"),
    ("i1,,L1,2017-01-31,100,0,,2017-01-01", "null_subject", "subject", "null"),
    (",a,L1,2017-01-31,100,0,,2017-01-01", "null_record", "record", "null"),
    ("i1,a,L1,2017-01-31,-1,0,,2017-01-01", "negative", "due_minor", "-1"),
    ("i1,a,L1,2017-01-31,much,0,,2017-01-01", "wrong_type", "due_minor", "much"),
    ("i1,a,L1,2017-01-31,1.5,0,,2017-01-01", "fractional", "due_minor", "1.5"),
    ("i1,a,L1,2017-01-31,nan,0,,2017-01-01", "not_finite", "due_minor", "nan"),
    ("i1,a,L1,2017-01-31,inf,0,,2017-01-01", "not_finite", "due_minor", "inf"),
    ("i1,a,L1,2017-01-31,9223372036854775808,0,,2017-01-01", "overflow", "due_minor", "92233"),
    ("i1,a,L1,2017-01-31,100,0,,2027-01-01", "future_time", "known_at", "2027"),
    ("i1,a,L1,2017-01-31,100,9,2027-01-01,2017-01-01", "future_time", "paid_at", "2027"),
    ("i0,a,L1,2017-01-31,101,0,,2017-01-01", "different_content", None, "other content"),
]


@pytest.mark.parametrize(("line", "code", "column", "got"), BAD_INSTALMENTS)
def test_a_bad_row_is_a_finding_and_good_rows_are_kept(
    lake: Lake, tmp_path: Path, line: str, code: str, column: str | None, got: str
) -> None:
    report = instalments(lake, tmp_path / "a.csv", GOOD, line)
    assert report.findings == {code: 1}
    assert (report.read, report.quarantined, report.new) == (2, 1, 1)
    (entry,) = lake.quarantine()
    (finding,) = entry.findings
    assert (finding.code, finding.column, finding.row, entry.row) == (code, column, 2, 2)
    assert (finding.source, finding.kind) == ("bank", "instalment")
    assert got in finding.got
    assert entry.raw is not None and entry.raw["who" if "who" in entry.raw else "subject"] in (
        "a",
        None,
    )
    assert all(words in str(finding) for words in (finding.must, "row 2", finding.advice))


def bad(kind: str, columns: str, code: str, column: str) -> Any:
    return pytest.param(kind, columns, code, column, id=f"{kind}-{column}-{code}")


@pytest.mark.parametrize(
    ("kind", "columns", "code", "column"),
    [
        bad("means", "date '2017-01-02' happened_at, date '2017-01-01' known_at",
            "known_too_early", "known_at"),
        bad("means", "date '2027-01-02' happened_at", "future_time", "happened_at"),
        bad("means", "timestamp '2017-01-01 10:00:00' happened_at", "naive_time", "happened_at"),
        bad("means", "1483228800 happened_at", "wrong_type", "happened_at"),
        bad("means", "date '20000-01-01' happened_at", "out_of_range", "happened_at"),
        bad("means", "date '2017-01-01' happened_at, 'USD' currency",
            "second_currency", "currency"),
        bad("means", "date '2017-01-01' happened_at, null currency", "missing", "currency"),
        bad("means", "date '2017-01-01' happened_at, 'sale' cause", "not_allowed", "cause"),
        bad("means", "date '2017-01-01' happened_at, 1e300::double income_minor",
            "overflow", "income_minor"),
        bad("means", "date '2017-01-01' happened_at, 'nan'::double income_minor",
            "not_finite", "income_minor"),
        bad("means", "date '2017-01-01' happened_at, 2.5::decimal(9,2) income_minor",
            "fractional", "income_minor"),
        bad("means", "date '2017-01-01' happened_at, 170141183460469231731687303715::hugeint "
            "income_minor", "overflow", "income_minor"),
        bad("means", "date '2017-01-01' happened_at, [1] income_minor",
            "wrong_type", "income_minor"),
        bad("reading", "date '2017-01-01' happened_at, 'inf'::double level",
            "not_finite", "level"),
        bad("reading", "date '2017-01-01' happened_at, 'high' level", "wrong_type", "level"),
        bad("reading", "date '2017-01-01' happened_at, 2 sure", "wrong_type", "sure"),
        bad("reading", "null happened_at", "missing", "happened_at"),
        bad("profile", "date '2017-01-01' happened_at, 1700 birth_year",
            "out_of_range", "birth_year"),
        bad("verification", "date '2017-01-01' happened_at, 'id' element, 'maybe' result",
            "not_allowed", "result"),
        bad("tie", "date '2017-01-01' happened_at, 'b' other, 'friend' relation, "
            "1001 strength_permille", "out_of_range", "strength_permille"),
    ],
)  # fmt: skip
def test_a_rule_of_a_kind_is_checked_on_typed_columns(
    lake: Lake, kind: str, columns: str, code: str, column: str
) -> None:
    one = mapping(kind, f"'r1' record, 'a' subject, {columns}")
    report = load(lake, one, pa.table({"x": [1]}))
    assert report.findings == {code: 1}, report.failures
    assert lake.quarantine()[0].findings[0].column == column
    assert lake.versions() == {}


def test_identifiers_that_are_fractions_are_refused(lake: Lake) -> None:
    one = mapping("means", "1.5::double record, 'a' subject, date '2017-01-01' happened_at")
    assert load(lake, one, pa.table({"x": [1]})).findings == {"wrong_type": 1}


def test_a_batch_without_one_good_row_among_many_fails_as_one_finding(lake: Lake) -> None:
    one = mapping("means", "x record, 'a' subject, timestamp '2017-01-01 10:00:00' happened_at")
    report = load(lake, one, pa.table({"x": pa.array(range(150_000))}))
    (finding,) = report.failures
    assert (finding.code, finding.column) == ("naive_time", "happened_at")
    assert "150,000 rows" in finding.got


# --- batches that fail whole -----------------------------------------------------------


def failure(lake: Lake, one: Mapping, source: Any) -> Any:
    """The one finding of a batch that failed, which wrote nothing but that finding."""
    report = load(lake, one, source)
    assert [batch.status for batch in report.batches] == ["failed"]
    (finding,) = report.failures
    (entry,) = lake.quarantine()
    assert entry.raw is None and [f.code for f in entry.findings] == [finding.code]
    assert lake.versions() == {}
    return finding


def test_a_missing_required_column_is_named(lake: Lake, tmp_path: Path) -> None:
    one = mapping("instalment", INSTALMENT.replace("amount as due_minor, ", ""))
    finding = failure(lake, one, csv(tmp_path / "a.csv", HEAD, GOOD))
    assert (finding.code, finding.column) == ("missing_column", "due_minor")


def test_an_unknown_column_is_named_with_those_there_are(lake: Lake, tmp_path: Path) -> None:
    one = mapping("instalment", INSTALMENT + ", who as colour")
    finding = failure(lake, one, csv(tmp_path / "a.csv", HEAD, GOOD))
    assert (finding.code, finding.column) == ("unknown_column", "colour")
    assert "paid_minor" in finding.must


def test_what_is_never_collected_fails_the_batch_and_leaves_no_value(lake: Lake) -> None:
    columns = "'r' as record, 's' as subject, '2020-01-01T00:00Z' as happened_at"
    one = mapping("profile", columns + ", 'druid' as religion")
    source = pa.table({"x": [1]})
    finding = failure(lake, replace(one, jurisdiction="EU"), source)
    assert (finding.code, finding.column) == ("never_collect", "religion")
    assert "EU-GDPR-9" in finding.must
    assert load(lake, one, source).new == 1


@pytest.mark.parametrize(("day", "kept"), [("2013-03-14", True), ("2013-03-15", False)])
def test_a_flat_table_brings_no_variable_that_is_never_collected(
    lake: Lake, day: str, kept: bool
) -> None:
    columns = "name record, 's' subject, '2010-01-01T00:00Z' happened_at, name, x as text"
    one = replace(mapping("attribute", columns), jurisdiction="CN")
    source = pa.table({"name": ["income", "father_blood_type"], "x": ["1", "AB"]})
    report = load(lake, one, source, now=parse_instant(day))
    assert [batch.status for batch in report.batches] == ["kept" if kept else "failed"]
    assert report.new == (2 if kept else 0)
    if not kept:
        (finding,) = report.failures
        assert (finding.code, finding.column) == ("never_collect", "father_blood_type")
        assert all(entry.raw is None for entry in lake.quarantine())
        assert lake.versions() == {}


def test_a_live_mapping_may_not_state_when_it_knew(lake: Lake, tmp_path: Path) -> None:
    one = mapping("instalment", INSTALMENT, "historical = false")
    assert failure(lake, one, csv(tmp_path / "a.csv", HEAD, GOOD)).code == "not_historical"


@pytest.mark.parametrize(
    ("columns", "tail", "line"),
    [
        ("1 as record,,", "", 5),
        ("colour", "", 5),
        ("*", "where colour > 1", 6),
    ],
)
def test_an_error_in_the_select_shows_its_line(
    lake: Lake, tmp_path: Path, columns: str, tail: str, line: int
) -> None:
    one = mapping("instalment", columns, tail=tail)
    finding = failure(lake, one, csv(tmp_path / "a.csv", HEAD, GOOD))
    assert finding.code == "sql_error"
    assert finding.where == f"mapping/instalment.sql, line {line}"


@pytest.mark.parametrize("cast", ["cast(amount as integer)", "cast(amount || '0' as integer)"])
def test_an_error_while_rows_are_read_fails_the_batch_whole(
    lake: Lake, tmp_path: Path, cast: str
) -> None:
    one = mapping("instalment", INSTALMENT.replace("amount as", f"{cast} as"))
    file = csv(tmp_path / "a.csv", HEAD, GOOD, GOOD.replace("100", "much"))
    finding = failure(lake, one, file)
    assert finding.code == "sql_error"
    assert "much" in finding.got


@pytest.mark.parametrize(
    "sql",
    [
        "select 1; select 2",
        "drop table t",
        "copy (select 1) to 'stolen.csv'",
        "attach 'other.duckdb'",
        "install httpfs",
        "pragma version",
        "insert into t values (1)",
        "select * from read_csv('/etc/passwd')",
        "select * from read_text('/etc/passwd')",
        "select * from 'https://example.org/a.parquet'",
        "select * from evidence_instalment",
        "set enable_external_access = true",
        "",
    ],
)
def test_a_select_may_only_read_what_was_declared(lake: Lake, tmp_path: Path, sql: str) -> None:
    text = f'-- ---\n-- source = "bank"\n-- ---\n{sql} -- t\n'
    one = parse_mapping(text, where="mapping/instalment.sql", kinds=KINDS)
    finding = failure(lake, one, pa.table({"x": [1]}))
    assert finding.code in ("sql_error", "unreadable_file")
    assert all(path.name.startswith("lake.duckdb") for path in tmp_path.iterdir())


def test_a_closing_semicolon_and_comments_are_no_second_select(lake: Lake) -> None:
    one = mapping(
        "means", "'r;1' record, 'a' subject, date '2017-01-01' happened_at", tail="; -- ; the end"
    )
    assert load(lake, one, pa.table({"x": [1]})).new == 1


def truncated(path: Path) -> list[Path]:
    parquet(path, x=list(range(10_000)))
    path.write_bytes(path.read_bytes()[:-100])
    return [path]


def scrambled(path: Path) -> list[Path]:
    parquet(path, x=list(range(10_000)))
    data = bytearray(path.read_bytes())
    data[200:400] = bytes(200)
    path.write_bytes(bytes(data))
    return [path]


def empty(path: Path) -> list[Path]:
    path.write_bytes(b"")
    return [path]


def not_utf8(path: Path) -> list[Path]:
    path.write_bytes("naïve,x\n1,2\n".encode("latin-1"))
    return [path]


@pytest.mark.parametrize(
    ("make", "name", "code"),
    [
        (truncated, "a.parquet", "unreadable_file"),
        (scrambled, "a.parquet", "unreadable_file"),
        (empty, "a.parquet", "empty_file"),
        (empty, "a.csv", "empty_file"),
        (not_utf8, "a.csv", "unreadable_file"),
        (lambda path: [path], "a.csv", "no_file"),
        (lambda _: [], "a.csv", "no_file"),
        (lambda path: csv(path, "x"), "a.csv", "no_rows"),
    ],
)
def test_a_file_that_cannot_be_read_fails_the_batch(
    lake: Lake, tmp_path: Path, make: Any, name: str, code: str
) -> None:
    one = mapping("means", "x::varchar record, 'a' subject, date '2017-01-01' happened_at")
    finding = failure(lake, one, make(tmp_path / name))
    assert finding.code == code
    assert name in f"{finding.where} {finding.got}" or code in ("no_rows", "no_file")


def test_a_select_without_rows_is_a_finding(lake: Lake, tmp_path: Path) -> None:
    one = mapping("instalment", INSTALMENT, tail="where who = 'nobody'")
    assert failure(lake, one, csv(tmp_path / "a.csv", HEAD, GOOD)).code == "no_rows"


def test_a_file_that_changes_while_it_is_read_writes_nothing(lake: Lake, tmp_path: Path) -> None:
    (file,) = csv(tmp_path / "a.csv", HEAD, GOOD)
    once = threading.Event()

    def progress(_step: str, _done: int, _total: int | None) -> None:
        if not once.is_set():
            once.set()
            with file.open("a") as opened:
                opened.write(GOOD.replace("i0", "i9") + "\n")

    report = ingest(
        lake,
        [mapping("instalment", INSTALMENT)],
        {"t": [file]},
        key=None,
        currency=Currency("EUR"),
        clock=lambda: NOW,
        progress=progress,
    )
    (finding,) = report.failures
    assert finding.code == "changed_while_read"
    assert str(file) in finding.where
    assert lake.versions() == {}
    again = instalments(lake, tmp_path / "a.csv", GOOD)
    assert again.new == 1
    assert lake.quarantine() == ()


def test_broken_lines_are_findings_and_the_others_are_read(lake: Lake, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    lines = [HEAD, GOOD, "i1,\u00e9,L1,2017-01-31,1,0,,2017-01-01", "i2,a", GOOD + ",1"]
    path.write_bytes("\n".join(lines).encode("latin-1") + b"\n")
    report = load(lake, mapping("instalment", INSTALMENT), [path])
    assert report.findings == {"unreadable_line": 3}
    assert (report.read, report.new) == (4, 1)
    places = [finding.where for entry in lake.quarantine() for finding in entry.findings]
    assert places == [f"{path}, line {number}" for number in (3, 4, 5)]
    instalments(lake, path, GOOD)
    assert lake.quarantine() == ()


def test_one_batch_that_fails_leaves_the_others_alone(lake: Lake, tmp_path: Path) -> None:
    good, wrong = mapping("instalment", INSTALMENT), mapping("means", "colour")
    report = ingest(
        lake,
        [wrong, good],
        {"t": csv(tmp_path / "a.csv", HEAD, GOOD), "unused": [tmp_path / "nothing"]},
        key=None,
        currency=Currency("EUR"),
        clock=lambda: NOW,
        progress=lambda *_: None,
    )
    assert [batch.status for batch in report.batches] == ["failed", "kept"]


# --- quarantine ------------------------------------------------------------------------


def test_a_mended_row_is_replayed_as_evidence(lake: Lake, tmp_path: Path) -> None:
    one = mapping("instalment", INSTALMENT)
    wrong = "i1,a,L1,31/01/2017,1.5,0,,2017-01-01"
    load(lake, one, csv(tmp_path / "a.csv", HEAD, GOOD, wrong), key=b"k" * 32)
    (entry,) = lake.quarantine()
    assert [finding.code for finding in entry.findings] == ["fractional", "unparsable_time"]

    half = lake.mend(entry.entry, {"due_at": "2017-01-31"})
    assert half.mended is not None and half.raw is not None
    assert (half.raw["due_at"], half.mended["due_at"]) == ("31/01/2017", "2017-01-31")
    still = lake.replay(one, currency="EUR", now=NOW, key=b"k" * 32)
    assert still is not None and still.findings == {"fractional": 1}
    (entry,) = lake.quarantine()
    assert [finding.code for finding in entry.findings] == ["fractional"]

    lake.mend(entry.entry, {"due_minor": "150"})
    done = lake.replay(one, currency="EUR", now=NOW, key=b"k" * 32)
    assert done is not None and done.versions_new == 1
    assert lake.quarantine() == ()
    assert lake.quarantine(status="replayed")[0].entry == entry.entry
    assert [(row["record"], row["due_minor"]) for row in rows(lake, "instalment")] == [
        ("i0", 100),
        ("i1", 150),
    ]
    assert len({row["subject"] for row in rows(lake, "instalment")}) == 1
    assert lake.replay(one, currency="EUR", now=NOW, key=b"k" * 32) is None


def test_a_conflict_stays_until_it_is_given_its_own_moment(lake: Lake, tmp_path: Path) -> None:
    one = mapping("instalment", INSTALMENT)
    other = GOOD.replace("100", "101")
    load(lake, one, csv(tmp_path / "a.csv", HEAD, GOOD, other, GOOD))
    again = lake.replay(one, currency="EUR", now=NOW)
    assert again is not None and again.findings == {"different_content": 1}
    (entry,) = lake.quarantine()
    lake.mend(entry.entry, {"known_at": "2017-02-01", "cause": "correction"})
    lake.replay(one, currency="EUR", now=NOW)
    found = [(row["cause"], row["due_minor"]) for row in rows(lake, "instalment")]
    assert found == [("event", 100), ("correction", 101)]


def test_a_lake_says_what_a_report_prints_of_it(lake: Lake, tmp_path: Path) -> None:
    assert (lake.stated_share(), lake.open_findings()) == (None, {})
    instalments(lake, tmp_path / "a.csv", GOOD, GOOD.replace("100", "-1"))
    live = mapping("means", "1 record, 'a' subject, date '2017-01-01' happened_at", "schema = 1")
    load(lake, live, pa.table({"x": [1]}))
    assert lake.stated_share() == 0.5
    assert lake.open_findings() == {"instalment": {"negative": 1}}
    assert lake.versions() == {"instalment": 1, "means": 1}


def test_a_row_that_waits_already_is_not_quarantined_twice(lake: Lake, tmp_path: Path) -> None:
    wrong = GOOD.replace("i0", "i1").replace("100", "-1")
    instalments(lake, tmp_path / "a.csv", GOOD, wrong)
    again = instalments(lake, tmp_path / "a.csv", GOOD, wrong, GOOD.replace("i0", "i2"))
    assert (again.new, again.known, again.quarantined) == (1, 1, 1)
    assert [entry.record for entry in lake.quarantine()] == ["i1"]


def test_an_hour_that_the_clocks_skipped_is_a_finding(lake: Lake, tmp_path: Path) -> None:
    one = mapping("reading", "*", 'historical = true\n-- naive_times = "Europe/Berlin"')
    moments = [datetime(2024, 3, 31, 1, 59), datetime(2024, 3, 31, 2, 30)]  # noqa: DTZ001 (meant)
    names = {"record": ["r1", "r2"], "subject": ["a", "a"]}
    lines = [f"{r},a,{m.isoformat()}" for r, m in zip(names["record"], moments, strict=True)]
    as_text = csv(tmp_path / "a.csv", "record,subject,happened_at", *lines)
    as_time = pa.table({**names, "happened_at": pa.array(moments, pa.timestamp("us"))})
    for source in (as_text, as_time):
        report = load(lake, one, source)
        assert report.findings == {"unparsable_time": 1}
    (row,) = rows(lake, "reading")
    assert row["happened_at"] == at("2024-03-31T00:59")
    found = lake.quarantine()[0].findings[0]
    assert found.must == "happened_at must be a time that the clocks of Europe/Berlin showed"


def test_a_select_that_returns_a_column_twice_is_refused(lake: Lake) -> None:
    one = mapping("reading", "who as record, record, who as subject, who as happened_at")
    report = load(lake, one, pa.table({"record": ["r"], "who": ["a"]}))
    assert report.findings == {"sql_error": 1}
    assert "'record' comes twice" in report.failures[0].got


def test_columns_of_a_declared_kind_may_have_any_name(tmp_path: Path) -> None:
    columns = {name: {"type": "int"} for name in ("row", "h", "rid", "raw", "bad", "batch_", "n")}
    columns["Seen"] = {"type": "instant"}
    body = {"domain": "history", "says": "x", "window": "Seen", "columns": columns}
    kinds = kinds_of({"kind": {"odd": body}}, where="benne.toml")
    text = '-- ---\n-- source = "bank"\n-- historical = true\n-- ---\nselect 1 record, '
    text += "'a' subject, date '2017-01-01' seen, x \"row\", x h, x rid, x raw, x bad, x n from t"
    one = parse_mapping(text, where="odd.sql", kinds=kinds)
    with Lake.open(tmp_path / "lake.duckdb", kinds=kinds) as lake:
        for number in (1, 2):
            load(lake, one, pa.table({"x": [number]}))
        (row,) = rows(lake, "odd")
        (entry,) = lake.quarantine()
        assert (row["row"], row["h"], row["rid"], row["raw"]) == (1, 1, 1, 1)
        assert entry.raw is not None and entry.raw["raw"] == "2"


def test_an_entry_can_be_dismissed_and_then_not_mended(lake: Lake, tmp_path: Path) -> None:
    instalments(lake, tmp_path / "a.csv", GOOD, GOOD.replace("100", "-1"))
    (entry,) = lake.quarantine()
    assert lake.dismiss([entry.entry, 99]) == 1
    assert lake.quarantine() == ()
    with pytest.raises(ValueError, match="dismissed"):
        lake.mend(entry.entry, {"due_minor": "1"})
    with pytest.raises(LookupError, match="no entry 99"):
        lake.mend(99, {"due_minor": "1"})


def test_a_row_that_its_source_mended_waits_no_longer(lake: Lake, tmp_path: Path) -> None:
    wrong = GOOD.replace("100", "-1")
    other = wrong.replace("i0", "i1")
    paid_later = GOOD.replace("i0", "i2").replace("2017-01-01", "2017-01-05")
    instalments(lake, tmp_path / "a.csv", wrong, other, paid_later)
    instalments(lake, tmp_path / "b.csv", paid_later.replace("01-05", "01-01").replace("100", "-1"))
    assert [entry.record for entry in lake.quarantine()] == ["i0", "i1", "i2"]
    instalments(lake, tmp_path / "c.csv", GOOD, paid_later.replace("01-05", "01-07"))
    assert [entry.record for entry in lake.quarantine()] == ["i1", "i2"]
    assert lake.quarantine(status="resolved")[0].record == "i0"


def test_mending_names_the_columns_there_are(lake: Lake, tmp_path: Path) -> None:
    instalments(lake, tmp_path / "a.csv", GOOD.replace("100", "-1"))
    with pytest.raises(ValueError, match="no column 'colour'; it has account"):
        lake.mend(1, {"colour": "red"})
