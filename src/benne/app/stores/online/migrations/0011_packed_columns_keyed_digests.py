"""Packed columns of one value throughout are that value; digests of what was deleted are keyed.

Nothing is written anew on the way up: both forms are read, and the service keys the digests when it
opens, with a key that no revision has.  An older Benne could read neither.
"""

import msgspec
import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

PACKED = sa.table(
    "evidence_packed",
    sa.column("subject", sa.String),
    sa.column("kind", sa.String),
    sa.column("body", sa.LargeBinary),
)
AT_A_TIME = 1_000


def upgrade() -> None:
    """Only the number: from here on an older Benne refuses the store, and says so."""


def downgrade() -> None:
    op.execute("DELETE FROM evidence_owners WHERE erased_at IS NOT NULL")
    connection, after = op.get_bind(), ("", "")
    name = sa.tuple_(PACKED.c.subject, PACKED.c.kind)
    while True:
        part = sa.select(PACKED).where(name > sa.tuple_(*map(sa.literal, after)))
        rows = connection.execute(part.order_by(PACKED.c.subject, PACKED.c.kind).limit(AT_A_TIME))
        found = rows.all()
        if not found:
            return
        for row in found:
            mine = PACKED.c.subject == row.subject, PACKED.c.kind == row.kind
            connection.execute(sa.update(PACKED).where(*mine).values(body=_listed(row.body)))
        after = found[-1].subject, found[-1].kind


def _listed(body: bytes) -> bytes:
    """The packed columns, a list for each."""
    columns = msgspec.msgpack.decode(body)
    if not isinstance(columns, dict) or not isinstance(columns.get("known_at"), list):
        return body
    size = len(columns["known_at"])
    listed = {n: v if isinstance(v, list) else [v] * size for n, v in columns.items()}
    return msgspec.msgpack.encode(listed)
