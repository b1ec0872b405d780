"""Levels: a score as one of five letters, for who needs no more than that."""

from __future__ import annotations

from benne.scores._answers import Score
from benne.scores._families import family

LEVELS = "EDCBA"
"""From the lowest band to the highest."""


def level_of(score: Score) -> str:
    """A, the best, to E, by the five bands of the family."""
    return level_at(score.family, score.score)


def level_at(name: str, score: int) -> str:
    """The level of a number on the scale of the family ``name``.

    >>> level_at("sesame", 650), level_at("sesame", 350)
    ('B', 'E')

    Raises:
        InvalidInput: the number is off the scale.
    """
    one = family(name)
    names = [band.name for band in one.bands]
    return LEVELS[names.index(one.band(score)) - len(names) + len(LEVELS)]
