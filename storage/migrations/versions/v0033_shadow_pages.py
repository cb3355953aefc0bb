"""Adds the pages of shadow mode: those of the other service, and those withheld here."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import Instant, Json, SafeText

revision = "0033"
down_revision = "0032"


def upgrade() -> None:
    op.create_table(
        "shadow_pages",
        sa.Column("key", SafeText, primary_key=True),
        sa.Column("at", Instant, nullable=False),
        sa.Column("state", Json, nullable=False),
    )
    op.create_index("shadow_pages_at", "shadow_pages", ["at"])
