"""The lake as a file: who may open it, what it holds, and what it refuses."""

from __future__ import annotations

import hashlib
import hmac
import os
import subprocess
import sys
from pathlib import Path

import ibis
import pyarrow as pa
import pytest

from benne.app.stores import Lake, _lake_schema
from benne.app.stores._lake_erasing import Gone
from benne.evidence import kinds_of, parse_mapping, standard_kinds
from benne.kernel import (
    END_OF_TIME,
    MICROS_PER_DAY as DAY,
    BenneError,
    Conflict,
    Corrupt,
    InvalidInput,
    iso,
)

HOLD = """
import sys
from pathlib import Path
from benne.app.stores import Lake
with Lake.open(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""
MEANS = """-- ---
-- source = "bank"
-- historical = true
-- ---
select 'm1' as record, 'a' as subject, date '2017-01-01' as happened_at, 5 as income_minor from t
"""
NOW = 1_790_000_000_000_000


def open_lake(path: Path, **options: object) -> Lake:
    return Lake.open(path, threads=1, memory="300MB", **options)  # type: ignore[arg-type]


def one_version(lake: Lake, now: int = NOW, income: int = 5) -> None:
    text = MEANS.replace(" 5 ", f" {income} ")
    mapping = parse_mapping(text, where="means.sql", kinds=standard_kinds())
    lake.ingest(mapping, {"t": pa.table({"x": [1]})}, currency="EUR", now=now)


def test_a_lake_held_by_another_process_is_a_conflict_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    words = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        other.stdout.readline()
        with pytest.raises(Conflict, match=rf"process {other.pid} \(.*python.*\) holds it"):
            open_lake(path)
        with pytest.raises(Conflict, match=str(other.pid)):
            open_lake(path, read_only=True)
        other.communicate()
    open_lake(path).close()


def test_readers_may_share_a_lake_that_nobody_writes(tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    with open_lake(path) as lake:
        one_version(lake)
    with open_lake(path, read_only=True) as reader:
        assert reader.versions() == {"means": 1}
        with pytest.raises(BenneError):
            reader.write_table("observations", pa.table({"x": [1]}))


def test_a_lake_of_a_newer_benne_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    with open_lake(path) as lake:
        lake._connection.run("UPDATE lake SET schema = 99")
    with pytest.raises(Conflict, match="has 99"):
        open_lake(path)


def test_an_older_lake_is_migrated_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "lake.duckdb"
    with open_lake(path) as lake:
        one_version(lake)
    newer = _lake_schema.SCHEMA + 1
    monkeypatch.setattr(_lake_schema, "SCHEMA", newer)
    monkeypatch.setitem(
        _lake_schema.MIGRATIONS, newer - 1, ("ALTER TABLE batches ADD COLUMN note VARCHAR",)
    )
    with pytest.raises(Conflict, match="open it once for writing"):
        open_lake(path, read_only=True)
    for _ in range(2):
        with open_lake(path) as lake:
            assert lake.query("SELECT schema FROM lake").to_pylist() == [{"schema": newer}]
            assert lake.query("SELECT note FROM batches").num_rows == 1
            assert lake.versions() == {"means": 1}


@pytest.mark.parametrize("older", [False, True])
def test_nobody_finds_out_by_trying_names_what_was_erased(tmp_path: Path, older: bool) -> None:
    path, key = tmp_path / "lake.duckdb", b"k" * 32
    name = ("means", "bank", "m1")
    plain = hashlib.md5("\x1f".join(name).encode(), usedforsecurity=False).hexdigest()
    with open_lake(path, erasure_key=key) as lake:
        one_version(lake)
        (held,) = lake.query("SELECT source, record FROM evidence_means").to_pylist()
        assert (held["source"], held["record"]) == name[1:]
        gone = Gone("nobody", NOW + 1, False, (name,))
        lake.sync([], [gone], store="s", position=1, currency="EUR", now=NOW + 1)
        lake._connection.run("DELETE FROM evidence_means")
        if older:
            lake._connection.run("UPDATE erased SET name = ?", [plain])
            lake._connection.run("UPDATE lake SET schema = 2")
    with open_lake(path, erasure_key=key) as lake:
        (row,) = lake.query("SELECT name FROM erased").to_pylist()
        assert row["name"] == hmac.new(key, plain.encode(), "sha256").hexdigest()
        one_version(lake, now=NOW + 2, income=6)
        assert lake.query("SELECT 1 FROM evidence_means").num_rows == 0


def test_a_file_that_is_no_lake_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(Corrupt, match=r"lake\.duckdb"):
        open_lake(path)


def test_a_kind_may_gain_a_column_and_may_not_change_one(tmp_path: Path) -> None:
    path = tmp_path / "lake.duckdb"

    def kinds(columns: dict[str, str]) -> object:
        body = {name: {"type": of} for name, of in columns.items()}
        kind = {"domain": "behaviour", "says": "x", "window": "seen_at", "columns": body}
        return kinds_of({"kind": {"reading": kind}}, where="benne.toml")

    open_lake(path, kinds=kinds({"seen_at": "instant"})).close()
    with open_lake(path, kinds=kinds({"seen_at": "instant", "level": "int"})) as lake:
        assert "level" in lake.query("SELECT * FROM readable_reading").column_names
    with pytest.raises(InvalidInput, match="'level' of evidence_reading must stay BIGINT"):
        open_lake(path, kinds=kinds({"seen_at": "instant", "level": "text"}))


def test_a_person_reads_times_as_times(tmp_path: Path) -> None:
    with open_lake(tmp_path / "lake.duckdb") as lake:
        one_version(lake)
        (row,) = lake.query("SELECT * FROM readable_means").to_pylist()
        assert row["happened_at"].isoformat() == "2017-01-01T00:00:00+00:00"
        assert row["superseded_at"] is None
        (stored,) = lake.query("SELECT superseded_at FROM evidence_means").to_pylist()
        assert stored["superseded_at"] == END_OF_TIME


def test_tables_are_written_and_unbound_expressions_run(tmp_path: Path) -> None:
    with open_lake(tmp_path / "lake.duckdb") as lake:
        for numbers in ([1, 2], [3, 4, 5]):
            lake.write_table("observations", pa.table({"observation": numbers}))
        table = ibis.table({"observation": "int64"}, name="observations")
        expression = table.filter(table.observation > 3).order_by("observation")
        assert lake.execute(expression).to_pylist() == [{"observation": 4}, {"observation": 5}]
        assert lake.tables()["observations"] == 3
        for name in ("evidence_means", "lake", "x; drop table lake", "Batches"):
            with pytest.raises(InvalidInput, match="a table's name"):
                lake.write_table(name, pa.table({"x": [1]}))


def test_a_clock_that_went_back_is_a_conflict(tmp_path: Path) -> None:
    with open_lake(tmp_path / "lake.duckdb") as lake:
        one_version(lake)
        with pytest.raises(Conflict, match="the clock says"):
            one_version(lake, now=NOW - 1, income=6)


def test_what_a_killed_process_spilled_is_removed(tmp_path: Path) -> None:
    left = tmp_path / "lake.duckdb.tmp" / "duckdb_temp_storage_DEFAULT-0.tmp"
    left.parent.mkdir()
    left.write_bytes(os.urandom(10))
    open_lake(tmp_path / "lake.duckdb").close()
    assert not left.exists()


def test_memory_is_an_amount(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="as in 3GB; got 'much'"):
        Lake.open(tmp_path / "lake.duckdb", memory="much")


def brought(
    lake: Lake,
    now: int,
    *,
    cause: str = "event",
    income: int = 5,
    day: str = "2017-01-01",
    debt: int | None = None,
) -> int:
    """What a source without times of its own brings at ``now``; how many versions are new."""
    text = (
        f"-- ---\n-- source = \"bank\"\n-- ---\nselect 'm1' as record, 'a' as subject, "
        f"'{cause}' as cause, date '{day}' as happened_at, {income} as income_minor"
        f"{'' if debt is None else f', {debt} as debt_minor'} from t"
    )
    mapping = parse_mapping(text, where="means.sql", kinds=standard_kinds())
    table = pa.table({"x": [now]})  # another file each time, though it says the same
    return lake.ingest(mapping, {"t": table}, currency="EUR", now=now).versions_new


@pytest.mark.parametrize("cause", ["correction", "retraction"])
def test_a_source_that_still_has_the_old_does_not_bring_it_over_what_was_put_right(
    tmp_path: Path, cause: str
) -> None:
    with open_lake(tmp_path / "lake.duckdb") as lake:
        assert brought(lake, NOW) == 1
        assert brought(lake, NOW + 1, cause=cause, income=3) == 1
        assert brought(lake, NOW + 2) == 0, "the old again"
        news = brought(lake, NOW + 3, income=4)
        assert news == (cause == "correction"), "what was retracted comes again as a correction"


@pytest.mark.parametrize("cause", ["correction", "retraction"])
def test_nor_does_it_with_something_new_beside_it(tmp_path: Path, cause: str) -> None:
    with open_lake(tmp_path / "lake.duckdb") as lake:
        assert brought(lake, NOW) == 1
        assert brought(lake, NOW + 1, cause=cause, income=3) == 1
        assert brought(lake, NOW + 2, debt=7) == 0
        (entry,) = lake.quarantine()
        (finding,) = entry.findings
        column = "income_minor" if cause == "correction" else "record"
        assert (finding.code, finding.column, entry.record) == ("put_right", column, "m1")
        assert brought(lake, NOW + 3, debt=7) == 0
        assert len(lake.quarantine()) == 1, "word for word it waits once"
        assert brought(lake, NOW + 4, income=3, debt=7) == (cause == "correction")
        assert len(lake.quarantine()) == 2 * (cause == "retraction"), "the source mended it"
        last = lake.query("SELECT * FROM evidence_means ORDER BY known_at").to_pylist()[-1]
        assert (last["income_minor"], last["superseded_at"]) == (3, END_OF_TIME)


def test_how_a_record_is_disputed_is_not_the_sources_to_say(tmp_path: Path) -> None:
    def sends(lake: Lake, now: int, cause: str, dispute: str, amount: int) -> int:
        text = (
            f"-- ---\n-- source = \"bank\"\n-- ---\nselect 'b1' as record, 'a' as subject, "
            f"'{cause}' as cause, date '2017-01-01' as happened_at, 'rental' as industry, "
            f"'unpaid' as type, {amount} as amount_minor, '{dispute}' as dispute from t"
        )
        mapping = parse_mapping(text, where="breach.sql", kinds=standard_kinds())
        table = pa.table({"x": [now]})
        return lake.ingest(mapping, {"t": table}, currency="EUR", now=now).versions_new

    with open_lake(tmp_path / "lake.duckdb") as lake:
        assert sends(lake, NOW, "event", "original", 5) == 1
        assert sends(lake, NOW + 1, "dispute", "disputed", 5) == 1
        assert sends(lake, NOW + 2, "event", "original", 6) == 1
        assert sends(lake, NOW + 3, "event", "original", 6) == 0
        last = lake.query("SELECT * FROM evidence_breach ORDER BY known_at").to_pylist()[-1]
        assert (last["amount_minor"], last["dispute"]) == (6, "disputed")
        assert sends(lake, NOW + 4, "correction", "corrected", 1) == 1
        assert sends(lake, NOW + 5, "event", "original", 6) == 0
        (entry,) = lake.quarantine()
        assert [one.column for one in entry.findings] == ["amount_minor"]


def test_a_record_that_was_deleted_comes_again_only_with_what_happened_since(
    tmp_path: Path,
) -> None:
    gone = Gone("a", NOW, False, (("means", "bank", "m1"),))
    with open_lake(tmp_path / "lake.duckdb") as lake:
        brought(lake, NOW - 1)
        lake.sync([], [gone], store="s", position=1, currency="EUR", now=NOW)
        assert brought(lake, NOW + 1) == 0
        assert brought(lake, NOW + 2 * DAY, day=iso(NOW + DAY)[:10]) == 1
