"""Attributes: the ready-made variables of a flat table, as the workspace declares them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from benne.features._algebra import Direction, Feature
from benne.features.catalogue._build import latest
from benne.kernel import DOMAINS, InvalidInput, col

ATTRIBUTE_RESOLUTION = 1e-6
"""The step to which an attribute is rounded where its declaration states none."""


class Declaration(Protocol):
    """What a workspace says of one variable (``[attributes.NAME]`` of ``benne.toml``)."""

    @property
    def domain(self) -> str: ...
    @property
    def says(self) -> str: ...
    @property
    def direction(self) -> str: ...
    @property
    def resolution(self) -> float | None: ...
    @property
    def specials(self) -> tuple[float, ...]: ...
    @property
    def category(self) -> bool: ...
    @property
    def group(self) -> bool: ...
    @property
    def unit(self) -> str: ...
    @property
    def tags(self) -> tuple[str, ...]: ...
    @property
    def actionable(self) -> bool: ...
    @property
    def reason_family(self) -> str: ...


def attribute_features(declarations: Mapping[str, Declaration]) -> tuple[Feature, ...]:
    """A feature for each declared variable: the latest number of its name, or text if a category.

    The feature is named as the variable is and carries the tag ``domain:NAME`` of its declared
    domain, because the kind ``attribute`` has none of its own.  A ``group`` is protected: it is
    kept for the fairness figures and never becomes a feature.  ``specials``, the codes that
    look like numbers, pass through as they are; the model gives each a bin of its own.

    Raises:
        InvalidInput: an unknown domain, a resolution that is not positive, or a category
            with special codes.
    """
    return tuple(_feature(name, said) for name, said in declarations.items() if not said.group)


def _feature(name: str, said: Declaration) -> Feature:
    if said.domain not in DOMAINS:
        raise InvalidInput(
            f"attribute {name!r}: domain must be one of {', '.join(DOMAINS)}; got {said.domain!r}."
        )
    if said.category and said.specials:
        raise InvalidInput(
            f"attribute {name!r}: a category has levels, not special codes; got {said.specials}; "
            "leave specials out."
        )
    resolution = ATTRIBUTE_RESOLUTION if said.resolution is None else said.resolution
    if not resolution > 0:
        raise InvalidInput(f"attribute {name!r}: resolution must be positive; got {resolution!r}.")
    return Feature(
        name=name,
        value=latest(
            "attribute", col("text" if said.category else "number"), col("name").equals(name)
        ),
        unit=said.unit or ("category" if said.category else "number"),
        resolution=resolution,
        direction=Direction(said.direction),
        says=said.says or name.replace("_", " "),
        reason_family=said.reason_family or name,
        absent="the table has no value: a bin of its own, never filled in",
        actionable=said.actionable,
        tags=frozenset(said.tags) | {f"domain:{said.domain}"},
        category=said.category,
    )
