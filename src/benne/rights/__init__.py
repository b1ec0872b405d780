"""Who may read what, why and until when."""

from benne.rights._permit import (
    LAWFUL_BASES,
    PURPOSES,
    SCORING_PURPOSES,
    Bar,
    LawfulBasis,
    Permit,
    permit_on_basis,
)
from benne.rights._retention import Horizon

__all__ = [
    "LAWFUL_BASES",
    "PURPOSES",
    "SCORING_PURPOSES",
    "Bar",
    "Horizon",
    "LawfulBasis",
    "Permit",
    "permit_on_basis",
]
