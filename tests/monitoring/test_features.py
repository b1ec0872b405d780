"""A table of the score, as the report plots it."""

from __future__ import annotations

from benne.monitoring import FeatureTable, table_plot


def test_a_table_of_one_card_is_about_its_own_people() -> None:
    table = FeatureTable(name="x", values=[1.0, 2.0], points=[3.0, 4.0], rows=[0, 3])
    plot = table_plot(table, [1, 0, 0, 0, 1])
    assert sum(row["observations"] for row in plot["bins"]) == 2
    assert sum(row["bads"] for row in plot["bins"]) == 1
