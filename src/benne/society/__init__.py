"""A simulated society with a known truth, for demonstration and for research.

It shares no formula with features or models: what it emits is evidence, as sources would send
it, and apart from that the truth.
"""

from benne.society._block import Emission
from benne.society._parameters import (
    Parameter,
    Parameters,
    standard_parameters,
)
from benne.society._simulate import simulate
from benne.society._traces import ATTRIBUTES

__all__ = [
    "ATTRIBUTES",
    "Emission",
    "Parameter",
    "Parameters",
    "simulate",
    "standard_parameters",
]
