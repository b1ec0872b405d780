"""What a consult was about, so that it can be given again after a correction."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("answers", sa.Column("question", sa.Text()))


def downgrade() -> None:
    op.drop_column("answers", "question")
