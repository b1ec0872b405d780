"""Who asked for erasure and is not erased whole yet."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "erasure_requests",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("next_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("subject", name="pk_erasure_requests"),
    )
    op.create_index("ix_erasure_requests_next_at", "erasure_requests", ["next_at"])


def downgrade() -> None:
    op.drop_table("erasure_requests")
