"""Load: what the lake knows of people, into the online store that answers about them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benne.app._models import keep_models
from benne.app._network import allowed_by_consents, come_back
from benne.app._reading import InProcess, Model
from benne.app.stores._network import network_blocks
from benne.app.stores.online import evidence, loading, network
from benne.kernel import Json, iso, month_start

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app._service import Service
    from benne.app.stores import Lake, Progress
    from benne.app.stores.online.loading import Columns, Mark
    from benne.app.wiring import Session
    from benne.evidence import Kind

VERSIONS_AT_A_TIME = 50_000
"""About so many versions are one transaction; a person is never in two of one kind."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many versions of each kind were brought, and how many of them were new there."""

    brought: dict[str, tuple[int, int]]
    models: tuple[str, ...]
    network_people: int = 0

    @property
    def new(self) -> int:
        """Versions that the store did not have."""
        return sum(new for _, new in self.brought.values())

    def lines(self) -> Iterator[str]:
        """A line a kind, then the sum."""
        for kind, (read, new) in self.brought.items():
            yield f"{kind}: {read:,} versions read, {new:,} new"
        yield (
            f"{self.new:,} versions brought into the online store"
            if self.brought
            else "the online store has all that the lake has; nothing to bring"
        )
        if self.network_people:
            yield f"network features of this month: {self.network_people:,} people"
        yield f"models kept for answers and their replay: {', '.join(self.models) or 'none'}"


def load(
    session: Session, service: Service, tell: Progress, *, month_of: int | None = None
) -> Loaded:
    """Bring the lake's evidence, the trained models, and the month's network, to the online store.

    The block of network features is that of the month of ``month_of``: of now, if not given.

    Only what is newer than the last load is read; a load that was killed goes on where it
    stopped.

    Raises:
        NotFound: there is no lake yet.
        Conflict: another process writes the lake.
        Unavailable: the store cannot be reached.
    """
    brought: dict[str, tuple[int, int]] = {}
    with session.lake(read_only=True) as lake:
        for kind in session.workspace.kinds:
            if kind.name in lake.versions():
                counts = _load_kind(service, lake, kind, tell)
                if counts[0]:
                    brought[kind.name] = counts
        month = month_start(service.clock() if month_of is None else month_of)
        people = sum(_load_network(session, service, lake, m, month) for m in _models(service))
    kept = keep_models(session.workspace, service.online, at=service.clock())
    return Loaded(brought, kept, people)


def _load_kind(service: Service, lake: Lake, kind: Kind, tell: Progress) -> tuple[int, int]:
    identity, last = lake.extent()
    with service.online.begin() as unit:
        mark = loading.mark_of(unit, kind.name, lake=identity, last_batch=last)
    read = new = 0
    for columns in _chunks(lake, kind, mark):
        mark = replace(mark, subject=str(columns["subject"][-1]))
        with service.online.begin() as unit:
            new += loading.bring(unit, kind, columns, at=service.clock(), told=service.told)
            loading.put_mark(unit, mark)
        read += len(columns["subject"])
        tell(f"{kind.name}: load", read, None)
    with service.online.begin() as unit:
        loading.put_mark(unit, replace(mark, done_batch=mark.to_batch, subject=""))
    return read, new


def _models(service: Service) -> Iterator[Model]:
    if isinstance(service.reader, InProcess):
        yield from service.reader.models.values()


def _load_network(session: Session, service: Service, lake: Lake, model: Model, month: int) -> int:
    """Bring the block of network features that ``model`` reads in a month; how many people."""
    permit = session.permit("self_view")
    plan = model.plan.network(permit)
    if plan is None or "tie" not in lake.versions():
        return 0
    back = come_back(service, lake, cut=month)
    allowed = allowed_by_consents(service, back)
    (block,) = network_blocks(lake, plan, permit, cuts=[month], allowed=allowed, anew=back)
    artefact = model.bundle.artefact.hash
    names = [name for name in block.table.column_names if name not in ("subject", "month")]
    with service.online.begin() as unit:
        if network.has(unit, artefact, block.hash):
            return 0
        gone = evidence.erased(unit).keys() - back  # the lake may still have them
        rows = [
            (row["subject"], {name: row[name] for name in names})
            for row in block.table.to_pylist()
            if row["subject"] not in gone
        ]
        at = service.clock()
        network.put(unit, artefact, block.hash, month=month, at=at, rows=rows)
        line: dict[str, Json] = {"month": iso(month), "block": block.hash, "model": artefact}
        service.note(unit, "network", line)
    return len(rows)


def _chunks(lake: Lake, kind: Kind, mark: Mark) -> Iterator[Columns]:
    """The versions to bring, in columns; each chunk ends with the last version of a person."""
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [*kind.types, *(column.name for column in kind.columns if column.group)]
    waiting: pa.Table | None = None
    for batch in lake.versions_by_subject(
        kind,
        after_batch=mark.done_batch,
        to_batch=mark.to_batch,
        after_subject=mark.subject,
        rows=VERSIONS_AT_A_TIME,
    ):
        piece = pa.Table.from_batches([batch])
        waiting = piece if waiting is None else pa.concat_tables([waiting, piece])
        if waiting.num_rows < VERSIONS_AT_A_TIME:
            continue
        cut = pc.index(waiting["subject"], waiting["subject"][-1]).as_py()
        if cut:
            yield _columns(waiting.slice(0, cut), names)
            waiting = waiting.slice(cut)
    if waiting is not None and waiting.num_rows:
        yield _columns(waiting, names)


def _columns(table: pa.Table, names: list[str]) -> Columns:
    return {name: table[name].to_pylist() for name in names}
