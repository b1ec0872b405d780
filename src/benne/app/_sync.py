"""Sync: what the online store learnt, back to the lake, exactly once.

The sealed journal is the order: the lake stores, in the transaction that takes the rows in, up to
which position it has them.  Whoever is killed between the two stores begins again from there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from benne.app._journal import seal
from benne.app.stores._lake_erasing import Gone
from benne.app.stores.online import deletions, evidence, journal
from benne.evidence import COLUMN_TYPES, Kind, Mapping
from benne.kernel import Corrupt

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app._service import Service
    from benne.app.stores import BatchReport, Lake, Progress
    from benne.app.stores.online import Unit
    from benne.app.stores.online.evidence import Journalled
    from benne.app.stores.online.journal import Line
    from benne.app.wiring import Session

LINES_AT_A_TIME = 2_000
_ACTS = frozenset({"evidence", "deleted"})


@dataclass(frozen=True, slots=True)
class Synced:
    """What the lake took in, and up to which position it now has everything."""

    position: int
    versions: int
    put_aside: int
    deletions: int

    def lines(self) -> Iterator[str]:
        """For a person to read."""
        yield f"{self.versions:,} new versions taken into the lake"
        if self.put_aside:
            yield f"{self.put_aside:,} rows put aside; see: benne quarantine list"
        if self.deletions:
            yield f"deletions carried out in the lake: {self.deletions:,}"
        yield f"the lake has the journal up to position {self.position:,}"


def sync(session: Session, service: Service, tell: Progress) -> Synced:
    """Take the new evidence of the online store into the lake, and delete what it deleted.

    Raises:
        Conflict: another process holds the lake.
        Corrupt: the lake has more of the journal than there is.
        Unavailable: a store cannot be used; what was taken in stands, and the rest follows.
    """
    seal(service.online, service.signer, at=service.clock())
    versions = aside = gone = 0
    with session.lake() as lake:
        store = _identity(service)
        position = lake.synced(store)
        _demand_ahead(service, position)
        for lines in _parts(service, position):
            reports, erased = _take(service, lake, store, lines)
            position = lines[-1].position or position
            versions += sum(report.versions_new for report in reports)
            aside += sum(report.rows_quarantined for report in reports)
            gone += erased
            tell("sync", versions, None)
        with service.online.begin() as unit:
            deletions.forget_names(unit, up_to_position=position)
    return Synced(position, versions, aside, gone)


def _identity(service: Service) -> str:
    """Which online store this is: the hash of its first journal line."""
    with service.online.reading() as unit:
        first = next(journal.sealed(unit), None)
    return "" if first is None or first.hash is None else first.hash.hex()


def _demand_ahead(service: Service, position: int) -> None:
    with service.online.reading() as unit:
        last = journal.last_seal(unit)
    there = 0 if last is None else last.position
    if position > there:
        raise Corrupt(
            f"the lake has the journal up to position {position}, and it ends at {there}: the "
            "online store was put back from an older backup; run benne verify with the last head."
        )


def _parts(service: Service, position: int) -> Iterator[list[Line]]:
    """Sealed lines that concern the lake, some at a time, each read in a transaction of its own."""
    while True:
        with service.online.reading() as unit:
            found = journal.sealed(unit, after=position, acts=_ACTS)
            lines = list(islice(found, LINES_AT_A_TIME))
        if not lines:
            return
        yield lines
        position = lines[-1].position or position


def _take(
    service: Service, lake: Lake, store: str, lines: Sequence[Line]
) -> tuple[tuple[BatchReport, ...], int]:
    with service.online.reading() as unit:
        rows = evidence.rows_of(unit, [line.id for line in lines if line.act == "evidence"])
        gone = _gone(unit, [line.id for line in lines if line.act == "deleted"])
    now = max([service.clock(), *(row.known_at for row in rows)])
    reports = lake.sync(
        _batches(service, rows),
        gone,
        store=store,
        position=lines[-1].position or 0,
        currency=service.workspace.currency.code,
        now=now,
    )
    return reports, len(gone)


def _gone(unit: Unit, lines: Sequence[int]) -> list[Gone]:
    return [
        Gone(deletion.subject, deletion.at, deletion.whole, names)
        for deletion, names in deletions.of_lines(unit, lines)
    ]


def _batches(service: Service, rows: Sequence[Journalled]) -> list[tuple[Mapping, pa.Table]]:
    """A batch for each source and kind, as a historical import that states ``known_at``."""
    kinds = {kind.name: kind for kind in service.workspace.kinds}
    grouped: dict[tuple[str, str], list[Journalled]] = {}
    for row in rows:
        grouped.setdefault((row.source, row.kind), []).append(row)
    law = service.workspace.rights.jurisdiction
    return [
        (
            Mapping(
                name=f"{kind}.online",
                kind=kinds[kind],
                source=source,
                sql="select * from t",
                historical=True,
                where="the online store",
                jurisdiction=law,
            ),
            _table(kinds[kind], own),
        )
        for (source, kind), own in sorted(grouped.items())
    ]


def _table(kind: Kind, rows: Sequence[Journalled]) -> pa.Table:
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    types = {
        "text": pa.string(),
        "int": pa.int64(),
        "float": pa.float64(),
        "bool": pa.bool_(),
        "instant": instant,
    }
    columns: dict[str, pa.Array] = {
        "record": pa.array([row.record for row in rows], pa.string()),
        "subject": pa.array([row.subject for row in rows], pa.string()),
        "cause": pa.array([row.cause for row in rows], pa.string()),
        "known_at": pa.array([row.known_at for row in rows], pa.int64()).cast(instant),
    }
    for column in kind.columns:
        of = COLUMN_TYPES[column.type]
        values = [row.values.get(column.name) for row in rows]
        plain = pa.array(values, pa.int64() if of == "instant" else types[of])
        columns[column.name] = plain.cast(types[of])
    return pa.table(columns)
