"""The commands of the online store: load, sync, verify, replay."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from benne.doors.cli._console import out, progress
from benne.doors.cli._service import DatabaseOpt, JsonOpt, WorkspaceArg

if TYPE_CHECKING:
    from benne.app import Service, Session


@contextmanager
def _opened(workspace: Path, database: str | None) -> Iterator[tuple[Session, Service]]:
    from benne import app

    session = app.session(workspace)
    service = app.service(session, database=database)
    try:
        yield session, service
    finally:
        service.online.close()


def load(workspace: WorkspaceArg, database: DatabaseOpt = None) -> None:
    """Bring the lake's evidence into the online store.

    Only what is newer than the last load is read.
    A load that was stopped goes on where it was.
    """
    from benne import app

    with _opened(workspace, database) as (session, service), progress() as tell:
        done = app.load(session, service, tell)
    for line in done.lines():
        out(line)


def sync(workspace: WorkspaceArg, database: DatabaseOpt = None) -> None:
    """Take new evidence of the online store back into the lake, exactly once.

    What was deleted there is deleted here too.
    """
    from benne import app

    with _opened(workspace, database) as (session, service), progress() as tell:
        done = app.sync(session, service, tell)
    for line in done.lines():
        out(line)


def verify(
    workspace: WorkspaceArg,
    database: DatabaseOpt = None,
    head: Annotated[
        Path | None,
        typer.Option(help="A head written earlier: tells whether the end was cut off."),
    ] = None,
    write_head: Annotated[
        Path | None, typer.Option(help="Write the newest head here, to be kept elsewhere.")
    ] = None,
    seal: Annotated[bool, typer.Option(help="Seal first what is not sealed yet.")] = True,
    as_json: JsonOpt = False,
) -> None:
    """Check the journal: its chain, its signatures, and a head kept elsewhere.

    Ends with 1 where something is not as it was sealed.
    """
    from benne import app

    with _opened(workspace, database) as (_, service):
        found = app.verify_journal(service, head=head, write_head=write_head, seal_first=seal)
    if as_json:
        out(json.dumps(found.as_json()))
    else:
        for line in found.lines_to_show():
            out(line)
    if found.flaws:
        raise typer.Exit(1)


def replay(
    workspace: WorkspaceArg,
    answer: Annotated[str, typer.Argument(metavar="ID", help="The id of an answer.")],
    database: DatabaseOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Compute a stored answer again, to the point.

    From what was known then, by the model of then.
    Ends with 1 where it is not the same.
    """
    from benne import app

    with _opened(workspace, database) as (_, service):
        found = app.replay(app.KeptModels(service.workspace), service.online, answer)
    if as_json:
        out(json.dumps(found.as_json()))
    else:
        for line in found.lines():
            out(line)
    if found.verdict == "differs":
        raise typer.Exit(1)
