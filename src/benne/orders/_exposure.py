"""What people had at risk at a moment, from the evidence that their orders had made by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benne.orders._order import OVER

if TYPE_CHECKING:
    import ibis.expr.types as ir


def exposure_seen(orders: ir.Table, bills: ir.Table | None, *, merchant: str | None) -> ir.Table:
    """What each observation's person had at risk: value of orders that ran, less what was paid.

    ``orders`` and ``bills`` are what observations may see of the kinds ``order`` and ``obligation``
    (``benne.evidence.visible``).  The result has ``observation``, ``exposure_minor`` over all
    merchants and ``exposure_here_minor`` at ``merchant``, int64, for who had an order that ran.

    It is ``Order.exposure_minor`` but for what leaves no evidence: an order that was admitted and
    not begun, money put down as a deposit, and money given back of an order that runs on.
    """
    import ibis

    running = orders.filter(orders.closed_at.isnull(), ~orders.state.isin(sorted(OVER)))
    paid = ibis.literal(0, "int64")
    if bills is not None:
        of_order = bills.record.re_replace(r"\.due[0-9]+$", "")
        sums = (
            bills.select("observation", "source", "paid_minor", of_order=of_order)
            .group_by("observation", "source", "of_order")
            .agg(paid=lambda t: t.paid_minor.sum())
        )
        running = running.left_join(
            sums,
            [
                running.observation == sums.observation,
                running.source == sums.source,
                running.record == sums.of_order,
            ],
        )
        paid = running.paid.fill_null(0).cast("int64")
    at_risk = ibis.greatest(running.value_minor - paid, 0)
    nothing = ibis.literal(0, "int64")
    here = nothing if merchant is None else (running.merchant == merchant).ifelse(at_risk, nothing)
    each = running.select("observation", at_risk=at_risk, here=here)
    return each.group_by("observation").agg(
        exposure_minor=each.at_risk.sum().cast("int64"),
        exposure_here_minor=each.here.sum().cast("int64"),
    )
