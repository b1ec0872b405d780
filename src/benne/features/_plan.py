"""Plans: features checked once against the kinds, to be computed in batch or in process."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeAlias

from benne.evidence import History, Kind, View
from benne.features._algebra import Feature, Neighbours
from benne.features._checks import Checked, check
from benne.features._in_process import Walk
from benne.features._network_plan import NetworkPlan
from benne.kernel import InvalidInput, NotPermitted, Row, Type, Value
from benne.rights import Bar, Permit

if TYPE_CHECKING:
    import ibis.expr.types as ir

_Terms: TypeAlias = tuple[frozenset[str] | None, tuple[Bar, ...]]


_WALKS_KEPT = 64
"""Consents may name kinds in any number of ways; each way has closures of its own."""


@dataclass(frozen=True)
class Plan:
    """Features that fit their kinds.  Make one with ``plan``.

    ``kinds`` are all kinds of the workspace, by name: they say what refers to what, too.
    """

    checked: tuple[Checked, ...]
    kinds: Mapping[str, Kind]

    @property
    def features(self) -> tuple[Feature, ...]:
        """The features, in order."""
        return tuple(one.feature for one in self.checked)

    @cached_property
    def types(self) -> dict[str, Type]:
        """The type of each feature's value: int, float or text."""
        return {one.feature.name: one.type for one in self.checked}

    @property
    def domains(self) -> dict[str, tuple[str, ...]]:
        """The domain of each feature; the two domains of a paired one."""
        return {one.feature.name: one.domains for one in self.checked}

    @property
    def lineage(self) -> tuple[str, ...]:
        """The kinds that the features read."""
        return tuple(dict.fromkeys(kind for one in self.checked for kind in one.feature.lineage))

    @cached_property
    def of_neighbours(self) -> tuple[str, ...]:
        """The features over neighbours: a month's block gives them (see ``network``)."""
        return tuple(
            c.feature.name for c in self.checked if isinstance(c.feature.value, Neighbours)
        )

    @property
    def _own(self) -> tuple[Checked, ...]:
        """The features over the person's own records."""
        return tuple(c for c in self.checked if not isinstance(c.feature.value, Neighbours))

    def network(self, permit: Permit) -> NetworkPlan | None:
        """What computes the permitted features over neighbours; ``None`` where there are none."""
        over = set(self.permitted(permit).of_neighbours)
        return NetworkPlan.of(self.only(over).checked, self.kinds) if over else None

    def withheld(self, permit: Permit) -> tuple[str, ...]:
        """The features that ``permit`` bars: by a kind or domain that they read, or by a tag."""
        return tuple(one.feature.name for one in self.checked if self._barred(one, permit))

    def _barred(self, one: Checked, permit: Permit) -> bool:
        kinds = (self.kinds[name] for name in one.feature.lineage)
        return (
            permit.bar_on(tags=one.feature.tags) is not None
            or any(permit.bar_on(domain=domain) is not None for domain in one.domains)
            or not all(permit.covers_kind(kind.name, kind.domain) for kind in kinds)
        )

    def only(self, names: Iterable[str]) -> Plan:
        """The plan of the named features alone, in this plan's order."""
        wanted = set(names)
        return Plan(tuple(c for c in self.checked if c.feature.name in wanted), self.kinds)

    def permitted(self, permit: Permit) -> Plan:
        """The plan without the features that ``permit`` bars.

        Raises:
            NotPermitted: what came is no permit.
        """
        _demand(permit)
        barred = set(self.withheld(permit))
        return self.only(set(self.types) - barred) if barred else self

    def ibis(self, permit: Permit, observations: ir.Table | None = None) -> ir.Table:
        """The unbound table: ``observation`` and a column for each permitted feature of one's own.

        Those over neighbours come from ``network``.

        ``observations`` defaults to ``benne.evidence.observations_table()``; its columns say
        whether the view is ordinary or general (see ``benne.evidence.visible``).  A value is
        int64, float64 or text; null where the feature is absent.  A feature that the
        permit bars has no column: withheld is not absent.
        """
        from benne.evidence import observations_table
        from benne.features._batch import features_table

        looks = observations_table() if observations is None else observations
        return features_table(self.permitted(permit)._own, self.kinds, looks, permit)

    @cached_property
    def _walks(self) -> dict[_Terms, tuple[Walk, tuple[str, ...]]]:
        return {}

    def compute(
        self,
        history: History,
        permit: Permit,
        view: View,
        network: Mapping[str, Value] | None = None,
    ) -> dict[str, Value]:
        """Each permitted feature's value for the person of ``history``, in process.

        ``history`` holds every version of theirs by kind (see ``benne.evidence.seen``), ``network``
        the person's row of the block of the month of ``as_of`` (empty for who has none); it is
        needed where a permitted feature reads neighbours.
        ``None`` is absent; a feature that the permit bars has no entry.

        Raises:
            NotPermitted: no permit, or one that does not cover the person.
            InvalidInput: a sum or a moment that overflows, or no ``network`` where one is needed.
        """
        walk, around = self._walk(permit)
        own = walk.compute(history, permit, view, self.kinds)
        return own | _given(around, network) if around else own

    def over(
        self,
        shown: Mapping[str, Sequence[Row]],
        permit: Permit,
        as_of: int,
        network: Mapping[str, Value] | None = None,
    ) -> dict[str, Value]:
        """``compute`` over what ``benne.evidence.seen`` has ``shown`` of each kind already."""
        walk, around = self._walk(permit)
        own = walk.over(shown, as_of)
        return own | _given(around, network) if around else own

    def _walk(self, permit: Permit) -> tuple[Walk, tuple[str, ...]]:
        """What computes the permitted features of one's own, and the names of the others."""
        _demand(permit)
        terms = permit.kinds, permit.bars
        walk = self._walks.get(terms)
        if walk is None:
            allowed = self.permitted(permit)
            walk = Walk.of(allowed._own, self.kinds), allowed.of_neighbours
            if len(self._walks) >= _WALKS_KEPT:
                self._walks.clear()
            self._walks[terms] = walk
        return walk


def _given(names: tuple[str, ...], network: Mapping[str, Value] | None) -> dict[str, Value]:
    if network is None:
        raise InvalidInput(
            f"{names[0]} reads neighbours, whom one person's history does not show; give "
            "network=, the person's row of the month's block, or {} for who has none."
        )
    return {name: network.get(name) for name in names}


def _demand(permit: Permit) -> None:
    if not isinstance(permit, Permit):
        raise NotPermitted(
            f"features can be computed only with a permit; got {type(permit).__name__}; "
            "ask benne.rights for one."
        )


def plan(features: Iterable[Feature], kinds: Iterable[Kind]) -> Plan:
    """The plan that computes ``features`` over ``kinds``.

    Raises:
        InvalidInput: a feature does not fit (see ``check``), or two have one name.
    """
    by_name = {kind.name: kind for kind in kinds}
    checked = tuple(check(feature, by_name) for feature in features)
    names = [one.feature.name for one in checked]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InvalidInput(f"features must have names of their own; {twice[0]!r} is there twice.")
    return Plan(checked, by_name)


def compute(
    features: Iterable[Feature],
    kinds: Iterable[Kind],
    history: History,
    permit: Permit,
    view: View,
    network: Mapping[str, Value] | None = None,
) -> dict[str, Value]:
    """``plan(features, kinds).compute(...)``, for a single use."""
    return plan(features, kinds).compute(history, permit, view, network)
