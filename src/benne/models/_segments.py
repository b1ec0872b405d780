"""Segments found by looking at presence of evidence, and kept only where they pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benne.kernel import DOMAINS
from benne.models._artefact import Presence, Segment, choose_segment
from benne.models._columns import Column
from benne.models._fitting import Recipe, fit_card
from benne.models._read import Raw
from benne.models._sheet import Sheet
from benne.models._tables import Floats

_FEWEST = 100
_MOST_CARDS = 6


def found_segments(
    raw: Raw, sheet: Sheet, columns: Sequence[Column], recipe: Recipe
) -> tuple[Segment, ...]:
    """Everybody, or groups of whom a whole domain says nothing, each with 100 good and 100 bad.

    A group is kept where a card of its own lowers the out-of-fold loss of smooth terms by more
    than twice the standard error of the difference.
    """
    kept: tuple[Segment, ...] = (Segment("everybody"),)
    quick = replace(recipe, learners=("spline",), smooth=((6, 10.0),), pair_rounds=(0,))
    best = _losses(raw, sheet, kept, quick)
    for candidate in _candidates(columns):
        if len(kept) == _MOST_CARDS:
            break
        tried = (*kept[:-1], candidate, Segment("everybody else"))
        if not _big_enough(raw, sheet, tried):
            continue
        losses = _losses(raw, sheet, tried, quick)
        gain = best - losses
        error = float(gain.std() / np.sqrt(len(gain)))
        if float(gain.mean()) > 2 * error:
            kept, best = tried, losses
    return kept


def _candidates(columns: Sequence[Column]) -> list[Segment]:
    segments = []
    for domain in DOMAINS:
        own = [column.name for column in columns if column.domain == domain]
        if own:
            tests = tuple(Presence(name, "absent") for name in own)
            segments.append(Segment(f"no {domain}", tests))
    return segments


def _big_enough(raw: Raw, sheet: Sheet, segments: tuple[Segment, ...]) -> bool:
    position = choose_segment(segments, raw, len(sheet))
    size = len(segments)
    bad = np.bincount(position, weights=sheet.bad, minlength=size)
    good = np.bincount(position, weights=1 - sheet.bad, minlength=size)
    return bool(min(bad.min(), good.min()) >= _FEWEST)


def _losses(raw: Raw, sheet: Sheet, segments: tuple[Segment, ...], recipe: Recipe) -> Floats:
    """Each row's out-of-fold loss with these segments, shape ``(n,)``."""
    position = choose_segment(segments, raw, len(sheet))
    margin = np.zeros(len(sheet))
    for number, segment in enumerate(segments):
        rows = position == number
        fit = fit_card(sheet.take(rows), recipe, segment.name)
        if fit.out_of_fold is not None:
            margin[rows] = fit.out_of_fold
    losses: Floats = sheet.weight * (np.logaddexp(0.0, margin) - sheet.bad * margin)
    return losses
