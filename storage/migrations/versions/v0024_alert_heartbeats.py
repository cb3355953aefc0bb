"""Adds the table of heartbeats."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0024"
down_revision = "0023"

Json = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "alert_heartbeats",
        sa.Column("key", sa.Text(), primary_key=True),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.Column("state", Json, nullable=False),
    )
    untold = sa.text("NOT told")
    op.create_index(
        "alert_heartbeats_due", "alert_heartbeats", ["due_at"], sqlite_where=untold, postgresql_where=untold
    )
