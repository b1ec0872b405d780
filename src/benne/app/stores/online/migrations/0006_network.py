"""The monthly blocks of network features."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "network_blocks",
        sa.Column("artefact", sa.String(), nullable=False),
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("month", Number, nullable=False),
        sa.Column("loaded_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("artefact", "hash", name="pk_network_blocks"),
    )
    op.create_table(
        "network_values",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("hash", "subject", name="pk_network_values"),
    )


def downgrade() -> None:
    op.drop_table("network_values")
    op.drop_table("network_blocks")
