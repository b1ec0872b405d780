"""Who may read what, why and until when."""

from benne.rights._permit import (
    LAWFUL_BASES,
    PURPOSES,
    SCORING_PURPOSES,
    LawfulBasis,
    Permit,
    permit_on_basis,
)

__all__ = [
    "LAWFUL_BASES",
    "PURPOSES",
    "SCORING_PURPOSES",
    "LawfulBasis",
    "Permit",
    "permit_on_basis",
]
