"""How much is known of a person: the count on which it depends whether there is a score."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from benne.evidence._columns import column_of
from benne.evidence._kinds import Kind
from benne.evidence._views import History, Kinds, View, seen, visible
from benne.kernel import MICROS_PER_DAY, Row, Value, whole_days
from benne.rights import Permit

if TYPE_CHECKING:
    import ibis.expr.types as ir

COUNTS = ("records", "sources", "span_days")
"""What ``thickness`` counts: records, distinct sources, whole days from the first to ``as_of``."""


def counted(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    """The kinds whose records count: all but those that no statistical score reads."""
    return tuple(kind for kind in kinds if kind.domain != "conduct")


def thickness(
    there: Sequence[Kind], observations: ir.Table, permit: Permit, *, kinds: Kinds
) -> ir.Table:
    """``observation`` and ``COUNTS`` for each observation, over the kinds that are ``there``.

    A record counts once its instant has come (``t < as_of``); who has none has 0 of each.  The
    result is an unbound Ibis expression.

    Raises:
        NotPermitted: the permit does not cover a kind.
    """
    import ibis

    parts = []
    for kind in there:
        rows = visible(kind, observations, permit, kinds=kinds)
        rows = rows.filter(rows[kind.window] < rows.as_of)
        parts.append(rows.select("observation", "source", "as_of", at=rows[kind.window]))
    rows = ibis.union(*parts) if len(parts) > 1 else parts[0]
    found = rows.group_by("observation").aggregate(
        records=rows.count(),
        sources=rows.source.nunique(),
        first_at=rows["at"].min(),
    )
    joined = observations.left_join(found, "observation")
    span = (joined.as_of - joined.first_at) // MICROS_PER_DAY
    return joined.select(
        "observation",
        records=joined.records.fill_null(0),
        sources=joined.sources.fill_null(0),
        span_days=span.fill_null(0),
    )


def thickness_of(
    there: Sequence[Kind], history: History, permit: Permit, view: View, *, kinds: Kinds
) -> dict[str, Value]:
    """The same counts for one person's ``history``, in process."""
    shown = {kind.name: seen(kind, history, permit, view, kinds=kinds) for kind in there}
    return thickness_over(there, shown, view.as_of)


def thickness_over(
    there: Iterable[Kind], shown: Mapping[str, Sequence[Row]], as_of: int
) -> dict[str, Value]:
    """The same over what a view has ``shown`` of each kind already."""
    sources: set[Value] = set()
    instants: list[int] = []
    for kind in there:
        rows = shown[kind.name]
        for at, source in zip(column_of(rows, kind.window), column_of(rows, "source"), strict=True):
            if isinstance(at, int) and at < as_of:
                sources.add(source)
                instants.append(at)
    span = whole_days(min(instants), as_of) if instants else 0
    return {"records": len(instants), "sources": len(sources), "span_days": span}
