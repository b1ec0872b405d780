"""Who can be scored: how much evidence there must be, and where that line is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benne.evidence import Kind
from benne.features import Aggregate, Direction, Feature, atom
from benne.kernel import Expression, InvalidInput, col, least
from benne.scores._families import EnoughEvidence, Scorable
from benne.scores._scale import Ints

OLDEST_ACCOUNT = "credit_file_oldest_account_days"
LAST_REPORT = "credit_file_last_report_days"
_REPORTS = ("account", "statement", "instalment", "payment")


def missing_evidence(rule: Scorable, counts: Mapping[str, Any]) -> tuple[str, ...]:
    """What a person lacks to be scored, in a few words each; nothing if nothing.

    ``counts`` holds ``records``, ``sources`` and ``span_days``, or for a credit file the two
    features of ``credit_file_features``; what is absent counts as none.

    >>> missing_evidence(EnoughEvidence(3, 2, 30), {"records": 2, "sources": 2, "span_days": 40})
    ('1 more record',)
    """
    if isinstance(rule, EnoughEvidence):
        return _missing_records(rule, counts)
    lacking = []
    oldest, last = _count(counts, OLDEST_ACCOUNT), _count(counts, LAST_REPORT)
    if oldest is None:
        lacking.append("a credit account")
    elif oldest < rule.oldest_account_days:
        lacking.append(f"{_more(rule.oldest_account_days - oldest, 'day')} of the oldest account")
    if last is None or last > rule.last_report_days:
        lacking.append(f"an undisputed report in the last {rule.last_report_days} days")
    return tuple(lacking)


def _missing_records(rule: EnoughEvidence, counts: Mapping[str, Any]) -> tuple[str, ...]:
    lacking = []
    for name, least_count, noun in (
        ("records", rule.records, "record"),
        ("sources", rule.sources, "source"),
    ):
        count = _count(counts, name) or 0
        if count < least_count:
            lacking.append(_more(least_count - count, noun))
    span = _count(counts, "span_days") or 0
    if span < rule.span_days:
        lacking.append(f"{_more(rule.span_days - span, 'day')} between first and last record")
    return tuple(lacking)


def _count(counts: Mapping[str, Any], name: str) -> int | None:
    value = counts.get(name)
    return None if value is None or value != value else int(value)


def _more(number: int, noun: str) -> str:
    return f"{number:,} more {noun}{'' if number == 1 else 's'}"


def credit_file_features(kinds: Iterable[Kind]) -> tuple[Feature, ...]:
    """The two features by which a credit file is judged, over those kinds that are there.

    A record whose newest version is a dispute is no report; nor is an inquiry or a public record.
    """
    there = {kind.name for kind in kinds}
    reports: list[Expression] = [
        atom(kind, Aggregate.DAYS_SINCE_LAST, where=col("cause").differs("dispute"))
        for kind in _REPORTS
        if kind in there
    ]
    if "account" not in there:
        return ()
    oldest = atom("account", Aggregate.DAYS_SINCE_FIRST)
    last = least(*reports) if len(reports) > 1 else reports[0]
    return (
        _judge(OLDEST_ACCOUNT, oldest, Direction.LOWERS_RISK, "Age of the oldest credit account"),
        _judge(LAST_REPORT, last, Direction.EITHER, "Time since the last undisputed report"),
    )


def _judge(name: str, value: Expression, direction: Direction, says: str) -> Feature:
    return Feature(
        name=name,
        value=value,
        unit="days",
        resolution=1.0,
        direction=direction,
        says=says,
        reason_family="credit_file",
        absent="no credit account is known",
        actionable=False,
        tags=frozenset({"scorability"}),
    )


@dataclass(frozen=True, slots=True)
class Slice:
    """People of like thickness, and whether a score can be trusted on them.

    ``lowest`` is the thinnest of them (records, or days); ``auc_low`` the lower one-sided 95 %
    bound; ``seen_low`` to ``seen_high`` the Jeffreys interval of the bad rate; null where there
    are no goods or no bads.
    """

    lowest: int
    people: int
    bads: int
    auc: float | None
    auc_low: float | None
    expected: float
    seen_low: float
    seen_high: float
    holds: bool


@dataclass(frozen=True, slots=True)
class ScorabilityStudy:
    """Where the line was drawn, and the figures by which; ``holds`` is false if nowhere."""

    rule: EnoughEvidence
    by_records: tuple[Slice, ...]
    by_days: tuple[Slice, ...]
    holds: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """What a slice must show: ``bads`` bads to be looked at, and a bad rate within
    ``tolerance`` of the expected one, at a confidence of 95 % over all slices together."""

    bads: int = 50
    tolerance: float = 0.1
    slices: int = 20


def scorability_thresholds(
    records: Ints,
    sources: Ints,
    span_days: Ints,
    *,
    probability_bad: NDArray[np.float64],
    bad: NDArray[Any],
    minimum_sources: int = 2,
    bar: Bar | None = None,
) -> ScorabilityStudy:
    """The least evidence on which the score discriminates and is calibrated.

    All arrays have shape ``(n,)`` and come from training folds: ``probability_bad`` is
    out-of-fold.  People are cut into slices by records; from the thickest down, each slice must
    have an AUC above one half (Hanley & McNeil 1982, one-sided 95 %) and a bad rate that the
    expected one explains.  E is the thinnest slice that was reached; then the same for days among
    those people gives D.  Nobody is let in beyond the first slice that fails, whatever that does
    to the figures.

    Raises:
        InvalidInput: arrays of different length, or nobody with ``minimum_sources`` sources.
    """
    lengths = {len(a) for a in (records, sources, span_days, probability_bad, bad)}
    if len(lengths) != 1:
        raise InvalidInput(f"every person needs every figure; got arrays of {sorted(lengths)}.")
    kept = sources >= minimum_sources
    if not kept.any():
        raise InvalidInput(
            f"nobody has evidence from {minimum_sources} sources; add a source, or state "
            f"minimum_sources for a workspace that has one."
        )
    bar = bar or Bar()
    figures = (probability_bad[kept], np.asarray(bad)[kept].astype(np.int64))
    by_records, first, held = _descend(records[kept], *figures, bar)
    thick = records[kept] >= first
    by_days, days, held_too = _descend(
        span_days[kept][thick], figures[0][thick], figures[1][thick], bar
    )
    rule = EnoughEvidence(max(first, 1), minimum_sources, max(days, 0))
    return ScorabilityStudy(rule, by_records, by_days, held and held_too)


def _descend(
    thickness: Ints, expected: NDArray[np.float64], bad: Ints, bar: Bar
) -> tuple[tuple[Slice, ...], int, bool]:
    """The slices from thin to thick, the lowest that is let in, and whether any is."""
    groups = _cut(thickness, bad, bar)
    slices = [_slice(thickness[g], expected[g], bad[g], bar, len(groups)) for g in groups]
    lowest, held = slices[-1].lowest, slices[-1].holds
    for part in reversed(slices):
        if not part.holds:
            break
        lowest = part.lowest
    return tuple(slices), lowest, held


def _cut(thickness: Ints, bad: Ints, bar: Bar) -> list[Ints]:
    """Groups of rows from thin to thick, each with enough goods and bads, none sharing a value."""
    values, place = np.unique(thickness, return_inverse=True)
    people = np.bincount(place)
    bads = np.bincount(place, weights=bad).astype(np.int64)
    target = max(len(thickness) // bar.slices, 1)
    groups: list[list[int]] = [[]]
    for position in range(len(values) - 1, -1, -1):
        groups[-1].append(position)
        mine = groups[-1]
        enough = min(bads[mine].sum(), (people - bads)[mine].sum()) >= bar.bads
        if enough and people[mine].sum() >= target and position:
            groups.append([])
    last = groups[-1]
    if len(groups) > 1 and min(bads[last].sum(), (people - bads)[last].sum()) < bar.bads:
        groups[-2].extend(groups.pop())
    return [np.flatnonzero(np.isin(place, group)) for group in reversed(groups)]


def _slice(
    thickness: Ints, expected: NDArray[np.float64], bad: Ints, bar: Bar, slices: int
) -> Slice:
    from scipy.stats import beta

    people, bads = len(bad), int(bad.sum())
    level = 0.05 / slices / 2
    low = float(beta.ppf(level, bads + 0.5, people - bads + 0.5)) if bads else 0.0
    high = float(beta.ppf(1 - level, bads + 0.5, people - bads + 0.5)) if bads < people else 1.0
    mean = float(expected.mean())
    auc, auc_low = _auc(expected, bad)
    calibrated = low <= mean * (1 + bar.tolerance) and high >= mean * (1 - bar.tolerance)
    return Slice(
        lowest=int(thickness.min()),
        people=people,
        bads=bads,
        auc=auc,
        auc_low=auc_low,
        expected=mean,
        seen_low=low,
        seen_high=high,
        holds=calibrated and auc_low is not None and auc_low > 0.5,
    )


def _auc(expected: NDArray[np.float64], bad: Ints) -> tuple[float | None, float | None]:
    """AUC and its one-sided 95 % lower bound (Hanley & McNeil 1982)."""
    from scipy.stats import rankdata

    bads = int(bad.sum())
    goods = len(bad) - bads
    if not bads or not goods:
        return None, None
    ranks = rankdata(expected)
    auc = float((ranks[bad == 1].sum() - bads * (bads + 1) / 2) / (bads * goods))
    one, two = auc / (2 - auc), 2 * auc * auc / (1 + auc)
    spread = auc * (1 - auc) + (bads - 1) * (one - auc**2) + (goods - 1) * (two - auc**2)
    return auc, auc - 1.6449 * float(np.sqrt(max(spread, 0.0) / (bads * goods)))


def with_thresholds(rule: EnoughEvidence, **stated: int | None) -> EnoughEvidence:
    """``rule`` with what a workspace states outright: ``records``, ``sources``, ``span_days``."""
    return replace(rule, **{key: value for key, value in stated.items() if value is not None})
