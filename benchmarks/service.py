"""How fast the service answers: a full ``consult`` over HTTP, on SQLite and on PostgreSQL.

``make bench-service WORKSPACE=DIR`` loads the workspace's evidence into a new store of each kind,
admits merchants, lets people with about 500 records consent, starts ``benne serve`` in one
process (with PostgreSQL, then in two), and asks

* at 200 requests a second for a minute, at instants fixed beforehand (a late answer does not
  delay the next question, so that no wait is hidden);
* the same of a service that computes the whole catalogue for each answer, not only what its card
  reads;
* as fast as eight connections can, beside the bare framework that does the same reads and writes
  and nothing else.

Every question is a new one: token, consent, permit, features, score, reasons, policy, journal,
key.  Nothing is cached between answers.  Server, database and questions
share the machine.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen
from uuid import uuid4

import psycopg
import uvloop

from benne import app
from benne.app.stores.online import clients, evidence
from benne.doors.api import _render as render
from benne.doors.api._auth import Tokens
from benne.kernel import pairwise_id
from tests import made_postgres

ROOT = Path(__file__).parents[1]
MERCHANTS = 12
PEOPLE = 150
RECORDS = 500
OFFER = {"name": "bench_bike", "threshold": 600, "cap_minor": 1_000_000}


@dataclass(frozen=True)
class Asked:
    """A merchant's token, and the people it may ask about."""

    token: str
    people: tuple[str, ...]


def main() -> None:
    """Measure, and print a table; ``--json`` writes the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workspace", type=Path, required=True, help="a built workspace")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rate", type=int, default=200)
    parser.add_argument("--stores", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--workers", nargs="+", type=int, default=[1, 2], help="with PostgreSQL")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--parts", action="store_true", help="only tell where the time goes")
    arguments = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as temporary:
        workspace = _with_offer(arguments.workspace, Path(temporary) / "workspace")
        if arguments.parts:
            print(_parts(workspace, f"sqlite:///{Path(temporary) / 'parts.db'}"))
            return
        for store in arguments.stores:
            with _database(store, Path(temporary)) as url:
                asked, loaded = _loaded(workspace, url)
                for workers in [1] if store == "sqlite" else arguments.workers:
                    name = f"{store}, {workers} process{'es' * (workers > 1)}"
                    figures[name] = loaded | _measure(
                        workspace, url, asked(), workers, arguments.seconds, arguments.rate
                    )
                    print(json.dumps({name: figures[name]}), file=sys.stderr, flush=True)
    print(_table(figures))
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def _with_offer(built: Path, folder: Path) -> Path:
    """A workspace like ``built``, which offers the benchmark's service; its files are linked."""
    folder.mkdir()
    for path in built.iterdir():
        if path.name not in ("benne.toml", "benne.db", "benne.db-wal", "benne.db-shm"):
            (folder / path.name).symlink_to(path.resolve())
    settings = (built / "benne.toml").read_text(encoding="utf-8")
    offered = tomllib.loads(settings).get("service", {}).get("offers", [])
    if OFFER["name"] not in [one["name"] for one in offered]:
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in OFFER.items())
        settings += f"\n[[service.offers]]\n{lines}\n"
    (folder / "benne.toml").write_text(settings, encoding="utf-8")
    return folder


@contextmanager
def _database(store: str, folder: Path) -> Iterator[str]:
    if store == "sqlite":
        yield f"sqlite:///{folder / 'bench.db'}"
        return
    with made_postgres.own_server(("shared_buffers=256MB",)) as server:
        yield made_postgres.Server(server).database()


def _loaded(workspace: Path, url: str) -> tuple[Callable[[], list[Asked]], dict[str, float]]:
    """The store with the workspace's evidence: who asks (with new tokens), and figures of it."""
    session = app.session(workspace)
    service = app.service(session, database=url)
    begun = time.perf_counter()
    app.load(session, service, lambda *_: None)
    loaded = time.perf_counter() - begun
    callers, records = _prepared(service)
    tokens = Tokens.of(service)
    if url.startswith("postgresql"):  # the load's own flush is not the service's
        with psycopg.connect(url, autocommit=True) as line:
            line.execute("CHECKPOINT")
    service.online.settle()
    service.online.close()
    os.sync()
    figures = {"load_seconds": round(loaded, 1), "records_median": statistics.median(records)}
    return lambda: [Asked(tokens.issue(who), people) for who, people in callers], figures


def _measure(
    workspace: Path, url: str, asked: list[Asked], workers: int, seconds: int, rate: int
) -> dict[str, float]:
    with _serving(workspace, url, workers) as (port, pid):
        asyncio.run(_closed(port, asked, seconds=3, offset=2_000_000))
        spent = _cpu_seconds(pid)
        paced = asyncio.run(_paced(port, asked, rate=rate, seconds=seconds))
        paced["server_cpu_ms"] = round(
            1000 * (_cpu_seconds(pid) - spent) / (rate * (seconds + 3)), 2
        )
        full = asyncio.run(_closed(port, asked, seconds=min(seconds, 15)))
    with _serving_other("service_whole", workspace, url, workers) as (port, _):
        asyncio.run(_closed(port, asked, seconds=3, offset=3_000_000))
        whole = asyncio.run(_paced(port, asked, rate=rate, seconds=seconds))
    with _serving_other("service_bare", workspace, url, workers) as (port, _):
        bare = asyncio.run(_closed(port, asked, seconds=min(seconds, 15)))
    return {
        "others_running": round(os.getloadavg()[0], 1),
        **paced,
        **{f"whole_catalogue_{name}": whole[name] for name in ("p50_ms", "p90_ms", "p99_ms")},
        "full_per_second": full["per_second"],
        "bare_per_second": bare["per_second"],
        "full_over_bare": round(full["per_second"] / bare["per_second"], 2),
    }


def _prepared(
    service: app.Service,
) -> tuple[list[tuple[app.Caller, tuple[str, ...]]], list[int]]:
    """Merchants, each with the consent of the same people; the people's records."""
    people = _people(service)
    terms = app.Terms(
        purposes=frozenset({"deposit_free"}),
        text_version="bench",
        text_hash="0" * 64,
        ticked_beforehand=False,
        frequency=app.Frequency(30, 30),
    )
    callers = []
    for number in range(MERCHANTS):
        name = f"bench-{number}"
        app.add_organisation(service, name, id=name)
        made = app.add_client(
            service, name, name=name, scopes=["answers.consult", "consents"],
            purposes=["deposit_free"],
        )  # fmt: skip
        with service.online.begin() as unit:
            found = clients.find_client(unit, made.client)
            assert found is not None
            caller = app.Caller(
                found.id, found.organisation, found.scopes, found.purposes, found.mode
            )
            for subject, _ in people:
                app.give_consent(service, unit, caller, subject=subject, terms=terms)
        known = tuple(pairwise_id(s, name, key=service.pairwise_key) for s, _ in people)
        callers.append((caller, known))
    return callers, [records for _, records in people]


def _people(service: app.Service) -> list[tuple[str, int]]:
    """The people whose number of records is nearest to 500, and that number."""
    kinds = service.workspace.kinds
    counted = []
    with service.online.reading() as unit:
        for (subject,) in unit.rows(evidence.subjects.select().with_only_columns(
            evidence.subjects.c.subject
        ).limit(3_000)):  # fmt: skip
            history = evidence.known(unit, subject, kinds).history
            records = {
                (kind, row["source"], row["record"])
                for kind, rows in history.items()
                for row in rows
            }
            counted.append((abs(len(records) - RECORDS), subject, len(records)))
    return [(subject, records) for _, subject, records in sorted(counted)[:PEOPLE]]


# --- the servers ---------------------------------------------------------------------------


@contextmanager
def _serving(workspace: Path, url: str, workers: int) -> Iterator[tuple[int, int]]:
    words = [sys.executable, "-c", "from benne.doors import main; main()", "serve", str(workspace),
             "--database", url, "--workers", str(workers)]  # fmt: skip
    with _process(words, {}) as served:
        yield served


@contextmanager
def _serving_other(
    module: str, workspace: Path, url: str, workers: int
) -> Iterator[tuple[int, int]]:
    words = [sys.executable, "-m", "benchmarks.service_bare", "--workers", str(workers),
             "--application", f"benchmarks.{module}:from_environment"]  # fmt: skip
    environment = {"BENNE_WORKSPACE": str(workspace), "BENNE_DATABASE": url,
                   "BENNE_WORKERS": str(workers)}  # fmt: skip
    with _process(words, environment) as served:
        yield served


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def _process(words: list[str], environment: dict[str, str]) -> Iterator[tuple[int, int]]:
    port = _free_port()
    process = subprocess.Popen(
        [*words, "--port", str(port)], cwd=ROOT, env={**os.environ, **environment}
    )
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise SystemExit(f"{words[-1]} ended with {process.returncode}")
            try:
                urlopen(f"http://127.0.0.1:{port}/healthz").read()
                break
            except OSError:
                time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(30)


def _cpu_seconds(pid: int) -> float:
    """The processor time that a process and its workers have used, all their threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    own = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    workers = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    return own + sum(_cpu_seconds(int(one)) for one in workers)


# --- the questions -------------------------------------------------------------------------


def _question(asked: list[Asked], number: int) -> bytes:
    """The bytes of a question that nobody asked before."""
    merchant = asked[number % len(asked)]
    person = merchant.people[number // len(asked) % len(merchant.people)]
    body = json.dumps(
        {"person": person, "purpose": "deposit_free", "service": OFFER["name"], "amount_minor": 100}
    )
    return (
        "POST /v1/answers/consult HTTP/1.1\r\nHost: bench\r\n"
        f"Authorization: Bearer {merchant.token}\r\nIdempotency-Key: {uuid4()}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


async def _ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, question: bytes) -> None:
    writer.write(question)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    body = await reader.readexactly(length)
    if not head.startswith(b"HTTP/1.1 200") or b'"answer":"consult"' not in body:
        raise SystemExit(f"not an answer: {head[:60]!r} {body[:300]!r}")


async def _paced(port: int, asked: list[Asked], *, rate: int, seconds: int) -> dict[str, float]:
    """Ask at fixed instants, from a pool of connections; quantiles of what each waited, in ms."""
    pool: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
    for _ in range(32):
        pool.put_nowait(await asyncio.open_connection("127.0.0.1", port))
    waited: list[float] = []
    loop = asyncio.get_running_loop()

    async def one(number: int, due: float) -> None:
        line = await pool.get()
        await _ask(*line, _question(asked, number))
        waited.append(time.perf_counter() - due)
        pool.put_nowait(line)

    gc.freeze()  # a collection in this process would be told as the server's waiting
    start = time.perf_counter() + 0.2
    tasks = []
    for number in range(rate * (seconds + 3)):
        due = start + number / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(loop.create_task(one(number, due)))
    await asyncio.gather(*tasks)
    told = sorted(waited[rate * 3 :])
    quantile = {f"p{q}_ms": round(told[int(len(told) * q / 100)] * 1000, 2) for q in (50, 90, 99)}
    return {"rate": rate, "answers": len(told), **quantile, "max_ms": round(told[-1] * 1000, 1)}


async def _closed(
    port: int, asked: list[Asked], *, seconds: int, offset: int = 1_000_000
) -> dict[str, float]:
    """Ask as fast as eight connections can."""
    done, end = 0, time.perf_counter() + seconds

    async def line(number: int) -> None:
        nonlocal done
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() < end:
            await _ask(reader, writer, _question(asked, offset + done * 8 + number))
            done += 1
        writer.close()

    await asyncio.gather(*(line(number) for number in range(8)))
    return {"per_second": round(done / seconds, 1)}


# --- where the time goes ---------------------------------------------------------------------

_PARTS = (
    ("token", "benne.doors.api._auth", "Tokens.read"),
    ("key", "benne.app.stores.online.keys", "claim"),
    ("key", "benne.app.stores.online.keys", "remember"),
    ("client", "benne.app.stores.online.clients", "find_client"),
    ("consent: read", "benne.app.stores.online.consents", "of_person_at"),
    ("consent: opened, the first time", "benne.app._service", "open_consent"),
    ("permit", "benne.app._asking", "permit_on_consent"),
    ("evidence: read", "benne.app.stores.online.evidence", "known"),
    ("evidence: what may be seen", "benne.app._reading", "seen"),
    ("features", "benne.features._plan", "Plan.over"),
    ("score and reasons", "benne.scores._people", "Scorer.answer"),
    ("policy", "benne.app._asking", "consult"),
    ("journal, charge, what a replay needs", "benne.app._asking", "record_reply"),
    ("JSON", "benne.doors.api._render", "answer"),
)


def _parts(workspace: Path, url: str, *, questions: int = 600) -> str:
    """Processor time of an answer in one thread, by part: a table in milliseconds."""
    session = app.session(workspace)
    service = app.service(session, database=url)
    app.load(session, service, lambda *_: None)
    callers, records = _prepared(service)
    tokens = Tokens.of(service)
    asked = [Asked(tokens.issue(who), people) for who, people in callers]
    spent: dict[str, float] = dict.fromkeys([label for label, _, _ in _PARTS], 0.0)
    for label, module, name in _PARTS:
        _measured(label, module, name, spent)
    begun = time.process_time()
    for number in range(questions):
        merchant = asked[number % len(asked)]
        person = merchant.people[number // len(asked) % len(merchant.people)]
        question = app.Question(
            "consult", person, "deposit_free", service=str(OFFER["name"]), amount_minor=100
        )
        caller = tokens.read(merchant.token)

        def work(
            unit: app.Unit, question: app.Question = question, caller: app.Caller = caller
        ) -> app.Fresh:
            reply = app.ask(service, unit, caller, question)
            return app.Fresh(200, render.encode(render.answer(reply)))

        app.once(service, caller.client, str(uuid4()), "bench", work)
    whole = time.process_time() - begun
    spent["the rest: transaction, commit"] = whole - sum(spent.values())
    lines = [f"| part ({statistics.median(records):.0f} records) | ms |", "|---|---:|"]
    lines += [f"| {label} | {1000 * s / questions:.2f} |" for label, s in spent.items()]
    return "\n".join([*lines, f"| whole | {1000 * whole / questions:.2f} |"])


def _measured(label: str, module: str, name: str, spent: dict[str, float]) -> None:
    """Put a clock around a function, in the place of the function."""
    home: object = importlib.import_module(module)
    *outer, last = name.split(".")
    for one in outer:
        home = getattr(home, one)
    work = getattr(home, last)

    def timed(*words: object, **more: object) -> object:
        begun = time.process_time()
        try:
            return work(*words, **more)
        finally:
            spent[label] += time.process_time() - begun

    setattr(home, last, timed)


def _table(figures: dict[str, dict[str, float]]) -> str:
    names = list(next(iter(figures.values())))
    lines = ["| figure | " + " | ".join(figures) + " |", "|---|" + "---:|" * len(figures)]
    lines += [
        f"| {name} | " + " | ".join(str(one[name]) for one in figures.values()) + " |"
        for name in names
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    uvloop.install()
    main()
