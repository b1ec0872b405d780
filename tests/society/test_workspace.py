"""A society on disk: a workspace that appears whole or not at all, and can be ingested."""

from __future__ import annotations

import errno
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benne.app import _society
from benne.app._society import SocietyWritten, write_society
from benne.app.settings import read_workspace
from benne.app.stores._folders import ParquetFiles, whole_folder
from benne.evidence import parse_mapping, standard_kinds
from benne.kernel import Conflict, InvalidInput, Unavailable


def write(folder: Path, **more: object) -> SocietyWritten:
    return write_society(folder, people=150, seed=2, tell=lambda *_: None, **more)


def test_it_is_a_workspace_with_a_mapping_for_every_kind(tmp_path: Path) -> None:
    written = write(tmp_path / "town")
    workspace = read_workspace(tmp_path / "town")
    mappings = [
        parse_mapping(path.read_text(), where=str(path), kinds=workspace.kinds)
        for path in workspace.mappings
    ]
    assert {m.kind.name for m in mappings} == {kind.name for kind in standard_kinds()}
    assert len({m.source for m in mappings}) > 2
    for path in workspace.files.values():
        assert pq.read_metadata(tmp_path / "town" / path).num_rows > 0
    assert written.records == sum(
        pq.read_metadata(path).num_rows for path in (tmp_path / "town" / "evidence").iterdir()
    )


def test_the_truth_lies_apart_and_no_file_of_the_workspace_reads_it(tmp_path: Path) -> None:
    write(tmp_path / "town")
    folder = tmp_path / "town"
    assert {path.name for path in folder.iterdir()} == {
        "benne.toml", "mapping", "observations.sql", "evidence", "outcome", "truth", ".benne",
    }  # fmt: skip
    for path in (folder / "benne.toml", folder / "observations.sql", *folder.glob("mapping/*")):
        assert "truth/" not in path.read_text()
    hidden = {"willingness", "capacity", "patience", "appetite", "ring", "victim", "probability"}
    for path in (*folder.glob("evidence/*"), *folder.glob("outcome/*")):
        assert not hidden & set(pq.read_schema(path).names)


def test_a_society_with_a_lender_that_refuses_says_how_its_cards_learn(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two", changes={"incumbent.on": 1})
    assert "refused =" not in (tmp_path / "one" / "benne.toml").read_text()
    assert 'refused = "accepts_only"' in (tmp_path / "two" / "benne.toml").read_text()
    assert read_workspace(tmp_path / "two").model.refused == "accepts_only"


def test_the_same_arguments_write_the_same_rows_and_the_same_key(tmp_path: Path) -> None:
    write(tmp_path / "one")
    write(tmp_path / "two")
    keys = [(tmp_path / name / ".benne" / "key").read_text() for name in ("one", "two")]
    assert keys[0] == keys[1]
    write(tmp_path / "other", changes={"shocks.job_loss": 0.05})
    assert (tmp_path / "other" / ".benne" / "key").read_text() != keys[0]
    for path in (tmp_path / "one").rglob("*.parquet"):
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert pq.read_table(path).equals(pq.read_table(twin))


def test_the_parameters_that_were_used_can_be_used_again(tmp_path: Path) -> None:
    write(tmp_path / "one", changes={"shocks.job_loss": 0.05})
    write(tmp_path / "two", parameters=tmp_path / "one" / "truth" / "parameters.toml")
    for path in (tmp_path / "one").rglob("*.parquet"):
        twin = tmp_path / "two" / path.relative_to(tmp_path / "one")
        assert pq.read_table(path).equals(pq.read_table(twin))


def test_a_folder_that_exists_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    (tmp_path / "town" / "mine.txt").write_text("mine")
    with pytest.raises(Conflict, match="exists already"):
        write(tmp_path / "town")
    assert [path.name for path in (tmp_path / "town").iterdir()] == ["mine.txt"]


@pytest.mark.parametrize(
    ("error", "raised"),
    [(KeyboardInterrupt(), KeyboardInterrupt), (OSError(errno.ENOSPC, "No space"), Unavailable)],
)
def test_an_interrupt_or_a_full_disk_leaves_nothing_and_the_command_can_be_run_again(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: BaseException,
    raised: type[BaseException],
) -> None:
    def stop(self: ParquetFiles, name: str, batch: object) -> None:
        if name.startswith("truth"):
            raise error

    with monkeypatch.context() as patch:
        patch.setattr(ParquetFiles, "write", stop)
        with pytest.raises(raised):
            write(tmp_path / "town")
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / "town")
    assert [path.name for path in tmp_path.iterdir()] == ["town"]


def test_what_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".town.part").mkdir()
    (tmp_path / ".town.part" / "half").write_text("half")
    write(tmp_path / "town")
    assert not (tmp_path / "town" / "half").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["town"]


def test_two_processes_do_not_make_the_same_folder(tmp_path: Path) -> None:
    with (
        whole_folder(tmp_path / "town"),
        pytest.raises(Conflict, match="another process"),
        whole_folder(tmp_path / "town"),
    ):
        pass


@pytest.mark.parametrize("text", ["schema = 2", "schema = 1\n[people]\nregions = 3", "not toml"])
def test_parameters_that_cannot_be_read_are_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "numbers.toml").write_text(text)
    with pytest.raises(InvalidInput, match=r"numbers\.toml"):
        write(tmp_path / "town", parameters=tmp_path / "numbers.toml")
    assert not (tmp_path / "town").exists()


def test_every_source_is_named_after_what_it_furnishes() -> None:
    furnished = [kind for kinds in _society.SOURCES.values() for kind in kinds]
    assert sorted(furnished) == sorted(kind.name for kind in standard_kinds())
