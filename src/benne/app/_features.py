"""Features: look at everybody who is observed, and compute what was known of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._catalogue import Catalogue, catalogue_of
from benne.app._network import surroundings
from benne.app._observations import Observed, write_observations
from benne.app.stores._groups import protected_groups
from benne.evidence import counted, observations_table, outcomes, thickness, versions_table
from benne.features import Feature, Plan, plan
from benne.kernel import InvalidInput, iso
from benne.scores import credit_file_features

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session
    from benne.evidence import OutcomeDefinition
    from benne.rights import Permit


@dataclass(frozen=True, slots=True)
class Featured:
    """What was looked at, and through how many features."""

    observed: Observed
    outcomes: dict[str, int]
    waiting: str
    features: int
    left_out: int

    def lines(self) -> Iterator[str]:
        """Who was observed, what became of them, and what was computed."""
        told = ", ".join(f"{count:,} {outcome}" for outcome, count in self.outcomes.items())
        yield (
            f"{self.observed.observations:,} observations of {self.observed.subjects:,} people: "
            f"{told or 'no outcome known'}"
        )
        if self.waiting:
            yield self.waiting
        for finding in self.observed.findings[:5]:
            yield f"left out: {finding}"
        if len(self.observed.findings) > 5:
            yield f"left out: {len(self.observed.findings) - 5:,} more rows of the select"
        yield (
            f"{self.features} features; {self.left_out} of the catalogue left out (see the report)"
        )


def make_features(session: Session, tell: Progress) -> Featured:
    """Write the lake's tables of observations, outcomes, features, counts and groups anew.

    Raises:
        InvalidInput: there is no evidence yet, or the observations cannot be read.
    """
    permit = session.permit("model_building")
    permit.demand(at=session.clock())
    with session.lake() as lake:
        there = lake.versions()
        if not there:
            raise InvalidInput("the lake holds no evidence yet; benne ingest brings it.")
        tell("observations", 0, None)
        observed = write_observations(session, lake, permit)
        catalogue = catalogue_of(session.workspace, there, permit)
        asked = feature_plan(catalogue)
        around = surroundings(lake, asked, permit, "observations", tell=tell, keep=True)
        tell("features", 0, None)
        lake.write_table("features", look(lake, asked, permit, "observations", around))
        tell("counts", 0, None)
        lake.write_table("counts", count(lake, catalogue, permit, "observations"))
        told, waiting = _outcomes(session, lake)
        grouped = [name for name, said in session.workspace.attributes.items() if said.group]
        lake.write_table("groups", protected_groups(lake, session.workspace.kinds, grouped))
    return Featured(observed, told, waiting, len(catalogue.features), len(catalogue.left_out))


def feature_plan(catalogue: Catalogue) -> Plan:
    """The plan of the workspace's features, and of those that tell who has a credit file."""
    names = {kind for feature in catalogue.features for kind in feature.lineage}
    there = [kind for kind in catalogue.kinds if kind.name in names]
    judges: tuple[Feature, ...] = credit_file_features(there)
    return plan((*catalogue.features, *judges), catalogue.kinds)


def look(
    lake: Lake,
    asked: Plan,
    permit: Permit,
    observations: str,
    around: pa.Table | None = None,
) -> pa.Table:
    """The ``asked`` features of the lake's table ``observations``, a row each, in its order.

    ``around`` is what ``surroundings`` gave for the same table, if it was asked already.
    """
    if around is None:
        around = surroundings(lake, asked, permit, observations)
    made = lake.execute(asked.ibis(permit, observations_table(observations)))
    made = made.sort_by("observation")
    if around is not None:
        for name in around.column_names[1:]:
            made = made.append_column(name, around[name])
    return made


def count(lake: Lake, catalogue: Catalogue, permit: Permit, observations: str) -> pa.Table:
    """How much evidence each of the lake's ``observations`` has (``benne.evidence.COUNTS``)."""
    kinds = {kind.name: kind for kind in catalogue.kinds}
    versions = lake.versions()
    there = [
        kind
        for kind in counted(catalogue.kinds)
        if versions.get(kind.name) and permit.covers_kind(kind.name, kind.domain)
    ]
    counts = thickness(there, observations_table(observations), permit, kinds=kinds)
    return lake.execute(counts).sort_by("observation")


def _outcomes(session: Session, lake: Lake) -> tuple[dict[str, int], str]:
    """Write the outcomes that are defined over evidence, if they are; count what there is.

    Also says who waits, because the evidence ends before the window does.
    """
    definition, waiting = session.workspace.outcome.definition, ""
    if definition is not None:
        found = _defined(session, lake, definition)
        until = definition.watched_until or lake.reaches() or session.clock()
        watched = found.filter(found["known_at"].to_numpy() <= until)
        lake.write_table("outcomes", watched)
        if watched.num_rows < found.num_rows:
            waiting = (
                f"{found.num_rows - watched.num_rows:,} of them wait: their window ends after "
                f"{iso(until)[:10]}, until when the sources were watched "
                "([outcome.definition] observed_until states another day)"
            )
    rows = lake.query("SELECT outcome, count(*) AS n FROM outcomes GROUP BY outcome ORDER BY 1")
    told = dict(zip(rows["outcome"].to_pylist(), rows["n"].to_pylist(), strict=True))
    return told, waiting


def _defined(session: Session, lake: Lake, definition: OutcomeDefinition) -> pa.Table:
    import pyarrow.compute as pc

    kinds = {kind.name: kind for kind in session.workspace.kinds}
    if not lake.versions().get(definition.kind):
        raise InvalidInput(
            f"the outcome is defined over {definition.kind}, and there is no evidence of it; "
            f"write mapping/{definition.kind}.sql, or change kind in [outcome.definition]."
        )
    found = lake.execute(
        outcomes(
            definition,
            observations_table(about=False).select("observation", "subject", "as_of"),
            versions_table(kinds[definition.kind]),
            versions_table(kinds["breach"]) if definition.fraud_types else None,
        )
    )
    return found.filter(pc.is_valid(found["outcome"]))
