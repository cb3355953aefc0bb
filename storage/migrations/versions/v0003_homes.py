"""Adds the table `homes`: who opened the app's home tab, and when, to keep the tab up to date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "homes",
        sa.Column("user_id", sa.Text(), primary_key=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("homes_opened", "homes", ["opened_at"])
