"""Killed at any moment, the books balance, and nothing that was promised is lost or done twice."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from made_service import PURPOSES, FakeReader, Turned, made_service

from benne import app
from benne.app.stores.online import Online, Unit, ledger, orders
from benne.orders import SimulatedProvider, balances

PROGRAM = Path(__file__).with_name("lending_forever.py")
KILLS = 3


def test_a_process_that_is_killed_leaves_books_that_balance(
    online: Online, store_url: str, tmp_path: Path
) -> None:
    service = made_service(online, Turned(), FakeReader(), tmp_path)
    app.add_organisation(service, "Bikes", id="bikes")
    client = app.add_client(
        service, "bikes", name="program", scopes=tuple(app.SCOPES), purposes=PURPOSES, mode="test"
    ).client
    dice = random.Random(11)
    promised: list[str] = []
    for seed in range(KILLS):
        promised += _lend_until_killed(store_url, tmp_path, seed, client, dice.uniform(0.3, 1.2))
    assert len(promised) > 10, promised
    with service.online.reading() as unit:
        assert sum(app.books(unit).values()) == 0
        assert ledger.unbalanced(unit) == []
        for line in promised:
            kind, order, *request = line.split()
            found = orders.find(unit, order)
            assert found is not None, line
            if kind == "act":
                assert orders.find_act(unit, order, request[0]) is not None, line
            _demand_the_same(found, unit)
    assert app.send_payments(service, SimulatedProvider()) >= 0


def _demand_the_same(found: orders.StoredOrder, unit: Unit) -> None:
    """The order and the ledger tell the same."""
    order = found.order
    stood = balances(ledger.entries_of(unit, order.id))
    assert stood.get(("owed", order.id), 0) == order.owed_minor
    assert stood.get(("cash", "test/bikes"), 0) == order.paid_minor + order.surplus_minor
    assert stood.get(("held", order.id), 0) == order.held_minor


def _lend_until_killed(url: str, folder: Path, seed: int, client: str, seconds: float) -> list[str]:
    with subprocess.Popen(
        [sys.executable, PROGRAM, url, str(folder), str(seed), client],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROGRAM.parent,
    ) as process:
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            raise AssertionError(process.stderr and process.stderr.read())
        time.sleep(seconds)
        process.kill()
        rest = process.stdout.read()  # not communicate(): it would lose what readline() has read on
    return [first, *(line for line in rest.splitlines() if line.count(" ") >= 1)]
