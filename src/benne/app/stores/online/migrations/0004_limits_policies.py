"""Exposure under limits, versions of policies and their terms, and what they decided."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _exposures()
    _policies()
    op.create_table(
        "decided",
        sa.Column("answer", sa.String(), nullable=False),
        sa.Column("policy", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("subject", sa.String()),
        sa.Column("at", Number, nullable=False),
        sa.PrimaryKeyConstraint("answer", "policy", name="pk_decided"),
    )
    op.create_index("decided_about_subject", "decided", ["subject"])


def downgrade() -> None:
    for table in ("decided", "policy_terms", "policies", "exposure_totals", "exposures"):
        op.drop_table(table)


def _exposures() -> None:
    op.create_table(
        "exposures",
        sa.Column("order", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("merchant", sa.String(), nullable=False),
        sa.Column("amount_minor", Number, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.PrimaryKeyConstraint("order", name="pk_exposures"),
    )
    op.create_index("exposures_of_subject", "exposures", ["subject", "merchant"])
    op.create_table(
        "exposure_totals",
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("total_minor", Number, nullable=False),
        sa.Column("day", sa.Integer(), nullable=False),
        sa.Column("day_minor", Number, nullable=False),
        sa.PrimaryKeyConstraint("scope", "key", name="pk_exposure_totals"),
    )


def _policies() -> None:
    op.create_table(
        "policies",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("proposed_by", sa.String(), nullable=False),
        sa.Column("proposed_at", Number, nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_policies"),
    )
    op.create_index("policies_by_version", "policies", ["name", "version"], unique=True)
    op.create_table(
        "policy_terms",
        sa.Column("hash", sa.String(), nullable=False),
        sa.Column("live_from", Number, nullable=False),
        sa.Column("service", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("published_by", sa.String(), nullable=False),
        sa.Column("live_until", Number),
        sa.PrimaryKeyConstraint("hash", "live_from", name="pk_policy_terms"),
    )
    op.create_index("policy_terms_of_service", "policy_terms", ["service", "role", "live_from"])
