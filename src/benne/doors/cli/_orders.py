"""The commands of orders: a merchant's cover fund and daily file, and the trial balance."""

from __future__ import annotations

import json
from typing import Annotated

import typer

from benne.doors.cli._console import note, out
from benne.doors.cli._service import DatabaseOpt, JsonOpt, WorkspaceArg, opened_service
from benne.kernel import parse_instant

fund = typer.Typer(no_args_is_help=True, help="Loss cover funds of merchants.")
orders = typer.Typer(no_args_is_help=True, help="The books of orders.")

MerchantArg = Annotated[
    str, typer.Argument(metavar="MERCHANT", help="The organisation's id.", show_default=False)
]


@fund.command("open")
def open_fund(
    workspace: WorkspaceArg,
    merchant: MerchantArg,
    an_order: Annotated[
        int, typer.Option(min=0, help="At most for one order, minor units.", show_default=False)
    ],
    a_day: Annotated[
        int, typer.Option(min=0, help="At most on one day, minor units.", show_default=False)
    ],
    in_all: Annotated[
        int, typer.Option(min=0, help="At most in all, minor units.", show_default=False)
    ],
    share_permille: Annotated[
        int, typer.Option(min=0, max=1000, help="Of each loss, in a thousand.")
    ] = 1000,
    database: DatabaseOpt = None,
) -> None:
    """Open a merchant's cover fund, or give it other limits."""
    from benne import app

    limits = app.FundLimits(an_order, a_day, in_all, share_permille)
    with opened_service(workspace, database) as service:
        made = service.online.run(lambda unit: app.open_fund(service, unit, merchant, limits))
    out(f"{merchant}: {made.balance_minor} in the fund")
    note("Next: the merchant pays into it, POST /v1/fund/payments")


@orders.command("check")
def check(workspace: WorkspaceArg, database: DatabaseOpt = None, as_json: JsonOpt = False) -> None:
    """Tell the trial balance: what stands in each account, and that all of it adds up to 0.

    Ends with an error where it does not, or where an entry does not balance by itself.
    """
    from benne import app

    with opened_service(workspace, database) as service, service.online.reading() as unit:
        found = app.books(unit)
    if as_json:
        out(json.dumps({"schema": 1, "accounts": found, "sum": sum(found.values())}))
        return
    for account, amount in sorted(found.items()):
        out(f"{account:<10} {amount:>18,}")
    out(f"{'sum':<10} {sum(found.values()):>18,}")


@orders.command("reconcile")
def reconcile(
    workspace: WorkspaceArg,
    merchant: MerchantArg,
    day: Annotated[
        str, typer.Argument(metavar="DAY", help="A UTC day, 2026-01-31.", show_default=False)
    ],
    database: DatabaseOpt = None,
) -> None:
    """Write a merchant's day as a CSV file to standard output."""
    from benne import app

    with opened_service(workspace, database) as service, service.online.reading() as unit:
        made = app.reconcile(unit, merchant, day=parse_instant(day))
    out(made.csv.rstrip("\n"))
