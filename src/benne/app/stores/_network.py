"""The network block of a month: Ibis to Arrow, SciPy, and Arrow again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from benne.app.stores._lake import Lake
from benne.features import LEFT_OUT, PAIRS, PEOPLE, Collected, NetworkBlock, NetworkPlan
from benne.kernel import InvalidInput, NotPermitted, iso, month_start
from benne.rights import Permit

Flags: TypeAlias = NDArray[np.bool_]
Allowed: TypeAlias = "Callable[[int], pa.Array | None]"
"""From a cut, the subjects whose own permit then covers network use; ``None``: everybody's."""
Run: TypeAlias = Callable[[str], pa.Table]
"""Runs an expression of ``NetworkPlan.expressions`` by its name."""
Lend: TypeAlias = Callable[[str, pa.Table], None]
"""Lets expressions read a table by a name."""


def everybody(_cut: int) -> None:
    """``Allowed`` where a stated lawful basis covers the records of all."""


def network_blocks(
    lake: Lake,
    plan: NetworkPlan,
    permit: Permit,
    *,
    cuts: Iterable[int],
    allowed: Allowed = everybody,
    anew: Mapping[str, int] = MappingProxyType({}),
) -> Iterator[NetworkBlock]:
    """The block of each of ``cuts``, starts of UTC months, in order.

    ``anew`` says of whom no tie counts that was told by an instant: who was erased and came back.

    Raises:
        InvalidInput: a cut that is no start of a month, or a sum that does not fit int64.
        NotPermitted: ``permit`` covers only some people: a block looks at everybody's
            neighbours, each under their own permit, of which ``allowed`` tells.
    """
    import ibis

    _demand_everybody(permit)
    sql = {
        name: str(ibis.to_sql(expression, dialect="duckdb", pretty=False))
        for name, expression in plan.expressions(permit).items()
    }
    for cut in sorted(set(cuts)):
        yield block_of(
            plan, cut=cut, run=lambda name: lake.query(sql[name]), lend=lake.lend,
            allowed=allowed(cut), anew=anew,
        )  # fmt: skip


def block_of(
    plan: NetworkPlan,
    *,
    cut: int,
    run: Run,
    lend: Lend,
    allowed: pa.Array | None,
    anew: Mapping[str, int] = MappingProxyType({}),
) -> NetworkBlock:
    """The block of ``cut``, by any engine that runs the plan's expressions.

    Raises:
        InvalidInput: as ``network_blocks``.
    """
    if cut != month_start(cut):
        raise InvalidInput(
            f"a network block is of the start of a UTC month; got {iso(cut)}; "
            f"ask for {iso(month_start(cut))}."
        )
    people = _looks(run("people")["subject"].combine_chunks().sort(), cut)
    lend(PEOPLE, people)
    stated = _since_they_came_back(run("ties"), people, anew)
    looks = run("look").sort_by("observation")
    firsts = {kind: run(f"first {kind}") for kind in plan.lineage}
    shared = run("shared").sort_by([("person", "ascending"), ("other", "ascending")])
    begins = _begins(shared)
    pairs = shared.select(["person", "other"]).filter(pa.array(begins))
    found = Collected(
        people, stated, looks, firsts, pairs, looks.slice(0, 0), _flags(people, allowed)
    )
    if pairs.num_rows:
        lend(PAIRS, _looks(people["subject"].take(pairs["other"]), cut))
        lend(LEFT_OUT, _left_out(shared, begins))
        apart = run("apart").sort_by("observation")
        found = Collected(people, stated, looks, firsts, pairs, apart, found.allowed)
    return plan.block(found, cut=cut)


def _since_they_came_back(ties: pa.Table, people: pa.Table, anew: Mapping[str, int]) -> pa.Table:
    """``ties``, where those of people in ``anew`` that were first told by then have ended.

    They keep their place: whom a person's groups held stays as it was, and the floor with it.
    """
    if not anew:
        return ties
    from_when = np.full(people.num_rows, np.iinfo(np.int64).min)
    place = pc.index_in(pa.array(list(anew), pa.string()), value_set=people["subject"])
    for number, at in zip(place.to_pylist(), anew.values(), strict=True):
        if number is not None:
            from_when[number] = at
    ends = (from_when[ties[end].to_numpy()] for end in ("person", "other"))
    first = ties["since"].to_numpy()
    new = pa.array(np.logical_and.reduce([first >= at for at in ends]))
    strength = pc.if_else(new, ties["strength"], pa.scalar(None, ties["strength"].type))
    return ties.set_column(ties.schema.get_field_index("strength"), "strength", strength)


def _demand_everybody(permit: Permit) -> None:
    if permit.subjects is not None:
        raise NotPermitted(
            "a month's network block looks at everybody, and the permit covers some people only; "
            "ask for one that covers the population, and tell by allowed= who may be seen."
        )


def _looks(subjects: pa.Array, cut: int) -> pa.Table:
    """A look at each of ``subjects`` at ``cut``, numbered in order."""
    size = len(subjects)
    return pa.table(
        {"observation": np.arange(size), "subject": subjects, "as_of": np.full(size, cut)}
    )


def _begins(shared: pa.Table) -> Flags:
    """Where a pair begins in ``shared``, which is in order of pairs."""
    person, other = shared["person"].to_numpy(), shared["other"].to_numpy()
    begins: Flags = (np.diff(person, prepend=-1) != 0) | (np.diff(other, prepend=-1) != 0)
    return begins


def _left_out(shared: pa.Table, begins: Flags) -> pa.Table:
    """What the look at each pair, numbered in order, leaves out."""
    named = shared.select(["kind", "source", "record"])
    return named.add_column(0, "observation", pa.array(np.cumsum(begins) - 1))


def _flags(people: pa.Table, allowed: pa.Array | None) -> Flags:
    if allowed is None:
        return np.ones(people.num_rows, dtype=np.bool_)
    found = pc.is_in(people["subject"], value_set=allowed)
    return np.asarray(found.to_numpy(), dtype=np.bool_)
