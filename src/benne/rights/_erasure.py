"""What must be deleted and by when, what may be held and until when, and the proof of it."""

from __future__ import annotations

import hashlib
import hmac
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from benne.kernel import InvalidInput, Json, Row, iso
from benne.rights._jurisdictions import Jurisdiction


@dataclass(frozen=True, slots=True)
class Entry:
    """A record as it stands in the store: its name, and the columns of its last version."""

    kind: str
    source: str
    record: str
    row: Row

    @property
    def name(self) -> tuple[str, str, str]:
        """(kind, source, record): unique in a workspace."""
        return (self.kind, self.source, self.record)


@dataclass(frozen=True, slots=True)
class Keep:
    """What stands in the way of erasure: a running business or a law, until an instant.

    ``rule`` is a rule's id, or ``hold:`` and the reason of a hold; ``records`` names what it
    covers (``None``: all of the person's).
    """

    rule: str
    until: int
    records: frozenset[tuple[str, str, str]] | None = None


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of one record, and by which rule.

    ``act`` is ``delete`` (done by ``at`` at the latest) or ``hold`` (until ``at``; ``None``: its
    end is not known yet).
    """

    kind: str
    source: str
    record: str
    act: str
    rule: str
    at: int | None


def obsolete(entries: Iterable[Entry], law: Jurisdiction, at: int) -> tuple[Fate, ...]:
    """The records that retention rules say must be gone by ``at``: each is past its horizon."""
    horizons = law.horizons(at)
    found = []
    for entry in entries:
        for horizon in horizons:
            if horizon.kind == entry.kind and horizon.hides(entry.row, as_of=at):
                end = horizon.ends_at(entry.row)
                found.append(Fate(*entry.name, "delete", horizon.rule, end))
                break
    return tuple(found)


def erasure(
    entries: Iterable[Entry], law: Jurisdiction, *, requested_at: int, keeps: Iterable[Keep] = ()
) -> tuple[Fate, ...]:
    """What becomes of a person's records when they ask for erasure, a fate for each.

    In this order: what is past its horizon goes; what a running business or a law needs is held
    for the longest of these; where the jurisdiction grants no erasure, or holds adverse records,
    they stay until their horizon; the rest goes, by the jurisdiction's clock.
    """
    keeps = tuple(keeps)
    return tuple(_fate(entry, law, requested_at, keeps) for entry in entries)


def _fate(entry: Entry, law: Jurisdiction, at: int, keeps: tuple[Keep, ...]) -> Fate:
    gone = obsolete((entry,), law, at)
    if gone:
        return gone[0]
    standing = [
        keep
        for keep in keeps
        if at < keep.until and (keep.records is None or entry.name in keep.records)
    ]
    if standing:
        longest = max(standing, key=lambda keep: keep.until)
        return Fate(*entry.name, "hold", longest.rule, longest.until)
    rule, said = law.erasure_rule(at)
    horizons = [h for h in law.horizons(at) if h.kind == entry.kind and h.adverse(entry.row)]
    if not said.granted or (said.adverse_held and horizons):
        ends = [end for h in horizons if (end := h.ends_at(entry.row)) is not None]
        return Fate(*entry.name, "hold", rule, min(ends, default=None))
    clock = law.clock("erasure", at)
    return Fate(*entry.name, "delete", rule, at if clock is None else clock.due(at))


def erasure_proof(
    fates: Iterable[Fate], *, subject: str, key: bytes, done_at: int
) -> dict[str, Json]:
    """The journal's line on a deletion: who, what and why as keyed hashes and counts, no data.

    Who holds the key and the names can make the line again, and so see that nothing else was
    deleted; from the line alone nobody learns whose it was.

    Raises:
        InvalidInput: a key under 16 bytes, or nothing was deleted.
    """
    if len(key) < 16:
        raise InvalidInput(f"a journal key must have 16 bytes or more; got {len(key)}.")
    deleted = sorted((f for f in fates if f.act == "delete"), key=_name)
    if not deleted:
        raise InvalidInput("a proof of deletion needs something that was deleted; there is none.")
    names = "\n".join("\t".join(_name(fate)) for fate in deleted)
    counts = Counter((fate.rule, fate.kind) for fate in deleted)
    return {
        "act": "deleted",
        "done_at": iso(done_at),
        "subject": _keyed(f"subject {subject}", key),
        "records": _keyed(f"records {names}", key),
        "counts": [
            {"rule": rule, "kind": kind, "records": count}
            for (rule, kind), count in sorted(counts.items())
        ],
    }


def _name(fate: Fate) -> tuple[str, str, str]:
    return (fate.kind, fate.source, fate.record)


def _keyed(text: str, key: bytes) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
