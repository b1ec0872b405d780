"""The command line: parse, call a use case, print."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any


def main(render: Callable[[Mapping[str, Any]], str]) -> None:
    """Run ``benne`` and end the process with the exit code of what happened.

    ``render`` turns a validation into the report's page.  Codes: 0 done; 2 input; 3 permission;
    4 conflict; 5 unavailable; 1 a bug or a broken store.
    """
    from benne.doors.cli._commands import commands
    from benne.doors.cli._console import fail, note
    from benne.kernel import BenneError

    try:
        commands(obj=render)
    except BenneError as error:
        sys.exit(fail(error))
    except KeyboardInterrupt:
        note("benne: interrupted; what was not finished was not written.")
        sys.exit(130)


__all__ = ["main"]
