"""How long it takes to make an order, over HTTP, at a steady rate.

    python -m benchmarks.orders [--rate 200] [--seconds 20] [--workers 2] [--store postgres|sqlite]
    python -m benchmarks.orders --in-process [--store postgres|sqlite]

``benne serve`` and this client share the machine.  An order is the whole of it: the token, the
consent and its permit, the person's evidence read and scored in process by a real card, the
verdict, the limits, the order and its ledger entries, the journal line and the webhook's row, in
one transaction that reaches the disk.  The rate is open: a request starts when its time has come,
and its time counts from then, waiting included, so that a server that falls behind shows it.

The card and its evidence are those of ``tests/journeys/made_promises.py``; each person has 20
orders and as many bills on record.  PostgreSQL is the machine's own, started for the run with
``fsync`` on.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "journeys"))

import made_postgres
from made_promises import DAY, promises_workspace

from benne import app
from benne.app.stores.online import evidence
from benne.app.wiring import service, session
from benne.evidence import Arrival, Rules, arrival
from benne.kernel import iso

PEOPLE, ON_RECORD, CONNECTIONS = 1_000, 20, 48
SAFE = ("fsync=on", "synchronous_commit=on", "shared_buffers=256MB", "max_connections=60")


@contextlib.contextmanager
def database(store: str, folder: Path) -> Iterator[str]:
    """The URL of an empty store."""
    if store == "sqlite":
        yield f"sqlite:///{folder / 'orders.db'}"
        return
    with made_postgres.own_server(SAFE) as url:
        yield made_postgres.Server(url).database()


def prepare(folder: Path, url: str) -> tuple[str, list[str]]:
    """A merchant, people who consented, and what is known of them: a token, and their names."""
    opened = service(session(folder), database=url)
    app.add_organisation(opened, "Bikes", id="bikes")
    made = app.add_client(
        opened, "bikes", name="bench", scopes=("orders", "answers.consult", "consents"),
        purposes=("deposit_free",), mode="production",
    )  # fmt: skip
    caller = app.authenticate(opened, made.client, made.secret)
    terms = app.Terms(
        purposes=frozenset({"deposit_free"}), text_version="1", text_hash="a" * 64,
        ticked_beforehand=False, frequency=app.Frequency(30, 30),
    )  # fmt: skip
    names = []
    for start in range(0, PEOPLE, 50):
        with opened.online.begin() as unit:
            for number in range(start, min(start + 50, PEOPLE)):
                subject = app.identified(opened, f"ID-{number}")
                given = app.give_consent(opened, unit, caller, subject=subject, terms=terms)
                names.append(given.consent.known_as)
                evidence.append(
                    unit, _history(opened, subject), at=opened.clock(), source="past",
                    told=opened.told,
                )  # fmt: skip
    opened.online.close()
    return f"{made.client}:{made.secret}", names


def _history(opened: app.Service, subject: str) -> list[Arrival]:
    workspace, now = opened.workspace, opened.clock()
    kinds = {kind.name: kind for kind in workspace.kinds}
    rules = Rules(workspace.currency.code, workspace.rights.jurisdiction, now)
    found = []
    for n in range(ON_RECORD):
        at = now - (n * 20 + 10) * DAY
        order = {"service": "rental", "merchant": f"shop{n % 6}", "value_minor": 5_000,
                 "deposit_waived_minor": 5_000, "state": "completed", "happened_at": iso(at),
                 "due_at": iso(at + 3 * DAY), "closed_at": iso(at + 2 * DAY)}  # fmt: skip
        bill = {"contract": "power", "due_minor": 4_000, "paid_minor": 4_000, "due_at": iso(at),
                "paid_at": iso(at - DAY)}  # fmt: skip
        for kind, source, row in (
            ("order", "shops", order), ("obligation", "power_company", bill),
        ):  # fmt: skip
            record = {"record": f"{subject}-{n}", "subject": subject, **row}
            made = arrival(record, kind=kinds[kind], source=source, rules=rules)
            assert isinstance(made, Arrival), made
            found.append(made)
    return found


# --- the load ----------------------------------------------------------------------------------


class Line:
    """One connection that is kept open."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def post(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        """The status and the body of the response; a line that was idle too long is opened anew."""
        try:
            return await self._send(head, body)
        except (asyncio.IncompleteReadError, ConnectionError):
            self.writer = None
            return await self._send(head, body)

    async def _send(self, head: bytes, body: bytes) -> tuple[int, bytes]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        assert self.reader is not None
        self.writer.write(head + b"content-length: %d\r\n\r\n" % len(body) + body)
        top = await self.reader.readuntil(b"\r\n\r\n")
        length = int(top.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        return int(top.split(b" ", 2)[1]), await self.reader.readexactly(length)


async def load(
    port: int, token: str, names: list[str], *, rate: int, seconds: float, name: str
) -> list[float]:
    """Milliseconds of every request, from when its time had come."""
    lines: asyncio.Queue[Line] = asyncio.Queue()
    for _ in range(CONNECTIONS):
        lines.put_nowait(Line(port))
    due = iso(int((time.time() + 3 * 86_400) * 1_000_000))
    took: list[float] = []
    states: dict[str, int] = {}

    async def one(number: int, at: float) -> None:
        line = await lines.get()
        body = json.dumps({
            "number": f"{name}{number}", "person": names[number % len(names)], "service": "rental",
            "due_at": due, "value_minor": 9_900, "deposit_minor": 9_900, "price_minor": 500,
        }).encode()  # fmt: skip
        head = (
            f"POST /v1/orders HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n"
            f"idempotency-key: {name}{number}\r\ncontent-type: application/json\r\n"
        ).encode()
        status, came = await line.post(head, body)
        took.append((time.perf_counter() - at) * 1_000)
        lines.put_nowait(line)
        state = json.loads(came).get("state", f"status {status}")
        states[state] = states.get(state, 0) + 1

    gc.freeze()  # a collection in this process would be told as the server's waiting
    start = time.perf_counter() + 0.2
    jobs = []
    for number in range(int(rate * seconds)):
        at = start + number / rate
        wait = at - time.perf_counter()
        if wait > 0:
            await asyncio.sleep(wait)
        jobs.append(asyncio.create_task(one(number, at)))
    await asyncio.gather(*jobs)
    print("  became:", states, flush=True)
    return took


def measure(asked: argparse.Namespace, folder: Path) -> None:
    """Serve, load, and print a row."""
    with database(asked.store, folder) as url:
        secret, names = prepare(asked.workspace, url)
        os.sync()  # what was written to prepare is not the service's
        port = 18_431
        command = [str(Path(sys.executable).with_name("benne")), "serve", str(asked.workspace),
                   "--port", str(port), "--workers", str(asked.workers)]  # fmt: skip
        environment = {**os.environ, "BENNE_DATABASE": url, "BENNE_THREADS": "1"}
        server = subprocess.Popen(command, env=environment)
        try:
            _wait(port)
            token = _token(port, secret)
            asyncio.run(load(port, token, names, rate=40, seconds=3, name="warm"))
            took = asyncio.run(
                load(port, token, names, rate=asked.rate, seconds=asked.seconds, name="n")
            )
        finally:
            server.terminate()
            server.wait(15)
    took.sort()
    at = {q: took[min(int(len(took) * q), len(took) - 1)] for q in (0.5, 0.9, 0.99, 0.999)}
    print("| store | workers | rate | orders | p50 ms | p90 | p99 | p99.9 | worst |")
    print(f"| {asked.store} | {asked.workers} | {asked.rate}/s | {len(took):,} | {at[0.5]:.1f} | "
          f"{at[0.9]:.1f} | {at[0.99]:.1f} | {at[0.999]:.1f} | {took[-1]:.1f} |")  # fmt: skip


def processor(asked: argparse.Namespace, folder: Path, orders: int = 300) -> None:
    """Print the processor time of an order in process, which a busy machine blurs little."""
    with database(asked.store, folder) as url:
        secret, names = prepare(asked.workspace, url)
        opened = service(session(asked.workspace), database=url)
        caller = app.authenticate(opened, *secret.split(":"))
        due = opened.clock() + 3 * DAY
        spent = 0.0
        for number in range(-60, orders):
            order = app.OrderAsked(
                f"p{number}", names[number], "rental", "rental", due, 9_900, 9_900, 500
            )
            start = time.process_time()
            opened.online.run(partial(_make, opened, caller, order))
            if number >= 0:
                spent += time.process_time() - start
        opened.online.close()
    print(f"{asked.store}: {1_000 * spent / orders:.2f} ms of this process for each of {orders}")


def _make(
    opened: app.Service, caller: app.Caller, order: app.OrderAsked, unit: app.Unit
) -> app.OrderTold:
    return app.create_order(opened, unit, caller, order)


def _wait(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError), urlopen(f"http://127.0.0.1:{port}/readyz") as came:
            if came.status == 200:
                return
        time.sleep(0.2)
    raise SystemExit("the service did not start")


def _token(port: int, secret: str) -> str:
    request = Request(f"http://127.0.0.1:{port}/oauth/token", data=b"grant_type=client_credentials")
    request.add_header("authorization", "Basic " + base64.b64encode(secret.encode()).decode())
    with urlopen(request) as came:
        return str(json.loads(came.read())["access_token"])


def main() -> None:
    """Build a town, and measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--store", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--workspace", type=Path, help="a town that is built already")
    parser.add_argument("--in-process", action="store_true", help="processor time, without HTTP")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if asked.workspace is None:
            asked.workspace = promises_workspace(Path(folder) / "town", drop="farmable")
        (processor if asked.in_process else measure)(asked, Path(folder))


if __name__ == "__main__":
    main()
