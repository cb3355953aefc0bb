"""Adds an index of key entries by time, for the ledger of who did what."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0031"
down_revision = "0030"


def upgrade() -> None:
    condition = sa.text("key")
    op.create_index("timeline_audit", "timeline", ["at"], sqlite_where=condition, postgresql_where=condition)
