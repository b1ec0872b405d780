"""Kill processes that work on a store, at random moments, and hold the store to what they said."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

from answering_forever import ask, serve
from sqlalchemy import text

from benne.app._journal import seal, verify
from benne.app.stores.online import evidence

PROGRAM = Path(__file__).with_name("answering_forever.py")

ORPHANS = {
    "an answer without its journal line": (
        "SELECT count(*) FROM answers a LEFT JOIN journal_lines l ON l.id = a.line "
        "AND l.act = 'answer' WHERE l.id IS NULL"
    ),
    "an answer's journal line without the answer": (
        "SELECT (SELECT count(*) FROM journal_lines WHERE act = 'answer') - "
        "(SELECT count(*) FROM answers)"
    ),
    "a row of evidence without its journal line": (
        "SELECT count(*) FROM evidence_rows r LEFT JOIN journal_lines l ON l.id = r.batch "
        "AND l.act = 'evidence' WHERE l.id IS NULL"
    ),
}


def work_until_killed(
    url: str, folder: Path, *, seed: int, seconds: float, at_once: int = 2
) -> list[str]:
    """What ``at_once`` processes promised before ``kill -9``, ``seconds`` after the first did."""
    told = [folder / f"told-{seed}-{number}" for number in range(at_once)]
    workers = []
    for number, path in enumerate(told):
        command = [sys.executable, PROGRAM, url, str(folder), str(seed * 10 + number)]
        with path.open("w") as out:
            workers.append(subprocess.Popen(command, stdout=out, stderr=subprocess.PIPE, text=True))
    while not all(path.stat().st_size for path in told):
        assert all(worker.poll() is None for worker in workers), workers[0].communicate()
        time.sleep(0.01)
    time.sleep(seconds)
    for worker in workers:
        worker.kill()
    for worker in workers:
        _, wrong = worker.communicate()
        assert "Traceback" not in wrong, wrong
    lines = [line for path in told for line in path.read_text().splitlines(keepends=True)]
    return [line.strip() for line in lines if line.endswith("\n")]


def demand_kept(url: str, folder: Path, promised: list[str]) -> int:
    """Hold the store to all that was promised; how many lines its journal has.

    Raises:
        AssertionError: something was lost, or done twice, or has no journal line.
    """
    service = serve(url, folder)
    kind = next(one for one in service.workspace.kinds if one.name == "obligation")
    with service.online.reading() as unit:
        for what, sql in ORPHANS.items():
            assert unit.value(text(sql)) == 0, what
        held = {
            (subject, str(row["record"]), row["batch"])
            for subject in (f"s{i}" for i in range(5))
            for row in evidence.known(unit, subject, [kind]).history["obligation"]
        }
    for line in promised:
        what, *words = line.split(" ")
        if what == "evidence":
            assert (words[0], words[1], int(words[2])) in held, f"lost: {line}"
        else:
            assert what == "answer" and len(words) > 2, f"no promise: {line!r}"
            key, subject, *body = words
            assert ask(service, key, subject) == " ".join(body).encode(), f"answered anew: {line}"
    seal(service.online, service.signer, at=service.clock())
    found = verify(service.online, service.verifier)
    assert found.flaws == (), found.flaws
    service.online.close()
    return found.lines


def moments(seed: int, kills: int) -> list[float]:
    """Random moments at which to kill, in seconds."""
    dice = random.Random(seed)
    return [dice.uniform(0.02, 0.6) for _ in range(kills)]
