"""Views: what may be seen of the evidence at ``as_of``, as it was known by then.

A view is (``as_of``, ``known_by``, ``batch``) and, where the observation is about a record of
its own, ``about``.  Of each record it shows at most one version, the last by (``known_at``,
``batch``) among those that

* are of no later batch than ``batch`` (``None``: the newest there is), and
* are events with ``known_at <= as_of``, or corrections, disputes and retractions with
  ``known_at <= known_by``;

and nothing of a record that was not known by ``as_of``, or whose last version is a retraction.
In the *ordinary* view ``known_by`` is ``as_of`` and no batch is left out; then all this is one
filter: ``known_at <= as_of < superseded_at`` and no retraction.

What a view never shows: the record that the observation is ``about``, and all that descends
from it through columns that refer to it; and a column tied to an instant (``known_with``)
while that instant is not before ``as_of``; what lies outside the range of evidence time that
a consent names; and an adverse record that is past its retention horizon at ``as_of``.

Both forms, the Ibis expression over many observations and the list of one person's versions in
process, demand a ``Permit``.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, TypeAlias

from benne.evidence._columns import Columns, column_of
from benne.evidence._kinds import Kind
from benne.kernel import MICROS_PER_DAY, InvalidInput, NotPermitted, Row, Type, Value
from benne.rights import Horizon, Permit

if TYPE_CHECKING:
    import ibis.expr.types as ir

Kinds: TypeAlias = Mapping[str, Kind]
History: TypeAlias = Mapping[str, Sequence[Row]]
"""A person's versions by kind: a mapping of column to value for each."""

_IBIS_TYPES: dict[Type, str] = {
    "text": "string",
    "int": "int64",
    "float": "float64",
    "bool": "boolean",
    "instant": "int64",
}
_ABOUT = {"about_kind": "string", "about_source": "string", "about": "string"}


@dataclass(frozen=True, slots=True)
class About:
    """The record that an observation is about; ``source`` ``None`` means that of any source."""

    kind: str
    record: str
    source: str | None = None


@dataclass(frozen=True, slots=True)
class View:
    """What is visible of one person.  Instants are int64 microseconds.

    ``known_by`` is ``as_of`` unless a dispute is scored again; ``batch`` ``None`` is the newest.
    """

    as_of: int
    known_by: int | None = None
    batch: int | None = None
    about: About | None = None

    def __post_init__(self) -> None:
        if self.known_by is not None and self.known_by < self.as_of:
            raise InvalidInput(
                f"known_by must not be before as_of ({self.as_of}); got {self.known_by}."
            )

    @property
    def ordinary(self) -> bool:
        """Whether the view is a filter: nothing known later, no batch left out."""
        return self.batch is None and self.known_by in (None, self.as_of)


def _demand(permit: Permit, kind: Kind) -> None:
    if not isinstance(permit, Permit):
        raise NotPermitted(
            f"evidence can be read only with a permit; got {type(permit).__name__}; "
            "ask benne.rights for one."
        )
    bar = permit.bar_on(kind=kind.name, domain=kind.domain)
    if bar is not None:
        raise NotPermitted(
            f"rule {bar.rule} of {permit.jurisdiction} closes {kind.name!r} ({kind.domain}) to "
            f"{permit.purpose}; leave out what reads it, or use a card made without it."
        )
    if not permit.covers_kind(kind.name, kind.domain):
        raise NotPermitted(
            f"the permit for {permit.purpose} does not cover {kind.name!r}; it covers "
            f"{', '.join(sorted(permit.kinds or ())) or 'nothing'}; leave out what reads it."
        )


def _refers(kind: Kind) -> list[tuple[str, str]]:
    """The columns of ``kind`` that name another record, with the kind of that record."""
    return [(column.name, column.refers) for column in kind.columns if column.refers is not None]


def _above(kind: Kind, kinds: Kinds, path: frozenset[str]) -> list[tuple[str, Kind]]:
    """The columns of ``kind`` that lead on to a kind that itself refers to something."""
    return [
        (column, kinds[name])
        for column, name in _refers(kind)
        if name in kinds and name not in path and _refers(kinds[name])
    ]


# --- as an Ibis expression ---------------------------------------------------------------


def versions_table(kind: Kind) -> ir.Table:
    """The unbound table of all versions of ``kind``, as a lake holds it."""
    import ibis

    schema = {name: _IBIS_TYPES[of] for name, of in kind.types.items()}
    return ibis.table(schema, name=f"evidence_{kind.name}")


def observations_table(
    name: str = "observations", *, about: bool = True, general: bool = False
) -> ir.Table:
    """The unbound table of observations; ``general`` adds each one's ``known_by`` and ``batch``."""
    import ibis

    schema = {"observation": "int64", "subject": "string", "as_of": "int64"}
    if about:
        schema |= _ABOUT
    if general:
        schema |= {"known_by": "int64", "batch": "int64"}
    return ibis.table(schema, name=name)


def visible(kind: Kind, observations: ir.Table, permit: Permit, *, kinds: Kinds) -> ir.Table:
    """What each observation may see of ``kind``: a row for each observation and version.

    ``observations`` has ``observation``, ``subject`` and ``as_of``.  Where it has ``about_kind``,
    ``about_source`` and ``about``, that record and its descendants are left out; where it has
    ``known_by`` or ``batch``, each observation has that general view (null: as in the ordinary
    one), found by window functions in place of the filter.  ``kinds`` are all there are: they
    say what refers to what.

    The result has ``observation``, ``as_of`` and the columns of ``kind.types``, with what is tied
    to an instant masked.

    Raises:
        NotPermitted: no permit, or one that does not cover ``kind``.
    """
    _demand(permit, kind)
    if permit.subjects is not None:
        observations = observations.filter(observations.subject.isin(sorted(permit.subjects)))
    rows = _without_about(kind, _known(kind, observations), observations, kinds)
    if permit.evidence_from is not None:
        rows = rows.filter(rows[kind.window] >= permit.evidence_from)
    if permit.evidence_until is not None:
        rows = rows.filter(rows[kind.window] < permit.evidence_until)
    for horizon in permit.horizons(kind.name):
        rows = rows.filter(~_past(horizon, rows))
    masked = {
        column.name: (rows[column.known_with] < rows.as_of).ifelse(rows[column.name], None)
        for column in kind.columns
        if column.known_with is not None and not column.group
    }
    return rows.select("observation", "as_of", **{c: rows[c] for c in kind.types} | masked)


def _past(horizon: Horizon, rows: ir.Table) -> ir.BooleanValue:
    """``Horizon.hides`` as an expression: whether a row is past its horizon at its ``as_of``."""
    import ibis

    yes, no = ibis.literal(value=True), ibis.literal(value=False)
    days = ibis.literal(horizon.days, "int64")
    if horizon.began_days is not None:
        days = days - ibis.least(rows[horizon.began_days].fill_null(0), days)
    past = (rows[horizon.after] + days * MICROS_PER_DAY) <= rows.as_of
    if horizon.column is not None:
        of_those = rows[horizon.column].isin(sorted(horizon.values)).fill_null(no)
        past = past & (~of_those if horizon.other_than else of_those)
    if horizon.late is not None and horizon.paid is not None:
        late = rows[horizon.paid] - rows[horizon.late] >= MICROS_PER_DAY
        past = past & late.fill_null(yes)
    return past.fill_null(no)


def _looks(observations: ir.Table) -> ir.Table:
    """The observations with the columns of a view alone, none named as evidence names its own."""
    names = set(observations.columns)
    columns = ["observation", "subject", "as_of", *(name for name in _ABOUT if name in names)]
    view = {}
    if "known_by" in names:
        view["view_known_by"] = observations.known_by
    if "batch" in names:
        view["view_batch"] = observations.batch
    return observations.select(*columns, **view)


def _known(kind: Kind, observations: ir.Table) -> ir.Table:
    """The version of each record that was known: the bitemporal part of the view."""
    looks = _looks(observations)
    pairs = looks.inner_join(versions_table(kind), "subject")
    if "view_known_by" not in pairs.columns and "view_batch" not in pairs.columns:
        return pairs.filter(
            pairs.known_at <= pairs.as_of,
            pairs.as_of < pairs.superseded_at,
            pairs.cause != "retraction",
        )
    return _known_generally(pairs)


def _known_generally(pairs: ir.Table) -> ir.Table:
    import ibis

    known_by = pairs.as_of
    if "view_known_by" in pairs.columns:
        known_by = ibis.coalesce(pairs.view_known_by, pairs.as_of)
    horizon = (pairs.cause == "event").ifelse(pairs.as_of, known_by)
    pairs = pairs.filter(pairs.known_at <= horizon)
    if "view_batch" in pairs.columns:
        pairs = pairs.filter(pairs.view_batch.isnull() | (pairs.batch <= pairs.view_batch))
    keys = [pairs.observation, pairs.source, pairs.record]
    newest_first = [pairs.known_at.desc(), pairs.batch.desc()]
    ranked = pairs.mutate(
        view_rank=ibis.row_number().over(group_by=keys, order_by=newest_first),
        view_first=pairs.known_at.min().over(group_by=keys),
    )
    return ranked.filter(
        ranked.view_rank == 0, ranked.view_first <= ranked.as_of, ranked.cause != "retraction"
    )


def _without_about(kind: Kind, rows: ir.Table, observations: ir.Table, kinds: Kinds) -> ir.Table:
    import ibis

    if "about" not in rows.columns:
        return rows
    names_it = _names_what_it_is_about(rows, [("record", kind.name), *_refers(kind)])
    rows = rows.filter(~ibis.coalesce(names_it, ibis.literal(value=False)))
    path = frozenset({kind.name})
    for column, above in _above(kind, kinds, path):
        gone = _descendants(above, observations, kinds, path)
        rows = rows.anti_join(gone, _same_record(rows, column, gone))
    return rows


def _names_what_it_is_about(rows: ir.Table, columns: list[tuple[str, str]]) -> ir.BooleanValue:
    """Whether one of ``columns`` (name, kind it names) holds what the observation is about."""
    import ibis

    same_source = rows.about_source.isnull() | (rows.source == rows.about_source)
    return same_source & ibis.or_(
        *((rows.about_kind == name) & (rows[column] == rows.about) for column, name in columns)
    )


def _same_record(rows: ir.Table, column: str, gone: ir.Table) -> list[ir.BooleanValue]:
    return [
        rows.observation == gone.gone_observation,
        rows.source == gone.gone_source,
        rows[column] == gone.gone_record,
    ]


def _descendants(
    kind: Kind, observations: ir.Table, kinds: Kinds, below: frozenset[str]
) -> ir.Table:
    """The known records of ``kind`` that descend from what their observation is about."""
    import ibis

    observed = observations.filter(observations.about.notnull())
    rows, path = _known(kind, observed), below | {kind.name}
    found = [rows.filter(_names_what_it_is_about(rows, _refers(kind)))]
    for column, above in _above(kind, kinds, path):
        gone = _descendants(above, observed, kinds, path)
        found.append(rows.semi_join(gone, _same_record(rows, column, gone)))
    parts = [
        part.select(
            gone_observation=part.observation, gone_source=part.source, gone_record=part.record
        )
        for part in found
    ]
    return ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]


# --- in process --------------------------------------------------------------------------


def seen(
    kind: Kind, history: History, permit: Permit, view: View, *, kinds: Kinds
) -> Sequence[dict[str, Value]]:
    """What ``view`` shows of ``kind`` in one person's ``history``: masked copies of versions.

    Versions that are ``Columns`` are shown as such.

    ``history`` holds every version of every kind that ``kinds`` names, with the columns of
    ``kind.types``; a kind that it lacks has no records.

    Raises:
        NotPermitted: no permit, or one that does not cover ``kind`` or the person.
    """
    _demand(permit, kind)
    versions = history.get(kind.name, ())
    _demand_subjects(permit, column_of(versions, "subject"))
    tied = {c.name: c.known_with for c in kind.columns if c.known_with and not c.group}
    if isinstance(versions, Columns) and view.ordinary and view.about is None:
        return _shown(kind, versions, permit, view.as_of, tied)
    rows = _known_of(kind, history, view)
    if view.about is not None:
        gone = _gone(kind, history, view, kinds)
        rows = [row for row in rows if (row["source"], row["record"]) not in gone]
    if permit.evidence_from is not None or permit.evidence_until is not None:
        rows = [row for row in rows if permit.covers_instant(row[kind.window])]
    for horizon in permit.horizons(kind.name):
        rows = [row for row in rows if not horizon.hides(row, as_of=view.as_of)]
    return [_masked(row, tied, view.as_of) for row in rows] if tied else [dict(r) for r in rows]


def _shown(
    kind: Kind, versions: Columns, permit: Permit, as_of: int, tied: Mapping[str, str]
) -> Columns:
    """``seen`` in the ordinary view, a column at a time."""
    known, superseded, cause = map(versions.column, ("known_at", "superseded_at", "cause"))
    shown = versions.at(
        [
            i
            for i, (since, until, why) in enumerate(zip(known, superseded, cause, strict=True))
            if since <= as_of < until  # type: ignore[operator]  # instants are ints
            and why != "retraction"
        ]
    )
    low, high = permit.evidence_from, permit.evidence_until
    if low is not None or high is not None:
        shown = shown.at(_covered(shown.column(kind.window), low, high))
    for horizon in permit.horizons(kind.name):
        shown = shown.at([i for i, row in enumerate(shown) if not horizon.hides(row, as_of=as_of)])

    def masked(name: str) -> list[Value]:
        instants = shown.column(tied[name])
        return [
            None if moment is None or moment >= as_of else value  # type: ignore[operator]
            for value, moment in zip(shown.column(name), instants, strict=True)
        ]

    return shown.replacing(masked, frozenset(tied)) if tied else shown


def _covered(instants: Iterable[Value], low: int | None, high: int | None) -> list[int]:
    """The positions of what lies in ``[low, high)``: ``Permit.covers_instant``, all at once."""
    first = -math.inf if low is None else low
    end = math.inf if high is None else high
    return [i for i, at in enumerate(instants) if isinstance(at, int) and first <= at < end]


def _demand_subjects(permit: Permit, subjects: Iterable[Value]) -> None:
    if permit.subjects is not None and not permit.subjects.issuperset(subjects):
        raise NotPermitted(
            f"the permit for {permit.purpose} does not cover this person; ask for one that does."
        )


def _masked(row: Row, tied: Mapping[str, str], as_of: int) -> dict[str, Value]:
    copy = dict(row)
    for name, instant in tied.items():
        moment = row[instant]
        if moment is None or moment >= as_of:  # type: ignore[operator]  # instants are ints
            copy[name] = None
    return copy


def _known_of(kind: Kind, history: History, view: View) -> list[Row]:
    as_of, versions = view.as_of, history.get(kind.name, ())
    if view.ordinary:
        return [
            row
            for row in versions
            if row["known_at"] <= as_of < row["superseded_at"]  # type: ignore[operator]
            and row["cause"] != "retraction"
        ]
    known_by = as_of if view.known_by is None else view.known_by
    records: dict[tuple[Value, Value], list[Row]] = {}
    for row in versions:
        horizon = as_of if row["cause"] == "event" else known_by
        in_time = row["known_at"] <= horizon  # type: ignore[operator]
        if in_time and (view.batch is None or row["batch"] <= view.batch):  # type: ignore[operator]
            records.setdefault((row["source"], row["record"]), []).append(row)
    shown = []
    for candidates in records.values():
        candidates.sort(key=itemgetter("known_at", "batch"))
        first, last = candidates[0], candidates[-1]
        if first["known_at"] <= as_of and last["cause"] != "retraction":  # type: ignore[operator]
            shown.append(last)
    return shown


def _gone(
    kind: Kind, history: History, view: View, kinds: Kinds, below: frozenset[str] = frozenset()
) -> set[tuple[Value, Value]]:
    """(source, record) of what ``view`` is about, and of its descendants, in ``kind``."""
    about = view.about
    assert about is not None
    refers, path = _refers(kind), below | {kind.name}
    above = {
        column: _gone(kinds[name], history, view, kinds, path)
        for column, name in refers
        if name in kinds and name not in path
    }
    found: set[tuple[Value, Value]] = set()
    for row in _known_of(kind, history, view):
        source = row["source"]
        own = about.source is None or about.source == source
        leads = own and about.kind == kind.name and row["record"] == about.record
        for column, name in refers:
            value = row[column]
            leads = leads or (own and about.kind == name and value == about.record)
            leads = leads or (source, value) in above.get(column, ())
        if leads:
            found.add((source, row["record"]))
    return found
