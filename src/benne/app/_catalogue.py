"""What features a workspace has, and how a model and a family of score see them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from benne.app.settings import Workspace
from benne.evidence import Kind
from benne.features import Direction, Feature
from benne.features.catalogue import FACTORS, attribute_features, standard_catalogue
from benne.models import Column
from benne.rights import Permit

_DIRECTIONS = {Direction.LOWERS_RISK: 1, Direction.RAISES_RISK: -1, Direction.EITHER: 0}


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The features of a workspace, those left out with the reason, and its kinds.

    ``closed`` names those left out that a rule of law closes.
    """

    features: tuple[Feature, ...]
    left_out: tuple[tuple[str, str], ...]
    kinds: tuple[Kind, ...]
    closed: frozenset[str] = frozenset()

    def domain(self, feature: Feature) -> str:
        """The domain of ``feature``: that of its kinds, or the one that was declared for it."""
        declared = [tag.removeprefix("domain:") for tag in feature.tags if "domain:" in tag]
        if declared:
            return declared[0]
        domains = {kind.name: kind.domain for kind in self.kinds}
        return domains[feature.own_kinds[0]]

    def factors(self) -> dict[str, str]:
        """The factor of credit history that each feature speaks for, where it has one."""
        return {
            feature.name: factor
            for feature in self.features
            for factor in FACTORS
            if f"factor:{factor}" in feature.tags
        }

    def columns(self, attributes: Mapping[str, object], family: str) -> tuple[Column, ...]:
        """The model's columns for a family of score; ``attributes`` gives special codes."""
        factors = self.factors()
        return tuple(
            Column(
                name=feature.name,
                domain=self.domain(feature),
                direction=0 if feature.category else _DIRECTIONS[feature.direction],
                resolution=None if feature.category else feature.resolution,
                category=feature.category,
                specials=getattr(attributes.get(feature.name), "specials", ()),
                reason_family=feature.reason_family,
                kinds=feature.lineage,
            )
            for feature in self.features
            if family != "bureau" or feature.name in factors
        )


def catalogue_of(workspace: Workspace, there: Iterable[str], permit: Permit) -> Catalogue:
    """The workspace's catalogue, given the kinds that its evidence is ``there`` for.

    A feature is left out when a kind that it reads has no evidence, when the workspace drops it
    or one of its tags, when a rule behind ``permit`` closes it, and when it would stand across
    two domains (a paired term is the model's to make).
    """
    present = set(there)
    kept: list[Feature] = []
    left: list[tuple[str, str]] = []
    by_law: set[str] = set()
    every = (*standard_catalogue(workspace.kinds), *attribute_features(workspace.attributes))
    for feature in every:
        closed = _closed(feature, workspace, permit)
        why = _why_not(feature, workspace, present) or closed
        if closed is not None:
            by_law.add(feature.name)
        if why is None:
            kept.append(feature)
        else:
            left.append((feature.name, why))
    return Catalogue(tuple(kept), tuple(left), workspace.kinds, frozenset(by_law))


def _closed(feature: Feature, workspace: Workspace, permit: Permit) -> str | None:
    declared = [tag.removeprefix("domain:") for tag in feature.tags if tag.startswith("domain:")]
    kinds = [kind for kind in workspace.kinds if kind.name in feature.lineage]
    bars = [permit.bar_on(tags=feature.tags)]
    bars += [permit.bar_on(domain=domain) for domain in declared]
    bars += [permit.bar_on(kind=kind.name, domain=kind.domain) for kind in kinds]
    closed = next((bar for bar in bars if bar is not None), None)
    return None if closed is None else f"rule {closed.rule} closes it"


def _why_not(feature: Feature, workspace: Workspace, present: set[str]) -> str | None:
    absent = [kind for kind in feature.lineage if kind not in present]
    if absent:
        return f"there is no evidence of kind {absent[0]}"
    if feature.name in workspace.model.drop_features:
        return "the workspace drops it ([model] drop_features)"
    dropped = sorted(feature.tags & set(workspace.model.drop_tags))
    if dropped:
        return f"the workspace drops the tag {dropped[0]} ([model] drop_tags)"
    domains = {kind.name: kind.domain for kind in workspace.kinds}
    if len({domains[kind] for kind in feature.own_kinds}) > 1:
        return "it reads kinds of two domains"
    return None
