"""A process that works until it is killed: ``python answering_forever.py URL FOLDER SEED``.

It prints what it promised once it is committed, so that whoever kills it knows.
"""

from __future__ import annotations

import hashlib
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "api"))

from made_service import FakeReader, Turned, made_service

from benne.app._journal import seal
from benne.app._once import Fresh, once
from benne.app._service import Service
from benne.app.stores.online import Online, Unit, answers, evidence
from benne.evidence import Arrival, Rules, arrival
from benne.kernel import canonical_json, content_hash
from benne.rights import LawfulBasis, Permit
from benne.scores import to_json

CLIENT = "program"
PERMIT = Permit("self_view", "plain", 0, 2**62, LawfulBasis("simulated", "nobody"))


def serve(url: str, folder: Path) -> Service:
    """The service on a store that is there."""
    return made_service(Online.open(url), Turned(), FakeReader(), folder)


def bring(service: Service, record: str, subject: str) -> int:
    """Store one record; its batch."""
    values = {"record": record, "subject": subject, "contract": "power", "due_at": "2026-02-01",
              "due_minor": 100, "paid_minor": 0}  # fmt: skip
    kind = next(one for one in service.workspace.kinds if one.name == "obligation")
    made = arrival(values, kind=kind, source="grid", rules=Rules("EUR", "plain", service.clock()))
    assert isinstance(made, Arrival)
    (told,) = service.online.run(
        lambda unit: evidence.append(
            unit, [made], at=service.clock(), source="grid", told=service.told
        )
    )
    assert isinstance(told, evidence.Accepted)
    return told.batch


def ask(service: Service, key: str, subject: str) -> bytes:
    """Answer about a person under a key; the bytes that were given."""

    def work(unit: Unit) -> Fresh:
        made = service.reader(unit, subject, permit=PERMIT, as_of=service.clock(), family="sesame")
        name = hashlib.sha256(f"{key}{service.clock()}".encode()).hexdigest()[:32]
        body = to_json(made.answer)
        line = service.numbered(unit, "answer", {"answer": name, "told": content_hash(body)})
        given = answers.Given(
            id=name, subject=subject, at=service.clock(), family="sesame", as_of=made.as_of,
            known_by=made.known_by, batch=made.batch, artefact=made.artefact,
            evidence=made.evidence, network=None, permit=canonical_json(PERMIT.as_json()),
            body=canonical_json(body), line=line,
        )  # fmt: skip
        answers.put(unit, given)
        return Fresh(200, f"{name} {dict(body)['score']}".encode(), subject)

    request = hashlib.sha256(f"{key} {subject}".encode()).hexdigest()
    return once(service, CLIENT, key, request, work).body


def main(url: str, folder: str, seed: str) -> None:
    """Bring, ask, ask again, seal."""
    service, dice = serve(url, Path(folder)), random.Random(int(seed))
    number = 0
    while True:
        number += 1
        subject = f"s{dice.randrange(5)}"
        match dice.randrange(8):
            case 0 | 1 | 2:
                record = f"{seed}-{number}"
                say(f"evidence {subject} {record} {bring(service, record, subject)}")
            case 7:
                seal(service.online, service.signer, at=service.clock())
            case _:
                key = f"{seed}-{number}"
                body = ask(service, key, subject)
                say(f"answer {key} {subject} {body.decode()}")
                assert ask(service, key, subject) == body


def say(words: str) -> None:
    """What is done, and will never be undone."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
