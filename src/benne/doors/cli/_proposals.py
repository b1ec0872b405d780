"""``benne proposal``: what cannot be undone waits here for a second person."""

from __future__ import annotations

import json
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from benne.doors.cli._console import note, out, progress
from benne.doors.cli._policies import ByOpt
from benne.doors.cli._service import (
    ClientArg,
    DatabaseOpt,
    JsonOpt,
    WorkspaceArg,
    client,
    opened,
    opened_service,
)

if TYPE_CHECKING:
    from pathlib import Path

    from benne.app import Proposal

proposal = typer.Typer(
    no_args_is_help=True,
    help="What cannot be undone, and waits for a second person to agree.",
)
IdArg = Annotated[str, typer.Argument(metavar="ID", help="The proposal's id.", show_default=False)]


def told(workspace: Path, made: Proposal) -> None:
    """Print what was proposed, and who must do what next."""
    out(made.id)
    which = f"{quote(str(workspace))} {made.id}"
    note(f"Nothing is done yet. Somebody else must: benne proposal agree {which} --by NAME")


@client.command("close")
def close(
    workspace: WorkspaceArg, client: ClientArg, by: ByOpt, database: DatabaseOpt = None
) -> None:
    """Propose to give a client nothing more, for good; somebody else must agree.

    In haste give it a new secret: benne client rotate WORKSPACE CLIENT --hours 0.
    """
    from benne import app

    with opened_service(workspace, database) as service, service.online.begin() as unit:
        made = app.propose(service, unit, act="close_client", about=client, by=by)
    told(workspace, made)


@proposal.command("list")
def list_proposals(
    workspace: WorkspaceArg, database: DatabaseOpt = None, as_json: JsonOpt = False
) -> None:
    """Show what waits for a second person, the oldest first."""
    from benne import app
    from benne.kernel import iso

    with opened_service(workspace, database) as service, service.online.reading() as unit:
        found = app.waiting_proposals(unit)
    for one in found:
        at = iso(one.proposed_at)
        if as_json:
            said = {"schema": 1, "id": one.id, "act": one.act, "about": one.about}
            out(json.dumps({**said, "proposed_by": one.proposed_by, "proposed_at": at}))
        else:
            out(f"{one.id}  {one.act} {one.about}, by {one.proposed_by} at {at}")
    if not found:
        note("Nothing waits.")


@proposal.command()
def agree(
    workspace: WorkspaceArg, proposal: IdArg, by: ByOpt, database: DatabaseOpt = None
) -> None:
    """Agree, and it is done, here and in the lake.  Who proposed it cannot."""
    from benne import app

    with opened(workspace, database) as (session, service):
        with service.online.begin() as unit:
            decided = app.decide_proposal(service, unit, proposal, by=by, agree=True)
        if decided.forgotten is None:
            out(f"{decided.proposal.act} is done")
            return
        for line in decided.forgotten.lines():
            out(line)
        with progress() as tell:
            synced = app.sync(session, service, tell)
    for line in synced.lines():
        out(line)


@proposal.command()
def drop(workspace: WorkspaceArg, proposal: IdArg, by: ByOpt, database: DatabaseOpt = None) -> None:
    """Do not agree: it is dropped, and nothing is done."""
    from benne import app

    with opened_service(workspace, database) as service, service.online.begin() as unit:
        app.decide_proposal(service, unit, proposal, by=by, agree=False)
    note("Dropped; nothing was done.")
