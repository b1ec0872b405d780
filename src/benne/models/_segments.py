"""Segments found by looking at presence of evidence, and kept only where they pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benne.kernel import DOMAINS
from benne.models._artefact import Presence, Segment, choose_segment
from benne.models._columns import Column
from benne.models._fitting import Recipe, fit_card, own_share
from benne.models._read import Raw
from benne.models._sheet import Sheet
from benne.models._tables import Floats

_FEWEST = 100
_MOST_CARDS = 6
_MOST_GAPS = 3
_CLEAN_SHARE = 0.5
_GAP_SHARE = 0.05


def found_segments(
    raw: Raw, sheet: Sheet, columns: Sequence[Column], recipe: Recipe
) -> tuple[Segment, ...]:
    """Everybody, or groups that evidence tells apart, each with 100 good and 100 bad.

    Tried in turn: people of whom a whole domain says nothing, those against whom history says
    nothing, and those for whom a telling column is absent.  A group is kept where a card of its
    own, averaged with everybody's, lowers the out-of-fold loss of a quick fit by more than twice
    the standard error of the difference.
    """
    kept: tuple[Segment, ...] = (Segment("everybody"),)
    candidates = _candidates(raw, sheet, columns)
    if not candidates:
        return kept
    quick = _quick(recipe)
    pooled = fit_card(sheet, quick, "everybody").out_of_fold
    if pooled is None:
        return kept
    best = _losses(sheet, pooled)
    for candidate in candidates:
        if len(kept) == _MOST_CARDS:
            break
        tried = (*kept[:-1], candidate, Segment("everybody else"))
        if not _big_enough(raw, sheet, tried):
            continue
        losses = _losses(sheet, _margins(raw, sheet, tried, quick, pooled))
        gain = best - losses
        error = float(gain.std() / np.sqrt(len(gain)))
        if float(gain.mean()) > 2 * error:
            kept, best = tried, losses
    return kept


def _quick(recipe: Recipe) -> Recipe:
    """Smooth terms, and fast step terms with pairs where the recipe has them, of one setting."""
    learners = ("spline", "duets") if "duets" in recipe.learners else ("spline",)
    return replace(
        recipe,
        learners=learners,
        smooth=((6, 10.0),),
        boost_rounds=(100,),
        duets=(replace(recipe.duets[-1], rate=0.1, bags=1),),
        pair_rounds=(0,),
    )


def _candidates(raw: Raw, sheet: Sheet, columns: Sequence[Column]) -> list[Segment]:
    """Groups worth trying, in the order in which they are tried."""
    silent = [
        Segment(f"no {domain}", tuple(Presence(c.name, "absent") for c in own))
        for domain in DOMAINS
        if (own := [column for column in columns if column.domain == domain])
    ]
    marks = [c.name for c in columns if _is_mark(raw, c)]
    clean = [Segment("clean", tuple(Presence(name, "below", 1.0) for name in marks))]
    return [*silent, *(clean if marks else ()), *_gaps(raw, sheet, columns)]


def _is_mark(raw: Raw, column: Column) -> bool:
    """Whether a column counts something against a person that most do not have: 0, 1, 2 ..."""
    if column.domain != "history" or column.direction != -1 or column.category:
        return False
    values = raw[column.name]
    known = values[~np.isnan(values)]
    if not len(known) or bool((known < 0).any()) or bool((known != np.floor(known)).any()):
        return False
    return float((known == 0).mean()) > _CLEAN_SHARE


def _gaps(raw: Raw, sheet: Sheet, columns: Sequence[Column]) -> list[Segment]:
    """People for whom a column is absent, where that tells most about the bad rate."""
    seen: set[bytes] = set()
    told: list[tuple[float, str]] = []
    for column in columns:
        gap = Presence(column.name, "absent").holds(raw[column.name])
        share = float(gap.mean())
        if not _GAP_SHARE <= share <= 1 - _GAP_SHARE or gap.tobytes() in seen:
            continue
        seen.add(gap.tobytes())
        apart = float(sheet.bad[gap].mean() - sheet.bad[~gap].mean())
        told.append((-abs(apart) * np.sqrt(share * (1 - share)), column.name))
    return [
        Segment(f"no {name}", (Presence(name, "absent"),)) for _, name in sorted(told)[:_MOST_GAPS]
    ]


def _big_enough(raw: Raw, sheet: Sheet, segments: tuple[Segment, ...]) -> bool:
    position = choose_segment(segments, raw, len(sheet))
    size = len(segments)
    bad = np.bincount(position, weights=sheet.bad, minlength=size)
    good = np.bincount(position, weights=1 - sheet.bad, minlength=size)
    return bool(min(bad.min(), good.min()) >= _FEWEST)


def _margins(
    raw: Raw, sheet: Sheet, segments: tuple[Segment, ...], recipe: Recipe, pooled: Floats
) -> Floats:
    """Out-of-fold log-odds of bad with these segments, shape ``(n,)``."""
    position = choose_segment(segments, raw, len(sheet))
    margin = pooled.copy()
    for number, segment in enumerate(segments):
        rows = np.flatnonzero(position == number)
        part = sheet.take(rows)
        own = fit_card(part, recipe, segment.name).out_of_fold
        if own is not None:
            share = own_share(part, own, pooled[rows])
            margin[rows] = share * own + (1.0 - share) * pooled[rows]
    return margin


def _losses(sheet: Sheet, margin: Floats) -> Floats:
    """Each row's loss, shape ``(n,)``."""
    losses: Floats = sheet.weight * (np.logaddexp(0.0, margin) - sheet.bad * margin)
    return losses
