"""What cannot be undone, and waits for a second person."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _proposals()


def downgrade() -> None:
    op.drop_table("proposals")


def _proposals() -> None:
    op.create_table(
        "proposals",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", Number, nullable=False),
        sa.Column("decided_by", sa.String()),
        sa.Column("decided_at", Number),
        sa.Column("agreed", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
    )
    op.create_index(
        "ix_proposals_decided_at_proposed_at",
        "proposals",
        ["decided_at", "proposed_at"],
        unique=False,
    )
