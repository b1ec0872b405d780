"""Segments that a workspace states: groups by presence of evidence, each with a card of its own."""

from __future__ import annotations

from collections.abc import Collection

from benne.app._catalogue import Catalogue
from benne.app.settings import SegmentTable
from benne.kernel import InvalidInput
from benne.models import Presence, Segment

_MEASURES = ("count", "days")
"""Units in which there is more or less evidence; a side of any other value is no presence."""


def segments_of(
    stated: bool | tuple[SegmentTable, ...],  # noqa: FBT001 (as benne.toml says it)
    catalogue: Catalogue,
    columns: Collection[str],
    family: str,
) -> tuple[Segment, ...] | str | None:
    """What ``AdditiveModel`` is asked for: segments, ``"auto"``, or none.

    ``columns`` are what the ``family`` reads; a family that does not read what a segment tests has
    one card.

    Raises:
        InvalidInput: a test of a feature that the workspace does not have, that is the same for
            everybody, or of a side of what is no count and no days.
    """
    if isinstance(stated, bool):
        return "auto" if stated else None
    units = {feature.name: feature.unit for feature in catalogue.features}
    read = {*columns} | (set(units) - set(catalogue.factors()) if family == "bureau" else set())
    tests = [test for segment in stated for test in segment.when]
    for test in tests:
        if test.feature not in units:
            raise InvalidInput(
                f"[model] segments must test features of this workspace; {test.feature!r} is none "
                "(benne features counts them, and the report lists them)."
            )
        if test.value is not None and units[test.feature] not in _MEASURES:
            raise InvalidInput(
                f"[model] segments look at presence of evidence only: {test.test} may test a "
                f"count or days; {test.feature!r} is of unit {units[test.feature]!r}; use present "
                "or absent."
            )
        if test.feature not in read:
            raise InvalidInput(
                f"[model] segments must test what differs between people; {test.feature!r} is the "
                "same for everybody observed."
            )
    if any(test.feature not in columns for test in tests):
        return None
    return tuple(
        Segment(
            segment.name,
            tuple(
                Presence(test.feature, test.test, test.value or 0.0)  # type: ignore[arg-type]
                for test in segment.when
            ),
        )
        for segment in stated
    )


def tested(segments: tuple[Segment, ...] | str | None) -> frozenset[str]:
    """The columns that a choice among ``segments`` reads."""
    if segments is None or isinstance(segments, str):
        return frozenset()
    return frozenset(test.column for segment in segments for test in segment.when)
