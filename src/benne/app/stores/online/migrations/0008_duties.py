"""When a deleted record may come again, what a correction asks to be given again, and duties."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("evidence_owners", sa.Column("erased_at", Number))
    op.create_table(
        "corrected_records",
        sa.Column("id", Number, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("batch", Number, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_corrected_records"),
    )
    op.create_table(
        "duties",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("next_at", Number, nullable=False),
        sa.Column("after", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_duties"),
    )


def downgrade() -> None:
    op.drop_table("duties")
    op.drop_table("corrected_records")
    op.execute("DELETE FROM evidence_owners WHERE erased_at IS NOT NULL")
    op.drop_column("evidence_owners", "erased_at")
