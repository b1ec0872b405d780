"""What the command line says where something is wrong."""

from __future__ import annotations

import pytest

from benne.app import NeedsSecondPerson, StoreUnavailable, TooManyThresholds
from benne.doors.cli._console import fail
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
