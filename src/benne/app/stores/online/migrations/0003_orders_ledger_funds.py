"""Orders, their acts and payments, the double-entry ledger, cover funds."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _orders()
    _order_acts()
    _order_payments()
    _ledger_entries()
    _ledger_postings()
    _cover_funds()


def downgrade() -> None:
    op.drop_table("cover_funds")
    op.drop_table("ledger_postings")
    op.drop_table("ledger_entries")
    op.drop_table("order_payments")
    op.drop_table("order_acts")
    op.drop_table("orders")


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("number", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("consent", sa.String()),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("code", sa.String()),
        sa.Column("policy", sa.String()),
        sa.Column("answer", sa.String()),
        sa.Column("test", sa.Boolean(), nullable=False),
        sa.Column("exposure_minor", Number, nullable=False),
        sa.Column("next_at", Number),
        sa.Column("created_at", Number, nullable=False),
        sa.Column("changed_at", Number, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_orders"),
    )
    op.create_index("ix_orders_consent", "orders", ["consent"], unique=False)
    op.create_index("ix_orders_subject", "orders", ["subject"], unique=False)
    op.create_index("orders_by_number", "orders", ["organisation", "number"], unique=True)
    op.create_index("orders_by_organisation", "orders", ["organisation", "id"], unique=False)
    op.create_index("orders_by_task", "orders", ["next_at"], unique=False)


def _order_acts() -> None:
    op.create_table(
        "order_acts",
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("start", sa.String(), nullable=False),
        sa.Column("end", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name="fk_order_acts_order"),
        sa.PrimaryKeyConstraint("order", "request", name="pk_order_acts"),
    )
    op.create_index("order_acts_in_time", "order_acts", ["order", "at"], unique=False)


def _order_payments() -> None:
    op.create_table(
        "order_payments",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("next_at", Number, nullable=False),
        sa.ForeignKeyConstraint(["order"], ["orders.id"], name="fk_order_payments_order"),
        sa.PrimaryKeyConstraint("id", name="pk_order_payments"),
    )
    op.create_index("order_payments_by_time", "order_payments", ["next_at"], unique=False)


def _ledger_entries() -> None:
    op.create_table(
        "ledger_entries",
        sa.Column("id", Number, nullable=False),
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("request", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ledger_entries"),
        sqlite_autoincrement=True,
    )
    op.create_index("ledger_entries_by_order", "ledger_entries", ["order"], unique=False)
    op.create_index(
        "ledger_entries_in_time", "ledger_entries", ["organisation", "at"], unique=False
    )


def _ledger_postings() -> None:
    op.create_table(
        "ledger_postings",
        sa.Column("entry", Number, nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("amount_minor", Number, nullable=False),
        sa.ForeignKeyConstraint(["entry"], ["ledger_entries.id"], name="fk_ledger_postings_entry"),
        sa.PrimaryKeyConstraint("entry", "number", name="pk_ledger_postings"),
    )
    op.create_index(
        "ledger_postings_by_account", "ledger_postings", ["account", "owner"], unique=False
    )


def _cover_funds() -> None:
    op.create_table(
        "cover_funds",
        sa.Column("organisation", sa.String(), nullable=False),
        sa.Column("order_minor", Number, nullable=False),
        sa.Column("day_minor", Number, nullable=False),
        sa.Column("total_minor", Number, nullable=False),
        sa.Column("share_permille", sa.Integer(), nullable=False),
        sa.Column("opened_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("organisation", name="pk_cover_funds"),
    )
