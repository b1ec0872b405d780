"""The commands of the service: serve it, and admit who may use it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from benne.doors.cli._console import note, out

if TYPE_CHECKING:
    from benne.app import Credentials, Service, Session

WorkspaceArg = Annotated[
    Path,
    typer.Argument(metavar="WORKSPACE", help="A folder with a benne.toml.", show_default=False),
]
DatabaseOpt = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        help="sqlite:///FILE or postgresql://USER@HOST/NAME; a password is better in "
        "BENNE_DATABASE. Default: benne.db in the workspace.",
        show_default=False,
    ),
]
JsonOpt = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
ClientArg = Annotated[
    str, typer.Argument(metavar="CLIENT", help="The client's id.", show_default=False)
]

organisation = typer.Typer(
    no_args_is_help=True, help="Admit organisations that ask for answers or bring evidence."
)
client = typer.Typer(no_args_is_help=True, help="Admit programs of organisations.")


@contextmanager
def opened(workspace: Path, database: str | None) -> Iterator[tuple[Session, Service]]:
    """A workspace's session and its service, until the block ends."""
    from benne import app

    session = app.session(workspace)
    service = app.service(session, database=database)
    try:
        yield session, service
    finally:
        service.online.close()


@contextmanager
def opened_service(workspace: Path, database: str | None) -> Iterator[Service]:
    """The service of a workspace, until the block ends."""
    with opened(workspace, database) as (_, service):
        yield service


def serve(
    context: typer.Context,
    workspace: WorkspaceArg,
    database: DatabaseOpt = None,
    host: Annotated[str, typer.Option(help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="On which port.")] = 8000,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes; more than one is for PostgreSQL.")
    ] = 1,
) -> None:
    """Answer over HTTP.

    One process with everything on the workspace's own store, unless a database is named. It
    listens on this machine alone: put a proxy with TLS before it.
    """
    from benne import app

    session = app.session(workspace)
    with opened_service(workspace, database) as service:
        clients = len(app.list_clients(service))
    context.obj.serve(
        session,
        database=database,
        host=host,
        port=port,
        workers=workers,
        begins=partial(_tell_where, f"http://{host}:{port}", workspace, clients),
    )


def _tell_where(where: str, workspace: Path, clients: int) -> None:
    note(f"Benne answers on {where}; stop it with Ctrl-C.")
    note(f"  description  {where}/schema/openapi.json")
    note(f"  health       {where}/healthz and {where}/readyz")
    if not clients:
        folder = quote(str(workspace))
        note("Nobody may ask yet. Next, in another terminal:")
        note(f"  benne organisation add {folder} bikes --name 'Bike rental'")
        note(f"  benne client add {folder} bikes --scope answers.brief --scope consents \\")
        note("      --purpose deposit_free")


@organisation.command("add")
def add_organisation(
    workspace: WorkspaceArg,
    organisation: Annotated[
        str, typer.Argument(metavar="ID", help="A short id, such as bikes.", show_default=False)
    ],
    name: Annotated[str, typer.Option(help="Its name.", show_default=False)],
    database: DatabaseOpt = None,
) -> None:
    """Admit an organisation."""
    from benne import app

    with opened_service(workspace, database) as service:
        made = app.add_organisation(service, name, id=organisation)
    out(made.id)
    note(f"Next: benne client add {quote(str(workspace))} {made.id} --scope answers.brief")


@client.command("add")
def add_client(
    workspace: WorkspaceArg,
    organisation: Annotated[
        str, typer.Argument(metavar="ORGANISATION", help="Whose it is.", show_default=False)
    ],
    scope: Annotated[
        list[str],
        typer.Option(help="A part of the service that it may use. Repeatable.", show_default=False),
    ],
    purpose: Annotated[
        list[str] | None,
        typer.Option(help="A purpose for which it may ask. Repeatable.", show_default=False),
    ] = None,
    name: Annotated[str, typer.Option(help="What it is called.")] = "program",
    test: Annotated[
        bool, typer.Option("--test", help="Test mode: the people of the sandbox alone.")
    ] = False,
    database: DatabaseOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Admit a program of an organisation; its secret is shown once.

    \b
    Scopes: answers.score, answers.brief, answers.level, answers.consult, answers.watchlist,
      answers.inquiries, answers.batch, consents, evidence.write, webhooks,
      orders, orders.person, orders.cover, payments
    Purposes: self_view, deposit_free, pay_later, lending, marketing
    """
    from benne import app

    with opened_service(workspace, database) as service:
        made = app.add_client(
            service,
            organisation,
            name=name,
            scopes=scope,
            purposes=purpose or [],
            mode="test" if test else "production",
        )
    _show(made, as_json=as_json)


@client.command("rotate")
def rotate(
    workspace: WorkspaceArg,
    client: ClientArg,
    hours: Annotated[int, typer.Option(min=0, help="For how long the old one is good.")] = 24,
    database: DatabaseOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Give a client a new secret; for a day the old one is good beside it."""
    from benne import app

    with opened_service(workspace, database) as service:
        made = app.rotate_secret(service, client, overlap=hours * 3_600_000_000)
    _show(made, as_json=as_json)


def _show(made: Credentials, *, as_json: bool) -> None:
    if as_json:
        out(json.dumps({"schema": 1, "client_id": made.client, "client_secret": made.secret}))
        return
    out(f"client_id      {made.client}")
    out(f"client_secret  {made.secret}")
    note("The secret is shown this once: keep it where the program reads it.")


@client.command("list")
def list_clients(
    workspace: WorkspaceArg, database: DatabaseOpt = None, as_json: JsonOpt = False
) -> None:
    """Show every client: whose it is, what it may do and why."""
    from benne import app

    with opened_service(workspace, database) as service:
        found = app.list_clients(service)
    for one in found:
        scopes, purposes = sorted(one.scopes), sorted(one.purposes)
        if as_json:
            told = {
                "schema": 1,
                "client_id": one.id,
                "organisation": one.organisation,
                "name": one.name,
                "mode": one.mode,
                "scopes": scopes,
                "purposes": purposes,
                "open": one.closed_at is None,
            }
            out(json.dumps(told))
            continue
        state = one.mode if one.closed_at is None else "closed"
        out(f"{one.id}  {one.organisation}  {one.name}  {state}")
        out(f"    may {', '.join(scopes)}")
        out(f"    for {', '.join(purposes) or 'no purpose'}")
    if not found:
        note("There is no client yet; benne client add makes one.")
