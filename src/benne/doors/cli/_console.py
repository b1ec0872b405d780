"""What every command shares: progress on stderr, results on stdout, errors in one table."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from benne.kernel import (
    BenneError,
    Conflict,
    Corrupt,
    InvalidInput,
    NotFound,
    NotPermitted,
    Unavailable,
    consequence_of,
)

T = TypeVar("T")
Progress = Callable[[str, int, int | None], None]
"""Told (step, done, total) as work goes on; ``total`` is ``None`` where it is not known."""


@dataclass(frozen=True, slots=True)
class Hung:
    """The other doors, which the commands reach through here: ``render`` makes the page of a
    report, ``serve`` answers over HTTP."""

    render: Callable[..., str]
    serve: Callable[..., None]


def out(text: str) -> None:
    """A line of the result.  Where its reader has left, as head does, the command ends, done."""
    try:
        sys.stdout.write(text + "\n")
    except BrokenPipeError:
        _write_to_nobody()
        sys.exit(0)


def flush() -> None:
    """Let go of what was printed, while it can still be said that nobody reads it."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        _write_to_nobody()


def _write_to_nobody() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def note(text: str) -> None:
    """A line for the person at the terminal, kept apart from the result."""
    sys.stderr.write(text + "\n")


def fail(error: BenneError) -> int:
    """Say what went wrong on stderr; the exit code to end with."""
    words = {InvalidInput: "invalid input", NotPermitted: "not permitted", NotFound: "not found"}
    kernels = {*words, Conflict, Unavailable, Corrupt, BenneError}
    kind = next(cls for cls in type(error).__mro__ if cls in kernels)
    note(f"benne: {words.get(kind, kind.__name__.lower())}: {error}")
    return consequence_of(error).exit_code


@contextmanager
def progress() -> Iterator[Progress]:
    """A bar on a terminal; elsewhere one line as each step begins."""
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress as Bars,
        TextColumn,
        TimeElapsedColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Bars(*columns, console=Console(stderr=True)) as bars:
        tasks: dict[str, int] = {}

        def tell(step: str, done: int, total: int | None) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(bars.task_ids[list(tasks).index(step)], completed=done, total=total)

        yield tell


def _lines() -> Progress:
    begun: set[str] = set()

    def tell(step: str, _done: int, _total: int | None) -> None:
        if step not in begun:
            begun.add(step)
            note(f"  {step}")

    return tell
