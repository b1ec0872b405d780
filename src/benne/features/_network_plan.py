"""The plan of a month's network block: Ibis to Arrow, SciPy, and Arrow again.

The expressions read the lake's evidence, and three tables that a store lends: ``PEOPLE``, everybody
who is in a tie, numbered by ``observation``, with the cut for ``as_of``; and, where people
share records, ``PAIRS``, a look at a neighbour for each such pair, with ``LEFT_OUT``, what that
look leaves out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from benne.evidence import Kind, left_out_table, observations_table, versions_table, visible
from benne.features._aggregates import PARTS, Kept
from benne.features._algebra import TIES, Neighbours
from benne.features._batch import features_table
from benne.features._checks import Checked
from benne.kernel import Expression, Json, content_hash
from benne.rights import Permit

if TYPE_CHECKING:
    import ibis.expr.types as ir
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from benne.features._network import Values

    Flags: TypeAlias = NDArray[np.bool_]

PEOPLE, PAIRS, LEFT_OUT = "network_people", "network_pairs", "network_left_out"


@dataclass(frozen=True)
class NetworkBlock:
    """Everybody's network features of one month.

    ``table`` has ``subject``, ``month`` (the cut, in microseconds) and a column for each feature, a
    row for each person in a tie, by ``subject``; who has no row has no such value.  ``hash`` is
    over the features' definitions, the cut and the values: what an answer carries.
    """

    cut: int
    table: pa.Table
    hash: str


@dataclass(frozen=True)
class NetworkPlan:
    """Features over neighbours, and what a store runs to compute them.

    ``values`` are the distinct values of neighbours that they read, each a feature of whole
    numbers; ``places`` says which of these each feature reads.
    """

    checked: tuple[Checked, ...]
    values: tuple[Checked, ...]
    places: tuple[int, ...]
    kinds: Mapping[str, Kind]

    @classmethod
    def of(cls, checked: tuple[Checked, ...], kinds: Mapping[str, Kind]) -> NetworkPlan:
        """The plan of ``checked`` features, all of them over neighbours."""
        distinct: dict[tuple[Expression, tuple[Any, ...]], Checked] = {}
        for one in checked:
            distinct.setdefault((one.value, one.atoms), one)
        values = tuple(_whole(one, number) for number, one in enumerate(distinct.values()))
        order = list(distinct)
        places = tuple(order.index((one.value, one.atoms)) for one in checked)
        return cls(checked, values, places, kinds)

    @property
    def names(self) -> tuple[str, ...]:
        """The features, in order."""
        return tuple(one.feature.name for one in self.checked)

    @property
    def lineage(self) -> tuple[str, ...]:
        """The kinds that neighbours' values read."""
        return tuple(dict.fromkeys(atom.kind for one in self.values for atom in one.atoms))

    @property
    def definition(self) -> str:
        """A hash of what the features mean."""
        return content_hash([[one.feature.name, repr(one.feature.value)] for one in self.checked])

    # --- expressions -------------------------------------------------------------------

    def expressions(self, permit: Permit) -> dict[str, ir.Table]:
        """What a store runs for a cut, by name.

        ``people``: everybody who is in a tie, whenever (``subject``).  ``ties``: as their records
        state them.  ``look``: everybody's own values.  ``first KIND``: when the first record of a
        kind was known of each person.  ``shared``: what two people share.  ``apart``: a neighbour's
        values without what the two share.
        """
        import ibis

        ties = versions_table(self.kinds[TIES])
        everybody = [ties.select("subject"), ties.select(subject="other")]
        looks = (observations_table(name, about=False) for name in (PEOPLE, PAIRS))
        own, apart = (
            features_table(self.values, self.kinds, look, permit, left_out)
            for look, left_out in zip(looks, (None, left_out_table(LEFT_OUT)), strict=True)
        )
        return {
            "people": ibis.union(*everybody, distinct=True),
            "ties": self._ties(permit),
            "look": own,
            **{f"first {kind}": self._first_known(kind) for kind in self.lineage},
            "shared": self._shared(),
            "apart": apart,
        }

    def _ties(self, permit: Permit) -> ir.Table:
        """Ties as their records state them: ``person``, ``other``, ``strength`` and ``since``.

        ``strength`` is that of the last record, null where none is seen any more; ``since`` is when
        the first version of any was known and had happened.
        """
        import ibis

        kind, people = self.kinds[TIES], observations_table(PEOPLE, about=False)
        rows = _with_other(visible(kind, people, permit, kinds=self.kinds), kind)
        order = {"instant": rows[kind.window], "known_at": rows.known_at,
                 "record": rows.record, "source": rows.source}  # fmt: skip
        kept = Kept(rows, rows.strength_permille, ibis.literal(value=True), rows[kind.window],
                    ibis.struct(order), rows[kind.window], 0)  # fmt: skip
        last = rows.group_by(live_person="observation", live_other="number").aggregate(
            strength=PARTS["latest"](kept)
        )
        known = _with_other(_known(kind), kind)
        ever = known.group_by(person="observation", other="number").aggregate(
            since=_since(known, kind)
        )
        both = ever.left_join(
            last, [ever.person == last.live_person, ever.other == last.live_other]
        )
        return both.select("person", "other", "strength", "since")

    def _first_known(self, kind: str) -> ir.Table:
        """When the first record of ``kind`` was known: ``observation``, ``since``."""
        rows = _known(self.kinds[kind])
        return rows.group_by("observation").aggregate(since=_since(rows, self.kinds[kind]))

    def _shared(self) -> ir.Table:
        """What two people share: ``person``, ``other``, and the record to leave out of the other.

        A record that the one has and the other names, or both name (an account that both are on),
        or in which the other's records name the person.
        """
        import ibis

        above = _above(self.lineage, self.kinds)
        named = {c.refers for kind in self.kinds.values() for c in kind.columns if c.refers}
        parts = _both_on(above & named, self.kinds) + [
            _naming(self.kinds[name], column.name)
            for name in sorted(above)
            for column in self.kinds[name].columns
            if column.subject
        ]
        if not parts:
            return _nothing_shared()
        return ibis.union(*parts, distinct=True) if len(parts) > 1 else parts[0]

    # --- the block ---------------------------------------------------------------------

    def block(self, found: Collected, *, cut: int) -> NetworkBlock:
        """The block of ``cut``, from what a store collected.

        Raises:
            InvalidInput: a sum over neighbours that does not fit int64.
        """
        import numpy as np
        import pyarrow as pa

        from benne.features._network import aggregates

        size, values = found.people.num_rows, found.values(self)
        asked = [(one.feature.value, at) for one, at in zip(self.checked, self.places, strict=True)]
        columns = aggregates(found.ties(), values, asked, found.allowed)  # type: ignore[arg-type]
        digest = hashlib.sha256("\n".join(found.people["subject"].to_pylist()).encode())
        table = {"subject": found.people["subject"], "month": pa.array(np.full(size, cut))}
        for one, (numbers, known) in zip(self.checked, columns, strict=True):
            numbers = np.where(known, numbers, 0)
            digest.update(numbers.tobytes() + known.tobytes())
            table[one.feature.name] = pa.array(numbers, mask=~known)
        said: dict[str, Json] = {
            "cut": cut,
            "features": self.definition,
            "values": digest.hexdigest(),
        }
        return NetworkBlock(cut, pa.table(table), content_hash(said))


@dataclass(frozen=True)
class Collected:
    """What a store collected for one cut, as Arrow.

    ``people`` is the table ``PEOPLE``, by ``observation`` from 0; ``stated``, ``looks`` (by
    observation), ``firsts`` (by kind) and ``apart`` are what ``NetworkPlan.expressions`` gave;
    ``pairs`` has ``person`` and ``other``, in order, for each row of ``apart``.  ``allowed`` says
    whose own permit covers network use, shape ``(people,)``.
    """

    people: pa.Table
    stated: pa.Table
    looks: pa.Table
    firsts: Mapping[str, pa.Table]
    pairs: pa.Table
    apart: pa.Table
    allowed: Flags

    def ties(self) -> Any:
        """The ties, both ways."""
        from benne.features._network import Ties

        strength = self.stated["strength"].fill_null(0).to_numpy()
        return Ties.both_ways(
            self.people.num_rows,
            self.stated["person"].to_numpy(),
            self.stated["other"].to_numpy(),
            strength,
            _months(self.stated["since"].to_numpy()),
        )

    def values(self, plan: NetworkPlan) -> list[Values]:
        """The values of ``plan``, in order."""
        import numpy as np

        from benne.features._network import Values

        size = self.people.num_rows
        keys = self.pairs["person"].to_numpy() * size + self.pairs["other"].to_numpy()
        made = []
        for one in plan.values:
            first = np.full(size, np.iinfo(np.int64).max)
            for kind in {atom.kind for atom in one.atoms}:
                rows = self.firsts[kind]
                at = rows["observation"].to_numpy()
                first[at] = np.minimum(first[at], rows["since"].to_numpy())
            ever = first < np.iinfo(np.int64).max
            month = np.where(ever, _months(np.where(ever, first, 0)), -1)
            own, apart = _numbers(self.looks, one), _numbers(self.apart, one)
            made.append(Values(*own, month, keys, *apart))
        return made


def _numbers(table: pa.Table, one: Checked) -> tuple[Any, Any]:
    """A column's whole numbers, 0 where null, and where it is not null."""
    column = table[one.feature.name]
    return column.fill_null(0).to_numpy(), column.is_valid().to_numpy()


def _months(instants: Any) -> Any:
    """The number of each instant's UTC month, from 1970."""
    import numpy as np

    return instants.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)


# --- parts of the expressions --------------------------------------------------------------


def _whole(one: Checked, number: int) -> Checked:
    """A neighbour's value as a feature of its own."""
    assert isinstance(one.feature.value, Neighbours)
    feature = replace(one.feature, name=f"value_{number}", value=one.feature.value.of)
    return replace(one, feature=feature, type="int")


def _known(kind: Kind) -> ir.Table:
    """Every version of ``kind`` that was known, and had happened, by the cut."""
    people = observations_table(PEOPLE, about=False)
    rows = people.inner_join(versions_table(kind), "subject")
    return rows.filter(rows.known_at <= rows.as_of, rows[kind.window] < rows.as_of)


def _since(rows: ir.Table, kind: Kind) -> ir.Value:
    """When the first was known and had happened; a month holds what was known by its end."""
    import ibis

    return ibis.greatest(rows.known_at - 1, rows[kind.window]).min()


def _with_other(rows: ir.Table, kind: Kind) -> ir.Table:
    """Past ties with the ``number`` of the other person; a tie to oneself is none."""
    rows = rows.filter(rows[kind.window] < rows.as_of, rows.subject != rows.other)
    others = observations_table(PEOPLE, about=False).view()
    others = others.select(number="observation", name="subject")
    return rows.inner_join(others, rows.other == others.name)


def _above(lineage: Iterable[str], kinds: Mapping[str, Kind]) -> set[str]:
    """The kinds of ``lineage``, and those to which their records lead."""
    found: set[str] = set()
    waiting = list(lineage)
    while waiting:
        name = waiting.pop()
        if name in kinds and name not in found:
            found.add(name)
            waiting += [column.refers for column in kinds[name].columns if column.refers]
    return found


def _both_on(roots: set[str], kinds: Mapping[str, Kind]) -> list[ir.Table]:
    """Records of the kinds ``roots`` that two people have or name."""
    import ibis

    keys = [
        _key(kind, column, root)
        for kind in kinds.values()
        for column, root in [("record", kind.name), *((c.name, c.refers) for c in kind.columns)]
        if root in roots
    ]
    if not keys:
        return []
    held = ibis.union(*keys, distinct=True) if len(keys) > 1 else keys[0].distinct()
    record = ["kind", "source", "record"]
    counts = held.group_by(record).aggregate(holders=held.count())
    held = held.semi_join(counts.filter(counts.holders > 1), record)
    mine = held.view().rename(person="observation")
    both = held.inner_join(mine, record)
    both = both.filter(both.person != both.observation)
    return [both.select("person", *record, other=both.observation)]


def _nothing_shared() -> ir.Table:
    """The table of ``shared`` where no kind that is read can be shared: without a row."""
    people = observations_table(PEOPLE, about=False)
    row = people.select(
        person="observation", kind="subject", source="subject", record="subject",
        other="observation",
    )  # fmt: skip
    return row.limit(0)


def _key(kind: Kind, column: str, root: str | None) -> ir.Table:
    import ibis

    people = observations_table(PEOPLE, about=False)
    rows = people.inner_join(versions_table(kind), "subject")
    rows = rows.filter(rows.known_at <= rows.as_of, rows[column].notnull())
    return rows.select("observation", "source", kind=ibis.literal(root), record=rows[column])


def _naming(kind: Kind, column: str) -> ir.Table:
    """Records of the other that name the person."""
    import ibis

    people = observations_table(PEOPLE, about=False)
    rows = people.inner_join(versions_table(kind), "subject")
    rows = rows.filter(rows.known_at <= rows.as_of, rows.subject != rows[column])
    named = people.view().select(person="observation", name="subject")
    both = rows.inner_join(named, rows[column] == named.name)
    return both.select(
        "person", "source", "record", kind=ibis.literal(kind.name), other=both.observation
    ).select("person", "kind", "source", "record", "other")
