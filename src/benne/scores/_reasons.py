"""Reasons: what lowers a score against the average of the people it was made from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from benne.features import Feature
from benne.kernel import Currency
from benne.models import Artefact, Contributions, RowContributions
from benne.scores._answers import Reason
from benne.scores._families import Family
from benne.scores._points import Factors, factors_of
from benne.scores._scale import Ints
from benne.scores._words import value_in_words

Reader = Callable[[str, int], Any]
_CHUNK = 16_384


@dataclass(frozen=True, slots=True)
class Shortfalls:
    """How far people fall short of the average, by feature and by reason family.

    ``features`` (n, F) and ``families`` (n, G) are in half-millionths of log-odds, positive
    where the score is lowered; each feature of a table of two bears half of it.
    ``family_of`` gives, for each feature, the position of its family.
    """

    feature_names: tuple[str, ...]
    family_names: tuple[str, ...]
    family_of: Ints
    features: Ints
    families: Ints


def shortfalls(
    artefact: Artefact, contributions: Contributions, withheld: Iterable[str] = ()
) -> Shortfalls:
    """The shortfall of every row of ``contributions`` from its card's population mean."""
    means = artefact.mean_micro(withheld)
    columns = artefact.columns_read(withheld)
    names = tuple(column.name for column in columns)
    family_names = tuple(dict.fromkeys(c.reason_family or c.name for c in columns))
    family_of = np.array([family_names.index(c.reason_family or c.name) for c in columns])
    size = len(contributions.card)
    by_feature = np.zeros((size, len(names)), dtype=np.int64)
    for position, term in enumerate(contributions.terms):
        short = means[contributions.card, position] - contributions.term_micro[:, position]
        axes = _axes_of(term, names)
        for name in axes:
            by_feature[:, names.index(name)] += short * (2 // len(axes))
    by_family = np.zeros((size, len(family_names)), dtype=np.int64)
    for position, place in enumerate(family_of.tolist()):
        by_family[:, place] += by_feature[:, position]
    return Shortfalls(names, family_names, family_of, by_feature, by_family)


def _axes_of(term: str, names: tuple[str, ...]) -> tuple[str, ...]:
    return (term,) if term in names else tuple(term.split(" x "))


def reasons(
    artefact: Artefact,
    contributions: Contributions,
    frame: Any,
    family: Family,
    *,
    features: Mapping[str, Feature] | None = None,
    currency: Currency | None = None,
    withheld: Iterable[str] = (),
    factors: Factors | None = None,
) -> list[tuple[Reason, ...]]:
    """The reasons of every row, the heaviest first.

    A family of causes is a reason where all its features together lower the score by a point
    or more; it names the feature that lowers it most.  At most ``family.reasons_at_most``, and
    after them those of ``family.reasons_also`` that were left out (inquiries, as is the custom
    under the FCRA).  ``frame`` holds the rows' own values, for the words.
    """
    withheld = tuple(withheld)
    value = reader(frame)
    teller = _Teller(artefact, family, features or {}, currency, factors)

    def say(row: int, found: Found) -> Reason:
        return teller.say(found, value(found.feature, row))

    told: list[tuple[Reason, ...]] = []
    for start in range(0, len(contributions.card), _CHUNK):
        part = _rows(contributions, slice(start, start + _CHUNK))
        found = _heaviest(shortfalls(artefact, part, withheld), family)
        told += [tuple(say(start + row, one) for one in some) for row, some in enumerate(found)]
    return told


def _rows(contributions: Contributions, rows: slice) -> Contributions:
    return Contributions(
        card=contributions.card[rows],
        base_micro=contributions.base_micro[rows],
        domain_micro=contributions.domain_micro[rows],
        term_micro=contributions.term_micro[rows],
        terms=contributions.terms,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """A family of causes that lowers a score by ``points``, and its foremost feature."""

    family: str
    feature: str
    points: int
    alone: bool


def _heaviest(short: Shortfalls, family: Family) -> Iterator[list[Found]]:
    """For each person the families to name, the heaviest first."""
    foremost, alone = [], []
    for place in range(len(short.family_names)):
        mine = np.flatnonzero(short.family_of == place)
        foremost.append(mine[np.argmax(short.features[:, mine], axis=1)])
        alone.append(len(mine) == 1)
    features = np.stack(foremost, axis=1)
    order = np.argsort(-short.families, axis=1, kind="stable")
    taken = family.scale.points_array(short.families // 2)
    also = {short.family_names.index(n) for n in family.reasons_also if n in short.family_names}
    lowering = (taken >= 1).sum(axis=1).tolist()
    for row, places in enumerate(order.tolist()):
        chosen = places[: min(lowering[row], family.reasons_at_most)]
        if also:
            rest = places[family.reasons_at_most : lowering[row]]
            chosen += [place for place in rest if place in also]
        yield [
            Found(
                short.family_names[place],
                short.feature_names[features[row, place]],
                int(taken[row, place]),
                alone[place],
            )
            for place in chosen
        ]


@dataclass(frozen=True)
class _Teller:
    """Puts what was found into words."""

    artefact: Artefact
    family: Family
    features: Mapping[str, Feature]
    currency: Currency | None
    factors: Factors | None

    @cached_property
    def _domains(self) -> dict[str, str]:
        return {column.name: column.domain for column in self.artefact.columns}

    def say(self, found: Found, value: Any) -> Reason:
        feature = found.feature
        what = "This takes" if found.alone else "This and its like take"
        words = value_in_words(value, self.features.get(feature), self.currency)
        return Reason(
            family=found.family,
            feature=feature,
            dimension=self._domains[feature]
            if self.family.dimension == "domain"
            else factors_of(feature, self.factors)[0],
            points=-found.points,
            says=f"{_says(feature, self.features)}: {words}. {what} {found.points} "
            f"point{'' if found.points == 1 else 's'} off the score, against the average.",
        )


class RowReasons:
    """``reasons`` of one row at a time, in process: the same, to the word."""

    def __init__(
        self,
        artefact: Artefact,
        family: Family,
        *,
        features: Mapping[str, Feature] | None = None,
        currency: Currency | None = None,
        withheld: Iterable[str] = (),
        factors: Factors | None = None,
    ) -> None:
        withheld = tuple(withheld)
        self._family = family
        self._teller = _Teller(artefact, family, features or {}, currency, factors)
        columns = artefact.columns_read(withheld)
        names = tuple(column.name for column in columns)
        members: dict[str, list[str]] = {}
        for column in columns:
            members.setdefault(column.reason_family or column.name, []).append(column.name)
        self._members = members
        self._terms = artefact.terms(withheld)
        self._axes = [_axes_of(term, names) for term in self._terms]
        self._means = artefact.mean_micro(withheld).tolist()

    def __call__(self, found: RowContributions, row: Mapping[str, Any]) -> tuple[Reason, ...]:
        """The reasons of the person whose features are ``row``, the heaviest first."""
        short: dict[str, int] = defaultdict(int)
        means, micro = self._means[found.card], found.term_micro
        for term, axes, mean in zip(self._terms, self._axes, means, strict=True):
            lost = mean - micro.get(term, 0)
            for name in axes:
                short[name] += lost * (2 // len(axes))
        points, family = self._family.scale.points, self._family
        heavy = sorted(
            ((sum([short[m] for m in mine]), name) for name, mine in self._members.items()),
            key=lambda one: -one[0],
        )
        lowering = [(name, taken) for lost, name in heavy if (taken := points(lost // 2)) >= 1]
        chosen = lowering[: family.reasons_at_most]
        also = lowering[family.reasons_at_most :]
        chosen += [one for one in also if one[0] in family.reasons_also]
        told = []
        for name, taken in chosen:
            mine = self._members[name]
            foremost = max(mine, key=lambda feature: short[feature])
            value = row.get(foremost)
            value = None if value is None or value != value else value
            told.append(self._teller.say(Found(name, foremost, taken, len(mine) == 1), value))
        return tuple(told)


def _says(feature: str, known: Mapping[str, Feature]) -> str:
    return known[feature].says.strip(" ,") if feature in known else feature.replace("_", " ")


def reader(frame: Any) -> Reader:
    """A function from (column, row) to the value in any data frame, Arrow table or mapping.

    A column that is not there gives ``None``.
    """
    import narwhals as nw

    cache: dict[str, Any] = {}
    if isinstance(frame, Mapping):
        there: Any = frame
        names = set(frame)
    else:
        there = nw.from_native(frame, eager_only=True)
        names = set(there.columns)

    def value(name: str, row: int) -> Any:
        if name not in names:
            return None
        if name not in cache:
            column = there[name]
            cache[name] = column.to_list() if hasattr(column, "to_list") else list(column)
        found = cache[name][row]
        return None if found is None or found != found else found

    return value
