"""From log-odds to points by whole numbers alone, so that every engine gives the same points."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from benne.kernel import InvalidInput

Ints: TypeAlias = NDArray[np.int64]
Dialect: TypeAlias = Literal["duckdb", "spark"]

_DENOMINATOR = 10**12
_HALF = _DENOMINATOR // 2
_LIFT = 4_000_000
"""Points added before the division and taken off after it: engines divide integers towards
zero, and above zero that is the floor."""
_FARTHEST_MICRO = 10**10
"""10,000 natural log-odds: beyond it points stand still, and no product leaves an int64."""
_STEEPEST = 5 * 10**8


@dataclass(frozen=True, slots=True)
class PointsScale:
    """Affine map from micro-log-odds of being good to whole points.

    ``points = anchor_points + pdo / ln 2 * (log_odds - ln anchor_odds)``: doubling the odds
    adds ``pdo`` points (Siddiqi 2017, scaling).  With ``N = round(pdo / ln 2 * 10**6)`` the
    points of a part of the sum are ``floor((micro * N + 10**12 / 2) / 10**12)``, on integers.
    The anchor is taken into the base before it is rounded.

    >>> scale = PointsScale(anchor_points=650, anchor_odds=30, pdo=40, lowest=350, highest=950)
    >>> scale.points(693_147), scale.points(-693_147), scale.base_points(3_401_197)
    (40, -40, 650)

    Raises:
        InvalidInput: odds or points to double them that are not positive, or an empty range.
    """

    anchor_points: int
    anchor_odds: int
    pdo: int
    lowest: int
    highest: int
    numerator: int = field(init=False, repr=False)
    anchor_micro: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.anchor_odds <= 0 or self.pdo <= 0:
            raise InvalidInput(
                f"a scale needs positive odds and points to double them; got odds "
                f"{self.anchor_odds} and {self.pdo} points."
            )
        if not self.lowest <= self.anchor_points <= self.highest or self.lowest == self.highest:
            raise InvalidInput(
                f"a scale must run from low to high over its anchor; got {self.lowest} to "
                f"{self.highest} with the anchor at {self.anchor_points}."
            )
        numerator = round(self.pdo / math.log(2) * 10**6)
        if numerator > _STEEPEST or self.highest - self.lowest > _LIFT // 4:
            raise InvalidInput(
                f"a scale may have 340 points to double the odds and a million in all; got "
                f"{self.pdo} and {self.highest - self.lowest}."
            )
        object.__setattr__(self, "numerator", numerator)
        object.__setattr__(self, "anchor_micro", round(math.log(self.anchor_odds) * 10**6))

    def points(self, micro: int) -> int:
        """The points that ``micro`` millionths of log-odds are worth, as a part of a sum."""
        kept = max(-_FARTHEST_MICRO, min(micro, _FARTHEST_MICRO))
        return (kept * self.numerator + _HALF + _LIFT * _DENOMINATOR) // _DENOMINATOR - _LIFT

    def points_array(self, micro: Ints) -> Ints:
        """``points`` of each entry, in the shape of ``micro``.

        Raises:
            InvalidInput: the entries are not integers.
        """
        if micro.dtype.kind != "i":
            raise InvalidInput(f"micro-log-odds must be integers; got {micro.dtype}.")
        kept = np.clip(micro.astype(np.int64), -_FARTHEST_MICRO, _FARTHEST_MICRO)
        lifted = kept * self.numerator + (_HALF + _LIFT * _DENOMINATOR)
        points: Ints = lifted // _DENOMINATOR - _LIFT
        return points

    def points_sql(self, micro: str, dialect: Dialect = "duckdb") -> str:
        """SQL for ``points`` of the integer expression ``micro``, for DuckDB or Spark.

        >>> PointsScale(650, 30, 40, 350, 950).points_sql("x")[-15:]
        '000) - 4000000)'
        """
        divide = "//" if dialect == "duckdb" else "div"
        far, whole = _FARTHEST_MICRO, f"CAST({micro} AS BIGINT)"
        kept = (
            f"CASE WHEN {whole} > {far} THEN CAST({far} AS BIGINT) "
            f"WHEN {whole} < -{far} THEN CAST(-{far} AS BIGINT) ELSE {whole} END"
        )
        lifted = f"({kept}) * {self.numerator} + {_HALF + _LIFT * _DENOMINATOR}"
        return f"((({lifted}) {divide} {_DENOMINATOR}) - {_LIFT})"

    def base_points(self, base_micro: int) -> int:
        """The points of a card's base: what a person of average evidence starts from."""
        return self.anchor_points + self.points(base_micro - self.anchor_micro)

    def base_points_array(self, base_micro: Ints) -> Ints:
        """``base_points`` of each entry, in the shape of ``base_micro``."""
        points: Ints = self.anchor_points + self.points_array(base_micro - self.anchor_micro)
        return points

    def base_points_sql(self, base_micro: str, dialect: Dialect = "duckdb") -> str:
        """SQL for ``base_points`` of the integer expression ``base_micro``."""
        points = self.points_sql(f"({base_micro}) - {self.anchor_micro}", dialect)
        return f"({self.anchor_points} + {points})"

    def limit_points(self, unclipped: int) -> int:
        """What must be added to stay in range: 0 inside, negative above, positive below.

        >>> PointsScale(650, 30, 40, 350, 950).limit_points(957)
        -7
        """
        return max(self.lowest, min(unclipped, self.highest)) - unclipped

    def log_odds(self, score: int) -> float:
        """The natural log-odds of being good that ``score`` stands for; ``points`` undone."""
        doublings = (score - self.anchor_points) / self.pdo
        return math.log(self.anchor_odds) + doublings * math.log(2)
