"""Observations: who is looked at, and when; what happened; read from the user's select."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from benne.app._ingest import mentioned
from benne.app._sources import sources
from benne.app.stores._casting import cast_rows
from benne.evidence import (
    OUTCOMES,
    ColumnSpec,
    Finding,
    Kind,
    Mapping,
    entered,
    observations_table,
    versions_table,
)
from benne.kernel import InvalidInput, NotFound, iso

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake
    from benne.app.wiring import Session
    from benne.evidence import OutcomeDefinition
    from benne.rights import Permit

OBSERVATION = Kind(
    name="observation",
    domain="declared",
    says="One look at a person",
    window="as_of",
    columns=(
        ColumnSpec("as_of", "instant", required=True),
        ColumnSpec("about_kind", "text"),
        ColumnSpec("about_source", "text"),
        ColumnSpec("about", "text", refers="account"),
        ColumnSpec("outcome", "text", one_of=OUTCOMES),
        ColumnSpec("outcome_known_at", "instant"),
        ColumnSpec("bad_at", "instant"),
        ColumnSpec("weight", "float"),
        ColumnSpec("admitted", "bool"),
        ColumnSpec("policy", "text"),
        ColumnSpec("propensity", "float"),
    ),
)
"""What an observations select may return beside ``subject``; checked as evidence is."""

OBSERVED = ("observation", "subject", "as_of", "about_kind", "about_source", "about",
            "weight", "admitted", "policy", "propensity")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Observed:
    """What became of the observations: how many there are, and what was left out."""

    observations: int
    subjects: int
    findings: tuple[Finding, ...] = ()


def write_observations(session: Session, lake: Lake, permit: Permit) -> Observed:
    """Write the lake's table ``observations`` anew: by the stated cadence, or from the select.

    Raises:
        InvalidInput: nobody is observed, or both a cadence and a select are there.
        NotFound: neither is there.
    """
    definition = session.workspace.outcome.definition
    if definition is None or not definition.moments:
        return read_observations(session, lake)
    select = session.workspace.folder / session.workspace.observations.sql
    if select.exists():
        raise InvalidInput(
            f"who is observed must be stated once: by cadence_months in [outcome.definition] or by "
            f"{select}; there are both; take one away."
        )
    return _at_cadence(session, lake, permit, definition)


def _at_cadence(
    session: Session, lake: Lake, permit: Permit, definition: OutcomeDefinition
) -> Observed:
    import numpy as np
    import pyarrow as pa
    import pyarrow.compute as pc

    kinds = {kind.name: kind for kind in session.workspace.kinds}
    entry = kinds[definition.entry_kind]
    known = lake.execute(versions_table(entry).select("subject").distinct())
    people = known.sort_by("subject")["subject"].combine_chunks()
    moments, size = definition.moments, len(people)
    looks = {
        "observation": np.arange(size * len(moments)),
        "subject": people.take(pa.array(np.tile(np.arange(size), len(moments)))),
        "as_of": np.repeat(np.array(moments, dtype=np.int64), size),
    }
    numbers = {"observation": pa.int64(), "as_of": pa.int64(), "weight": pa.float64(),
               "admitted": pa.bool_(), "propensity": pa.float64()}  # fmt: skip
    schema = pa.schema([(name, numbers.get(name, pa.string())) for name in OBSERVED])
    blank = {n: pa.nulls(size * len(moments), schema.field(n).type) for n in OBSERVED}
    rows = pa.table(blank | looks, schema=schema)
    lake.write_table("observations", rows)
    there = entered(entry, observations_table(), permit, kinds=kinds)
    found = lake.execute(there)["observation"]
    rows = rows.filter(pc.is_in(rows["observation"], value_set=found))
    if not rows.num_rows:
        raise InvalidInput(
            f"nobody has a record of {entry.name} before {definition.to_month}; check entry_kind, "
            "from_month and to_month in [outcome.definition]."
        )
    rows = rows.set_column(0, "observation", pa.array(np.arange(rows.num_rows)))
    lake.write_table("observations", rows)
    return Observed(rows.num_rows, len(pc.unique(rows["subject"])))


def read_observations(session: Session, lake: Lake) -> Observed:
    """Write the lake's tables ``observations`` and ``outcomes`` anew from the user's select.

    Observations are numbered in the order of the select.  A row that breaks a rule is left out
    and is a finding; so is a second look at the same person, moment and record.

    Raises:
        InvalidInput: the select cannot be run, returns no rows, or no good one.
        NotFound: the workspace has no such file.
    """
    mapping = _mapping(session)
    with sources(session, [mapping]) as files:
        rows, findings = cast_rows(
            mapping,
            mentioned(mapping, files),
            currency=session.workspace.currency.code,
            now=session.clock(),
            key=session.key,
            spill=session.workspace.lake.with_name("lake.duckdb.tmp"),
            threads=session.threads,
            memory=session.memory,
        )
    _demand_whole_about(rows, mapping)
    rows, repeated = _once(rows, mapping)
    rows, misplaced = _bad_in_its_time(rows, mapping)
    rows, impossible = _possible_propensity(rows, mapping)
    findings = (*findings, *repeated, *misplaced, *impossible)
    if not rows.num_rows:
        first = f" The first finding: {findings[0]}" if findings else ""
        raise InvalidInput(f"{mapping.where} must return at least one good row; got none.{first}")
    lake.write_table("observations", rows.select(list(OBSERVED)))
    if session.workspace.outcome.definition is None:
        lake.write_table("outcomes", _given(rows, mapping.where))
    return Observed(rows.num_rows, len(rows["subject"].unique()), findings)


def _mapping(session: Session) -> Mapping:
    settings = session.workspace.observations
    path = session.workspace.folder / settings.sql
    try:
        sql = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NotFound(
            f"{path} is not there; it is the select of who is observed, and when "
            "([observations] sql in benne.toml)."
        ) from error
    except (UnicodeDecodeError, IsADirectoryError) as error:
        raise InvalidInput(f"{path} must be a file of SQL in UTF-8: {error}.") from error
    return Mapping(
        name="observations",
        kind=OBSERVATION,
        source="observations",
        sql=sql,
        historical=True,
        naive_times=settings.naive_times,
        where=str(path),
    )


def _demand_whole_about(rows: pa.Table, mapping: Mapping) -> None:
    """A record that is left out must be named with its kind, or nothing would be left out."""
    import pyarrow.compute as pc

    alone = pc.and_(pc.is_valid(rows["about"]), pc.is_null(rows["about_kind"]))
    if pc.any(alone).as_py():
        row = rows.filter(alone)["record"][0].as_py()
        raise InvalidInput(
            f"{mapping.where}, row {row}: about must come with about_kind, the kind of the record; "
            "return both, as in 'account' as about_kind."
        )


def _once(rows: pa.Table, mapping: Mapping) -> tuple[pa.Table, list[Finding]]:
    """The rows with their number ``observation``, each look once, and the repeated ones."""
    import pyarrow as pa
    import pyarrow.compute as pc

    rows = rows.append_column("observation", pc.cast(rows["record"], pa.int64()))
    rows = rows.sort_by("observation")
    first = rows.group_by(["subject", "as_of", "about_kind", "about_source", "about"]).aggregate(
        [("observation", "min")]
    )
    is_first = pc.is_in(rows["observation"], value_set=first["observation_min"])
    repeated = [
        Finding(
            "different_content",
            mapping.source,
            mapping.kind.name,
            "a person is observed once at one moment about one record",
            "the same look again",
            row=number,
            where=mapping.where,
        )
        for number in rows.filter(pc.invert(is_first))["observation"].to_pylist()
    ]
    return rows.filter(is_first), repeated


def _bad_in_its_time(rows: pa.Table, mapping: Mapping) -> tuple[pa.Table, list[Finding]]:
    """The rows whose ``bad_at`` can be true, and the others: it goes with a bad outcome alone."""
    import pyarrow.compute as pc

    at = rows["bad_at"]
    known = pc.coalesce(rows["outcome_known_at"], at)
    inside = pc.and_(pc.greater(at, rows["as_of"]), pc.less_equal(at, known))
    bad = pc.and_kleene(pc.is_valid(rows["outcome"]), pc.equal(rows["outcome"], "bad"))
    sound = pc.or_kleene(pc.is_null(at), pc.and_kleene(bad, inside))
    wrong = [
        Finding(
            "out_of_range",
            mapping.source,
            mapping.kind.name,
            "bad_at stands with the outcome bad alone, after as_of and not after outcome_known_at",
            f"outcome {row['outcome']}, bad_at {iso(row['bad_at'])}",
            column="bad_at",
            row=row["observation"],
            where=mapping.where,
        )
        for row in rows.filter(pc.invert(sound)).to_pylist()
    ]
    return rows.filter(sound), wrong


def _possible_propensity(rows: pa.Table, mapping: Mapping) -> tuple[pa.Table, list[Finding]]:
    """The rows whose ``propensity`` can be, and the others: whoever was admitted had a chance."""
    import pyarrow.compute as pc

    chance = rows["propensity"]
    inside = pc.and_(pc.greater_equal(chance, 0.0), pc.less_equal(chance, 1.0))
    without = pc.and_(pc.fill_null(rows["admitted"], False), pc.equal(chance, 0.0))
    sound = pc.or_kleene(pc.is_null(chance), pc.and_not(inside, without))
    wrong = [
        Finding(
            "out_of_range",
            mapping.source,
            mapping.kind.name,
            "propensity lies from 0 to 1, and above 0 for who was admitted",
            f"propensity {row['propensity']}, admitted {row['admitted']}",
            column="propensity",
            row=row["observation"],
            where=mapping.where,
        )
        for row in rows.filter(pc.invert(sound)).to_pylist()
    ]
    return rows.filter(sound), wrong


def _given(rows: pa.Table, where: str) -> pa.Table:
    """The outcomes that the select states; one without its date is known at ``as_of``."""
    import pyarrow.compute as pc

    if rows["outcome"].null_count == rows.num_rows:
        raise InvalidInput(
            f"{where} returns no outcome for anyone; return outcome (bad, good, indeterminate) and "
            "outcome_known_at, or state [outcome.definition] in benne.toml."
        )
    _demand_every_bad_at(rows, where)
    known_at = pc.coalesce(rows["outcome_known_at"], rows["bad_at"], rows["as_of"])
    table = rows.select(["observation", "outcome"]).append_column("known_at", known_at)
    table = table.append_column("bad_at", rows["bad_at"])
    return table.filter(pc.is_valid(table["outcome"]))


def _demand_every_bad_at(rows: pa.Table, where: str) -> None:
    """Either no outcome says when it went bad or each bad one does: a curve of some would lie."""
    import pyarrow.compute as pc

    bad = rows.filter(pc.equal(rows["outcome"], "bad"))
    without = bad["bad_at"].null_count
    if 0 < without < bad.num_rows:
        raise InvalidInput(
            f"{where} must give bad_at for every bad outcome or for none; {without} of "
            f"{bad.num_rows} bad outcomes have none, the first in row "
            f"{bad.filter(pc.is_null(bad['bad_at']))['record'][0].as_py()}."
        )
