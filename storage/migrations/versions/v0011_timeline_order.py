"""Adds indexes to read the timeline in the order of time, and its key entries without the chatter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_index("timeline_time", "timeline", ["incident", "at", "seq"])
    key = sa.text("key")
    op.create_index("timeline_key", "timeline", ["incident", "at", "seq"], sqlite_where=key, postgresql_where=key)
