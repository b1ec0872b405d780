"""A batch of people in points: base, dimensions, limit and band, in numpy, Arrow and SQL."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from benne.features import Feature
from benne.kernel import InvalidInput
from benne.models import Artefact, Card, Contributions, RowContributions, Table
from benne.scores._families import FACTORS, Family
from benne.scores._scale import Dialect, Ints

if TYPE_CHECKING:
    import pyarrow as pa

_FACTOR = "factor:"
_QUOTES = {"duckdb": '"', "spark": "`"}

Factors = Mapping[str, str]
"""The factor that each feature of a bureau artefact speaks for."""


@dataclass(frozen=True, slots=True)
class Points:
    """The points of ``n`` people: ``base + dimensions + limit = score``, exactly.

    ``base``, ``limit``, ``score`` and ``band`` (the position among the family's bands) have
    shape ``(n,)``; ``dimensions`` has shape ``(n, 5)`` in the order of the family.
    """

    family: Family
    base: Ints
    dimensions: Ints
    limit: Ints
    score: Ints
    band: Ints

    def table(self) -> pa.Table:
        """Arrow columns: score, band, base_points, ``<dimension>_points`` and limit_points."""
        import pyarrow as pa

        names = np.array([band.name for band in self.family.bands])
        columns = {"score": self.score, "band": names[self.band], "base_points": self.base}
        for position, name in enumerate(self.family.dimension_names):
            columns[f"{name}_points"] = self.dimensions[:, position]
        return pa.table({**columns, "limit_points": self.limit})


def points(contributions: Contributions, family: Family, factors: Factors | None = None) -> Points:
    """The points of every row of ``contributions``.

    Each dimension is rounded to whole points by itself.  ``factors`` is needed, and used, for a
    family whose dimensions are factors.

    Raises:
        InvalidInput: a feature of the artefact has no factor.
    """
    micro = dimension_micro(contributions, family, factors)
    base = family.scale.base_points_array(contributions.base_micro)
    dimensions = family.scale.points_array(micro)
    unclipped = base + dimensions.sum(axis=1)
    score = np.clip(unclipped, family.scale.lowest, family.scale.highest)
    starts = np.array([band.lowest for band in family.bands], dtype=np.int64)
    return Points(
        family=family,
        base=base,
        dimensions=dimensions,
        limit=score - unclipped,
        score=score,
        band=np.searchsorted(starts, score, side="right") - 1,
    )


def points_of_row(
    row: RowContributions, family: Family, factors: Factors | None = None
) -> tuple[int, dict[str, int], int]:
    """Base, points by dimension and limit of one person, in process."""
    if family.dimension == "domain":
        micro = dict(row.domain_micro)
    else:
        micro = dict.fromkeys(family.dimension_names, 0)
        for term, value in row.term_micro.items():
            for name, share in zip(*_split(term, value, factors), strict=True):
                micro[name] += share
    parts = {name: family.scale.points(micro[name]) for name in family.dimension_names}
    base = family.scale.base_points(row.base_micro)
    return base, parts, family.scale.limit_points(base + sum(parts.values()))


def dimension_micro(
    contributions: Contributions, family: Family, factors: Factors | None = None
) -> Ints:
    """Micro-log-odds by the dimensions of ``family``, shape ``(n, 5)``.

    A term over two factors is split in half, and an odd millionth goes to the later one.
    """
    if family.dimension == "domain":
        return contributions.domain_micro
    names = family.dimension_names
    micro = np.zeros((len(contributions.card), len(names)), dtype=np.int64)
    for position, term in enumerate(contributions.terms):
        parts = _split(term, contributions.term_micro[:, position], factors)
        for name, share in zip(*parts, strict=True):
            micro[:, names.index(name)] += share
    return micro


def _split(term: str, micro: Any, factors: Factors | None) -> tuple[tuple[str, ...], list[Any]]:
    """The one or two factors of ``term``, and the whole or the halves of ``micro``."""
    mine = factors_of(term, factors)
    if len(mine) == 1:
        return mine, [micro]
    half = micro // 2
    return mine, [half, micro - half]


def factor_of_features(features: Iterable[Feature]) -> dict[str, str]:
    """The factor of each feature that speaks for one: what a bureau score may be made of."""
    return {
        feature.name: tag.removeprefix(_FACTOR)
        for feature in features
        for tag in sorted(feature.tags)
        if tag.startswith(_FACTOR)
    }


def micro_sql(
    artefact: Artefact,
    family: Family,
    table: str,
    keys: Sequence[str],
    *,
    factors: Factors | None = None,
    withheld: Iterable[str] = (),
    dialect: Dialect = "duckdb",
) -> str:
    """A select over ``table``: ``keys``, base_micro and ``<dimension>_micro``.

    ``keys`` must tell rows apart: for factors it joins one select for each of them.
    """
    if family.dimension == "domain":
        return artefact.micro_sql(table, withheld, keys, dialect)
    quote = _QUOTES[dialect]
    using = ", ".join(f"{quote}{key}{quote}" for key in keys)
    first, *rest = family.dimension_names
    shown = ", ".join(f"{name}.history_micro AS {name}_micro" for name in family.dimension_names)
    joins = " ".join(f"JOIN {name} USING ({using})" for name in rest)
    alone = {name: _only(artefact, name, family, factors) for name in family.dimension_names}
    parts = ", ".join(
        f"{name} AS ({one.micro_sql(table, withheld, keys, dialect)})"
        for name, one in alone.items()
    )
    return f"WITH {parts} SELECT {using}, {first}.base_micro, {shown} FROM {first} {joins}"  # noqa: S608


def dimension_share(
    table: Table, dimension: str, family: Family, factors: Factors | None = None
) -> Table | None:
    """The part of ``table`` that speaks for one dimension: all of it, a half of it, or ``None``."""
    if family.dimension == "domain":
        mine = table.domains
        shares = [table.micro // len(mine)] * len(mine)
    else:
        mine, shares = _split(table.name, table.micro, factors)
    if dimension not in mine:
        return None
    return table if len(mine) == 1 else replace(table, micro=shares[mine.index(dimension)])


def _only(artefact: Artefact, factor: str, family: Family, factors: Factors | None) -> Artefact:
    """The artefact with the tables of one factor, and its half of those over two."""

    def part(card: Card) -> Card:
        shares = (dimension_share(table, factor, family, factors) for table in card.tables)
        return replace(card, tables=tuple(share for share in shares if share is not None))

    decks = tuple(replace(deck, cards=tuple(map(part, deck.cards))) for deck in artefact.decks)
    return replace(artefact, decks=decks)


def factors_of(term: str, factors: Factors | None) -> tuple[str, ...]:
    """The factors that a term's features speak for, each once, in the family's order.

    Raises:
        InvalidInput: a feature has none.
    """
    found = set()
    for feature in term.split(" x "):
        if factors is None or feature not in factors:
            raise InvalidInput(
                f"every feature of a bureau score must have a factor; {feature!r} has none; "
                f"fit it on bureau_features() only."
            )
        found.add(factors[feature])
    return tuple(name for name in FACTORS if name in found)


def points_select(
    family: Family,
    table: str,
    keys: Sequence[str] = (),
    dialect: Dialect = "duckdb",
) -> str:
    """SQL giving ``keys`` and the columns of ``Points.table`` from columns of micro-log-odds.

    ``table`` is SQL for a relation with ``base_micro`` and ``<dimension>_micro``, as
    ``micro_sql`` makes them.
    """
    quote = _QUOTES[dialect]
    kept = "".join(f"{quote}{key}{quote}, " for key in keys)
    scale, names = family.scale, family.dimension_names
    parts = ", ".join(
        f"{scale.points_sql(f'{name}_micro', dialect)} AS {name}_points" for name in names
    )
    base = f"{scale.base_points_sql('base_micro', dialect)} AS base_points"
    total = " + ".join(["base_points", *(f"{name}_points" for name in names)])
    clipped = f"greatest(least({total}, {scale.highest}), {scale.lowest})"
    bands = " ".join(
        f"WHEN score >= {band.lowest} THEN '{band.name}'" for band in reversed(family.bands)
    )
    shown = ", ".join(f"{name}_points" for name in names)
    return (
        f"SELECT {kept}score, CASE {bands} END AS band, base_points, {shown}, "  # noqa: S608
        f"score - ({total}) AS limit_points FROM (SELECT *, {clipped} AS score FROM "
        f"(SELECT {kept}{base}, {parts} FROM {table}) AS in_points) AS in_range"
    )
