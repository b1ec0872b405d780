"""What each part of the evidence is worth, from models refitted without it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from benne.kernel import InvalidInput
from benne.monitoring._figures import Facts, Floats
from benne.monitoring._resampling import Draws
from benne.monitoring._standing import Order
from benne.monitoring._worth import shapley_shares


def worth_refitted(
    y: Floats, margins: Mapping[frozenset[str], Floats], names: Sequence[str], draws: Draws
) -> Facts:
    """Shapley shares of the Gini of models refitted on every subset of ``names``.

    ``margins`` holds log-odds of being good, of held-out people, for every subset but the empty
    one, whose Gini is 0.

    Raises:
        InvalidInput: a subset is missing.
    """
    subsets = [frozenset(c) for k in range(1, len(names) + 1) for c in combinations(names, k)]
    missing = [subset for subset in subsets if subset not in margins]
    if missing:
        raise InvalidInput(f"a margin must be given for every subset; none for {missing[0]}.")
    orders = {subset: Order(margins[subset]) for subset in subsets}

    def compute(weight: Floats) -> dict[str, float]:
        gini = {subset: 2 * order.auc(y, weight) - 1 for subset, order in orders.items()}
        gini[frozenset()] = 0.0
        whole = gini[frozenset(names)]
        told = {"gini": whole}
        for name, worth in shapley_shares(gini, names).items():
            told[f"{name} worth"] = worth
            told[f"{name} share"] = worth / whole if whole > 0 else float("nan")
            told[f"{name} alone"] = gini[frozenset({name})]
            told[f"{name} price"] = whole - gini[frozenset(names) - {name}]
        return told

    found = draws.figures(compute)
    return {
        "gini": found["gini"],
        "domains": [
            {
                "name": name,
                **{k: found[f"{name} {k}"] for k in ("worth", "share", "alone", "price")},
            }
            for name in names
        ],
    }


def prices(y: Floats, whole: Floats, without: Mapping[str, Floats], draws: Draws) -> list[Facts]:
    """What giving up each part costs in Gini: that of the whole less that refitted without it."""
    full = Order(whole)
    orders = {name: Order(margin) for name, margin in without.items()}

    def compute(weight: Floats) -> dict[str, float]:
        area = full.auc(y, weight)
        return {name: 2 * (area - order.auc(y, weight)) for name, order in orders.items()}

    return [{"name": name, "price": price} for name, price in draws.figures(compute).items()]


def worth_in_orders(
    y: Floats,
    margins: Mapping[frozenset[str], Floats],
    orders: Sequence[Sequence[str]],
    draws: Draws,
) -> list[Facts]:
    """What each part adds to the Gini, on average over ``orders`` in which all are added.

    ``margins`` holds log-odds of being good for every set that some order passes through, but
    the empty one.  Over all orders this is the Shapley value; over those that keep the parts
    of a group together, the Owen value (1977), which adds up to the group's own.

    Raises:
        InvalidInput: no order, orders of different parts, or a set that is missing.
    """
    parts = sorted(orders[0]) if orders else []
    if not parts or any(sorted(order) != parts for order in orders):
        raise InvalidInput("the orders must be one or more, each of the same parts.")
    passed = {frozenset(order[:k]) for order in orders for k in range(1, len(order) + 1)}
    missing = [members for members in passed if members not in margins]
    if missing:
        raise InvalidInput(f"a margin must be given for {sorted(missing[0])}; there is none.")
    ranked = {members: Order(margins[members]) for members in passed}
    pairs = [
        (name, frozenset(order[:k]), frozenset(order[: k + 1]))
        for order in orders
        for k, name in enumerate(order)
    ]

    def compute(weight: Floats) -> dict[str, float]:
        gini = {members: 2 * order.auc(y, weight) - 1 for members, order in ranked.items()}
        gini[frozenset()] = 0.0
        told = dict.fromkeys(parts, 0.0)
        for name, before, after in pairs:
            told[name] += (gini[after] - gini[before]) / len(orders)
        return told

    return [{"name": name, "worth": worth} for name, worth in draws.figures(compute).items()]
