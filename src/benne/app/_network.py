"""The people around those who are observed, as they stood at the start of each month."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from benne.app.stores._lake_ingest import silent
from benne.app.stores._network import Allowed, everybody, network_blocks
from benne.app.stores.online import consents, evidence
from benne.evidence import quoted
from benne.rights import SCORING_PURPOSES, consent_status, open_consent

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from benne.app._service import Service
    from benne.app.stores import Lake, Progress
    from benne.features import NetworkBlock, Plan
    from benne.rights import Consent, ConsentEvent, Permit

_SCORING = frozenset(SCORING_PURPOSES)


def surroundings(
    lake: Lake,
    asked: Plan,
    permit: Permit,
    observations: str,
    *,
    tell: Progress = silent,
    keep: bool = False,
    allowed: Allowed = everybody,
) -> pa.Table | None:
    """The features over neighbours that ``asked`` has, a row for each of ``observations``.

    ``keep`` writes every block whole as the lake's table ``network`` (``subject``, ``month`` and a
    column for each feature), and then ``network_blocks``, which says the hash of each month: what
    an answer of that month reads, and carries.  ``None`` where nothing reads neighbours.
    """
    import numpy as np
    import pyarrow as pa

    plan = asked.network(permit)
    if plan is None:
        return None
    looks = lake.query(
        f"SELECT observation, subject, as_of FROM {quoted(observations)} ORDER BY observation"  # noqa: S608
    )
    cuts = _month_starts(looks["as_of"].to_numpy())
    months = np.unique(cuts)
    parts: list[pa.Table] = []
    blocks: list[dict[str, object]] = []
    for number, block in enumerate(
        network_blocks(lake, plan, permit, cuts=months.tolist(), allowed=allowed)
    ):
        tell("network", number, len(months))
        parts.append(_of_looks(looks.filter(pa.array(cuts == block.cut)), block))
        if keep:
            (lake.append_table if blocks else lake.write_table)("network", block.table)
            blocks.append({"month": block.cut, "hash": block.hash, "definition": plan.definition})
    if keep and blocks:
        lake.write_table("network_blocks", pa.Table.from_pylist(blocks))
    tell("network", len(months), len(months))
    return pa.concat_tables(parts).sort_by("observation")


def come_back(service: Service, lake: Lake, *, cut: int) -> dict[str, int]:
    """Who was erased and has allowed their network to be read since, and when they were erased.

    Nobody is back while the lake has not carried out the erasure: it has yet what was deleted.
    """
    carried_out, ties = lake.erased_people(), _tie_kinds(service)
    found: dict[str, int] = {}
    with service.online.reading() as unit:
        for subject, at in evidence.erased(unit).items():
            if carried_out.get(subject, -1) < at:
                continue
            for stored in consents.of_subject(unit, subject):
                consent = open_consent(stored.signed, service.verifier)
                if at < consent.given_at < cut and _opens(consent, stored.events, ties, cut):
                    found[subject] = at
    return found


def _tie_kinds(service: Service) -> frozenset[str]:
    return frozenset(kind.name for kind in service.workspace.kinds if kind.domain == "network")


def _opens(
    consent: Consent, events: Iterable[ConsentEvent], ties: frozenset[str], cut: int
) -> bool:
    """Whether it lets the network be read for a purpose of scoring at ``cut``."""
    names = bool(consent.kinds & ties) and bool(consent.purposes & _SCORING)
    return names and consent_status(consent, events, cut) == "active"


def allowed_by_consents(service: Service, back: Collection[str] = ()) -> Allowed:
    """Whose network may be read at a cut, as people said here by then.

    Who gave a consent is held to it: they count where one is in force that names a kind of the
    network, for a purpose of scoring.  Who said nothing is covered by the lawful basis that the
    workspace states; where that is consent itself, by nothing.  Who was erased is not read,
    but for those who came ``back``.
    """
    workspace, ties = service.workspace, _tie_kinds(service)

    def allowed(cut: int) -> pa.Array | None:
        import pyarrow as pa

        said: dict[str, bool] = {}
        with service.online.reading() as unit:
            for stored in consents.of_everybody(unit):
                consent = open_consent(stored.signed, service.verifier)
                if consent.given_at < cut:
                    opens = _opens(consent, stored.events, ties, cut)
                    said[consent.subject] = opens or said.get(consent.subject, False)
            for subject in evidence.erased(unit):  # the lake may have them yet
                said[subject] = subject in back
            if workspace.lawful_basis.basis == "consent":
                return pa.array([subject for subject, opens in said.items() if opens], pa.string())
            closed = {subject for subject, opens in said.items() if not opens}
            if not closed:
                return None
            everybody = evidence.everybody(unit)
        return pa.array([one for one in everybody if one not in closed], pa.string())

    return allowed


def at(around: pa.Table, observations: pa.ChunkedArray) -> pa.Table:
    """The rows of what ``surroundings`` gave that belong to ``observations``, in their order."""
    import pyarrow.compute as pc

    numbers = around["observation"].combine_chunks()
    return around.take(pc.index_in(observations, value_set=numbers)).drop_columns(["observation"])


def _month_starts(instants: NDArray[np.int64]) -> NDArray[np.int64]:
    months = instants.astype("datetime64[us]").astype("datetime64[M]")
    return months.astype("datetime64[us]").astype("int64")


def _of_looks(looks: pa.Table, block: NetworkBlock) -> pa.Table:
    """The block's row of each look; of who is in no tie, nulls."""
    import pyarrow.compute as pc

    place = pc.index_in(looks["subject"], value_set=block.table["subject"].combine_chunks())
    rows = block.table.drop_columns(["subject", "month"]).take(place)
    return rows.add_column(0, "observation", looks["observation"])
