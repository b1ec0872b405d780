"""What a row of history says, in the words that several tables of the catalogue share."""

from __future__ import annotations

from benne.kernel import (
    Expression,
    as_of,
    coalesce,
    col,
    days_between,
    greatest,
    if_else,
)

SETTLED: Expression = col("paid_minor") >= col("due_minor")
"""A bill or instalment that has been paid in full; null where nothing has been paid."""

UNPAID_MINOR: Expression = greatest(col("due_minor") - coalesce(col("paid_minor"), 0), 0)
"""What is still to be paid of a bill or instalment."""

DELAY_DAYS: Expression = days_between(col("due_at"), if_else(SETTLED, col("paid_at"), as_of))
"""Days from due to paid in full, or until now for what is not; negative when paid early."""

LATE: Expression = DELAY_DAYS > 0
EARLY: Expression = DELAY_DAYS < 0
MISSED: Expression = DELAY_DAYS > 30

OVERDUE: Expression = if_else(SETTLED, 0, DELAY_DAYS) > 0
"""Due a day ago or longer, and not paid in full."""

OVERDUE_DAYS: Expression = if_else(SETTLED, 0, greatest(DELAY_DAYS, 0))
OVERDUE_MINOR: Expression = if_else(OVERDUE, UNPAID_MINOR, 0)

OPEN: Expression = col("closed_at").is_null()
"""An account or order that is not closed."""
