"""The command line: parse, call a use case, print."""

from __future__ import annotations

import errno
import sys
from collections.abc import Callable, Mapping
from typing import Any

_INTERRUPTED = 130
_OF_THE_MACHINE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
"""What a disk refuses, through no fault of the program: it is said, without a traceback."""


def main(render: Callable[[Mapping[str, Any]], str], serve: Callable[..., None]) -> None:
    """Run ``benne`` and end the process with the exit code of what happened.

    ``render`` turns a validation into the report's page, ``serve`` answers over HTTP.
    Codes: 0 done; 2 input; 3 permission; 4 conflict; 5 unavailable; 1 a bug or a broken store;
    130 interrupted.
    """
    from benne.doors.cli._commands import commands
    from benne.doors.cli._console import Hung, fail, flush, note
    from benne.kernel import BenneError, Unavailable

    try:
        try:
            commands(obj=Hung(render, serve))
        finally:
            flush()
    except BenneError as error:
        sys.exit(fail(error))
    except OSError as error:
        if error.errno not in _OF_THE_MACHINE:
            raise
        where = error.filename or "a file"
        sys.exit(fail(Unavailable(
            f"{where} must be readable, with room to write: {error.strerror}; mend its permissions "
            "or make room, then run the command again."
        )))  # fmt: skip
    except (KeyboardInterrupt, SystemExit) as ended:
        if isinstance(ended, SystemExit) and ended.code != _INTERRUPTED:
            raise
        note("benne: interrupted; what was not finished was not written.")
        sys.exit(_INTERRUPTED)


__all__ = ["main"]
