"""Contributions to cover funds, which the provider is asked for; an index of orders by state."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "cover_contributions",
        sa.Column("payment", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("amount_minor", Number, nullable=False),
        sa.Column("done_minor", Number, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("asked_at", Number, nullable=False),
        sa.Column("next_at", Number),
        sa.PrimaryKeyConstraint("payment", name="pk_cover_contributions"),
    )
    op.create_index(
        "cover_contributions_by_request",
        "cover_contributions",
        ["organisation", "request"],
        unique=True,
    )
    op.create_index("cover_contributions_by_time", "cover_contributions", ["next_at"])
    op.execute(  # what was booked on the merchant's word stays booked, under its request id
        "INSERT INTO cover_contributions (payment, organisation, request, amount_minor, "
        "done_minor, status, asked_at) "
        "SELECT e.id || '.fund', e.organisation, e.request, p.amount_minor, p.amount_minor, "
        "'done', e.at FROM ledger_entries e JOIN ledger_postings p ON p.entry = e.id "
        "WHERE e.kind = 'pay_in' AND p.account = 'fund'"
    )
    op.create_index("orders_by_state", "orders", ["state", "organisation", "id"])


def downgrade() -> None:
    op.drop_index("orders_by_state", "orders")
    op.drop_table("cover_contributions")
