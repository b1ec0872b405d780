"""The commands of the online store: evidence there and back, proof, and people's rights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from benne.doors.cli._console import out, progress
from benne.doors.cli._policies import ByOpt
from benne.doors.cli._proposals import told
from benne.doors.cli._service import DatabaseOpt, JsonOpt, WorkspaceArg, opened, opened_service


def load(workspace: WorkspaceArg, database: DatabaseOpt = None) -> None:
    """Bring the lake's evidence into the online store.

    Only what is newer than the last load is read.
    A load that was stopped goes on where it was.
    """
    from benne import app

    with opened(workspace, database) as (session, service), progress() as tell:
        done = app.load(session, service, tell)
    for line in done.lines():
        out(line)


def sync(workspace: WorkspaceArg, database: DatabaseOpt = None) -> None:
    """Take new evidence of the online store back into the lake, exactly once.

    What was deleted there is deleted here too.
    """
    from benne import app

    with opened(workspace, database) as (session, service), progress() as tell:
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

    with opened_service(workspace, database) as service:
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

    with opened_service(workspace, database) as service:
        found = app.replay(app.KeptModels(service.workspace), service.online, answer)
    if as_json:
        out(json.dumps(found.as_json()))
    else:
        for line in found.lines():
            out(line)
    if found.verdict == "differs":
        raise typer.Exit(1)


PersonArg = Annotated[
    str,
    typer.Argument(
        metavar="PERSON",
        help="The source's identifier of the person, or the pseudonym.",
        show_default=False,
    ),
]


def export(workspace: WorkspaceArg, person: PersonArg, database: DatabaseOpt = None) -> None:
    """Print everything that the online store holds of a person, as JSON."""
    from benne import app

    with opened_service(workspace, database) as service:
        found = app.export(service, person)
    out(json.dumps(found, indent=1, ensure_ascii=False))


def erase(
    workspace: WorkspaceArg, person: PersonArg, by: ByOpt, database: DatabaseOpt = None
) -> None:
    """Propose to erase a person as far as the law lets, here and in the lake.

    What is erased cannot come back, so that somebody else must agree.
    What a running business or a law holds stays until its end.
    """
    from benne import app

    with opened_service(workspace, database) as service:
        made = app.propose_erasure(service, person, by=by)
    told(workspace, made)


def retain(workspace: WorkspaceArg, database: DatabaseOpt = None) -> None:
    """Delete what is past its retention horizon, here and in the lake; run it every day."""
    from benne import app

    with opened(workspace, database) as (session, service), progress() as tell:
        done = app.retain(service)
        synced = app.sync(session, service, tell)
    out(f"{done:,} records deleted")
    for line in synced.lines():
        out(line)


def dispute(
    workspace: WorkspaceArg,
    person: PersonArg,
    record: Annotated[
        str, typer.Argument(metavar="KIND/SOURCE/RECORD", help="Which record.", show_default=False)
    ],
    act: Annotated[
        str, typer.Argument(help="open, extend, uphold, correct, withdraw or state.")
    ] = "open",
    text: Annotated[str, typer.Option(help="Why, or the person's statement.")] = "",
    change: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="COLUMN=JSON", help="What a correction puts right."),
    ] = None,
    database: DatabaseOpt = None,
) -> None:
    """Open a dispute about a record, or decide it.

    After a correction every answer that rested on the old version is given again.
    """
    from benne import app

    kind, source, name = _named(record)
    changes = {one.partition("=")[0]: _json(one.partition("=")[2]) for one in change or ()}
    with opened_service(workspace, database) as service:
        done, again = app.dispute_named(
            service, person, (kind, source, name), act, text=text, changes=changes or None
        )
    due = done.dispute.due_at
    out(f"the record is {done.dispute.state}")
    if due is not None and done.dispute.state == "disputed":
        out(f"an answer is due by {_iso(due)}")
    for given in again:
        out(f"answer {given.rescored_from} was given again as {given.id}")


def _named(record: str) -> tuple[str, str, str]:
    """Kind, source and record; what stands behind the second slash is the record's own name."""
    kind, _, rest = record.partition("/")
    source, _, name = rest.partition("/")
    if not (kind and source and name):
        raise typer.BadParameter(
            f"it must be KIND/SOURCE/RECORD, as in obligation/grid/bill-3; got {record!r}.",
            param_hint="KIND/SOURCE/RECORD",
        )
    return kind, source, name


def _iso(instant: int) -> str:
    from benne.kernel import iso

    return iso(instant)


def _json(text: str) -> bool | int | float | str | None:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if not isinstance(value, list | dict) else text
