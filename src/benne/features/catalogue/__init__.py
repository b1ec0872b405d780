"""The standard catalogue: what may be asked of the evidence of any workspace.

One module for a domain, and for history one for each of the five factors of a FICO-like
score.  Add a feature by adding a line to the module it belongs to; ``docs/generate.py``
writes the reference page.
"""

from __future__ import annotations

from collections.abc import Iterable

from benne.evidence import Kind
from benne.features._algebra import Feature
from benne.features.catalogue import (
    _amounts_owed,
    _behaviour,
    _credit_mix,
    _fulfilment,
    _identity,
    _length_of_history,
    _network,
    _new_credit,
    _payment_history,
)
from benne.features.catalogue._attributes import (
    ATTRIBUTE_RESOLUTION,
    Declaration,
    attribute_features,
)
from benne.features.catalogue._build import FACTORS, UNITS, unit_of
from benne.features.catalogue._fulfilment import CONTRACTS, INDUSTRIES

__all__ = [
    "ATTRIBUTE_RESOLUTION",
    "CONTRACTS",
    "FACTORS",
    "INDUSTRIES",
    "UNITS",
    "Declaration",
    "attribute_features",
    "standard_catalogue",
    "unit_of",
]

_ALL: tuple[Feature, ...] = (
    *_identity.FEATURES,
    *_payment_history.FEATURES,
    *_amounts_owed.FEATURES,
    *_length_of_history.FEATURES,
    *_new_credit.FEATURES,
    *_credit_mix.FEATURES,
    *_fulfilment.FEATURES,
    *_behaviour.FEATURES,
    *_network.FEATURES,
)


def standard_catalogue(kinds: Iterable[Kind]) -> tuple[Feature, ...]:
    """The features whose every kind is among ``kinds``, in the catalogue's order."""
    there = {kind.name for kind in kinds}
    return tuple(feature for feature in _ALL if there.issuperset(feature.lineage))
