"""The journal's proof: sealing, the exported head, and ``benne verify``."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benne.app.stores._files import read_whole, write_whole
from benne.app.stores.online import journal
from benne.app.stores.online.journal import START, Line, Seal
from benne.kernel import Conflict, InvalidInput, Json, iso

if TYPE_CHECKING:
    from benne.app._service import Service
    from benne.app._signing import Ed25519Signer, Ed25519Verifier
    from benne.app.stores.online import Online, Unit

HEAD_SCHEMA = 1
LINES_AT_A_TIME = 5_000


def seal(online: Online, signer: Ed25519Signer, *, at: int) -> int:
    """Give every committed line its position, chain them and sign; how many lines there were.

    Two sealers at once are no harm: one waits for the other.
    """
    with online.reading() as unit:
        if not journal.unsealed(unit, at_most=1):
            return 0
    done = 0
    while True:
        number = online.run(lambda unit: _seal_some(unit, signer, at))
        done += number
        if number < LINES_AT_A_TIME:  # all were seen; what came since is for the next time
            return done


def _seal_some(unit: Unit, signer: Ed25519Signer, at: int) -> int:
    position, head = journal.begin_sealing(unit)
    lines = journal.unsealed(unit, at_most=LINES_AT_A_TIME)
    if not lines:
        return 0
    chained = {}
    for line in lines:
        position += 1
        head = line.chained(head, position)
        chained[line.id] = position, head
    signature = signer.sign(journal.seal_message(position, at, head))
    journal.put_sealed(unit, chained, Seal(position, at, head, signer.key_id, signature))
    return len(lines)


def verify_journal(
    service: Service,
    *,
    head: Path | None = None,
    write_head: Path | None = None,
    seal_first: bool = True,
) -> Verified:
    """Check the service's journal, against the ``head`` in a file if there is one.

    ``seal_first`` seals what is committed; ``write_head`` is where to write the newest head.

    Raises:
        InvalidInput, NotFound: ``head`` is no head, or not there.
    """
    earlier = None if head is None else read_head(head)
    if seal_first:
        seal(service.online, service.signer, at=service.clock())
    found = verify(service.online, service.verifier, head=earlier)
    if write_head is not None and not found.flaws:
        export_head(service.online, write_head)
    return found


# --- the exported head ---------------------------------------------------------------------


def export_head(online: Online, path: Path) -> Seal:
    """Write the newest seal to ``path``: kept elsewhere, it tells whether the journal was cut.

    Raises:
        Conflict: nothing was sealed yet.
    """
    with online.reading() as unit:
        last = journal.last_seal(unit)
    if last is None:
        raise Conflict("nothing is sealed yet; benne serve seals as it goes, and benne verify too.")
    document = {
        "schema": HEAD_SCHEMA,
        "position": last.position,
        "at": last.at,
        "head": last.head.hex(),
        "key_id": last.key_id,
        "signature": last.signature.hex(),
    }
    write_whole(path, json.dumps(document, indent=1) + "\n")
    return last


def read_head(path: Path) -> Seal:
    """The seal that ``export_head`` wrote.

    Raises:
        InvalidInput: the file is no such seal.
        NotFound: there is no file.
    """
    try:
        document = json.loads(read_whole(path, made_by="benne verify --write-head"))
        if document["schema"] != HEAD_SCHEMA:
            raise InvalidInput(f"{path} must have schema {HEAD_SCHEMA}; a newer Benne wrote it.")
        return Seal(
            int(document["position"]),
            int(document["at"]),
            bytes.fromhex(document["head"]),
            str(document["key_id"]),
            bytes.fromhex(document["signature"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, InvalidInput):
            raise
        raise InvalidInput(f"{path} must be a head that benne verify wrote: {error!r}.") from error


# --- verify --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Flaw:
    """Where the journal is not what was sealed.

    ``what`` is ``changed``, ``missing``, ``unsigned``, ``signature``, ``head`` or ``cut``;
    the lines from position ``first`` to ``last`` are concerned.
    """

    what: str
    first: int
    last: int
    says: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What ``benne verify`` found.  ``unsealed`` are the numbers of lines not yet sealed."""

    lines: int
    seals: int
    head: Seal | None
    flaws: tuple[Flaw, ...]
    unsealed: tuple[int, ...]

    def as_json(self) -> dict[str, Json]:
        """As one JSON object."""
        return {
            "schema": HEAD_SCHEMA,
            "lines": self.lines,
            "seals": self.seals,
            "head": None if self.head is None else self.head.head.hex(),
            "position": None if self.head is None else self.head.position,
            "flaws": [
                {"what": f.what, "first": f.first, "last": f.last, "says": f.says}
                for f in self.flaws
            ],
            "unsealed": list(self.unsealed),
        }

    def lines_to_show(self) -> Iterator[str]:
        """For a person to read."""
        if self.head is None:
            yield "nothing is sealed yet"
        else:
            yield (
                f"{self.lines:,} sealed lines, {self.seals:,} seals; the head is "
                f"{self.head.head.hex()[:16]} at position {self.head.position:,}, of "
                f"{iso(self.head.at)}"
            )
        for flaw in self.flaws:
            yield f"FLAW {flaw.what}: {flaw.says}"
        if self.unsealed:
            shown = ", ".join(map(str, self.unsealed[:10]))
            more = f" and {len(self.unsealed) - 10:,} more" if len(self.unsealed) > 10 else ""
            yield f"not yet sealed, and so not yet proven: line {shown}{more}"
        if not self.flaws:
            yield "no flaw: nothing sealed was changed, removed, inserted or put in another order"


def verify(online: Online, verifier: Ed25519Verifier, *, head: Seal | None = None) -> Verified:
    """Check the chain, every signature, and a ``head`` that was exported earlier.

    A journal whose newest lines *and* seals were cut off is told by an exported head alone.
    """
    with online.reading() as unit:
        seals = journal.seals_of(unit)
        walk = _Walk(seals, verifier, head)
        for line in journal.sealed(unit):
            walk.step(line)
        return Verified(
            lines=walk.lines,
            seals=len(seals),
            head=seals[max(seals)] if seals else None,
            flaws=tuple(walk.finish()),
            unsealed=tuple(journal.unsealed_ids(unit)),
        )


class _Walk:
    """The lines in the order of their positions, each held to the one before and to its seal."""

    def __init__(
        self, seals: dict[int, Seal], verifier: Ed25519Verifier, head: Seal | None
    ) -> None:
        self._seals, self._verifier, self._head = seals, verifier, head
        self._position, self._hash, self._sealed_to = 0, START, 0
        self._flaws: list[Flaw] = []
        self.lines = 0

    def step(self, line: Line) -> None:
        """Check the next line."""
        assert line.position is not None
        self.lines += 1
        expected = self._position + 1
        if line.position > expected:
            self._missing(expected, line.position - 1)
        if line.hash is None or line.chained(self._hash, line.position) != line.hash:
            self._flaw(
                "changed", line.position, line.position,
                f"line {line.id} at position {line.position} is not what was chained there: it, or "
                "the order of it, was changed, or a line before it was removed or inserted",
            )  # fmt: skip
        self._position, self._hash = line.position, line.hash or b""
        self._at_seal(line.position)
        if self._head is not None and line.position == self._head.position:
            self._against_head(self._head)

    def _at_seal(self, position: int) -> None:
        seal = self._seals.get(position)
        if seal is None:
            return
        first = self._sealed_to + 1
        if seal.head != self._hash:
            self._flaw(
                "head", first, position,
                f"lines {first} to {position} are not those that were signed: one was changed, "
                "removed, inserted or put in another order",
            )  # fmt: skip
        if not self._verifier.verify(seal.message, seal.signature, key_id=seal.key_id):
            self._flaw(
                "signature", first, position,
                f"the seal at position {position} is not signed by a key of this workspace",
            )  # fmt: skip
        self._sealed_to = position

    def _against_head(self, head: Seal) -> None:
        if head.head != self._hash:
            self._flaw(
                "head", 1, head.position,
                f"up to position {head.position} the journal is not the one whose head was "
                "exported",
            )  # fmt: skip

    def finish(self) -> Iterator[Flaw]:
        """All flaws, once the last line was seen."""
        if self._position > self._sealed_to:
            first = self._sealed_to + 1
            self._flaw(
                "unsigned", first, self._position,
                f"lines {first} to {self._position} have a position and no seal over them",
            )  # fmt: skip
        for position in sorted(self._seals):
            if position > self._position:
                self._cut(position, "a seal")
        head = self._head
        if head is not None:
            if not self._verifier.verify(head.message, head.signature, key_id=head.key_id):
                self._flaw(
                    "signature", head.position, head.position,
                    "the exported head is not signed by a key of this workspace",
                )  # fmt: skip
            if head.position > self._position:
                self._cut(head.position, "the exported head")
        yield from self._flaws

    def _cut(self, position: int, by: str) -> None:
        self._flaw(
            "cut", self._position + 1, position,
            f"the journal ends at position {self._position}, and {by} covers {position}: its end "
            "was cut off",
        )  # fmt: skip

    def _missing(self, first: int, last: int) -> None:
        self._flaw("missing", first, last, f"positions {first} to {last} are not there")

    def _flaw(self, what: str, first: int, last: int, says: str) -> None:
        self._flaws.append(Flaw(what, first, last, says))
