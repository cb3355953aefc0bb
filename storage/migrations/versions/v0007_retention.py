"""Adds the hash of a purged timeline entry's content, and how far each incident was purged."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("timeline", sa.Column("purged", sa.Text()))
    op.add_column("incidents", sa.Column("unpurged_since", sa.BigInteger()))
    ended = sa.text("ended_at IS NOT NULL")
    op.create_index("incidents_ended", "incidents", ["ended_at", "number"], sqlite_where=ended, postgresql_where=ended)
