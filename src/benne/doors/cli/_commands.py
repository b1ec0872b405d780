"""The commands: each parses, calls one use case, and renders what it answers."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from benne.doors.cli._console import note, out, progress
from benne.doors.cli._online import dispute, erase, export, load, replay, retain, sync, verify
from benne.doors.cli._orders import fund, orders
from benne.doors.cli._policies import appetite, policy
from benne.doors.cli._proposals import proposal
from benne.doors.cli._service import client, organisation, serve

if TYPE_CHECKING:
    from benne.app import Session

WorkspaceArg = Annotated[
    Path,
    typer.Argument(metavar="WORKSPACE", help="A folder with a benne.toml.", show_default=False),
]
DataOpt = Annotated[
    Path | None,
    typer.Option("--data", help="Where the files that benne.toml names lie.", show_default=False),
]
FamilyOpt = Annotated[str, typer.Option(help="Which score: sesame or bureau.")]
SubjectOpt = Annotated[
    str | None,
    typer.Option(help="One person, by the source's identifier or the pseudonymous one."),
]
AsOfOpt = Annotated[
    str | None,
    typer.Option("--as-of", help="The moment to look from, as 2026-01-31 or an ISO instant."),
]
JsonOpt = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]

commands = typer.Typer(
    name="benne",
    help="An open consumer credit bureau in a box.\n\n"
    "A workspace is a folder with a benne.toml and mapping/*.sql. "
    "`benne build WORKSPACE --data DIR` does it all; "
    "the other commands are its steps, one by one.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(asked: bool) -> None:
    if asked:
        import benne

        out(f"benne {benne.__version__}")
        raise typer.Exit


@commands.callback()
def _root(
    version: Annotated[
        bool,
        typer.Option("--version", callback=_version, is_eager=True, help="Say which Benne it is."),
    ] = False,
) -> None:
    pass


quarantine = typer.Typer(
    no_args_is_help=True, help="List, mend, dismiss and replay rows put aside."
)
commands.add_typer(quarantine, name="quarantine")
commands.add_typer(organisation, name="organisation")
commands.add_typer(client, name="client")
commands.add_typer(proposal, name="proposal")
commands.add_typer(fund, name="fund")
commands.add_typer(orders, name="orders")
commands.add_typer(policy, name="policy")


def _session(workspace: Path, data: Path | None) -> Session:
    from benne import app

    return app.session(workspace, data=data)


@commands.command()
def build(context: typer.Context, workspace: WorkspaceArg, data: DataOpt = None) -> None:
    """Do it all: ingest, features, train, score, report."""
    from benne import app

    session = _session(workspace, data)
    with progress() as tell:
        built = app.build(session, tell, render=context.obj.render)
    for line in built.lines():
        out(line)


@commands.command()
def ingest(workspace: WorkspaceArg, data: DataOpt = None) -> None:
    """Read the sources into evidence.

    A row that breaks a rule goes to the quarantine; the others are kept.
    What was read before is not read again.
    """
    from benne import app

    with progress() as tell:
        done = app.ingest_workspace(_session(workspace, data), tell)
    for line in done.lines():
        out(line)


@commands.command()
def features(workspace: WorkspaceArg, data: DataOpt = None) -> None:
    """Compute every observation's features.

    Each is computed from what was known at its moment, and from nothing else.
    """
    from benne import app

    with progress() as tell:
        made = app.make_features(_session(workspace, data), tell)
    for line in made.lines():
        out(line)


@commands.command()
def train(workspace: WorkspaceArg, data: DataOpt = None) -> None:
    """Fit the card, and validate it out of fold.

    Only observations whose whole outcome window has passed take part.
    """
    from benne import app

    with progress() as tell:
        fitted = app.train(_session(workspace, data), tell)
    for line in fitted.lines():
        out(line)


@commands.command()
def score(
    workspace: WorkspaceArg,
    as_of: AsOfOpt = None,
    subject: SubjectOpt = None,
    family: FamilyOpt = "sesame",
    as_json: JsonOpt = False,
    levers: Annotated[bool, typer.Option(help="Work out what would raise each score, too.")] = True,
) -> None:
    """Score everyone, or one person.

    Each person as last observed or, with --as-of, as everyone stood at that moment.
    """
    from benne import app

    session = _session(workspace, None)
    with progress() as tell:
        answers = app.score(
            session, tell, family=family, as_of=as_of, subject=subject, with_levers=levers
        )
        for answer in answers:
            out(json.dumps(app.answer_json(answer)) if as_json else app.answer_line(answer))


@commands.command()
def compare(
    context: typer.Context,
    workspace: WorkspaceArg,
    draws: Annotated[int, typer.Option(help="Samples of the people behind each interval.")] = 200,
    seed: Annotated[int, typer.Option(help="The seed of those samples.")] = 0,
    refit: Annotated[
        str,
        typer.Option(
            help="What is refitted on every set of domains: points (seconds), or card, the sesame "
            "card itself (minutes)."
        ),
    ] = "points",
) -> None:
    """Put the three scores side by side, on people whom no card had seen.

    Writes reports/comparison.html, one page that opens without a network, and
    comparison.json. The conduct score is only worked out for people whom
    `benne society` made up; elsewhere it is left out, and the page says why.
    """
    from benne import app

    session = _session(workspace, None)
    with progress() as tell:
        done = app.compare_scores(
            session, tell, render=context.obj.render, draws=draws, seed=seed, refit=refit
        )
    for line in done.lines():
        out(line)


@commands.command()
def explain(
    workspace: WorkspaceArg,
    subject: Annotated[
        str,
        typer.Argument(
            metavar="SUBJECT",
            help="The person, by the source's identifier or the pseudonym.",
            show_default=False,
        ),
    ],
    as_of: AsOfOpt = None,
    family: FamilyOpt = "sesame",
) -> None:
    """Add up one person's score in words."""
    from benne import app

    session = _session(workspace, None)
    with progress() as tell:
        lines = app.explain(session, tell, subject=subject, as_of=as_of, family=family)
    for line in lines:
        out(line)


@commands.command()
def report(context: typer.Context, workspace: WorkspaceArg) -> None:
    """Write the validation report.

    One HTML file that opens without a network, and its numbers as JSON.
    """
    from benne import app

    with progress() as tell:
        written = app.report(_session(workspace, None), tell, render=context.obj.render)
    for line in written.lines():
        out(line)


@commands.command()
def society(
    folder: Annotated[
        Path, typer.Argument(metavar="NAME", help="The folder to make.", show_default=False)
    ],
    people: Annotated[int, typer.Option(help="How many people live in it, from 100.")] = 5000,
    months: Annotated[
        int, typer.Option(help="For how many months, from 60; the first 24 are burn-in.")
    ] = 60,
    seed: Annotated[int, typer.Option(help="The same seed, the same society.")] = 0,
    settings: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            metavar="SECTION.NAME=NUMBER",
            help="Change a parameter or turn a switch, such as incumbent.on=1. Repeatable.",
            show_default=False,
        ),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="A TOML file whose numbers take the place of the standard ones; "
            "truth/parameters.toml of another society is one.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Simulate a society, as a workspace.

    Nobody in it exists. Its truth is known, and kept apart from its evidence.

    \b
    Switches, each 1 (on) or 0 (off):
      incumbent.on       a lender refuses, and who is refused has no outcome (off)
      wave.lived         everybody lives through a wave of unemployment (off)
      wave.cohort        one cohort does, in the truth alone (on)
      interactions.on    effects that need two traits or domains at once (on)
      non_monotone.on    risk that first falls and then rises (on)
      drift.on           changes over the years (on)
      season.on          changes over the year (on)
      reporting_bias.on  more of the minority's rows never arrive (on)
    All parameters are on the page reference/society of the documentation.

    \b
    Examples:
      benne society town
      benne society refused --people 20000 --set incumbent.on=1
      benne society bust --set wave.lived=1 --set wave.month=40
    """
    from benne import app

    changes = app.parse_changes(settings or [])
    with progress() as tell:
        written = app.write_society(
            folder,
            people=people,
            months=months,
            seed=seed,
            changes=changes,
            parameters=parameters,
            tell=tell,
        )
    for line in written.lines():
        out(line)


@quarantine.command("list")
def quarantine_list(
    workspace: WorkspaceArg,
    as_json: JsonOpt = False,
    limit: Annotated[int, typer.Option(min=1, help="How many to show.")] = 1000,
) -> None:
    """Show what was put aside: the row, what must hold, and what came."""
    from benne import app

    found = app.quarantine_list(_session(workspace, None), limit=limit + 1)
    for aside in found[:limit]:
        for line in [json.dumps(aside.to_json())] if as_json else aside.lines():
            out(line)
    if not found:
        note("The quarantine is empty.")
    if len(found) > limit:
        note("There is more; --limit shows it.")


@quarantine.command("mend")
def quarantine_mend(
    workspace: WorkspaceArg,
    entry: Annotated[
        int,
        typer.Argument(metavar="ENTRY", help="The row's number in the list.", show_default=False),
    ],
    values: Annotated[
        list[str],
        typer.Argument(metavar="COLUMN=VALUE", help="As many as need it.", show_default=False),
    ],
) -> None:
    """Put right values in the place of wrong ones; replay brings the row in."""
    from benne import app

    app.quarantine_mend(_session(workspace, None), entry, values)
    note(f"Mended {entry}. Next: benne quarantine replay {quote(str(workspace))}")


@quarantine.command("dismiss")
def quarantine_dismiss(
    workspace: WorkspaceArg,
    entries: Annotated[
        list[int],
        typer.Argument(metavar="ENTRY...", help="Their numbers in the list.", show_default=False),
    ],
) -> None:
    """Close rows that will never come in; they stay on record."""
    from benne import app

    done = app.quarantine_dismiss(_session(workspace, None), entries)
    note(f"Dismissed {done}.")


@quarantine.command("replay")
def quarantine_replay(workspace: WorkspaceArg) -> None:
    """Read the mended rows again, as a batch of their own."""
    from benne import app

    with progress() as tell:
        done = app.quarantine_replay(_session(workspace, None), tell)
    for line in done.lines():
        out(line)
    if not done.report.batches:
        note("No row waits in the quarantine.")


for _command in (
    load, sync, verify, replay, dispute, export, erase, retain, serve, appetite,
):  # fmt: skip
    commands.command()(_command)
