"""What each domain and each kind of data is worth: cards refitted without it, on people unseen."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from benne.app._catalogue import Catalogue
from benne.app._refused import admitted_rows, fit
from benne.app._rows import read_rows
from benne.app._screening import screened
from benne.app._train import model_maker
from benne.app._training import Rows
from benne.kernel import DOMAINS
from benne.models import Column, PointsRefits, unrestricted
from benne.monitoring import Draws, prices_of_parts, worth_in_orders, worth_refitted
from benne.scores import family

if TYPE_CHECKING:
    import pyarrow as pa

    from benne.app.stores import Lake, Progress
    from benne.app.wiring import Session

Floats = NDArray[np.float64]
Refit = Literal["points", "card"]
_COLUMNS_A_DOMAIN = 20
_COLUMNS = 60
ORDERS = 20
"""Orders in which kinds are added: half of them drawn, the others their reverses."""


@dataclass(frozen=True)
class Part:
    """Rows to learn from, rows to judge, and where those stand among the people compared."""

    learn: Rows
    judge: Rows
    place: NDArray[np.int64]


@dataclass(frozen=True)
class Refits:
    """Cards of any columns, judged on the people compared, none of whom they had seen."""

    session: Session
    catalogue: Catalogue
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    size: int

    @classmethod
    def of(cls, session: Session, lake: Lake, catalogue: Catalogue, seen: pa.Table) -> Refits:
        """Fitted to everybody observed before those in ``seen``; else fold by fold."""
        rows = admitted_rows(read_rows(session, lake), session.workspace.model)
        mine = np.searchsorted(rows.observation, seen["observation"].to_numpy())
        if "fold" in seen.column_names:
            fold = seen["fold"].to_numpy()
            cuts = [(mine[fold != k], np.flatnonzero(fold == k)) for k in np.unique(fold)]
        else:
            before = rows.as_of < np.min(seen["as_of"].to_numpy())
            cuts = [(np.flatnonzero(before), np.arange(len(mine)))]
        parts = tuple(Part(rows.take(learn), rows.take(mine[at]), at) for learn, at in cuts)
        columns = _differing(session, catalogue, parts[0].learn)
        return cls(session, catalogue, columns, parts, len(mine))

    def by(self, margin: Callable[[Part], Floats]) -> Floats:
        """Log-odds of being good of all compared, part by part."""
        found = np.zeros(self.size)
        for part in self.parts:
            found[part.place] = margin(part)
        return found

    def points(self) -> Callable[[Collection[Column]], Floats]:
        """Points cards of any of the columns that tell most, so many from each domain."""
        made = [PointsRefits(
            self.telling, part.learn.features, part.learn.bad, part.judge.features
        ) for part in self.parts]  # fmt: skip

        def margin(kept: Collection[Column]) -> Floats:
            names = [column.name for column in kept]
            found = np.zeros(self.size)
            for part, refits in zip(self.parts, made, strict=True):
                found[part.place] = -refits(names)
            return found

        return margin

    def card(self, kept: Collection[Column]) -> Floats:
        """The workspace's own card, fitted anew to the columns that are kept."""
        model = model_maker(self.session, self.catalogue, tuple(kept), family("sesame"))
        settings = self.session.workspace.model

        def margin(part: Part) -> Floats:
            found: Floats = fit(model, part.learn, settings).decision_function(part.judge.features)
            return -found

        return self.by(margin)

    def free(self) -> Floats:
        """Trees without any limit, on the columns that tell most: what this evidence can reach.

        A floor of it, for more people would teach them more.
        """
        chosen = _telling(self.columns, self.parts[0].learn, _COLUMNS)
        names = [column.name for column in chosen]

        def margin(part: Part) -> Floats:
            import pyarrow as pa

            both = pa.concat_tables(
                [part.learn.features.select(names), part.judge.features.select(names)]
            )
            bad = np.concatenate([part.learn.bad, part.judge.bad])
            fold = np.concatenate([np.full(len(part.learn), -1), np.zeros(len(part.judge))])
            found = unrestricted(both, bad, chosen, fold.astype(np.int64))
            return -found[len(part.learn) :]

        return self.by(margin)

    @property
    def telling(self) -> tuple[Column, ...]:
        """Of each domain, the columns with the most information value."""
        return tuple(
            column
            for domain in DOMAINS
            for column in _telling(
                tuple(c for c in self.columns if c.domain == domain),
                self.parts[0].learn,
                _COLUMNS_A_DOMAIN,
            )
        )


def _differing(session: Session, catalogue: Catalogue, rows: Rows) -> tuple[Column, ...]:
    """The columns that differ between the people who are learned from."""
    there = set(rows.features.column_names)
    return tuple(
        column
        for column in catalogue.columns(session.workspace.attributes, "sesame")
        if column.name in there and len(rows.features[column.name].unique()) > 1
    )


def _telling(columns: tuple[Column, ...], rows: Rows, at_most: int) -> tuple[Column, ...]:
    return screened(columns, rows.features, rows.bad, np.ones(len(rows)), at_most)


def worth(
    refits: Refits,
    y: Floats,
    samples: Draws,
    tell: Progress,
    *,
    refit: Refit = "points",
    orders: int = ORDERS,
    seed: int = 0,
) -> dict[str, Any]:
    """Gini of cards refitted on every set of domains, and in orders of kinds inside domains."""
    points = refits.points()
    known = refits.telling if refit == "points" else refits.columns
    margin = points if refit == "points" else refits.card
    domains = tuple(d for d in DOMAINS if any(c.domain == d for c in known))
    subsets = [frozenset(s) for k in range(1, len(domains) + 1) for s in combinations(domains, k)]
    margins: dict[frozenset[str], Floats] = {}
    for done, subset in enumerate(subsets):
        tell("compare: what each domain is worth", done, len(subsets))
        margins[subset] = margin([column for column in known if column.domain in subset])
    tell("compare: what each domain is worth", len(subsets), len(subsets))
    return {
        "method": _METHODS[refit],
        "sets": len(subsets) + 1,
        "absent": [d for d in DOMAINS if d not in domains],
        **worth_refitted(y, margins, domains, samples),
        "kinds": _kinds(refits.telling, points, y, samples, tell, orders=orders, seed=seed),
        "orders": orders,
    }


_METHODS = {
    "points": "points cards (each input alone, in a few monotone bins; the 20 that tell most "
    "of each domain) refitted on each set",
    "card": "the sesame card itself, as the workspace states it, refitted on each set",
}


def _kinds(
    columns: tuple[Column, ...],
    margin: Callable[[Collection[Column]], Floats],
    y: Floats,
    samples: Draws,
    tell: Progress,
    *,
    orders: int,
    seed: int,
) -> list[dict[str, Any]]:
    """The worth of each kind inside its domain, alone, and the price of giving it up."""
    names = sorted({name for column in columns for name in _kinds_of(column)})
    in_domain = {name: c.domain for c in columns for name in _kinds_of(c)}
    known: dict[frozenset[str], Floats] = {}

    def of(members: frozenset[str]) -> Floats:
        if members not in known:
            known[members] = margin([c for c in columns if _kinds_of(c) <= members])
        return known[members]

    ways = _orders(names, in_domain, orders, seed=seed)
    for done, way in enumerate(ways):
        tell("compare: what each kind of data is worth", done, len(ways))
        for k in range(1, len(way) + 1):
            of(frozenset(way[:k]))
    tell("compare: what each kind of data is worth", len(ways), len(ways))
    everything = frozenset(names)
    told = {row["name"]: row["worth"] for row in worth_in_orders(y, known, ways, samples)}
    prices = prices_of_parts(
        y, of(everything), {name: of(everything - {name}) for name in names}, samples
    )
    return [
        {
            "name": row["name"],
            "domain": in_domain[row["name"]],
            "inputs": sum(row["name"] in _kinds_of(column) for column in columns),
            "worth": told[row["name"]],
            "price": row["price"],
        }
        for row in prices
    ]


def _kinds_of(column: Column) -> frozenset[str]:
    """The kinds that a column needs, as parts of its own domain: one kind may serve two."""
    return frozenset(f"{kind} ({column.domain})" for kind in column.kinds)


def _orders(
    names: Iterable[str], in_domain: dict[str, str], count: int, *, seed: int
) -> list[tuple[str, ...]]:
    """``count`` orders of the kinds, those of a domain together; each with its reverse."""
    rng = np.random.default_rng(seed)
    blocks: dict[str, list[str]] = {}
    for name in names:
        blocks.setdefault(in_domain[name], []).append(name)
    found: list[tuple[str, ...]] = []
    for _ in range(max(1, count // 2)):
        domains = [sorted(blocks)[i] for i in rng.permutation(len(blocks))]
        order = tuple(blocks[d][i] for d in domains for i in rng.permutation(len(blocks[d])))
        found += [order, order[::-1]]
    return found
