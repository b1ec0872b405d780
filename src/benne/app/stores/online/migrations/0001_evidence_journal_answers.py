"""Evidence by subject, the journal, and answers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

Number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _evidence()
    _packed()
    _deletions()
    _journal()
    _answers()


def _journal() -> None:
    op.create_table(
        "journal_lines",
        sa.Column("id", Number, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("act", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("position", Number),
        sa.Column("hash", sa.LargeBinary()),
        sa.PrimaryKeyConstraint("id", name="pk_journal_lines"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_journal_lines_position", "journal_lines", ["position"], unique=True)
    op.create_table(
        "journal_seals",
        sa.Column("position", Number, autoincrement=False, nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("head", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("signature", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_journal_seals"),
    )


def _answers() -> None:
    op.create_table(
        "answers",
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("family", sa.String(), nullable=False),
        sa.Column("as_of", Number, nullable=False),
        sa.Column("known_by", Number, nullable=False),
        sa.Column("batch", Number, nullable=False),
        sa.Column("artefact", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("network", sa.String()),
        sa.Column("permit", sa.Text()),
        sa.Column("body", sa.Text()),
        sa.Column("line", Number, nullable=False),
        sa.Column("rescored_from", sa.String()),
        sa.Column("erased_at", Number),
        sa.Column("erased_by", sa.String()),
        sa.PrimaryKeyConstraint("id", name="pk_answers"),
    )
    op.create_table(
        "models",
        sa.Column("artefact", sa.String(), nullable=False),
        sa.Column("kept_at", Number, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("artefact", name="pk_models"),
    )
    op.create_index("ix_answers_subject", "answers", ["subject"])


def _evidence() -> None:
    op.create_table(
        "subjects",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("batch", Number, nullable=False),
        sa.Column("known_at", Number, nullable=False),
        sa.Column("erased_at", Number),
        sa.Column("erased_by", sa.String()),
        sa.PrimaryKeyConstraint("subject", name="pk_subjects"),
    )
    op.create_table(
        "evidence_rows",
        sa.Column("id", Number, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.Column("cause", sa.String(), nullable=False),
        sa.Column("known_at", Number, nullable=False),
        sa.Column("batch", Number, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_evidence_rows"),
    )
    op.create_index("ix_evidence_rows_subject", "evidence_rows", ["subject"])
    op.create_index("ix_evidence_rows_batch", "evidence_rows", ["batch"])


def _packed() -> None:
    op.create_table(
        "evidence_packed",
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("versions", Number, nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("subject", "kind", name="pk_evidence_packed"),
    )
    op.create_table(
        "evidence_owners",
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_evidence_owners"),
    )
    op.create_index("ix_evidence_owners_subject", "evidence_owners", ["subject"])


def _deletions() -> None:
    op.create_table(
        "evidence_deletions",
        sa.Column("line", Number, autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("at", Number, nullable=False),
        sa.Column("rule", sa.String(), nullable=False),
        sa.Column("whole", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("line", name="pk_evidence_deletions"),
    )
    op.create_index("ix_evidence_deletions_subject", "evidence_deletions", ["subject"])
    op.create_table(
        "evidence_deleted",
        sa.Column("line", Number, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("record", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("line", "kind", "source", "record", name="pk_evidence_deleted"),
    )
    op.create_table(
        "load_marks",
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("lake", Number, nullable=False),
        sa.Column("done_batch", Number, nullable=False),
        sa.Column("to_batch", Number, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("kind", name="pk_load_marks"),
    )


def downgrade() -> None:
    for table in (
        "models",
        "answers",
        "journal_seals",
        "journal_lines",
        "load_marks",
        "evidence_deleted",
        "evidence_deletions",
        "evidence_owners",
        "evidence_packed",
        "evidence_rows",
        "subjects",
    ):
        op.drop_table(table)
