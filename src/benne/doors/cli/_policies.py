"""``benne policy``: check, propose, publish, tell and back-test what decides."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import Annotated, Literal

import typer

from benne.doors.cli._console import note, out, progress
from benne.doors.cli._service import DatabaseOpt, JsonOpt, WorkspaceArg, opened_service

policy = typer.Typer(
    no_args_is_help=True,
    help="Policies: who is admitted, and up to what; checked, published by two, back-tested.",
)

FileArg = Annotated[
    Path, typer.Argument(metavar="FILE", help="The policy, a TOML file.", show_default=False)
]
ByOpt = Annotated[str, typer.Option(help="Who does this.", show_default=False)]
ShadowOpt = Annotated[
    bool, typer.Option("--shadow", help="Decide beside the live policy, and tell nobody.")
]


@policy.command()
def check(workspace: WorkspaceArg, file: FileArg) -> None:
    """Say what is wrong with a policy: gaps, overlaps, rules that never decide."""
    from benne import app
    from benne.kernel import InvalidInput

    checked, found = app.policy_check(app.session(workspace), file)
    for line in found.warnings:
        out(f"warning: {line}")
    for line in found.errors:
        out(f"error: {line}")
    if found.errors:
        raise InvalidInput(f"{file} has {len(found.errors)} errors; mend them before it decides.")
    out(f"{checked.name} version {checked.version} may be published; hash {checked.hash[:12]}")


@policy.command()
def propose(
    workspace: WorkspaceArg, file: FileArg, by: ByOpt, database: DatabaseOpt = None
) -> None:
    """Keep a version, for somebody else to publish."""
    from benne import app

    with opened_service(workspace, database) as service:
        kept = app.policy_propose(service, app.session(workspace), file, by=by)
    folder = quote(str(workspace))
    which = f"{folder} {kept.name} {kept.version}"
    note(f"Somebody else may now: benne policy publish {which} --by NAME")


@policy.command()
def publish(
    workspace: WorkspaceArg,
    name: Annotated[str, typer.Argument(help="The policy's name.", show_default=False)],
    version: Annotated[int, typer.Argument(help="Its version.", show_default=False)],
    by: ByOpt,
    shadow: ShadowOpt = False,
    database: DatabaseOpt = None,
) -> None:
    """Put a version in force from now on.  Who proposed it cannot."""
    from benne import app

    role: Literal["shadow", "live"] = "shadow" if shadow else "live"
    with opened_service(workspace, database) as service:
        term = app.policy_publish(service, name, version, by=by, role=role)
    out(app.term_line(term))


@policy.command()
def withdraw(
    workspace: WorkspaceArg,
    offer: Annotated[str, typer.Argument(metavar="SERVICE", show_default=False)],
    by: ByOpt,
    shadow: ShadowOpt = False,
    database: DatabaseOpt = None,
) -> None:
    """From now on let no policy decide about a service; its threshold and cap do."""
    from benne import app

    with opened_service(workspace, database) as service:
        app.policy_withdraw(service, offer, by=by, role="shadow" if shadow else "live")
    note(f"No policy of {offer} is in force.")


@policy.command("list")
def list_terms(
    workspace: WorkspaceArg,
    at: Annotated[
        str | None, typer.Option(help="Only what was in force at this moment.", show_default=False)
    ] = None,
    database: DatabaseOpt = None,
) -> None:
    """Tell which policy was in force when."""
    from benne import app

    with opened_service(workspace, database) as service:
        found = app.policy_terms(service, at=at)
    for term in found:
        out(app.term_line(term))
    if not found:
        note("No policy was in force.")


@policy.command()
def shadow(
    workspace: WorkspaceArg,
    offer: Annotated[str, typer.Argument(metavar="SERVICE", show_default=False)],
    database: DatabaseOpt = None,
    as_json: JsonOpt = False,
) -> None:
    """Tell what a policy in the shadow decided, beside what the live one did."""
    from benne import app

    with opened_service(workspace, database) as service:
        found = app.policy_shadow(service, offer)
    for line in [json.dumps(found.as_json())] if as_json else found.lines():
        out(line)


@policy.command()
def backtest(
    workspace: WorkspaceArg,
    file: FileArg,
    amount: Annotated[int, typer.Option(help="What everybody asks for, in minor units.")] = 0,
    merchant: Annotated[
        str | None,
        typer.Option(help="The organisation that asks: what people have at risk there."),
    ] = None,
    fields: Annotated[
        list[str] | None,
        typer.Option("--field", metavar="NAME=VALUE", help="A field of the merchant's own."),
    ] = None,
    as_json: JsonOpt = False,
) -> None:
    """Tell what a policy would have done, and what became of the people.

    On evidence as it was known at the time, with scores of cards that had not seen them.
    """
    from benne import app

    given = {name: _value(text) for name, _, text in (one.partition("=") for one in fields or [])}
    with progress() as tell:
        found = app.back_test(
            app.session(workspace),
            tell,
            file,
            amount_minor=amount,
            merchant=merchant,
            fields=given,
        )
    for line in [json.dumps(dict(found.facts))] if as_json else found.lines():
        out(line)


def _value(text: str) -> bool | int | str:
    if text in ("true", "false"):
        return text == "true"
    return int(text) if text.lstrip("-").isdigit() else text


def appetite(
    context: typer.Context,
    workspace: WorkspaceArg,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="The appetite, a TOML file.", show_default=False)
    ],
    draws: Annotated[int, typer.Option(help="Samples of the people, each choosing anew.")] = 100,
    seed: Annotated[int, typer.Option(help="The seed of those samples.")] = 0,
    as_json: JsonOpt = False,
) -> None:
    """Turn what you can bear into a threshold and caps.

    Writes reports/appetite.html and appetite.json: the frontier, the best plan under your limits,
    what it comes to on people left out of the choice, and where the evidence is thin.
    """
    from benne import app

    session = app.session(workspace)
    with progress() as tell:
        met = app.appetite(session, tell, file, render=context.obj.render, draws=draws, seed=seed)
    for line in [json.dumps(dict(met.facts))] if as_json else met.lines():
        out(line)
