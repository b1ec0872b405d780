"""What the command line says where something is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer

from benne.app import NeedsSecondPerson, StoreUnavailable, TooManyThresholds
from benne.doors.cli._console import fail
from benne.doors.cli._online import dispute
from benne.kernel import BenneError, InvalidInput


@pytest.mark.parametrize(
    ("error", "says", "code"),
    [
        (InvalidInput("so"), "benne: invalid input: so\n", 2),
        (TooManyThresholds("so", again_at=0), "benne: not permitted: so\n", 3),
        (NeedsSecondPerson("so"), "benne: conflict: so\n", 4),
        (StoreUnavailable("so"), "benne: unavailable: so\n", 5),
    ],
)
def test_an_error_is_called_what_its_kind_is_called(
    error: BenneError, says: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fail(error) == code
    assert capsys.readouterr().err == says


@pytest.mark.parametrize("record", ["b17", "breach/rentals", "breach//b17", "/rentals/b17"])
def test_a_record_without_its_kind_and_source_is_refused(record: str, tmp_path: Path) -> None:
    with pytest.raises(typer.BadParameter, match="KIND/SOURCE/RECORD, as in obligation/grid"):
        dispute(tmp_path, "PERSON-0001", record)
