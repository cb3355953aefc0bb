"""Adds the table of tickets in trackers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from storage.engine.columns import Instant, SafeText

revision = "0029"
down_revision = "0028"


def upgrade() -> None:
    op.create_table(
        "tickets",
        sa.Column("incident", sa.BigInteger, sa.ForeignKey("incidents.number"), primary_key=True, autoincrement=False),
        sa.Column("item", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("tracker", SafeText, nullable=False),
        sa.Column("place", SafeText, nullable=False),
        sa.Column("external", SafeText, nullable=False),
        sa.Column("url", SafeText, nullable=False),
        sa.Column("state", SafeText, nullable=False),
        sa.Column("created_at", Instant, nullable=False),
        sa.Column("changed_at", Instant, nullable=False),
    )
    op.create_index("tickets_external", "tickets", ["tracker", "place", "external"], unique=True)
    op.create_index("tickets_changed", "tickets", ["changed_at"])
